//! A store that tries again when that may help.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};

use crate::backoff::Backoff;
use crate::{
    ByteRequest, Capability, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// Tries an operation again when its error says that may help
/// ([`Error::is_transient`](crate::Error::is_transient)), with full jitter between the attempts.
///
/// To be put around a store once, and not around stores in buckets, whose clients do this already.
/// A listing that has failed before its first name is begun again; later its error is passed on.
pub struct Retry<S> {
    inner: Arc<S>,
    attempts: u32,
    backoff: Backoff,
}

impl<S> Retry<S> {
    /// Five attempts in all, with pauses of up to 0.1 s at first and 10 s at most.
    pub fn new(inner: S) -> Self {
        let backoff =
            Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(10) };
        Self { inner: Arc::new(inner), attempts: 5, backoff }
    }

    /// So many attempts in all, at least 1.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Pauses of up to `first` after the first attempt, doubling up to `longest`.
    #[must_use]
    pub fn with_pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = Backoff { first, longest };
        self
    }

    async fn again<'a, T>(&self, call: impl Fn() -> BoxFuture<'a, Result<T>> + Send) -> Result<T> {
        let mut attempt = 0;
        loop {
            match call().await {
                Err(error) if self.is_worth_another(attempt, &error) => {}
                answer => return answer,
            }
            tokio::time::sleep(self.backoff.pause(attempt)).await;
            attempt += 1;
        }
    }

    fn is_worth_another(&self, attempt: u32, error: &crate::Error) -> bool {
        let worth = attempt + 1 < self.attempts && error.is_transient();
        if worth {
            tracing::debug!(attempt, %error, "trying again");
        }
        worth
    }
}

impl<S: Store> Retry<S> {
    fn again_list<T: Send + 'static>(
        &self,
        list: impl Fn(&S) -> BoxStream<'static, Result<T>> + Send + Sync + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let this = Self { inner: Arc::clone(&self.inner), ..*self };
        stream::once(async move {
            let mut attempt = 0;
            loop {
                // an empty one has ended here, and the chain asks it again
                let mut names = list(&this.inner).fuse();
                match names.next().await {
                    Some(Err(error)) if this.is_worth_another(attempt, &error) => {}
                    first => return stream::iter(first).chain(names),
                }
                tokio::time::sleep(this.backoff.pause(attempt)).await;
                attempt += 1;
            }
        })
        .flatten()
        .boxed()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ReadStore> ReadStore for Retry<S> {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        self.again(|| self.inner.get(key, request)).await
    }
    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        self.again(|| self.inner.get_partial_values(requests)).await
    }
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.again(|| self.inner.size(key)).await
    }
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        self.again(|| self.inner.stat(key)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for Retry<S> {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }
    fn identity(&self) -> Option<String> {
        self.inner.identity()
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.again(|| self.inner.set(key, value.clone())).await
    }

    /// Of a failed attempt it is not known whether it wrote. When a later one finds a value, it is
    /// taken for ours if it is equal to ours.
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let mut attempt = 0;
        loop {
            match self.inner.set_if_not_exists(key, value.clone()).await {
                Ok(false) if attempt > 0 => {
                    return Ok(self.get(key, ByteRequest::All).await?.as_ref() == Some(&value));
                }
                Err(error) if self.is_worth_another(attempt, &error) => {}
                answer => return answer,
            }
            tokio::time::sleep(self.backoff.pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.again(|| self.inner.set_partial_values(values)).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        self.again(|| self.inner.delete(key)).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.again(|| self.inner.delete_dir(prefix)).await
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let prefix = prefix.clone();
        self.again_list(move |inner| inner.list_prefix(&prefix))
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        let prefix = prefix.clone();
        self.again_list(move |inner| inner.list_dir(&prefix))
    }
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let prefix = prefix.clone();
        self.again_list(move |inner| inner.list_stats(&prefix))
    }
}

impl<S> Clone for Retry<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), ..*self }
    }
}

impl<S: Debug> Debug for Retry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
