//! The Python that reference readers run in.

use std::path::PathBuf;
use std::process::Command;

/// The Python with the reference readers, or `None` with a line saying what is skipped; a strict
/// run must not skip.
pub(crate) fn python(skipped: &str) -> Option<PathBuf> {
    match std::env::var_os("TERRACUBE_PYTHON") {
        Some(path) => Some(path.into()),
        None if strict() => panic!("TERRACUBE_PYTHON is not set in a strict run"),
        None => {
            println!(
                "skipped: {skipped}: TERRACUBE_PYTHON is not set (`cargo xtask test` sets it)"
            );
            None
        }
    }
}

/// The folder of real files, or `None` with a line saying what is skipped.
pub(crate) fn shared(path: &str, skipped: &str) -> Option<PathBuf> {
    let full =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if full.exists() {
        return Some(full);
    }
    println!("skipped: {skipped}: no real files beside the repository");
    None
}

/// Runs one of the scripts beside this file and gives its output.
pub(crate) fn run(python: &std::path::Path, script: &str, arguments: &[&str]) -> Vec<u8> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/python").join(script);
    let out = Command::new(python).arg(script).args(arguments).output().expect("python runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn strict() -> bool {
    std::env::var_os("TERRACUBE_TEST_STRICT").is_some()
}
