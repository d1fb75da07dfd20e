//! Squares of the Military Grid Reference System, and the tiles that Sentinel-2 and HLS cut by them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::affine::Affine;
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::error::{Error, Result};
use crate::geobox::GeoBox;
use crate::region::Region;
use crate::transform::Transform;

const BANDS: &[u8] = b"CDEFGHJKLMNPQRSTUVWX";
const ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUV";
const COLUMNS: [&[u8]; 3] = [b"ABCDEFGH", b"JKLMNPQR", b"STUVWXYZ"];
const SQUARE: f64 = 100_000.0;
/// Side of a Sentinel-2 tile in metres, and what its corners are multiples of.
const TILE: f64 = 109_800.0;
const LATTICE: f64 = 60.0;
const FALSE_NORTHING: f64 = 10_000_000.0;

/// A square of 100 km, called as in `32TNS`: UTM zone, band of latitude, column and row letters
/// ([NGA.STND.0037](https://earth-info.nga.mil/php/download.php?file=coord-grids)).
///
/// ```
/// use terracube_grid::MgrsTile;
/// let tile: MgrsTile = "T32TNS".parse()?;
/// let grid = tile.geobox(10.0)?;
/// assert_eq!(grid.shape(), (10_980, 10_980));
/// assert_eq!((grid.affine.c, grid.affine.f), (499_980.0, 5_200_020.0));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MgrsTile {
    zone: u8,
    /// Index into the bands, from the south.
    band: u8,
    /// Hundreds of kilometres of easting.
    col: u8,
    /// Hundreds of kilometres north of the equator, negative in the south.
    row: i8,
}

impl MgrsTile {
    /// The square that holds a point; `None` south of 80° S and north of 84° N.
    ///
    /// # Errors
    /// None beyond those of the UTM code, which the table has.
    pub fn of_point(lon: f64, lat: f64) -> Result<Option<Self>> {
        let (Some(zone), Some(band)) = (zone_of(lon, lat), band_of(lat)) else { return Ok(None) };
        let to_utm = Transform::new(&Crs::wgs84(), &north(zone)?)?;
        Ok(to_utm.forward(lon, lat).map(|(x, y)| {
            let (col, row) = ((x / SQUARE).floor() as u8, (y / SQUARE).floor() as i8);
            Self { zone, band, col, row }
        }))
    }

    /// The tiles of 109.8 km that a region overlaps, by zone, then from the north-west. A square
    /// across two bands of latitude has the letter of its middle, as Sentinel-2's have.
    ///
    /// All squares that reach into their zone are listed. Sentinel-2's own list lacks some that reach
    /// but little into it, and most of the ocean.
    ///
    /// # Errors
    /// When the region cannot be brought to a UTM zone.
    pub fn of_region(region: &Region) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for zone in 1..=60 {
            if !may_touch(region, zone) {
                continue;
            }
            let crs = north(zone)?;
            let projected = region.project(&crs)?;
            let to_lonlat = Transform::new(&crs, &Crs::wgs84())?;
            for part in projected.parts() {
                let first = ((part.min_y - TILE) / SQUARE).floor().max(-90.0) as i8;
                let last = (part.max_y / SQUARE).ceil().min(95.0) as i8;
                for row in (first..=last).rev() {
                    for col in 1..=8 {
                        let Some(tile) = Self::in_zone(zone, col, row, &to_lonlat) else {
                            continue;
                        };
                        if projected.intersects(&tile.northern_bounds()) {
                            found.push(tile);
                        }
                    }
                }
            }
        }
        found.sort_by_key(|tile| (tile.zone, -tile.row, tile.col));
        found.dedup();
        Ok(found)
    }

    /// UTM zone, 1 to 60.
    #[must_use]
    pub fn zone(&self) -> u8 {
        self.zone
    }

    /// Letter of the band of latitude, C to X.
    #[must_use]
    pub fn band(&self) -> char {
        char::from(BANDS[usize::from(self.band)])
    }

    /// Whether it is counted from the south: bands C to M.
    #[must_use]
    pub fn is_southern(&self) -> bool {
        self.band() < 'N'
    }

    /// The zone's EPSG code, 326zz in the north and 327zz in the south.
    #[must_use]
    pub fn epsg(&self) -> u32 {
        (if self.is_southern() { 32_700 } else { 32_600 }) + u32::from(self.zone)
    }

    /// The square itself, 100 km wide, in the CRS of [`epsg`](Self::epsg).
    #[must_use]
    pub fn square(&self) -> Bounds {
        let (x, y) = (f64::from(self.col) * SQUARE, f64::from(self.row) * SQUARE + self.shift());
        Bounds::new(x, y, x + SQUARE, y + SQUARE)
    }

    /// The pixels of Sentinel-2's and HLS's tile of this name: 109.8 km from the square's upper left
    /// corner moved out to the next multiples of 60 m of the UTM zone.
    ///
    /// Landsat's part of HLS is stored with negative northings of the northern zone; the pixels
    /// are the same.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless a whole number of pixels of `resolution` metres makes 109.8 km.
    pub fn geobox(&self, resolution: f64) -> Result<GeoBox> {
        let count = (TILE / resolution).round();
        if !(resolution > 0.0 && count >= 1.0 && (count * resolution - TILE).abs() < 1e-6) {
            let reason = format!("{resolution} m does not divide a tile of 109 800 m");
            return Err(Error::invalid("resolution", reason));
        }
        let bounds = self.northern_bounds();
        let top = bounds.max_y + self.shift();
        let affine = Affine::new(resolution, 0.0, bounds.min_x, 0.0, -resolution, top);
        GeoBox::new(Crs::epsg(self.epsg())?, affine, count as usize, count as usize)
    }

    /// The tile of 109.8 km, counted from the equator.
    fn northern_bounds(&self) -> Bounds {
        let (x, y) = (f64::from(self.col) * SQUARE, f64::from(self.row + 1) * SQUARE);
        let (left, top) = ((x / LATTICE).floor() * LATTICE, (y / LATTICE).ceil() * LATTICE);
        Bounds::new(left, top - TILE, left + TILE, top)
    }

    fn shift(&self) -> f64 {
        if self.is_southern() { FALSE_NORTHING } else { 0.0 }
    }

    /// A square if any of it lies in its zone.
    fn in_zone(zone: u8, col: u8, row: i8, to_lonlat: &Transform) -> Option<Self> {
        const STEPS: u8 = 8;
        let place = |i: u8, j: u8| {
            // The edges are the neighbours'.
            let part = |n: u8| (f64::from(n) / f64::from(STEPS)).clamp(1e-6, 1.0 - 1e-6);
            let (x, y) = (f64::from(col) + part(i), f64::from(row) + part(j));
            to_lonlat.forward(x * SQUARE, y * SQUARE)
        };
        let (_, middle) = place(STEPS / 2, STEPS / 2)?;
        let band = band_of(middle.clamp(-80.0, 84.0))?;
        let inside = (0..=STEPS)
            .flat_map(|i| (0..=STEPS).map(move |j| (i, j)))
            .filter_map(|(i, j)| place(i, j))
            .any(|(lon, lat)| zone_of(lon, lat) == Some(zone));
        inside.then_some(Self { zone, band, col, row })
    }
}

/// The UTM zone of a place, with the exceptions of Norway and Svalbard; `None` in the polar areas.
fn zone_of(lon: f64, lat: f64) -> Option<u8> {
    band_of(lat)?;
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    let plain = ((lon + 180.0) / 6.0).floor() as u8 + 1;
    Some(match lat {
        56.0..64.0 if (3.0..12.0).contains(&lon) => 32,
        72.0..=84.0 if (0.0..42.0).contains(&lon) => match lon {
            ..9.0 => 31,
            ..21.0 => 33,
            ..33.0 => 35,
            _ => 37,
        },
        _ => plain,
    })
}

fn band_of(lat: f64) -> Option<u8> {
    (-80.0..=84.0).contains(&lat).then(|| (((lat + 80.0) / 8.0).floor() as u8).min(19))
}

/// Whether any tile of a zone may overlap a region.
fn may_touch(region: &Region, zone: u8) -> bool {
    let west = f64::from(zone) * 6.0 - 186.0;
    region.bbox_wgs84().iter().any(|part| {
        let top = part.min_y.abs().max(part.max_y.abs()).min(84.0) + 1.0;
        // Zones are up to twelve degrees wide in the north, and tiles reach out of them.
        let margin = 6.0 + 1.2 / top.to_radians().cos();
        [-360.0, 0.0, 360.0].iter().any(|turn| {
            part.min_x < west + 6.0 + margin + turn && part.max_x > west - margin + turn
        })
    })
}

fn north(zone: u8) -> Result<Crs> {
    Crs::epsg(32_600 + u32::from(zone))
}

impl fmt::Display for MgrsTile {
    /// As `32TNS`, the zone with two digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let col = COLUMNS[usize::from(self.zone - 1) % 3][usize::from(self.col.clamp(1, 8)) - 1];
        let offset = if self.zone.is_multiple_of(2) { 5 } else { 0 };
        let row = ROWS[(i32::from(self.row) + offset).rem_euclid(20) as usize];
        write!(f, "{:02}{}{}{}", self.zone, self.band(), char::from(col), char::from(row))
    }
}

impl FromStr for MgrsTile {
    type Err = Error;

    /// Reads `32TNS` and `T32TNS`, in any case, the zone with one digit or two.
    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            let reason = format!("{text:?} is no MGRS square like 32TNS: {what}");
            Error::invalid("tile name", reason)
        };
        let upper = text.trim().to_ascii_uppercase();
        let body = upper.strip_prefix('T').unwrap_or(&upper);
        let digits = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
        let zone: u8 = body[..digits].parse().map_err(|_| bad("there is no zone"))?;
        let [band, col, row] = body.as_bytes()[digits..] else {
            return Err(bad("three letters follow the zone"));
        };
        if !(1..=60).contains(&zone) {
            return Err(bad("zones run from 1 to 60"));
        }
        let index = |letters: &[u8], letter, what: &str| {
            letters.iter().position(|l| *l == letter).ok_or_else(|| bad(what))
        };
        let band = index(BANDS, band, "bands run from C to X without I and O")?;
        let letters = COLUMNS[usize::from(zone - 1) % 3];
        let col = index(letters, col, "the zone has no such column")? + 1;
        let row = index(ROWS, row, "rows run from A to V without I and O")? as i32;
        let offset = if zone.is_multiple_of(2) { 5 } else { 0 };
        let (first, last) = rows_of(band);
        let row = (first..=last).find(|r| (r + offset).rem_euclid(20) == row);
        let row = row.ok_or_else(|| bad("the band of latitude has no such row"))?;
        Ok(Self { zone, band: band as u8, col: col as u8, row: row as i8 })
    }
}

/// First and last row that touch a band, from the length of a degree of latitude; northings are
/// greatest at a zone's edge.
fn rows_of(band: usize) -> (i32, i32) {
    let south = band as f64 * 8.0 - 80.0;
    let north = if band == 19 { 84.0 } else { south + 8.0 };
    let northing = |lat: f64, factor: f64| {
        let phi = lat.to_radians();
        let metres = 6_367_449.146 * phi - 16_038.509 * (2.0 * phi).sin()
            + 16.833 * (4.0 * phi).sin()
            - 0.022 * (6.0 * phi).sin();
        // Away from the central meridian parallels curve towards the pole, by less than 25 km.
        metres * 0.9996 + factor * 25_000.0 * (2.0 * phi).sin()
    };
    let (low, high) = if south < 0.0 {
        (northing(south, 1.0), northing(north, 0.0))
    } else {
        (northing(south, 0.0), northing(north, 1.0))
    };
    ((low / SQUARE).floor() as i32, ((high / SQUARE).ceil() as i32) - 1)
}

impl TryFrom<String> for MgrsTile {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<MgrsTile> for String {
    fn from(tile: MgrsTile) -> Self {
        tile.to_string()
    }
}
