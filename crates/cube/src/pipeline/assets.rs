//! Assets opened once and shared by the patches that read them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use terracube_raster::{BlockCache, Cog, RasterFile};
use terracube_source::{Asset, Granule, Opened};
use tokio::sync::OnceCell;

use super::located::Located;
use super::spool::{self, Fault, Spool};
use crate::cube::BoundSource;
use crate::{Error, Result};

/// The headers of assets, each read once however many patches ask at the same time.
#[derive(Debug)]
pub(super) struct Assets {
    bound: BoundSource,
    blocks: BlockCache,
    open: Mutex<HashMap<Name, Slot>>,
    /// Whole files that somebody reads.
    whole: Mutex<HashMap<Name, Weak<OpenAsset>>>,
    spool: Spool,
}

/// An address and the variable in it.
type Name = (String, Option<String>);
type Slot = Arc<OnceCell<Arc<OpenAsset>>>;

/// An asset whose header is here.
#[derive(Debug)]
pub(super) struct OpenAsset {
    pub(super) raster: RasterFile,
    /// Its place by points, when it has no grid; or why they do not tell it.
    pub(super) located: Option<Result<Arc<Located>, String>>,
    /// Keeps a whole file on disk.
    _spooled: Option<spool::Opened>,
}

impl OpenAsset {
    async fn new(raster: RasterFile, spooled: Option<spool::Opened>) -> Result<Arc<Self>> {
        let located = Located::of(&raster).await?;
        Ok(Arc::new(Self { raster, located, _spooled: spooled }))
    }
}

/// Headers kept; past that the oldest are not looked for but all are dropped and read again.
const KEPT: usize = 4096;

impl Assets {
    /// Assets of a source, with a cache of so many bytes for blocks that patches share, and room
    /// for so many bytes of whole files.
    pub(super) fn new(bound: BoundSource, cache: u64, spool: u64) -> Self {
        let blocks = BlockCache::new(cache);
        let (open, whole) = (Mutex::default(), Mutex::default());
        Self { bound, blocks, open, whole, spool: Spool::new(spool) }
    }

    /// The header of an asset, or of a variable in it.
    pub(super) async fn open(
        &self,
        granule: &Granule,
        asset: &Asset,
        variable: Option<&str>,
        band: &str,
    ) -> Result<Arc<OpenAsset>> {
        let name = (asset.href.clone(), variable.map(str::to_owned));
        if let Some(open) = self.whole().get(&name).and_then(Weak::upgrade) {
            return Ok(open);
        }
        let slot = self.slot(name.clone());
        let open = slot.get_or_try_init(|| self.read(granule, asset, variable, band)).await?;
        if matches!(open.raster, RasterFile::Local(_)) {
            // It stays open only as long as somebody reads it.
            self.whole().insert(name.clone(), Arc::downgrade(open));
            self.headers().remove(&name);
        }
        Ok(open.clone())
    }

    fn slot(&self, name: Name) -> Slot {
        let mut open = self.headers();
        if open.len() >= KEPT && !open.contains_key(&name) {
            open.clear();
        }
        open.entry(name).or_default().clone()
    }

    fn headers(&self) -> MutexGuard<'_, HashMap<Name, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn whole(&self) -> MutexGuard<'_, HashMap<Name, Weak<OpenAsset>>> {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if whole.len() >= KEPT {
            whole.retain(|_, open| open.strong_count() > 0);
        }
        whole
    }

    async fn read(
        &self,
        granule: &Granule,
        asset: &Asset,
        variable: Option<&str>,
        band: &str,
    ) -> Result<Arc<OpenAsset>> {
        let mut no_tiff = None;
        if variable.is_none() {
            match self.read_cog(granule, asset, band).await {
                Err(Error::Raster(error @ terracube_raster::Error::NotATiff { .. })) => {
                    no_tiff = Some(error);
                }
                other => return other,
            }
        }
        let fault = |reason: String| Error::Asset {
            granule: granule.id.clone(),
            asset: asset.name.clone(),
            band: band.to_owned(),
            reason,
        };
        if !cfg!(any(feature = "gdal", feature = "netcdf")) {
            return Err(fault(
                "it is no GeoTIFF, and other formats need the feature `netcdf` or `gdal`".into(),
            ));
        }
        let opened = self.spool.open(&self.bound.access, asset, variable).await;
        let opened = opened.map_err(|error| match error {
            Fault::Full(reason) => fault(reason),
            Fault::Source(error) => error.into(),
            // What is no raster at all is best told by how it begins.
            Fault::Raster(error) => match no_tiff {
                Some(first) if matches!(error, terracube_raster::Error::Read { .. }) => {
                    first.into()
                }
                _ => fault(error.to_string()),
            },
        })?;
        OpenAsset::new(RasterFile::Local(opened.file.clone()), Some(opened)).await
    }

    async fn read_cog(
        &self,
        granule: &Granule,
        asset: &Asset,
        band: &str,
    ) -> Result<Arc<OpenAsset>> {
        match self.bound.source.open(granule, asset, &self.bound.access).await? {
            Opened::Bytes { store, key } => {
                let cog = Cog::open_cached(store, key, self.blocks.clone()).await?;
                OpenAsset::new(RasterFile::Cog(cog), None).await
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
