//! What an item says of bands: `bands` of STAC 1.1, `raster:bands` and `eo:bands` before.

use serde_json::{Map, Value};

use crate::{BandInfo, Bitfield, Class};

/// The bands of an asset, in the order of the file.
pub(super) fn bands(asset: &Value, properties: &Map<String, Value>) -> Vec<BandInfo> {
    let list = |key: &str| asset[key].as_array().map_or(&[][..], Vec::as_slice);
    let (new, raster, eo) = (list("bands"), list("raster:bands"), list("eo:bands"));
    let count = new.len().max(raster.len()).max(eo.len());
    let whole = band(asset);
    let says_something = BandInfo { name: None, common_name: None, unit: None, ..whole.clone() }
        != BandInfo::default();
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
        classes: classes(json.get("classification:classes")),
        bitfields: bitfields(json.get("classification:bitfields")),
    }
}

/// What values mean; those without a name, or whose value is not a natural number, say nothing.
fn classes(list: Option<&Value>) -> Vec<Class> {
    let class = |json: &Value| {
        Some(Class { value: json["value"].as_u64()?, name: json["name"].as_str()?.to_owned() })
    };
    list.and_then(Value::as_array).into_iter().flatten().filter_map(class).collect()
}

fn bitfields(list: Option<&Value>) -> Vec<Bitfield> {
    let bits = |json: &Value| u32::try_from(json.as_u64()?).ok().filter(|n| *n <= 64);
    let field = |json: &Value| {
        Some(Bitfield {
            name: json["name"].as_str()?.to_owned(),
            offset: bits(&json["offset"])?,
            length: bits(&json["length"])?,
            classes: classes(json.get("classes")),
        })
    };
    list.and_then(Value::as_array).into_iter().flatten().filter_map(field).collect()
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
    if band.classes.is_empty() {
        band.classes = other.classes;
    }
    if band.bitfields.is_empty() {
        band.bitfields = other.bitfields;
    }
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
            ..BandInfo::default()
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
    fn classes_and_bitfields_are_read_at_the_asset_and_at_its_band() {
        let classes = json!([{"value": 3, "name": "cloud_shadows"}, {"value": -1, "name": "x"}]);
        let expected = [Class { value: 3, name: "cloud_shadows".to_owned() }];
        assert_eq!(of(json!({"classification:classes": classes}))[0].classes, expected);
        let v10 = of(json!({"raster:bands": [{"nodata": 0, "classification:classes": classes}]}));
        assert_eq!(v10[0].classes, expected);
        let field = json!({"name": "cloud_confidence", "offset": 8, "length": 2,
            "classes": [{"value": 3, "name": "high"}]});
        let qa = of(json!({"classification:bitfields": [field], "raster:bands": [{"nodata": 1}]}));
        let high = Class { value: 3, name: "high".to_owned() };
        let expected = Bitfield {
            name: "cloud_confidence".to_owned(),
            offset: 8,
            length: 2,
            classes: vec![high],
        };
        assert_eq!((qa[0].nodata, qa[0].bitfields.as_slice()), (Some(1.0), &[expected][..]));
    }

    #[test]
    fn nothing_said_is_no_band() {
        assert!(of(json!({"href": "x"})).is_empty());
        assert_eq!(of(json!({"data_type": "int16"})).len(), 1);
    }
}
