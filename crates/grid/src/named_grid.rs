//! Tile grids that have a name.

use crate::crs::Crs;
use crate::error::{Error, Result};
use crate::tile_grid::{TileGrid, TileLimits};

const MODIS_CRS: &str = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m";
const MODIS_RADIUS: f64 = 6_371_007.181;
const WEB_HALF: f64 = 20_037_508.342_789_244;
const DEEPEST: u32 = 30;

/// GLanCE V01 (BU MEaSUREs): continent, centre (longitude, latitude), upper left, rows and columns of
/// 150 km tiles.
type Glance = (&'static str, (i32, i32), (f64, f64), (i64, i64));
const GLANCE: &[Glance] = &[
    ("af", (20, 5), (-5_312_270.0, 3_707_205.0), (60, 74)),
    ("an", (0, -90), (-3_662_210.0, 5_169_375.0), (56, 62)),
    ("as", (100, 45), (-4_805_840.0, 5_190_735.0), (66, 77)),
    ("eu", (20, 55), (-5_505_560.0, 3_346_245.0), (38, 54)),
    ("na", (-100, 50), (-7_633_670.0, 5_076_465.0), (64, 84)),
    ("oc", (135, -15), (-6_961_010.0, 4_078_425.0), (78, 113)),
    ("sa", (-60, -15), (-6_918_770.0, 4_899_705.0), (68, 74)),
];

/// EASE-Grid 2.0 polar grids (NSIDC): name, pixels along a side of the 18 000 km square, tiles.
const EASE2_POLAR: &[(&str, usize, i64)] =
    &[("36km", 500, 1), ("25km", 720, 2), ("12.5km", 1440, 4), ("9km", 2000, 4), ("3km", 6000, 12)];

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        ["webmercatorquad:{z}", "worldcrs84quad:{z}", "modis:1km", "modis:500m", "modis:250m"]
            .map(str::to_owned)
            .to_vec();
    names.extend(GLANCE.iter().map(|g| format!("glance-{}", g.0)));
    for pole in ["north", "south"] {
        names.extend(EASE2_POLAR.iter().map(|e| format!("ease2-{pole}:{}", e.0)));
    }
    names
}

pub(crate) fn find(name: &str) -> Result<TileGrid> {
    let lower = name.trim().to_ascii_lowercase();
    let (family, level) = lower.split_once(':').unwrap_or((&lower, ""));
    let zoom = level.parse::<u32>().ok().filter(|z| *z <= DEEPEST);
    let found = match (family, zoom) {
        ("webmercatorquad", Some(z)) => {
            Some(quad(Crs::epsg(3857)?, (-WEB_HALF, WEB_HALF), 2.0 * WEB_HALF, 1, z))
        }
        ("worldcrs84quad", Some(z)) => Some(quad(Crs::wgs84(), (-180.0, 90.0), 180.0, 2, z)),
        ("modis", _) => modis(level),
        ("ease2-north", _) => ease2(6931, level),
        ("ease2-south", _) => ease2(6932, level),
        _ => family.strip_prefix("glance-").filter(|_| level.is_empty()).and_then(glance),
    };
    found.unwrap_or_else(|| {
        Err(Error::UnknownName {
            what: "tile grid",
            name: name.to_owned(),
            known: names().join(", "),
        })
    })
}

/// OGC's two-dimensional quad trees of 256-pixel tiles; `side` is a tile's size at zoom 0.
fn quad(crs: Crs, corner: (f64, f64), side: f64, across: i64, zoom: u32) -> Result<TileGrid> {
    const PIXELS: usize = 256;
    let tiles = 1_i64 << zoom;
    let resolution = side / (PIXELS as f64 * tiles as f64);
    let limits = TileLimits { cols: 0..across * tiles, rows: 0..tiles };
    TileGrid::new(crs, corner, (resolution, resolution), (PIXELS, PIXELS), Some(limits))
}

/// The 36 × 18 tiles of ten degrees; column is `h`, row is `v`.
fn modis(level: &str) -> Option<Result<TileGrid>> {
    let pixels = match level {
        "1km" => 1200,
        "500m" => 2400,
        "250m" => 4800,
        _ => return None,
    };
    let side = std::f64::consts::PI * MODIS_RADIUS / 18.0;
    let resolution = side / f64::from(pixels);
    Some(Crs::from_proj4(MODIS_CRS).and_then(|crs| {
        let limits = TileLimits { cols: 0..36, rows: 0..18 };
        let size = pixels as usize;
        TileGrid::new(
            crs,
            (-18.0 * side, 9.0 * side),
            (resolution, resolution),
            (size, size),
            Some(limits),
        )
    }))
}

fn ease2(code: u32, level: &str) -> Option<Result<TileGrid>> {
    const HALF: f64 = 9_000_000.0;
    let (_, pixels, tiles) = *EASE2_POLAR.iter().find(|e| e.0 == level)?;
    let resolution = 2.0 * HALF / pixels as f64;
    let size = pixels / tiles as usize;
    Some(Crs::epsg(code).and_then(|crs| {
        let limits = TileLimits { cols: 0..tiles, rows: 0..tiles };
        TileGrid::new(crs, (-HALF, HALF), (resolution, resolution), (size, size), Some(limits))
    }))
}

fn glance(continent: &str) -> Option<Result<TileGrid>> {
    let (_, (lon, lat), corner, (rows, cols)) = *GLANCE.iter().find(|g| g.0 == continent)?;
    let text = format!("+proj=laea +lat_0={lat} +lon_0={lon} +x_0=0 +y_0=0 +datum=WGS84 +units=m");
    Some(Crs::from_proj4(&text).and_then(|crs| {
        let limits = TileLimits { cols: 0..cols, rows: 0..rows };
        TileGrid::new(crs, corner, (30.0, 30.0), (5000, 5000), Some(limits))
    }))
}
