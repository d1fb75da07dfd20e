//! The declaration of a cube: grid, time axis, bands, chunks, mosaic rule and source.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use terracube_grid::{Anchor, Bounds, Crs, GeoBox, Tile, TileGrid, TimeAxis};
use terracube_raster::{MosaicRule, warp::TOLERANCE};
use terracube_store::Codecs;

use crate::{Band, Error, Mask, Mosaic, Result};

/// The declaration of a cube. It is written into the store once, by `create`, and never changes.
///
/// As TOML it reads like this:
/// ```
/// let schema = terracube_cube::Schema::from_toml(r#"
/// name = "relief"
/// crs = "EPSG:3413"
/// resolution = 500.0
/// extent = [-700000.0, -3400000.0, 900000.0, -600000.0]   # min x, min y, max x, max y
///
/// [chunks]
/// shape = [512, 512]                                       # rows, columns
///
/// [[bands]]
/// name = "elevation"
/// dtype = "float32"
/// units = "m"
/// resampling = "bilinear"
/// "#)?;
/// let geobox = schema.geobox()?;
/// assert_eq!((geobox.height, geobox.width), (5600, 3200));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The cube's name.
    pub name: String,
    /// A line about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The licence of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The CRS of the grid; that of the tile grid when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crs: Option<Crs>,
    /// The pixel size in CRS units; that of the tile grid when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// The extent as min x, min y, max x, max y in the CRS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<[f64; 4]>,
    /// Where pixel edges fall. Not used with tiles.
    #[serde(default)]
    pub anchor: Anchor,
    /// The extent as tiles of a tile grid, instead of `extent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiles: Option<Tiles>,
    /// The time steps; a cube without time has two-dimensional bands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeAxis>,
    /// The shape of chunks, and of shards if there are any.
    #[serde(default)]
    pub chunks: Chunks,
    /// How chunks are compressed.
    #[serde(default)]
    pub codecs: Codecs,
    /// How several granules become one patch.
    #[serde(default)]
    pub mosaic: Mosaic,
    /// Which pixels do not count, by what other assets say of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<Mask>,
    /// How far a position may be off where pixels are warped, in source pixels: 0 transforms every
    /// pixel exactly. See [`terracube_raster::warp::TOLERANCE`].
    #[serde(default = "default_tolerance", skip_serializing_if = "is_default_tolerance")]
    pub tolerance: f64,
    /// What the cube is filled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceSpec>,
    /// The bands.
    pub bands: Vec<Band>,
}

/// The size of a pixel in CRS units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Resolution {
    /// The same along x and y.
    Square(f64),
    /// Along x, then along y, both above 0.
    Axes([f64; 2]),
}

impl Resolution {
    /// Along x and along y.
    #[must_use]
    pub fn xy(self) -> (f64, f64) {
        match self {
            Self::Square(both) => (both, both),
            Self::Axes([x, y]) => (x, y),
        }
    }
}

/// An extent given as tiles of a tile grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    /// The name of a tile grid, or its definition.
    pub grid: TileGridSpec,
    /// First and last column and row, inclusive: `[col0, row0, col1, row1]`.
    pub range: [i64; 4],
}

/// A tile grid by name or by definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TileGridSpec {
    /// A grid that Terracube knows by name.
    Named(String),
    /// A grid of one's own.
    Defined(TileGrid),
}

/// The shape of chunks and shards, rows before columns, in pixels; one time step each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunks {
    /// Rows and columns of a chunk.
    pub shape: [usize; 2],
    /// Rows and columns of a shard, a multiple of the chunk's. A patch is then a shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<[usize; 2]>,
}

/// Which connector a cube is filled from, and its settings. Secrets are given as `env:NAME`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// The connector's name in the registry.
    pub connector: String,
    /// The connector's own settings.
    #[serde(flatten)]
    pub config: Map<String, Value>,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { shape: [512, 512], shard: None }
    }
}

impl Schema {
    /// A declaration with this grid, without bands: add them with [`band`](Self::band).
    /// `extent` is min x, min y, max x, max y in the CRS; `resolution` its units per pixel.
    #[must_use]
    pub fn new(name: impl Into<String>, crs: Crs, extent: [f64; 4], resolution: f64) -> Self {
        Self {
            name: name.into(),
            title: None,
            license: None,
            crs: Some(crs),
            resolution: Some(Resolution::Square(resolution)),
            extent: Some(extent),
            anchor: Anchor::default(),
            tiles: None,
            time: None,
            chunks: Chunks::default(),
            codecs: Codecs::default(),
            mosaic: Mosaic::default(),
            masks: Vec::new(),
            tolerance: TOLERANCE,
            source: None,
            bands: Vec::new(),
        }
    }

    /// Adds a band.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.bands.push(band);
        self
    }

    /// Sets the time axis.
    #[must_use]
    pub fn time(mut self, axis: TimeAxis) -> Self {
        self.time = Some(axis);
        self
    }

    /// Sets the chunk shape, rows before columns.
    #[must_use]
    pub fn chunks(mut self, rows: usize, cols: usize) -> Self {
        self.chunks.shape = [rows, cols];
        self
    }

    /// Sets the mosaic rule.
    #[must_use]
    pub fn mosaic(mut self, mosaic: Mosaic) -> Self {
        self.mosaic = mosaic;
        self
    }

    /// Adds a mask.
    #[must_use]
    pub fn mask(mut self, mask: Mask) -> Self {
        self.masks.push(mask);
        self
    }

    /// Reads a declaration from TOML and checks it.
    ///
    /// # Errors
    /// [`Error::Declaration`] with line and column, or [`Error::Schema`].
    pub fn from_toml(text: &str) -> Result<Self> {
        let schema: Self = toml::from_str(text)
            .map_err(|e| Error::Declaration { reason: e.to_string().trim_end().to_owned() })?;
        schema.check()?;
        Ok(schema)
    }

    /// Checks that the declaration makes sense.
    ///
    /// # Errors
    /// [`Error::Schema`] for the first thing that does not.
    pub fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return self.fault("name must not be empty");
        }
        if self.bands.is_empty() {
            return self.fault("it has no bands: add a [[bands]] table");
        }
        for (i, band) in self.bands.iter().enumerate() {
            if let Some(fault) = band.fault(self.rule_of(band)) {
                return self.fault(fault);
            }
            if self.bands[..i].iter().any(|b| b.name == band.name) {
                return self.fault(format!("band `{}` is declared twice", band.name));
            }
        }
        let names: Vec<_> = self.bands.iter().map(|band| band.name.as_str()).collect();
        let faults = self.masks.iter().map(|mask| mask.fault(&names));
        if let Some(fault) = faults.chain([self.mosaic.fault(&names)]).flatten().next() {
            return self.fault(fault);
        }
        if !(0.0..=MOST_TOLERANCE).contains(&self.tolerance) {
            return self.fault(format!(
                "tolerance must be 0 to {MOST_TOLERANCE} source pixels, not {}",
                self.tolerance
            ));
        }
        let [rows, cols] = self.chunks.shape;
        if rows == 0 || cols == 0 || rows.saturating_mul(cols) > MAX_CHUNK_PIXELS {
            return self.fault(format!(
                "chunks.shape must have 1 to {MAX_CHUNK_PIXELS} pixels, not {rows}×{cols}"
            ));
        }
        if let Some([r, c]) = self.chunks.shard
            && (r == 0
                || c == 0
                || r % rows != 0
                || c % cols != 0
                || r.saturating_mul(c) > MAX_CHUNK_PIXELS)
        {
            return self.fault(format!(
                "chunks.shard {r}×{c} must be a multiple of the chunk's {rows}×{cols} and have at most {MAX_CHUNK_PIXELS} pixels"
            ));
        }
        self.geobox()?;
        Ok(())
    }

    /// The grid of the cube.
    ///
    /// # Errors
    /// [`Error::Schema`] when extent or resolution are missing or empty.
    pub fn geobox(&self) -> Result<GeoBox> {
        if let Some(tiles) = &self.tiles {
            return self.geobox_of_tiles(tiles);
        }
        let (Some(crs), Some(resolution), Some([min_x, min_y, max_x, max_y])) =
            (&self.crs, self.resolution, self.extent)
        else {
            return self.fault("crs, resolution and extent are needed, or tiles");
        };
        let resolution = resolution.xy();
        let (x, y) = resolution;
        if !(x > 0.0 && x.is_finite() && y > 0.0 && y.is_finite()) {
            return self.fault(format!("resolution must be above 0, not {x} by {y}"));
        }
        if !(min_x < max_x && min_y < max_y) {
            return self.fault(
                "extent must be [min x, min y, max x, max y] with min below max (a cube across 180° takes longitudes above 180, or a projected CRS)",
            );
        }
        let bounds = Bounds { min_x, min_y, max_x, max_y };
        let pixels = (bounds.width() / x) * (bounds.height() / y);
        if pixels > MAX_CUBE_PIXELS {
            return self
                .fault(format!("the grid has {pixels:.0} pixels, more than {MAX_CUBE_PIXELS:.0}"));
        }
        Ok(GeoBox::from_bounds(crs.clone(), bounds, resolution, self.anchor)?)
    }

    /// The rows and columns of a patch: those of a shard, or of a chunk where there are no shards.
    #[must_use]
    pub fn patch_shape(&self) -> [usize; 2] {
        self.chunks.shard.unwrap_or(self.chunks.shape)
    }

    /// How another declaration differs, as `key: this / that`; empty when it does not. Settings
    /// of the source do not count: they say where from, not what.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        // Times that were asked of the source once are not asked again.
        let is_asked = match (&self.time, &other.time) {
            (Some(this), Some(that)) => {
                that.is_sought().is_some() && this.grouping() == that.grouping()
            }
            _ => false,
        };
        let strip = |schema: &Self| {
            let mut value = serde_json::to_value(schema).unwrap_or_default();
            if let Some(map) = value.as_object_mut() {
                map.remove("source");
                if is_asked {
                    map.remove("time");
                }
            }
            value
        };
        let mut found = Vec::new();
        differences("", &strip(self), &strip(other), &mut found);
        found
    }

    /// What becomes of several valid pixels of a band in one place.
    pub(crate) fn rule_of(&self, band: &Band) -> MosaicRule {
        band.mosaic.unwrap_or(self.mosaic.rule)
    }

    pub(crate) fn band_index(&self, name: &str) -> Result<usize> {
        self.bands.iter().position(|b| b.name == name).ok_or_else(|| Error::UnknownBand {
            cube: self.name.clone(),
            band: name.to_owned(),
            known: self.bands.iter().map(|b| b.name.clone()).collect(),
        })
    }

    fn geobox_of_tiles(&self, tiles: &Tiles) -> Result<GeoBox> {
        if self.extent.is_some() {
            return self.fault("give extent or tiles, not both");
        }
        let grid = match &tiles.grid {
            TileGridSpec::Named(name) => TileGrid::named(name)?,
            TileGridSpec::Defined(grid) => grid.clone(),
        };
        let [col0, row0, col1, row1] = tiles.range;
        if col0 > col1 || row0 > row1 {
            return self.fault("tiles.range must be [col0, row0, col1, row1], first to last");
        }
        let first = grid.tile_geobox(Tile::new(col0, row0))?;
        let last = grid.tile_geobox(Tile::new(col1, row1))?;
        if self.crs.as_ref().is_some_and(|crs| *crs != first.crs) {
            return self.fault(format!("crs differs from the tile grid's, which is {}", first.crs));
        }
        let resolution = self.resolution.map_or_else(|| first.resolution(), Resolution::xy);
        let bounds = first.bounds().union(&last.bounds());
        Ok(GeoBox::from_bounds(first.crs, bounds, resolution, Anchor::Floating)?)
    }

    fn fault<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(Error::Schema { cube: self.name.clone(), reason: reason.into() })
    }
}

fn default_tolerance() -> f64 {
    TOLERANCE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_default_tolerance(tolerance: &f64) -> bool {
    *tolerance == TOLERANCE
}

/// What GDAL's warper allows itself.
const MOST_TOLERANCE: f64 = 0.125;
/// A patch is held in memory whole.
const MAX_CHUNK_PIXELS: usize = 1 << 28;
/// Row and column indices stay exact in f64 arithmetic.
const MAX_CUBE_PIXELS: f64 = 1e15;

fn differences(path: &str, this: &Value, that: &Value, found: &mut Vec<String>) {
    let step = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (this, that) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (x, y) =
                    (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                differences(&step(key), x, y, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{i}]"), x, y, found);
            }
        }
        _ if this != that => found.push(format!("{path}: there {this}, asked {that}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: &str = "[[bands]]\nname = \"b\"\ndtype = \"float32\"\n";

    #[test]
    fn tiles_of_a_named_grid_give_the_extent() {
        let text = format!(
            "name = \"t\"\n[tiles]\ngrid = \"webmercatorquad:2\"\nrange = [1, 1, 2, 1]\n{BAND}"
        );
        let geobox = Schema::from_toml(&text).unwrap().geobox().unwrap();
        // OGC Two Dimensional Tile Matrix Set, WebMercatorQuad: 256 pixels a tile, 4 tiles a side.
        assert_eq!((geobox.width, geobox.height), (512, 256));
        let half = 20_037_508.342_789_244;
        let bounds = geobox.bounds();
        assert!(
            (bounds.min_x + half / 2.0).abs() < 1e-6 && (bounds.max_x - half / 2.0).abs() < 1e-6
        );
        assert!((bounds.max_y - half / 2.0).abs() < 1e-6 && bounds.min_y.abs() < 1e-6);
    }

    #[test]
    fn tiles_of_a_grid_of_ones_own() {
        let text = format!(
            "name = \"t\"\n[tiles]\nrange = [0, 1, 0, 1]\n[tiles.grid]\ncrs = \"EPSG:3413\"\n\
             upper_left = [-1000.0, 2000.0]\nresolution = [10.0, 10.0]\ntile_shape = [20, 30]\n{BAND}"
        );
        let geobox = Schema::from_toml(&text).unwrap().geobox().unwrap();
        assert_eq!((geobox.height, geobox.width), (20, 30));
        assert_eq!((geobox.affine.c, geobox.affine.f), (-1000.0, 1800.0));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let with = |text: &str| {
            let head = "name = \"t\"\ncrs = \"EPSG:3413\"\nextent = [0.0, 0.0, 100.0, 100.0]\n";
            Schema::from_toml(&format!("{head}{text}")).unwrap_err().to_string()
        };
        assert!(with(&format!("resolution = -1.0\n{BAND}")).contains("resolution must be above 0"));
        let twice = format!("resolution = 1.0\n{BAND}{BAND}");
        assert!(with(&twice).contains("band `b` is declared twice"));
        let no_nodata = "resolution = 1.0\n[[bands]]\nname = \"b\"\ndtype = \"int16\"\n";
        assert!(with(no_nodata).contains("say its nodata value"));
        let unknown = "resolution = 1.0\n[[bands]]\nname = \"b\"\ndtype = \"int17\"\n";
        assert!(with(unknown).contains("int16"), "the known types are named");
        let shard =
            format!("resolution = 1.0\n[chunks]\nshape = [10, 10]\nshard = [15, 20]\n{BAND}");
        assert!(with(&shard).contains("must be a multiple"));
    }
}
