//! The attributes that let xarray, rioxarray, odc-geo and GDAL open a cube as it is.
//!
//! Sources: CF conventions 1.11 (grid mappings, packed data); the Zarr conventions `proj` and
//! `spatial` 0.1, registered under their names of both generations, because rioxarray up to 0.23
//! knows only the older ones.

use serde_json::{Map, Value, json};
use terracube_grid::GeoBox;
use terracube_raster::DType;

use crate::{Band, Harmonise, Schema};

/// The key of the group attribute that holds the declaration.
pub(crate) const CUBE_KEY: &str = "terracube";
/// The name of the scalar array that holds the grid mapping.
pub(crate) const GRID_MAPPING: &str = "spatial_ref";

/// What a group holding this cube says.
pub(crate) fn group(schema: &Schema, geobox: &GeoBox) -> Map<String, Value> {
    let mut out = georeference(geobox);
    out.insert("Conventions".into(), json!("CF-1.11"));
    out.insert("title".into(), json!(schema.title.as_deref().unwrap_or(&schema.name)));
    if let Some(license) = &schema.license {
        out.insert("license".into(), json!(license));
    }
    out
}

/// What a band's array says.
pub(crate) fn band(band: &Band, geobox: &GeoBox) -> Map<String, Value> {
    let mut out = georeference(geobox);
    out.insert("grid_mapping".into(), json!(GRID_MAPPING));
    if let Some(fill) = band.nodata_value().and_then(|v| fill_attribute(band.dtype, v)) {
        out.insert("_FillValue".into(), fill);
    }
    let texts = [
        ("units", &band.units),
        ("long_name", &band.long_name),
        ("standard_name", &band.standard_name),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            out.insert(key.into(), json!(text));
        }
    }
    if band.scale.is_some() || band.offset.is_some() {
        out.insert("scale_factor".into(), json!(band.scale.unwrap_or(1.0)));
        out.insert("add_offset".into(), json!(band.offset.unwrap_or(0.0)));
    }
    if matches!(band.harmonise, Harmonise::Item | Harmonise::Sentinel2) {
        let how = json!(band.harmonise).as_str().unwrap_or_default().to_owned();
        let comment = format!(
            "numbers of sources with another scale or offset were brought to these (harmonise = {how})"
        );
        out.insert("comment".into(), json!(comment));
    }
    out
}

/// What the scalar grid mapping says.
pub(crate) fn grid_mapping(geobox: &GeoBox) -> Map<String, Value> {
    let mut out = geobox.crs.cf().unwrap_or_default();
    if let Some(wkt) = geobox.crs.wkt2() {
        out.insert("crs_wkt".into(), json!(wkt));
        out.insert("spatial_ref".into(), json!(wkt));
    }
    let t = geobox.affine;
    out.insert(
        "GeoTransform".into(),
        json!(format!("{} {} {} {} {} {}", t.c, t.a, t.b, t.f, t.d, t.e)),
    );
    out
}

/// What the x (`true`) or y coordinate says.
pub(crate) fn axis(geobox: &GeoBox, is_x: bool) -> Map<String, Value> {
    let axis = if is_x { "X" } else { "Y" };
    let letter = if is_x { "x" } else { "y" };
    let value = if geobox.crs.is_geographic() {
        let (name, units) =
            if is_x { ("longitude", "degrees_east") } else { ("latitude", "degrees_north") };
        json!({"standard_name": name, "long_name": name, "units": units, "axis": axis})
    } else {
        json!({
            "standard_name": format!("projection_{letter}_coordinate"),
            "long_name": format!("{letter} coordinate of projection"),
            "units": geobox.crs.unit_name(),
            "axis": axis,
        })
    };
    into_map(value)
}

/// What the time coordinate says; `bounds` names the array of period limits.
pub(crate) fn time(bounds: Option<&str>) -> Map<String, Value> {
    let mut out = into_map(json!({
        "standard_name": "time", "long_name": "time", "axis": "T",
        "units": TIME_UNITS, "calendar": "proleptic_gregorian",
    }));
    if let Some(bounds) = bounds {
        out.insert("bounds".into(), json!(bounds));
    }
    out
}

/// The units of stored times.
pub(crate) const TIME_UNITS: &str = "seconds since 1970-01-01";

/// Zarr's `fill_value` for a number.
pub(crate) fn fill_value(dtype: DType, value: f64) -> Value {
    match dtype {
        _ if value.is_nan() => json!("NaN"),
        _ if value == f64::INFINITY => json!("Infinity"),
        _ if value == f64::NEG_INFINITY => json!("-Infinity"),
        _ if dtype.is_float() => json!(value),
        _ => integer(value),
    }
}

pub(crate) fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// xarray reads a float `_FillValue` only as base64 of a little-endian float64, and needs none
/// where the fill value is NaN.
fn fill_attribute(dtype: DType, nodata: f64) -> Option<Value> {
    match dtype.is_float() {
        true if nodata.is_nan() => None,
        true => Some(json!(base64_of(&nodata.to_le_bytes()))),
        false => Some(integer(nodata)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer band's nodata is checked to fit")]
fn integer(value: f64) -> Value {
    json!(value as i64)
}

fn georeference(geobox: &GeoBox) -> Map<String, Value> {
    let (t, b) = (geobox.affine, geobox.bounds());
    let mut out = into_map(json!({
        "zarr_conventions": conventions(),
        "spatial:dimensions": ["y", "x"],
        "spatial:transform": [t.a, t.b, t.c, t.d, t.e, t.f],
        "spatial:transform_type": "affine",
        "spatial:shape": [geobox.height, geobox.width],
        "spatial:bbox": [b.min_x, b.min_y, b.max_x, b.max_y],
        "spatial:registration": "pixel",
    }));
    if let Some((authority, code)) = geobox.crs.authority() {
        out.insert("proj:code".into(), json!(format!("{authority}:{code}")));
    }
    if let Some(wkt) = geobox.crs.wkt2() {
        out.insert("proj:wkt2".into(), json!(wkt));
    }
    out
}

fn conventions() -> Value {
    const PROJ: &str = "f17cb550-5864-4468-aeb7-f3180cfb622f";
    const SPATIAL: &str = "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4";
    const RAW: &str = "https://raw.githubusercontent.com/zarr-conventions";
    const WEB: &str = "https://github.com/zarr-conventions";
    let entry = |uuid: &str, name: &str, repository: &str, tag: &str, about: &str| {
        json!({
            "uuid": uuid, "name": name, "description": about,
            "schema_url": format!("{RAW}/{repository}/refs/tags/{tag}/schema.json"),
            "spec_url": format!("{WEB}/{repository}/blob/{tag}/README.md"),
        })
    };
    let (crs, place) = ("Coordinate reference system", "Spatial coordinates of a grid");
    json!([
        entry(PROJ, "proj", "proj", "v0.1", crs),
        entry(SPATIAL, "spatial", "spatial", "v0.1", place),
        entry(PROJ, "proj:", "geo-proj", "v1", crs),
        entry(SPATIAL, "spatial:", "spatial", "v1", place),
    ])
}

fn base64_of(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            out.push(if i <= three.len() {
                char::from(ALPHABET[(word >> (18 - 6 * i)) as usize & 63])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_fill_attribute_is_what_xarray_decodes() {
        // python3 -c "import base64,struct; print(base64.b64encode(struct.pack('<d', -9999.0)))"
        assert_eq!(fill_attribute(DType::F32, -9999.0), Some(json!("AAAAAICHw8A=")));
        assert_eq!(fill_attribute(DType::F32, f64::NAN), None);
        assert_eq!(fill_attribute(DType::I16, -9999.0), Some(json!(-9999)));
    }
}
