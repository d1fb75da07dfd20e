//! A store on which only so many operations are under way.

use std::fmt::{self, Debug};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use tokio::sync::Semaphore;

use super::Operation;
use super::around::{Call, forward_around};
use crate::Result;

/// Lets at most so many operations be under way at a time; others wait their turn. Clones share
/// the limit.
///
/// `get_partial_values` counts as one operation. A listing counts while it waits for its next
/// name, not while its reader does something else.
pub struct Limited<S> {
    inner: Arc<S>,
    permits: Arc<Semaphore>,
}

impl<S> Limited<S> {
    /// At most `operations` (at least 1) at a time on `inner`.
    pub fn new(inner: S, operations: usize) -> Self {
        let permits = operations.clamp(1, Semaphore::MAX_PERMITS);
        Self { inner: Arc::new(inner), permits: Arc::new(Semaphore::new(permits)) }
    }

    async fn around<'a, T>(
        &self,
        _: Call<'_>,
        call: impl Fn() -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        // never closed
        let _permit = self.permits.acquire().await;
        call().await
    }

    fn around_list<T: Send + 'static>(
        &self,
        _: Call<'_>,
        list: impl Fn() -> BoxStream<'static, Result<T>> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let permits = Arc::clone(&self.permits);
        let names = stream::once(async move { list() }).flatten().boxed();
        stream::unfold((names, permits), next).boxed()
    }
}

type Waiting<T> = (BoxStream<'static, T>, Arc<Semaphore>);

async fn next<T>((mut names, permits): Waiting<T>) -> Option<(T, Waiting<T>)> {
    let permit = permits.acquire().await;
    let name = names.next().await?;
    drop(permit);
    Some((name, (names, permits)))
}

forward_around!(Limited);

impl<S> Clone for Limited<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), permits: Arc::clone(&self.permits) }
    }
}

impl<S: Debug> Debug for Limited<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.inner, f)
    }
}
