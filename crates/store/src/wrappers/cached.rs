//! A read cache in front of a store, bounded in bytes.

mod files;
mod shelf;

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::OnceCell;

use self::files::Files;
use self::shelf::{Scope, Shelf};
use crate::{
    ByteRequest, Capability, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// Keeps what was read from a store, in memory or in a folder, up to so many bytes; what was not
/// used for long makes room. Clones share it.
///
/// Values are taken to change only through this cache, whose writes forget what they change; it is
/// for stores that others do not write to at the same time, and for versions of a repository. Keys
/// that are missing are asked for again each time, sizes too unless the whole value is kept. Of
/// several that ask for the same at the same time, one asks the store.
pub struct Cached<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    inner: S,
    shelf: Shelf,
    flights: Mutex<HashMap<Flight, Arc<OnceCell<Option<Bytes>>>>>,
}

/// What is being asked for, since when: a write to the key makes it another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Flight {
    key: Key,
    request: ByteRequest,
    epoch: u64,
}

impl<S> Cached<S> {
    /// Keeps up to `capacity` bytes in memory, bookkeeping included.
    pub fn in_memory(inner: S, capacity: u64) -> Self {
        Self::with(inner, Shelf::new(capacity, None))
    }

    /// Keeps up to `capacity` bytes in a folder of its own, where they are found again after a
    /// restart, and checked: what is damaged, or has another size in the store, is forgotten.
    ///
    /// `contents` names what the store holds, such as its location and version; what the folder
    /// has of other contents is removed.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) when another cache uses the folder;
    /// what the file system says.
    pub fn in_folder(
        inner: S,
        folder: impl AsRef<Path>,
        capacity: u64,
        contents: &str,
    ) -> Result<Self> {
        let (files, found) = Files::open(folder.as_ref(), contents)?;
        let shelf = Shelf::new(capacity, Some(files));
        shelf.restore(found);
        Ok(Self::with(inner, shelf))
    }

    fn with(inner: S, shelf: Shelf) -> Self {
        Self { shared: Arc::new(Shared { inner, shelf, flights: Mutex::default() }) }
    }

    /// The bytes kept, with their bookkeeping.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.shelf.bytes()
    }

    /// Forgets all that is kept.
    pub fn forget(&self) {
        self.shared.shelf.forget(&Scope::Below(Prefix::root()));
    }
}

impl<S: ReadStore> Shared<S> {
    /// What is kept; `None` when the store must be asked.
    async fn kept(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        match self.shelf.find(key, request) {
            None => Ok(None),
            Some((found, request)) if found.is_trusted() => found.read(request, key).await,
            Some((found, request)) => {
                let size = self.inner.size(key).await?;
                if size.is_some_and(|size| found.agrees(size, key))
                    && let Some(bytes) = found.read(request, key).await?
                {
                    found.trust();
                    return Ok(Some(bytes));
                }
                self.shelf.forget(&Scope::One(key.clone()));
                Ok(None)
            }
        }
    }

    async fn kept_or_fetched(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        match self.kept(key, request).await? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.fetch(key, request).await,
        }
    }

    async fn fetch(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let epoch = self.shelf.epoch(key);
        let flight = Flight { key: key.clone(), request, epoch };
        let joined = Joined { shared: self, cell: self.join(&flight), flight };
        let fetched = joined.cell.get_or_try_init(async || {
            let value = self.inner.get(key, request).await?;
            if let Some(value) = &value {
                self.shelf.keep(key, request, value.clone(), epoch).await;
            }
            Ok(value)
        });
        fetched.await.cloned()
    }

    fn join(&self, flight: &Flight) -> Arc<OnceCell<Option<Bytes>>> {
        Arc::clone(self.flights().entry(flight.clone()).or_default())
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Flight, Arc<OnceCell<Option<Bytes>>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those that wait for a flight; the last one ends it.
struct Joined<'a, S: ReadStore> {
    shared: &'a Shared<S>,
    cell: Arc<OnceCell<Option<Bytes>>>,
    flight: Flight,
}

impl<S: ReadStore> Drop for Joined<'_, S> {
    fn drop(&mut self) {
        let mut flights = self.shared.flights();
        // landed: who asks now finds it kept; or nobody else waits
        if self.cell.initialized() || Arc::strong_count(&self.cell) == 2 {
            let is_ours =
                flights.get(&self.flight).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
            if is_ours {
                flights.remove(&self.flight);
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ReadStore> ReadStore for Cached<S> {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        if let Some(bytes) = self.shared.shelf.find_in_memory(key, request)? {
            return Ok(Some(bytes));
        }
        // boxed, so that a hit makes a small future
        Box::pin(self.shared.kept_or_fetched(key, request)).await
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let (mut values, mut missing) = (Vec::with_capacity(requests.len()), Vec::new());
        for (place, (key, request)) in requests.iter().enumerate() {
            let kept = self.shared.kept(key, *request).await?;
            if kept.is_none() {
                missing.push((place, self.shared.shelf.epoch(key)));
            }
            values.push(kept);
        }
        if missing.is_empty() {
            return Ok(values);
        }
        let asked: Vec<_> = missing.iter().map(|(place, _)| requests[*place].clone()).collect();
        let fetched = self.shared.inner.get_partial_values(&asked).await?;
        for ((place, epoch), value) in missing.into_iter().zip(fetched) {
            if let Some(value) = &value {
                let (key, request) = &requests[place];
                self.shared.shelf.keep(key, *request, value.clone(), epoch).await;
            }
            values[place] = value;
        }
        Ok(values)
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        match self.shared.shelf.find(key, ByteRequest::All) {
            Some((found, _)) if found.is_trusted() => Ok(Some(found.len())),
            _ => self.shared.inner.size(key).await,
        }
    }
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        self.shared.inner.stat(key).await
    }
}

impl<S: Store> Cached<S> {
    /// Writes, having forgotten what the write changes; nothing of it is kept until it is done.
    async fn write<T>(
        &self,
        scopes: Vec<Scope>,
        run: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let writing = self.shared.shelf.begin_write(scopes);
        let written = run.await?;
        writing.done();
        Ok(written)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for Cached<S> {
    fn capability(&self) -> Capability {
        self.shared.inner.capability()
    }
    fn identity(&self) -> Option<String> {
        self.shared.inner.identity()
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        let scopes = vec![Scope::One(key.clone())];
        self.write(scopes, self.shared.inner.set(key, value)).await
    }
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let scopes = vec![Scope::One(key.clone())];
        self.write(scopes, self.shared.inner.set_if_not_exists(key, value)).await
    }
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        let scopes = values.iter().map(|(key, ..)| Scope::One(key.clone())).collect();
        self.write(scopes, self.shared.inner.set_partial_values(values)).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        let scopes = vec![Scope::One(key.clone())];
        self.write(scopes, self.shared.inner.delete(key)).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let scopes = vec![Scope::Below(prefix.clone())];
        self.write(scopes, self.shared.inner.delete_dir(prefix)).await
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        self.shared.inner.list_prefix(prefix)
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        self.shared.inner.list_dir(prefix)
    }
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        self.shared.inner.list_stats(prefix)
    }
}

impl<S> Clone for Cached<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S: Debug> Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.shared.inner, f)
    }
}
