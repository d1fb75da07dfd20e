//! The Zarr store contract for Rust: byte requests, listing, sessions and versions, over any backend.

mod capability;
mod error;
mod key;
mod range;
mod repository;
mod store;

pub use capability::Capability;
pub use error::{Cause, Error, Result};
pub use key::{Key, Prefix};
pub use range::ByteRequest;
pub use repository::{Repository, Session, Version, VersionInfo};
pub use store::{Entry, Keys, Names, ReadStore, Store, StoreExt};
