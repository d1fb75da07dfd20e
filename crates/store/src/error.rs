//! What can go wrong in a store.

use crate::ByteRequest;

/// A cause from another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of a store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that must be there is not.
    #[error("`{key}` is not in {store}")]
    NotFound {
        /// The missing key.
        key: String,
        /// The store asked.
        store: String,
    },
    /// Something is there that must not be.
    #[error("`{key}` is already in {store}")]
    AlreadyExists {
        /// The key found.
        key: String,
        /// The store asked.
        store: String,
    },
    /// A key or prefix is malformed.
    #[error("`{key}` is not a valid key: {reason}")]
    InvalidKey {
        /// The text given.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A byte request is empty or lies outside the value.
    #[error("{request:?} of `{key}`, which has {size} bytes, is empty or outside it")]
    InvalidRange {
        /// The key asked.
        key: String,
        /// The request.
        request: ByteRequest,
        /// The size of the value in bytes.
        size: u64,
    },
    /// The store cannot do this; its [`Capability`](crate::Capability) says so.
    #[error("{store} cannot {operation}")]
    Unsupported {
        /// The operation, as a verb.
        operation: &'static str,
        /// The store asked.
        store: String,
    },
    /// The store was opened for reading only.
    #[error(
        "{store} is read-only: open it for writing to {operation}, or copy it if that cannot be"
    )]
    ReadOnly {
        /// The operation, as a verb.
        operation: &'static str,
        /// The store asked.
        store: String,
    },
    /// Permission is missing.
    #[error("no permission to {operation} `{key}` in {store}")]
    PermissionDenied {
        /// The operation, as a verb.
        operation: &'static str,
        /// The key at fault.
        key: String,
        /// The store asked.
        store: String,
        /// The cause.
        source: Cause,
    },
    /// There is no room left.
    #[error("no space left in {store} to write `{key}`: free some and run again")]
    NoSpace {
        /// The key being written.
        key: String,
        /// The store.
        store: String,
        /// The cause.
        source: Cause,
    },
    /// Another session committed something that contradicts this one.
    #[error("the commit conflicts with a newer one in {store}: {conflict}")]
    Conflict {
        /// The store.
        store: String,
        /// What conflicts.
        conflict: String,
    },
    /// A store location could not be understood.
    #[error("`{location}` is not a store location: {reason}")]
    Location {
        /// The text given (secrets removed).
        location: String,
        /// What is wrong and what is known.
        reason: String,
    },
    /// Array or group metadata is missing, malformed or unsupported.
    #[error("Zarr metadata of `{path}`: {reason}")]
    Metadata {
        /// The node.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A chunk could not be encoded or decoded.
    #[error("chunk {chunk:?} of `{path}`: {reason}")]
    Codec {
        /// The array.
        path: String,
        /// The chunk's grid indices.
        chunk: Vec<u64>,
        /// What went wrong.
        reason: String,
    },
    /// A window or chunk index does not fit the array.
    #[error("{asked} does not fit `{path}`, which has {shape:?}")]
    OutOfBounds {
        /// The array.
        path: String,
        /// What was asked.
        asked: String,
        /// The shape of the array, or of its chunk grid.
        shape: Vec<u64>,
    },
    /// A store breaks a rule of the contract (see `conformance`).
    #[error("{store} breaks the contract: {reason}")]
    Contract {
        /// The store.
        store: String,
        /// What was expected, and what was found.
        reason: String,
    },
    /// The backend failed.
    #[error("could not {operation} `{key}` in {store}: {source}")]
    Backend {
        /// The operation, as a verb.
        operation: &'static str,
        /// The key at fault.
        key: String,
        /// The store asked.
        store: String,
        /// Whether trying again may help.
        transient: bool,
        /// The cause.
        source: Cause,
    },
}

impl Error {
    /// Whether trying the same again may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Backend { transient: true, .. })
    }
}
