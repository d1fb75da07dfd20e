//! A store that answers late, for tests and measurements.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};

use super::Operation;
use super::around::{Answer, Call, forward_around};
use crate::Result;

/// Answers every operation later than the store inside, as one far away does.
pub struct Latency<S> {
    inner: Arc<S>,
    latency: Duration,
    bytes_per_s: Option<u64>,
}

impl<S> Latency<S> {
    /// Every operation of `inner` takes `latency` more; a listing only until its first name.
    pub fn new(inner: S, latency: Duration) -> Self {
        Self { inner: Arc::new(inner), latency, bytes_per_s: None }
    }

    /// Bytes read or written take time as well: each operation has so many per second for itself.
    #[must_use]
    pub fn with_bytes_per_s(mut self, bytes_per_s: u64) -> Self {
        self.bytes_per_s = Some(bytes_per_s.max(1));
        self
    }

    fn transfer(&self, bytes: u64) -> Duration {
        self.bytes_per_s.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos((bytes.saturating_mul(1_000_000_000)) / rate)
        })
    }

    async fn around<'a, T: Answer>(
        &self,
        call: Call<'_>,
        run: impl Fn() -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        tokio::time::sleep(self.latency + self.transfer(call.written)).await;
        let answer = run().await?;
        let transfer = self.transfer(answer.bytes());
        if !transfer.is_zero() {
            tokio::time::sleep(transfer).await;
        }
        Ok(answer)
    }

    fn around_list<T: Send + 'static>(
        &self,
        _: Call<'_>,
        list: impl Fn() -> BoxStream<'static, Result<T>> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let latency = self.latency;
        stream::once(async move {
            tokio::time::sleep(latency).await;
            list()
        })
        .flatten()
        .boxed()
    }
}

forward_around!(Latency);

impl<S> Clone for Latency<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), ..*self }
    }
}

impl<S: Debug> Debug for Latency<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
