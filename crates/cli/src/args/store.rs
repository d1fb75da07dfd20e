//! The arguments of the commands for stores, with their help.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use terracube::store::ByteRequest;

use super::Bytes;

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// List the names in a folder of a store, or all keys below it
    Ls(LsArgs),
    /// Show the groups and arrays of a Zarr hierarchy
    Tree(TreeArgs),
    /// Add up bytes and keys, child by child
    Du(DuArgs),
    /// Read a value, or a part of it
    Get(GetArgs),
    /// Write a value
    Put(PutArgs),
    /// Copy a store, or a part of it, to another
    Cp(CpArgs),
    /// Remove values
    Rm(RmArgs),
    /// Try the rules of the store contract, and say what the store can do
    Check(CheckArgs),
    /// Show what a store is and holds
    Info(StoreInfoArgs),
}

/// What is read: a store, perhaps at a version.
#[derive(Debug, Clone, Args)]
pub(crate) struct Readable {
    /// The store: a directory, s3://…, gs://…, az://… or https://…
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Read this version, tag or branch of an Icechunk repository instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) at: Option<String>,
}

/// List the names in a folder of a store, or all keys below it
///
/// Folders end in a slash. A recursive listing is printed as the store gives it, in no particular
/// order, and takes no memory. With --json every line is one object.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store ls relief.icechunk
  terracube store ls -l s3://bucket/relief.zarr elevation/c/0
  terracube store ls -r relief.zarr | wc -l")]
pub(crate) struct LsArgs {
    #[command(flatten)]
    pub(crate) from: Readable,
    /// The folder; the root if not given
    #[arg(value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
    /// Say sizes in bytes too
    #[arg(short, long)]
    pub(crate) long: bool,
    /// All keys below, not only the names one level deep
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the groups and arrays of a Zarr hierarchy
///
/// Arrays with their data type, shape, chunks and, where they have them, shards and the names of
/// their axes. A store that does not list shows what its consolidated metadata names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store tree relief.icechunk
  terracube store tree s3://bucket/relief.zarr climate --depth 1")]
pub(crate) struct TreeArgs {
    #[command(flatten)]
    pub(crate) from: Readable,
    /// The node to begin with; the root if not given
    #[arg(value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
    /// At most so many levels below it
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// Print one JSON object: nodes within nodes
    #[arg(long)]
    pub(crate) json: bool,
}

/// Add up bytes and keys, child by child
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store du relief.icechunk
  terracube store du s3://bucket/relief.zarr --depth 2 --json")]
pub(crate) struct DuArgs {
    #[command(flatten)]
    pub(crate) from: Readable,
    /// The folder; the root if not given
    #[arg(value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
    /// Tell apart what lies within so many levels; 0 for the sum only
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) depth: usize,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Read a value, or a part of it
///
/// The bytes go to the standard output, or to a file that appears when it is whole.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store get relief.icechunk zarr.json
  terracube store get relief.zarr elevation/c/0/0/0 -o chunk.bin
  terracube store get s3://bucket/relief.zarr elevation/c/0/0/0 --suffix 4 | xxd
  terracube store get relief.icechunk zarr.json --at v1")]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) from: Readable,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Write a file instead
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) part: Part,
}

/// Which bytes of a value.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Part {
    /// Only the bytes from A on, up to but without B, counted from 0
    #[arg(long, value_name = "A-B", value_parser = range)]
    pub(crate) range: Option<(u64, u64)>,
    /// Only the bytes from N on
    #[arg(long, value_name = "N")]
    pub(crate) offset: Option<u64>,
    /// Only the last N bytes
    #[arg(long, value_name = "N")]
    pub(crate) suffix: Option<u64>,
}

impl Part {
    pub(crate) fn request(&self) -> ByteRequest {
        match (self.range, self.offset, self.suffix) {
            (Some((start, end)), ..) => ByteRequest::Range { start, end },
            (_, Some(offset), _) => ByteRequest::Offset(offset),
            (_, _, Some(suffix)) => ByteRequest::Suffix(suffix),
            _ => ByteRequest::All,
        }
    }
}

/// Write a value
///
/// A store that is not there is created: a plain one where the name ends in .zarr, else an Icechunk
/// repository. There the value is one commit.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store put relief.zarr zarr.json group.json
  echo '{\"zarr_format\":3,\"node_type\":\"group\"}' | terracube store put new.icechunk zarr.json
  terracube store put s3://bucket/locks.zarr lock/a owner.txt --if-not-exists")]
pub(crate) struct PutArgs {
    /// The store
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// The file with the value; - is the standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// It is an error when the key has a value
    #[arg(long)]
    pub(crate) if_not_exists: bool,
    /// The message of the commit
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
}

/// Copy a store, or a part of it, to another
///
/// Many values at a time, each verified after it is written. What the target has already, with the
/// same size (and the same hash, where both sides have one at hand), is left as it is, so the same
/// command again completes a copy that was interrupted or in which some keys failed. What only the
/// target has stays.
///
/// A plain target gets the metadata last, and none above a key that failed: what opens is whole.
/// An Icechunk repository gets one commit; a large copy is committed in parts on a branch
/// terracube-copy-…, and the main branch is moved on to it at the end. Consolidated metadata is not
/// taken along there.
///
/// The target is created when nothing is there: a plain store where its name ends in .zarr,
/// else an Icechunk repository. Ctrl-C stops gently.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 all copied, 3 some keys were not (they are listed), 4 stopped before the end.

With --json every event is one line on the standard output:
  {\"event\":\"copied\",\"key\":\"elevation/c/0/0/0\",\"bytes\":51234}
  {\"event\":\"skipped\",\"key\":\"elevation/c/0/0/1\",\"bytes\":49012}
  {\"event\":\"finished\",\"report\":{\"copied\":{\"keys\":1,\"bytes\":51234},…}}

Examples:
  terracube store cp relief.icechunk s3://bucket/relief.zarr
  terracube store cp relief.icechunk old.zarr --at v1
  terracube store cp s3://bucket/all.zarr part.icechunk --from-prefix climate/2024
  terracube store cp relief.zarr s3://bucket/relief.zarr --verify content")]
pub(crate) struct CpArgs {
    /// The store to copy
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// Where it goes
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// Copy this version, tag or branch of an Icechunk repository instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) at: Option<String>,
    /// Copy only what is below this prefix
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) from_prefix: String,
    /// Put it below this prefix
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) to_prefix: String,
    /// The same prefix on both sides
    #[arg(long, value_name = "PREFIX", conflicts_with_all = ["from_prefix", "to_prefix"])]
    pub(crate) prefix: Option<String>,
    /// When a value at the target is the same: by its size (and hash), or by reading both
    #[arg(long, value_enum, default_value = "size", value_name = "HOW")]
    pub(crate) verify: VerifyBy,
    /// Memory that values under way may take; a larger value goes alone
    #[arg(long, value_name = "SIZE", default_value = "256M")]
    pub(crate) memory: Bytes,
    /// Values under way at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) requests: u16,
    /// The message of the commits
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Print every event as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyBy {
    Size,
    Content,
}

/// Remove values
///
/// One key, or with --recursive all that is below a prefix. In an Icechunk repository that is one
/// commit, and the versions before keep what they had.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store rm relief.zarr elevation/c/0/0/0
  terracube store rm --recursive relief.icechunk old/elevation
  terracube store rm --recursive scratch.zarr --yes")]
pub(crate) struct RmArgs {
    /// The store
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The key, or the prefix
    #[arg(value_name = "KEY", required_unless_present = "recursive")]
    pub(crate) key: Option<String>,
    /// All that is below the prefix
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Yes, all of the store
    #[arg(long)]
    pub(crate) yes: bool,
    /// The message of the commit
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
}

/// Try the rules of the store contract, and say what the store can do
///
/// Nothing is changed. A plain store that can be written gets a folder .check-terracube-… for as
/// long as a rule is tried; an Icechunk repository gets sessions that are never committed (what
/// they wrote is garbage that a collection removes). A store that cannot be written is read.
///
/// The rules are those of the conformance suite of the crate terracube-store.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 every rule is kept, 1 one is broken, 4 stopped before the end.

Examples:
  terracube store check s3://bucket/scratch.zarr
  terracube store check https://host/relief.zarr --key elevation/c/0/0/0 --json")]
pub(crate) struct CheckArgs {
    /// The store; a plain one (.zarr) need not be there yet, memory: is tried too
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The value to read where nothing can be written; one is looked for if not given
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what a store is and holds
///
/// Its kind and what it can do; branches, tags and the latest versions where it has them; the
/// attributes of its root, and how many groups and arrays there are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube store info relief.icechunk
  terracube store info s3://bucket/relief.zarr --json")]
pub(crate) struct StoreInfoArgs {
    #[command(flatten)]
    pub(crate) from: Readable,
    /// How many versions to list, newest first
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) versions: usize,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let parsed = text.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parsed {
        Some((start, end)) if start < end => Ok((start, end)),
        _ => Err("write it as A-B with A below B: 0-10 are the first ten bytes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_begin_below_their_end() {
        assert_eq!(range("0-10"), Ok((0, 10)));
        for wrong in ["", "10", "10-10", "10-2", "-5", "a-b", "1-2-3"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
