//! Blocks of many windows fetched ahead of them, in few large requests.

use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use terracube_grid::Window;

use super::block_cache::{Claim, Id, Promise};
use super::fetch::{IN_FLIGHT, merge};
use super::{Cog, Inner};

/// A window of one band of one level, to be [fetched](Cog::fetch) later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRef {
    /// The level.
    pub level: usize,
    /// The band.
    pub band: usize,
    /// In pixels of the level.
    pub window: Window,
}

/// Blocks of a file that are read ahead. [`run`](Self::run) reads them; the cache keeps them, rather
/// than blocks that nobody announced, until this is dropped.
#[derive(Debug)]
pub struct ReadAhead {
    inner: Arc<Inner>,
    announced: Vec<Id>,
    missing: Vec<(Range<u64>, Promise)>,
}

impl Cog {
    /// Bytes that [`read_ahead`](Self::read_ahead) of these windows would read now: those of the
    /// blocks that are not in the cache. 0 without one.
    #[must_use]
    pub fn missing_bytes(&self, windows: &[WindowRef]) -> u64 {
        let Some((cache, file)) = &self.inner.cache else { return 0 };
        let missing = self.inner.ranges(windows).into_iter().filter(|r| cache.is_missing(*file, r));
        missing.map(|range| range.end - range.start).fold(0, u64::saturating_add)
    }

    /// Announces the blocks of these windows: a [`fetch`](Self::fetch) of one of them will wait for
    /// the blocks instead of asking for them itself. Nothing happens without a cache, and to blocks
    /// whose place in the file is impossible: those are left to the fetch.
    #[must_use]
    pub fn read_ahead(&self, windows: &[WindowRef]) -> ReadAhead {
        let inner = Arc::clone(&self.inner);
        let (mut announced, mut missing) = (Vec::new(), Vec::new());
        if let Some((cache, file)) = &self.inner.cache {
            for range in inner.ranges(windows) {
                let id = (*file, range.start, range.end);
                cache.announce(id);
                announced.push(id);
                if let Claim::Mine(promise) = cache.claim(*file, &range) {
                    missing.push((range, promise));
                }
            }
        }
        ReadAhead { inner, announced, missing }
    }
}

impl ReadAhead {
    /// Bytes of the blocks that will be read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.missing.iter().map(|(range, _)| range.end - range.start).sum()
    }

    /// What reads the blocks, several requests at a time, and hands over each as it comes. Blocks
    /// that cannot be read are left to the fetches, which say why.
    pub fn run(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let missing = std::mem::take(&mut self.missing);
        let ranges = merge(missing.iter().map(|(range, _)| range.clone()).collect());
        let mut requests: Vec<_> = ranges.into_iter().map(|whole| (whole, Vec::new())).collect();
        for part in missing {
            // Each is whole in the last that does not begin after it.
            let after = requests.partition_point(|(whole, _)| whole.start <= part.0.start);
            if let Some((_, parts)) = after.checked_sub(1).and_then(|i| requests.get_mut(i)) {
                parts.push(part);
            }
        }
        let inner = Arc::clone(&self.inner);
        async move {
            let reads = requests.into_iter().map(|(whole, parts)| inner.hand_over(whole, parts));
            stream::iter(reads).buffer_unordered(IN_FLIGHT).collect::<()>().await;
        }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        if let Some((cache, _)) = &self.inner.cache {
            cache.release(&self.announced);
        }
    }
}

impl Inner {
    /// The ranges of the blocks of some windows, each once, in the order of the file.
    fn ranges(&self, windows: &[WindowRef]) -> Vec<Range<u64>> {
        let mut ranges = Vec::new();
        for WindowRef { level, band, window } in windows {
            if self.check_window(*level, *band, window).is_err() {
                continue;
            }
            for (image, blocks) in self.parts(*level, *band, window) {
                let range = |(_, _, index)| self.checked_range(image, index).ok().flatten();
                ranges.extend(blocks.into_iter().filter_map(range));
            }
        }
        ranges.sort_by_key(|range| (range.start, range.end));
        ranges.dedup();
        ranges
    }

    /// Reads a range and hands its parts over. Without the range the promises are broken, and who
    /// waits for a part asks for it himself.
    async fn hand_over(&self, whole: Range<u64>, parts: Vec<(Range<u64>, Promise)>) {
        let Ok(bytes) = self.get_range(whole.clone()).await else { return };
        for (range, promise) in parts {
            let (from, to) = (range.start - whole.start, range.end - whole.start);
            if to <= bytes.len() as u64 {
                promise.keep(bytes.slice(from as usize..to as usize));
            }
        }
    }
}
