//! A store that fails on purpose, for tests.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};

use super::Operation;
use super::around::{Call, forward_around};
use crate::{Error, Result};

/// Fails on purpose, by rules, so that what is built on a store can be tested. Clones share the
/// counts.
///
/// ```
/// # use terracube_store::{ByteRequest, Fault, FaultKind, Faulty, Key, Memory, Operation, ReadStore};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> terracube_store::Result<()> {
/// let third = Fault::new(FaultKind::Transient).of(&[Operation::Get]).every_nth(3);
/// let store = Faulty::new(Memory::new()).with(third);
/// let key = Key::new("a")?;
/// assert!(store.get(&key, ByteRequest::All).await.is_ok());
/// assert!(store.get(&key, ByteRequest::All).await.is_ok());
/// assert!(store.get(&key, ByteRequest::All).await.unwrap_err().is_transient());
/// # Ok(()) }
/// ```
pub struct Faulty<S> {
    inner: Arc<S>,
    rules: Arc<Vec<Rule>>,
}

/// A rule: which operations fail, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    operations: Vec<Operation>,
    every_nth: u64,
    times: u64,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// It is not done; trying again may help.
    Transient,
    /// It is not done, and trying again is of no use.
    Permanent,
    /// It is done, but the answer is lost: a transient error all the same.
    LostAnswer,
}

impl Fault {
    /// Every operation fails.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, operations: Operation::ALL.into(), every_nth: 1, times: u64::MAX }
    }

    /// Only these operations.
    #[must_use]
    pub fn of(mut self, operations: &[Operation]) -> Self {
        self.operations = operations.into();
        self
    }

    /// Only every n-th of them: 3 is the 3rd, the 6th, ….
    #[must_use]
    pub fn every_nth(mut self, n: u64) -> Self {
        self.every_nth = n.max(1);
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    seen: AtomicU64,
}

impl Rule {
    fn draw(&self, operation: Operation) -> Option<FaultKind> {
        if !self.fault.operations.contains(&operation) {
            return None;
        }
        let seen = self.seen.fetch_add(1, Relaxed) + 1;
        let is_due = seen.is_multiple_of(self.fault.every_nth);
        (is_due && seen / self.fault.every_nth <= self.fault.times).then_some(self.fault.kind)
    }
}

impl<S> Faulty<S> {
    /// `inner`, without faults yet.
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), rules: Arc::default() }
    }

    /// One more rule; the first that is due decides. Counting begins anew.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        let faults = self.rules.iter().map(|rule| rule.fault.clone()).chain([fault]);
        let rules = faults.map(|fault| Rule { fault, seen: AtomicU64::new(0) }).collect();
        Self { rules: Arc::new(rules), ..self }
    }

    /// The fault that an operation gets; every rule counts it.
    fn draw(&self, operation: Operation) -> Option<FaultKind> {
        let due: Vec<_> = self.rules.iter().filter_map(|rule| rule.draw(operation)).collect();
        due.first().copied()
    }
}

impl<S: Debug> Faulty<S> {
    async fn around<'a, T>(
        &self,
        call: Call<'_>,
        run: impl Fn() -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        let Some(kind) = self.draw(call.operation) else { return run().await };
        if kind == FaultKind::LostAnswer {
            run().await?;
        }
        Err(self.injected(kind, call))
    }

    fn around_list<T: Send + 'static>(
        &self,
        call: Call<'_>,
        list: impl Fn() -> BoxStream<'static, Result<T>> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        match self.draw(call.operation) {
            Some(kind) => stream::iter([Err(self.injected(kind, call))]).boxed(),
            None => list(),
        }
    }

    fn injected(&self, kind: FaultKind, call: Call<'_>) -> Error {
        Error::Backend {
            operation: call.operation.verb(),
            key: call.key.to_owned(),
            store: format!("{:?}", self.inner),
            transient: kind != FaultKind::Permanent,
            source: format!("{kind:?} fault, injected").into(),
        }
    }
}

forward_around!(Faulty);

impl<S> Clone for Faulty<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), rules: Arc::clone(&self.rules) }
    }
}

impl<S: Debug> Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
