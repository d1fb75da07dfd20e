//! Rules of the sources that no other tool checks.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;

/// Most lines of a file, its unit tests not counted.
const MOST_LINES: usize = 800;
/// Words that say nothing about what is named.
const EMPTY_WORDS: [&str; 4] = ["Manager", "Helper", "Utils", "Impl"];
/// Folders at the root of somebody's machine; sources name none.
const MACHINE_FOLDERS: [&str; 4] = ["home", "root", "work", "Users"];
/// What introduces a name of ours.
const DEFINITIONS: [&str; 9] =
    ["struct", "enum", "trait", "type", "fn", "mod", "const", "static", "union"];

/// Checks every file that git tracks or would track.
pub(crate) fn run() -> Result<()> {
    let root = command::root();
    let mut git = Command::new("git");
    git.current_dir(&root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = command::output(&mut git)?;
    let mut violations = Vec::new();
    let mut lengths = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // Binary files and deleted ones have no text to check.
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        violations.extend(text_violations(path, &text));
        if path.ends_with(".rs") {
            violations.extend(source_violations(path, &text));
            violations.extend(unnamed_example(path, |folder| {
                std::fs::read_to_string(root.join(folder).join("README.md")).unwrap_or_default()
            }));
            if !is_test(path) {
                lengths.push(own_lines(&text));
            }
        }
    }
    for violation in &violations {
        println!("tidy: {violation}");
    }
    lengths.sort_unstable();
    println!(
        "tidy: {} source files, lines without tests: median {}, p90 {}, longest {}",
        lengths.len(),
        quantile(&lengths, 0.5),
        quantile(&lengths, 0.9),
        quantile(&lengths, 1.0)
    );
    if !violations.is_empty() {
        bail!("{} places are untidy", violations.len());
    }
    Ok(())
}

/// What is wrong with any text file.
fn text_violations(path: &str, text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if path.ends_with(".lock") {
        return violations;
    }
    for (number, line) in (1..).zip(text.lines()) {
        for folder in MACHINE_FOLDERS {
            if names_machine_folder(line, folder) {
                violations.push(format!("{path}:{number}: names a folder of one machine"));
            }
        }
        let open = [concat!("TO", "DO"), concat!("FIX", "ME")];
        if open.iter().any(|word| words(line).any(|found| found == *word))
            && !line.contains("/issues/")
        {
            violations.push(format!("{path}:{number}: open work without a link to its issue"));
        }
    }
    violations
}

/// What is wrong with a Rust file.
fn source_violations(path: &str, text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if !text.lines().next().unwrap_or_default().starts_with("//! ") {
        violations.push(format!("{path}:1: does not open with a `//! ` line that says what it is"));
    }
    let lines = own_lines(text);
    if !is_test(path) && lines > MOST_LINES {
        violations.push(format!("{path}: {lines} lines without tests, at most {MOST_LINES}"));
    }
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    if let Some(word) = empty_word(&stem) {
        violations.push(format!("{path}: the file's name says `{word}`"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let code: Vec<&str> = words(code).collect();
        for pair in code.windows(2) {
            if DEFINITIONS.contains(&pair[0])
                && let Some(word) = empty_word(pair[1])
            {
                violations.push(format!("{path}:{number}: `{}` says `{word}`", pair[1]));
            }
        }
    }
    violations
}

/// An example that neither its crate's README nor the workspace's names.
fn unnamed_example(path: &str, readme: impl Fn(&str) -> String) -> Option<String> {
    let (folder, name) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    let owner = folder.strip_suffix("/examples")?;
    let is_named = [owner, ""].iter().any(|folder| readme(folder).contains(name));
    (!is_named).then(|| format!("{path}: no README.md names the example `{name}`"))
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Lines before the unit tests, which end a file.
fn own_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod "));
    tests.unwrap_or(lines.len())
}

/// Words of letters, digits and underscores.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The empty word among the words of a `CamelCase` or `snake_case` name.
fn empty_word(name: &str) -> Option<&'static str> {
    EMPTY_WORDS.into_iter().find(|word| {
        let lower = word.to_lowercase();
        let is_part = name.split('_').any(|part| part.to_lowercase() == lower);
        let is_hump = name
            .match_indices(word)
            .any(|(at, _)| !name[at + word.len()..].starts_with(|next: char| next.is_lowercase()));
        is_part || is_hump
    })
}

fn names_machine_folder(line: &str, folder: &str) -> bool {
    let pattern = format!("/{folder}/");
    line.match_indices(&pattern).any(|(at, _)| {
        // A path starts there; `https://host/root/` and `a/root/b` do not.
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| {
            !c.is_alphanumeric() && !['.', '/', '_', '-', '}', '*', '~'].contains(&c)
        })
    })
}

/// The nearest-rank quantile of sorted lengths; 0 of none.
fn quantile(sorted: &[usize], part: f64) -> usize {
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tidy_source_passes() {
        let text = "//! A cube.\n\n/// See `DownloadManager` elsewhere.\npub struct Implicit;\n";
        assert_eq!(source_violations("crates/cube/src/cube.rs", text), Vec::<String>::new());
        assert_eq!(
            text_violations("a.rs", "see https://example.org/root/x\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn untidy_sources_are_named_with_their_lines() {
        let text = concat!(
            "use a;\npub(crate) struct Fill",
            "Manager;\nfn path_",
            "utils() {}\nmod b_impl;\n"
        );
        let found = source_violations("crates/a/src/io_helper.rs", text);
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found[0].contains(":1: does not open"));
        assert!(found[1].contains("name says `Helper`"));
        assert!(found[2].contains(":2: `FillManager` says `Manager`"));
        assert!(found[3].contains(":3: `path_utils` says `Utils`"));
        assert!(found[4].contains(":4: `b_impl` says `Impl`"));

        let open = concat!("// TO", "DO: later\n// TO", "DO: https://x.org/issues/3\n");
        assert_eq!(text_violations("a.rs", open).len(), 1);
        let path = format!("let a = \"/{}/me/x\";\nlet b = \"a/{}/b\";\n", "home", "home");
        assert_eq!(text_violations("a.rs", &path).len(), 1);
    }

    #[test]
    fn unit_tests_do_not_count_as_lines() {
        let long = "//! x\n".repeat(800);
        assert_eq!(own_lines(&format!("{long}#[cfg(test)]\nmod tests {{\n}}\n")), 800);
        assert!(source_violations("a/src/a.rs", &long).is_empty());
        assert_eq!(source_violations("a/src/a.rs", &format!("{long}x\n")).len(), 1);
        assert!(source_violations("a/tests/it/a.rs", &format!("{long}x\n")).is_empty());
    }

    #[test]
    fn examples_stand_in_the_readme() {
        assert!(unnamed_example("crates/a/examples/fill.rs", |_| "see `fill`".into()).is_none());
        assert!(unnamed_example("crates/a/examples/fill.rs", |_| String::new()).is_some());
        assert!(unnamed_example("crates/a/src/fill.rs", |_| String::new()).is_none());
    }

    #[test]
    fn quantiles_by_nearest_rank() {
        let lengths: Vec<usize> = (1..=10).collect();
        assert_eq!([0.5, 0.9, 1.0].map(|part| quantile(&lengths, part)), [5, 9, 10]);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
