//! An archive being written: records one after another in a file that has no name yet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use rawzip::{FileReader, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ReaderAt, ZipArchive};

use super::index::Index;
use super::record::{self, Record};
use super::{Doing, invalid, unreadable, written_once};
use crate::{ByteRequest, Error, Key, Prefix, Result};

/// So many bytes are moved or written at a time.
const BLOCK: usize = 1 << 20;
/// The longest name that an entry may have, in bytes.
const LONGEST_NAME: usize = 0xffff;

/// An archive being written. A value that is replaced or deleted leaves a gap, which is closed when
/// the archive is finished.
pub(super) struct Spool {
    file: File,
    /// The same file, read at any place.
    reader: FileReader,
    pub(super) shown: String,
    /// Where the next record goes; nowhere once the archive is finished. Who changes anything
    /// holds it.
    end: Mutex<Option<u64>>,
    values: RwLock<BTreeMap<Key, Record>>,
}

impl Spool {
    /// An archive in an empty file, shown in errors by the name it will have.
    pub(super) fn new(file: File, shown: String) -> io::Result<Self> {
        let reader = FileReader::from(file.try_clone()?);
        let (end, values) = (Mutex::new(Some(0)), RwLock::default());
        Ok(Self { file, reader, shown, end, values })
    }

    pub(super) fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        // held until the value is read: it may be moved
        let values = self.values();
        let Some(record) = values.get(key) else { return Ok(None) };
        let range = request.resolve(key, record.size)?;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let start = record.start(key.as_str()) + range.start;
        match self.reader.read_exact_at(&mut bytes, start) {
            Ok(()) => Ok(Some(bytes.into())),
            Err(cause) => Err(self.doing("read", key.as_str()).failed(cause)),
        }
    }

    pub(super) fn size(&self, key: &Key) -> Option<u64> {
        self.values().get(key).map(|record| record.size)
    }

    /// Appends a value, unless there is one and it is to be kept; whether it was written.
    pub(super) fn set(&self, key: &Key, value: &[u8], keep: bool) -> Result<bool> {
        let name = key.as_str();
        if name.len() > LONGEST_NAME {
            let reason = "a name in a ZIP archive has 65535 bytes at most";
            return Err(Error::InvalidKey { key: name.to_owned(), reason });
        }
        let crc = crc32fast::hash(value);
        let mut end = self.end();
        let offset = self.open(*end, "write")?;
        if keep && self.values().contains_key(key) {
            return Ok(false);
        }
        let record = Record { offset, size: value.len() as u64, crc };
        write_all_at(&self.file, &record.local_header(name), offset)
            .and_then(|()| write_all_at(&self.file, value, record.start(name)))
            .map_err(|cause| self.doing("write", name).failed(cause))?;
        *end = Some(record.end(name));
        self.values_mut().insert(key.clone(), record);
        Ok(true)
    }

    pub(super) fn delete(&self, key: &Key) -> Result<()> {
        let end = self.end();
        self.open(*end, "delete")?;
        self.values_mut().remove(key);
        Ok(())
    }

    pub(super) fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let end = self.end();
        self.open(*end, "delete")?;
        self.values_mut().retain(|key, _| !prefix.contains(key));
        Ok(())
    }

    /// The keys below a prefix, in order, with the sizes of their values in bytes.
    pub(super) fn sizes(&self, prefix: &Prefix) -> Vec<(Key, u64)> {
        let values = self.values();
        let below = values.iter().filter(|(key, _)| prefix.contains(key));
        below.map(|(key, record)| (key.clone(), record.size)).collect()
    }

    /// Completes the archive: nothing is written to it any more.
    pub(super) fn finish(&self, sync: bool) -> Result<()> {
        let mut end = self.end();
        self.open(*end, "commit")?;
        *end = None;
        let mut values = self.values_mut();
        let finished = self
            .close_gaps(&mut values)
            .and_then(|end| self.write_directory(&values, end))
            .and_then(|()| self.verify(&values))
            .and_then(|()| if sync { self.file.sync_all() } else { Ok(()) });
        finished.map_err(|cause| self.doing("finish", "the archive").failed(cause))
    }

    /// Moves every record to where the one before it ends; where the last one ends.
    fn close_gaps(&self, values: &mut BTreeMap<Key, Record>) -> io::Result<u64> {
        let mut records: Vec<_> = values.iter_mut().collect();
        records.sort_unstable_by_key(|(_, record)| record.offset);
        let mut block = Vec::new();
        let mut end = 0;
        for (key, record) in records {
            let length = record.end(key.as_str()) - record.offset;
            if record.offset != end {
                block.resize(BLOCK, 0);
                self.move_down(record.offset, end, length, &mut block)?;
                record.offset = end;
            }
            end += length;
        }
        self.file.set_len(end)?;
        Ok(end)
    }

    fn move_down(&self, from: u64, to: u64, length: u64, block: &mut [u8]) -> io::Result<()> {
        let mut moved = 0;
        while moved < length {
            let size = (length - moved).min(block.len() as u64) as usize;
            self.reader.read_exact_at(&mut block[..size], from + moved)?;
            write_all_at(&self.file, &block[..size], to + moved)?;
            moved += size as u64;
        }
        Ok(())
    }

    fn write_directory(&self, values: &BTreeMap<Key, Record>, start: u64) -> io::Result<()> {
        let mut written = start;
        let mut block = Vec::new();
        for (key, record) in values {
            record.describe(key.as_str(), &mut block);
            if block.len() >= BLOCK {
                write_all_at(&self.file, &block, written)?;
                written += block.len() as u64;
                block.clear();
            }
        }
        let end = written + block.len() as u64;
        record::finish(values.len() as u64, start, end, &mut block);
        write_all_at(&self.file, &block, written)
    }

    /// Reads the directory back.
    fn verify(&self, values: &BTreeMap<Key, Record>) -> io::Result<()> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let archive =
            ZipArchive::from_file(self.file.try_clone()?, &mut buffer).map_err(unreadable)?;
        if Index::read(&archive, &mut buffer)?.is_of(values.iter()) {
            return Ok(());
        }
        Err(invalid("what was written reads back as something else"))
    }

    fn open(&self, end: Option<u64>, operation: &'static str) -> Result<u64> {
        end.ok_or_else(|| Error::ReadOnly { operation, store: written_once(&self.shown) })
    }

    fn doing<'a>(&'a self, operation: &'static str, key: &'a str) -> Doing<'a> {
        Doing { operation, key, store: &self.shown }
    }

    fn end(&self) -> MutexGuard<'_, Option<u64>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn values(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Record>> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn values_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, Record>> {
        self.values.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match write_at(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, offset)
}
