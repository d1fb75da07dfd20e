//! Who converts, and what it takes.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::case::{self, Case};

/// A program that converts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Ours,
    IdfConverter,
}

/// What a process took.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Spent {
    /// Seconds.
    pub(crate) wall: f64,
    /// CPU seconds of all threads.
    pub(crate) cpu: f64,
    /// The largest resident set, bytes.
    pub(crate) peak: u64,
}

impl Contender {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::IdfConverter];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "terracube",
            Self::IdfConverter => "idf-converter",
        }
    }

    /// Converts in a process of its own, into a folder that is made.
    pub(crate) fn run(
        self,
        case: &Case,
        inputs: &Path,
        python: &Path,
        out: &Path,
    ) -> Result<Spent> {
        std::fs::create_dir(out)?;
        let input = inputs.join(case.input);
        let mut command = Command::new(python);
        command.arg(case::folder().join("measure.py"));
        match self {
            Self::Ours => {
                command.arg(std::env::current_exe()?).arg("--convert");
                command.arg(case.parameters()).arg(input).arg(out);
            }
            Self::IdfConverter => {
                command.arg(python.with_file_name("idf-converter"));
                command.arg(format!("{}@", case.parameters().display()));
                command.args(["-i", "path", "="]).arg(input);
                command.args(["-o", "path", "="]).arg(out).stderr(Stdio::piped());
            }
        }
        let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
        serde_json::from_slice(&output.stdout).context("measure.py says no JSON")
    }
}

impl Spent {
    /// Medians of the times, and the highest peak.
    pub(crate) fn of_rounds(rounds: &[Self]) -> Self {
        let median = |of: fn(&Self) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            values.get(middle).copied().unwrap_or(f64::NAN)
        };
        let peak = rounds.iter().map(|spent| spent.peak).max().unwrap_or(0);
        Self { wall: median(|spent| spent.wall), cpu: median(|spent| spent.cpu), peak }
    }
}
