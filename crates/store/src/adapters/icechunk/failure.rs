//! How failures of Icechunk become errors of a store.

use std::error::Error as StdError;

use icechunk::storage::StorageErrorKind;

use crate::Error;

/// What was being done, to which key, where.
#[derive(Clone, Copy)]
pub(super) struct Doing<'a> {
    operation: &'static str,
    key: &'a str,
    store: &'a str,
}

impl<'a> Doing<'a> {
    pub(super) fn new(operation: &'static str, store: &'a str) -> Self {
        Self { operation, key: "", store }
    }

    pub(super) fn key(self, key: &'a str) -> Self {
        Self { key, ..self }
    }

    /// The error; what a local storage met, deep inside, decides its meaning.
    pub(super) fn failed(self, kind: impl StdError + Send + Sync + 'static) -> Error {
        let (operation, key, store) = (self.operation, self.key.to_owned(), self.store.to_owned());
        match deepest(&kind) {
            Meaning::NoSpace => Error::NoSpace { key, store, source: Box::new(kind) },
            Meaning::PermissionDenied => {
                Error::PermissionDenied { operation, key, store, source: Box::new(kind) }
            }
            Meaning::Other { transient } => {
                Error::Backend { operation, key, store, transient, source: Box::new(kind) }
            }
        }
    }
}

enum Meaning {
    NoSpace,
    PermissionDenied,
    Other { transient: bool },
}

fn deepest(error: &(dyn StdError + 'static)) -> Meaning {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(Error::NoSpace { .. }) => return Meaning::NoSpace,
            Some(Error::PermissionDenied { .. }) => return Meaning::PermissionDenied,
            Some(error) => return Meaning::Other { transient: error.is_transient() },
            None => {}
        }
        if let Some(StorageErrorKind::Throttled { .. }) = error.downcast_ref() {
            return Meaning::Other { transient: true };
        }
        next = error.source();
    }
    Meaning::Other { transient: false }
}
