//! The ledger: which patch is in which state, and from what it was filled, stored beside the data.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use terracube_source::Granule;
use terracube_store::zarr::{ArraySpec, Codecs, ZarrArray};
use terracube_store::{ByteRequest, ReadStore, Store};

use crate::{Error, Patch, Result};

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
}

impl Origin {
    /// The origin that a granule is.
    #[must_use]
    pub fn of(granule: &Granule) -> Self {
        Self { id: granule.id.clone(), version: granule.version.clone() }
    }
}

/// The ledger's arrays over one store (a version, or a session).
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    state: ZarrArray,
    provenance: ZarrArray,
}

impl Ledger {
    /// Writes the empty arrays, as large as the patch grid: a resize would conflict with writers.
    pub(crate) async fn create(store: &Arc<dyn Store>, counts: [usize; 3]) -> Result<()> {
        let about = json!({"description": "Ledger of the cube: state and provenance of each patch"});
        let attributes = crate::attributes::into_map(about);
        terracube_store::zarr::create_group(store.clone(), LEDGER, attributes).await?;
        let spec = |data_type: &str, fill: serde_json::Value, codecs, attributes| ArraySpec {
            shape: counts.iter().map(|n| *n as u64).collect(),
            chunk_shape: vec![1; 3],
            shard_shape: None,
            data_type: data_type.to_owned(),
            fill_value: fill,
            codecs,
            dimension_names: ["patch_time", "patch_row", "patch_col"].map(String::from).to_vec(),
            attributes,
        };
        let meanings = crate::attributes::into_map(json!({
            "flag_values": [0, 1, 2, 3], "flag_meanings": "missing filled empty failed",
        }));
        let state = spec("uint8", json!(0), Codecs::None, meanings);
        ZarrArray::create(store.clone(), &state_path(), &state).await?;
        let vlen = Codecs::Raw(vec![json!({"name": "vlen-utf8"})]);
        let provenance = spec("string", json!(""), vlen, Map::new());
        ZarrArray::create(store.clone(), &provenance_path(), &provenance).await?;
        Ok(())
    }

    pub(crate) async fn open(store: Arc<dyn Store>) -> Result<Self> {
        let state = ZarrArray::open(store.clone(), &state_path()).await?;
        let provenance = ZarrArray::open(store.clone(), &provenance_path()).await?;
        Ok(Self { store, state, provenance })
    }

    /// The same ledger over another store.
    pub(crate) fn with_store(&self, store: Arc<dyn Store>) -> Self {
        Self {
            state: self.state.with_store(store.clone()),
            provenance: self.provenance.with_store(store.clone()),
            store,
        }
    }

    /// The states of a block of patches, time, then rows, then columns.
    pub(crate) async fn states(&self, block: &[Range<u32>; 3]) -> Result<Vec<PatchState>> {
        let ranges: Vec<_> = block.iter().map(|r| u64::from(r.start)..u64::from(r.end)).collect();
        let bytes = self.state.read(&ranges).await?;
        Ok(bytes.into_iter().map(PatchState::from_byte).collect())
    }

    pub(crate) async fn set(
        &self,
        patch: Patch,
        state: PatchState,
        provenance: &Provenance,
    ) -> Result<()> {
        let chunk = PatchChunk::of(patch);
        let text = serde_json::to_string(provenance).unwrap_or_default();
        let key = self.provenance.chunk_key(&chunk.0)?;
        self.store.set(&key, one_string(&text)).await?;
        self.state.write_chunk(&chunk.0, vec![state as u8]).await?;
        Ok(())
    }

    pub(crate) async fn provenance(&self, patch: Patch) -> Result<Option<Provenance>> {
        let key = self.provenance.chunk_key(&PatchChunk::of(patch).0)?;
        let Some(bytes) = self.store.get(&key, ByteRequest::All).await? else { return Ok(None) };
        let text = first_string(&bytes);
        text.and_then(|t| serde_json::from_str(t).ok()).map(Some).ok_or_else(|| Error::NotACube {
            reason: format!("the provenance at `{key}` is malformed"),
        })
    }
}

struct PatchChunk([u64; 3]);

impl PatchChunk {
    fn of(patch: Patch) -> Self {
        Self([u64::from(patch.time), u64::from(patch.row), u64::from(patch.col)])
    }
}

fn state_path() -> String {
    format!("{LEDGER}/state")
}

fn provenance_path() -> String {
    format!("{LEDGER}/provenance")
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
