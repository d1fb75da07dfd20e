//! From compressed windows to encoded chunks: decode, warp, mosaic, encode. Pure computing.

use bytes::Bytes;
use terracube_grid::GeoBox;
use terracube_raster::{Mosaic, Raster, SourceExtent, WarpOptions, copy_window, warp};
use terracube_store::ZarrArray;

use super::download::{Fetched, Placed};
use crate::patch::PatchGrid;
use crate::{Band, Cube, Patch, PatchState, Result};

/// A patch ready to be written.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) patch: Patch,
    pub(super) state: PatchState,
    /// One encoded chunk a band; `None` where all is «no data» and nothing is stored.
    pub(super) chunks: Vec<Option<Bytes>>,
}

impl Rendered {
    pub(super) fn failed(patch: Patch) -> Self {
        Self { patch, state: PatchState::Failed, chunks: Vec::new() }
    }

    /// Bytes to store.
    pub(super) fn stored(&self) -> u64 {
        self.chunks.iter().flatten().map(|c| c.len() as u64).sum()
    }
}

/// Renders all bands of a patch.
pub(super) fn patch(
    cube: &Cube,
    arrays: &[ZarrArray],
    patch: Patch,
    fetched: Vec<Vec<Fetched>>,
) -> Result<Rendered> {
    let geobox = cube.patches().geobox(patch);
    let [rows, cols] = cube.patches().shape();
    let at = (patch.col as usize * cols, patch.row as usize * rows);
    let target = Target { geobox, at, tolerance: cube.schema().tolerance };
    let chunk = PatchGrid::chunk(patch, cube.schema().time.is_some());
    let mut chunks = Vec::with_capacity(arrays.len());
    let mut state = PatchState::Empty;
    for ((band, array), granules) in cube.schema().bands.iter().zip(arrays).zip(fetched) {
        let raster = mosaic(cube, band, &target, granules)?;
        if raster.count_valid() == 0 {
            chunks.push(None);
            continue;
        }
        state = PatchState::Filled;
        let raster = whole(raster, band, cube.patches().shape())?;
        chunks.push(array.encode_chunk(&chunk, raster.pixels.as_bytes())?);
    }
    Ok(Rendered { patch, state, chunks })
}

/// What is rendered: the patch's grid, its place in that of the cube, and how exactly.
struct Target {
    geobox: GeoBox,
    at: (usize, usize),
    tolerance: f64,
}

fn mosaic(cube: &Cube, band: &Band, target: &Target, granules: Vec<Fetched>) -> Result<Raster> {
    let rule = cube.schema().mosaic.rule;
    let GeoBox { width, height, .. } = target.geobox;
    let mut mosaic = Mosaic::new(rule, width, height, band.dtype);
    for granule in granules {
        if mosaic.is_complete() {
            break;
        }
        let mut source = granule.window.decode()?;
        if let Some(nodata) = band.source_nodata {
            source.invalidate(nodata);
        }
        mosaic.add(place(source, band, target, &granule.placed)?)?;
    }
    Ok(mosaic.finish())
}

/// Brings a decoded window onto the patch's grid.
fn place(source: Raster, band: &Band, target: &Target, placed: &Placed) -> Result<Raster> {
    let Placed { level, plan, transform } = placed;
    let Target { geobox, at, tolerance } = target;
    let (dtype, nodata) = (band.dtype, band.nodata_value());
    if let Some((col, row)) = plan.paste {
        let at = (plan.src.col as i64 - col, plan.src.row as i64 - row);
        return Ok(copy_window(source, at, (geobox.width, geobox.height), dtype, nodata)?);
    }
    let extent = SourceExtent {
        col: plan.src.col,
        row: plan.src.row,
        width: level.width,
        height: level.height,
    };
    let options = WarpOptions {
        resampling: band.resampling,
        scale: plan.scale,
        extent,
        dtype,
        nodata,
        tolerance: *tolerance,
        at: *at,
    };
    Ok(warp(&source, &level.crop(&plan.src), geobox, transform, &options)?)
}

/// The raster as a whole chunk: patches at the cube's edge are smaller than it.
fn whole(mut raster: Raster, band: &Band, [rows, cols]: [usize; 2]) -> Result<Raster> {
    if (raster.height, raster.width) != (rows, cols) {
        let mut chunk = Raster::empty(cols, rows, band.dtype);
        chunk.paste(&raster, 0, 0)?;
        raster = chunk;
    }
    raster.fill_invalid(band.fill_value());
    Ok(raster)
}
