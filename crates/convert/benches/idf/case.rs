//! What is converted: an input and parameters that both programs read.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A conversion.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The input's file.
    pub(crate) input: &'static str,
}

/// All conversions; the parameters of each are in a file of its name.
pub(crate) const CASES: [Case; 3] = [
    Case { name: "grid", about: "0.05°, two hours of four variables", input: "grid.nc" },
    Case { name: "swath", about: "two variables, one with a mask", input: "swath.nc" },
    Case { name: "levels", about: "the swath with coarser levels", input: "swath.nc" },
];

impl Case {
    /// Its parameters, in the grammar of idf-converter.
    pub(crate) fn parameters(&self) -> PathBuf {
        folder().join(self.name).with_extension("params")
    }
}

/// The folder of the inputs, which are made when they are not there.
pub(crate) fn inputs(python: &Path, are_small: bool) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (name, sizes) = if are_small {
        ("idf-small", ["360", "720", "500"])
    } else {
        ("idf", ["3600", "7200", "5000"])
    };
    let inputs = root.join(".terracube").join(name);
    std::fs::create_dir_all(&inputs)?;
    let inputs = inputs.canonicalize()?;
    run(Command::new(python).arg(folder().join("inputs.py")).arg(&inputs).args(sizes))?;
    Ok(inputs)
}

/// Fails when the results in two folders are not the same within a step of their packing.
pub(crate) fn compare(python: &Path, ours: &Path, other: &Path) -> Result<()> {
    run(Command::new(python).arg(folder().join("compare.py")).arg(ours).arg(other))
}

/// The folder of the scripts and parameters.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/idf")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
