//! A store of ours as blocking storage of `zarrs`.

use std::future::Future;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use futures::TryStreamExt;
use tokio::runtime::{Builder, Runtime};
use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{
    AsyncListableStorageTraits, AsyncReadableStorageTraits, AsyncWritableStorageTraits,
    ListableStorageTraits, MaybeBytesIterator, OffsetBytesIterator, ReadableStorageTraits,
    StorageError, StoreKey, StoreKeys, StoreKeysPrefixes, StorePrefix, WritableStorageTraits,
};

use super::AsyncStorage;
use crate::{Error, Result, Store};

/// A store of ours as blocking storage of `zarrs`: readable, writable and listable.
///
/// It works on two threads of its own, so it may be called from any other, those of an async
/// runtime included (which it blocks). Otherwise as [`AsyncStorage`].
#[derive(Debug)]
pub struct BlockingStorage {
    storage: AsyncStorage,
    /// Taken when dropped.
    runtime: Option<Runtime>,
}

impl BlockingStorage {
    /// The storage over `store`.
    ///
    /// # Errors
    /// [`Error::Backend`] when threads cannot be started.
    pub fn new(store: Arc<dyn Store>) -> Result<Self> {
        let started = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("terracube-zarrs")
            .enable_all()
            .build();
        match started {
            Ok(runtime) => Ok(Self { storage: AsyncStorage::new(store), runtime: Some(runtime) }),
            Err(cause) => Err(Error::Backend {
                operation: "start threads for",
                key: String::new(),
                store: format!("{store:?}"),
                transient: false,
                source: cause.into(),
            }),
        }
    }

    fn wait<T, F, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StorageError>> + Send + 'static,
        W: FnOnce(AsyncStorage) -> F,
    {
        let gone = || StorageError::Other("the work was given up".to_owned());
        let (sender, receiver) = mpsc::sync_channel(1);
        let future = work(self.storage.clone());
        self.runtime.as_ref().ok_or_else(gone)?.spawn(async move {
            sender.send(future.await).ok();
        });
        receiver.recv().map_err(|_| gone())?
    }
}

impl Drop for BlockingStorage {
    fn drop(&mut self) {
        // to wait for the threads is forbidden within an async runtime
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl ReadableStorageTraits for BlockingStorage {
    fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, StorageError> {
        let key = key.clone();
        self.wait(|storage| async move { storage.get(&key).await })
    }

    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        let (key, ranges) = (key.clone(), byte_ranges.collect::<Vec<_>>());
        let parts: Option<Vec<Bytes>> = self.wait(|storage| async move {
            match storage.get_partial_many(&key, Box::new(ranges.into_iter())).await? {
                Some(parts) => parts.try_collect().await.map(Some),
                None => Ok(None),
            }
        })?;
        Ok(parts.map(|parts| Box::new(parts.into_iter().map(Ok)) as Box<dyn Iterator<Item = _>>))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        let key = key.clone();
        self.wait(|storage| async move { storage.size_key(&key).await })
    }

    fn supports_get_partial(&self) -> bool {
        self.storage.supports_get_partial()
    }
}

impl WritableStorageTraits for BlockingStorage {
    fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        let key = key.clone();
        self.wait(|storage| async move { storage.set(&key, value).await })
    }

    fn set_partial_many(
        &self,
        key: &StoreKey,
        offset_values: OffsetBytesIterator<'_>,
    ) -> Result<(), StorageError> {
        let (key, values) = (key.clone(), offset_values.collect::<Vec<_>>());
        self.wait(|storage| async move {
            storage.set_partial_many(&key, Box::new(values.into_iter())).await
        })
    }

    fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        let key = key.clone();
        self.wait(|storage| async move { storage.erase(&key).await })
    }

    fn erase_many(&self, keys: &[StoreKey]) -> Result<(), StorageError> {
        let keys = keys.to_vec();
        self.wait(|storage| async move { storage.erase_many(&keys).await })
    }

    fn erase_prefix(&self, prefix: &StorePrefix) -> Result<(), StorageError> {
        let prefix = prefix.clone();
        self.wait(|storage| async move { storage.erase_prefix(&prefix).await })
    }

    fn supports_set_partial(&self) -> bool {
        self.storage.supports_set_partial()
    }
}

impl ListableStorageTraits for BlockingStorage {
    fn list(&self) -> Result<StoreKeys, StorageError> {
        self.wait(|storage| async move { storage.list().await })
    }

    fn list_prefix(&self, prefix: &StorePrefix) -> Result<StoreKeys, StorageError> {
        let prefix = prefix.clone();
        self.wait(|storage| async move { storage.list_prefix(&prefix).await })
    }

    fn list_dir(&self, prefix: &StorePrefix) -> Result<StoreKeysPrefixes, StorageError> {
        let prefix = prefix.clone();
        self.wait(|storage| async move { storage.list_dir(&prefix).await })
    }

    fn size_prefix(&self, prefix: &StorePrefix) -> Result<u64, StorageError> {
        let prefix = prefix.clone();
        self.wait(|storage| async move { storage.size_prefix(&prefix).await })
    }
}
