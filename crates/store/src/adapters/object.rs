//! A store in a bucket, or below a URL.

#[cfg(feature = "azure")]
pub(crate) mod azure;
pub(crate) mod coalesce;
#[cfg(feature = "gcs")]
pub(crate) mod gcs;
#[cfg(feature = "http")]
pub(crate) mod http;
#[cfg(feature = "s3")]
mod s3;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error as Failure, GetOptions, GetRange, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutOptions,
};

use self::coalesce::{Fetch, coalesce};
#[cfg(feature = "s3")]
pub(crate) use self::s3::Location;

use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Stat,
    Stats, Store,
};

/// So many requests of one call are under way at a time.
const REQUESTS: usize = 16;
/// The metadata that says which write made an object. Azure takes letters only.
const WRITE: &str = "terracubewrite";

/// A store in a bucket, or below a URL.
#[derive(Clone)]
pub(crate) struct Object {
    client: Arc<dyn ObjectStore>,
    prefix: Prefix,
    shown: Arc<str>,
    identity: Arc<str>,
    capability: Capability,
    /// Whether the service reads the last bytes without being told the size.
    has_suffixes: bool,
    /// Whether an ETag of 32 hexadecimal digits is the MD5 of the content.
    has_md5_tags: bool,
}

impl Object {
    /// The store below `prefix`, shown and known by names without secrets.
    pub(crate) fn new(
        client: Arc<dyn ObjectStore>,
        prefix: Prefix,
        shown: &str,
        identity: &str,
    ) -> Self {
        let (shown, identity) = (shown.into(), identity.into());
        let capability = Capability::full();
        let (has_suffixes, has_md5_tags) = (true, false);
        Self { client, prefix, shown, identity, capability, has_suffixes, has_md5_tags }
    }

    fn check(&self, is_able: bool, operation: &'static str) -> Result<()> {
        if is_able {
            return Ok(());
        }
        let store = self.shown.to_string();
        Err(if operation == "list" {
            Error::Unsupported { operation, store }
        } else {
            Error::ReadOnly { operation, store }
        })
    }

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

    async fn put(&self, key: &Key, value: Bytes, options: PutOptions) -> Result<(), PutFailure> {
        let path = self.path(key.as_str()).map_err(PutFailure::Key)?;
        match self.client.put_opts(&path, value.into(), options).await {
            Ok(_) => Ok(()),
            Err(Failure::AlreadyExists { .. } | Failure::Precondition { .. }) => {
                Err(PutFailure::Exists)
            }
            Err(cause) => Err(PutFailure::Other(cause)),
        }
    }

    /// Whether the object is there and was made by this write, whose answer may have been lost.
    async fn was_made_by(&self, key: &Key, write: &str) -> Result<bool> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.client.get_opts(&self.path(key.as_str())?, options).await {
            Ok(found) => {
                let made_by = found.attributes.get(&Attribute::Metadata(WRITE.into()));
                Ok(made_by.is_some_and(|made_by| made_by.as_ref() == write))
            }
            Err(Failure::NotFound { .. }) => Ok(false),
            Err(cause) => Err(self.failed("look at", key.as_str(), cause)),
        }
    }

    /// The answers to the byte requests that one request serves, by their places.
    async fn answer(&self, fetch: Fetch) -> Result<Vec<(usize, Option<Bytes>)>> {
        let Some(bytes) = self.get(&fetch.key, fetch.request).await? else {
            return Ok(fetch.answers.into_iter().map(|(place, _)| (place, None)).collect());
        };
        let ByteRequest::Range { start, .. } = fetch.request else {
            let each = fetch.answers.into_iter();
            return Ok(each.map(|(place, _)| (place, Some(bytes.clone()))).collect());
        };
        let size = start + bytes.len() as u64;
        let cut = |(place, wanted): (usize, ByteRequest)| {
            let range = wanted.resolve(&fetch.key, size)?;
            Ok((
                place,
                Some(bytes.slice((range.start - start) as usize..(range.end - start) as usize)),
            ))
        };
        fetch.answers.into_iter().map(cut).collect()
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
            ByteRequest::Suffix(n) if n > 0 && self.has_suffixes => Some(GetRange::Suffix(n)),
            // Azure has no such requests
            ByteRequest::Suffix(n) if n > 0 => {
                let Some(size) = self.size(key).await? else { return Ok(None) };
                let range = request.resolve(key, size)?;
                Some(GetRange::Bounded(range))
            }
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

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let mut values = vec![None; requests.len()];
        let mut answers = stream::iter(coalesce(requests))
            .map(|fetch| self.answer(fetch))
            .buffer_unordered(REQUESTS);
        while let Some(answered) = answers.try_next().await? {
            for (place, value) in answered {
                values[place] = value;
            }
        }
        Ok(values)
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.stat(key).await?.map(|stat| stat.size))
    }

    async fn stat(&self, key: &Key) -> Result<Option<Stat>> {
        match self.client.head(&self.path(key.as_str())?).await {
            Ok(found) => Ok(Some(self.told(&found))),
            Err(Failure::NotFound { .. }) => Ok(None),
            Err(cause) => Err(self.failed("look at", key.as_str(), cause)),
        }
    }
}

#[async_trait]
impl Store for Object {
    fn capability(&self) -> Capability {
        self.capability
    }

    fn identity(&self) -> Option<String> {
        Some(self.identity.to_string())
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        self.check(self.capability.writes, "write")?;
        match self.put(key, value, PutMode::Overwrite.into()).await {
            Ok(()) | Err(PutFailure::Exists) => Ok(()),
            Err(PutFailure::Key(error)) => Err(error),
            Err(PutFailure::Other(cause)) => Err(self.failed("write", key.as_str(), cause)),
        }
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        self.check(self.capability.writes, "write")?;
        let write = format!("{:032x}", rand::random::<u128>());
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::Metadata(WRITE.into()), write.clone().into());
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.put(key, value, options).await {
            Ok(()) => Ok(true),
            // perhaps what the client wrote before it tried again
            Err(PutFailure::Exists) => self.was_made_by(key, &write).await,
            Err(PutFailure::Key(error)) => Err(error),
            Err(PutFailure::Other(cause)) => match self.was_made_by(key, &write).await {
                Ok(true) => Ok(true),
                _ => Err(self.failed("create", key.as_str(), cause)),
            },
        }
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.check(self.capability.writes, "write")?;
        let store = self.shown.to_string();
        Err(Error::Unsupported { operation: "write a part of a value", store })
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.check(self.capability.deletes, "delete")?;
        match self.client.delete(&self.path(key.as_str())?).await {
            Ok(()) | Err(Failure::NotFound { .. }) => Ok(()),
            Err(cause) => Err(self.failed("delete", key.as_str(), cause)),
        }
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.check(self.capability.deletes, "delete")?;
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
        self.objects(prefix, move |object| this.key(&object.location))
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let (this, prefix) = (self.clone(), prefix.clone());
        stream::once(async move {
            this.check(this.capability.listing, "list")?;
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

    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let this = self.clone();
        self.objects(prefix, move |object| {
            Ok((this.key(&object.location)?, Some(this.told(&object))))
        })
    }
}

impl Object {
    /// What `tell` makes of each object below `prefix`.
    fn objects<T: Send + 'static>(
        &self,
        prefix: &Prefix,
        tell: impl Fn(ObjectMeta) -> Result<T> + Send + 'static,
    ) -> BoxStream<'static, Result<T>> {
        let this = self.clone();
        let path =
            self.check(self.capability.listing, "list").and_then(|()| self.path(prefix.as_str()));
        match path {
            Ok(path) => self
                .client
                .list(Some(&path))
                .map(move |object| match object {
                    Ok(object) => tell(object),
                    Err(cause) => Err(this.failed("list", "", cause)),
                })
                .boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn told(&self, object: &ObjectMeta) -> Stat {
        let tag = object.e_tag.as_deref().unwrap_or_default().trim_matches('"');
        let is_md5 = self.has_md5_tags
            && tag.len() == 32
            && tag.bytes().all(|digit| digit.is_ascii_hexdigit());
        Stat { size: object.size, hash: is_md5.then(|| format!("md5:{}", tag.to_lowercase())) }
    }

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
