//! Zarr v3 arrays and groups on any [`Store`](crate::Store): chunk codecs apart from I/O.

mod array;
mod chunk;
mod codecs;
mod copy;
mod group;
mod output;
mod shard;
mod spec;
mod window;

pub use array::ZarrArray;
pub use codecs::Codecs;
pub use group::{create_group, read_group_attributes, write_consolidated, write_group_attributes};
pub use spec::ArraySpec;

use crate::{Error, Prefix, Result};

/// The folder of a node; `""` and `/` are the root.
fn node(path: &str) -> Result<Prefix> {
    Prefix::new(path.strip_prefix('/').unwrap_or(path))
}

fn metadata_error(path: &Prefix, reason: impl ToString) -> Error {
    Error::Metadata { path: format!("/{path}"), reason: reason.to_string() }
}
