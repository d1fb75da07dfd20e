//! A store in a local directory: one file per key.

mod list;
#[cfg(feature = "icechunk")]
mod swap;
mod write;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use super::io::{Doing, blocking};
use crate::{
    ByteRequest, Capability, Error, Key, Keys, Names, Prefix, ReadStore, Result, Stats, Store,
};

/// A store in a local directory: one file per key.
///
/// A value appears whole or not at all: it is written under a name that no key can have and then
/// renamed. Symbolic links that lead out of the directory are refused. The directory is made by
/// the first write.
#[derive(Clone, PartialEq, Eq)]
pub struct Directory {
    place: Arc<Place>,
}

impl Directory {
    /// The store in `root`, which need not exist yet.
    ///
    /// # Errors
    /// [`Error::Location`] when the path is empty or the working directory unknown.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let absolute = std::path::absolute(root).map_err(|cause| Error::Location {
            location: root.display().to_string(),
            reason: cause.to_string(),
        })?;
        Ok(Self::at(absolute))
    }

    pub(crate) fn at(root: PathBuf) -> Self {
        let shown = root.display().to_string();
        Self { place: Arc::new(Place { root, shown, fsync: false }) }
    }

    /// Whether every write waits until the file and its folder are on the medium. Off by default.
    #[must_use]
    pub fn with_fsync(self, fsync: bool) -> Self {
        let place = Place { fsync, ..(*self.place).clone() };
        Self { place: Arc::new(place) }
    }

    /// The folder, as an absolute path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// Size in bytes and time of the last change.
    pub(crate) async fn stat(&self, key: &Key) -> Result<Option<(u64, SystemTime)>> {
        let key = key.clone();
        self.blocking(move |place| place.stat(&key)).await
    }

    async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Place) -> Result<T> + Send + 'static,
    {
        let place = Arc::clone(&self.place);
        blocking(&self.place.shown, move || work(&place)).await
    }
}

#[async_trait]
impl ReadStore for Directory {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let key = key.clone();
        self.blocking(move |place| match place.open(&key)? {
            Some(mut file) => file.read(place, &key, request).map(Some),
            None => Ok(None),
        })
        .await
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let requests = requests.to_vec();
        self.blocking(move |place| {
            let mut values = Vec::with_capacity(requests.len());
            let mut open: Option<(&Key, Option<OpenFile>)> = None;
            for (key, request) in &requests {
                if open.as_ref().is_none_or(|(last, _)| *last != key) {
                    open = Some((key, place.open(key)?));
                }
                values.push(match &mut open {
                    Some((_, Some(file))) => Some(file.read(place, key, *request)?),
                    _ => None,
                });
            }
            Ok(values)
        })
        .await
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.stat(key).await?.map(|(size, _)| size))
    }
}

#[async_trait]
impl Store for Directory {
    fn capability(&self) -> Capability {
        Capability::full()
    }

    fn identity(&self) -> Option<String> {
        let root = self.root();
        let found = fs::canonicalize(root).or_else(|_| std::path::absolute(root)).ok()?;
        Some(format!("file://{}", found.display()))
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        let key = key.clone();
        self.blocking(move |place| place.set(&key, &value)).await
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let key = key.clone();
        self.blocking(move |place| place.create(&key, &value)).await
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        Err(Error::Unsupported {
            operation: "write a part of a value",
            store: self.place.shown.clone(),
        })
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.blocking(move |place| place.delete(&key)).await
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let prefix = prefix.clone();
        self.blocking(move |place| place.delete_dir(&prefix)).await
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        list::keys(Arc::clone(&self.place), prefix.clone())
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        list::names(Arc::clone(&self.place), prefix.clone())
    }

    fn list_stats(&self, prefix: &Prefix) -> Stats {
        list::stats(Arc::clone(&self.place), prefix.clone())
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place.shown)
    }
}

/// Names that begin like this are files being written and the lock; no key may.
const RESERVED: &str = ".terracube-";

/// The folder and how to write in it.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    root: PathBuf,
    shown: String,
    fsync: bool,
}

impl Place {
    fn doing<'a>(&'a self, operation: &'static str, key: &'a str) -> Doing<'a> {
        Doing { operation, key, store: &self.shown }
    }

    fn open(&self, key: &Key) -> Result<Option<OpenFile>> {
        let Some(path) = self.existing(key, "read")? else { return Ok(None) };
        let opened = File::open(path).and_then(|file| {
            let metadata = file.metadata()?;
            Ok(metadata.is_file().then(|| OpenFile { file, size: metadata.len() }))
        });
        match opened {
            Ok(file) => Ok(file),
            Err(cause) if is_absent(&cause) => Ok(None),
            Err(cause) => Err(self.doing("read", key.as_str()).failed(cause)),
        }
    }

    fn stat(&self, key: &Key) -> Result<Option<(u64, SystemTime)>> {
        let Some(path) = self.existing(key, "look at")? else { return Ok(None) };
        let found = fs::metadata(path).and_then(|metadata| {
            let changed = metadata.modified()?;
            Ok(metadata.is_file().then_some((metadata.len(), changed)))
        });
        match found {
            Err(cause) if is_absent(&cause) => Ok(None),
            found => found.map_err(|cause| self.doing("look at", key.as_str()).failed(cause)),
        }
    }

    /// The path of a key that may exist; `None` for names no key may have.
    fn existing(&self, key: &Key, operation: &'static str) -> Result<Option<PathBuf>> {
        if key.as_str().split('/').any(|name| name.starts_with(RESERVED)) {
            return Ok(None);
        }
        self.path(key.as_str(), operation).map(Some)
    }

    /// The path of a key or prefix, refused when a symbolic link on the way leads outside.
    fn path(&self, key: &str, operation: &'static str) -> Result<PathBuf> {
        let mut path = self.root.clone();
        if key.is_empty() {
            return Ok(path);
        }
        for component in Path::new(key).components() {
            // on other systems a key may hold a drive or a root
            if !matches!(component, Component::Normal(_)) {
                return Err(Error::InvalidKey {
                    key: key.to_owned(),
                    reason: "it is no relative path here",
                });
            }
            path.push(component);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => {
                    self.refuse_outside(&path, key, operation)?
                }
                Ok(_) => {}
                Err(cause) if is_absent(&cause) => return Ok(self.root.join(key)),
                Err(cause) => return Err(self.doing(operation, key).failed(cause)),
            }
        }
        Ok(path)
    }

    fn refuse_outside(&self, link: &Path, key: &str, operation: &'static str) -> Result<()> {
        let inside = fs::canonicalize(&self.root)
            .and_then(|root| Ok(fs::canonicalize(link)?.starts_with(root)))
            .unwrap_or(false);
        if inside {
            return Ok(());
        }
        let cause = io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} is a symbolic link that leads out of the store", link.display()),
        );
        Err(self.doing(operation, key).failed(cause))
    }
}

struct OpenFile {
    file: File,
    size: u64,
}

impl OpenFile {
    fn read(&mut self, place: &Place, key: &Key, request: ByteRequest) -> Result<Bytes> {
        let range = request.resolve(key, self.size)?;
        let length = range.end - range.start;
        let mut bytes = Vec::with_capacity(length as usize);
        let read = (|| {
            self.file.seek(SeekFrom::Start(range.start))?;
            (&mut self.file).take(length).read_to_end(&mut bytes)
        })();
        match read {
            Ok(n) if n as u64 == length => Ok(bytes.into()),
            Ok(_) => {
                let cause = io::Error::new(io::ErrorKind::UnexpectedEof, "the file has shrunk");
                Err(place.doing("read", key.as_str()).failed(cause))
            }
            Err(cause) => Err(place.doing("read", key.as_str()).failed(cause)),
        }
    }
}

/// Whether there is no such value: no file, or a file where a folder would have to be.
fn is_absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
