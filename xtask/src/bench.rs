//! The benchmarks.

use anyhow::Result;

use crate::command::{self, cargo};

/// Runs one bench target or all; `rest` goes to the benchmark itself.
pub(crate) fn run(name: Option<&str>, rest: &[String]) -> Result<()> {
    let mut bench = cargo();
    bench.args(["bench", "--package", "terracube-benches"]);
    match name {
        Some(name) => bench.args(["--bench", name]),
        None => bench.arg("--benches"),
    };
    if !rest.is_empty() {
        bench.arg("--").args(rest);
    }
    command::run(&mut bench)
}
