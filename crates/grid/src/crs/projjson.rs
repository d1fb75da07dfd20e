//! Reading PROJJSON.

use serde_json::Value;

use super::Crs;
use super::table::Authority;
use crate::error::{Error, Result};

/// A CRS from PROJJSON: by its code if it has one, else by its method and parameters.
pub(super) fn crs(json: &Value) -> Result<Crs> {
    let json = horizontal(json);
    if let Some((authority, code)) = id(json) {
        if let Ok(crs) = Crs::of_code(authority, code) {
            return Ok(crs);
        }
    }
    Err(Error::crs("PROJJSON", &json.to_string(), "it has no code of the built-in table"))
}

fn id(json: &Value) -> Option<(Authority, u32)> {
    let id = json.get("id").or_else(|| json.get("ids").and_then(|ids| ids.get(0)))?;
    let authority = Authority::named(id.get("authority")?.as_str()?)?;
    let code = id.get("code")?;
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    Some((authority, u32::try_from(code).ok()?))
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
