//! The store of an Icechunk session: Zarr keys on its nodes and chunks.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use icechunk::format::ByteRange;
use icechunk::format::snapshot::{NodeData, NodeSnapshot};
use icechunk::session::{Session, SessionErrorKind};
use icechunk::store::{ListDirItem, StoreError, StoreErrorKind};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::chunks::Chunks;
use super::failure::Doing;
use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Store,
};

pub(super) const WRITABLE: Capability = {
    let mut capability = Capability::full();
    // two sessions may both create; the later commit is refused
    capability.atomic_create = false;
    capability.atomic_commit = true;
    capability.versions = true;
    capability.empty_values = false;
    capability
};

/// So many values are read at a time.
const REQUESTS: u16 = 16;

/// The store of a session. Keys are `…/zarr.json` and chunk keys; many writers may share it.
#[derive(Clone)]
pub(super) struct SessionStore {
    store: icechunk::Store,
    creating: Arc<Mutex<()>>,
    /// Icechunk takes the lock of its session twice while it lists, so a writer that comes in
    /// between would wait for ever: writers share this, listings have it alone.
    gate: Arc<RwLock<()>>,
    shown: Arc<str>,
    /// What reads chunks past Icechunk, where that can be.
    chunks: Option<Chunks>,
    writable: bool,
    /// What is read, unless it is a session that writes.
    version: Option<String>,
}

impl SessionStore {
    pub(super) fn new(
        session: Arc<RwLock<Session>>,
        shown: Arc<str>,
        chunks: Option<Chunks>,
        version: Option<String>,
    ) -> Self {
        let writable = version.is_none();
        let store = icechunk::Store::from_session_and_config(session, REQUESTS);
        let (creating, gate) = (Arc::default(), Arc::default());
        Self { store, creating, gate, shown, chunks, writable, version }
    }

    /// Keeps listings out as long as it is held.
    pub(super) async fn writing(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.gate).read_owned().await
    }

    async fn listing(&self) -> Option<OwnedRwLockWriteGuard<()>> {
        if self.writable { Some(Arc::clone(&self.gate).write_owned().await) } else { None }
    }

    fn check_writable(&self, operation: &'static str) -> Result<()> {
        if self.writable {
            return Ok(());
        }
        Err(Error::ReadOnly { operation, store: self.shown.to_string() })
    }

    fn failed(&self, operation: &'static str, key: &str, error: StoreError) -> Error {
        match error.kind {
            // what it has not implemented is Zarr v2
            StoreErrorKind::InvalidKey { .. } | StoreErrorKind::Unimplemented(_) => {
                Error::InvalidKey {
                    key: key.to_owned(),
                    reason: "an Icechunk store holds `zarr.json` and chunks of Zarr v3 only",
                }
            }
            StoreErrorKind::SessionError(SessionErrorKind::ZeroLengthChunk { .. }) => {
                let store = self.shown.to_string();
                Error::Unsupported { operation: "hold a chunk of no bytes", store }
            }
            StoreErrorKind::ReadOnly => {
                Error::ReadOnly { operation, store: self.shown.to_string() }
            }
            StoreErrorKind::BadMetadata(cause) => {
                Error::Metadata { path: key.to_owned(), reason: cause.to_string() }
            }
            kind => Doing::new(operation, &self.shown).key(key).failed(kind),
        }
    }

    /// The node at a prefix, or the array whose chunks lie there; `None` when there is neither.
    async fn node_with(&self, prefix: &Prefix) -> Option<String> {
        if prefix.as_str().is_empty() {
            return Some(String::new());
        }
        let path = format!("/{prefix}").as_str().try_into().ok()?;
        let session = self.store.session();
        let session = session.read().await;
        if session.get_node(&path).await.is_ok() {
            return Some(prefix.to_string());
        }
        match session.get_closest_ancestor_node(&path).await.ok()? {
            NodeSnapshot { path, node_data: NodeData::Array { .. }, .. } => {
                Some(path.to_string().trim_start_matches('/').to_owned())
            }
            _ => None,
        }
    }

    /// What was found, or `None` when there is nothing of that name.
    fn found<T>(
        &self,
        operation: &'static str,
        key: &str,
        result: Result<T, StoreError>,
    ) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_missing(&error.kind) => Ok(None),
            Err(error) => Err(self.failed(operation, key, error)),
        }
    }
}

#[async_trait]
impl ReadStore for SessionStore {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        if let Some(chunks) = &self.chunks
            && let Some(payload) = Chunks::find(&*self.store.session().read().await, key).await
        {
            return chunks.read(key, payload, request).await;
        }
        let range = match request {
            ByteRequest::All => ByteRange::ALL,
            request => {
                let Some(size) = self.size(key).await? else { return Ok(None) };
                ByteRange::Bounded(request.resolve(key, size)?)
            }
        };
        self.found("read", key.as_str(), self.store.get(key.as_str(), &range).await)
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        // asked first because the size of a chunk that is not there is 0
        let exists = self.store.exists(key.as_str()).await;
        if self.found("look at", key.as_str(), exists)? != Some(true) {
            return Ok(None);
        }
        self.found("look at", key.as_str(), self.store.getsize(key.as_str()).await)
    }
}

#[async_trait]
impl Store for SessionStore {
    fn capability(&self) -> Capability {
        if self.writable { WRITABLE } else { Capability::read_only() }
    }

    fn identity(&self) -> Option<String> {
        let session = self.store.session();
        Some(match &self.version {
            Some(version) => format!("{} at {version}", self.shown),
            None => format!("{} in session {:p}", self.shown, Arc::as_ptr(&session)),
        })
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.check_writable("write")?;
        let _writing = self.writing().await;
        self.store
            .set(key.as_str(), value)
            .await
            .map_err(|error| self.failed("write", key.as_str(), error))
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        self.check_writable("write")?;
        let _creating = self.creating.lock().await;
        if self.size(key).await?.is_some() {
            return Ok(false);
        }
        self.set(key, value).await?;
        Ok(true)
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.check_writable("write")?;
        let store = self.shown.to_string();
        Err(Error::Unsupported { operation: "write a part of a value", store })
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.check_writable("delete")?;
        let _writing = self.writing().await;
        self.found("delete", key.as_str(), self.store.delete(key.as_str()).await).map(|_| ())
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.check_writable("delete")?;
        let _writing = self.writing().await;
        let deleted = if prefix.as_str().is_empty() {
            self.store.clear().await
        } else {
            self.store.delete_dir(prefix.as_str()).await
        };
        self.found("delete", prefix.as_str(), deleted).map(|_| ())
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let (this, prefix) = (self.clone(), prefix.clone());
        stream::once(async move {
            let _listing = this.listing().await;
            let Some(node) = this.node_with(&prefix).await else {
                return Ok(stream::empty().boxed());
            };
            let listed = this.store.list_prefix(&node).await;
            let Some(keys) = this.found("list", prefix.as_str(), listed)? else {
                return Ok(stream::empty().boxed());
            };
            let below = prefix.clone();
            Ok::<Keys, Error>(
                keys.map_err(move |error| this.failed("list", prefix.as_str(), error))
                    .and_then(async |key| Key::new(key))
                    .try_filter(move |key| std::future::ready(below.contains(key)))
                    .boxed(),
            )
        })
        .try_flatten()
        .boxed()
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let (this, prefix) = (self.clone(), prefix.clone());
        stream::once(async move {
            let _listing = this.listing().await;
            let listed = this.store.list_dir_items(prefix.as_str()).await;
            let Some(items) = this.found("list", prefix.as_str(), listed)? else {
                return Ok(stream::empty().boxed());
            };
            Ok::<Names, Error>(
                items
                    .map_ok(|item| match item {
                        ListDirItem::Key(name) => Entry::Key(name),
                        ListDirItem::Prefix(name) => Entry::Dir(name),
                    })
                    .map_err(move |error| this.failed("list", prefix.as_str(), error))
                    .boxed(),
            )
        })
        .try_flatten()
        .boxed()
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn is_missing(kind: &StoreErrorKind) -> bool {
    matches!(
        kind,
        StoreErrorKind::NotFound(_)
            | StoreErrorKind::InvalidKey { .. }
            | StoreErrorKind::SessionError(
                SessionErrorKind::NodeNotFound { .. }
                    | SessionErrorKind::NotAnArray { .. }
                    | SessionErrorKind::InvalidIndex { .. }
            )
    )
}
