//! One file over FTP or SFTP, read by byte ranges.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use terracube_store::{ByteRequest, Key, ReadStore};

use super::checksum::Checksum;
use super::coalesce::FetchPlan;
use super::into_store_error;
use super::one_file::{absent_is_none, answers_of, requests_of};
use super::remote::{Remote, Stat};
use crate::{Error, Result};

/// Ranges that lie no further apart are read together: a transfer costs several answers.
const GAP: u64 = 256 << 10;
/// The largest range read at once.
const LARGEST: u64 = 8 << 20;
/// Ranges of one call that are read at one time.
const CONCURRENT: usize = 4;

/// One file over FTP or SFTP. What is first seen of it pins its version; another is an error.
pub(crate) struct RemoteFile {
    remote: Remote,
    key: Key,
    /// The size that the source gave.
    announced: Option<u64>,
    pinned: OnceLock<Stat>,
}

impl RemoteFile {
    pub(crate) fn new(remote: Remote, key: Key, announced: Option<u64>) -> Self {
        Self { remote, key, announced, pinned: OnceLock::new() }
    }

    /// All bytes, at most `limit`.
    pub(crate) async fn whole(&self, limit: u64, purpose: &'static str) -> Result<Bytes> {
        let size = self.size().await?;
        if size > limit {
            return Err(Error::TooLarge { url: self.remote.shown(), limit, purpose });
        }
        self.read_whole(size).await
    }

    /// Writes the file to `to`, in one transfer, and compares it with the announced size and with
    /// `checksum`. Gives its size.
    pub(crate) async fn save(&self, to: &Path, checksum: Option<&Checksum>) -> Result<u64> {
        // A file of another size is not even begun.
        self.size().await?;
        let (seen, hasher) = self.remote.save(to, checksum).await?;
        let size = self.pin(seen)?;
        if let (Some(checksum), Some(hasher)) = (checksum, hasher) {
            checksum.check(hasher, &self.remote.shown())?;
        }
        Ok(size)
    }

    /// In one transfer: servers that know no `REST` send files from their beginning only.
    async fn read_whole(&self, size: u64) -> Result<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        self.range(0..size).await
    }

    pub(crate) async fn size(&self) -> Result<u64> {
        if let Some(pinned) = self.pinned.get() {
            return Ok(pinned.size);
        }
        let seen = self.remote.stat().await?;
        self.pin(seen)
    }

    fn pin(&self, seen: Stat) -> Result<u64> {
        if let Some(expected) = self.announced.filter(|expected| *expected != seen.size) {
            return Err(Error::Mismatch {
                url: self.remote.shown(),
                property: "size",
                expected: expected.to_string(),
                found: seen.size.to_string(),
            });
        }
        let pinned = self.pinned.get_or_init(|| seen.clone());
        if *pinned == seen {
            return Ok(seen.size);
        }
        let shown = |stat: &Stat| {
            let modified = stat.modified.as_deref().unwrap_or("no time");
            format!("{modified}, {} bytes", stat.size)
        };
        Err(Error::Changed { url: self.remote.shown(), was: shown(pinned), now: shown(&seen) })
    }

    async fn range(&self, range: Range<u64>) -> Result<Bytes> {
        let expected = range.end - range.start;
        let (seen, bytes) = self.remote.read(range).await?;
        self.pin(seen)?;
        let received = bytes.len() as u64;
        if received == expected {
            return Ok(bytes);
        }
        Err(Error::Truncated { url: self.remote.shown(), expected, received })
    }

    async fn parts(&self, requests: &[ByteRequest]) -> Result<Vec<Bytes>> {
        let size = self.size().await?;
        if let [ByteRequest::All] = requests {
            return Ok(vec![self.read_whole(size).await?]);
        }
        let ranges: Vec<Range<u64>> = requests
            .iter()
            .map(|request| {
                request.resolve(&self.key, size).map_err(|_| Error::OutOfRange {
                    url: self.remote.shown(),
                    request: format!("{request:?}"),
                    size: Some(size),
                })
            })
            .collect::<Result<_>>()?;
        let plan = FetchPlan::new(&ranges, GAP, LARGEST);
        let answers: Vec<Bytes> = stream::iter(plan.fetches.iter().cloned())
            .map(|range| self.range(range))
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        Ok(plan.assemble(&answers).into_iter().map(Option::unwrap_or_default).collect())
    }
}

#[async_trait]
impl ReadStore for RemoteFile {
    async fn get(&self, key: &Key, request: ByteRequest) -> terracube_store::Result<Option<Bytes>> {
        Ok(self.get_partial_values(&[(key.clone(), request)]).await?.pop().flatten())
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> terracube_store::Result<Vec<Option<Bytes>>> {
        let ours = requests_of(&self.key, requests);
        let parts = absent_is_none(self.parts(&ours).await)
            .map_err(|error| into_store_error(error, &self.key, &ours))?;
        Ok(answers_of(&self.key, requests, parts))
    }

    async fn size(&self, key: &Key) -> terracube_store::Result<Option<u64>> {
        if *key != self.key {
            return Ok(None);
        }
        absent_is_none(Self::size(self).await)
            .map_err(|error| into_store_error(error, &self.key, &[]))
    }
}

impl fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteFile").field(&self.remote.shown()).finish()
    }
}
