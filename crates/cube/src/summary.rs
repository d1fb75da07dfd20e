//! The summary: states and sizes of settled patches, many to a chunk, so that a large cube is looked at without a read for each.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::json;
use terracube_store::{ArraySpec, Codecs, Error as StoreError, Store, ZarrArray};

use crate::ledger::{AXES, LEDGER};
use crate::{Patch, PatchState, Result};

/// A settled patch: its state, and the bytes stored for it.
pub(crate) type Settled = (Patch, PatchState, u64);

/// The array of the summary. Only what is settled is in it: a filled patch stays filled, and who
/// asks again for empty ones takes them out first. What it does not know, the ledger knows.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    array: ZarrArray,
}

impl Summary {
    pub(crate) async fn create(store: &Arc<dyn Store>, counts: [usize; 3]) -> Result<()> {
        let shape: Vec<u64> = counts.iter().map(|n| *n as u64).collect();
        let mut spec = ArraySpec::new(shape.clone(), chunk_shape(&shape), "uint64");
        spec.codecs = Codecs::Zstd { level: 1 };
        spec.dimension_names = AXES.map(String::from).to_vec();
        spec.attributes = crate::attributes::into_map(json!({
            "description": "Settled patches: 4 * bytes stored + state; 0 where only `state` knows",
        }));
        ZarrArray::create(store.clone(), &path(), &spec).await?;
        Ok(())
    }

    /// `None` for cubes that were made without.
    pub(crate) async fn open(store: Arc<dyn Store>) -> Result<Option<Self>> {
        match ZarrArray::open(store, &path()).await {
            Ok(array) => Ok(Some(Self { array })),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What is known of a block of patches, time, then rows, then columns.
    pub(crate) async fn read(
        &self,
        block: &[Range<u32>; 3],
    ) -> Result<Vec<Option<(PatchState, u64)>>> {
        let ranges: Vec<_> = block.iter().map(|r| u64::from(r.start)..u64::from(r.end)).collect();
        let bytes = self.array.read(&ranges).await?;
        let words = bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word));
        Ok(words.map(|word| settled(word).map(|state| (state, word >> 2))).collect())
    }

    /// Takes in what has been settled.
    pub(crate) async fn add(&self, patches: &[Settled]) -> Result<()> {
        let words =
            patches.iter().map(|(patch, state, stored)| (*patch, stored << 2 | *state as u64));
        self.set(words).await
    }

    /// Takes patches out.
    pub(crate) async fn forget(&self, patches: &[Patch]) -> Result<()> {
        self.set(patches.iter().map(|patch| (*patch, 0))).await
    }

    async fn set(&self, words: impl Iterator<Item = (Patch, u64)>) -> Result<()> {
        let shape = self.array.chunk_shape().to_vec();
        let mut chunks: BTreeMap<[u64; 3], Vec<(usize, u64)>> = BTreeMap::new();
        for (Patch { time, row, col }, word) in words {
            let place = [time, row, col].map(u64::from);
            let chunk = [0, 1, 2].map(|axis| place[axis] / shape[axis]);
            let [t, r, c] = [0, 1, 2].map(|axis| place[axis] % shape[axis]);
            let index = (t * shape[1] + r) * shape[2] + c;
            chunks.entry(chunk).or_default().push((index as usize, word));
        }
        for (chunk, words) in chunks {
            let mut bytes = self.array.read_chunk(&chunk).await?;
            let values = bytes.as_chunks_mut::<8>().0;
            for (index, word) in words {
                if let Some(value) = values.get_mut(index) {
                    *value = word.to_ne_bytes();
                }
            }
            self.array.write_chunk(&chunk, bytes).await?;
        }
        Ok(())
    }
}

/// Patches of a chunk.
const TOGETHER: u64 = 256 * 256;

/// As square as the patches are many; several time steps where a step has few.
fn chunk_shape(shape: &[u64]) -> Vec<u64> {
    let side = |count: u64| count.clamp(1, 256);
    let (rows, cols) = (side(shape[1]), side(shape[2]));
    vec![(TOGETHER / (rows * cols)).clamp(1, shape[0].max(1)), rows, cols]
}

fn settled(word: u64) -> Option<PatchState> {
    Some(PatchState::from_byte((word & 3) as u8)).filter(|state| state.is_settled())
}

fn path() -> String {
    format!("{LEDGER}/summary")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_as_many_patches_whatever_the_grid() {
        assert_eq!(chunk_shape(&[1, 1000, 1000]), [1, 256, 256]);
        assert_eq!(chunk_shape(&[3650, 10, 10]), [655, 10, 10]);
        assert_eq!(chunk_shape(&[12, 4, 1000]), [12, 4, 256]);
    }

    #[test]
    fn a_word_that_is_not_settled_says_nothing() {
        let filled = 77 << 2 | PatchState::Filled as u64;
        assert_eq!(settled(filled), Some(PatchState::Filled));
        assert_eq!(settled(0), None);
        assert_eq!(settled(PatchState::Failed as u64), None);
    }
}
