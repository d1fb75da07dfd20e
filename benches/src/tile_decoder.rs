//! A float32 tile, deflated with predictor 3, decoded with buffers that are kept.

use anyhow::{Result, ensure};
use libdeflater::Decompressor;

/// Decodes tiles of one size.
#[expect(missing_debug_implementations, reason = "libdeflater's has none")]
pub struct TileDecoder {
    inflater: Decompressor,
    side: usize,
    bytes: Vec<u8>,
    values: Vec<f32>,
}

impl TileDecoder {
    /// For square tiles of so many pixels along each side.
    #[must_use]
    pub fn new(side: usize) -> Self {
        let pixels = side * side;
        let (bytes, values) = (vec![0; 4 * pixels], vec![0.0; pixels]);
        Self { inflater: Decompressor::new(), side, bytes, values }
    }

    /// The tile's pixels, row by row.
    ///
    /// # Errors
    /// When it is no zlib stream, or not of that size.
    pub fn decode(&mut self, compressed: &[u8]) -> Result<&[f32]> {
        let length = self.inflater.zlib_decompress(compressed, &mut self.bytes)?;
        ensure!(length == self.bytes.len(), "a tile of {length} bytes");
        let rows = self.bytes.chunks_exact(4 * self.side);
        for (row, out) in rows.zip(self.values.chunks_exact_mut(self.side)) {
            undo_predictor(row, out);
        }
        Ok(&self.values)
    }
}

/// Each byte of a row stands for the sum of all up to it, the four bytes of a value for planes of
/// the row, the highest first. The sums of the planes run side by side, so that none waits for
/// another.
fn undo_predictor(row: &[u8], out: &mut [f32]) {
    let (high, low) = row.split_at(2 * out.len());
    let ((a, b), (c, d)) = (high.split_at(out.len()), low.split_at(out.len()));
    let total = |plane: &[u8]| plane.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let mut sums = [0, total(a), total(b), total(c)];
    sums[2] = sums[2].wrapping_add(sums[1]);
    sums[3] = sums[3].wrapping_add(sums[2]);
    for ((((value, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let bytes = [*a, *b, *c, *d];
        sums = std::array::from_fn(|i| sums[i].wrapping_add(bytes[i]));
        *value = f32::from_be_bytes(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_it_was_before_the_predictor() {
        let values = [1.5_f32, -2.25, 1e20, 0.0, f32::MIN];
        let mut row: Vec<u8> =
            (0..4).flat_map(|plane| values.iter().map(move |v| v.to_be_bytes()[plane])).collect();
        for i in (1..row.len()).rev() {
            row[i] = row[i].wrapping_sub(row[i - 1]);
        }
        let mut out = [0.0; 5];
        undo_predictor(&row, &mut out);
        assert_eq!(out, values);
    }
}
