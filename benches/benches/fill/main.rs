//! A whole fill against its floor: decode and encode of the same bytes in memory.
//!
//! Every measurement runs in a process of its own, in turn over several rounds, so that what else
//! the machine does falls on all alike. Linux only: CPU and memory are read from `/proc`.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

mod archive;
mod measure;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use terracube_benches::median;

use crate::archive::Archive;
use crate::measure::{Measurement, Work};

#[derive(Parser)]
struct Arguments {
    /// Rounds; medians are printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Pixels along each side of a COG; may be given several times. Patches are 512: COGs of 1536
    /// have their tiles on patches, those of 1800 have tiles that straddle up to four
    #[arg(long = "side", default_values_t = [1800, 1536])]
    sides: Vec<usize>,
    /// COGs along each side of the area
    #[arg(long, default_value_t = 3)]
    across: usize,
    /// Given to a process that measures: which work, on the archive at this address
    #[arg(long, hide = true, requires = "archive")]
    work: Option<Work>,
    #[arg(long, hide = true)]
    archive: Option<String>,
    /// `cargo bench` says it; it means nothing here
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let (Some(work), Some(archive)) = (arguments.work, &arguments.archive) {
        let measurement = measure::run(work, &serde_json::from_str(archive)?)?;
        println!("{}", serde_json::to_string(&measurement)?);
        return Ok(());
    }
    for side in &arguments.sides {
        compare(&Archive::new(arguments.across, *side), arguments.rounds.max(1))?;
    }
    Ok(())
}

fn compare(archive: &Archive, rounds: usize) -> Result<()> {
    let served = archive.serve()?;
    println!("\n{archive}, {:.1} MB compressed", mega(served.compressed));
    let mut rows: Vec<(Work, Vec<Measurement>)> =
        Work::ALL.into_iter().map(|work| (work, Vec::new())).collect();
    for _ in 0..rounds {
        for (work, measured) in &mut rows {
            measured.push(in_a_process(*work, &served.place)?);
        }
    }
    let floor = Row::medians(&rows[0].1);
    println!("medians of {rounds} rounds      wall s    CPU s   peak MB   × wall   × CPU");
    for (work, measured) in &rows {
        let row = Row::medians(measured);
        println!(
            "{:<24} {:>8.3} {:>8.2} {:>9.0} {:>8.2} {:>7.2}",
            work.name(),
            row.wall,
            row.cpu,
            row.peak,
            row.wall / floor.wall,
            row.cpu / floor.cpu
        );
    }
    let floors = &rows[0].1;
    let part = |of: fn(&Measurement) -> f64| median(floors.iter().map(of));
    println!(
        "of the floor: decode {:.3} s, encode {:.3} s; {:.1} MB of pixels, {:.1} MB encoded",
        part(|m| m.decode),
        part(|m| m.encode),
        mega(archive.pixel_bytes()),
        mega(floors[0].stored)
    );
    for (work, measured) in &rows {
        ensure!(
            measured.iter().all(|m| m.stored == floors[0].stored),
            "{} stored {} bytes, the floor {}",
            work.name(),
            measured[0].stored,
            floors[0].stored
        );
    }
    Ok(())
}

fn in_a_process(work: Work, place: &archive::Place) -> Result<Measurement> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--work", work.argument(), "--archive", &serde_json::to_string(place)?])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} ended with {}", work.name(), output.status);
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} answered {:?}", work.name(), output.stdout))
}

/// What is printed of one work.
struct Row {
    wall: f64,
    cpu: f64,
    peak: f64,
}

impl Row {
    fn medians(measured: &[Measurement]) -> Self {
        let of = |value: fn(&Measurement) -> f64| median(measured.iter().map(value));
        Self {
            wall: of(|m| m.spent.wall),
            cpu: of(|m| m.spent.cpu),
            peak: of(|m| mega(m.spent.peak)),
        }
    }
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
