//! A store of ours as asynchronous storage of `zarrs`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator, InvalidByteRangeError};
use zarrs::storage::{
    AsyncListableStorageTraits, AsyncMaybeBytesIterator, AsyncReadableStorageTraits,
    AsyncWritableStorageTraits, OffsetBytesIterator, StorageError, StoreKey, StoreKeys,
    StoreKeysPrefixes, StorePrefix,
};

use super::failure::{their_error, their_unsupported};
use crate::{ByteRequest, Entry, Key, Prefix, Store, StoreExt};

/// A store of ours as asynchronous storage of `zarrs`: readable, writable and listable.
///
/// Writes to a store that cannot be written fail with [`StorageError::ReadOnly`] or
/// [`StorageError::Unsupported`]. Errors of the store are kept as the cause, inside
/// [`StorageError::IOError`]. Parts of a value are written as zarrs does where the store cannot:
/// by reading, changing and writing it whole.
#[derive(Debug, Clone)]
pub struct AsyncStorage {
    store: Arc<dyn Store>,
}

impl AsyncStorage {
    /// The storage over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    async fn parts(
        &self,
        key: &StoreKey,
        ranges: Vec<ByteRange>,
    ) -> Result<Option<Vec<Bytes>>, StorageError> {
        let key = ours(key)?;
        // zarrs may ask for no bytes at all, and what lies past the end is an error there
        let asked: Vec<_> =
            ranges.iter().filter_map(|r| Some((key.clone(), request(*r)?))).collect();
        if asked.len() < ranges.len() || asked.is_empty() {
            let Some(size) = self.store.size(&key).await.map_err(their_error)? else {
                return Ok(None);
            };
            if ranges.iter().any(|range| request(*range).is_none() && range.start(size) > size) {
                return Err(past_the_end(ranges[0], size));
            }
        }
        let found = self.store.get_partial_values(&asked).await.map_err(their_error)?;
        let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let mut found = found.into_iter();
        let mut parts = Vec::with_capacity(ranges.len());
        for range in ranges {
            let part = match request(range) {
                Some(_) => found.next().unwrap_or_default(),
                None => Bytes::new(),
            };
            if let ByteRange::FromStart(_, Some(length)) | ByteRange::Suffix(length) = range
                && part.len() as u64 != length
            {
                let size = self.store.size(&key).await.map_err(their_error)?.unwrap_or(0);
                return Err(past_the_end(range, size));
            }
            parts.push(part);
        }
        Ok(Some(parts))
    }
}

#[async_trait]
impl AsyncReadableStorageTraits for AsyncStorage {
    async fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, StorageError> {
        self.store.get(&ours(key)?, ByteRequest::All).await.map_err(their_error)
    }

    async fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<AsyncMaybeBytesIterator<'a>, StorageError> {
        let ranges: Vec<_> = byte_ranges.collect();
        let parts = self.parts(key, ranges).await?;
        Ok(parts.map(|parts| stream::iter(parts.into_iter().map(Ok)).boxed()))
    }

    async fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        self.store.size(&ours(key)?).await.map_err(their_error)
    }

    fn supports_get_partial(&self) -> bool {
        true
    }
}

#[async_trait]
impl AsyncWritableStorageTraits for AsyncStorage {
    async fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        self.store.set(&ours(key)?, value).await.map_err(their_error)
    }

    async fn set_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        offset_values: OffsetBytesIterator<'a>,
    ) -> Result<(), StorageError> {
        let values: Vec<(u64, Bytes)> = offset_values.collect();
        let key = ours(key)?;
        let found = self.store.size(&key).await.map_err(their_error)?;
        if found.is_some() && self.store.capability().partial_writes {
            let values: Vec<_> =
                values.into_iter().map(|(offset, value)| (key.clone(), offset, value)).collect();
            return self.store.set_partial_values(&values).await.map_err(their_error);
        }
        let old = self.store.get(&key, ByteRequest::All).await.map_err(their_error)?;
        let mut whole = old.unwrap_or_default().to_vec();
        for (offset, value) in values {
            let start = offset as usize;
            let end = start + value.len();
            if whole.len() < end {
                whole.resize(end, 0);
            }
            whole[start..end].copy_from_slice(&value);
        }
        self.store.set(&key, whole.into()).await.map_err(their_error)
    }

    async fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        self.store.delete(&ours(key)?).await.map_err(their_error)
    }

    async fn erase_prefix(&self, prefix: &StorePrefix) -> Result<(), StorageError> {
        self.store.delete_dir(&our_prefix(prefix)?).await.map_err(their_error)
    }

    fn supports_set_partial(&self) -> bool {
        self.store.capability().partial_writes
    }
}

#[async_trait]
impl AsyncListableStorageTraits for AsyncStorage {
    async fn list(&self) -> Result<StoreKeys, StorageError> {
        self.list_prefix(&StorePrefix::root()).await
    }

    async fn list_prefix(&self, prefix: &StorePrefix) -> Result<StoreKeys, StorageError> {
        let keys = self.store.list_prefix(&our_prefix(prefix)?);
        let mut keys: StoreKeys = keys
            .map_err(their_error)
            .and_then(async |key| theirs(key.as_str()))
            .try_collect()
            .await?;
        keys.sort();
        Ok(keys)
    }

    async fn list_dir(&self, prefix: &StorePrefix) -> Result<StoreKeysPrefixes, StorageError> {
        let mut names: Vec<Entry> =
            self.store.list_dir(&our_prefix(prefix)?).try_collect().await.map_err(their_error)?;
        names.sort();
        let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
        for name in names {
            let full = format!("{prefix}{}", name.name());
            match name {
                Entry::Key(_) => keys.push(theirs(&full)?),
                Entry::Dir(_) => prefixes.push(StorePrefix::new(format!("{full}/"))?),
            }
        }
        Ok(StoreKeysPrefixes::new(keys, prefixes))
    }

    async fn size_prefix(&self, prefix: &StorePrefix) -> Result<u64, StorageError> {
        self.store.getsize_prefix(&our_prefix(prefix)?).await.map_err(their_error)
    }
}

/// `None` when no bytes are asked for.
fn request(range: ByteRange) -> Option<ByteRequest> {
    match range {
        ByteRange::FromStart(_, Some(0)) | ByteRange::Suffix(0) => None,
        ByteRange::FromStart(0, None) => Some(ByteRequest::All),
        ByteRange::FromStart(start, None) => Some(ByteRequest::Offset(start)),
        ByteRange::FromStart(start, Some(length)) => {
            Some(ByteRequest::Range { start, end: start.saturating_add(length) })
        }
        ByteRange::Suffix(length) => Some(ByteRequest::Suffix(length)),
    }
}

fn past_the_end(range: ByteRange, size: u64) -> StorageError {
    InvalidByteRangeError::new(range, size).into()
}

fn ours(key: &StoreKey) -> Result<Key, StorageError> {
    Key::new(key.as_str()).map_err(|error| their_unsupported(&error))
}

fn our_prefix(prefix: &StorePrefix) -> Result<Prefix, StorageError> {
    Prefix::new(prefix.as_str()).map_err(|error| their_unsupported(&error))
}

fn theirs(key: &str) -> Result<StoreKey, StorageError> {
    Ok(StoreKey::new(key)?)
}
