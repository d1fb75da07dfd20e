//! The store seam: reading, writing, listing and deleting values by key.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use crate::{ByteRequest, Capability, Error, Key, Prefix, Result};

/// A stream of keys.
pub type Keys = BoxStream<'static, Result<Key>>;
/// A stream of names, one level below a prefix.
pub type Names = BoxStream<'static, Result<Entry>>;
/// A stream of keys, each with what the listing tells of its value; `None` where it tells nothing.
pub type Stats = BoxStream<'static, Result<(Key, Option<Stat>)>>;

/// So many values are asked for at a time where one call needs several.
const REQUESTS: usize = 16;

/// What is known of a value without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stat {
    /// Its size in bytes.
    pub size: u64,
    /// A hash of its content as `algorithm:hexadecimal digits`, where the store has one at hand.
    /// Equal hashes mean equal content; hashes that differ prove nothing, because a service may
    /// give one of its own (as that of an encrypted object).
    pub hash: Option<String>,
}

impl Stat {
    /// Of a value of `size` bytes, without a hash.
    #[must_use]
    pub fn of_size(size: u64) -> Self {
        Self { size, hash: None }
    }
}

/// One name in a folder, as `list_dir` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// A value.
    Key(String),
    /// A folder with values below it.
    Dir(String),
}

impl Entry {
    /// The name, without slashes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Key(name) | Self::Dir(name) => name,
        }
    }

    /// How `key` shows in a listing of `prefix`; `None` when it lies elsewhere.
    #[must_use]
    pub fn of(key: &Key, prefix: &Prefix) -> Option<Self> {
        let rest = prefix.strip(key)?;
        Some(match rest.split_once('/') {
            Some((dir, _)) => Self::Dir(dir.to_owned()),
            None => Self::Key(rest.to_owned()),
        })
    }
}

/// Reading values by key and byte request. All that pixel readers need.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as a store",
    note = "implement `ReadStore`: one method, `get`, gives the bytes of a key"
)]
pub trait ReadStore: Debug + Send + Sync + 'static {
    /// The bytes of `key` that `request` names, or `None` when the key is absent.
    ///
    /// # Errors
    /// [`Error::InvalidRange`] for an empty or out-of-range request; else what the backend says.
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>>;

    /// Several requests, answered in order; a key may repeat. Backends coalesce neighbours.
    ///
    /// # Errors
    /// As [`get`](Self::get), for the first that fails.
    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        stream::iter(requests.iter().cloned())
            .map(|(key, request)| async move { self.get(&key, request).await })
            .buffered(REQUESTS)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect()
    }

    /// The size of the value in bytes, or `None` when the key is absent.
    ///
    /// # Errors
    /// What the backend says.
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.get(key, ByteRequest::All).await?.map(|b| b.len() as u64))
    }

    /// What is known of the value without reading it, or `None` when the key is absent.
    ///
    /// # Errors
    /// What the backend says.
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        Ok(self.size(key).await?.map(Stat::of_size))
    }
}

/// The store contract, in the words of zarr-python 3's `Store`. Implementations refuse what their
/// [`Capability`] does not declare with [`Error::Unsupported`] (or [`Error::ReadOnly`]).
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    note = "implement `ReadStore` and `Store`; check it with `store_conformance!`"
)]
pub trait Store: ReadStore {
    /// What this store can do.
    fn capability(&self) -> Capability;

    /// A name that all stores with the same values at the same place share, and no others: a
    /// location without secrets, or an address in memory. `None` when the store cannot tell.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Writes a value whole; readers see the old or the new one, never a part.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NoSpace`], or what the backend says.
    async fn set(&self, key: &Key, value: Bytes) -> Result<()>;

    /// Writes a value unless there is one; `true` when written. Atomic where
    /// [`Capability::atomic_create`] says so.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool>;

    /// Overwrites bytes of existing values from the offsets given; a value grows when needed.
    ///
    /// # Errors
    /// [`Error::Unsupported`] without [`Capability::partial_writes`]; [`Error::NotFound`].
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()>;

    /// Removes a value; a missing key is no error.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or what the backend says.
    async fn delete(&self, key: &Key) -> Result<()>;

    /// Removes all values below a prefix.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()>;

    /// All keys below a prefix, in no particular order.
    fn list_prefix(&self, prefix: &Prefix) -> Keys;

    /// The names one level below a prefix.
    fn list_dir(&self, prefix: &Prefix) -> Names;

    /// All keys below a prefix with what the listing tells of their values at no further cost, in
    /// no particular order. [`StoreExt::sizes`] asks for what it does not tell.
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        self.list_prefix(prefix).map_ok(|key| (key, None)).boxed()
    }
}

/// Two stores are equal when they have the same [`identity`](Store::identity).
impl PartialEq for dyn Store {
    fn eq(&self, other: &Self) -> bool {
        self.identity().is_some_and(|identity| other.identity() == Some(identity))
    }
}

/// What follows from the contract. Not to be implemented.
#[async_trait]
pub trait StoreExt: Store {
    /// Whether the key has a value.
    ///
    /// # Errors
    /// What the backend says.
    async fn exists(&self, key: &Key) -> Result<bool> {
        Ok(self.size(key).await?.is_some())
    }

    /// The size of a value in bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the key is missing.
    async fn getsize(&self, key: &Key) -> Result<u64> {
        self.size(key)
            .await?
            .ok_or_else(|| Error::NotFound { key: key.to_string(), store: format!("{self:?}") })
    }

    /// The sum of the sizes below a prefix in bytes.
    ///
    /// # Errors
    /// What the backend says.
    async fn getsize_prefix(&self, prefix: &Prefix) -> Result<u64> {
        self.sizes(prefix).try_fold(0, async |total, (_, stat)| Ok(total + stat.size)).await
    }

    /// All keys below a prefix with their sizes. Keys that vanish meanwhile are left out.
    fn sizes<'a>(&'a self, prefix: &Prefix) -> BoxStream<'a, Result<(Key, Stat)>> {
        self.list_stats(prefix)
            .map(move |listed| async move {
                match listed? {
                    (key, Some(stat)) => Ok(Some((key, stat))),
                    (key, None) => Ok(self.stat(&key).await?.map(|stat| (key, stat))),
                }
            })
            .buffered(REQUESTS)
            .try_filter_map(async |found| Ok(found))
            .boxed()
    }

    /// All keys.
    fn list(&self) -> Keys {
        self.list_prefix(&Prefix::root())
    }

    /// Whether there is nothing below a prefix.
    ///
    /// # Errors
    /// What the backend says.
    async fn is_empty(&self, prefix: &Prefix) -> Result<bool> {
        Ok(self.list_prefix(prefix).next().await.transpose()?.is_none())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// As [`Store::delete_dir`].
    async fn clear(&self) -> Result<()> {
        self.delete_dir(&Prefix::root()).await
    }

    /// Writes several values.
    ///
    /// # Errors
    /// As [`Store::set`], for the first that fails; earlier ones stay written.
    async fn set_many(&self, values: Vec<(Key, Bytes)>) -> Result<()> {
        for (key, value) in values {
            self.set(&key, value).await?;
        }
        Ok(())
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ReadStore + ?Sized> ReadStore for Arc<S> {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        (**self).get(key, request).await
    }
    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        (**self).get_partial_values(requests).await
    }
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        (**self).size(key).await
    }
    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        (**self).stat(key).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn capability(&self) -> Capability {
        (**self).capability()
    }
    fn identity(&self) -> Option<String> {
        (**self).identity()
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        (**self).set(key, value).await
    }
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        (**self).set_if_not_exists(key, value).await
    }
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        (**self).set_partial_values(values).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        (**self).delete(key).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        (**self).delete_dir(prefix).await
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        (**self).list_prefix(prefix)
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        (**self).list_dir(prefix)
    }
    fn list_stats(&self, prefix: &Prefix) -> Stats {
        (**self).list_stats(prefix)
    }
}
