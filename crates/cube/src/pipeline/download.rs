//! The reads of one patch: which window of which level of which asset, and fetching them.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use terracube_grid::{GeoBox, ReadPlan, Transform, Window};
use terracube_raster::{DType, MosaicRule, RasterFile, RasterWindow, Resampling, WindowRef};
use terracube_source::{Asset, Granule};

use super::assets::OpenAsset;
use super::located::{self, Located};
use super::{PERMIT, Round};
use crate::harmonise::{self, Linear};
use crate::mask::Test;
use crate::plan::Job;
use crate::{Band, Error, Harmonise, Mask, Result, Schema};

/// The reads of one patch, band by band and mask by mask, each in the order of the mosaic.
pub(super) struct Reads {
    bands: Vec<Vec<Read>>,
    masks: Vec<Vec<(Read, Test)>>,
    granules: usize,
}

/// One window of one asset, to be read for one band or mask.
pub(super) struct Read {
    pub(super) asset: Arc<OpenAsset>,
    level: usize,
    band: usize,
    placed: Placed,
    pub(super) granule: String,
    pub(super) host: String,
    numbers: Numbers,
}

/// Whose numbers a window has, and what they mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// The granule's place in the order of the mosaic.
    pub(super) granule: usize,
    /// The value that means «no data» where the file does not say.
    pub(super) nodata: Option<f64>,
    /// Whether anything says which pixels are valid.
    pub(super) is_guarded: bool,
    /// What is done to them before they are stored.
    pub(super) linear: Linear,
}

/// How a fetched window lies.
#[derive(Debug, Clone)]
pub(super) enum Placed {
    /// On a grid.
    Grid {
        /// The grid of the asset's level, whole.
        level: GeoBox,
        /// What to read where.
        plan: ReadPlan,
        /// From the cube's CRS to the asset's.
        transform: Arc<Transform>,
    },
    /// By points.
    Located {
        /// The place of the asset's pixels.
        by: Arc<Located>,
        /// What to read.
        src: Window,
    },
}

impl Placed {
    /// What is read, in pixels of the asset's level.
    fn src(&self) -> Window {
        match self {
            Self::Grid { plan, .. } => plan.src,
            Self::Located { src, .. } => *src,
        }
    }
}

/// A window that is here, still compressed.
pub(super) struct Fetched {
    pub(super) window: RasterWindow,
    _asset: Arc<OpenAsset>,
    pub(super) placed: Placed,
    pub(super) numbers: Numbers,
    /// The granule's id.
    pub(super) granule: String,
}

/// All windows of a patch.
pub(super) struct FetchedPatch {
    pub(super) bands: Vec<Vec<Fetched>>,
    pub(super) masks: Vec<Vec<(Fetched, Test)>>,
}

/// Requests of one patch at the same time; the source's own limits come on top.
const READS_AT_ONCE: usize = 8;

/// Opens the assets of a patch and decides what to read of them.
pub(super) async fn plan(round: &Round, job: &Job) -> Result<Reads> {
    let patch = round.cube.patches().geobox(job.patch);
    let schema = round.cube.schema();
    let granules: Vec<&Granule> = round.plan.granules_of(job).collect();
    let mut bands = Vec::with_capacity(schema.bands.len());
    for band in &schema.bands {
        let with_asset: Vec<_> = (0..)
            .zip(&granules)
            .filter_map(|(i, g)| Some((i, *g, g.assets.get(band.asset_name())?)))
            .collect();
        if with_asset.is_empty()
            && let Some(granule) = granules.first()
        {
            return Err(no_asset(granule, band.asset_name(), &band.name));
        }
        let reads: Vec<_> = with_asset
            .into_iter()
            .map(|(i, granule, asset)| {
                read(round, job, &patch, Wanted::band(band, schema), (i, granule, asset))
            })
            .collect();
        let reads: Vec<_> = stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
        bands.push(reads.into_iter().flatten().collect());
    }
    let mut masks = Vec::with_capacity(schema.masks.len());
    for mask in &schema.masks {
        let mut reads = Vec::with_capacity(granules.len());
        for (i, granule) in granules.iter().enumerate() {
            let Some(asset) = granule.assets.get(&mask.asset) else {
                return Err(no_asset(granule, &mask.asset, &format!("mask {}", mask.asset)));
            };
            let test = mask.test(asset).map_err(|reason| Error::Asset {
                granule: granule.id.clone(),
                asset: asset.name.clone(),
                band: format!("mask {}", mask.asset),
                reason,
            })?;
            let windows = read(round, job, &patch, Wanted::mask(mask), (i, granule, asset)).await?;
            reads.extend(windows.into_iter().map(|window| (window, test.clone())));
        }
        masks.push(reads);
    }
    Ok(Reads { bands, masks, granules: granules.len() })
}

impl Reads {
    /// Bytes that the patch takes while it is worked on: the largest decoded window, and the patch
    /// itself before and after encoding, the places of swaths, and
    /// [what is composed](Self::composed). What is fetched is accounted for by who reads ahead.
    pub(super) fn cost(&self, round: &Round) -> u64 {
        let [rows, cols] = round.cube.patches().shape();
        let pixels = (rows * cols) as u64;
        let bands = round.cube.schema().bands.iter();
        let of_bands = bands
            .zip(&self.bands)
            .map(|(band, reads)| {
                let decoded = reads.iter().map(Read::decoded).max().unwrap_or(0);
                decoded + 3 * pixels * band.dtype.size() as u64
            })
            .sum::<u64>();
        let of_masks = self.masks.iter().flatten().map(|(read, _)| 2 * read.decoded()).max();
        of_bands + of_masks.unwrap_or(0) + self.located() + self.composed(round)
    }

    /// Bytes of the places of swaths, as if no other patch had them too.
    fn located(&self) -> u64 {
        let mut all: Vec<_> = self.all().filter_map(Read::located).collect();
        all.sort_unstable_by_key(|by| Arc::as_ptr(by));
        all.dedup_by_key(|by| Arc::as_ptr(by));
        all.iter().map(|by| by.bytes).sum()
    }

    /// Bytes that are held until all granules of the patch were looked at: the rasters of a median,
    /// sums, masks.
    pub(super) fn composed(&self, round: &Round) -> u64 {
        let [rows, cols] = round.cube.patches().shape();
        let schema = round.cube.schema();
        let of_rules = schema
            .bands
            .iter()
            .map(|band| schema.rule_of(band).bytes_per_pixel(self.granules, band.dtype));
        let of_best = if schema.mosaic.max_of.is_some() { 12 } else { 0 };
        let pixel = of_rules.max().unwrap_or(0) + of_best + self.masks.len() * self.granules;
        (rows * cols * pixel) as u64
    }

    /// All reads, of all bands.
    pub(super) fn all(&self) -> impl Iterator<Item = &Read> {
        let masks = self.masks.iter().flatten().map(|(read, _)| read);
        self.bands.iter().flatten().chain(masks)
    }

    /// Fetches everything, most of which is on its way already.
    pub(super) async fn fetch(self) -> Result<FetchedPatch> {
        let mut bands = Vec::with_capacity(self.bands.len());
        for reads in self.bands {
            let fetches: Vec<_> = reads.into_iter().map(Read::fetch).collect();
            bands.push(stream::iter(fetches).buffered(READS_AT_ONCE).try_collect().await?);
        }
        let mut masks = Vec::with_capacity(self.masks.len());
        for reads in self.masks {
            let fetches: Vec<_> = reads
                .into_iter()
                .map(|(read, test)| async move { Ok::<_, Error>((read.fetch().await?, test)) })
                .collect();
            masks.push(stream::iter(fetches).buffered(READS_AT_ONCE).try_collect().await?);
        }
        Ok(FetchedPatch { bands, masks })
    }
}

impl Read {
    pub(super) fn window(&self) -> WindowRef {
        WindowRef { level: self.level, band: self.band, window: self.placed.src() }
    }

    fn decoded(&self) -> u64 {
        self.asset.raster.decoded_bytes_for(&self.placed.src())
    }

    fn located(&self) -> Option<&Arc<Located>> {
        match &self.placed {
            Placed::Located { by, .. } => Some(by),
            Placed::Grid { .. } => None,
        }
    }

    async fn fetch(self) -> Result<Fetched> {
        let Self { asset, level, band, placed, granule, numbers, .. } = self;
        let window = asset.raster.fetch(level, band, placed.src()).await?;
        Ok(Fetched { window, _asset: asset, placed, numbers, granule })
    }
}

/// What is wanted of an asset.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Band { band: &'a Band, rule: MosaicRule, is_masked: bool },
    Mask(&'a Mask),
}

impl<'a> Wanted<'a> {
    fn band(band: &'a Band, schema: &Schema) -> Self {
        let is_masked = schema.masks.iter().any(|mask| mask.is_for(&band.name));
        Self::Band { band, rule: schema.rule_of(band), is_masked }
    }

    fn mask(mask: &'a Mask) -> Self {
        Self::Mask(mask)
    }

    fn name(&self) -> String {
        match self {
            Self::Band { band, .. } => band.name.clone(),
            Self::Mask(mask) => format!("mask {}", mask.asset),
        }
    }

    /// Which band of the asset, from 1.
    fn asset_band(&self) -> usize {
        match self {
            Self::Band { band, .. } => band.asset_band,
            Self::Mask(mask) => mask.asset_band,
        }
    }

    /// Which variable of the asset.
    fn variable(&self) -> Option<&str> {
        match self {
            Self::Band { band, .. } => band.variable.as_deref(),
            Self::Mask(_) => None,
        }
    }

    fn resampling(&self) -> Resampling {
        match self {
            Self::Band { band, .. } => band.resampling,
            Self::Mask(_) => Resampling::Nearest,
        }
    }

    /// How far the pixels of a result reach in the source, in pixels.
    fn margin(&self, scale: f64) -> usize {
        match self {
            Self::Band { band, .. } => band.resampling.margin(scale),
            Self::Mask(mask) => Resampling::Nearest.margin(scale) + mask.dilate,
        }
    }

    /// Whether overviews would be wrong: a sum over one would count each of its pixels as one, and
    /// flags may have been averaged.
    fn needs_full_resolution(&self) -> bool {
        match self {
            Self::Band { band, .. } => band.resampling == Resampling::Sum,
            Self::Mask(_) => true,
        }
    }

    /// Why pixels of a type cannot be taken.
    fn fault(&self, theirs: DType) -> Option<String> {
        match self {
            Self::Mask(_) if theirs.is_float() => {
                Some(format!("it holds {theirs}, and masks are of integers"))
            }
            Self::Band { band, rule, .. } if *rule != MosaicRule::Count && !band.holds(theirs) => {
                let ours = band.dtype;
                Some(format!(
                    "it holds {theirs}, which does not fit into the band's {ours}: declare the band as {theirs}"
                ))
            }
            _ => None,
        }
    }

    fn numbers(
        &self,
        (index, granule, asset): (usize, &Granule, &Asset),
        file: &RasterFile,
        number: usize,
    ) -> Result<Numbers, String> {
        let says_validity = file.says_validity(number);
        let said = asset.bands.get(self.asset_band() - 1).and_then(|info| info.nodata);
        // What the file says comes first.
        let told = |nodata: Option<f64>| nodata.filter(|_| !file.declares_validity(number));
        Ok(match self {
            Self::Band { band, rule, is_masked } => {
                let is_counted = *rule == MosaicRule::Count;
                let stored = file.scale_offset(number);
                if let Some(reason) = misfit(band, granule, asset, stored).filter(|_| !is_counted) {
                    return Err(reason);
                }
                let nodata = told(band.source_nodata.or(said));
                Numbers {
                    granule: index,
                    nodata,
                    is_guarded: says_validity || *is_masked || nodata.is_some(),
                    linear: harmonise::applied(band, granule, asset)?,
                }
            }
            Self::Mask(_) => {
                let (nodata, linear) = (told(said), Linear::IDENTITY);
                Numbers { granule: index, nodata, is_guarded: true, linear }
            }
        })
    }
}

/// Why the numbers of a file are not those that the band declares, where only the file says it: an
/// item that says it has been looked at by the plan.
fn misfit(
    band: &Band,
    granule: &Granule,
    asset: &Asset,
    (scale, offset): (f64, f64),
) -> Option<String> {
    let (theirs, ours) = (Linear { scale, offset }, harmonise::declared(band));
    let is_declared = band.scale.is_some() || band.offset.is_some();
    let is_looked_at = matches!(band.harmonise, Harmonise::Refuse | Harmonise::Item);
    let is_silent = theirs == Linear::IDENTITY || harmonise::said(band, granule, asset).is_some();
    (is_declared && is_looked_at && !is_silent && theirs != ours).then(|| {
        format!(
            "the file says scale {scale} and offset {offset}, the cube declares {} and {}: if the file is wrong declare harmonise = \"as_stored\" for the band",
            ours.scale, ours.offset
        )
    })
}

/// What to read of one asset for one patch: nothing when they do not meet, and two windows when
/// the patch lies across the asset's seam. The points that a file has instead of a grid come before
/// the grid that metadata gives it.
async fn read(
    round: &Round,
    job: &Job,
    patch: &GeoBox,
    wanted: Wanted<'_>,
    (index, granule, asset): (usize, &Granule, &Asset),
) -> Result<Vec<Read>> {
    let fault = |reason: String| Error::Asset {
        granule: granule.id.clone(),
        asset: asset.name.clone(),
        band: wanted.name(),
        reason,
    };
    let open = round.assets.open(granule, asset, wanted.variable(), &wanted.name()).await?;
    let file = &open.raster;
    let slice = round.cube.slice_of((granule, file), job.patch.time, wanted.asset_band());
    let Some(band) = slice.map_err(fault)? else { return Ok(Vec::new()) };
    if let Some(reason) = wanted.fault(file.dtype(band)?) {
        return Err(fault(reason));
    }
    let numbers = wanted.numbers((index, granule, asset), file, band).map_err(fault)?;
    let host = host(&asset.href);
    let placed_as = |level: usize, placed: Placed| Read {
        asset: open.clone(),
        level,
        band,
        placed,
        granule: granule.id.clone(),
        host: host.clone(),
        numbers,
    };
    let whole = match (&open.located, geobox_of(file, asset)) {
        (Some(Ok(by)), _) => {
            if let Some(reason) = located::misfit(wanted.resampling()) {
                return Err(fault(reason));
            }
            let reach = if let Wanted::Mask(mask) = wanted { mask.dilate } else { 0 };
            let Some(src) = by.window(job.patch, patch, reach).await? else {
                return Ok(Vec::new());
            };
            let read = placed_as(0, Placed::Located { by: by.clone(), src });
            let (needed, limit) = (by.bytes + read.decoded(), u64::from(round.permits) * PERMIT);
            if needed > limit {
                return Err(fault(format!(
                    "its window and its places take {needed} bytes, more than the {limit} that the memory allowed leaves: allow more, or declare smaller chunks"
                )));
            }
            return Ok(vec![read]);
        }
        (_, Some(whole)) => whole,
        (located, None) => {
            let why = match located {
                Some(Err(reason)) => reason,
                _ => file.geobox_missing().unwrap_or_default(),
            };
            return Err(fault(format!(
                "neither the file nor its metadata says where it lies: {why}"
            )));
        }
    };
    let window = round.cube.patches().window(job.patch);
    let target = (round.cube.geobox(), &window);
    let transform = Arc::new(Transform::new(&patch.crs, &whole.crs)?);
    let level = match wanted.needs_full_resolution() {
        true => 0,
        false => level(file, &whole, target, &transform),
    };
    let grid = match level {
        0 => whole,
        _ => file.levels()[level].geobox(&whole).unwrap_or(whole),
    };
    // How far a kernel reaches depends on the scale at this level, which a first plan tells.
    let first = ReadPlan::of_window(&grid, target, &transform, 0);
    let scale = first.iter().map(|(_, p)| p.scale.0.max(p.scale.1)).fold(1.0, f64::max);
    let plans = ReadPlan::of_window(&grid, target, &transform, wanted.margin(scale));
    let reads = plans.into_iter().map(|(level_box, mut plan)| {
        if let (Wanted::Mask(mask), Some(_)) = (wanted, plan.paste) {
            // A plan to paste has no margin.
            plan.src = grown(&plan.src, mask.dilate, &level_box);
        }
        placed_as(level, Placed::Grid { level: level_box, plan, transform: transform.clone() })
    });
    Ok(reads.collect())
}

/// A window with a margin, as far as the grid goes.
fn grown(window: &Window, margin: usize, grid: &GeoBox) -> Window {
    let (col, row) = (window.col.saturating_sub(margin), window.row.saturating_sub(margin));
    let right = (window.col + window.width + margin).min(grid.width);
    let bottom = (window.row + window.height + margin).min(grid.height);
    Window::new(col, row, right - col, bottom - row)
}

/// The overview to read, as coarse as the cube's resolution allows.
fn level(
    file: &RasterFile,
    whole: &GeoBox,
    target: (&GeoBox, &Window),
    transform: &Transform,
) -> usize {
    match ReadPlan::of_window(whole, target, transform, 0).first() {
        Some((_, plan)) if plan.paste.is_none() => file.level_for(plan.scale),
        _ => 0,
    }
}

/// The grid of an asset: the file knows best; metadata helps where it says nothing.
fn geobox_of(file: &RasterFile, asset: &Asset) -> Option<GeoBox> {
    file.geobox().cloned().or_else(|| asset.geobox.clone())
}

/// The host of an address; nothing that may be secret.
fn host(href: &str) -> String {
    let rest = href.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

fn no_asset(granule: &Granule, asset: &str, band: &str) -> Error {
    let known: Vec<_> = granule.assets.keys().map(String::as_str).collect();
    Error::Asset {
        granule: granule.id.clone(),
        asset: asset.to_owned(),
        band: band.to_owned(),
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
