//! A store in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, future, stream};

use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Stat,
    Stats, Store,
};

/// A listing takes so many keys at a time.
const PAGE: usize = 1000;

/// A store in memory. Clones share their values; two stores are equal when they do.
#[derive(Clone, Default)]
pub struct Memory {
    values: Arc<RwLock<BTreeMap<Key, Bytes>>>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl ReadStore for Memory {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let Some(value) = self.read().get(key).cloned() else { return Ok(None) };
        let range = request.resolve(key, value.len() as u64)?;
        Ok(Some(value.slice(range.start as usize..range.end as usize)))
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.read().get(key).map(|value| value.len() as u64))
    }
}

#[async_trait]
impl Store for Memory {
    fn capability(&self) -> Capability {
        Capability { partial_writes: true, ..Capability::full() }
    }

    fn identity(&self) -> Option<String> {
        Some(format!("memory:{:p}", Arc::as_ptr(&self.values)))
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.write().insert(key.clone(), value);
        Ok(())
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let mut values = self.write();
        if values.contains_key(key) {
            return Ok(false);
        }
        values.insert(key.clone(), value);
        Ok(true)
    }

    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        let mut stored = self.write();
        for (key, offset, bytes) in values {
            let Some(value) = stored.get_mut(key) else {
                return Err(Error::NotFound { key: key.to_string(), store: format!("{self:?}") });
            };
            *value = overwrite(value, *offset as usize, bytes);
        }
        Ok(())
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.write().remove(key);
        Ok(())
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.write().retain(|key, _| !prefix.contains(key));
        Ok(())
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let (this, prefix) = (self.clone(), prefix.clone());
        let pages = stream::unfold(Some(None), move |last: Option<Option<Key>>| {
            let page = last.map(|last| this.page(&prefix, last.as_ref()));
            let page = page.filter(|page| !page.is_empty());
            future::ready(page.map(|page| {
                let last = page.last().cloned().map(Some);
                (stream::iter(page.into_iter().map(Ok)), last)
            }))
        });
        pages.flatten().boxed()
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let mut entries: Vec<_> =
            self.read().keys().filter_map(|key| Entry::of(key, prefix)).collect();
        entries.sort();
        entries.dedup();
        stream::iter(entries.into_iter().map(Ok)).boxed()
    }

    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let values = self.read();
        let below = values.iter().filter(|(key, _)| prefix.contains(key));
        let stats: Vec<_> = below
            .map(|(key, value)| Ok((key.clone(), Some(Stat::of_size(value.len() as u64)))))
            .collect();
        stream::iter(stats).boxed()
    }
}

impl Memory {
    /// The next keys below a prefix, in order.
    fn page(&self, prefix: &Prefix, after: Option<&Key>) -> Vec<Key> {
        let from = match after {
            Some(key) => Bound::Excluded(key.as_str()),
            None => Bound::Excluded(prefix.as_str()),
        };
        let values = self.read();
        let keys = values.range::<str, _>((from, Bound::Unbounded)).map(|(key, _)| key);
        let near = keys.take_while(|key| key.as_str().starts_with(prefix.as_str()));
        near.filter(|key| prefix.contains(key)).take(PAGE).cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Bytes>> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, Bytes>> {
        self.values.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }
}

impl Eq for Memory {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory:")
    }
}

fn overwrite(value: &Bytes, offset: usize, bytes: &Bytes) -> Bytes {
    let mut grown = BytesMut::from(&value[..]);
    let end = offset + bytes.len();
    if grown.len() < end {
        grown.resize(end, 0);
    }
    grown[offset..end].copy_from_slice(bytes);
    grown.freeze()
}
