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
        let rows = self.bytes.chunks_exact_mut(4 * self.side);
        for (row, out) in rows.zip(self.values.chunks_exact_mut(self.side)) {
            running_sums(row);
            let (high, low) = row.split_at(2 * self.side);
            let ((a, b), (c, d)) = (high.split_at(self.side), low.split_at(self.side));
            for ((((value, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *value = f32::from_be_bytes([*a, *b, *c, *d]);
            }
        }
        Ok(&self.values)
    }
}

/// Replaces each byte by the sum of all up to it: sixteen at a time in four steps, which the
/// compiler makes vector instructions of.
fn running_sums(row: &mut [u8]) {
    let mut before = 0_u8;
    let mut blocks = row.chunks_exact_mut(16);
    for block in &mut blocks {
        let mut sums = [0_u8; 16];
        sums.copy_from_slice(block);
        sums = added(sums, shifted::<1>(sums));
        sums = added(sums, shifted::<2>(sums));
        sums = added(sums, shifted::<4>(sums));
        sums = added(sums, shifted::<8>(sums));
        sums = added(sums, [before; 16]);
        block.copy_from_slice(&sums);
        before = sums[15];
    }
    for byte in blocks.into_remainder() {
        before = before.wrapping_add(*byte);
        *byte = before;
    }
}

fn added(a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    std::array::from_fn(|i| a[i].wrapping_add(b[i]))
}

fn shifted<const N: usize>(a: [u8; 16]) -> [u8; 16] {
    std::array::from_fn(|i| if i < N { 0 } else { a[i - N] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_run_over_all_bytes() {
        let mut row: Vec<u8> = (0..50_u8).map(|i| i.wrapping_mul(7)).collect();
        let mut sum = 0_u8;
        let expected: Vec<u8> = row
            .iter()
            .map(|byte| {
                sum = sum.wrapping_add(*byte);
                sum
            })
            .collect();
        running_sums(&mut row);
        assert_eq!(row, expected);
    }
}
