//! The reads of one patch: which window of which level of which asset, and fetching them.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use terracube_grid::{GeoBox, ReadPlan, Transform};
use terracube_raster::{Cog, FetchedWindow, Resampling, WindowRef};
use terracube_source::{Asset, Granule};

use super::Round;
use crate::plan::Job;
use crate::{Band, Error, Result};

/// The reads of one patch, band by band, each in the order of the mosaic.
pub(super) struct Reads {
    bands: Vec<Vec<Read>>,
}

/// One window of one asset, to be read for one band.
pub(super) struct Read {
    pub(super) cog: Arc<Cog>,
    level: usize,
    band: usize,
    placed: Placed,
    pub(super) granule: String,
    pub(super) host: String,
}

/// How a fetched window lies.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The grid of the asset's level, whole.
    pub(super) level: GeoBox,
    /// What to read where.
    pub(super) plan: ReadPlan,
    /// From the cube's CRS to the asset's.
    pub(super) transform: Arc<Transform>,
}

/// A window that is here, still compressed.
pub(super) struct Fetched {
    pub(super) window: FetchedWindow,
    pub(super) placed: Placed,
}

/// Requests of one patch at the same time; the source's own limits come on top.
const READS_AT_ONCE: usize = 8;

/// Opens the assets of a patch and decides what to read of them.
pub(super) async fn plan(round: &Round, job: &Job) -> Result<Reads> {
    let patch = round.cube.patches().geobox(job.patch);
    let mut bands = Vec::with_capacity(round.cube.schema().bands.len());
    for band in &round.cube.schema().bands {
        let granules: Vec<&Granule> = round.plan.granules_of(job).collect();
        let with_asset: Vec<_> =
            granules.iter().filter_map(|g| Some((*g, g.assets.get(band.asset_name())?))).collect();
        if with_asset.is_empty()
            && let Some(granule) = granules.first()
        {
            return Err(no_asset(granule, band));
        }
        let reads: Vec<_> = with_asset
            .into_iter()
            .map(|(granule, asset)| read(round, &patch, band, granule, asset))
            .collect();
        let reads: Vec<_> = stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
        bands.push(reads.into_iter().flatten().collect());
    }
    Ok(Reads { bands })
}

impl Reads {
    /// Bytes that the patch takes while it is worked on: the largest decoded window, and the patch
    /// itself before and after encoding. What is fetched is accounted for by who reads ahead.
    pub(super) fn cost(&self, round: &Round) -> u64 {
        let [rows, cols] = round.cube.patches().shape();
        let pixels = (rows * cols) as u64;
        let bands = round.cube.schema().bands.iter();
        bands
            .zip(&self.bands)
            .map(|(band, reads)| {
                let decoded = reads.iter().map(Read::decoded).max().unwrap_or(0);
                decoded + 3 * pixels * band.dtype.size() as u64
            })
            .sum()
    }

    /// All reads, of all bands.
    pub(super) fn all(&self) -> impl Iterator<Item = &Read> {
        self.bands.iter().flatten()
    }

    /// Fetches everything, most of which is on its way already.
    pub(super) async fn fetch(self) -> Result<Vec<Vec<Fetched>>> {
        let mut bands = Vec::with_capacity(self.bands.len());
        for reads in self.bands {
            let fetches: Vec<_> = reads.into_iter().map(Read::fetch).collect();
            bands.push(stream::iter(fetches).buffered(READS_AT_ONCE).try_collect().await?);
        }
        Ok(bands)
    }
}

impl Read {
    pub(super) fn window(&self) -> WindowRef {
        WindowRef { level: self.level, band: self.band, window: self.placed.plan.src }
    }

    fn decoded(&self) -> u64 {
        self.cog.decoded_bytes_for(&self.placed.plan.src)
    }

    async fn fetch(self) -> Result<Fetched> {
        let window = self.cog.fetch(self.level, self.band, self.placed.plan.src).await?;
        Ok(Fetched { window, placed: self.placed })
    }
}

/// What to read of one asset for one patch: nothing when they do not meet, and two windows when
/// the patch lies across the asset's seam.
async fn read(
    round: &Round,
    patch: &GeoBox,
    band: &Band,
    granule: &Granule,
    asset: &Asset,
) -> Result<Vec<Read>> {
    let fault = |reason: String| Error::Asset {
        granule: granule.id.clone(),
        asset: asset.name.clone(),
        band: band.name.clone(),
        reason,
    };
    let cog = round.assets.cog(granule, asset, &band.name).await?;
    if band.asset_band > cog.bands() {
        return Err(fault(format!("it has {} bands, not {}", cog.bands(), band.asset_band)));
    }
    let index = band.asset_band - 1;
    let theirs = cog.dtype(index)?;
    if !band.holds(theirs) {
        let ours = band.dtype;
        return Err(fault(format!(
            "it holds {theirs}, which does not fit into the band's {ours}: declare the band as {theirs}"
        )));
    }
    let Some(whole) = geobox_of(&cog, asset) else {
        return Err(fault("neither the file nor its metadata says where it lies".into()));
    };
    let transform = Arc::new(Transform::new(&patch.crs, &whole.crs)?);
    // A sum over an overview would count each of its pixels as one.
    let level = match band.resampling {
        Resampling::Sum => 0,
        _ => level(&cog, &whole, patch, &transform),
    };
    let grid = match level {
        0 => whole,
        _ => {
            let info = &cog.levels()[level];
            GeoBox::from_shape(whole.crs.clone(), whole.bounds(), info.width, info.height)?
        }
    };
    // How far a kernel reaches depends on the scale at this level, which a first plan tells.
    let first = ReadPlan::around(&grid, patch, &transform, 0);
    let scale = first.iter().map(|(_, p)| p.scale.0.max(p.scale.1)).fold(1.0, f64::max);
    let plans = ReadPlan::around(&grid, patch, &transform, band.resampling.margin(scale));
    let reads = plans.into_iter().map(|(level_box, plan)| Read {
        cog: cog.clone(),
        level,
        band: index,
        placed: Placed { level: level_box, plan, transform: transform.clone() },
        granule: granule.id.clone(),
        host: host(&asset.href),
    });
    Ok(reads.collect())
}

/// The overview to read, as coarse as the cube's resolution allows.
fn level(cog: &Cog, whole: &GeoBox, patch: &GeoBox, transform: &Transform) -> usize {
    match ReadPlan::around(whole, patch, transform, 0).first() {
        Some((_, plan)) if plan.paste.is_none() => cog.level_for(plan.scale),
        _ => 0,
    }
}

/// The grid of an asset: the file knows best; metadata helps where it says nothing.
fn geobox_of(cog: &Cog, asset: &Asset) -> Option<GeoBox> {
    cog.geobox().cloned().or_else(|| asset.geobox.clone())
}

/// The host of an address; nothing that may be secret.
fn host(href: &str) -> String {
    let rest = href.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

fn no_asset(granule: &Granule, band: &Band) -> Error {
    let known: Vec<_> = granule.assets.keys().map(String::as_str).collect();
    Error::Asset {
        granule: granule.id.clone(),
        asset: band.asset_name().to_owned(),
        band: band.name.clone(),
        reason: format!("there is no such asset; it has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_without_secrets() {
        assert_eq!(host("https://a.example:8443/x?key=1"), "a.example:8443");
        assert_eq!(host("https://user:word@a.example/x"), "a.example");
        assert_eq!(host("s3://bucket/key"), "bucket");
        assert_eq!(host("/data/x.tif"), "");
    }
}
