//! A store that remembers whether anything was written to it.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    ByteRequest, Capability, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// Remembers whether anything was written; clones share the memory.
#[derive(Clone)]
pub(crate) struct Dirty<S> {
    inner: S,
    written: Arc<AtomicBool>,
}

impl<S> Dirty<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, written: Arc::default() }
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    #[cfg(any(feature = "icechunk", feature = "zip"))]
    pub(crate) fn inner(&self) -> &S {
        &self.inner
    }

    fn mark(&self) -> &S {
        self.written.store(true, Ordering::Release);
        &self.inner
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> ReadStore for Dirty<S> {
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
impl<S: Store> Store for Dirty<S> {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }
    fn identity(&self) -> Option<String> {
        self.inner.identity()
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.mark().set(key, value).await
    }
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let written = self.inner.set_if_not_exists(key, value).await?;
        if written {
            self.mark();
        }
        Ok(written)
    }
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.mark().set_partial_values(values).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        self.mark().delete(key).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.mark().delete_dir(prefix).await
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

impl<S: Debug> Debug for Dirty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
