//! How errors of a store become errors of `zarrs`, and back.

use std::io;
use std::sync::Arc;

use zarrs::storage::StorageError;

use crate::Error;
use crate::adapters::Doing;

/// Our error as theirs. What has no counterpart is kept whole, as the cause of an I/O error.
pub(super) fn their_error(error: Error) -> StorageError {
    match error {
        Error::ReadOnly { .. } => StorageError::ReadOnly,
        Error::Unsupported { .. } => their_unsupported(&error),
        error => StorageError::IOError(Arc::new(io::Error::other(error))),
    }
}

pub(super) fn their_unsupported(error: &Error) -> StorageError {
    StorageError::Unsupported(error.to_string())
}

/// Their error as ours.
pub(super) fn our_error(doing: Doing<'_>, error: StorageError) -> Error {
    let Doing { operation, key, store } = doing;
    let (key, store) = (key.to_owned(), store.to_owned());
    match error {
        StorageError::ReadOnly => Error::ReadOnly { operation, store },
        StorageError::Unsupported(_) => Error::Unsupported { operation, store },
        StorageError::IOError(cause) => {
            let kind = cause.kind();
            doing.failed(io::Error::new(kind, cause))
        }
        error => Error::Backend { operation, key, store, transient: false, source: error.into() },
    }
}
