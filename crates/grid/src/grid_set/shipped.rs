//! The sets that are part of the library.

use super::{GridSet, Kind, definition};
use crate::error::Result;

macro_rules! sets {
    ($($name:literal),* $(,)?) => {
        /// Each as a file of the format of [`definition`].
        const SETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../data/grids/", $name, ".json")))),*];
    };
}

sets!(
    "arcticdem",
    "canadiannad83_lcc",
    "ease2-global",
    "ease2-north",
    "ease2-south",
    "ease2-temperate",
    "equi7",
    "europeanetrs89_laeaquad",
    "glance",
    "landsat-ard",
    "modis",
    "rema",
    "upsantarcticwgs84quad",
    "upsarcticwgs84quad",
    "webmercatorquad",
    "weld",
    "wgs1984quad",
    "worldcrs84quad",
    "worldmercatorwgs84quad",
);
const UTM: &str = include_str!("../../data/grids/utmwgs84quad.json");
/// Sets of MGRS tiles: name, title, where defined, grids.
type Mgrs = (&'static str, &'static str, &'static str, &'static [(&'static str, f64)]);
const MGRS: &[Mgrs] = &[
    (
        "sentinel2",
        "Sentinel-2 tiles of 109.8 km by MGRS",
        "https://sentiwiki.copernicus.eu/web/s2-products",
        &[("10m", 10.0), ("20m", 20.0), ("60m", 60.0)],
    ),
    (
        "hls",
        "Harmonized Landsat Sentinel-2: Sentinel-2's tiles at 30 m",
        "https://hls.gsfc.nasa.gov/products-description/tiling-system/",
        &[("30m", 30.0)],
    ),
];

pub(super) fn find(name: &str) -> Option<Result<GridSet>> {
    if let Some((name, title, source, grids)) = MGRS.iter().find(|set| set.0 == name) {
        let kind = Kind::Mgrs(grids);
        let (name, title, source) = ((*name).into(), (*title).into(), (*source).into());
        return Some(Ok(GridSet { name, title, source, kind }));
    }
    let (text, zone) = match SETS.iter().find(|set| set.0 == name) {
        Some((_, text)) => (*text, None),
        None => (UTM, Some(utm_zone(name)?)),
    };
    let json = serde_json::from_str(text).map_err(|e| super::bad(format!("{name}: {e}")));
    Some(json.and_then(|json| definition::read(&json, zone)))
}

pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = SETS.iter().map(|set| set.0.to_owned()).collect();
    names.extend(MGRS.iter().map(|set| set.0.to_owned()));
    names.push("utm{zone}wgs84quad".to_owned());
    names.sort();
    names
}

/// Names of all plain grids as `SET:GRID`, with `{z}`, `{res}` and `{zone}` where there are many.
pub(crate) fn grid_names() -> Vec<String> {
    let all = SETS.iter().map(|set| set.1).chain([UTM]);
    all.filter_map(|text| serde_json::from_str(text).ok())
        .flat_map(|json| definition::grid_names(&json))
        .collect()
}

fn utm_zone(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("utm")?.strip_suffix("wgs84quad")?;
    digits.parse().ok().filter(|zone| (1..=60).contains(zone) && digits.len() <= 2)
}
