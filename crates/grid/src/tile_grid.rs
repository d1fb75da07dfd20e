//! A plane cut into tiles of equal size.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::affine::Affine;
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::error::{Error, Result};
use crate::geobox::GeoBox;
use crate::grid_set::{GridSet, grid_names};
use crate::region::Region;
use crate::tile::Tile;
use crate::tile_name::TileName;

/// Tiles of `tile_shape` pixels, counted east and south from `upper_left`.
///
/// ```
/// use terracube_grid::{Tile, TileGrid};
/// let grid = TileGrid::named("webmercatorquad:2")?;
/// assert_eq!(grid.tile_of_point(1.0, -1.0), Some(Tile::new(2, 2)));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TileGrid {
    /// The CRS of corner and resolution.
    pub crs: Crs,
    /// The corner `(x, y)` of tile (0, 0).
    pub upper_left: (f64, f64),
    /// Pixel size `(x, y)`, both positive.
    pub resolution: (f64, f64),
    /// Pixels of a tile, `(rows, columns)`.
    pub tile_shape: (usize, usize),
    /// Which tiles there are; all, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<TileLimits>,
    /// What its tiles are called: the first is written, all are read. Without any, `col/row`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tile_names: Vec<TileName>,
}

/// The tiles of a limited grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileLimits {
    /// Columns, the end not included.
    pub cols: Range<i64>,
    /// Rows, the end not included.
    pub rows: Range<i64>,
}

impl TileGrid {
    /// From its parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a corner that is not finite, a resolution that is not positive, an
    /// empty tile, empty limits, or more than 2³¹ pixels or tiles along a side.
    pub fn new(
        crs: Crs,
        upper_left: (f64, f64),
        resolution: (f64, f64),
        tile_shape: (usize, usize),
        limits: Option<TileLimits>,
    ) -> Result<Self> {
        // So that pixels can be counted.
        const MOST: i64 = 1 << 31;
        let positive = |v: f64| v > 0.0 && v.is_finite();
        let is_far = |range: &Range<i64>| range.start < -MOST || range.end > MOST;
        let wrong = if !upper_left.0.is_finite() || !upper_left.1.is_finite() {
            format!("upper left {upper_left:?} is not finite")
        } else if !positive(resolution.0) || !positive(resolution.1) {
            format!("resolution {resolution:?} is not positive")
        } else if tile_shape.0 == 0 || tile_shape.1 == 0 {
            format!("tile shape {tile_shape:?} is empty")
        } else if tile_shape.0.max(tile_shape.1) as u64 > MOST as u64 {
            format!("tile shape {tile_shape:?} is too large")
        } else if limits.as_ref().is_some_and(|l| is_far(&l.cols) || is_far(&l.rows)) {
            format!("limits {limits:?} are too far")
        } else if limits.as_ref().is_some_and(|l| l.cols.is_empty() || l.rows.is_empty()) {
            format!("limits {limits:?} are empty")
        } else {
            let tile_names = Vec::new();
            return Ok(Self { crs, upper_left, resolution, tile_shape, limits, tile_names });
        };
        Err(Error::invalid("tile grid", wrong))
    }

    /// A well-known grid, e.g. `webmercatorquad:12`, `modis:500m`, `glance:na` (or `glance-na`),
    /// `ease2-north:25km`; see [`GridSet`].
    ///
    /// # Errors
    /// [`Error::UnknownName`], which lists the known ones.
    pub fn named(name: &str) -> Result<Self> {
        let (set, grid) = GridSet::find(name)?;
        set.grid(&grid).cloned()
    }

    /// The names that [`named`](Self::named) knows; `{z}` stands for a level, `{res}` for a
    /// resolution in metres, `{zone}` for a UTM zone.
    #[must_use]
    pub fn names() -> Vec<String> {
        grid_names()
    }

    /// The same, if its parts are right, as [`new`](Self::new) asks; for one that was read from a
    /// file.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn checked(self) -> Result<Self> {
        let Self { crs, upper_left, resolution, tile_shape, limits, tile_names } = self;
        let checked = Self::new(crs, upper_left, resolution, tile_shape, limits)?;
        Ok(Self { tile_names, ..checked })
    }

    /// What a tile is called, as `h18v04`.
    #[must_use]
    pub fn tile_name(&self, tile: Tile) -> String {
        let name = self.tile_names.first();
        name.map_or_else(|| tile.to_string(), |name| name.print(tile, self.end()))
    }

    /// The tile of a name, or of `col/row`; letters' case does not count. `None` when the grid has no
    /// such tile.
    #[must_use]
    pub fn tile_named(&self, name: &str) -> Option<Tile> {
        let mut read = self.tile_names.iter().filter_map(|known| known.read(name, self.end()));
        read.next().or_else(|| name.parse().ok()).filter(|tile| self.contains(*tile))
    }

    /// Extent of a tile `(x, y)` in CRS units.
    #[must_use]
    pub fn tile_size(&self) -> (f64, f64) {
        (self.tile_shape.1 as f64 * self.resolution.0, self.tile_shape.0 as f64 * self.resolution.1)
    }

    /// Whether the grid has this tile.
    #[must_use]
    pub fn contains(&self, tile: Tile) -> bool {
        self.limits
            .as_ref()
            .is_none_or(|l| l.cols.contains(&tile.col) && l.rows.contains(&tile.row))
    }

    /// The rectangle of a tile.
    #[must_use]
    pub fn tile_bounds(&self, tile: Tile) -> Bounds {
        let x = |col: i64| {
            self.upper_left.0 + (col * self.tile_shape.1 as i64) as f64 * self.resolution.0
        };
        let y = |row: i64| {
            self.upper_left.1 - (row * self.tile_shape.0 as i64) as f64 * self.resolution.1
        };
        Bounds::new(x(tile.col), y(tile.row + 1), x(tile.col + 1), y(tile.row))
    }

    /// The pixels of a tile.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the grid has no such tile.
    pub fn tile_geobox(&self, tile: Tile) -> Result<GeoBox> {
        self.check(tile)?;
        let (rows, cols) = self.tile_shape;
        let corner = self.tile_bounds(tile);
        let affine = Affine::new(
            self.resolution.0,
            0.0,
            corner.min_x,
            0.0,
            -self.resolution.1,
            corner.max_y,
        );
        GeoBox::new(self.crs.clone(), affine, cols, rows)
    }

    /// The tile that holds a point of the grid's CRS. West and north edges belong to a tile, east and
    /// south edges to its neighbour. `None` outside the limits.
    #[must_use]
    pub fn tile_of_point(&self, x: f64, y: f64) -> Option<Tile> {
        let (width, height) = self.tile_size();
        let (col, row) = ((x - self.upper_left.0) / width, (self.upper_left.1 - y) / height);
        let tile = Tile::new(whole(col.floor())?, whole(row.floor())?);
        self.contains(tile).then_some(tile)
    }

    /// The tiles whose inside overlaps `bounds` in the grid's CRS, row by row.
    #[must_use]
    pub fn tiles_of_bounds(&self, bounds: &Bounds) -> Vec<Tile> {
        let Some((cols, rows)) = self.ranges_of(bounds) else { return Vec::new() };
        rows.flat_map(|row| cols.clone().map(move |col| Tile::new(col, row))).collect()
    }

    /// The tiles that a region overlaps, row by row.
    ///
    /// # Errors
    /// When the region cannot be brought to the grid's CRS.
    pub fn tiles_of_region(&self, region: &Region) -> Result<Vec<Tile>> {
        let projected = region.project(&self.crs)?;
        let mut tiles: Vec<Tile> = projected
            .parts()
            .iter()
            .flat_map(|part| self.tiles_of_bounds(part))
            .filter(|tile| projected.intersects(&self.tile_bounds(*tile)))
            .collect();
        tiles.sort_by_key(|tile| (tile.row, tile.col));
        tiles.dedup();
        Ok(tiles)
    }

    /// All tiles row by row, if the grid has limits.
    #[must_use]
    pub fn tiles(&self) -> Option<Vec<Tile>> {
        let limits = self.limits.clone()?;
        Some(
            limits
                .rows
                .flat_map(|row| limits.cols.clone().map(move |col| Tile::new(col, row)))
                .collect(),
        )
    }

    /// A tile's area.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the grid has no such tile.
    pub fn tile_region(&self, tile: Tile) -> Result<Region> {
        Region::from_geobox(&self.tile_geobox(tile)?)
    }

    /// Tiles as a GeoJSON FeatureCollection in longitude and latitude by RFC 7946: counter-clockwise,
    /// split at the antimeridian, with `col` and `row` as properties and the tile's name as id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the grid lacks one of the tiles, or a tile cannot be placed on the Earth.
    pub fn to_geojson(&self, tiles: &[Tile]) -> Result<Value> {
        let features = tiles
            .iter()
            .map(|tile| {
                let geometry = self.tile_region(*tile)?.to_geojson();
                Ok(json!({
                    "type": "Feature",
                    "id": self.tile_name(*tile),
                    "properties": { "col": tile.col, "row": tile.row },
                    "geometry": geometry,
                }))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(json!({ "type": "FeatureCollection", "features": features }))
    }

    /// The row after the last one.
    fn end(&self) -> i64 {
        self.limits.as_ref().map_or(0, |limits| limits.rows.end)
    }

    fn check(&self, tile: Tile) -> Result<()> {
        if self.contains(tile) {
            return Ok(());
        }
        Err(Error::invalid(
            "tile",
            format!("{tile} is outside the grid's limits {:?}", self.limits),
        ))
    }

    fn ranges_of(&self, bounds: &Bounds) -> Option<(Range<i64>, Range<i64>)> {
        // A bound within a millionth of a pixel of a tile's edge is on it.
        const NEAR: f64 = 1e-6;
        let (width, height) = self.tile_size();
        let (rows, cols) = self.tile_shape;
        let span = |low: f64, high: f64, pixels: usize| {
            let near = NEAR / pixels as f64;
            Some(whole((low + near).floor())?..whole((high - near).ceil())?)
        };
        let (x, y) = self.upper_left;
        let mut across = span((bounds.min_x - x) / width, (bounds.max_x - x) / width, cols)?;
        let mut down = span((y - bounds.max_y) / height, (y - bounds.min_y) / height, rows)?;
        if let Some(limits) = &self.limits {
            across = across.start.max(limits.cols.start)..across.end.min(limits.cols.end);
            down = down.start.max(limits.rows.start)..down.end.min(limits.rows.end);
        }
        Some((across, down))
    }
}

fn whole(value: f64) -> Option<i64> {
    const LARGEST: f64 = 1e15;
    (value.abs() < LARGEST).then_some(value as i64)
}
