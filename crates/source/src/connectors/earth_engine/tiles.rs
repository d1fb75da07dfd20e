//! The tiles in which a grid is asked for.

use terracube_grid::{GeoBox, Window};

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
        let columns = self.grid.width.div_ceil(self.side);
        let rows = self.grid.height.div_ceil(self.side);
        (0..rows).flat_map(move |row| (0..columns).map(move |column| self.tile(column, row)))
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
