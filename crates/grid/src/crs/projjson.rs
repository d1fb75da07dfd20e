//! Reading PROJJSON.

use serde_json::Value;

use super::datum::{Datum, Shift, named_shift};
use super::table::Authority;
use super::{Crs, ProjString, bound, method, parse};
use crate::error::{Error, Result};

/// A CRS from PROJJSON: by its code if it has one, else by its method and parameters.
pub(super) fn crs(json: &Value) -> Result<Crs> {
    let whole = json;
    let json = horizontal(whole);
    if let Some((authority, code)) = id(json)
        && let Ok(crs) = Crs::of_code(authority, code)
    {
        return Ok(crs);
    }
    let bad = |reason: &str| Error::crs("PROJJSON", &json.to_string(), reason);
    let base = json.get("base_crs").unwrap_or(json);
    let mut text = match json.get("conversion") {
        Some(conversion) => {
            conversion_text(conversion).ok_or_else(|| bad("its method is not known here"))?
        }
        None => "+proj=longlat".to_owned(),
    };
    let datum = base
        .get("datum")
        .or_else(|| base.get("datum_ensemble"))
        .ok_or_else(|| bad("it has no datum"))?;
    let (a, shape) = ellipsoid_text(datum).ok_or_else(|| bad("it has no ellipsoid"))?;
    // The spherical form on an ellipsoid is web mercator: the sphere has the ellipsoid's radius.
    if text.starts_with("+proj=merc +lat_ts=0") {
        text.push_str(&format!(" +a={a} +b={a}"));
    } else {
        text.push_str(&format!(" +a={a}{shape}"));
    }
    if let Some(meridian) = datum.pointer("/prime_meridian/longitude").and_then(measure)
        && meridian != 0.0
    {
        text.push_str(&format!(" +pm={meridian}"));
    }
    let unit = json.pointer("/coordinate_system/axis/0/unit").map(unit_factor);
    if json.get("conversion").is_some() {
        match unit.flatten() {
            Some(factor) if factor != 1.0 && !text.contains("ob_tran") => {
                text.push_str(&format!(" +to_meter={factor}"))
            }
            _ => {}
        }
    }
    let way = shift(whole);
    if let Some(way) = &way {
        text.push_str(&format!(" {way}"));
    }
    let name = json.get("name").and_then(Value::as_str).unwrap_or("unknown");
    let base_code = id(base).and_then(|(authority, code)| Crs::of_code(authority, code).ok());
    let datum = match base_code {
        Some(crs) => crs.inner().datum.clone(),
        None => {
            let name = datum.get("name").and_then(Value::as_str).unwrap_or_default();
            let shift = match (named_shift(name), &way) {
                (Shift::Unknown, Some(way)) => parse::datum_of(&ProjString::parse(way)).shift,
                (_, None) if is_bound(whole) => Shift::Unknown,
                (known, _) => known,
            };
            Datum { name: name.to_owned(), shift }
        }
    };
    let mut made = Crs::definition(&text, name, datum);
    if let Some(unit) = json.pointer("/coordinate_system/axis/0/unit").filter(|_| made.geographic)
        && let Some(factor) = unit.get("conversion_factor").and_then(Value::as_f64)
    {
        made.unit_name = unit.get("name").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        made.unit_factor = factor;
    }
    made.source = Some(if way.is_some() { whole.to_string() } else { json.to_string() });
    Ok(Crs::of(made))
}

fn conversion_text(conversion: &Value) -> Option<String> {
    let method = conversion.get("method")?;
    let values: Vec<method::Value> = conversion
        .get("parameters")?
        .as_array()?
        .iter()
        .filter_map(|p| {
            Some(method::Value {
                name: p.get("name")?.as_str()?.to_owned(),
                code: code(p),
                size: sized(p)?,
            })
        })
        .collect();
    method::to_proj(method.get("name")?.as_str()?, code(method), &values)
}

/// A conversion parameter in degrees, metres or one.
fn sized(parameter: &Value) -> Option<f64> {
    let value = parameter.get("value")?.as_f64()?;
    Some(match parameter.get("unit") {
        Some(unit) => value * unit_factor(unit)?,
        None => value,
    })
}

/// A number, or a value with its unit.
fn measure(json: &Value) -> Option<f64> {
    json.as_f64().or_else(|| sized(json))
}

/// Per degree, metre or one.
fn unit_factor(unit: &Value) -> Option<f64> {
    match unit.as_str() {
        Some("degree" | "metre" | "unity") => Some(1.0),
        Some(_) => None,
        None => {
            let factor = unit.get("conversion_factor")?.as_f64()?;
            let angular = unit.get("type").and_then(Value::as_str) == Some("AngularUnit");
            Some(if angular { factor.to_degrees() } else { factor })
        }
    }
}

/// The semi-major axis, and the rest of the shape as PROJ parameters.
fn ellipsoid_text(datum: &Value) -> Option<(f64, String)> {
    let ellipsoid = datum.get("ellipsoid")?;
    if let Some(radius) = ellipsoid.get("radius").and_then(measure) {
        return Some((radius, format!(" +b={radius}")));
    }
    let a = ellipsoid.get("semi_major_axis").and_then(measure)?;
    if let Some(rf) = ellipsoid.get("inverse_flattening").and_then(measure) {
        return Some((a, if rf == 0.0 { format!(" +b={a}") } else { format!(" +rf={rf}") }));
    }
    let b = ellipsoid.get("semi_minor_axis").and_then(measure)?;
    Some((a, format!(" +b={b}")))
}

fn code(json: &Value) -> u32 {
    json.pointer("/id/code")
        .and_then(Value::as_u64)
        .and_then(|c| u32::try_from(c).ok())
        .unwrap_or(0)
}

fn id(json: &Value) -> Option<(Authority, u32)> {
    let id = json.get("id").or_else(|| json.get("ids").and_then(|ids| ids.get(0)))?;
    let authority = Authority::named(id.get("authority")?.as_str()?)?;
    let code = id.get("code")?;
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    Some((authority, u32::try_from(code).ok()?))
}

fn is_bound(json: &Value) -> bool {
    json.get("type").and_then(Value::as_str) == Some("BoundCRS")
}

/// What a bound CRS says of the way to WGS 84, or to a datum that counts as the same.
fn shift(json: &Value) -> Option<String> {
    if !is_bound(json) {
        let is_compound = json.get("type").and_then(Value::as_str) == Some("CompoundCRS");
        return shift(json.pointer("/components/0").filter(|_| is_compound)?);
    }
    if crs(json.get("target_crs")?).ok()?.inner().datum.shift != Shift::Null {
        return None;
    }
    let way = json.get("transformation")?;
    let parameters = way.get("parameters")?.as_array()?;
    if let Some(file) = parameters.iter().find_map(|p| p.get("value")?.as_str()) {
        return Some(bound::grid(file));
    }
    let value = |p: &Value| {
        let (value, unit) = (p.get("value")?.as_f64()?, p.get("unit")?);
        let factor = unit.get("conversion_factor").and_then(Value::as_f64).unwrap_or(1.0);
        let value = match unit.get("type").and_then(Value::as_str) {
            Some("AngularUnit") => (value * factor).to_degrees() * 3600.0,
            Some("ScaleUnit") => value * factor * 1e6,
            _ => value * factor,
        };
        Some((p.get("name")?.as_str()?.to_owned(), value))
    };
    let values: Vec<bound::Value> = parameters.iter().filter_map(value).collect();
    bound::helmert(way.pointer("/method/name")?.as_str()?, &values)
}

/// The horizontal CRS inside a bound or compound one.
fn horizontal(json: &Value) -> &Value {
    let inner = match json.get("type").and_then(Value::as_str) {
        Some("BoundCRS") => json.get("source_crs"),
        Some("CompoundCRS") => json.get("components").and_then(|c| c.get(0)),
        _ => None,
    };
    inner.map_or(json, horizontal)
}
