//! Compressed blocks of a window, fetched in few merged requests.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};
use terracube_grid::Window;
use terracube_store::{ByteRequest, Error as StoreError};

use super::block_cache::{Claim, Kept};
use super::head::read_error;
use super::image::Image;
use super::{Cog, Inner};
use crate::{Error, Result};

/// Blocks closer than this are fetched in one request.
const MERGE_GAP: u64 = 64 << 10;
/// A merged request stops growing here, so that several are in flight.
const MERGE_CAP: u64 = 3 << 20;
pub(super) const IN_FLIGHT: usize = 8;

/// One tile or strip of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRef {
    /// Column of tiles.
    pub col: usize,
    /// Row of tiles.
    pub row: usize,
    /// Its bytes in the file; `None` for a tile left out as empty.
    pub range: Option<Range<u64>>,
}

/// The compressed blocks of one window, ready to be decoded without I/O.
#[derive(Debug)]
pub struct FetchedWindow {
    pub(super) inner: Arc<Inner>,
    pub(super) level: usize,
    pub(super) band: usize,
    pub(super) window: Window,
    pub(super) tiles: Vec<Tile>,
    /// The alpha band's own blocks, when bands are apart.
    pub(super) alpha: Option<Vec<Tile>>,
    pub(super) mask: Option<Vec<Tile>>,
    compressed: u64,
}

/// A block with its bytes.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) col: usize,
    pub(super) row: usize,
    pub(super) index: usize,
    pub(super) data: Option<Data>,
}

/// What a block's pixels come from.
#[derive(Debug)]
pub(super) enum Data {
    /// Its compressed bytes, for this window alone.
    Own(Bytes),
    /// A block that other windows may need too.
    Kept(Arc<Kept>),
}

impl Cog {
    /// The tiles that hold `window` of a band, in row-major order; without masks. Empty when the
    /// level, band or window does not exist.
    #[must_use]
    pub fn tiles(&self, level: usize, band: usize, window: &Window) -> Vec<TileRef> {
        let inner = &self.inner;
        if inner.check_window(level, band, window).is_err() {
            return Vec::new();
        }
        let image = &inner.images[level];
        blocks(image, band, window)
            .map(|(col, row, index)| TileRef { col, row, range: image.block_range(index) })
            .collect()
    }

    /// Compressed bytes that [`fetch`](Self::fetch) of this window needs, masks included; 0 when
    /// it does not exist.
    #[must_use]
    pub fn bytes_for(&self, level: usize, band: usize, window: &Window) -> u64 {
        if self.inner.check_window(level, band, window).is_err() {
            return 0;
        }
        let parts = self.inner.parts(level, band, window);
        let ranges = parts.iter().flat_map(|(image, blocks)| {
            blocks.iter().filter_map(|(_, _, index)| image.block_range(*index))
        });
        ranges.map(|r| r.end - r.start).fold(0, u64::saturating_add)
    }

    /// Bytes that decoding this window takes at its end: pixels and validity.
    #[must_use]
    pub fn decoded_bytes_for(&self, window: &Window) -> u64 {
        window.width as u64 * window.height as u64 * (self.inner.images[0].dtype.size() as u64 + 1)
    }

    /// Fetches the compressed tiles of a window of one band (in pixels of the level), with those of
    /// its mask. Neighbouring tiles are fetched together, several requests at a time.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::Truncated`], [`Error::Malformed`], [`Error::NotFound`] or
    /// [`Error::Read`].
    pub async fn fetch(&self, level: usize, band: usize, window: Window) -> Result<FetchedWindow> {
        let inner = &self.inner;
        inner.check_window(level, band, &window)?;
        let parts = inner.parts(level, band, &window);
        let (mut own, mut shared, mut compressed) = (Vec::new(), Vec::new(), 0);
        for (image, blocks) in &parts {
            for (col, row, index) in blocks {
                let Some(range) = inner.checked_range(image, *index)? else { continue };
                compressed += range.end - range.start;
                match &inner.cache {
                    Some((cache, file))
                        if image.is_shared(*col, *row, &window)
                            || !cache.is_missing(*file, &range) =>
                    {
                        shared.push(range);
                    }
                    _ => own.push(range),
                }
            }
        }
        let (own, kept) = try_join(inner.get_merged(merge(own)), inner.get_kept(shared)).await?;
        let mut fetched = Vec::new();
        for (image, blocks) in parts {
            let tile = |(col, row, index)| {
                let data = match image.block_range(index) {
                    Some(range) => Some(match kept.get(&(range.start, range.end)) {
                        Some(kept) if image.is_shared(col, row, &window) => {
                            Data::Kept(Arc::clone(kept))
                        }
                        Some(kept) => inner.taken(&range, kept),
                        None => Data::Own(inner.slice(&own, &range)?),
                    }),
                    None => None,
                };
                Ok(Tile { col, row, index, data })
            };
            fetched.push(blocks.into_iter().map(tile).collect::<Result<Vec<_>>>()?);
        }
        let mut fetched = fetched.into_iter();
        let tiles = fetched.next().unwrap_or_default();
        let (mask, alpha) = match inner.validity(level, band) {
            Validity::Mask => (fetched.next(), None),
            Validity::AlphaApart(_) => (None, fetched.next()),
            _ => (None, None),
        };
        let inner = Arc::clone(inner);
        Ok(FetchedWindow { inner, level, band, window, tiles, alpha, mask, compressed })
    }
}

impl FetchedWindow {
    /// The window, in pixels of its level.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// The level it was fetched from.
    #[must_use]
    pub fn level(&self) -> usize {
        self.level
    }

    /// Bytes of the compressed blocks.
    #[must_use]
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed
    }

    /// Bytes of the decoded raster: pixels and validity.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        Cog { inner: Arc::clone(&self.inner) }.decoded_bytes_for(&self.window)
    }
}

/// What says which pixels are valid.
pub(super) enum Validity {
    All,
    Nodata(f64),
    Mask,
    /// An alpha band within the same blocks.
    AlphaBeside(usize),
    /// An alpha band with blocks of its own.
    AlphaApart(usize),
}

type Blocks = Vec<(usize, usize, usize)>;
type KeptBlocks = HashMap<(u64, u64), Arc<Kept>>;

impl Inner {
    pub(super) fn validity(&self, level: usize, band: usize) -> Validity {
        let image = &self.images[level];
        match (self.nodata, &self.masks[level], image.alpha) {
            (Some(nodata), ..) => Validity::Nodata(nodata),
            (None, Some(_), _) => Validity::Mask,
            (None, None, Some(alpha)) if alpha == band => Validity::All,
            (None, None, Some(alpha)) if image.planar => Validity::AlphaApart(alpha),
            (None, None, Some(alpha)) => Validity::AlphaBeside(alpha),
            (None, None, None) => Validity::All,
        }
    }

    /// The images to read for a window, the band's own first, with the blocks of each.
    pub(super) fn parts(
        &self,
        level: usize,
        band: usize,
        window: &Window,
    ) -> Vec<(&Image, Blocks)> {
        let image = &self.images[level];
        let mut parts = vec![(image, blocks(image, band, window).collect())];
        match (self.validity(level, band), &self.masks[level]) {
            (Validity::Mask, Some(mask)) => parts.push((mask, blocks(mask, 0, window).collect())),
            (Validity::AlphaApart(alpha), _) => {
                parts.push((image, blocks(image, alpha, window).collect()));
            }
            _ => {}
        }
        parts
    }

    /// A block's range, refused when it cannot be a block of this image.
    pub(super) fn checked_range(&self, image: &Image, index: usize) -> Result<Option<Range<u64>>> {
        let Some(range) = image.block_range(index) else { return Ok(None) };
        let decoded = (image.row_bytes() * image.block_height) as u64;
        let limit = decoded.saturating_mul(4) + (1 << 20);
        let value = range.end - range.start;
        if value > limit || range.end == u64::MAX {
            let key = self.key.to_string();
            return Err(Error::TooLarge { key, what: "bytes of a block", value, limit });
        }
        Ok(Some(range))
    }

    /// Blocks that other windows may need too, by their range; from the cache if it has them.
    async fn get_kept(&self, mut ranges: Vec<Range<u64>>) -> Result<KeptBlocks> {
        let mut got = HashMap::new();
        let Some((cache, file)) = &self.cache else { return Ok(got) };
        while !ranges.is_empty() {
            let (mut promises, mut arrivals) = (Vec::new(), Vec::new());
            for range in std::mem::take(&mut ranges) {
                match cache.claim(*file, &range) {
                    Claim::Here(kept) => drop(got.insert((range.start, range.end), kept)),
                    Claim::Coming(arrival) => arrivals.push((range, arrival)),
                    Claim::Mine(promise) => promises.push((range, promise)),
                }
            }
            let mine = promises.iter().map(|(range, _)| range.clone()).collect();
            let merged = self.get_merged(merge(mine)).await?;
            for (range, promise) in promises {
                let kept = promise.keep(self.own_slice(&merged, &range)?);
                got.insert((range.start, range.end), kept);
            }
            for (range, arrival) in arrivals {
                match arrival.await {
                    Ok(kept) => drop(got.insert((range.start, range.end), kept)),
                    Err(_) => ranges.push(range),
                }
            }
        }
        Ok(got)
    }

    /// A block that nobody else needs, out of the cache.
    fn taken(&self, range: &Range<u64>, kept: &Arc<Kept>) -> Data {
        let taken = self.cache.as_ref().and_then(|(cache, file)| cache.take(*file, range));
        match kept.bytes() {
            bytes if taken.is_some() && !bytes.is_empty() => Data::Own(bytes),
            _ => Data::Kept(Arc::clone(kept)),
        }
    }

    /// A copy, so that a block that is kept does not keep the whole answer it came in.
    fn own_slice(&self, merged: &BTreeMap<u64, Bytes>, range: &Range<u64>) -> Result<Bytes> {
        Ok(Bytes::copy_from_slice(&self.slice(merged, range)?))
    }

    async fn get_merged(&self, ranges: Vec<Range<u64>>) -> Result<BTreeMap<u64, Bytes>> {
        stream::iter(ranges)
            .map(|range| async move { Ok((range.start, self.get_range(range).await?)) })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await
    }

    /// The bytes of a range; fewer where the file ends.
    pub(super) async fn get_range(&self, range: Range<u64>) -> Result<Bytes> {
        let (start, end) = (range.start, range.end);
        match self.store.get(&self.key, ByteRequest::Range { start, end }).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Error::NotFound { key: self.key.to_string() }),
            Err(StoreError::InvalidRange { .. }) => Ok(Bytes::new()),
            Err(source) => Err(read_error(&self.key, source)),
        }
    }

    fn slice(&self, merged: &BTreeMap<u64, Bytes>, range: &Range<u64>) -> Result<Bytes> {
        let (start, bytes) = merged
            .range(..=range.start)
            .next_back()
            .map_or((0, Bytes::new()), |(s, b)| (*s, b.clone()));
        let (from, to) = ((range.start - start) as usize, (range.end - start) as usize);
        if to > bytes.len() {
            return Err(Error::Truncated {
                key: self.key.to_string(),
                offset: range.start,
                needed: range.end - range.start,
                have: bytes.len().saturating_sub(from) as u64,
            });
        }
        Ok(bytes.slice(from..to))
    }
}

fn blocks(
    image: &Image,
    band: usize,
    window: &Window,
) -> impl Iterator<Item = (usize, usize, usize)> {
    let cols = window.col / image.block_width..=(window.col_end() - 1) / image.block_width;
    let rows = window.row / image.block_height..=(window.row_end() - 1) / image.block_height;
    rows.flat_map(move |row| cols.clone().map(move |col| (col, row)))
        .map(move |(col, row)| (col, row, image.block_index(col, row, band)))
}

/// Joins ranges with small gaps, up to a size. Ranges may overlap; each ends up whole in one.
pub(super) fn merge(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|r| (r.start, std::cmp::Reverse(r.end)));
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last)
                if range.end <= last.end
                    || range.start == last.start
                    || (range.start <= last.end.saturating_add(MERGE_GAP)
                        && range.end - last.start <= MERGE_CAP) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_joins_neighbours_up_to_the_cap() {
        let range = |start: u64, len: u64| start..start + len;
        assert_eq!(merge(vec![range(200, 50), range(0, 100)]), vec![range(0, 250)]);
        assert_eq!(merge(vec![range(0, 10), range(70_000, 10)]), [0..10, 70_000..70_010]);
        let mib = 1 << 20;
        let merged = merge((0..8).map(|i| range(i * mib, mib)).collect());
        assert_eq!(merged, [0..3 * mib, 3 * mib..6 * mib, 6 * mib..8 * mib]);
        assert_eq!(merge(vec![range(0, 5 * mib), range(mib, 10)]), vec![range(0, 5 * mib)]);
    }
}
