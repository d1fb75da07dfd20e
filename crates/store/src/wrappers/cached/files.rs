//! A cache's values as files of a folder.

use std::fs;
use std::hash::Hasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::adapters::Doing;
use crate::{ByteRequest, Error, Key, Result};

/// Says what the values are of, and is locked by the cache that uses the folder.
const CONTENTS: &str = "contents";
const SUFFIX: &str = "value";
/// No header is longer.
const LONGEST_HEADER: u64 = 1 << 16;

/// The folder of a cache: each file is one line of JSON, then the value.
pub(super) struct Files {
    folder: PathBuf,
    next: AtomicU64,
    /// Holds the lock.
    _contents: fs::File,
}

/// A value in a file.
pub(super) struct File {
    path: PathBuf,
    request: ByteRequest,
    /// Where the value begins.
    start: u64,
    len: u64,
    checksum: u64,
    /// Whether it was written by this cache, or checked.
    trusted: AtomicBool,
}

/// What an earlier cache left.
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) request: ByteRequest,
    pub(super) file: File,
}

#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    /// The kind of request, and its one or two numbers.
    request: (u8, u64, u64),
    len: u64,
    checksum: u64,
}

impl Files {
    /// Locks the folder, and finds what an earlier cache of the same contents left.
    pub(super) fn open(folder: &Path, contents: &str) -> Result<(Self, Vec<Found>)> {
        let shown = folder.display().to_string();
        let doing = Doing { operation: "keep a cache", key: "", store: &shown };
        let lock = lock(folder).map_err(|cause| doing.failed(cause))?.ok_or_else(|| {
            Error::AlreadyExists { key: "another cache".to_owned(), store: shown.clone() }
        })?;
        let found = restore(folder, &lock, contents).map_err(|cause| doing.failed(cause))?;
        let next = found.iter().filter_map(|found| found.file.number()).max().unwrap_or(0) + 1;
        let files = Self { folder: folder.to_owned(), next: next.into(), _contents: lock };
        Ok((files, found))
    }

    /// Writes a value beside its place, and renames it.
    pub(super) async fn write(
        files: &Arc<Self>,
        key: &Key,
        request: ByteRequest,
        value: Bytes,
    ) -> io::Result<File> {
        let (files, key) = (Arc::clone(files), key.clone());
        let written =
            tokio::task::spawn_blocking(move || files.write_now(&key, request, &value)).await;
        written.map_err(io::Error::other)?
    }

    fn write_now(&self, key: &Key, request: ByteRequest, value: &[u8]) -> io::Result<File> {
        let (len, checksum) = (value.len() as u64, checksum(value));
        let header = Header { key: key.to_string(), request: encode(request), len, checksum };
        let mut header = serde_json::to_vec(&header)?;
        header.push(b'\n');
        let number = self.next.fetch_add(1, Relaxed);
        let path = self.folder.join(format!("{number:016x}.{SUFFIX}"));
        let temporary = path.with_extension("tmp");
        let written = fs::File::create(&temporary).and_then(|mut file| {
            file.write_all(&header)?;
            file.write_all(value)?;
            fs::rename(&temporary, &path)
        });
        if written.is_err() {
            fs::remove_file(&temporary).ok();
        }
        written?;
        let start = header.len() as u64;
        Ok(File { path, request, start, len, checksum, trusted: true.into() })
    }
}

impl File {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn request(&self) -> ByteRequest {
        self.request
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted.load(Relaxed)
    }

    pub(super) fn trust(&self) {
        self.trusted.store(true, Relaxed);
    }

    /// Removes the file.
    pub(super) fn discard(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a cached file is not removed");
        }
    }

    /// Bytes of the value; `None` when the file is gone or damaged.
    pub(super) async fn read(&self, range: Range<u64>) -> Option<Bytes> {
        let (path, start, len) = (self.path.clone(), self.start, self.len);
        let checked = (!self.is_trusted()).then_some(self.checksum);
        tokio::task::spawn_blocking(move || match checked {
            None => read_bytes(&path, start + range.start, range.end - range.start).ok(),
            Some(expected) => {
                let value = read_bytes(&path, start, len).ok()?;
                (checksum(&value) == expected)
                    .then(|| value.slice(range.start as usize..range.end as usize))
            }
        })
        .await
        .ok()
        .flatten()
    }

    fn number(&self) -> Option<u64> {
        u64::from_str_radix(self.path.file_stem()?.to_str()?, 16).ok()
    }
}

/// The locked file of contents; `None` when another holds the lock.
fn lock(folder: &Path) -> io::Result<Option<fs::File>> {
    fs::create_dir_all(folder)?;
    let mut options = fs::OpenOptions::new();
    let file =
        options.read(true).write(true).create(true).truncate(false).open(folder.join(CONTENTS))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(cause)) => Err(cause),
    }
}

/// What is of these contents; the rest is removed.
fn restore(folder: &Path, mut lock: &fs::File, contents: &str) -> io::Result<Vec<Found>> {
    let mut present = String::new();
    lock.read_to_string(&mut present)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let kept = match extension {
            Some(SUFFIX) if present == contents => read_header(&path),
            Some(SUFFIX | "tmp") => None,
            _ => continue,
        };
        match kept {
            Some(value) => found.push(value),
            None => fs::remove_file(&path)?,
        }
    }
    if present != contents {
        lock.set_len(0)?;
        lock.rewind()?;
        lock.write_all(contents.as_bytes())?;
    }
    found.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    Ok(found)
}

fn read_header(path: &Path) -> Option<Found> {
    let file = fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let mut line = Vec::new();
    io::BufRead::read_until(&mut io::BufReader::new(file).take(LONGEST_HEADER), b'\n', &mut line)
        .ok()?;
    let header: Header = serde_json::from_slice(&line).ok()?;
    let start = line.len() as u64;
    let file = File {
        path: path.to_owned(),
        request: decode(header.request)?,
        start,
        len: header.len,
        checksum: header.checksum,
        trusted: false.into(),
    };
    (start.checked_add(header.len) == Some(size)).then_some(Found {
        key: Key::new(header.key).ok()?,
        request: file.request,
        file,
    })
}

fn read_bytes(path: &Path, start: u64, len: u64) -> io::Result<Bytes> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; len as usize];
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

/// Of the standard library's hash; where another version has another, nothing is found.
fn checksum(value: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(value);
    hasher.finish()
}

fn encode(request: ByteRequest) -> (u8, u64, u64) {
    match request {
        ByteRequest::All => (0, 0, 0),
        ByteRequest::Range { start, end } => (1, start, end),
        ByteRequest::Offset(start) => (2, start, 0),
        ByteRequest::Suffix(last) => (3, last, 0),
    }
}

fn decode(request: (u8, u64, u64)) -> Option<ByteRequest> {
    Some(match request {
        (0, ..) => ByteRequest::All,
        (1, start, end) => ByteRequest::Range { start, end },
        (2, start, _) => ByteRequest::Offset(start),
        (3, last, _) => ByteRequest::Suffix(last),
        _ => return None,
    })
}
