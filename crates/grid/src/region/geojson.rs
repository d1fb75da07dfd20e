//! Regions from and to GeoJSON.

use geo::orient::Direction;
use geo::{Coord, LineString, MultiPolygon, Orient, Polygon};
use serde_json::{Value, json};

use crate::crs::Crs;
use crate::error::{Error, Result};

/// The CRS and all polygons of a GeoJSON object.
pub(super) fn read(json: &Value) -> Result<(Crs, MultiPolygon)> {
    let crs = match json.pointer("/crs/properties/name").and_then(Value::as_str) {
        Some(name) => Crs::parse(name)?,
        None => Crs::wgs84(),
    };
    let mut polygons = Vec::new();
    collect(json, &mut polygons, 0)?;
    if polygons.is_empty() {
        return Err(Error::region("the GeoJSON holds no polygon"));
    }
    Ok((crs, MultiPolygon(polygons)))
}

/// A Polygon or MultiPolygon geometry.
pub(super) fn write(shape: &MultiPolygon) -> Value {
    let polygons: Vec<Value> = shape
        .0
        .iter()
        .map(|polygon| {
            let polygon = polygon.orient(Direction::Default);
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            rings.map(|ring| ring.0.iter().map(|c| json!([c.x, c.y])).collect::<Value>()).collect()
        })
        .collect();
    match <[Value; 1]>::try_from(polygons) {
        Ok([one]) => json!({ "type": "Polygon", "coordinates": one }),
        Err(many) => json!({ "type": "MultiPolygon", "coordinates": many }),
    }
}

fn collect(json: &Value, into: &mut Vec<Polygon>, depth: usize) -> Result<()> {
    const DEEPEST: usize = 16;
    if depth > DEEPEST {
        return Err(Error::region("the GeoJSON is nested too deeply"));
    }
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
    let list = |key: &str| {
        json.get(key)
            .and_then(Value::as_array)
            .ok_or_else(|| Error::region(format!("{kind} without {key}")))
    };
    match kind {
        "Polygon" => into.push(polygon(list("coordinates")?)?),
        "MultiPolygon" => {
            for rings in list("coordinates")? {
                into.push(polygon(
                    rings.as_array().ok_or_else(|| Error::region("MultiPolygon without rings"))?,
                )?);
            }
        }
        "GeometryCollection" => {
            for geometry in list("geometries")? {
                collect(geometry, into, depth + 1)?;
            }
        }
        "Feature" => match json.get("geometry") {
            Some(Value::Null) | None => {}
            Some(geometry) => collect(geometry, into, depth + 1)?,
        },
        "FeatureCollection" => {
            for feature in list("features")? {
                collect(feature, into, depth + 1)?;
            }
        }
        "Point" | "MultiPoint" | "LineString" | "MultiLineString" => {
            return Err(Error::region(format!("a {kind} has no area; give a polygon")));
        }
        other => return Err(Error::region(format!("{other:?} is no GeoJSON type"))),
    }
    Ok(())
}

fn polygon(rings: &[Value]) -> Result<Polygon> {
    let mut rings = rings.iter().map(ring).collect::<Result<Vec<_>>>()?.into_iter();
    let outer = rings.next().ok_or_else(|| Error::region("a polygon without rings"))?;
    Ok(Polygon::new(outer, rings.collect()))
}

fn ring(json: &Value) -> Result<LineString> {
    let positions = json.as_array().ok_or_else(|| Error::region("a ring that is no list"))?;
    let coords = positions.iter().map(|position| {
        let number = |i: usize| position.get(i).and_then(Value::as_f64).filter(|v| v.is_finite());
        number(0)
            .zip(number(1))
            .map(|(x, y)| Coord { x, y })
            .ok_or_else(|| Error::region(format!("{position} is no position")))
    });
    let mut coords = coords.collect::<Result<Vec<_>>>()?;
    if coords.len() > 2 && coords.first() != coords.last() {
        coords.push(coords[0]);
    }
    if coords.len() < 4 {
        return Err(Error::region("a ring with fewer than three corners"));
    }
    Ok(LineString(coords))
}
