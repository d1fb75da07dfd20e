//! A store in a ZIP archive in a local file, for reading.

mod archive;
mod entry;
mod index;
mod record;
mod session;
mod spool;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use rawzip::{FileReader, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::archive::Archive;
use self::index::Index;
use super::io::{Doing, blocking};
use crate::{
    ByteRequest, Capability, Error, Key, Keys, Names, Prefix, ReadStore, Result, Stat, Stats, Store,
};

/// So many bytes are inflated at a time unless said otherwise.
const INFLATED: u64 = 1 << 30;

/// A store in a ZIP archive in a local file, for reading.
///
/// - Values that are stored are read by byte range. Those that are deflated are inflated whole, and
///   refused when they would be larger than [`with_inflated`](Self::with_inflated) allows; no other
///   compression and no encryption is read. A value read whole is checked against its checksum.
/// - The directory of the archive is read once, when it is opened.
/// - Of entries with the same name the last one counts, as for Python's `zipfile`. An entry whose
///   name is no [`Key`] (a folder, absolute, with `..` or a backslash, not UTF-8) is not seen, and
///   the others are there all the same.
///
/// Archives are written by the session of a repository that
/// [`create_repository`](crate::create_repository) makes.
#[derive(Clone)]
pub struct Zip {
    opened: Arc<Opened>,
    inflated: u64,
    /// A permit for each KiB.
    inflating: Arc<Semaphore>,
}

impl Zip {
    /// Opens the archive at a path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no file; [`Error::Backend`] when it is no ZIP archive, or
    /// is cut off or damaged.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let absolute = std::path::absolute(path).map_err(|cause| Error::Location {
            location: path.display().to_string(),
            reason: cause.to_string(),
        })?;
        let shown = absolute.display().to_string();
        let opened = blocking(&shown, move || Opened::open(absolute)).await?;
        let (inflated, inflating) = (INFLATED, permits(INFLATED));
        Ok(Self { opened: Arc::new(opened), inflated, inflating })
    }

    /// How many bytes may be inflated at a time, 1 GiB unless said: a larger value is refused,
    /// others wait for each other.
    #[must_use]
    pub fn with_inflated(self, bytes: u64) -> Self {
        Self { inflated: bytes, inflating: permits(bytes), ..self }
    }

    /// The file, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.opened.path
    }

    /// Waits until the largest of the values that must be inflated may be.
    async fn room(&self, requests: &[(Key, ByteRequest)]) -> Option<OwnedSemaphorePermit> {
        let entries = requests.iter().filter_map(|(key, _)| self.opened.index.find(key));
        let largest = entries.filter(|entry| entry.is_deflated()).map(|e| e.size()).max()?;
        let permits = u32::try_from(largest.min(self.inflated) >> 10).unwrap_or(u32::MAX);
        Arc::clone(&self.inflating).acquire_many_owned(permits).await.ok()
    }
}

#[async_trait]
impl ReadStore for Zip {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let values = self.get_partial_values(&[(key.clone(), request)]).await?;
        Ok(values.into_iter().next().flatten())
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let room = self.room(requests).await;
        let (opened, limit) = (Arc::clone(&self.opened), self.inflated);
        let requests = requests.to_vec();
        blocking(&self.opened.shown, move || {
            let values = opened.read(&requests, limit);
            drop(room);
            values
        })
        .await
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.opened.index.find(key).map(|entry| entry.size()))
    }
}

#[async_trait]
impl Store for Zip {
    fn capability(&self) -> Capability {
        Capability::read_only()
    }

    fn identity(&self) -> Option<String> {
        let path = std::fs::canonicalize(&self.opened.path).ok();
        Some(format!("file://{}", path.as_ref().unwrap_or(&self.opened.path).display()))
    }

    async fn set(&self, _key: &Key, _value: Bytes) -> Result<()> {
        self.opened.refuse("write")
    }

    async fn set_if_not_exists(&self, _key: &Key, _value: Bytes) -> Result<bool> {
        self.opened.refuse("write")
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.opened.refuse("write")
    }

    async fn delete(&self, _key: &Key) -> Result<()> {
        self.opened.refuse("delete")
    }

    async fn delete_dir(&self, _prefix: &Prefix) -> Result<()> {
        self.opened.refuse("delete")
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let opened = Arc::clone(&self.opened);
        let places = opened.index.below(prefix);
        stream::iter(places.map(move |place| Ok(opened.index.entry(place).0.clone()))).boxed()
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let (opened, prefix) = (Arc::clone(&self.opened), prefix.clone());
        let mut places = opened.index.below(&prefix);
        let names = std::iter::from_fn(move || opened.index.next_name(&prefix, &mut places));
        stream::iter(names.map(Ok)).boxed()
    }

    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let opened = Arc::clone(&self.opened);
        let places = opened.index.below(prefix);
        let stats = places.map(move |place| {
            let (key, entry) = opened.index.entry(place);
            Ok((key.clone(), Some(Stat::of_size(entry.size()))))
        });
        stream::iter(stats).boxed()
    }
}

impl fmt::Debug for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.opened.shown)
    }
}

/// Whether a file begins as ZIP archives do.
pub(crate) fn is_zip(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    // a first entry, or the end of an archive that has none
    read.is_ok() && matches!(&start, b"PK\x03\x04" | b"PK\x05\x06")
}

/// An open archive and what is in it.
struct Opened {
    path: PathBuf,
    shown: String,
    archive: ZipArchive<FileReader>,
    index: Index,
}

impl Opened {
    fn open(path: PathBuf) -> Result<Self> {
        let shown = path.display().to_string();
        // asked before it is opened: to open a pipe may wait for ever
        let opened = fs::metadata(&path).and_then(|found| {
            if !found.is_file() {
                return Err(invalid("it is no file"));
            }
            let file = File::open(&path)?;
            let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
            let archive = ZipArchive::from_file(file, &mut buffer).map_err(unreadable)?;
            let index = Index::read(&archive, &mut buffer)?;
            Ok((archive, index))
        });
        match opened {
            Ok((archive, index)) => Ok(Self { path, shown, archive, index }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(Error::NotFound { key: "a ZIP archive".to_owned(), store: shown })
            }
            Err(cause) => {
                let doing = Doing { operation: "open", key: "its directory", store: &shown };
                Err(doing.failed(cause))
            }
        }
    }

    fn read(&self, requests: &[(Key, ByteRequest)], limit: u64) -> Result<Vec<Option<Bytes>>> {
        let mut values = Vec::with_capacity(requests.len());
        let mut inflated: Option<(&Key, Bytes)> = None;
        for (key, request) in requests {
            let Some(entry) = self.index.find(key) else {
                values.push(None);
                continue;
            };
            let range = request.resolve(key, entry.size())?;
            let failed = |cause| {
                Doing { operation: "read", key: key.as_str(), store: &self.shown }.failed(cause)
            };
            if !entry.is_deflated() {
                values.push(Some(entry.read(&self.archive, key, range).map_err(failed)?));
                continue;
            }
            let whole = match &inflated {
                Some((last, whole)) if *last == key => whole.clone(),
                _ => entry.inflate(&self.archive, key, limit).map_err(failed)?,
            };
            values.push(Some(part(&whole, range.start as usize..range.end as usize)));
            inflated = Some((key, whole));
        }
        Ok(values)
    }

    fn refuse<T>(&self, operation: &'static str) -> Result<T> {
        Err(Error::ReadOnly { operation, store: written_once(&self.shown) })
    }
}

/// A part that does not keep much more than itself in memory.
fn part(whole: &Bytes, range: std::ops::Range<usize>) -> Bytes {
    if range.len() > whole.len() / 2 {
        whole.slice(range)
    } else {
        Bytes::copy_from_slice(&whole[range])
    }
}

fn permits(bytes: u64) -> Arc<Semaphore> {
    let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
    Arc::new(Semaphore::new((kib as usize).min(Semaphore::MAX_PERMITS)))
}

/// An archive, with the reason why it is not written.
fn written_once(shown: &str) -> String {
    format!("{shown} (a ZIP archive, which is written once)")
}

fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

fn unreadable(error: rawzip::Error) -> io::Error {
    match error.into_kind() {
        rawzip::ErrorKind::IO(cause) => cause,
        rawzip::ErrorKind::Eof => invalid("the archive is cut off or damaged"),
        rawzip::ErrorKind::MissingEndOfCentralDirectory => {
            invalid("it is no ZIP archive, or its end is cut off")
        }
        other => invalid(format!("the archive is damaged: {other}")),
    }
}
