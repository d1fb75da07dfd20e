//! What an item says of bands: `bands` of STAC 1.1, `raster:bands` and `eo:bands` before.

use serde_json::{Map, Value};

use crate::BandInfo;

/// The bands of an asset, in the order of the file.
pub(super) fn bands(asset: &Value, properties: &Map<String, Value>) -> Vec<BandInfo> {
    let list = |key: &str| asset[key].as_array().map_or(&[][..], Vec::as_slice);
    let (new, raster, eo) = (list("bands"), list("raster:bands"), list("eo:bands"));
    let count = new.len().max(raster.len()).max(eo.len());
    let whole = band(asset);
    let says_something = whole.dtype.is_some() || whole.nodata.is_some() || whole.scale.is_some();
    if count == 0 {
        return if says_something { vec![BandInfo { name: None, ..whole }] } else { Vec::new() };
    }
    (0..count)
        .map(|index| {
            let at = |all: &[Value]| all.get(index).map(|one| band(referred(one, properties)));
            let mut merged = at(new).unwrap_or_default();
            for other in [at(raster), at(eo), Some(BandInfo { name: None, ..whole.clone() })] {
                fill(&mut merged, other.unwrap_or_default());
            }
            merged
        })
        .collect()
}

/// A band, or the one of the item that an index of STAC 0.8 and 0.9 refers to.
fn referred<'a>(one: &'a Value, properties: &'a Map<String, Value>) -> &'a Value {
    let all = || properties.get("eo:bands")?.as_array();
    let by_index = || all()?.get(usize::try_from(one.as_u64()?).ok()?);
    let by_name = || all()?.iter().find(|band| one.is_string() && band["name"] == *one);
    by_index().or_else(by_name).unwrap_or(one)
}

fn band(json: &Value) -> BandInfo {
    let text =
        |keys: &[&str]| keys.iter().find_map(|key| json.get(*key)?.as_str()).map(str::to_owned);
    let number = |keys: &[&str]| keys.iter().find_map(|key| number(json.get(*key)?));
    BandInfo {
        name: text(&["name"]),
        common_name: text(&["eo:common_name", "common_name"]),
        dtype: text(&["data_type", "file:data_type"]),
        nodata: number(&["nodata", "file:nodata"]),
        scale: number(&["raster:scale", "scale"]),
        offset: number(&["raster:offset", "offset"]),
        unit: text(&["unit", "file:unit"]),
    }
}

/// Takes from `other` what `band` does not say.
fn fill(band: &mut BandInfo, other: BandInfo) {
    band.name = band.name.take().or(other.name);
    band.common_name = band.common_name.take().or(other.common_name);
    band.dtype = band.dtype.take().or(other.dtype);
    band.nodata = band.nodata.or(other.nodata);
    band.scale = band.scale.or(other.scale);
    band.offset = band.offset.or(other.offset);
    band.unit = band.unit.take().or(other.unit);
}

/// A number, also one of those that JSON has no number for.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" | "infinity" => Some(f64::INFINITY),
            "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
            digits => digits.parse().ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(asset: Value) -> Vec<BandInfo> {
        bands(&asset, &Map::new())
    }

    #[test]
    fn three_generations_say_the_same() {
        let expected = BandInfo {
            name: Some("B02".to_owned()),
            common_name: Some("blue".to_owned()),
            dtype: Some("uint16".to_owned()),
            nodata: Some(0.0),
            scale: Some(0.0001),
            offset: Some(-0.1),
            unit: None,
        };
        let v11 = of(json!({"data_type": "uint16", "nodata": 0, "raster:scale": 0.0001,
            "bands": [{"name": "B02", "eo:common_name": "blue", "raster:offset": -0.1}]}));
        let v10 = of(json!({"eo:bands": [{"name": "B02", "common_name": "blue"}],
            "raster:bands": [{"data_type": "uint16", "nodata": 0, "scale": 0.0001, "offset": -0.1}]}));
        assert_eq!(v11, v10);
        assert_eq!(v10, [expected]);
        let item = json!({"eo:bands": [{"name": "B01"}, {"name": "B02", "common_name": "blue"}]});
        let v08 = bands(&json!({"eo:bands": [1]}), item.as_object().unwrap());
        assert_eq!(v08[0].common_name.as_deref(), Some("blue"));
    }

    #[test]
    fn nodata_as_text() {
        assert!(of(json!({"raster:bands": [{"nodata": "nan"}]}))[0].nodata.unwrap().is_nan());
        assert_eq!(
            of(json!({"raster:bands": [{"nodata": "-inf"}]}))[0].nodata,
            Some(f64::NEG_INFINITY)
        );
        assert_eq!(of(json!({"raster:bands": [{"nodata": null}]}))[0].nodata, None);
    }

    #[test]
    fn nothing_said_is_no_band() {
        assert!(of(json!({"href": "x"})).is_empty());
        assert_eq!(of(json!({"data_type": "int16"})).len(), 1);
    }
}
