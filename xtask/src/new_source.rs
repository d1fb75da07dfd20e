//! A new connector: its file, its test with a recorded answer, its entry in the documents, its lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

const CONNECTOR: &str = include_str!("new_source/connector.txt");
const TEST: &str = include_str!("new_source/test.txt");
const RECORDED: &str = include_str!("new_source/recorded.txt");
const DOCUMENT: &str = include_str!("new_source/document.txt");
const RUN: &str = r#"    {{snake}}_recorded: {{Camel}} over "HTTP(S)",
        listing "one JSON document",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback, a recorded answer"
        => {{snake}}::recorded(), {{snake}}::expected();
"#;
const ROW: &str = "| `{{name}}` | HTTP(S) | one JSON document | `Range`, version pinned by ETag | \
                   any of HTTP | loopback, a recorded answer |\n";

/// Writes a connector of this name (in kebab case) into the workspace.
pub(crate) fn run(name: &str) -> Result<()> {
    let written = write(&command::root(), name)?;
    for path in &written {
        println!("new: {}", path.display());
    }
    println!(
        "new: now say what `{name}` is: `search` in its file, the answer in its data, its entry in \
         docs/sources.md; then `cargo test -p terracube-source --all-features {}`",
        name.replace('-', "_")
    );
    Ok(())
}

/// Writes it below `root`, formats it, and gives the files that were written or changed.
fn write(root: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !name.split('-').all(is_part) {
        bail!("`{name}` is no name of a connector: write it in kebab case, as `stac-api`");
    }
    let camel: String = name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
    let snake = name.replace('-', "_");
    let filled = |text: &str| {
        text.replace("{{name}}", name).replace("{{snake}}", &snake).replace("{{Camel}}", &camel)
    };
    let files = [
        (format!("crates/source/src/connectors/{snake}.rs"), CONNECTOR),
        (format!("crates/source/tests/it/{snake}.rs"), TEST),
        (format!("crates/source/tests/data/{name}.json"), RECORDED),
    ];
    if let Some((path, _)) = files.iter().find(|(path, _)| root.join(path).exists()) {
        bail!("{path} exists: choose another name, or remove it");
    }
    let facade = "crates/terracube/src/sources.rs";
    let lines = [
        ("crates/source/Cargo.toml", "# the contract of a source as tests", "{{name}} = []\n"),
        (
            "crates/source/src/connectors/mod.rs",
            "#[cfg(feature = \"stac\")]",
            "#[cfg(feature = \"{{name}}\")]\npub(crate) mod {{snake}};\n",
        ),
        (
            "crates/source/src/lib.rs",
            "#[cfg(feature = \"stac\")]",
            "#[cfg(feature = \"{{name}}\")]\npub use connectors::{{snake}}::{{Camel}};\n",
        ),
        ("crates/source/tests/it/main.rs", "mod support;", "mod {{snake}};\n"),
        ("crates/source/tests/it/conformance.rs", "use crate::archive;", "use crate::{{snake}};\n"),
        (
            "crates/source/tests/it/conformance.rs",
            "use terracube_source::{",
            "use terracube_source::{{Camel}};\n",
        ),
        ("crates/source/tests/it/conformance.rs", "    files_folders: Files over", RUN),
        ("crates/terracube/Cargo.toml", "\"stac\"] }", "\"{{name}}\", "),
        (facade, "use terracube_source::{", "use terracube_source::{{Camel}};\n"),
        (facade, ".with::<StacApi>()", ".with::<{{Camel}}>()"),
        ("docs/sources.md", "| `files` | folders |", ROW),
        ("docs/sources.md", "\n## Credentials and limits", DOCUMENT),
    ];
    let mut changed = Vec::<(PathBuf, String)>::new();
    for (path, anchor, text) in lines {
        let path = root.join(path);
        let known = changed.iter().position(|(known, _)| *known == path);
        let old = match known {
            Some(index) => changed.swap_remove(index).1,
            None => std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?,
        };
        let Some((before, after)) = old.split_once(anchor) else {
            bail!("{} has no `{anchor}` to add a line at", path.display());
        };
        changed.push((path, format!("{before}{}{anchor}{after}", filled(text))));
    }
    // Nothing is written before every place was found.
    changed.extend(files.iter().map(|(path, text)| (root.join(path), filled(text))));
    for (path, text) in &changed {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let paths: Vec<PathBuf> = changed.into_iter().map(|(path, _)| path).collect();
    command::run(&mut rustfmt(root, &paths))?;
    Ok(paths)
}

fn rustfmt(root: &Path, paths: &[PathBuf]) -> Command {
    let mut rustfmt = Command::new("rustfmt");
    let is_source = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    rustfmt.current_dir(root).args(["--edition", "2024"]);
    rustfmt.arg("--config-path").arg(root.join("rustfmt.toml"));
    rustfmt.args(paths.iter().filter(is_source));
    rustfmt
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of the files that git tracks of what a new connector touches.
    fn copy() -> PathBuf {
        let root = command::root();
        let to = std::env::temp_dir().join(format!("terracube-new-source-{}", std::process::id()));
        let mut git = Command::new("git");
        git.current_dir(&root).args(["ls-files", "-z", "--", "crates/source", "crates/terracube"]);
        let listed = command::output(git.args(["docs/sources.md", "rustfmt.toml"])).unwrap();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // What was removed is still listed.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            let path = to.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        to
    }

    #[test]
    fn what_is_written_is_formatted_and_registered() {
        let root = copy();
        let written = write(&root, "ice-charts").unwrap();
        // It parses, and nothing is left to format.
        command::run(rustfmt(&root, &written).arg("--check")).unwrap();
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        for (path, line) in [
            ("crates/source/Cargo.toml", "ice-charts = []"),
            ("crates/source/src/connectors/mod.rs", "pub(crate) mod ice_charts;"),
            ("crates/source/src/lib.rs", "pub use connectors::ice_charts::IceCharts;"),
            ("crates/source/src/connectors/ice_charts.rs", "impl Source for IceCharts {"),
            ("crates/source/tests/it/main.rs", "mod ice_charts;"),
            ("crates/source/tests/it/conformance.rs", "ice_charts_recorded: IceCharts over"),
            ("crates/terracube/Cargo.toml", "\"ice-charts\", \"stac\"] }"),
            ("crates/terracube/src/sources.rs", ".with::<IceCharts>()"),
            ("docs/sources.md", "## `ice-charts`"),
            ("docs/sources.md", "| `ice-charts` | HTTP(S) |"),
        ] {
            assert!(text(path).contains(line), "{path} has no {line}");
        }
        let error = write(&root, "ice-charts").unwrap_err().to_string();
        assert!(error.contains("exists: choose another name"), "{error}");
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn names_are_in_kebab_case() {
        for name in ["", "Ice", "ice_charts", "ice--charts", "-ice", "1ce", "../x"] {
            assert!(write(Path::new("/nonexistent"), name).is_err(), "{name}");
        }
    }
}
