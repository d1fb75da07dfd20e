//! The one session that writes an archive.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tempfile::TempPath;

use super::super::io::{Doing, blocking};
use super::spool::Spool;
use crate::unversioned::live;
use crate::wrappers::Dirty;
use crate::{
    ByteRequest, Capability, Entry, Error, Key, Keys, Names, Prefix, ReadStore, Result, Session,
    Stat, Stats, Store, Version,
};

pub(super) const WRITABLE: Capability = {
    let mut capability = Capability::full();
    // two sessions may both create; the later commit is refused
    capability.atomic_create = false;
    capability.atomic_commit = true;
    capability.written_once = true;
    capability
};

/// Files of unfinished archives begin like this; no key of a directory may.
const UNFINISHED: (&str, &str) = (".terracube-", ".part");

/// A session whose writes go to a file beside the archive to be. The file is gone when the session
/// is dropped; when the process was killed, the next session removes it.
pub(super) struct ArchiveSession {
    store: Dirty<Unfinished>,
    file: TempPath,
    path: PathBuf,
    sync: bool,
}

impl ArchiveSession {
    pub(super) fn begin(path: &Path, shown: String, sync: bool) -> Result<Self> {
        let begun = create_beside(path)
            .and_then(|(file, name)| Ok((Spool::new(file, shown.clone())?, name)));
        let (spool, file) = begun.map_err(|cause| {
            Doing { operation: "begin", key: "the archive", store: &shown }.failed(cause)
        })?;
        let store = Dirty::new(Unfinished { spool: Arc::new(spool) });
        Ok(Self { store, file, path: path.to_owned(), sync })
    }
}

#[async_trait]
impl Session for ArchiveSession {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn is_dirty(&self) -> bool {
        self.store.is_dirty()
    }

    async fn commit(self: Box<Self>, _message: &str) -> Result<Version> {
        let Self { store, file, path, sync } = *self;
        let spool = Arc::clone(&store.inner().spool);
        let shown = spool.shown.clone();
        blocking(&shown, move || {
            spool.finish(sync)?;
            publish(file, &path, sync).map_err(|cause| match cause.kind() {
                io::ErrorKind::AlreadyExists => Error::Conflict {
                    store: spool.shown.clone(),
                    conflict: "somebody else wrote the archive first".to_owned(),
                },
                _ => Doing { operation: "name", key: "the archive", store: &spool.shown }
                    .failed(cause),
            })
        })
        .await?;
        Ok(live())
    }
}

impl fmt::Debug for ArchiveSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session of {:?}", self.store.inner())
    }
}

/// The store of the session; clones share the archive.
#[derive(Clone)]
struct Unfinished {
    spool: Arc<Spool>,
}

impl Unfinished {
    async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Spool) -> Result<T> + Send + 'static,
    {
        let spool = Arc::clone(&self.spool);
        blocking(&self.spool.shown, move || work(&spool)).await
    }
}

#[async_trait]
impl ReadStore for Unfinished {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let key = key.clone();
        self.blocking(move |spool| spool.get(&key, request)).await
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> Result<Vec<Option<Bytes>>> {
        let requests = requests.to_vec();
        self.blocking(move |spool| {
            requests.iter().map(|(key, request)| spool.get(key, *request)).collect()
        })
        .await
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        let key = key.clone();
        self.blocking(move |spool| Ok(spool.size(&key))).await
    }
}

#[async_trait]
impl Store for Unfinished {
    fn capability(&self) -> Capability {
        WRITABLE
    }

    fn identity(&self) -> Option<String> {
        Some(format!("session of {}: {:p}", self.spool.shown, Arc::as_ptr(&self.spool)))
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        let key = key.clone();
        self.blocking(move |spool| spool.set(&key, &value, false).map(|_| ())).await
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        let key = key.clone();
        self.blocking(move |spool| spool.set(&key, &value, true)).await
    }

    async fn set_partial_values(&self, _values: &[(Key, u64, Bytes)]) -> Result<()> {
        let store = self.spool.shown.clone();
        Err(Error::Unsupported { operation: "write a part of a value", store })
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.blocking(move |spool| spool.delete(&key)).await
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let prefix = prefix.clone();
        self.blocking(move |spool| spool.delete_dir(&prefix)).await
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        let keys = self.spool.sizes(prefix).into_iter().map(|(key, _)| Ok(key));
        stream::iter(keys).boxed()
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        let keys = self.spool.sizes(prefix);
        let mut names: Vec<_> = keys.iter().filter_map(|(key, _)| Entry::of(key, prefix)).collect();
        names.sort();
        names.dedup();
        stream::iter(names.into_iter().map(Ok)).boxed()
    }

    fn list_stats(&self, prefix: &Prefix) -> Stats {
        let sizes = self.spool.sizes(prefix).into_iter();
        stream::iter(sizes.map(|(key, size)| Ok((key, Some(Stat::of_size(size)))))).boxed()
    }
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spool.shown)
    }
}

/// A file beside `path`, locked as long as it is open, so that nobody takes it for one that a
/// killed process left. Such files are removed.
fn create_beside(path: &Path) -> io::Result<(File, TempPath)> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (start, end) = UNFINISHED;
    let start = format!("{start}{name}-");
    sweep(folder, &start, end);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&start).suffix(end).rand_bytes(8);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    loop {
        let (file, name) = builder.tempfile_in(folder)?.into_parts();
        // in the moment before it was locked, somebody may have swept it away
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => {}
            _ if name.exists() => return Ok((file, name)),
            _ => {}
        }
    }
}

/// Removes files that nobody holds a lock of; what cannot be is left for another time.
fn sweep(folder: &Path, start: &str, end: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_unfinished =
            name.to_str().is_some_and(|name| name.starts_with(start) && name.ends_with(end));
        if is_unfinished
            && let Ok(file) = fs::OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Gives the finished file its name, unless that is taken.
fn publish(file: TempPath, path: &Path, sync: bool) -> io::Result<()> {
    if let Err(failed) = file.persist_noclobber(path) {
        let has_no_such_call = matches!(
            failed.error.kind(),
            io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
        );
        // some file systems can neither rename to a free name only nor link
        if !has_no_such_call || path.exists() {
            return Err(failed.error);
        }
        failed.path.persist(path).map_err(|failed| failed.error)?;
    }
    match path.parent() {
        Some(folder) if sync && cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
