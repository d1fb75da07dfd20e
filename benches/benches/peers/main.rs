//! This project beside its peers: one collection, one machine, in turn, in one run.
//!
//! `cargo xtask bench peers` starts it with what it needs; `docs/benchmarks.md` says what it
//! measures. Every measurement runs in a process of its own; the server is this process. Linux
//! only: CPU and memory are read from `/proc`.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

mod byte_fetch;
mod check;
mod collection;
mod contender;
mod floor;
mod job;
mod ours;
mod progress;
mod results;
mod scale;
mod served;
mod stage;
mod task;
mod tile_index;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::collection::Collection;
use crate::contender::{Contender, Programs};
use crate::job::Job;
use crate::progress::say;
use crate::results::Results;
use crate::scale::Scale;
use crate::stage::{Stage, remove};

#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds; medians are printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print what is to be reached, line by line, and fail when one is short
    #[arg(long)]
    check: bool,
    /// One round, and not smart-geocubes as shipped
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// smart-geocubes as shipped for the whole collection too, which takes many minutes
    #[arg(long)]
    as_shipped: bool,
    /// A collection of 4 COGs of 1024² instead of 36 of 3600²: to try the benchmark itself
    #[arg(long)]
    small: bool,
    /// Only these kinds of jobs: fill, warp, cold, warm, memory, scale
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rows and columns of a chunk of our cubes
    #[arg(long, default_value_t = 512)]
    chunk: usize,
    /// Where the collection is kept
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Where results are written: a folder of its own [default: beside the collection]
    #[arg(long)]
    results: Option<PathBuf>,
    /// Given to a process that measures
    #[arg(long, hide = true)]
    task: Option<String>,
    /// `cargo bench` says it; it means nothing here
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(task) = &arguments.task {
        let answer = ours::run(&serde_json::from_str(task)?)?;
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(ExitCode::SUCCESS);
    }
    compare(&arguments)
}

fn compare(arguments: &Arguments) -> Result<ExitCode> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.terracube/peers");
    let cache = arguments.cache.clone().unwrap_or(root);
    std::fs::create_dir_all(&cache)?;
    let cache = cache.canonicalize().context("no such folder can be")?;
    let (across, side) = if arguments.small { (2, 1024) } else { (6, 3600) };
    let files = Collection::ensure(&cache, across, side)?;
    let (all, full) = files.compressed()?;
    let pixels = 4 * files.pixels() * files.pixels();
    println!(
        "{} COGs of {side} × {side} float32: {:.1} MB of pixels, {:.1} MB compressed, {:.1} MB of \
         it in full resolution",
        across * across,
        pixels as f64 / 1e6,
        all as f64 / 1e6,
        full as f64 / 1e6
    );
    let programs = Programs::from_environment();
    for missing in programs.missing() {
        println!("left out: {missing}");
    }
    let scratch = arguments.results.clone().unwrap_or_else(|| cache.clone()).join("out");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch)?;
    let mut stage = Stage::new(files, programs, arguments.chunk, scratch.clone())?;
    let results = measure(arguments, &mut stage, across * across)?;
    for job in results.jobs() {
        print!("{}", results.table(job));
    }
    let scale = arguments.wants("scale").then(|| Scale::measure(&stage, arguments.small));
    let scale = scale.transpose()?;
    remove(&scratch)?;
    let lines = check::lines(&stage, &results, scale.as_ref());
    println!();
    for line in &lines {
        println!("{line}");
    }
    let short = lines.iter().filter(|line| line.is_short()).count();
    let open = lines.iter().filter(|line| line.is_unmeasured()).count();
    println!("\n{} lines: {short} short, {open} open", lines.len());
    let failed = arguments.check && short > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs every job, all contenders in turn, round by round.
fn measure(arguments: &Arguments, stage: &mut Stage, cogs: usize) -> Result<Results> {
    let rounds = if arguments.quick { 1 } else { arguments.rounds.max(1) };
    let mut results = Results::default();
    let jobs = Job::all(cogs).into_iter().filter(|job| arguments.wants(job.kind()));
    let jobs: Vec<_> = jobs.collect();
    if arguments.wants("warm") {
        prepare_warm(stage)?;
    }
    for round in 0..rounds {
        for job in &jobs {
            // What takes minutes is done once, for the smaller fill unless told.
            let slow = matches!(job, Job::Fill { cogs, .. } if *cogs == 4 || arguments.as_shipped);
            let slow = slow && round == 0 && !arguments.quick;
            for repeat in 0..job.repeats() {
                let mut contenders = job.contenders(slow);
                // Who comes first after results were removed finds memory and files cold.
                let first = (round + repeat) % contenders.len().max(1);
                contenders.rotate_left(first);
                for contender in contenders {
                    if !stage.programs.has(contender) {
                        continue;
                    }
                    let outcome = stage.run(*job, contender)?;
                    say(&format!(
                        "round {}: {job}: {} {:.3} s",
                        round + 1,
                        contender.name(),
                        outcome.answer.spent.wall
                    ));
                    if results.of(*job, contender).is_empty() {
                        stage.verify(*job, contender, &outcome)?;
                    }
                    results.add(*job, contender, outcome);
                    if !matches!(job, Job::Warm { .. }) {
                        remove(&stage.task(*job, contender)?.out)?;
                    }
                }
            }
        }
    }
    Ok(results)
}

/// Fills the cubes that warm windows are read from.
fn prepare_warm(stage: &Stage) -> Result<()> {
    use Contender as C;
    let fill = Job::Fill { cogs: 4, latency: served::Latency::None };
    for contender in [C::Icechunk, C::Zarr, C::Smart, C::OdcIcechunk] {
        if stage.programs.has(contender) {
            say(&format!("the cube of the warm windows: {}", contender.name()));
            let mut task = stage.task(fill, contender)?;
            task.out = stage.task(Job::Warm { cogs: 4 }, contender)?.out;
            remove(&task.out)?;
            stage.run_task(contender.runner(), &task, served::Latency::None)?;
        }
    }
    Ok(())
}

impl Arguments {
    fn wants(&self, kind: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == kind)
    }
}
