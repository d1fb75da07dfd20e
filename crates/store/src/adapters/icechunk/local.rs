//! Icechunk's objects in a local directory, where what is acknowledged is kept.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU64};
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use icechunk::storage::{
    ConcurrencySettings, DeleteObjectsResult, ETag, GetModifiedResult, ListInfo, Settings, Storage,
    StorageContext, StorageError, StorageErrorKind, StorageInfo, StorageResult, VersionInfo,
    VersionedUpdateResult,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ByteRequest, Directory, Key, Prefix, ReadStore, Store};

/// Icechunk's objects in a local directory.
///
/// The few objects that change (`repo`, `config.yaml`, `refs/…`) are replaced by compare-and-swap
/// under a file lock; their version is a hash of their content. All others are written once.
/// Before such an object changes, all that this storage wrote is on the medium, so a commit that
/// was acknowledged survives a crash.
#[derive(Serialize, Deserialize)]
#[serde(from = "Described", into = "Described")]
pub(super) struct LocalStorage {
    directory: Directory,
    fsync: bool,
    /// Written, but perhaps not on the medium yet.
    pending: Arc<Mutex<Vec<Key>>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Described {
    root: PathBuf,
    fsync: bool,
}

impl LocalStorage {
    pub(super) fn new(directory: Directory, fsync: bool) -> Self {
        Self { directory, fsync, pending: Arc::default() }
    }

    async fn read(&self, path: &str, request: ByteRequest) -> StorageResult<(Bytes, VersionInfo)> {
        let found = self.directory.get(&key(path)?, request).await.map_err(failed)?;
        let bytes = found.ok_or_else(|| StorageError::capture(StorageErrorKind::ObjectNotFound))?;
        let version = match (is_mutable(path), request) {
            (true, ByteRequest::All) => version_of(&bytes),
            _ => VersionInfo::for_creation(),
        };
        Ok((bytes, version))
    }

    async fn write_once(&self, path: &str, bytes: Bytes) -> StorageResult<()> {
        let key = key(path)?;
        self.directory.set(&key, bytes).await.map_err(failed)?;
        if self.fsync {
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        }
        Ok(())
    }

    /// Replaces a mutable object that has this version; `None` replaces any.
    async fn replace(
        &self,
        path: &str,
        bytes: Bytes,
        expected: Option<VersionInfo>,
    ) -> StorageResult<VersionedUpdateResult> {
        self.settle().await?;
        let new_version = version_of(&bytes);
        let replaced = self
            .directory
            .clone()
            .with_fsync(self.fsync)
            .replace_if(&key(path)?, bytes, move |present| match (expected, present) {
                (None, _) => true,
                (Some(version), None) => version.is_create(),
                (Some(version), Some(bytes)) => version.etag == version_of(bytes).etag,
            })
            .await
            .map_err(failed)?;
        Ok(if replaced {
            VersionedUpdateResult::Updated { new_version }
        } else {
            VersionedUpdateResult::NotOnLatestVersion
        })
    }

    /// Waits until all that was written is on the medium.
    async fn settle(&self) -> StorageResult<()> {
        let written =
            std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        if written.is_empty() {
            return Ok(());
        }
        let settled = self.directory.sync(written.clone()).await;
        if settled.is_err() {
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(written);
        }
        settled.map_err(failed)
    }
}

impl icechunk_storage::sealed::Sealed for LocalStorage {}

#[async_trait]
#[typetag::serde(name = "terracube_local")]
impl Storage for LocalStorage {
    fn storage_info(&self) -> StorageInfo {
        let path = self.directory.root().display().to_string();
        StorageInfo { backend_type: "local directory", fields: vec![("path", path)] }
    }

    async fn default_settings(&self) -> StorageResult<Settings> {
        Ok(Settings {
            concurrency: Some(ConcurrencySettings {
                max_concurrent_requests_for_object: Some(NonZeroU16::MIN),
                ideal_concurrent_request_size: Some(NonZeroU64::MAX),
            }),
            unsafe_use_conditional_update: Some(true),
            unsafe_use_conditional_create: Some(true),
            unsafe_use_metadata: Some(false),
            ..Settings::default()
        })
    }

    async fn can_write(&self) -> StorageResult<bool> {
        Ok(true)
    }

    async fn get_object_range(
        &self,
        _: &StorageContext<'_>,
        path: &str,
        range: Option<&Range<u64>>,
    ) -> StorageResult<(Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>, VersionInfo)>
    {
        let request = range.cloned().map_or(ByteRequest::All, ByteRequest::from);
        let (bytes, version) = self.read(path, request).await?;
        Ok((stream::iter([Ok(bytes)]).boxed(), version))
    }

    async fn put_object(
        &self,
        ctx: &StorageContext<'_>,
        path: &str,
        bytes: Bytes,
        _content_type: Option<&str>,
        _metadata: Vec<(String, String)>,
        previous_version: Option<&VersionInfo>,
    ) -> StorageResult<VersionedUpdateResult> {
        let conditional = previous_version.filter(|version| {
            if version.is_create() {
                ctx.settings.unsafe_use_conditional_create()
            } else {
                ctx.settings.unsafe_use_conditional_update()
            }
        });
        if is_mutable(path) || conditional.is_some() {
            return self.replace(path, bytes, conditional.cloned()).await;
        }
        self.write_once(path, bytes).await?;
        Ok(VersionedUpdateResult::Updated { new_version: VersionInfo::for_creation() })
    }

    async fn copy_object(
        &self,
        _: &StorageContext<'_>,
        from: &str,
        to: &str,
        _content_type: Option<&str>,
        version: &VersionInfo,
    ) -> StorageResult<VersionedUpdateResult> {
        let (bytes, present) = self.read(from, ByteRequest::All).await?;
        if version.etag.is_some() && version.etag != present.etag {
            return Ok(VersionedUpdateResult::NotOnLatestVersion);
        }
        if is_mutable(to) {
            self.replace(to, bytes, None).await?;
        } else {
            self.write_once(to, bytes).await?;
        }
        Ok(VersionedUpdateResult::Updated { new_version: version.clone() })
    }

    async fn list_objects<'a>(
        &'a self,
        _: &StorageContext<'_>,
        prefix: &str,
    ) -> StorageResult<BoxStream<'a, StorageResult<ListInfo<String>>>> {
        let prefix = folder(prefix)?;
        let listed = self.directory.list_prefix(&prefix).map_err(failed);
        Ok(listed
            .try_filter_map(move |key| {
                let id = prefix.strip(&key).unwrap_or_default().to_owned();
                async move {
                    // gone since it was listed
                    let Some((size_bytes, changed)) =
                        self.directory.stat(&key).await.map_err(failed)?
                    else {
                        return Ok(None);
                    };
                    Ok(Some(ListInfo { id, created_at: changed.into(), size_bytes }))
                }
            })
            .boxed())
    }

    async fn delete_batch(
        &self,
        _: &StorageContext<'_>,
        prefix: &str,
        batch: Vec<(String, u64)>,
    ) -> StorageResult<DeleteObjectsResult> {
        let prefix = folder(prefix)?;
        let mut deleted = DeleteObjectsResult::default();
        for (id, size) in batch {
            let key = prefix.join(&id).map_err(failed)?;
            self.directory.delete(&key).await.map_err(failed)?;
            deleted.deleted_objects += 1;
            deleted.deleted_bytes += size;
        }
        Ok(deleted)
    }

    async fn get_object_last_modified(
        &self,
        _: &StorageContext<'_>,
        path: &str,
    ) -> StorageResult<DateTime<Utc>> {
        match self.directory.stat(&key(path)?).await.map_err(failed)? {
            Some((_, changed)) => Ok(changed.into()),
            None => Err(StorageError::capture(StorageErrorKind::ObjectNotFound)),
        }
    }

    async fn get_object_conditional(
        &self,
        _: &StorageContext<'_>,
        path: &str,
        previous_version: Option<&VersionInfo>,
    ) -> StorageResult<GetModifiedResult> {
        let (bytes, new_version) = self.read(path, ByteRequest::All).await?;
        let unchanged = previous_version
            .is_some_and(|known| known.etag.is_some() && known.etag == new_version.etag);
        if unchanged {
            return Ok(GetModifiedResult::OnLatestVersion);
        }
        Ok(GetModifiedResult::Modified { data: Box::pin(std::io::Cursor::new(bytes)), new_version })
    }
}

impl fmt::Debug for LocalStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.directory, f)
    }
}

impl fmt::Display for LocalStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.directory, f)
    }
}

impl Clone for LocalStorage {
    fn clone(&self) -> Self {
        Self {
            directory: self.directory.clone(),
            fsync: self.fsync,
            pending: Arc::clone(&self.pending),
        }
    }
}

impl From<Described> for LocalStorage {
    fn from(described: Described) -> Self {
        Self::new(Directory::at(described.root), described.fsync)
    }
}

impl From<LocalStorage> for Described {
    fn from(storage: LocalStorage) -> Self {
        Self { root: storage.directory.root().to_owned(), fsync: storage.fsync }
    }
}

fn is_mutable(path: &str) -> bool {
    path == "repo" || path == "config.yaml" || path.starts_with("refs/")
}

fn version_of(bytes: &[u8]) -> VersionInfo {
    let hash = Sha256::digest(bytes);
    let etag = format!("{:x}-{hash:x}", bytes.len());
    VersionInfo { etag: Some(ETag(etag)), generation: None }
}

fn key(path: &str) -> StorageResult<Key> {
    Key::new(path).map_err(failed)
}

fn folder(prefix: &str) -> StorageResult<Prefix> {
    Prefix::new(prefix).map_err(failed)
}

fn failed(error: crate::Error) -> StorageError {
    StorageError::capture(StorageErrorKind::ObjectStore(Box::new(error)))
}
