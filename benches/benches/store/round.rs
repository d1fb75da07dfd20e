//! Works, each measured in a process of its own.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{bucket, listing, read};

/// What a process measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Bare zarrs on plain files.
    Zarrs,
    /// Our array, in a plain directory or an Icechunk repository.
    Ours,
    /// Our array in a bucket.
    Bucket,
    /// The stored chunks of a bucket, not decoded.
    BucketBytes,
    /// A listing.
    List,
}

/// What a process found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds until the first of what is found; the same as `wall` where there is one only.
    pub(crate) first: f64,
    /// Bytes read or written, or keys listed.
    pub(crate) amount: u64,
    /// Bytes by which the largest resident set grew.
    pub(crate) grown: u64,
}

/// Which cores a process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    One,
    All,
}

impl Work {
    pub(crate) fn run(self, place: &str) -> Result<Found> {
        match self {
            Self::Zarrs => read::with_zarrs(place),
            Self::Ours => read::with_ours(place),
            Self::Bucket => bucket::read(place),
            Self::BucketBytes => bucket::read_bytes(place),
            Self::List => listing::list(place),
        }
    }

    /// Does it in a process.
    pub(crate) fn in_a_process(self, place: &str, cores: Cores) -> Result<Found> {
        let name = self.to_possible_value().context("no name")?;
        let program = std::env::current_exe()?;
        answer(on(cores, &program.to_string_lossy()).args([
            "--work",
            name.get_name(),
            "--place",
            place,
        ]))
    }
}

/// A command that may use these cores.
pub(crate) fn on(cores: Cores, program: &str) -> Command {
    match cores {
        Cores::All => Command::new(program),
        Cores::One => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", "0", program]);
            command
        }
    }
}

/// What a process that measures answers.
pub(crate) fn answer(command: &mut Command) -> Result<Found> {
    let output =
        // Python's icechunk warns of its local storage, into which nothing is written here.
        command.env("ICECHUNK_LOG", "error").stderr(Stdio::inherit()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{command:?} answered {:?}", output.stdout))
}
