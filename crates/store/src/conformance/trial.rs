//! What a rule is tried on: a store, and values in it.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;

use crate::{ByteRequest, Entry, Error, Key, Prefix, Result, Store, StoreExt};

/// What rules are tried on: a store, and a value in it.
#[derive(Debug, Clone)]
pub struct Trial {
    store: Arc<dyn Store>,
    sample: Sample,
}

/// A value to read, a name that nothing has, and whether the rules may write beside them.
#[derive(Debug, Clone)]
struct Sample {
    key: Key,
    value: Bytes,
    missing: Key,
    is_ours: bool,
}

impl Trial {
    /// On a store where rules write and delete whatever they need. One that cannot be written must
    /// hold what [`prepare`] writes.
    pub fn new(store: impl Store) -> Self {
        let value = Bytes::from_static(DIGITS.as_bytes());
        let (key, missing) = (Key::known("a/c/0"), Key::known("a/c/9"));
        let sample = Sample { key, value, missing, is_ours: true };
        Self { store: Arc::new(store), sample }
    }

    /// On a store whose values are somebody's, of which rules read one. Nothing is written: where
    /// writes must be refused they are tried on `missing`, which nothing may have.
    ///
    /// # Errors
    /// [`Error::NotFound`] when `key` has no value, or one of no bytes; what the store says.
    pub async fn on_value(store: Arc<dyn Store>, key: Key, missing: Key) -> Result<Self> {
        let value = store.get(&key, ByteRequest::All).await?.unwrap_or_default();
        if value.is_empty() {
            return Err(Error::NotFound { key: key.to_string(), store: format!("{store:?}") });
        }
        Ok(Self { store, sample: Sample { key, value, missing, is_ours: false } })
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Whether the store holds what the rules expect, and nothing else.
    pub(super) fn is_ours(&self) -> bool {
        self.sample.is_ours
    }

    /// Whether rules may write here.
    pub(super) fn writes(&self) -> bool {
        self.is_ours() && self.store.capability().writes
    }

    /// Whether rules may delete here.
    pub(super) fn deletes(&self) -> bool {
        self.is_ours() && self.store.capability().deletes
    }

    pub(super) fn lists(&self) -> bool {
        self.store.capability().listing
    }

    /// A key with a value, and its value.
    pub(super) fn present(&self) -> (&Key, &Bytes) {
        (&self.sample.key, &self.sample.value)
    }

    /// The folder of the key with a value, and its name there.
    pub(super) fn place(&self) -> Result<(Prefix, &str)> {
        let key = self.sample.key.as_str();
        let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
        Ok((Prefix::new(folder)?, name))
    }

    /// A key without a value.
    pub(super) fn missing(&self) -> &Key {
        &self.sample.missing
    }

    /// Writes what the rules expect where they may.
    pub(super) async fn ready(&self) -> Result<()> {
        if self.writes() { prepare(&self.store).await } else { Ok(()) }
    }

    pub(super) async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let keys = self.store.list_prefix(&Prefix::new(prefix)?);
        let mut keys: Vec<_> = keys.map_ok(|key| key.to_string()).try_collect().await?;
        keys.sort();
        Ok(keys)
    }

    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<Entry>> {
        let mut names: Vec<_> = self.store.list_dir(&Prefix::new(prefix)?).try_collect().await?;
        names.sort();
        Ok(names)
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool> {
        self.store.exists(&Key::new(key)?).await
    }

    /// The error of a broken rule unless `is_kept`.
    pub(super) fn ensure(&self, is_kept: bool, broken: impl FnOnce() -> String) -> Result<()> {
        if is_kept { Ok(()) } else { Err(self.broken(broken())) }
    }

    /// The error of a broken rule unless what was found is what was expected.
    pub(super) fn expect<F: Debug + PartialEq<E>, E: Debug>(
        &self,
        what: &str,
        found: F,
        expected: E,
    ) -> Result<()> {
        self.ensure(found == expected, || {
            format!("{what}: expected {}, found {}", shown(&expected), shown(&found))
        })
    }

    /// The error of a broken rule unless a key has this value.
    pub(super) async fn expect_value(&self, key: &str, expected: &[u8]) -> Result<()> {
        let value = self.store.get(&Key::new(key)?, ByteRequest::All).await?;
        self.expect(&format!("the value of `{key}`"), value.as_deref(), Some(expected))
    }

    fn broken(&self, reason: String) -> Error {
        Error::Contract { store: format!("{:?}", self.store), reason }
    }
}

/// Values may be large: the beginning must do.
fn shown(value: &dyn Debug) -> String {
    const MOST: usize = 200;
    let text = format!("{value:?}");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Writes what the rules expect: a Zarr hierarchy, so that stores of Zarr only can hold it.
///
/// # Errors
/// What the store says.
pub async fn prepare(store: &impl Store) -> Result<()> {
    for (key, value) in CONTENT {
        store.set(&Key::new(*key)?, Bytes::from_static(value.as_bytes())).await?;
    }
    Ok(())
}

const GROUP: &str = r#"{"zarr_format":3,"node_type":"group","attributes":{}}"#;
const ARRAY: &str = r#"{"zarr_format":3,"node_type":"array","shape":[1000],"data_type":"uint8",
"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1]}},
"chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},
"fill_value":0,"codecs":[{"name":"bytes"}],"attributes":{}}"#;
pub(super) const DIGITS: &str = "0123456789";

pub(super) const CONTENT: &[(&str, &str)] = &[
    ("zarr.json", GROUP),
    ("a/zarr.json", ARRAY),
    ("a/c/0", DIGITS),
    ("a/c/1", "one"),
    ("ab/zarr.json", GROUP),
    ("ab/d/zarr.json", ARRAY),
    ("ab/d/c/7", "seven"),
];
