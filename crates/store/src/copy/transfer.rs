//! How one value gets from one store to another.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::document::{is_same, without_consolidated};
use super::{CopyOptions, Verify};
use crate::{ByteRequest, Error, Key, Result, Stat, Store};

/// Memory is given out in units of so many bytes.
const UNIT: u64 = 4096;
/// More are as good as no bound.
const MOST_UNITS: u32 = 1 << 28;

/// Moves values from one store to another, so many bytes at a time.
pub(super) struct Transfer {
    pub(super) from: Arc<dyn Store>,
    pub(super) to: Arc<dyn Store>,
    verify: Verify,
    memory: Semaphore,
    units: u32,
    /// Nothing was at the target: it need not be asked.
    is_new: bool,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Copied(u64),
    Skipped(u64),
    /// The source has no such value, though it may have.
    Absent,
}

/// A key of the source, and what is known of its value.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) key: Key,
    pub(super) stat: Option<Stat>,
    /// Whether the source has listed it. Otherwise it need not be there.
    pub(super) is_listed: bool,
}

impl Transfer {
    pub(super) fn new(
        from: Arc<dyn Store>,
        to: Arc<dyn Store>,
        options: &CopyOptions,
        is_new: bool,
    ) -> Self {
        let units = u32::try_from(options.memory / UNIT)
            .map_or(MOST_UNITS, |units| units.clamp(1, MOST_UNITS));
        let memory = Semaphore::new(units as usize);
        Self { from, to, verify: options.verify, memory, units, is_new }
    }

    /// Copies a value unless it is there.
    pub(super) async fn value(&self, wanted: &Wanted) -> Result<Moved> {
        let key = &wanted.key;
        let stat = match &wanted.stat {
            Some(stat) => Some(stat.clone()),
            None => self.from.stat(key).await?,
        };
        let Some(stat) = stat else { return self.absent(wanted) };
        let there = if self.is_new { None } else { self.to.stat(key).await? };
        let may_be_same = there.is_some_and(|there| match self.verify {
            Verify::Size => is_alike(&stat, &there),
            Verify::Content => there.size == stat.size,
        });
        if may_be_same && self.verify == Verify::Size {
            return Ok(Moved::Skipped(stat.size));
        }
        // one of it is read, and what is at the target to compare it with
        let copies = if may_be_same || self.verify == Verify::Content { 2 } else { 1 };
        let _room = self.room_for(stat.size.saturating_mul(copies)).await;
        let Some(value) = self.from.get(key, ByteRequest::All).await? else {
            return self.absent(wanted);
        };
        let bytes = value.len() as u64;
        if may_be_same && self.to.get(key, ByteRequest::All).await?.as_ref() == Some(&value) {
            return Ok(Moved::Skipped(bytes));
        }
        self.to.set(key, value.clone()).await?;
        self.verify_written(key, &value, &stat).await?;
        Ok(Moved::Copied(bytes))
    }

    /// Copies a metadata document unless the target has one that says the same.
    pub(super) async fn document(&self, wanted: &Wanted) -> Result<Moved> {
        let key = &wanted.key;
        let Some(mut document) = self.from.get(key, ByteRequest::All).await? else {
            return self.absent(wanted);
        };
        if self.to.capability().versions {
            document = without_consolidated(document);
        }
        let bytes = document.len() as u64;
        if !self.is_new && self.has_document(key, &document).await? {
            return Ok(Moved::Skipped(bytes));
        }
        self.to.set(key, document.clone()).await?;
        if self.has_document(key, &document).await? {
            return Ok(Moved::Copied(bytes));
        }
        Err(self.differs(key, "it does not say what was written"))
    }

    async fn has_document(&self, key: &Key, document: &[u8]) -> Result<bool> {
        let there = self.to.get(key, ByteRequest::All).await?;
        Ok(there.is_some_and(|there| is_same(&there, document)))
    }

    async fn verify_written(&self, key: &Key, value: &Bytes, source: &Stat) -> Result<()> {
        let Some(there) = self.to.stat(key).await? else {
            return Err(self.differs(key, "it is not there"));
        };
        if there.size != value.len() as u64 {
            let (found, written) = (there.size, value.len());
            return Err(self.differs(key, &format!("it has {found} bytes, not {written}")));
        }
        // hashes that differ prove nothing, the bytes do
        if self.verify == Verify::Content
            || !is_alike(&Stat { size: there.size, ..source.clone() }, &there)
        {
            let found = self.to.get(key, ByteRequest::All).await?;
            if found.as_ref() != Some(value) {
                return Err(self.differs(key, "its content is not what was written"));
            }
        }
        Ok(())
    }

    fn absent(&self, wanted: &Wanted) -> Result<Moved> {
        if !wanted.is_listed {
            return Ok(Moved::Absent);
        }
        let (key, store) = (wanted.key.to_string(), format!("{:?}", self.from));
        Err(Error::NotFound { key, store })
    }

    fn differs(&self, key: &Key, how: &str) -> Error {
        Error::Backend {
            operation: "verify",
            key: key.to_string(),
            store: format!("{:?}", self.to),
            transient: false,
            source: how.into(),
        }
    }

    /// Waits until there is memory for so many bytes; what is larger than all of it gets all.
    async fn room_for(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        // never closed
        self.memory.acquire_many(units.clamp(1, self.units)).await.ok()
    }
}

/// Whether all that is known of two values is the same.
fn is_alike(one: &Stat, other: &Stat) -> bool {
    let hashes_agree = match (&one.hash, &other.hash) {
        (Some(one), Some(other)) => algorithm(one) != algorithm(other) || one == other,
        _ => true,
    };
    one.size == other.size && hashes_agree
}

fn algorithm(hash: &str) -> &str {
    hash.split(':').next().unwrap_or_default()
}
