//! A store that counts what is done with it.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::Serialize;

use super::Operation;
use super::around::{Answer, Call, forward_around};
use crate::Result;

/// Counts the operations of a store, their bytes, errors and time. Clones count together.
///
/// ```
/// # use terracube_store::{Key, Measured, Memory, Operation, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> terracube_store::Result<()> {
/// let store = Measured::new(Memory::new());
/// store.set(&Key::new("a/zarr.json")?, "{}".into()).await?;
/// assert_eq!(store.metrics().of(Operation::Set).bytes, 2);
/// # Ok(()) }
/// ```
pub struct Measured<S> {
    inner: Arc<S>,
    counters: Arc<Counters>,
}

/// What was done with a store, by operation; only operations that were called are in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Metrics {
    /// The operations called.
    pub operations: BTreeMap<Operation, OperationMetrics>,
}

/// What one operation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// How often it was called, cancelled calls too.
    pub calls: u64,
    /// How often it failed.
    pub errors: u64,
    /// Bytes read or given to be written by calls that succeeded.
    pub bytes: u64,
    /// Keys or names listed.
    pub listed: u64,
    /// The time that calls took until their answer, added up; listings take none.
    pub time: Duration,
}

impl Metrics {
    /// What one operation did.
    #[must_use]
    pub fn of(&self, operation: Operation) -> OperationMetrics {
        self.operations.get(&operation).copied().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Counters([Counter; Operation::ALL.len()]);

#[derive(Debug, Default)]
struct Counter {
    calls: AtomicU64,
    errors: AtomicU64,
    bytes: AtomicU64,
    listed: AtomicU64,
    nanoseconds: AtomicU64,
}

impl<S> Measured<S> {
    /// Counts what is done with `inner`.
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), counters: Arc::default() }
    }

    /// What was done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let called = |operation| {
            let counter = self.counters.of(operation);
            let metrics = OperationMetrics {
                calls: counter.calls.load(Relaxed),
                errors: counter.errors.load(Relaxed),
                bytes: counter.bytes.load(Relaxed),
                listed: counter.listed.load(Relaxed),
                time: Duration::from_nanos(counter.nanoseconds.load(Relaxed)),
            };
            (metrics.calls > 0).then_some((operation, metrics))
        };
        Metrics { operations: Operation::ALL.into_iter().filter_map(called).collect() }
    }

    async fn around<'a, T: Answer>(
        &self,
        call: Call<'_>,
        run: impl Fn() -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        let counter = self.counters.of(call.operation);
        counter.calls.fetch_add(1, Relaxed);
        let begun = Instant::now();
        let answer = run().await;
        let time = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        counter.nanoseconds.fetch_add(time, Relaxed);
        match &answer {
            Ok(answer) => counter.bytes.fetch_add(answer.bytes() + call.written, Relaxed),
            Err(_) => counter.errors.fetch_add(1, Relaxed),
        };
        answer
    }

    fn around_list<T: Send + 'static>(
        &self,
        call: Call<'_>,
        list: impl Fn() -> BoxStream<'static, Result<T>> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let (counters, operation) = (Arc::clone(&self.counters), call.operation);
        counters.of(operation).calls.fetch_add(1, Relaxed);
        list()
            .inspect(move |name| {
                let counter = counters.of(operation);
                let count = if name.is_ok() { &counter.listed } else { &counter.errors };
                count.fetch_add(1, Relaxed);
            })
            .boxed()
    }
}

impl Counters {
    fn of(&self, operation: Operation) -> &Counter {
        &self.0[operation as usize]
    }
}

forward_around!(Measured);

impl<S> Clone for Measured<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), counters: Arc::clone(&self.counters) }
    }
}

impl<S: Debug> Debug for Measured<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
