//! Assets opened once and shared by the patches that read them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use terracube_raster::{BlockCache, Cog};
use terracube_source::{Asset, Granule, Opened};
use tokio::sync::OnceCell;

use crate::cube::BoundSource;
use crate::{Error, Result};

/// The headers of assets, each read once however many patches ask at the same time.
#[derive(Debug)]
pub(super) struct Assets {
    bound: BoundSource,
    blocks: BlockCache,
    open: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<OnceCell<Arc<Cog>>>;

/// Headers kept; past that the oldest are not looked for but all are dropped and read again.
const KEPT: usize = 4096;

impl Assets {
    /// Assets of a source, with a cache of so many bytes for blocks that patches share.
    pub(super) fn new(bound: BoundSource, cache: u64) -> Self {
        Self { bound, blocks: BlockCache::new(cache), open: Mutex::default() }
    }

    /// The header of an asset.
    pub(super) async fn cog(
        &self,
        granule: &Granule,
        asset: &Asset,
        band: &str,
    ) -> Result<Arc<Cog>> {
        let slot = self.slot(&asset.href);
        let cog = slot.get_or_try_init(|| self.read(granule, asset, band)).await?;
        Ok(cog.clone())
    }

    fn slot(&self, href: &str) -> Slot {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= KEPT && !open.contains_key(href) {
            open.clear();
        }
        open.entry(href.to_owned()).or_default().clone()
    }

    async fn read(&self, granule: &Granule, asset: &Asset, band: &str) -> Result<Arc<Cog>> {
        match self.bound.source.open(granule, asset, &self.bound.access).await? {
            Opened::Bytes { store, key } => {
                let cog = Cog::open_cached(store, key, self.blocks.clone()).await?;
                Ok(Arc::new(cog))
            }
            _ => Err(Error::Asset {
                granule: granule.id.clone(),
                asset: asset.name.clone(),
                band: band.to_owned(),
                reason: "the source answers with an order, which a fill cannot wait for".into(),
            }),
        }
    }
}
