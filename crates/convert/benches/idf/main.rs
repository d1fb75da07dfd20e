//! Conversions to IDF beside idf-converter: wall time and peak memory in alternating rounds.
//!
//! Each measurement is a process of its own, measured by `measure.py`, this program's too. What both
//! wrote is compared, so that the speeds are of equal work.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it finds")]

mod case;
mod contender;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use terracube_convert::{Conversion, Outcome, Parameters, Readers, convert};

use crate::case::{CASES, Case};
use crate::contender::{Contender, Spent};

/// Figures to be reached: how often faster at least, and which part of the memory at most.
const TIMES_FASTER: f64 = 10.0;
const PART_OF_MEMORY: f64 = 0.5;

#[derive(Parser)]
struct Arguments {
    /// Rounds; medians of seconds are printed, and the highest peak
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Says of each figure whether it is reached; exit code 1 if one is short
    #[arg(long)]
    check: bool,
    /// Inputs of a hundredth of the pixels, to try the benchmark itself
    #[arg(long)]
    small: bool,
    /// Only cases of these names
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Given to a process that measures: parameters, input, folder
    #[arg(long, hide = true, num_args = 3)]
    convert: Option<Vec<PathBuf>>,
    /// `cargo bench` says it; it means nothing here
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some([parameters, input, out]) = arguments.convert.as_deref() {
        return converted(parameters, input, out).map(|()| ExitCode::SUCCESS);
    }
    let Some(python) = std::env::var_os("TERRACUBE_IDF_PYTHON").map(PathBuf::from) else {
        bail!(
            "TERRACUBE_IDF_PYTHON names no Python with idf-converter: cargo xtask bench idf does"
        );
    };
    let inputs = case::inputs(&python, arguments.small)?;
    let is_asked = |case: &&Case| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == case.name)
    };
    let mut are_short = false;
    for case in CASES.iter().filter(is_asked) {
        let results = rounds(case, &inputs, &python, arguments.rounds.max(1))?;
        are_short |= report(case, &results, arguments.check);
    }
    Ok(if arguments.check && are_short { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the measured process of ours does.
fn converted(parameters: &Path, input: &Path, out: &Path) -> Result<()> {
    let text = std::fs::read_to_string(parameters)?;
    let parameters = Parameters::parse(&text, Path::new("."))?;
    let (input, out) = (input.to_owned(), out.to_owned());
    match convert(&Conversion { input, out, parameters, is_compat: false }, &Readers::built_in())? {
        Outcome::Converted(_) => Ok(()),
        Outcome::Skipped(reason) => bail!("skipped: {reason}"),
    }
}

/// What ours and the other one took, round by round.
fn rounds(case: &Case, inputs: &Path, python: &Path, rounds: usize) -> Result<[Vec<Spent>; 2]> {
    let mut results = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let folder = tempfile::tempdir_in(inputs)?;
        for (contender, spent) in Contender::BOTH.iter().zip(&mut results) {
            let out = folder.path().join(contender.name());
            spent.push(contender.run(case, inputs, python, &out)?);
            eprintln!("{} {}: round {}", case.name, contender.name(), round + 1);
        }
        if round == 0 {
            let [ours, other] = Contender::BOTH.map(|c| folder.path().join(c.name()));
            case::compare(python, &ours, &other)
                .with_context(|| format!("{}: the results differ", case.name))?;
        }
    }
    Ok(results)
}

/// Prints a table of a case; whether a figure is short.
fn report(case: &Case, results: &[Vec<Spent>; 2], checks: bool) -> bool {
    println!("\n{}: {}", case.name, case.about);
    println!("{:<14} {:>8} {:>8} {:>8}", "", "wall s", "CPU s", "peak MB");
    let [ours, other] = [&results[0], &results[1]].map(|spent| Spent::of_rounds(spent));
    for (contender, spent) in Contender::BOTH.iter().zip([ours, other]) {
        let peak = spent.peak as f64 / 1e6;
        println!("{:<14} {:>8.2} {:>8.2} {peak:>8.0}", contender.name(), spent.wall, spent.cpu);
    }
    if !checks {
        return false;
    }
    let faster = other.wall / ours.wall;
    let part = ours.peak as f64 / other.peak as f64;
    let mut is_short = false;
    for (is_reached, line) in [
        (
            faster >= TIMES_FASTER,
            format!("wall, idf-converter / ours ≥ {TIMES_FASTER}: {faster:.1}"),
        ),
        (
            part <= PART_OF_MEMORY,
            format!("peak, ours / idf-converter ≤ {PART_OF_MEMORY}: {part:.2}"),
        ),
    ] {
        println!("{:<8} {}: {line}", if is_reached { "reached" } else { "short" }, case.name);
        is_short |= !is_reached;
    }
    is_short
}
