//! The tiles in which a grid is asked for.

use std::ops::Range;

use terracube_grid::{GeoBox, Region, Window};

/// Bytes of one answer, uncompressed, at most.
const MOST_BYTES: usize = 48_000_000;
/// Pixels of one side, at most.
const MOST_PIXELS: usize = 32_768;

/// A grid cut into tiles that one request may ask for.
#[derive(Debug, Clone)]
pub(super) struct Tiles {
    grid: GeoBox,
    side: usize,
}

/// One tile of them.
#[derive(Debug, Clone)]
pub(super) struct RequestTile {
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) grid: GeoBox,
}

impl Tiles {
    /// Tiles of `side` pixels, or of fewer when so many bytes a pixel would be too much.
    pub(super) fn new(grid: GeoBox, side: usize, bytes_per_pixel: usize) -> Self {
        let most = (MOST_BYTES / bytes_per_pixel.max(1)).isqrt();
        Self { grid, side: side.min(most).clamp(1, MOST_PIXELS) }
    }

    /// All tiles, row by row.
    pub(super) fn all(&self) -> impl Iterator<Item = RequestTile> {
        (0..self.count()).filter_map(|index| self.get(index))
    }

    /// One of them, counted row by row.
    pub(super) fn get(&self, index: usize) -> Option<RequestTile> {
        let columns = self.grid.width.div_ceil(self.side);
        (index < self.count()).then(|| self.tile(index % columns, index / columns))
    }

    /// Columns and rows of the tiles around a region; `None` where that is not known.
    pub(super) fn around(&self, region: &Region) -> Option<Vec<[Range<usize>; 2]>> {
        let parts = region.bounds_in(&self.grid.crs).ok()?;
        let tiles = |start: usize, length: usize, all: usize| {
            // A pixel more on each side: edges of projected regions are not exact.
            let end = (start + length + 1).min(all);
            start.saturating_sub(1) / self.side..end.div_ceil(self.side)
        };
        let windows = parts.iter().filter_map(|bounds| self.grid.window_of(bounds));
        let windows = windows.map(|one| {
            [
                tiles(one.col, one.width, self.grid.width),
                tiles(one.row, one.height, self.grid.height),
            ]
        });
        Some(windows.collect())
    }

    /// How many tiles there are.
    pub(super) fn count(&self) -> usize {
        self.grid.width.div_ceil(self.side) * self.grid.height.div_ceil(self.side)
    }

    fn tile(&self, column: usize, row: usize) -> RequestTile {
        let (left, top) = (column * self.side, row * self.side);
        let width = self.side.min(self.grid.width - left);
        let height = self.side.min(self.grid.height - top);
        let window = Window { col: left, row: top, width, height };
        RequestTile { column, row, grid: self.grid.crop(&window) }
    }
}

#[cfg(test)]
mod tests {
    use terracube_grid::{Bounds, Crs};

    use super::*;

    fn tiles(width: usize, height: usize, side: usize, bytes: usize) -> Vec<(usize, usize)> {
        let bounds = Bounds::new(0.0, 0.0, width as f64 * 1e-3, height as f64 * 1e-3);
        let grid = GeoBox::from_shape(Crs::wgs84(), bounds, width, height).unwrap();
        Tiles::new(grid, side, bytes)
            .all()
            .map(|tile| (tile.grid.width, tile.grid.height))
            .collect()
    }

    #[test]
    fn only_tiles_around_a_footprint_are_looked_at() {
        let bounds = Bounds::new(10.0, 40.0, 20.0, 50.0);
        let grid = GeoBox::from_shape(Crs::wgs84(), bounds, 10_000, 10_000).unwrap();
        let tiles = Tiles::new(grid, 100, 1);
        assert_eq!(tiles.count(), 10_000);
        // A pixel is a thousandth of a degree, a tile a tenth.
        let around = |w, s, e, n| tiles.around(&Region::from_bbox(w, s, e, n).unwrap()).unwrap();
        assert_eq!(around(12.05, 47.05, 12.25, 47.15), [[20..23, 28..30]]);
        assert_eq!(around(0.0, 0.0, 10.05, 90.0), [[0..1, 0..100]]);
        assert!(around(21.0, 41.0, 22.0, 42.0).is_empty());
        let tile = tiles.get(2820).unwrap();
        assert_eq!((tile.column, tile.row), (20, 28));
        assert!(tiles.get(10_000).is_none());
    }

    #[test]
    fn requests_keep_to_the_limits() {
        assert_eq!(tiles(100, 50, 64, 2), [(64, 50), (36, 50)]);
        // 48 MB: 2449² pixels of 8 bytes are just below, 2450² above.
        assert_eq!(tiles(2449, 2449, 100_000, 8).len(), 1);
        assert_eq!(tiles(2450, 2449, 100_000, 8), [(2449, 2449), (1, 2449)]);
        // Narrow grids meet the limit of a side.
        assert_eq!(
            tiles(40_000, 2, 100_000, 1),
            [(6928, 2); 5].iter().copied().chain([(5360, 2)]).collect::<Vec<_>>()
        );
        let all = tiles(5000, 3000, 1024, 4);
        assert_eq!(all.iter().map(|(width, height)| width * height).sum::<usize>(), 15_000_000);
    }
}
