//! How failures of the file system become errors of a store.

use std::io;

use crate::{Error, Result};

/// What was being done, to which key, where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doing<'a> {
    pub(crate) operation: &'static str,
    pub(crate) key: &'a str,
    pub(crate) store: &'a str,
}

impl Doing<'_> {
    pub(crate) fn failed(self, cause: io::Error) -> Error {
        let Self { operation, key, store } = self;
        let (key, store) = (key.to_owned(), store.to_owned());
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Error::NoSpace { key, store, source: cause.into() }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::PermissionDenied { operation, key, store, source: cause.into() }
            }
            kind => Error::Backend {
                operation,
                key,
                store,
                transient: matches!(kind, io::ErrorKind::Interrupted | io::ErrorKind::TimedOut),
                source: cause.into(),
            },
        }
    }
}

/// Runs file system calls on a thread that may block.
pub(crate) async fn blocking<T, F>(store: &str, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(cause) => Err(Error::Backend {
            operation: "finish working on",
            key: String::new(),
            store: store.to_owned(),
            transient: false,
            source: cause.into(),
        }),
    }
}
