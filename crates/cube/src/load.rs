//! Reading a window of the cube, filling what is missing of it first.

use std::ops::Range;
use std::sync::Arc;

use terracube_grid::{GeoBox, ReadPlan, Region, TimeRange, TimeStep, Transform, Window};
use terracube_raster::{Pixels, Raster, SourceExtent, WarpOptions, warp};

use crate::{Band, Cube, Error, FillOptions, Report, Request, Result};

/// How a window is loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The bands to load, by name; all when empty.
    pub bands: Vec<String>,
    /// Whether missing patches are filled first, and how; `None` reads what is there.
    pub fill: Option<FillOptions>,
    /// Bytes that the loaded window may take.
    pub limit: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { bands: Vec::new(), fill: Some(FillOptions::default()), limit: 8 << 30 }
    }
}

/// A window of a cube in memory.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The grid of all rasters.
    pub geobox: GeoBox,
    /// The time steps, in order; empty for a cube without time.
    pub steps: Vec<TimeStep>,
    /// The bands, each with one raster a time step.
    pub bands: Vec<LoadedBand>,
    /// What was filled for it, if anything was missing.
    pub report: Option<Report>,
}

/// One band of a loaded window.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoadedBand {
    /// The band's declaration.
    pub band: Band,
    /// One raster a time step; exactly one in a cube without time. Invalid pixels are masked.
    pub rasters: Vec<Raster>,
}

impl Cube {
    /// Loads the pixels of an area and time in the cube's own grid. The window is the smallest one
    /// that holds the area; missing patches are filled first if a source is bound.
    ///
    /// # Errors
    /// As [`plan`](Self::plan) and [`fill`](Self::fill); [`Error::UnknownBand`];
    /// [`Error::TooLarge`].
    pub async fn load(&self, request: &Request, options: &LoadOptions) -> Result<Loaded> {
        let window = self.window(request)?;
        self.load_window(request, &window, options).await
    }

    /// Loads the area of another grid, warped onto it with each band's resampling.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_like(
        &self,
        like: &GeoBox,
        time: Option<TimeRange>,
        options: &LoadOptions,
    ) -> Result<Loaded> {
        let transform = Arc::new(Transform::new(&like.crs, &self.geobox().crs)?);
        let plan = self.read_plan(like, &transform)?;
        let source = self.geobox().crop(&plan.src);
        let region = Region::in_crs(source.bounds(), &source.crs)?;
        let request = Request { region: Some(region), time };
        let mut loaded = self.load_window(&request, &plan.src, options).await?;
        for band in &mut loaded.bands {
            let options = WarpOptions {
                resampling: band.band.resampling,
                scale: plan.scale,
                extent: SourceExtent {
                    col: plan.src.col,
                    row: plan.src.row,
                    width: self.geobox().width,
                    height: self.geobox().height,
                },
                dtype: band.band.dtype,
                nodata: band.band.nodata_value(),
                tolerance: self.schema().tolerance,
                at: (0, 0),
            };
            for raster in &mut band.rasters {
                *raster = warp(raster, &source, like, &transform, &options)?;
            }
        }
        loaded.geobox = like.clone();
        Ok(loaded)
    }

    /// What [`load_like`](Self::load_like) reads: the area of another grid, with the pixels around
    /// it that resampling reaches.
    ///
    /// # Errors
    /// [`Error::OutsideCube`] when the grid does not touch the cube.
    pub fn request_like(&self, like: &GeoBox, time: Option<TimeRange>) -> Result<Request> {
        let transform = Arc::new(Transform::new(&like.crs, &self.geobox().crs)?);
        let source = self.geobox().crop(&self.read_plan(like, &transform)?.src);
        Ok(Request { region: Some(Region::in_crs(source.bounds(), &source.crs)?), time })
    }

    fn read_plan(&self, like: &GeoBox, transform: &Arc<Transform>) -> Result<ReadPlan> {
        let reach = |scale: (f64, f64)| {
            let margin = |b: &Band| b.resampling.margin(scale.0.max(scale.1));
            self.schema().bands.iter().map(margin).max().unwrap_or(1)
        };
        ReadPlan::new(self.geobox(), like, transform, 0)
            .and_then(|p| ReadPlan::new(self.geobox(), like, transform, reach(p.scale)))
            .ok_or_else(|| Error::OutsideCube {
                cube: self.schema().name.clone(),
                extent: format!("{:?}", self.geobox().bounds()),
            })
    }

    async fn load_window(
        &self,
        request: &Request,
        window: &Window,
        options: &LoadOptions,
    ) -> Result<Loaded> {
        let steps = request.steps(self)?;
        let bands = self.chosen(&options.bands)?;
        check_size(window, steps.len(), &bands, options.limit)?;
        let report = match &options.fill {
            Some(fill) => self.fill_missing(request, fill).await?,
            None => None,
        };
        let store = self.latest().await?;
        let mut loaded = Vec::with_capacity(bands.len());
        for band in bands {
            let array = terracube_store::ZarrArray::open(store.clone(), &band.name).await?;
            let mut rasters = Vec::with_capacity(steps.len());
            for step in steps.clone() {
                let pixels = Pixels::zeroed(band.dtype, window.width * window.height);
                let pixels = array.read_into(&self.ranges(step, window), pixels).await?;
                let mut raster = Raster::new(window.width, window.height, pixels)?;
                if let Some(nodata) = band.nodata_value() {
                    raster.invalidate(nodata);
                }
                rasters.push(raster);
            }
            loaded.push(LoadedBand { band, rasters });
        }
        let span = steps.start as usize..(steps.end as usize).min(self.steps().len());
        let steps = self.steps().get(span).unwrap_or_default().to_vec();
        Ok(Loaded { geobox: self.geobox().crop(window), steps, bands: loaded, report })
    }

    async fn fill_missing(&self, request: &Request, fill: &FillOptions) -> Result<Option<Report>> {
        let plan = self.plan(request).await?;
        if plan.is_empty() {
            return Ok(None);
        }
        self.fill_with(plan, fill.clone()).await.map(Some)
    }

    fn window(&self, request: &Request) -> Result<Window> {
        let all =
            Window { col: 0, row: 0, width: self.geobox().width, height: self.geobox().height };
        let Some(region) = request.project(self)? else { return Ok(all) };
        let window = self.patches().window_around(&region);
        match window {
            Some(window) => Ok(window),
            None => {
                request.patches(self)?;
                Ok(all)
            }
        }
    }

    fn chosen(&self, names: &[String]) -> Result<Vec<Band>> {
        if names.is_empty() {
            return Ok(self.schema().bands.clone());
        }
        let one = |name: &String| Ok(self.schema().bands[self.schema().band_index(name)?].clone());
        names.iter().map(one).collect()
    }

    fn ranges(&self, step: u32, window: &Window) -> Vec<Range<u64>> {
        let span = |start: usize, len: usize| start as u64..(start + len) as u64;
        let step = u64::from(step);
        let all = [step..step + 1, span(window.row, window.height), span(window.col, window.width)];
        all[usize::from(self.schema().time.is_none())..].to_vec()
    }
}

fn check_size(window: &Window, steps: usize, bands: &[Band], limit: u64) -> Result<()> {
    let pixels = (window.width as u64).saturating_mul(window.height as u64);
    let per_pixel: u64 = bands.iter().map(|b| b.dtype.size() as u64 + 1).sum();
    let needed = pixels.saturating_mul(per_pixel).saturating_mul(steps as u64);
    if needed > limit { Err(Error::TooLarge { needed, limit }) } else { Ok(()) }
}
