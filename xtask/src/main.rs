//! Tasks of the Terracube workspace: `cargo xtask --help`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to the person at the terminal"
)]

mod azurite;
mod bench;
mod command;
mod demo;
mod fuzz;
mod layers;
mod lint;
mod moto;
mod new_source;
mod os_release;
mod setup;
mod test;
mod tidy;
mod venv;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::setup::{Purpose, SetupOptions};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Terracube workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what building and testing need, saying what and why
    Setup {
        #[command(flatten)]
        options: SetupOptions,
    },
    /// Set up, then run every test, the fork template, layers and tidy
    Test {
        #[command(flatten)]
        options: SetupOptions,
    },
    /// The main job on made data, end to end: build, serve, fill, load, draw
    Demo {
        #[command(flatten)]
        options: SetupOptions,
        /// Where the demo's data and results go
        #[arg(long, default_value = "demo-out")]
        dir: PathBuf,
    },
    /// Run the benchmarks of this project by itself, or that of one name
    ///
    /// `bench peers` installs smart-geocubes, odc-stac, rasterio, zarr, icechunk, xarray and
    /// gdalwarp and compares with them, `bench idf` idf-converter; `--check` after it says what is
    /// reached and what is short.
    Bench {
        #[command(flatten)]
        options: SetupOptions,
        /// Name of a bench target
        name: Option<String>,
        /// What the benchmark itself is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Run every fuzz target, or that of one name; installs cargo-fuzz where it is missing
    Fuzz {
        #[command(flatten)]
        options: SetupOptions,
        /// How long each runs
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Name of a target
        name: Option<String>,
    },
    /// Write something new with what belongs to it
    New {
        #[command(subcommand)]
        what: New,
    },
    /// Check formatting, lints, layers, tidiness and licences
    Lint,
    /// Check that every dependency points to a lower layer
    Layers,
    /// Check the sources against the workspace's own rules
    Tidy,
}

#[derive(Subcommand)]
enum New {
    /// A connector: its file, its test with a recorded answer, its entry in the documents, and the
    /// lines of its feature and its registration
    Source {
        /// Its name, as `ice-charts`
        name: String,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup { options } => setup::run(&options, Purpose::Test).map(drop),
        Task::Test { options } => test::run(&options),
        Task::Demo { options, dir } => demo::run(&options, &dir),
        Task::Bench { options, name, rest } => bench::run(&options, name.as_deref(), &rest),
        Task::Fuzz { options, seconds, name } => fuzz::run(&options, seconds, name.as_deref()),
        Task::New { what: New::Source { name } } => new_source::run(&name),
        Task::Lint => lint::run(),
        Task::Layers => layers::run(),
        Task::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
