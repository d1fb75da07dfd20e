//! Reference cases: inputs, a command line, and what the reference program made of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock};

use terracube_convert::{Conversion, Outcome, Parameters, Readers, Result, convert};

/// A folder of a reference case.
pub(crate) struct Case {
    folder: PathBuf,
    shared: PathBuf,
}

impl Case {
    /// A case; says what it skips when the cases are not there.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let shared = root.join("../shared");
        let folder = shared.join("golden/idf").join(name);
        if !folder.is_dir() {
            eprintln!("skipped: there is no reference case `{name}`");
            return None;
        }
        Some(Self { folder, shared })
    }

    /// Converts its input into a folder, as its command line says.
    pub(crate) fn convert(&self, out: &Path, is_compat: bool) -> Result<Outcome> {
        let line = std::fs::read_to_string(self.folder.join("cmd.txt")).unwrap();
        let words = words(line.trim().trim_start_matches("idf-converter"));
        let parameters = Parameters::parse(&words, &self.folder)?;
        let input = self.folder.join(parameters.input.get("path").unwrap());
        let _files = files();
        let out = out.to_owned();
        convert(&Conversion { input, out, parameters, is_compat }, &Readers::built_in())
    }

    /// What the checker finds wrong in a folder, beside the reference's too.
    pub(crate) fn faults(&self, out: &Path) -> Option<Vec<String>> {
        faults(&self.shared, out, Some(&self.folder.join("expected")))
    }
}

/// Held while files are written and read here: a program that another test starts meanwhile inherits
/// them open, with their locks.
static FILES: RwLock<()> = RwLock::new(());

pub(crate) fn files() -> impl Drop {
    FILES.read().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of shared material; says what is skipped when it is not there.
pub(crate) fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.is_dir() {
        return Some(shared);
    }
    eprintln!("skipped: there is no folder of real files beside the repository");
    None
}

/// What the checker finds wrong in a folder, beside a reference if one is given.
pub(crate) fn faults(shared: &Path, out: &Path, against: Option<&Path>) -> Option<Vec<String>> {
    let is_strict = std::env::var_os("TERRACUBE_TEST_STRICT").is_some();
    let Some(python) = std::env::var_os("TERRACUBE_PYTHON") else {
        assert!(!is_strict, "TERRACUBE_PYTHON is missing");
        eprintln!("skipped: without TERRACUBE_PYTHON nothing checks the files");
        return None;
    };
    let mut check = Command::new(python);
    check.env("HDF5_USE_FILE_LOCKING", "FALSE").arg(shared.join("tools/idf_check.py")).arg(out);
    if let Some(against) = against {
        check.arg("--against").arg(against);
    }
    let started = {
        let _alone = FILES.write().unwrap_or_else(PoisonError::into_inner);
        check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let output = started.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.contains("No module named 'netCDF4'") && !is_strict {
        eprintln!("skipped: TERRACUBE_PYTHON has no netCDF4");
        return None;
    }
    let is_checked = text.lines().next().is_some();
    assert!(is_checked, "the checker said nothing: {errors}");
    let faults = text.lines().filter_map(|line| line.strip_prefix("FAIL "));
    Some(faults.map(|line| line.rsplit_once(".nc: ").unwrap().1.to_owned()).collect())
}

/// The words of a shell's line, without the outer quotes.
fn words(line: &str) -> String {
    let (mut out, mut quote) = (String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => out.push(c),
        }
    }
    out
}
