//! The store beside bare zarrs, zarr-python and its own floors.
//!
//! Each measurement is a process of its own, in turn over several rounds, on one or on all cores.
//! Linux only: cores are set with `taskset`, memory is read from `/proc`.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

mod bucket;
mod cache;
mod dataset;
mod listing;
mod read;
mod round;

use anyhow::Result;
use clap::Parser;

use crate::dataset::Dataset;
use crate::round::Work;

#[derive(Parser)]
struct Arguments {
    /// Rounds; medians are printed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Elements along each side of the array; 16384 of float32 are 1 GiB
    #[arg(long, default_value_t = 16_384)]
    side: u64,
    /// Keys that are listed
    #[arg(long, default_value_t = 100_000)]
    keys: usize,
    /// Given to a process that measures: which work
    #[arg(long, hide = true)]
    work: Option<Work>,
    /// Given to a process that measures: on what
    #[arg(long, hide = true, default_value = "")]
    place: String,
    /// `cargo bench` says it; it means nothing here
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(work) = arguments.work {
        println!("{}", serde_json::to_string(&work.run(&arguments.place)?)?);
        return Ok(());
    }
    let rounds = arguments.rounds.max(1);
    let dataset = Dataset::make(arguments.side)?;
    read::compare(&dataset, rounds)?;
    bucket::compare(&dataset, rounds)?;
    drop(dataset);
    listing::compare(arguments.keys, rounds)?;
    cache::compare(rounds)
}
