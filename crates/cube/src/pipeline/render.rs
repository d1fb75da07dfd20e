//! From compressed windows to encoded chunks. Pure computing.

use bytes::Bytes;
use terracube_grid::GeoBox;
use terracube_raster::Raster;
use terracube_store::ZarrArray;

use super::compose::Composer;
use super::download::FetchedPatch;
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
    fetched: FetchedPatch,
) -> Result<Rendered> {
    let geobox = cube.patches().geobox(patch);
    let [rows, cols] = cube.patches().shape();
    let at = (patch.col as usize * cols, patch.row as usize * rows);
    let target = Target { geobox, at, tolerance: cube.schema().tolerance };
    let chunk = PatchGrid::chunk(patch, cube.schema().time.is_some());
    let mut composer = Composer::new(cube, target, fetched)?;
    let mut rasters = Vec::with_capacity(arrays.len());
    let (mut most, pixels) = (0, cube.patches().window(patch));
    for (index, band) in cube.schema().bands.iter().enumerate() {
        let raster = composer.band(index, band)?;
        most = most.max(raster.count_valid());
        rasters.push(raster);
    }
    let wanted = cube.schema().mosaic.minimum_valid.patch * (pixels.width * pixels.height) as f64;
    if most == 0 || (most as f64) < wanted {
        return Ok(Rendered { patch, state: PatchState::Empty, chunks: vec![None; arrays.len()] });
    }
    let mut chunks = Vec::with_capacity(arrays.len());
    for ((band, array), raster) in cube.schema().bands.iter().zip(arrays).zip(rasters) {
        if raster.count_valid() == 0 {
            chunks.push(None);
            continue;
        }
        let raster = whole(raster, band, cube.patches().shape())?;
        chunks.push(array.encode_chunk(&chunk, raster.pixels.as_bytes())?);
    }
    Ok(Rendered { patch, state: PatchState::Filled, chunks })
}

/// What is rendered: the patch's grid, its place in that of the cube, and how exactly.
pub(super) struct Target {
    pub(super) geobox: GeoBox,
    pub(super) at: (usize, usize),
    pub(super) tolerance: f64,
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
