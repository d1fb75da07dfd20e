//! The ledger: which patch is in which state, and from what it was filled, stored beside the data.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use terracube_source::Granule;
use terracube_store::{ArraySpec, ByteRequest, Codecs, Key, Prefix, Store, ZarrArray};

use crate::harmonise::{self, Linear};
use crate::summary::Summary;
use crate::{Band, Error, Patch, Result};

/// The group of the ledger, out of the way of readers of the root group.
pub(crate) const LEDGER: &str = "_terracube";

/// What is known about a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PatchState {
    /// Nothing yet.
    Missing = 0,
    /// Its pixels are in the store.
    Filled = 1,
    /// The source has nothing there; it is not asked again unless told.
    Empty = 2,
    /// It could not be filled; the provenance says why.
    Failed = 3,
}

impl PatchState {
    pub(crate) fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Filled,
            2 => Self::Empty,
            3 => Self::Failed,
            _ => Self::Missing,
        }
    }

    /// Whether a fill has nothing to do here.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Filled | Self::Empty)
    }
}

/// Where a patch's pixels come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// The granules read, in the order of the mosaic.
    #[serde(default, rename = "g")]
    pub granules: Vec<Origin>,
    /// When it was filled, in seconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "t")]
    pub filled_at: i64,
    /// The version of Terracube that filled it.
    #[serde(rename = "v")]
    pub tool: String,
    /// Bytes stored for it, over all bands.
    #[serde(default, rename = "b")]
    pub stored: u64,
    /// Why it failed, if it did.
    #[serde(default, rename = "e", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A granule that went into a patch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The granule's id.
    #[serde(rename = "i")]
    pub id: String,
    /// Its version as the source tells it.
    #[serde(default, rename = "v", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What was done to its numbers before they were stored, as `red × 1 − 1000`, of the bands for
    /// which something was.
    #[serde(default, rename = "h", skip_serializing_if = "Vec::is_empty")]
    pub harmonised: Vec<String>,
}

impl Origin {
    /// The origin that a granule is for some bands.
    #[must_use]
    pub fn of(granule: &Granule, bands: &[Band]) -> Self {
        let harmonised = bands.iter().filter_map(|band| {
            let asset = granule.assets.get(band.asset_name())?;
            let linear = harmonise::applied(band, granule, asset).ok()?;
            (linear != Linear::IDENTITY).then(|| format!("{} {linear}", band.name))
        });
        Self {
            id: granule.id.clone(),
            version: granule.version.clone(),
            harmonised: harmonised.collect(),
        }
    }
}

/// The ledger's arrays over one store (a version, or a session).
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    state: ZarrArray,
    summary: Option<Summary>,
}

/// What the ledger says of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) state: PatchState,
    /// Bytes stored for it; known when it is in the summary.
    pub(crate) stored: Option<u64>,
}

impl Ledger {
    /// Writes the empty arrays, as large as the patch grid: a resize would conflict with writers.
    pub(crate) async fn create(store: &Arc<dyn Store>, counts: [usize; 3]) -> Result<()> {
        let about =
            json!({"description": "Ledger of the cube: state and provenance of each patch"});
        let attributes = crate::attributes::into_map(about);
        terracube_store::create_group(store, LEDGER, attributes).await?;
        let shape: Vec<u64> = counts.iter().map(|n| *n as u64).collect();
        let mut state = ArraySpec::new(shape.clone(), vec![1; 3], "uint8");
        state.codecs = Codecs::None;
        state.dimension_names = AXES.map(String::from).to_vec();
        state.attributes = crate::attributes::into_map(json!({
            "flag_values": [0, 1, 2, 3], "flag_meanings": "missing filled empty failed",
        }));
        ZarrArray::create(store.clone(), &state_path(), &state).await?;
        // An array of strings is written here by hand: chunks of one string need no codec library.
        let provenance = json!({
            "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": "string",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "", "codecs": [{"name": "vlen-utf8"}], "attributes": {},
            "dimension_names": AXES,
        });
        let key = Key::new(format!("{LEDGER}/provenance/zarr.json"))?;
        store.set(&key, provenance.to_string().into()).await?;
        Summary::create(store, counts).await
    }

    pub(crate) async fn open(store: Arc<dyn Store>) -> Result<Self> {
        let state = ZarrArray::open(store.clone(), &state_path()).await?;
        let summary = Summary::open(store.clone()).await?;
        Ok(Self { store, state, summary })
    }

    /// What is known of a block of patches, time, then rows, then columns.
    pub(crate) async fn look(&self, block: &[Range<u32>; 3]) -> Result<Vec<Known>> {
        let count: usize = block.iter().map(ExactSizeIterator::len).product();
        let mut known = vec![Known { state: PatchState::Missing, stored: None }; count];
        if let Some(summary) = &self.summary {
            for (known, settled) in known.iter_mut().zip(summary.read(block).await?) {
                if let Some((state, stored)) = settled {
                    *known = Known { state, stored: Some(stored) };
                }
            }
        }
        let open = known.iter().filter(|known| known.stored.is_none()).count();
        if open > LISTED_ABOVE {
            let chunks = Prefix::new(format!("{}/c", state_path()))?;
            self.list(&chunks, block, &mut known).await?;
        } else if open > 0 {
            let [times, rows, cols] = block.clone();
            let patches = times.flat_map(|time| {
                let cols = cols.clone();
                rows.clone().flat_map(move |row| cols.clone().map(move |col| [time, row, col]))
            });
            let open = (0..).zip(patches).filter(|(index, _)| known[*index].stored.is_none());
            let wanted: Vec<(usize, Key)> = open
                .map(|(index, place)| Ok((index, self.state.chunk_key(&place.map(u64::from))?)))
                .collect::<Result<_>>()?;
            self.read(&wanted, &mut known).await?;
        }
        Ok(known)
    }

    /// As [`look`](Self::look), for a block of which few patches are thought to be settled, in a
    /// store that is asked key by key: a request for each row instead of one for each patch.
    pub(crate) async fn look_by_rows(&self, block: &[Range<u32>; 3]) -> Result<Vec<Known>> {
        let [times, rows, cols] = block;
        let count: usize = block.iter().map(ExactSizeIterator::len).product();
        let mut known = vec![Known { state: PatchState::Missing, stored: None }; count];
        for time in times.clone() {
            for row in rows.clone() {
                let chunks = Prefix::new(format!("{}/c/{time}/{row}", state_path()))?;
                let begin =
                    (time - times.start) as usize * rows.len() + (row - rows.start) as usize;
                let known = &mut known[begin * cols.len()..(begin + 1) * cols.len()];
                let row = [time..time + 1, row..row + 1, cols.clone()];
                self.list(&chunks, &row, known).await?;
            }
        }
        Ok(known)
    }

    /// Looks at a large block: a missing patch has no chunk, so that those there are listed and
    /// only they are read.
    async fn list(
        &self,
        folder: &Prefix,
        block: &[Range<u32>; 3],
        known: &mut [Known],
    ) -> Result<()> {
        let [times, rows, cols] = block;
        let chunks = format!("{}/c", state_path());
        let mut keys = self.store.list_prefix(folder);
        let mut wanted = Vec::with_capacity(cols.len().min(READ_TOGETHER));
        while let Some(key) = keys.try_next().await? {
            let Some([t, r, c]) = place_of(key.as_str(), &chunks) else { continue };
            if !(times.contains(&t) && rows.contains(&r) && cols.contains(&c)) {
                continue;
            }
            let row = (t - times.start) as usize * rows.len() + (r - rows.start) as usize;
            let index = row * cols.len() + (c - cols.start) as usize;
            if known[index].stored.is_none() {
                wanted.push((index, key));
            }
            if wanted.len() == READ_TOGETHER {
                self.read(&wanted, known).await?;
                wanted.clear();
            }
        }
        self.read(&wanted, known).await
    }

    async fn read(&self, wanted: &[(usize, Key)], known: &mut [Known]) -> Result<()> {
        let requests: Vec<_> =
            wanted.iter().map(|(_, key)| (key.clone(), ByteRequest::All)).collect();
        let values = self.store.get_partial_values(&requests).await?;
        for ((index, _), value) in wanted.iter().zip(values) {
            let byte = value.and_then(|bytes| bytes.first().copied());
            known[*index].state = PatchState::from_byte(byte.unwrap_or(0));
        }
        Ok(())
    }

    pub(crate) async fn set(
        &self,
        patch: Patch,
        state: PatchState,
        provenance: &Provenance,
    ) -> Result<()> {
        let text = serde_json::to_string(provenance).unwrap_or_default();
        self.store.set(&provenance_key(patch)?, one_string(&text)).await?;
        let chunk = [patch.time, patch.row, patch.col].map(u64::from);
        self.state.write_chunk(&chunk, vec![state as u8]).await?;
        Ok(())
    }

    pub(crate) async fn provenance(&self, patch: Patch) -> Result<Option<Provenance>> {
        let key = provenance_key(patch)?;
        let Some(bytes) = self.store.get(&key, ByteRequest::All).await? else { return Ok(None) };
        let text = first_string(&bytes);
        text.and_then(|t| serde_json::from_str(t).ok()).map(Some).ok_or_else(|| Error::NotACube {
            reason: format!("the provenance at `{key}` is malformed"),
        })
    }
}

/// The axes of patches.
pub(crate) const AXES: [&str; 3] = ["patch_time", "patch_row", "patch_col"];

/// More patches than these are read by listing.
const LISTED_ABOVE: usize = 4096;
/// Chunks of a listing that are read at a time.
const READ_TOGETHER: usize = 4096;

/// Time, row and column of a chunk's key below a prefix.
fn place_of(key: &str, prefix: &str) -> Option<[u32; 3]> {
    let mut parts = key.strip_prefix(prefix)?.trim_start_matches('/').split('/');
    let mut next = || parts.next()?.parse().ok();
    Some([next()?, next()?, next()?])
}

fn state_path() -> String {
    format!("{LEDGER}/state")
}

fn provenance_key(patch: Patch) -> Result<Key> {
    let Patch { time, row, col } = patch;
    Ok(Key::new(format!("{LEDGER}/provenance/c/{time}/{row}/{col}"))?)
}

/// One string as Zarr's `vlen-utf8` codec stores it: the number of items, then each with its
/// length, all lengths u32 little-endian (numcodecs, VLenUTF8).
fn one_string(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(8 + text.len());
    out.extend_from_slice(&1u32.to_le_bytes());
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out.into()
}

fn first_string(bytes: &[u8]) -> Option<&str> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    std::str::from_utf8(bytes.get(8..8usize.checked_add(length)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_chunk_round_trips() {
        let bytes = one_string("né");
        assert_eq!(&bytes[..8], [1, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(first_string(&bytes), Some("né"));
        assert_eq!(first_string(&bytes[..9]), None);
    }
}
