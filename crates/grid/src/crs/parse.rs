//! Reading a CRS from text.

use super::datum::{Datum, Shift};
use super::table::Authority;
use super::{Crs, ProjString, projjson, wkt};
use crate::error::{Error, Result};

/// A text in any form; of `EPSG:4326+5773` the horizontal part.
pub(super) fn any(text: &str) -> Result<Crs> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Error::crs("CRS", text, "it is empty"));
    }
    if trimmed.starts_with('{') {
        let json = serde_json::from_str(trimmed)
            .map_err(|cause| Error::crs("PROJJSON", trimmed, cause.to_string()))?;
        return projjson::crs(&json);
    }
    if trimmed.contains('[') || trimmed.contains('(') && trimmed.contains('"') {
        return wkt::crs(trimmed);
    }
    if let Some(init) = trimmed.strip_prefix("+init=").or_else(|| trimmed.strip_prefix("init=")) {
        return any(init.split_whitespace().next().unwrap_or_default());
    }
    if trimmed.contains("proj=") {
        return proj4(trimmed);
    }
    if matches!(trimmed.to_ascii_uppercase().as_str(), "OGC:CRS84" | "CRS84" | "WGS84" | "WGS 84")
        || trimmed.ends_with(":CRS84")
        || trimmed.ends_with("/CRS84")
    {
        return Ok(Crs::wgs84());
    }
    match trimmed.split_once('+') {
        Some((horizontal, vertical)) if !vertical.is_empty() => code(horizontal),
        _ => code(trimmed),
    }
}

/// `EPSG:32633`, `32633`, `urn:ogc:def:crs:EPSG::32633` or `http://www.opengis.net/def/crs/EPSG/0/32633`.
fn code(text: &str) -> Result<Crs> {
    let lower = text.to_ascii_lowercase();
    let body = lower.trim_end_matches(['#', '/']);
    let words: Vec<&str> = body.split([':', '/', '#']).filter(|w| !w.is_empty()).collect();
    let number = words.last().and_then(|w| w.trim_end_matches(".xml").parse::<u32>().ok());
    let authority =
        words.iter().rev().skip(1).find_map(|w| Authority::named(w.trim_end_matches(".xml")));
    match (number, authority, words.len()) {
        (Some(code), Some(authority), _) => Crs::of_code(authority, code),
        (Some(code), None, 1) => Crs::epsg(code),
        (Some(_), None, _) => Err(Error::UnknownCrs {
            code: text.to_owned(),
            hint: "only EPSG and ESRI codes are known; give the PROJ string or WKT".to_owned(),
        }),
        (None, ..) => Err(Error::crs(
            "CRS",
            text,
            "expected a code like EPSG:32633, an OGC URN, a PROJ string, WKT or PROJJSON",
        )),
    }
}

/// A PROJ string.
pub(super) fn proj4(text: &str) -> Result<Crs> {
    let params = ProjString::parse(text);
    let bad = |reason: String| Err(Error::crs("PROJ string", text, reason));
    if params.projection() == "pipeline" {
        return bad("a pipeline is a transform, not a CRS".to_owned());
    }
    if params.projection().is_empty() {
        return bad("there is no +proj".to_owned());
    }
    if params.ellipsoid().is_none() {
        let name = params.get("ellps").or_else(|| params.get("datum")).unwrap_or_default();
        return bad(format!("unknown ellipsoid or datum {name:?}"));
    }
    if params.has("vunits") || params.has("geoidgrids") {
        return bad("vertical parts are not supported".to_owned());
    }
    let datum = datum_of(&params);
    let name = params.get("title").unwrap_or("unknown").to_owned();
    Ok(Crs::of(Crs::definition(text.trim(), &name, datum)))
}

pub(super) fn datum_of(params: &ProjString) -> Datum {
    if let Some(grids) = params.get("nadgrids") {
        let shift = if grids == "@null" { Shift::Null } else { Shift::Grid(grids.to_owned()) };
        return Datum { name: String::new(), shift };
    }
    if let Some(shift) = params.get("towgs84").and_then(Shift::from_towgs84) {
        return Datum { name: String::new(), shift };
    }
    let code = match params.get("datum").unwrap_or_default() {
        "WGS84" => {
            return Datum { name: "World Geodetic System 1984".to_owned(), shift: Shift::Null };
        }
        "NAD83" => {
            return Datum { name: "North American Datum 1983".to_owned(), shift: Shift::Null };
        }
        "NAD27" => 4267,
        "GGRS87" => 4121,
        "potsdam" => 4314,
        "carthage" => 4223,
        "hermannskogel" => 3906,
        "ire65" => 4299,
        "nzgd49" => 4272,
        "OSGB36" => 4277,
        _ => return Datum::unknown(),
    };
    Crs::epsg(code).map_or_else(|_| Datum::unknown(), |crs| crs.inner().datum.clone())
}
