//! The command line: what can be asked, and the help that says so.

mod bytes;
mod commands;
mod convert;
mod selection;
mod store;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use bytes::Bytes;
pub(crate) use commands::{
    CreateArgs, FillArgs, GridArgs, IcechunkSpec, InfoArgs, LoadArgs, PlanArgs, PresetsArgs,
    SearchArgs, SourceListArgs, StateArgs, WatchArgs, WorkArgs,
};
pub(crate) use convert::{ConvertArgs, ConvertCommand, ExplainArgs, ListArgs, RulesArgs};
pub(crate) use selection::{Area, Place, Selection};
pub(crate) use store::{
    CheckArgs, CpArgs, DuArgs, GetArgs, LsArgs, PutArgs, Readable, RmArgs, StoreCommand,
    StoreInfoArgs, TreeArgs, VerifyBy,
};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    an error: nothing more was done, what was committed before stays
  2    the command line is wrong
  3    some patches or keys failed; the others are there; the same again tries the failed ones
  4    stopped before the end (Ctrl-C, SIGTERM); what was whole is kept
  5    there was nothing to convert in any of the inputs
  130  stopped at once by a second Ctrl-C

Stores (STORE):
  relief.icechunk   a local Icechunk repository: versions, atomic commits (the default choice)
  relief.zarr       a local plain Zarr v3 directory
  relief.zarr.zip   a ZIP archive in a local file: written once, by `store cp`, then read only
  s3://bucket/name  a bucket; credentials from the usual AWS_… variables
  gs://… and az://… plain stores (.zarr) in other clouds, https://… for reading: `terracube store`
  memory:           in memory: lives only as long as the command, for trying things out

Results go to the standard output, progress and errors to the standard error.

Example, from a declaration to a picture:
  terracube cube create relief.toml relief.icechunk
  terracube cube plan relief.icechunk --bbox -50,60,-40,70
  terracube cube fill relief.icechunk --bbox -50,60,-40,70
  terracube cube load relief.icechunk --bbox -50,60,-40,70 -o relief.png";

/// On-demand datacubes of Earth-observation data
///
/// A cube is declared once, in a TOML file: its grid, time steps, bands and the source it is
/// filled from. It is then filled patch by patch, where and when it is asked for, and read as a
/// window. What was filled once is never downloaded again.
#[derive(Debug, Parser)]
#[command(name = "terracube", version, after_help = EXIT_CODES, propagate_version = true)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// A TOML file with providers (hosts, credentials, limits) and allowed folders
    ///
    /// Secrets are named, never written down: `env:NAME` or `file:PATH`. For example:
    ///
    ///   allow_files = ["/data/archive"]
    ///   [[providers]]
    ///   name = "archive"
    ///   hosts = ["https://data.archive.example", "*.cdn.archive.example"]
    ///   auth = { bearer = { token = "env:ARCHIVE_TOKEN" } }
    ///   limits = { concurrent = 4, per_second = 10.0 }
    #[arg(long, value_name = "FILE", global = true, verbatim_doc_comment)]
    pub(crate) config: Option<PathBuf>,
    /// Let assets be local files below this folder (may be given several times)
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) allow_files: Vec<PathBuf>,
    /// Say more about what is going on; -vv says most
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No progress and no notes: only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create, plan, fill, load and look at cubes
    #[command(subcommand)]
    Cube(CubeCommand),
    /// Look into stores, copy them, change single values, check what they can do
    #[command(subcommand)]
    Store(StoreCommand),
    /// Convert datasets to what viewers read
    Convert(ConvertArgs),
    /// List the tiles of a tile grid that touch an area
    Grid(GridArgs),
    /// What sources there are, and what they offer
    #[command(subcommand)]
    Source(SourceCommand),
}

impl Command {
    /// What is to be recorded of the work, where a command can.
    /// Whether it may download.
    pub(crate) fn fills(&self) -> bool {
        matches!(self, Self::Cube(CubeCommand::Fill(_) | CubeCommand::Load(_)))
    }

    pub(crate) fn watch(&self) -> Option<&WatchArgs> {
        match self {
            Self::Cube(CubeCommand::Fill(args)) => Some(&args.watch),
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum CubeCommand {
    /// Declare a cube in a store
    Create(CreateArgs),
    /// Show what a fill would do; write nothing
    Plan(PlanArgs),
    /// Download what is missing of an area and time
    Fill(FillArgs),
    /// Read a window into a GeoTIFF, PNG or Zarr, filling what is missing of it
    Load(LoadArgs),
    /// Show which patches are filled, empty, missing or failed
    State(StateArgs),
    /// Show the declaration of a cube and its latest versions
    Info(InfoArgs),
    /// List ready-made declarations, or print one to be edited
    Presets(PresetsArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// List the connectors and their configuration keys
    List(SourceListArgs),
    /// List the granules a source offers for an area and time
    Search(SearchArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
