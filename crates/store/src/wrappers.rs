//! Stores made of another store.

mod dirty;
mod prefixed;
mod read_only;

pub(crate) use dirty::Dirty;
pub use prefixed::Prefixed;
pub use read_only::ReadOnly;
