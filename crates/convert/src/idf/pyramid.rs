//! Coarser levels of a granule: means of blocks, every other point of the lattice.

use rayon::prelude::*;

use super::packing::{FILL, FILL_F32, PackedValues};
use crate::granule::{Lattice, Model};

/// How many levels beyond the full resolution a lattice allows.
pub(super) fn levels(lattice: &Lattice) -> u32 {
    let of_axis = |indices: &Vec<i32>| (indices.len() - 1).next_power_of_two().trailing_zeros();
    lattice.indices.iter().map(of_axis).max().unwrap_or(0)
}

/// The lattice of a level: every 2^level-th point and the last one.
pub(super) fn lattice(full: &Lattice, level: u32) -> Lattice {
    let block = 1usize << level;
    let kept = |len: usize| -> Vec<usize> {
        (0..len - 1).step_by(block).chain(std::iter::once(len - 1)).collect()
    };
    let axes: Vec<Vec<usize>> = full.indices.iter().map(|indices| kept(indices.len())).collect();
    let index = |index: i32| (index as usize).div_ceil(block) as i32;
    let along = |values: &[f64], axis: usize| -> Vec<f64> {
        axes[axis].iter().map(|at| values[*at]).collect()
    };
    let matrix = |values: &[f64]| -> Vec<f64> {
        let stride = full.indices[1].len();
        let places =
            axes[0].iter().flat_map(|row| axes[1].iter().map(move |col| row * stride + col));
        places.map(|at| values[at]).collect()
    };
    let (lat, lon) = match full.model {
        Model::GridLatLon => (along(&full.lat, 0), along(&full.lon, 1)),
        Model::TimeDependent => (along(&full.lat, 0), along(&full.lon, 0)),
        Model::GridYx | Model::Swath => (matrix(&full.lat), matrix(&full.lon)),
    };
    Lattice {
        model: full.model,
        sizes: full.sizes.iter().map(|size| size.div_ceil(block)).collect(),
        lat,
        lon,
        indices: axes
            .iter()
            .zip(&full.indices)
            .map(|(kept, indices)| kept.iter().map(|at| index(indices[*at])).collect())
            .collect(),
    }
}

/// Sums of the values in the blocks of a level; each level is made of the one before.
pub(super) struct Sums {
    /// Pixels of the full resolution along each axis.
    full: [usize; 2],
    level: u32,
    cols: usize,
    blocks: Vec<Block>,
    is_float: bool,
}

/// The values that are there of a block's pixels.
#[derive(Clone, Copy, Default)]
struct Block {
    sum: f64,
    count: u32,
}

impl Sums {
    /// Of level 1.
    pub(super) fn of(values: &PackedValues, sizes: &[usize]) -> Self {
        let full = [sizes[0], sizes[1]];
        match values {
            PackedValues::U8(values) => Self::first(full, values, false, |value| {
                let is_there = value != FILL;
                (if is_there { f64::from(value) } else { 0.0 }, u32::from(is_there))
            }),
            PackedValues::F32(values) => Self::first(full, values, true, |value| {
                let is_there = value != FILL_F32;
                (if is_there { f64::from(value) } else { 0.0 }, u32::from(is_there))
            }),
        }
    }

    fn first<T: Copy + Sync>(
        full: [usize; 2],
        values: &[T],
        is_float: bool,
        of: impl Fn(T) -> (f64, u32) + Sync,
    ) -> Self {
        let cols = full[1].div_ceil(2);
        let mut blocks = vec![Block::default(); full[0].div_ceil(2) * cols];
        let rows = values.par_chunks(2 * full[1]);
        blocks.par_chunks_mut(cols).zip(rows).for_each(|(blocks, rows)| {
            for row in rows.chunks(full[1]) {
                for (pair, block) in row.chunks(2).zip(&mut *blocks) {
                    for value in pair {
                        let (value, count) = of(*value);
                        block.sum += value;
                        block.count += count;
                    }
                }
            }
        });
        Self { full, level: 1, cols, blocks, is_float }
    }

    /// Of the level after this one.
    pub(super) fn coarser(&self) -> Self {
        let cols = self.cols.div_ceil(2);
        let mut blocks = vec![Block::default(); (self.blocks.len() / self.cols).div_ceil(2) * cols];
        let rows = self.blocks.par_chunks(2 * self.cols);
        blocks.par_chunks_mut(cols).zip(rows).for_each(|(blocks, rows)| {
            for row in rows.chunks(self.cols) {
                for (pair, block) in row.chunks(2).zip(&mut *blocks) {
                    for part in pair {
                        block.sum += part.sum;
                        block.count += part.count;
                    }
                }
            }
        });
        Self { level: self.level + 1, cols, blocks, ..*self }
    }

    /// Means of the blocks; missing where fewer than half of a block's pixels are there.
    pub(super) fn means(&self) -> PackedValues {
        if self.is_float {
            return PackedValues::F32(self.each(|mean| mean.map_or(FILL_F32, |mean| mean as f32)));
        }
        let byte = |mean: f64| mean.round_ties_even() as u8;
        PackedValues::U8(self.each(|mean| mean.map_or(FILL, byte)))
    }

    fn each<T: Send>(&self, with: impl Fn(Option<f64>) -> T + Sync) -> Vec<T> {
        let side = 1usize << self.level;
        let extent = |axis: usize, index: usize| side.min(self.full[axis] - index * side);
        let of_block = |(index, block): (usize, &Block)| {
            let pixels = extent(0, index / self.cols) * extent(1, index % self.cols);
            let is_enough = block.count > 0 && 2 * block.count as usize >= pixels;
            with(is_enough.then(|| block.sum / f64::from(block.count)))
        };
        self.blocks.par_iter().enumerate().map(of_block).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::packing::PackedValues;
    use super::Sums;

    #[test]
    fn a_block_is_the_true_mean_of_what_is_there() {
        let full = PackedValues::U8(vec![1, 2, 255, 2, 3, 255, 255, 255, 9]);
        let sums = Sums::of(&full, &[3, 3]);
        let PackedValues::U8(found) = sums.means() else { panic!("not bytes") };
        // 1 2 2 3 → 2 of 5/3; one of two is half; 255 255 → none; 9 alone
        assert_eq!(found, [2, 255, 255, 9]);
        // 1 2 2 3 9: 17/5 of five pixels of nine
        let PackedValues::U8(found) = sums.coarser().means() else { panic!("not bytes") };
        assert_eq!(found, [3]);
    }
}
