//! A cube of a million patches over a thousand granules, all in memory.

use std::sync::Arc;

use anyhow::{Context, Result};
use terracube_cube::{Band, Cube, Schema};
use terracube_grid::{Affine, Crs, GeoBox, TimeRange, Transform};
use terracube_raster::DType;
use terracube_source::{Access, Asset, Granule, Granules, Query, Source, granules};
use terracube_store::{Memory, Repository, Unversioned};

/// Patches along each side of the cube.
pub const PATCHES: usize = 1000;
/// Granules along each side.
pub const GRANULES: usize = 32;
/// Pixels along each side of a patch.
const PATCH: usize = 16;
const METRES: f64 = 300.0;
/// The lower left corner in web mercator, west of Africa, on the lines of the grid.
const CORNER: (f64, f64) = (-1_999_800.0, 3_499_800.0);

/// The cube in memory, whose source knows granules in the cube's CRS or in UTM.
///
/// # Errors
/// What store and source say.
pub async fn million_patches(in_utm: bool) -> Result<Cube> {
    let cells = (0..GRANULES * GRANULES).map(|i| (i % GRANULES, i / GRANULES));
    let all = cells.map(|(col, row)| granule(col, row, in_utm)).collect::<Result<_>>()?;
    million_patches_from(Arc::new(Unversioned::new(Memory::new())), PATCHES, all).await
}

/// A cube of `side`² patches in any store, whose source knows some granules, or none.
///
/// # Errors
/// What store and source say.
pub async fn million_patches_from(
    repository: Arc<dyn Repository>,
    side: usize,
    all: Vec<Granule>,
) -> Result<Cube> {
    let side = (side * PATCH) as f64 * METRES;
    let extent = [CORNER.0, CORNER.1, CORNER.0 + side, CORNER.1 + side];
    let schema = Schema::new("million", Crs::epsg(3857)?, extent, METRES)
        .band(Band::new("height", DType::F32))
        .chunks(PATCH, PATCH);
    let cube = Cube::create(repository, &schema).await?;
    Ok(cube.with_source(Arc::new(Known { all }), Access::new()?))
}

/// A source that knows its granules.
#[derive(Debug)]
struct Known {
    all: Vec<Granule>,
}

impl Source for Known {
    fn search(&self, query: &Query, _: &Access) -> Granules {
        granules(query, self.all.clone().into_iter().map(Ok))
    }
}

fn granule(col: usize, row: usize, in_utm: bool) -> Result<Granule> {
    let cell = (PATCHES * PATCH) as f64 * METRES / GRANULES as f64;
    let (x, y) = (CORNER.0 + col as f64 * cell, CORNER.1 + row as f64 * cell);
    let mercator = Crs::epsg(3857)?;
    let own = (mercator.clone(), (x + cell / 2.0, y + cell / 2.0), cell);
    let (crs, (x, y), side) = if in_utm { in_utm_zone(&mercator, own.1, cell)? } else { own };
    let metres = side / 1000.0;
    let affine = Affine::new(metres, 0.0, x - side / 2.0, 0.0, -metres, y + side / 2.0);
    let geobox = GeoBox::new(crs, affine, 1000, 1000)?;
    let id = format!("granule-{row}-{col}");
    let asset = Asset::new("height", format!("https://data.example/{id}.tif")).with_geobox(geobox);
    Ok(Granule::new(id, TimeRange::parse("2020-06-01T10:00:00Z")?).with_asset(asset))
}

/// The UTM zone of a place in web mercator, the place in it, and the side of a granule there that
/// covers a cell with a tenth of overlap, as scenes in UTM do.
fn in_utm_zone(mercator: &Crs, (x, y): (f64, f64), cell: f64) -> Result<(Crs, (f64, f64), f64)> {
    let degrees = Transform::new(mercator, &Crs::epsg(4326)?)?;
    let (lon, lat) = degrees.forward(x, y).context("not on Earth")?;
    let zone = ((lon + 180.0) / 6.0) as u32 + 1;
    let utm = Crs::epsg(32_600 + zone)?;
    let place = Transform::new(mercator, &utm)?.forward(x, y).context("not in the zone")?;
    Ok((utm, place, 1.1 * cell * lat.to_radians().cos()))
}
