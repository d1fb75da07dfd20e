//! A store in an S3-compatible bucket.

mod location;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    Error as Failure, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
};

pub(crate) use location::Location;

use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Store,
};

/// A store in a bucket.
#[derive(Clone)]
pub(crate) struct Object {
    client: Arc<dyn ObjectStore>,
    prefix: Prefix,
    shown: Arc<str>,
    identity: Arc<str>,
}

impl Object {
    fn path(&self, key: &str) -> Result<Path> {
        let full = match (self.prefix.as_str(), key) {
            ("", key) => key.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, key) => format!("{prefix}/{key}"),
        };
        Path::parse(full).map_err(|_| Error::InvalidKey {
            key: key.to_owned(),
            reason: "an object store has no such names",
        })
    }

    fn failed(&self, operation: &'static str, key: &str, cause: Failure) -> Error {
        let (key, store) = (key.to_owned(), self.shown.to_string());
        match cause {
            Failure::PermissionDenied { .. } | Failure::Unauthenticated { .. } => {
                Error::PermissionDenied { operation, key, store, source: Box::new(cause) }
            }
            // the client has tried again as often as is sensible
            cause => {
                let transient = false;
                Error::Backend { operation, key, store, transient, source: Box::new(cause) }
            }
        }
    }

    async fn read(&self, path: &Path, range: Option<GetRange>) -> Result<Option<Bytes>, Failure> {
        let options = GetOptions { range, ..GetOptions::default() };
        match self.client.get_opts(path, options).await {
            Ok(found) => found.bytes().await.map(Some),
            Err(Failure::NotFound { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    async fn put(&self, key: &Key, value: Bytes, mode: PutMode) -> Result<(), PutFailure> {
        let path = self.path(key.as_str()).map_err(PutFailure::Key)?;
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.client.put_opts(&path, value.into(), options).await {
            Ok(_) => Ok(()),
            Err(Failure::AlreadyExists { .. } | Failure::Precondition { .. }) => {
                Err(PutFailure::Exists)
            }
            Err(cause) => Err(PutFailure::Other(cause)),
        }
    }
}

enum PutFailure {
    Key(Error),
    Exists,
    Other(Failure),
}

#[async_trait]
impl ReadStore for Object {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let range = match request {
            ByteRequest::All => None,
            ByteRequest::Range { start, end } if start < end => Some(GetRange::Bounded(start..end)),
            ByteRequest::Offset(start) => Some(GetRange::Offset(start)),
            ByteRequest::Suffix(n) if n > 0 => Some(GetRange::Suffix(n)),
            // not to be sent, but an absent key is absent all the same
            _ => {
                let Some(size) = self.size(key).await? else { return Ok(None) };
                return request.resolve(key, size).map(|_| None);
            }
        };
        match self.read(&self.path(key.as_str())?, range).await {
            Ok(found) => Ok(found),
            Err(cause) if request == ByteRequest::All => {
                Err(self.failed("read", key.as_str(), cause))
            }
            Err(cause) => {
                let Some(size) = self.size(key).await? else { return Ok(None) };
                request.resolve(key, size)?;
                Err(self.failed("read", key.as_str(), cause))
            }
        }
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        match self.client.head(&self.path(key.as_str())?).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Failure::NotFound { .. }) => Ok(None),
            Err(cause) => Err(self.failed("look at", key.as_str(), cause)),
        }
    }
}

#[async_trait]
impl Store for Object {
    fn capability(&self) -> Capability {
        Capability::full()
    }

    fn identity(&self) -> Option<String> {
        Some(self.identity.to_string())
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        match self.put(key, value, PutMode::Overwrite).await {
            Ok(()) | Err(PutFailure::Exists) => Ok(()),
            Err(PutFailure::Key(error)) => Err(error),
            Err(PutFailure::Other(cause)) => Err(self.failed("write", key.as_str(), cause)),
        }
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        match self.put(key, value, PutMode::Create).await {
            Ok(()) => Ok(true),
            Err(PutFailure::Exists) => Ok(false),
            Err(PutFailure::Key(error)) => Err(error),
            Err(PutFailure::Other(cause)) => Err(self.failed("create", key.as_str(), cause)),
        }
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        let store = self.shown.to_string();
        Err(Error::Unsupported { operation: "write a part of a value", store })
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        match self.client.delete(&self.path(key.as_str())?).await {
            Ok(()) | Err(Failure::NotFound { .. }) => Ok(()),
            Err(cause) => Err(self.failed("delete", key.as_str(), cause)),
        }
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let path = self.path(prefix.as_str())?;
        let found = self.client.list(Some(&path)).map_ok(|object| object.location).boxed();
        let deleted = self.client.delete_stream(found);
        deleted
            .try_for_each(async |_| Ok(()))
            .await
            .map_err(|cause| self.failed("delete", prefix.as_str(), cause))
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let this = self.clone();
        match self.path(prefix.as_str()) {
            Ok(path) => self
                .client
                .list(Some(&path))
                .map(move |object| match object {
                    Ok(object) => this.key(&object.location),
                    Err(cause) => Err(this.failed("list", "", cause)),
                })
                .boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let (this, prefix) = (self.clone(), prefix.clone());
        stream::once(async move {
            let path = this.path(prefix.as_str())?;
            let listed = this
                .client
                .list_with_delimiter(Some(&path))
                .await
                .map_err(|cause| this.failed("list", prefix.as_str(), cause))?;
            let name = |path: &Path| path.filename().unwrap_or_default().to_owned();
            let dirs = listed.common_prefixes.iter().map(|path| Entry::Dir(name(path)));
            let keys = listed.objects.iter().map(|object| Entry::Key(name(&object.location)));
            Ok::<_, Error>(stream::iter(dirs.chain(keys).map(Ok).collect::<Vec<_>>()))
        })
        .try_flatten()
        .boxed()
    }
}

impl Object {
    fn key(&self, path: &Path) -> Result<Key> {
        let full = Key::new(path.as_ref())?;
        Key::new(self.prefix.strip(&full).unwrap_or(path.as_ref()))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
