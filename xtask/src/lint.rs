//! Everything that judges the sources without running them.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::{self, cargo};
use crate::{layers, tidy};

/// Runs every check, also after one has failed.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    steps.run("fmt", || command::run(cargo().args(["fmt", "--all", "--check"])));
    steps.run("clippy", || {
        let clippy =
            ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
        command::run(cargo().args(clippy))
    });
    steps.run("layers", layers::run);
    steps.run("tidy", tidy::run);
    if command::find_program("cargo-deny").is_some() {
        let rules = ["deny", "check", "bans", "licenses", "sources"];
        steps.run("deny", || command::run(cargo().args(rules)));
        // It downloads the list of them.
        steps.run("advisories", || command::run(cargo().args(["deny", "check", "advisories"])));
    } else {
        println!("deny: skipped, `cargo install --locked cargo-deny` installs it");
    }
    steps.summary("lint")
}

/// Steps that all run, and what came of them.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(String, f64, Option<String>)>);

impl Steps {
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let start = Instant::now();
        let failure = step().err().map(|error| format!("{error:#}"));
        if let Some(reason) = &failure {
            eprintln!("error: {reason}");
        }
        self.0.push((name.to_owned(), start.elapsed().as_secs_f64(), failure));
    }

    /// Prints one line a step.
    ///
    /// # Errors
    ///
    /// When a step has failed.
    pub(crate) fn summary(&self, task: &str) -> Result<()> {
        println!("\n== summary");
        for (name, seconds, failure) in &self.0 {
            let outcome = failure.as_ref().map_or("ok".to_owned(), |why| format!("FAILED: {why}"));
            println!("{name:<16} {seconds:>7.1} s  {outcome}");
        }
        let failed = self.0.iter().filter(|(_, _, failure)| failure.is_some()).count();
        if failed > 0 {
            bail!("{task}: {failed} of {} steps failed", self.0.len());
        }
        println!("{task}: all {} steps passed", self.0.len());
        Ok(())
    }
}
