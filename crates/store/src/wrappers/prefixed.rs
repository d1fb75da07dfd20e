//! A folder of a store, as a store.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;

use crate::{
    ByteRequest, Capability, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// The part of a store below a prefix, as a store of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Prefixed<S> {
    inner: S,
    prefix: Prefix,
}

impl<S> Prefixed<S> {
    /// What `inner` has below `prefix`.
    pub fn new(inner: S, prefix: Prefix) -> Self {
        Self { inner, prefix }
    }

    fn key(&self, key: &Key) -> Result<Key> {
        self.prefix.join(key.as_str())
    }

    fn below(&self, prefix: &Prefix) -> Prefix {
        self.prefix.append(prefix)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ReadStore> ReadStore for Prefixed<S> {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        self.inner.get(&self.key(key)?, request).await
    }
    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let requests = requests
            .iter()
            .map(|(key, request)| Ok((self.key(key)?, *request)))
            .collect::<Result<Vec<_>>>()?;
        self.inner.get_partial_values(&requests).await
    }
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.inner.size(&self.key(key)?).await
    }
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        self.inner.stat(&self.key(key)?).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for Prefixed<S> {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }
    fn identity(&self) -> Option<String> {
        let inner = self.inner.identity()?;
        match self.prefix.as_str() {
            "" => Some(inner),
            prefix => Some(format!("{}/{prefix}", inner.trim_end_matches('/'))),
        }
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.inner.set(&self.key(key)?, value).await
    }
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        self.inner.set_if_not_exists(&self.key(key)?, value).await
    }
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        let values = values
            .iter()
            .map(|(key, offset, bytes)| Ok((self.key(key)?, *offset, bytes.clone())))
            .collect::<Result<Vec<_>>>()?;
        self.inner.set_partial_values(&values).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        self.inner.delete(&self.key(key)?).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.inner.delete_dir(&self.below(prefix)).await
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let own = self.prefix.clone();
        self.inner
            .list_prefix(&self.below(prefix))
            .map(move |key| {
                let key = key?;
                Key::new(own.strip(&key).unwrap_or(key.as_str()))
            })
            .boxed()
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        self.inner.list_dir(&self.below(prefix))
    }
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let own = self.prefix.clone();
        self.inner
            .list_stats(&self.below(prefix))
            .map(move |listed| {
                let (key, stat) = listed?;
                Ok((Key::new(own.strip(&key).unwrap_or(key.as_str()))?, stat))
            })
            .boxed()
    }
}

impl<S: Debug> Debug for Prefixed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)?;
        if self.prefix.as_str().is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}
