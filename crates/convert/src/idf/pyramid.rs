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

/// Means of blocks; missing where fewer than half of a block's pixels are there.
pub(super) fn values(full: &PackedValues, sizes: &[usize], level: u32) -> PackedValues {
    match full {
        PackedValues::U8(values) => {
            let is_there = |value: u8| (value != FILL).then_some(f64::from(value));
            let mean = |mean: Option<f64>| mean.map_or(FILL, |mean| mean.round_ties_even() as u8);
            PackedValues::U8(means(values, sizes, level, is_there, mean))
        }
        PackedValues::F32(values) => {
            let is_there = |value: f32| (value != FILL_F32).then_some(f64::from(value));
            let mean = |mean: Option<f64>| mean.map_or(FILL_F32, |mean| mean as f32);
            PackedValues::F32(means(values, sizes, level, is_there, mean))
        }
    }
}

fn means<T: Copy + Send + Sync>(
    values: &[T],
    sizes: &[usize],
    level: u32,
    is_there: impl Fn(T) -> Option<f64> + Sync,
    mean: impl Fn(Option<f64>) -> T + Sync,
) -> Vec<T> {
    let (rows, cols) = (sizes[0], sizes[1]);
    let block = 1usize << level;
    let (out_rows, out_cols) = (rows.div_ceil(block), cols.div_ceil(block));
    let row_of_blocks = |out_row: usize| {
        let mut sums = vec![(0.0, 0usize); out_cols];
        let first = out_row * block;
        let height = block.min(rows - first);
        for row in first..first + height {
            let line = &values[row * cols..(row + 1) * cols];
            for (part, sum) in line.chunks(block).zip(&mut sums) {
                for value in part.iter().filter_map(|value| is_there(*value)) {
                    sum.0 += value;
                    sum.1 += 1;
                }
            }
        }
        let width = |col: usize| block.min(cols - col * block);
        let made = |(col, (sum, count)): (usize, (f64, usize))| {
            let is_enough = count > 0 && 2 * count >= width(col) * height;
            mean(is_enough.then(|| sum / count as f64))
        };
        sums.into_iter().enumerate().map(made).collect::<Vec<T>>()
    };
    (0..out_rows).into_par_iter().flat_map_iter(row_of_blocks).collect()
}

#[cfg(test)]
mod tests {
    use super::super::packing::PackedValues;
    use super::values;

    #[test]
    fn a_block_is_the_true_mean_of_what_is_there() {
        let full = PackedValues::U8(vec![1, 2, 255, 2, 3, 255, 255, 255, 9]);
        let PackedValues::U8(found) = values(&full, &[3, 3], 1) else { panic!("not bytes") };
        // 1 2 2 3 → 2 of 5/3; one of two is half; 255 255 → none; 9 alone
        assert_eq!(found, [2, 255, 255, 9]);
    }
}
