//! A place in a store: a key or a folder, with what can be done there.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::{ByteRequest, Key, Prefix, Result, Store, StoreExt};

/// A store with a path in it: what zarr-python calls a `StorePath`, for readers and writers of one
/// value (its `ByteGetter` and `ByteSetter`). Two are equal when store and path are.
#[derive(Clone)]
pub struct StorePath {
    store: Arc<dyn Store>,
    path: Prefix,
}

impl StorePath {
    /// The place `path` in `store`; an empty path is the root.
    ///
    /// # Errors
    /// [`Error::InvalidKey`](crate::Error::InvalidKey) when the path is malformed.
    pub fn new(store: Arc<dyn Store>, path: &str) -> Result<Self> {
        Ok(Self { store, path: Prefix::new(path)? })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The path, empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The path as the folder it is.
    pub(crate) fn prefix(&self) -> &Prefix {
        &self.path
    }

    /// The place `name` below this one.
    ///
    /// # Errors
    /// [`Error::InvalidKey`](crate::Error::InvalidKey) when the name is malformed.
    pub fn join(&self, name: &str) -> Result<Self> {
        let path = self.path.append(&Prefix::new(name)?);
        Ok(Self { store: Arc::clone(&self.store), path })
    }

    /// The bytes that `request` names, or `None` when there is no value here.
    ///
    /// # Errors
    /// As [`ReadStore::get`](crate::ReadStore::get); the root has no value.
    pub async fn get(&self, request: ByteRequest) -> Result<Option<Bytes>> {
        self.store.get(&self.key()?, request).await
    }

    /// Writes the value.
    ///
    /// # Errors
    /// As [`Store::set`].
    pub async fn set(&self, value: Bytes) -> Result<()> {
        self.store.set(&self.key()?, value).await
    }

    /// Writes the value unless there is one; `true` when written.
    ///
    /// # Errors
    /// As [`Store::set_if_not_exists`].
    pub async fn set_if_not_exists(&self, value: Bytes) -> Result<bool> {
        self.store.set_if_not_exists(&self.key()?, value).await
    }

    /// Writes the value, or deletes it when there is none.
    ///
    /// # Errors
    /// As [`Store::set`] and [`Store::delete`].
    pub async fn set_or_delete(&self, value: Option<Bytes>) -> Result<()> {
        match value {
            Some(value) => self.set(value).await,
            None => self.delete().await,
        }
    }

    /// Removes the value; a missing one is no error.
    ///
    /// # Errors
    /// As [`Store::delete`].
    pub async fn delete(&self) -> Result<()> {
        self.store.delete(&self.key()?).await
    }

    /// Removes all values below.
    ///
    /// # Errors
    /// As [`Store::delete_dir`].
    pub async fn delete_dir(&self) -> Result<()> {
        self.store.delete_dir(&self.path).await
    }

    /// Whether there is a value here.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn exists(&self) -> Result<bool> {
        match self.path.as_str() {
            "" => Ok(false),
            _ => self.store.exists(&self.key()?).await,
        }
    }

    /// Whether there is nothing below.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn is_empty(&self) -> Result<bool> {
        self.store.is_empty(&self.path).await
    }

    fn key(&self) -> Result<Key> {
        Key::new(self.path.as_str())
    }
}

impl PartialEq for StorePath {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && *self.store == *other.store
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.store)?;
        if self.path.as_str().is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}
