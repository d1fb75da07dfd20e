//! Patches: the chunk-aligned blocks of a cube that are filled whole.

use std::ops::Range;

use serde::Serialize;
use terracube_grid::{Bounds, GeoBox, ProjectedRegion, Window};

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

    /// The rows and columns of the patches that a region touches, in order, each once. Where the
    /// grid counts longitudes beyond ±180°, the region is met on every turn round the globe.
    #[must_use]
    pub fn touched_by(&self, region: &ProjectedRegion) -> Vec<(u32, u32)> {
        let mut places = Vec::new();
        for (window, turn) in self.windows(region) {
            let (rows, cols) = self.covering(&window);
            for row in rows {
                for col in cols.clone() {
                    let bounds = self.geobox(Patch { time: 0, row, col }).bounds();
                    if region.intersects(&shifted(&bounds, -turn)) {
                        places.push((row, col));
                    }
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The smallest window of pixels that holds a region's part of the grid, or `None` when it has
    /// none.
    #[must_use]
    pub fn window_around(&self, region: &ProjectedRegion) -> Option<Window> {
        self.windows(region).map(|(window, _)| window).reduce(|a, b| a.union(&b))
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

    /// The pixels that each part of a region covers, with the turn on which it is met.
    fn windows(&self, region: &ProjectedRegion) -> impl Iterator<Item = (Window, f64)> {
        self.turns().into_iter().flat_map(move |turn| {
            let parts = region.parts().iter();
            parts.filter_map(move |p| Some((self.geobox.window_of(&shifted(p, turn))?, turn)))
        })
    }

    /// The longitudes by which a place on the globe may be counted off from this grid.
    fn turns(&self) -> Vec<f64> {
        if !self.geobox.crs.is_geographic() {
            return vec![0.0];
        }
        let (bounds, turn) = (self.geobox.bounds(), FULL_TURN);
        let mut turns = vec![0.0];
        turns.extend((bounds.max_x > turn / 2.0).then_some(turn));
        turns.extend((bounds.min_x < -turn / 2.0).then_some(-turn));
        turns
    }

    /// The indices of a patch's chunk in a band's array: `[time, row, col]`, or `[row, col]` in a
    /// cube without time.
    #[must_use]
    pub(crate) fn chunk(patch: Patch, has_time: bool) -> Vec<u64> {
        let place = [u64::from(patch.time), u64::from(patch.row), u64::from(patch.col)];
        place[usize::from(!has_time)..].to_vec()
    }
}

/// Degrees of a full turn; geographic coordinates are in degrees throughout.
const FULL_TURN: f64 = 360.0;

fn shifted(bounds: &Bounds, x: f64) -> Bounds {
    Bounds { min_x: bounds.min_x + x, max_x: bounds.max_x + x, ..*bounds }
}
