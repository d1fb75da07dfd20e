//! Images in JPEG 2000, as means of blocks; decoded tile by tile.

use std::path::{Path, PathBuf};

use hayro_jpeg2000::{DecodeSettings, DecoderContext};
use rayon::prelude::*;

use super::tiles::{Codestream, TileStream};
use crate::error::{Error, Result};

/// The largest block whose sum of 16 bits each fits in 32.
pub(super) const LARGEST_BLOCK: usize = 255;
/// Most pixels of tiles that are decoded at once: some 16 bytes each while they are.
const AT_ONCE: usize = 1 << 24;

/// An image of whole numbers of up to 16 bits.
#[derive(Debug)]
pub(super) struct Image {
    path: PathBuf,
    bytes: Vec<u8>,
    stream: Codestream,
}

/// Sums and counts of the values of blocks.
struct Sums {
    block: usize,
    rows: usize,
    cols: usize,
    sums: Vec<u32>,
    counts: Vec<u16>,
}

impl Image {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|cause| Error::read(path, "it", cause))?;
        let stream = Codestream::parse(&bytes).map_err(|reason| not_readable(path, reason))?;
        Ok(Self { path: path.to_owned(), bytes, stream })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rows(&self) -> usize {
        self.stream.rows
    }

    pub(super) fn cols(&self) -> usize {
        self.stream.cols
    }

    /// Means of whole blocks of so many pixels along a side, row by row: 0 does not count, and NaN
    /// is a block without another value. What is left at the far edges is no block.
    pub(super) fn block_means(&self, block: usize) -> Result<Vec<f32>> {
        let mut sums = Sums::new(block, self.rows() / block, self.cols() / block);
        let tiles: Vec<usize> = (0..self.stream.len()).collect();
        let pixels = (self.rows() * self.cols() / tiles.len().max(1)).max(1);
        let at_once = (AT_ONCE / pixels).clamp(1, 2 * rayon::current_num_threads());
        for some in tiles.chunks(at_once) {
            let decoded: Vec<_> = some.par_iter().map(|index| self.tile(*index)).collect();
            for tile in decoded {
                let (tile, values) = tile?;
                sums.add(&tile, &values);
            }
        }
        Ok(sums.means())
    }

    fn tile(&self, index: usize) -> Result<(TileStream, Vec<u16>)> {
        let failed = |reason: String| not_readable(&self.path, format!("tile {index}: {reason}"));
        let tile = self
            .stream
            .tile(&self.bytes, index)
            .ok_or_else(|| failed("it is missing".to_owned()))?;
        let values = decoded(&tile).map_err(failed)?;
        Ok((tile, values))
    }
}

/// The values of a tile, row by row.
fn decoded(tile: &TileStream) -> Result<Vec<u16>, String> {
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = hayro_jpeg2000::Image::new(&tile.bytes, &settings).map_err(|e| e.to_string())?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|cause| cause.to_string())?;
    let [component] = decoded.components() else {
        return Err("it has not one component".to_owned());
    };
    if component.bit_depth() > 16 || component.samples().len() != tile.rows * tile.cols {
        return Err("it has more than 16 bits, or not as many pixels as its header says".to_owned());
    }
    Ok(component.samples().iter().map(|value| value.round() as u16).collect())
}

impl Sums {
    fn new(block: usize, rows: usize, cols: usize) -> Self {
        Self { block, rows, cols, sums: vec![0; rows * cols], counts: vec![0; rows * cols] }
    }

    fn add(&mut self, tile: &TileStream, values: &[u16]) {
        for (line, values) in values.chunks(tile.cols.max(1)).enumerate() {
            let row = (tile.row + line) / self.block;
            if row >= self.rows {
                break;
            }
            for (cell, value) in values.iter().enumerate() {
                let col = (tile.col + cell) / self.block;
                if col < self.cols && *value != 0 {
                    self.sums[row * self.cols + col] += u32::from(*value);
                    self.counts[row * self.cols + col] += 1;
                }
            }
        }
    }

    fn means(self) -> Vec<f32> {
        let mean = |(sum, count): (u32, u16)| match count {
            0 => f32::NAN,
            _ => (f64::from(sum) / f64::from(count)) as f32,
        };
        self.sums.into_iter().zip(self.counts).map(mean).collect()
    }
}

fn not_readable(path: &Path, reason: String) -> Error {
    Error::NotReadable { path: path.to_owned(), format: "JPEG 2000", reason }
}
