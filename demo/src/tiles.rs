//! The tiles that the archive's granules are cut into.

use anyhow::Result;
use terracube_grid::{Crs, GeoBox, Tile, TileGrid};

/// Metres per pixel.
pub const RESOLUTION: f64 = 500.0;
/// The upper left corner in EPSG:3413, metres.
const UPPER_LEFT: (f64, f64) = (-640_000.0, -448_000.0);
const TILE_PIXELS: usize = 1024;
const COLUMNS: i64 = 3;
const ROWS: i64 = 6;

/// A granule to be: its name and where it lies.
#[derive(Debug)]
pub struct NamedTile {
    /// The name.
    pub id: String,
    /// The pixels.
    pub geobox: GeoBox,
}

/// All tiles, row by row from the north.
///
/// # Errors
/// None in practice: the numbers are constants.
pub fn tiles() -> Result<Vec<NamedTile>> {
    let shape = (TILE_PIXELS, TILE_PIXELS);
    let resolution = (RESOLUTION, RESOLUTION);
    let grid = TileGrid::new(Crs::epsg(3413)?, UPPER_LEFT, resolution, shape, None)?;
    let named = |(row, col)| {
        let id = format!("greenland-relief-h{col:02}v{row:02}");
        Ok(NamedTile { id, geobox: grid.tile_geobox(Tile::new(col, row))? })
    };
    (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |col| (row, col))).map(named).collect()
}

/// The area of all tiles with `margin` metres around it, in pixels of `resolution` metres.
///
/// # Errors
/// When the resolution is not above 0.
pub fn area(resolution: f64, margin: f64) -> Result<GeoBox> {
    let side = TILE_PIXELS as f64 * RESOLUTION;
    let (x, y) = (UPPER_LEFT.0 - margin, UPPER_LEFT.1 + margin);
    let width = (side * COLUMNS as f64 + 2.0 * margin) / resolution;
    let height = (side * ROWS as f64 + 2.0 * margin) / resolution;
    let affine =
        terracube_grid::Affine { a: resolution, b: 0.0, c: x, d: 0.0, e: -resolution, f: y };
    Ok(GeoBox::new(Crs::epsg(3413)?, affine, width as usize, height as usize)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_area() {
        let tiles = tiles().unwrap();
        assert_eq!(tiles.len(), 18);
        let bounds = area(2_000.0, 0.0).unwrap().bounds();
        let union = tiles.iter().map(|t| t.geobox.bounds()).reduce(|a, b| a.union(&b)).unwrap();
        assert_eq!(union, bounds);
        assert_eq!((bounds.min_x, bounds.min_y), (-640_000.0, -3_520_000.0));
    }
}
