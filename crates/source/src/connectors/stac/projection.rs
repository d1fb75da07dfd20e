//! The projection extension: CRS, shape and transform of an asset.

use serde_json::{Map, Value};
use terracube_grid::{Affine, Crs, GeoBox};

const CRS_KEYS: [&str; 4] = ["proj:code", "proj:epsg", "proj:wkt2", "proj:projjson"];

/// The CRS that the asset names, else that of its item. `None` when neither names one, or one that
/// is not supported: the file will tell.
pub(super) fn crs(asset: &Value, of_item: impl FnOnce() -> Option<Crs>) -> Option<Crs> {
    match asset.as_object().filter(|own| CRS_KEYS.iter().any(|key| own.contains_key(*key))) {
        Some(own) => crs_of(own),
        None => of_item(),
    }
}

/// The CRS that these properties name.
pub(super) fn crs_of(named: &Map<String, Value>) -> Option<Crs> {
    CRS_KEYS.iter().find_map(|key| {
        let value = named.get(*key)?;
        match *key {
            "proj:epsg" => Crs::epsg(u32::try_from(value.as_u64()?).ok()?).ok(),
            "proj:projjson" => value.is_object().then(|| Crs::from_projjson(value).ok())?,
            _ => Crs::parse(value.as_str()?).ok(),
        }
    })
}

/// The pixel grid, when shape and transform are given for the asset, or for its item.
pub(super) fn geobox(
    asset: &Value,
    item: Option<&Map<String, Value>>,
    crs: Option<&Crs>,
) -> Option<GeoBox> {
    let has_both = |map: &&Map<String, Value>| {
        map.contains_key("proj:shape") && map.contains_key("proj:transform")
    };
    // One from here and one from there would be a grid that nobody means.
    let named = asset.as_object().filter(has_both).or_else(|| {
        let own = asset.as_object()?;
        let partly = own.contains_key("proj:shape") || own.contains_key("proj:transform");
        item.filter(|_| !partly).filter(has_both)
    })?;
    let shape = named["proj:shape"].as_array()?;
    let [height, width] = shape.as_slice() else { return None };
    let size = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let transform: Vec<f64> =
        named["proj:transform"].as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    let &[a, b, c, d, e, f, ..] = transform.as_slice() else { return None };
    GeoBox::new(crs?.clone(), Affine::new(a, b, c, d, e, f), size(width)?, size(height)?).ok()
}
