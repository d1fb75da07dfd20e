//! Patches: the chunk-aligned blocks of a cube that are filled whole.

use std::ops::Range;

use serde::Serialize;
use terracube_grid::{Bounds, GeoBox, Window};

/// One patch: a time step, and a row and a column of the patch grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Patch {
    /// The time step; 0 in a cube without time.
    pub time: u32,
    /// The row, from the top.
    pub row: u32,
    /// The column, from the left.
    pub col: u32,
}

/// How a cube's grid is cut into patches.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchGrid {
    geobox: GeoBox,
    steps: usize,
    shape: [usize; 2],
}

impl PatchGrid {
    /// Cuts a grid with so many time steps into patches of `[rows, columns]` pixels.
    #[must_use]
    pub fn new(geobox: GeoBox, steps: usize, shape: [usize; 2]) -> Self {
        Self { geobox, steps, shape }
    }

    /// Time steps, patch rows and patch columns.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        let [rows, cols] = self.shape;
        [self.steps, self.geobox.height.div_ceil(rows), self.geobox.width.div_ceil(cols)]
    }

    /// The number of patches of the cube.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts().iter().product()
    }

    /// Whether there are no patches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows and columns of a whole patch in pixels; those at the right and lower edge of the cube
    /// have fewer.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The pixels of a patch, clipped to the cube.
    #[must_use]
    pub fn window(&self, patch: Patch) -> Window {
        let [rows, cols] = self.shape;
        let (row, col) = (patch.row as usize * rows, patch.col as usize * cols);
        Window {
            col,
            row,
            width: cols.min(self.geobox.width.saturating_sub(col)),
            height: rows.min(self.geobox.height.saturating_sub(row)),
        }
    }

    /// The grid of a patch, clipped to the cube.
    #[must_use]
    pub fn geobox(&self, patch: Patch) -> GeoBox {
        self.geobox.crop(&self.window(patch))
    }

    /// The rows and columns of patches that bounds in the cube's CRS touch, or `None`.
    #[must_use]
    pub fn touched_by(&self, bounds: &Bounds) -> Option<(Range<u32>, Range<u32>)> {
        self.geobox.window_of(bounds).map(|window| self.covering(&window))
    }

    /// The rows and columns of patches that a window of pixels touches.
    #[must_use]
    pub fn covering(&self, window: &Window) -> (Range<u32>, Range<u32>) {
        let span = |start: usize, len: usize, size: usize| {
            let first = start / size;
            let end = (start + len.max(1)).div_ceil(size);
            u32::try_from(first).unwrap_or(u32::MAX)..u32::try_from(end).unwrap_or(u32::MAX)
        };
        (
            span(window.row, window.height, self.shape[0]),
            span(window.col, window.width, self.shape[1]),
        )
    }

    /// The indices of a patch's chunk in a band's array: `[time, row, col]`, or `[row, col]` in a
    /// cube without time.
    #[must_use]
    pub(crate) fn chunk(patch: Patch, has_time: bool) -> Vec<u64> {
        let place = [u64::from(patch.time), u64::from(patch.row), u64::from(patch.col)];
        place[usize::from(!has_time)..].to_vec()
    }
}
