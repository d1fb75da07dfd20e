//! The relief: ETOPO5 warped onto the polar plane, with detail where the land is rough.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use terracube_grid::{Crs, GeoBox, Transform};
use terracube_raster::{Cog, DType, Pixels, Raster, Resampling, SourceExtent, WarpOptions, warp};
use terracube_store::{Key, Memory, Store};

use crate::detail::{bend, detail};
use crate::smooth::Field;
use crate::tiles;

/// Made by `data/make_relief.py`.
const ETOPO5: &[u8] = include_bytes!("../data/relief.tif");
/// Metres per pixel of the plane that tiles are made from.
const PLANE_RESOLUTION: f64 = 2_000.0;
/// Metres of it around the tiles.
const MARGIN: f64 = 20_000.0;

/// The relief on the polar plane, ready to be drawn in any detail.
#[derive(Debug)]
pub struct Relief {
    geobox: GeoBox,
    heights: Raster,
    amplitudes: Raster,
}

impl Relief {
    /// Decodes and warps the base.
    ///
    /// # Errors
    /// None in practice: the base comes with the program.
    pub fn new() -> Result<Self> {
        let (base, base_box) = base()?;
        let geobox = tiles::area(PLANE_RESOLUTION, MARGIN)?;
        let to_degrees = Transform::new(&geobox.crs, &Crs::wgs84())?;
        let options =
            WarpOptions { dtype: DType::F32, ..WarpOptions::whole(Resampling::Cubic, &base) };
        let warped = warp(&base, &base_box, &geobox, &to_degrees, &options)?;
        ensure!(
            warped.count_valid() == geobox.width * geobox.height,
            "the base relief does not cover the tiles"
        );
        let field = Field { width: geobox.width, height: geobox.height, values: floats(warped)? };
        let (heights, amplitudes) = shape(&field.blurred(1), &geobox);
        let raster = |f: Field| Raster::new(f.width, f.height, Pixels::F32(f.values));
        Ok(Self { heights: raster(heights)?, amplitudes: raster(amplitudes)?, geobox })
    }

    /// Heights in metres, `float32`, on a grid in EPSG:3413 within the area of the tiles.
    ///
    /// # Errors
    /// When the grid cannot be transformed to EPSG:3413.
    pub fn draw(&self, geobox: &GeoBox) -> Result<Raster> {
        let heights = floats(self.enlarged(&self.heights, geobox, Resampling::Cubic)?)?;
        let amplitudes = floats(self.enlarged(&self.amplitudes, geobox, Resampling::Bilinear)?)?;
        let mut drawn = heights;
        drawn.par_chunks_mut(geobox.width).enumerate().for_each(|(row, line)| {
            for (col, height) in line.iter_mut().enumerate() {
                let (x, y) = geobox.pixel_center(col, row);
                let amplitude = f64::from(amplitudes[row * geobox.width + col]);
                let value = f64::from(*height) + amplitude * detail(x, y);
                // Eighths of a metre: the bits below would be noise that does not compress.
                *height = ((value * 8.0).round() / 8.0) as f32;
            }
        });
        Ok(Raster::new(geobox.width, geobox.height, Pixels::F32(drawn))?)
    }

    fn enlarged(&self, field: &Raster, geobox: &GeoBox, resampling: Resampling) -> Result<Raster> {
        let same = Transform::new(&geobox.crs, &self.geobox.crs)?;
        let options = WarpOptions {
            extent: SourceExtent::whole(field.width, field.height),
            ..WarpOptions::whole(resampling, field)
        };
        Ok(warp(field, &self.geobox, geobox, &same, &options)?)
    }
}

/// Heights without the steps that ETOPO5 has along parallels and meridians, and how much detail to
/// add.
fn shape(base: &Field, geobox: &GeoBox) -> (Field, Field) {
    let roughness = base.zip(&base.blurred(6), |h, mean| (h - mean).abs()).blurred(5);
    let calm = base.blurred(6);
    let rugged = roughness.zip(&roughness, |r, _| smoothstep(25.0, 90.0, r));
    let mixed = Field {
        values: (0..base.values.len())
            .map(|i| calm.values[i] + (base.values[i] - calm.values[i]) * rugged.values[i])
            .collect(),
        ..*base
    };
    let heights = bent(&mixed, geobox);
    let amplitudes = roughness.zip(&heights, |r, h| {
        let shown = 0.2 + 0.8 * smoothstep(-350.0, -20.0, h);
        (3.0 * r).min(650.0) * shown
    });
    (heights, amplitudes)
}

/// The field with every point taken from up to a few kilometres away, so that no edge is straight.
fn bent(field: &Field, geobox: &GeoBox) -> Field {
    const REACH: f64 = 7_000.0;
    let pixel = geobox.resolution().0;
    let values = (0..field.values.len()).map(|i| {
        let (col, row) = (i % field.width, i / field.width);
        let (x, y) = geobox.pixel_center(col, row);
        let (dx, dy) = bend(x, y);
        field.at(col as f64 + dx * REACH / pixel, row as f64 + dy * REACH / pixel)
    });
    Field { values: values.collect(), ..*field }
}

fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn base() -> Result<(Raster, GeoBox)> {
    futures::executor::block_on(async {
        let store = Memory::new();
        let key = Key::new("relief.tif")?;
        store.set(&key, bytes::Bytes::from_static(ETOPO5)).await?;
        let cog = Cog::open(Arc::new(store), key).await?;
        let geobox = cog.geobox().context("the base relief has no place")?.clone();
        let window = geobox.window();
        Ok((cog.fetch(0, 0, window).await?.decode()?, geobox))
    })
}

fn floats(raster: Raster) -> Result<Vec<f32>> {
    match raster.pixels {
        Pixels::F32(values) => Ok(values),
        other => anyhow::bail!("heights are float32, not {}", other.dtype()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terracube_grid::{Anchor, Bounds};

    fn height_at(relief: &Relief, x: f64, y: f64) -> f32 {
        let bounds = Bounds { min_x: x, min_y: y, max_x: x + 500.0, max_y: y + 500.0 };
        let crs = Crs::epsg(3413).unwrap();
        let geobox = GeoBox::from_bounds(crs, bounds, (500.0, 500.0), Anchor::Floating).unwrap();
        floats(relief.draw(&geobox).unwrap()).unwrap()[0]
    }

    #[test]
    fn the_ice_sheet_is_high_and_the_sea_is_deep() {
        let relief = Relief::new().unwrap();
        // Summit Camp, 72.58° N 38.46° W, is at 3216 m; the middle of Baffin Bay is below -1500 m.
        let summit = height_at(&relief, 217_000.0, -1_890_000.0);
        assert!((3_100.0..3_350.0).contains(&summit), "{summit}");
        let sea = height_at(&relief, -600_000.0, -2_900_000.0);
        assert!(sea < -300.0, "{sea}");
    }

    #[test]
    fn neighbouring_tiles_fit() {
        let relief = Relief::new().unwrap();
        let tile = &tiles::tiles().unwrap()[4];
        let part = |col, row, width, height| {
            let window = terracube_grid::Window::new(col, row, width, height);
            floats(relief.draw(&tile.geobox.crop(&window)).unwrap()).unwrap()
        };
        let whole = part(0, 0, 8, 4);
        let right = part(4, 0, 4, 4);
        for row in 0..4 {
            assert_eq!(whole[row * 8 + 4..row * 8 + 8], right[row * 4..row * 4 + 4]);
        }
    }
}
