//! Blocks: the parts of the patch grid that are claimed as one.

use std::fmt;

use crate::Patch;

/// How a patch grid is cut into blocks. It follows from the grid alone, so that all who fill a
/// cube mean the same by a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    shape: [u32; 3],
}

/// One block: its place among the blocks along time, rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Block([u32; 3]);

/// A block has at most so many patches: a million patches are some thousand claims.
const LARGEST: usize = 256;
/// A cube has so many blocks if it has the patches: several fills must find work in it.
const FEWEST: usize = 64;

impl Blocks {
    /// Squares of patches, which share blocks of their assets, of one time step if it has enough.
    pub(super) fn of(counts: [usize; 3]) -> Self {
        let [times, rows, cols] = counts.map(|count| count.max(1));
        let total = times.saturating_mul(rows).saturating_mul(cols);
        let patches = power_below((total / FEWEST).clamp(1, LARGEST));
        let rows = power_below(patches.isqrt()).min(rows);
        let cols = power_below(patches / rows).min(cols);
        let times = (patches / (rows * cols)).clamp(1, times);
        Self { shape: [times, rows, cols].map(|n| u32::try_from(n).unwrap_or(1)) }
    }

    pub(super) fn block(self, patch: Patch) -> Block {
        let [times, rows, cols] = self.shape;
        Block([patch.time / times, patch.row / rows, patch.col / cols])
    }
}

fn power_below(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [times, rows, cols] = self.shape;
        write!(f, "{times}x{rows}x{cols}")
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [time, row, col] = self.0;
        write!(f, "{time}.{row}.{col}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_square_where_the_grid_has_room() {
        assert_eq!(Blocks::of([1, 1000, 1000]).shape, [1, 16, 16]);
        assert_eq!(Blocks::of([1, 4, 4]).shape, [1, 1, 1]);
        assert_eq!(Blocks::of([1, 32, 32]).shape, [1, 4, 4]);
        assert_eq!(Blocks::of([3650, 4, 4]).shape, [16, 4, 4]);
        assert_eq!(Blocks::of([1, 1, 100_000]).shape, [1, 1, 256]);
        assert_eq!(Blocks::of([1, 100_000, 1]).shape, [1, 16, 1]);
        assert_eq!(Blocks::of([0, 0, 0]).shape, [1, 1, 1]);
    }

    #[test]
    fn a_patch_lies_in_one_block() {
        let blocks = Blocks::of([1, 1000, 1000]);
        let of = |row, col| blocks.block(Patch { time: 0, row, col }).to_string();
        assert_eq!([of(0, 0), of(15, 16), of(16, 15)], ["0.0.0", "0.0.1", "0.1.0"]);
    }
}
