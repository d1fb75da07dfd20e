//! The arguments of `terracube convert`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Convert datasets to what viewers read
///
/// A rule is chosen for each dataset by its id: the name of its file or folder without the
/// extension, or --id. The rule says which of its files are inputs, and the sets of parameters to
/// convert each with. Results appear below OUT as COLLECTION/GRANULE when they are whole, and
/// replace what is there; a failed input leaves nothing behind.
///
/// The program must be built with the feature `netcdf`; rules are shown without it too.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Exit code: 0 converted (some inputs may have nothing to convert), 5 nothing to convert in any of
them, 3 some failed, 1 all failed, 4 stopped by Ctrl-C or SIGTERM: what was whole is there, and
nothing of what was under way.

With --json every result is one line on the standard output:
  {\"input\":\"a.nc\",\"parameters\":\"hycom_osu\",\"status\":\"converted\",\"granules\":[\"hycom_osu/depth_0.0m_a\"]}
  {\"input\":\"b.nc\",\"parameters\":\"hycom_osu\",\"status\":\"skipped\",\"reason\":\"…\"}
  {\"input\":\"c.nc\",\"parameters\":\"hycom_osu\",\"status\":\"failed\",\"reason\":\"…\"}

Examples:
  terracube convert --to idf *.nc -o idf/
  terracube convert --to idf S3A_OL_2_WFR_….SEN3 -o idf/ --set gcp_spacing=64
  terracube convert --to idf sst.nc -o idf/ --params parameters/my_sst
  terracube convert explain S3A_OL_2_WFR_….SEN3")]
pub(crate) struct ConvertArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ConvertCommand>,
    /// The format to convert to
    #[arg(long, value_name = "FORMAT", default_value = "idf")]
    pub(crate) to: String,
    /// Datasets: files or folders
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The folder of the collections
    #[arg(short, long, required = true, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// The id that rules are asked about, of a single dataset
    #[arg(long, value_name = "ENTRY_ID")]
    pub(crate) id: Option<String>,
    /// Parameters in the grammar of idf-converter's files, instead of a rule's
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<PathBuf>,
    /// Set an option: KEY=VALUE; also reader=NAME, input.KEY=VALUE, output.KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Reproduce what viewers may depend on where the reference program is wrong
    #[arg(long)]
    pub(crate) compat: bool,
    /// Inputs converted at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Print a JSON object for every result, in a line each
    #[arg(long)]
    pub(crate) json: bool,
}

/// Further rules.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// A file of rules and parameters (TOML) above the built-in ones
    #[arg(long = "rules", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConvertCommand {
    /// List the rules, the highest priority first
    List(ListArgs),
    /// Say which rule is for a dataset, and why the ones before it are not
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The format
    #[arg(long, value_name = "FORMAT", default_value = "idf")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Print one JSON object, with every set of parameters
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A file or folder, or an id
    pub(crate) dataset: String,
    /// The format
    #[arg(long, value_name = "FORMAT", default_value = "idf")]
    pub(crate) to: String,
    /// The id that rules are asked about
    #[arg(long, value_name = "ENTRY_ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Print one JSON object, with every rule
    #[arg(long)]
    pub(crate) json: bool,
}
