//! An elevation model of part of Greenland: real relief with made detail, as float32.

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use terracube_demo::Relief as RealRelief;
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{Pixels, Raster};

use crate::Relief;

/// The model as an endless raster in EPSG:3413 that is drawn window by window; the same window
/// has the same pixels always.
///
/// The shape of the land is that of the demo (ETOPO5, the demo's detail). What follows from 16
/// pixels down is noise, as high as the land is rough there, and the speckle of a sensor; values are
/// whole 128ths of a metre, as those of ArcticDEM are.
#[derive(Debug)]
pub struct Dem {
    real: RealRelief,
    made: Relief,
}

/// Metres per pixel.
const METRES: f64 = 64.0;
/// The upper left corner, metres.
const UPPER_LEFT: (f64, f64) = (-640_000.0, -1_200_000.0);
/// Pixels to a node of the real relief.
const STEP: usize = 8;
/// Nodes around a window that its interpolation reaches.
const REACH: usize = 2;
/// The waves of the made detail in pixels, and how high each is where the land is as rough as 1.
const WAVES: [(f32, f32); 3] = [(16.0, 0.08), (8.0, 0.04), (4.0, 0.02)];
/// Height of the speckle in metres.
const SPECKLE: f32 = 0.04;

impl Dem {
    /// Decodes and warps the real relief.
    ///
    /// # Errors
    /// None in practice: it comes with the program.
    pub fn new() -> Result<Self> {
        Ok(Self { real: RealRelief::new()?, made: Relief::new(3413) })
    }

    /// The grid of a window.
    ///
    /// # Errors
    /// When the window is empty.
    pub fn geobox(window: &Window) -> Result<GeoBox> {
        Self::grid(window.col as f64, window.row as f64, window.width, window.height, METRES)
    }

    /// The pixels of a window, whose edges lie on whole steps of 8 pixels.
    ///
    /// # Errors
    /// When they do not, or the window leaves the area that the real relief covers.
    pub fn draw(&self, window: &Window) -> Result<Raster> {
        let edges = [window.col, window.row, window.width, window.height];
        ensure!(edges.iter().all(|edge| edge % STEP == 0), "{edges:?} are no multiples of {STEP}");
        let (heights, roughness) = self.nodes(window)?;
        let width = window.width;
        let mut out = vec![0.0_f32; width * window.height];
        out.par_chunks_mut(width).enumerate().for_each(|(row, line)| {
            let y = (window.row + row) as i32;
            let (heights, roughness) = (heights.line(row), roughness.line(row));
            for (col, value) in line.iter_mut().enumerate() {
                let x = (window.col + col) as i32;
                let rough = at(&roughness, col).max(0.0);
                let detail = (0..).zip(WAVES).map(|(octave, (wave, height))| {
                    height * rough * self.made.octave(octave, wave, x, y)
                });
                let height = at(&heights, col) + detail.sum::<f32>();
                let height = height + SPECKLE * self.made.speckle(x, y);
                *value = (height * 128.0).round() / 128.0;
            }
        });
        Ok(Raster::new(width, window.height, Pixels::F32(out))?)
    }

    /// Heights, and how much they differ from their neighbours, at the nodes in and around a
    /// window.
    fn nodes(&self, window: &Window) -> Result<(Nodes, Nodes)> {
        let outer = REACH + 1;
        let (width, height) = (window.width / STEP + 2 * outer, window.height / STEP + 2 * outer);
        let first = |edge: usize| edge as f64 - (outer * STEP) as f64;
        let (col, row) = (first(window.col), first(window.row));
        let geobox = Self::grid(col, row, width, height, METRES * STEP as f64)?;
        let Pixels::F32(all) = self.real.draw(&geobox)?.pixels else {
            anyhow::bail!("the relief is float32");
        };
        let inner = (width - 2, height - 2);
        let place = |i: usize| (i / inner.0 + 1) * width + i % inner.0 + 1;
        let places = || (0..inner.0 * inner.1).map(place);
        let steep = |i: usize| {
            let around = [i - 1, i + 1, i - width, i + width];
            around.iter().map(|n| (all[*n] - all[i]).abs()).fold(0.0, f32::max)
        };
        let nodes = |values| Nodes { width: inner.0, values };
        Ok((nodes(places().map(|i| all[i]).collect()), nodes(places().map(steep).collect())))
    }

    fn grid(col: f64, row: f64, width: usize, height: usize, metres: f64) -> Result<GeoBox> {
        let (x, y) = (UPPER_LEFT.0 + col * METRES, UPPER_LEFT.1 - row * METRES);
        let affine = Affine::new(metres, 0.0, x, 0.0, -metres, y);
        GeoBox::new(Crs::epsg(3413)?, affine, width, height).context("a grid without pixels")
    }
}

/// Values at every eighth pixel, the first `REACH` nodes before the window in both directions.
struct Nodes {
    width: usize,
    values: Vec<f32>,
}

impl Nodes {
    /// The values at the nodes' columns in a row of pixels.
    fn line(&self, row: usize) -> Vec<f32> {
        let (node, weights) = weights(row);
        let rows: [&[f32]; 4] =
            std::array::from_fn(|k| &self.values[(node + k) * self.width..][..self.width]);
        let mixed = |col: usize| (0..4).map(|k| weights[k] * rows[k][col]).sum();
        (0..self.width).map(mixed).collect()
    }
}

/// The value at a pixel of a line of nodes.
fn at(line: &[f32], col: usize) -> f32 {
    let (node, weights) = weights(col);
    line[node..node + 4].iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// The first of the four nodes around a pixel, and their weights (Catmull and Rom's spline).
fn weights(pixel: usize) -> (usize, [f32; 4]) {
    // A node is the centre of its eight pixels.
    let place = (pixel as f32 + 0.5) / STEP as f32 - 0.5 + REACH as f32;
    let node = place.floor();
    let t = place - node;
    let weights = [
        ((2.0 - t) * t - 1.0) * t / 2.0,
        ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
        ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
        (t - 1.0) * t * t / 2.0,
    ];
    (node as usize - 1, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_windows_fit() {
        let dem = Dem::new().unwrap();
        let draw = |col, row, width, height| {
            let Pixels::F32(values) =
                dem.draw(&Window::new(col, row, width, height)).unwrap().pixels
            else {
                unreachable!()
            };
            values
        };
        let whole = draw(4000, 4000, 32, 16);
        let right = draw(4016, 4008, 16, 8);
        for row in 0..8 {
            assert_eq!(whole[(row + 8) * 32 + 16..(row + 9) * 32], right[row * 16..(row + 1) * 16]);
        }
    }

    #[test]
    fn weights_keep_a_plane() {
        let line: Vec<f32> = (0..8).map(|node| node as f32 * 8.0).collect();
        // Pixel 0 lies half a step before the centre of its node, which is number 2.
        assert_eq!(at(&line, 0), 12.5);
        assert_eq!(at(&line, 9), 21.5);
    }
}
