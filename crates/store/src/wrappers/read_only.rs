//! A store that refuses every write.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    ByteRequest, Capability, Error, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// A view of a store that refuses every write with [`Error::ReadOnly`].
#[derive(Clone, PartialEq, Eq)]
pub struct ReadOnly<S> {
    inner: S,
}

impl<S> ReadOnly<S> {
    /// A read-only view of `inner`.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Store> ReadOnly<S> {
    fn refuse<T>(&self, operation: &'static str) -> Result<T> {
        Err(Error::ReadOnly { operation, store: format!("{:?}", self.inner) })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> ReadStore for ReadOnly<S> {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        self.inner.get(key, request).await
    }
    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        self.inner.get_partial_values(requests).await
    }
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.inner.size(key).await
    }
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        self.inner.stat(key).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for ReadOnly<S> {
    fn capability(&self) -> Capability {
        Capability { listing: self.inner.capability().listing, ..Capability::read_only() }
    }
    fn identity(&self) -> Option<String> {
        self.inner.identity().map(|inner| format!("{inner} (read-only)"))
    }
    async fn set(&self, _key: &Key, _value: Bytes) -> Result<()> {
        self.refuse("write")
    }
    async fn set_if_not_exists(&self, _key: &Key, _value: Bytes) -> Result<bool> {
        self.refuse("write")
    }
    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.refuse("write")
    }
    async fn delete(&self, _key: &Key) -> Result<()> {
        self.refuse("delete")
    }
    async fn delete_dir(&self, _prefix: &Prefix) -> Result<()> {
        self.refuse("delete")
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        self.inner.list_prefix(prefix)
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        self.inner.list_dir(prefix)
    }
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        self.inner.list_stats(prefix)
    }
}

impl<S: Debug> Debug for ReadOnly<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
