//! Which patches are filled, empty, missing or failed.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};
use terracube_grid::Region;
use terracube_store::{Key, ReadStore, Store};

use crate::ledger::Known;
use crate::patch::PatchGrid;
use crate::{Cube, Patch, PatchState, Provenance, Request, Result};

/// The state of a cube's patches.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct State {
    /// Counts over the patches looked at.
    pub counts: Counts,
    /// Why patches failed.
    pub failures: Vec<(Patch, Provenance)>,
    patches: Vec<(Patch, PatchState)>,
}

/// How many patches are in which state, and what they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// All patches looked at.
    pub total: usize,
    /// Filled ones.
    pub filled: usize,
    /// Those the source has nothing for.
    pub empty: usize,
    /// Missing ones.
    pub missing: usize,
    /// Failed ones.
    pub failed: usize,
    /// Bytes of pixels stored, over all bands.
    pub bytes: u64,
}

/// Sizes asked of the store at the same time.
const SIZES_AT_ONCE: usize = 32;

impl Cube {
    /// The state of all patches.
    ///
    /// # Errors
    /// What the store says.
    pub async fn state(&self) -> Result<State> {
        self.state_of(&Request::all()).await
    }

    /// The state of the patches that an area and time touch.
    ///
    /// # Errors
    /// [`Error::OutsideCube`](crate::Error::OutsideCube),
    /// [`Error::OutsideTime`](crate::Error::OutsideTime), or what the store says.
    pub async fn state_of(&self, request: &Request) -> Result<State> {
        let wanted = request.patches(self)?;
        let ledger = self.ledger().await?;
        let block = Request::block(&wanted);
        let known = ledger.look(&block).await?;
        let [times, rows, cols] = &block;
        let mut patches = Vec::with_capacity(wanted.len());
        let mut counts = Counts { total: wanted.len(), ..Counts::default() };
        let (mut failures, mut unmeasured) = (Vec::new(), Vec::new());
        for patch in wanted {
            let row = (patch.time - times.start) as usize * rows.len()
                + (patch.row - rows.start) as usize;
            let Known { state, stored } =
                known[row * cols.len() + (patch.col - cols.start) as usize];
            match state {
                PatchState::Filled => {
                    counts.filled += 1;
                    match stored {
                        Some(bytes) => counts.bytes += bytes,
                        None => unmeasured.push(patch),
                    }
                }
                PatchState::Empty => counts.empty += 1,
                PatchState::Missing => counts.missing += 1,
                PatchState::Failed => {
                    counts.failed += 1;
                    failures.push((patch, ledger.provenance(patch).await?.unwrap_or_default()));
                }
            }
            patches.push((patch, state));
        }
        counts.bytes += self.stored_bytes(&unmeasured).await?.iter().sum::<u64>();
        Ok(State { counts, failures, patches })
    }

    /// What a patch was filled from, or why it failed; `None` for a missing one.
    ///
    /// # Errors
    /// What the store says.
    pub async fn provenance(&self, patch: Patch) -> Result<Option<Provenance>> {
        self.ledger().await?.provenance(patch).await
    }

    /// The bytes stored for each of some patches, over all bands.
    pub(crate) async fn stored_bytes(&self, patches: &[Patch]) -> Result<Vec<u64>> {
        let store = self.latest().await?;
        let arrays = self.arrays(&store).await?;
        let has_time = self.schema().time.is_some();
        let sizes = patches.iter().map(|patch| {
            let chunk = PatchGrid::chunk(*patch, has_time);
            let keys: Vec<_> = arrays.iter().map(|array| array.chunk_key(&chunk)).collect();
            sum_of_sizes(store.clone(), keys)
        });
        let sizes: Vec<_> = sizes.collect();
        stream::iter(sizes).buffered(SIZES_AT_ONCE).try_collect().await
    }
}

async fn sum_of_sizes(
    store: Arc<dyn Store>,
    keys: Vec<terracube_store::Result<Key>>,
) -> Result<u64> {
    let mut sum = 0;
    for key in keys {
        sum += store.size(&key?).await?.unwrap_or(0);
    }
    Ok(sum)
}

impl State {
    /// The patches looked at, in time, row, column order.
    #[must_use]
    pub fn patches(&self) -> &[(Patch, PatchState)] {
        &self.patches
    }

    /// The patches that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<Patch> {
        self.failures.iter().map(|(patch, _)| *patch).collect()
    }

    /// The patches as GeoJSON (RFC 7946, WGS 84, split at the antimeridian), each with its state.
    ///
    /// # Errors
    /// When a patch has no place in longitude and latitude.
    pub fn to_geojson(&self, cube: &Cube) -> Result<Value> {
        let mut features = Vec::with_capacity(self.patches.len());
        for (patch, state) in &self.patches {
            let region = Region::from_geobox(&cube.patches().geobox(*patch))?;
            let mut properties = json!({
                "state": state, "time": patch.time, "row": patch.row, "col": patch.col,
            });
            if let Some(step) = cube.steps().get(patch.time as usize) {
                properties["datetime"] = json!(step.start.to_string());
            }
            if let Some((_, why)) = self.failures.iter().find(|(failed, _)| failed == patch) {
                properties["reason"] = json!(why.reason);
            }
            features.push(json!({
                "type": "Feature", "geometry": region.to_geojson(), "properties": properties,
            }));
        }
        Ok(json!({"type": "FeatureCollection", "features": features}))
    }
}
