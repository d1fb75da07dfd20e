//! The first bytes of a file, read ahead in few requests.

use std::sync::Arc;

use bytes::Bytes;
use terracube_store::{ByteRequest, Error as StoreError, Key, ReadStore};

use crate::{Error, Result};

const FIRST_READ: u64 = 32 << 10;
const LARGEST_READ: u64 = 2 << 20;
/// Headers of sound files are far below this, even with millions of tiles.
const LARGEST_HEAD: u64 = 256 << 20;

/// Reads small parts of a file through blocks fetched ahead, each twice as long as the one before.
#[derive(Debug)]
pub(super) struct Head {
    store: Arc<dyn ReadStore>,
    key: Key,
    blocks: Vec<(u64, Bytes)>,
    next: u64,
    total: u64,
}

impl Head {
    pub(super) fn new(store: Arc<dyn ReadStore>, key: Key) -> Self {
        Self { store, key, blocks: Vec::new(), next: FIRST_READ, total: 0 }
    }

    /// Exactly `len` bytes at `offset`.
    pub(super) async fn read(&mut self, offset: u64, len: u64) -> Result<Bytes> {
        let end = offset.checked_add(len).ok_or_else(|| self.malformed("an offset overflows"))?;
        let holds = |(start, block): &(u64, Bytes)| {
            let at = offset.checked_sub(*start)? as usize;
            let bytes = block.get(at..(end - start) as usize)?;
            Some(block.slice_ref(bytes))
        };
        if let Some(bytes) = self.blocks.iter().find_map(holds) {
            return Ok(bytes);
        }
        let size = len.max(self.next);
        self.total += size;
        if self.total > LARGEST_HEAD {
            return Err(Error::TooLarge {
                key: self.key.to_string(),
                what: "bytes of metadata",
                value: self.total,
                limit: LARGEST_HEAD,
            });
        }
        self.next = (self.next * 2).min(LARGEST_READ);
        let block = self.fetch(offset, offset.saturating_add(size)).await?;
        if (block.len() as u64) < len {
            return Err(Error::Truncated {
                key: self.key.to_string(),
                offset,
                needed: len,
                have: block.len() as u64,
            });
        }
        let bytes = block.slice(..len as usize);
        self.blocks.push((offset, block));
        Ok(bytes)
    }

    /// The first bytes of the file, at most `len`; fewer when it is shorter.
    pub(super) async fn start(&mut self, len: u64) -> Result<Bytes> {
        let block = self.fetch(0, self.next).await?;
        self.total += block.len() as u64;
        self.next *= 2;
        let bytes = block.slice(..block.len().min(len as usize));
        self.blocks.push((0, block));
        Ok(bytes)
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> Error {
        Error::Malformed { key: self.key.to_string(), reason: reason.into() }
    }

    async fn fetch(&self, start: u64, end: u64) -> Result<Bytes> {
        match self.store.get(&self.key, ByteRequest::Range { start, end }).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Error::NotFound { key: self.key.to_string() }),
            // The range starts past the end of the file.
            Err(StoreError::InvalidRange { .. }) => Ok(Bytes::new()),
            Err(source) => Err(read_error(&self.key, source)),
        }
    }
}

pub(super) fn read_error(key: &Key, source: StoreError) -> Error {
    Error::Read { key: key.to_string(), transient: source.is_transient(), source: Box::new(source) }
}
