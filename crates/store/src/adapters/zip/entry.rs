//! One entry of an archive, and how its bytes are read.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, EntryFlags, FileReader, RangeReader, ReaderAt, ZipArchive,
    ZipArchiveEntryWayfinder, ZipFileHeaderRecord,
};

use super::record::Record;
use super::{invalid, unreadable};
use crate::Key;

/// Where the local header has the lengths of the name and of what follows it; then the name.
const NAME: u64 = 26;
/// Nothing deflated is so many times larger inflated.
const LARGEST_RATIO: u64 = 1033;

pub(super) struct Entry {
    offset: u64,
    wayfinder: ZipArchiveEntryWayfinder,
    crc: u32,
    method: CompressionMethod,
    flags: EntryFlags,
    /// Where the next entry begins, or the directory.
    limit: u64,
    /// Where its bytes begin, once that was looked up.
    start: OnceLock<u64>,
}

impl Entry {
    pub(super) fn new(record: &ZipFileHeaderRecord<'_>) -> Self {
        Self {
            offset: record.local_header_offset(),
            wayfinder: record.wayfinder(),
            crc: record.crc32(),
            method: record.compression_method(),
            flags: record.flags(),
            limit: u64::MAX,
            start: OnceLock::new(),
        }
    }

    /// Says where the next entry begins.
    pub(super) fn ends_before(&mut self, limit: u64) {
        self.limit = limit;
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The size of the value in bytes, as the directory has it.
    pub(super) fn size(&self) -> u64 {
        self.wayfinder.uncompressed_size_hint()
    }

    pub(super) fn is_deflated(&self) -> bool {
        self.method == CompressionMethod::DEFLATE
    }

    pub(super) fn is_of(&self, record: &Record) -> bool {
        (self.offset, self.size(), self.crc) == (record.offset, record.size, record.crc)
            && self.method == CompressionMethod::STORE
    }

    /// A part of what is stored.
    pub(super) fn read(
        &self,
        archive: &ZipArchive<FileReader>,
        key: &Key,
        range: Range<u64>,
    ) -> io::Result<Bytes> {
        let start = self.start(archive, key)?;
        let length = range.end - range.start;
        let mut bytes = vec![0; length as usize];
        archive.get_ref().read_exact_at(&mut bytes, start + range.start)?;
        if length == self.size() {
            self.check(&bytes)?;
        }
        Ok(bytes.into())
    }

    /// The whole of what is deflated, unless it has more bytes than the limit.
    pub(super) fn inflate(
        &self,
        archive: &ZipArchive<FileReader>,
        key: &Key,
        limit: u64,
    ) -> io::Result<Bytes> {
        let start = self.start(archive, key)?;
        let (size, deflated) = (self.size(), self.wayfinder.compressed_size_hint());
        if size > limit {
            return Err(invalid(format!("inflated it has {size} bytes, {limit} are allowed")));
        }
        if size / LARGEST_RATIO > deflated {
            return Err(invalid(format!("{deflated} bytes never inflate to {size}")));
        }
        let deflated = RangeReader::new(archive.get_ref(), start..start + deflated);
        let mut bytes = Vec::with_capacity(size as usize);
        DeflateDecoder::new(deflated).take(size + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size {
            return Err(invalid(format!("inflated it has not the {size} bytes it should")));
        }
        self.check(&bytes)?;
        Ok(bytes.into())
    }

    /// Where its bytes begin, when it is one that can be read.
    fn start(&self, archive: &ZipArchive<FileReader>, key: &Key) -> io::Result<u64> {
        if let Some(start) = self.start.get() {
            return Ok(*start);
        }
        self.refuse_unknown()?;
        if self.offset >= self.limit {
            return Err(invalid("it lies behind the directory: the archive is damaged"));
        }
        let entry = archive.get_entry(self.wayfinder).map_err(unreadable)?;
        let (start, end) = entry.compressed_data_range();
        if end > self.limit {
            return Err(invalid("it runs into the next entry or the directory"));
        }
        let name = key.as_str().as_bytes();
        let mut found = vec![0; 4 + name.len()];
        archive.get_ref().read_exact_at(&mut found, self.offset + NAME)?;
        if found[..2] != (name.len() as u16).to_le_bytes() || found[4..] != *name {
            return Err(invalid("its place in the archive has another name"));
        }
        Ok(*self.start.get_or_init(|| start))
    }

    fn refuse_unknown(&self) -> io::Result<()> {
        let flags = self.flags;
        if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
            return Err(invalid("it is encrypted"));
        }
        let sizes = (self.size(), self.wayfinder.compressed_size_hint());
        match self.method {
            CompressionMethod::DEFLATE => Ok(()),
            CompressionMethod::STORE if sizes.0 == sizes.1 => Ok(()),
            CompressionMethod::STORE => Err(invalid("it is stored in another size than its own")),
            method => Err(invalid(format!(
                "it is compressed by method {method}; known are stored and deflated"
            ))),
        }
    }

    fn check(&self, bytes: &[u8]) -> io::Result<()> {
        if crc32fast::hash(bytes) == self.crc {
            return Ok(());
        }
        Err(invalid("its checksum is wrong: the archive is damaged"))
    }
}
