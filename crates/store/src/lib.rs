//! The Zarr store contract for Rust: byte requests, listing, sessions and versions, over any backend.

mod adapters;
mod backoff;
mod capability;
#[cfg(feature = "conformance")]
pub mod conformance;
mod copy;
mod error;
#[cfg(all(fuzzing, feature = "_object"))]
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod open;
mod range;
mod repository;
mod store;
mod store_path;
mod unversioned;
mod wrappers;
#[cfg(feature = "zarr")]
mod zarr;
#[cfg(feature = "zarrs-interop")]
pub mod zarrs_interop;

#[cfg(feature = "zip")]
pub use adapters::Zip;
pub use adapters::{Directory, Memory};
pub use capability::Capability;
pub use copy::{Copy, CopyEvent, CopyFailure, CopyOptions, CopyReport, Tally, Verify};
pub use error::{Cause, Error, Result};
pub use key::{Key, Prefix};
pub use open::{
    IcechunkSpec, OpenOptions, S3Credentials, S3Options, create_repository, open_repository,
};
pub use range::ByteRequest;
pub use repository::{Collected, Repository, Session, Version, VersionInfo, Versions};
pub use store::{Entry, Keys, Names, ReadStore, Stat, Stats, Store, StoreExt};
pub use store_path::StorePath;
pub use unversioned::Unversioned;
pub use wrappers::{
    Cached, Fault, FaultKind, Faulty, Latency, Limited, Measured, Metrics, Operation,
    OperationMetrics, Prefixed, ReadOnly, Retry,
};
#[cfg(feature = "zarr")]
pub use zarr::{
    ArraySpec, Codecs, ZarrArray, create_group, read_group_attributes, write_consolidated,
    write_group_attributes,
};

#[cfg(all(doctest, feature = "zarr", feature = "icechunk"))]
#[doc = include_str!("../README.md")]
struct Readme;
