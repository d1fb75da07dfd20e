//! Storage of `zarrs` as a store of ours.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};
use tokio::sync::Mutex;
use zarrs::storage::byte_range::ByteRange;
use zarrs::storage::storage_adapter::sync_to_async::{
    SyncToAsyncSpawnBlocking, SyncToAsyncStorageAdapter,
};
use zarrs::storage::{
    AsyncReadableListableStorageTraits, AsyncReadableWritableListableStorageTraits,
    ReadableListableStorageTraits, ReadableWritableListableStorageTraits, StorageError, StoreKey,
    StoreKeysPrefixes, StorePrefix,
};

use super::failure::our_error;
use crate::adapters::Doing;
use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Store,
};

/// Storage of `zarrs`, asynchronous or blocking, as a store of ours.
///
/// Creating a key is atomic among the clones of this store only, which its capability says by
/// `atomic_create: false`; whether a value is replaced at once is up to the storage. Listings are
/// gathered before they are given. Clones share the storage; two stores are equal when they do.
#[derive(Clone)]
pub struct ZarrsStore {
    shown: Arc<str>,
    read: Arc<dyn AsyncReadableListableStorageTraits>,
    write: Option<Arc<dyn AsyncReadableWritableListableStorageTraits>>,
    creating: Arc<Mutex<()>>,
    may_be_files: bool,
}

impl ZarrsStore {
    /// The store over asynchronous storage; `name` is how errors call it.
    #[must_use]
    pub fn new(name: &str, storage: Arc<dyn AsyncReadableWritableListableStorageTraits>) -> Self {
        Self::of(name, Arc::clone(&storage).readable_listable(), Some(storage))
    }

    /// The store over asynchronous storage that cannot be written.
    #[must_use]
    pub fn read_only(name: &str, storage: Arc<dyn AsyncReadableListableStorageTraits>) -> Self {
        Self::of(name, storage, None)
    }

    /// The store over blocking storage, which is called on threads that may block.
    #[must_use]
    pub fn blocking<S>(name: &str, storage: Arc<S>) -> Self
    where
        S: ReadableWritableListableStorageTraits + ?Sized + 'static,
    {
        let storage = Arc::new(SyncToAsyncStorageAdapter::new(storage, OnBlockingThreads));
        Self { may_be_files: true, ..Self::new(name, storage) }
    }

    /// The store over blocking storage that cannot be written.
    #[must_use]
    pub fn blocking_read_only<S>(name: &str, storage: Arc<S>) -> Self
    where
        S: ReadableListableStorageTraits + ?Sized + 'static,
    {
        let storage = Arc::new(SyncToAsyncStorageAdapter::new(storage, OnBlockingThreads));
        Self { may_be_files: true, ..Self::read_only(name, storage) }
    }

    fn of(
        name: &str,
        read: Arc<dyn AsyncReadableListableStorageTraits>,
        write: Option<Arc<dyn AsyncReadableWritableListableStorageTraits>>,
    ) -> Self {
        Self { shown: name.into(), read, write, creating: Arc::default(), may_be_files: false }
    }

    fn failed(&self, operation: &'static str, key: &str) -> impl Fn(StorageError) -> Error {
        move |error| our_error(Doing { operation, key, store: &self.shown }, error)
    }

    fn writable(
        &self,
        operation: &'static str,
    ) -> Result<&Arc<dyn AsyncReadableWritableListableStorageTraits>> {
        let store = self.shown.to_string();
        self.write.as_ref().ok_or(Error::ReadOnly { operation, store })
    }

    async fn is_folder(&self, key: &Key) -> Result<bool> {
        self.list_dir(&Prefix::new(key.as_str())?).next().await.transpose().map(|n| n.is_some())
    }

    async fn part(&self, key: &Key, range: ByteRange) -> Result<Option<Bytes>> {
        let failed = self.failed("read", key.as_str());
        absent_if_folder(self.read.get_partial(&theirs(key)?, range).await).map_err(failed)
    }
}

#[async_trait]
impl ReadStore for ZarrsStore {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        if request == ByteRequest::All {
            let found = self.read.get(&theirs(key)?).await;
            return match absent_if_folder(found) {
                // files again: their size is unknown when they are folders
                Err(StorageError::Other(_)) if self.is_folder(key).await? => Ok(None),
                found => found.map_err(self.failed("read", key.as_str())),
            };
        }
        if let ByteRequest::Range { start, end } = request
            && start < end
        {
            let range = ByteRange::FromStart(start, Some(end - start));
            match self.part(key, range).await {
                Ok(None) => return Ok(None),
                Ok(Some(part)) if part.len() as u64 == end - start => return Ok(Some(part)),
                // past the end, perhaps: the size will tell
                _ => {}
            }
        }
        let Some(size) = self.size(key).await? else { return Ok(None) };
        let range = request.resolve(key, size)?;
        self.part(key, ByteRange::FromStart(range.start, Some(range.end - range.start))).await
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        let failed = self.failed("look at", key.as_str());
        let size = self.read.size_key(&theirs(key)?).await.map_err(failed)?;
        if size.is_some() && self.may_be_files {
            // files: even a folder has a size, but no bytes
            let nothing = ByteRange::FromStart(0, Some(0));
            if self.part(key, nothing).await.is_err() && self.is_folder(key).await? {
                return Ok(None);
            }
        }
        Ok(size)
    }
}

#[async_trait]
impl Store for ZarrsStore {
    fn capability(&self) -> Capability {
        match &self.write {
            None => Capability::read_only(),
            Some(storage) => Capability {
                partial_writes: storage.supports_set_partial(),
                atomic_create: false,
                ..Capability::full()
            },
        }
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        let storage = self.writable("write")?;
        storage.set(&theirs(key)?, value).await.map_err(self.failed("write", key.as_str()))
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        self.writable("create")?;
        let _creating = self.creating.lock().await;
        if self.size(key).await?.is_some() {
            return Ok(false);
        }
        self.set(key, value).await.map(|()| true)
    }

    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        const OPERATION: &str = "write a part of a value";
        let storage = self.writable(OPERATION)?;
        if !storage.supports_set_partial() {
            let store = self.shown.to_string();
            return Err(Error::Unsupported { operation: OPERATION, store });
        }
        for (key, offset, value) in values {
            if self.size(key).await?.is_none() {
                let store = self.shown.to_string();
                return Err(Error::NotFound { key: key.to_string(), store });
            }
            let written = storage.set_partial(&theirs(key)?, *offset, value.clone()).await;
            written.map_err(self.failed("write", key.as_str()))?;
        }
        Ok(())
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let storage = self.writable("delete")?;
        let erased = storage.erase(&theirs(key)?).await.map(Some);
        absent_if_folder(erased).map_err(self.failed("delete", key.as_str())).map(|_| ())
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let storage = self.writable("delete")?;
        let failed = self.failed("delete", prefix.as_str());
        storage.erase_prefix(&their_prefix(prefix)?).await.map_err(failed)
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let (this, prefix) = (self.clone(), prefix.clone());
        let listed = async move {
            let failed = this.failed("list", prefix.as_str());
            let keys = this.read.list_prefix(&their_prefix(&prefix)?).await.map_err(failed)?;
            Ok(stream::iter(keys).map(|key| Key::new(key.as_str())))
        };
        listed.try_flatten_stream().boxed()
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let (this, prefix) = (self.clone(), prefix.clone());
        let listed = async move {
            let failed = this.failed("list", prefix.as_str());
            let found = this.read.list_dir(&their_prefix(&prefix)?).await.map_err(failed)?;
            Ok::<_, Error>(stream::iter(names(&found)).map(Ok))
        };
        stream::once(listed).try_flatten().boxed()
    }
}

impl PartialEq for ZarrsStore {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.creating, &other.creating)
    }
}

impl Eq for ZarrsStore {}

impl fmt::Debug for ZarrsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[derive(Debug)]
struct OnBlockingThreads;

impl SyncToAsyncSpawnBlocking for OnBlockingThreads {
    async fn spawn_blocking<F, R>(&self, work: F) -> R
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(cause) if cause.is_panic() => std::panic::resume_unwind(cause.into_panic()),
            // the runtime shuts down, and this task with it
            Err(_) => futures::future::pending().await,
        }
    }
}

/// On files, the name of a folder is no key.
fn absent_if_folder<T>(found: Result<Option<T>, StorageError>) -> Result<Option<T>, StorageError> {
    match found {
        Err(StorageError::IOError(cause))
            if matches!(cause.kind(), ErrorKind::IsADirectory | ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        found => found,
    }
}

fn names(found: &StoreKeysPrefixes) -> Vec<Entry> {
    let last = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    let dirs = found.prefixes().iter().map(|dir| dir.as_str().trim_end_matches('/'));
    let keys = found.keys().iter().map(|key| Entry::Key(last(key.as_str())));
    dirs.map(|dir| Entry::Dir(last(dir))).chain(keys).collect()
}

fn theirs(key: &Key) -> Result<StoreKey> {
    StoreKey::new(key.as_str())
        .map_err(|_| Error::InvalidKey { key: key.to_string(), reason: "zarrs has no such keys" })
}

fn their_prefix(prefix: &Prefix) -> Result<StorePrefix> {
    let text = match prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    StorePrefix::new(text).map_err(|_| Error::InvalidKey {
        key: prefix.to_string(),
        reason: "zarrs has no such prefixes",
    })
}
