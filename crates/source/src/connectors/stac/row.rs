//! A row of a stac-geoparquet file as the JSON of an item.

use geozero::ToJson;
use geozero::wkb::Wkb;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::record::{Field, Row};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Map, Value, json};
use terracube_grid::Time;

/// The columns that stand beside `properties` in an item.
const BESIDE: [&str; 8] =
    ["type", "stac_version", "stac_extensions", "id", "links", "assets", "collection", "geometry"];

/// The item of a row of this schema. What is null is left out.
pub(super) fn item(row: &Row, schema: &Type) -> Value {
    let mut item = Map::new();
    let mut properties = Map::new();
    for (name, field) in row.get_column_iter() {
        let found = match name.as_str() {
            "geometry" => geometry(field),
            "bbox" => bbox(field),
            _ => value(field, member(Some(schema), name)),
        };
        let Some(found) = found else { continue };
        if BESIDE.contains(&name.as_str()) || name == "bbox" {
            item.insert(name.clone(), found);
        } else {
            properties.insert(name.clone(), found);
        }
    }
    item.insert("type".to_owned(), json!("Feature"));
    item.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(item)
}

fn geometry(field: &Field) -> Option<Value> {
    let Field::Bytes(bytes) = field else { return None };
    let text = Wkb(bytes.data().to_vec()).to_json().ok()?;
    serde_json::from_str(&text).ok()
}

/// A bounding box, of corners by name or as a list.
fn bbox(field: &Field) -> Option<Value> {
    let found = value(field, None)?;
    let Some(corners) = found.as_object() else { return Some(found) };
    let get = |name: &str| corners.get(name).cloned();
    Some(json!([get("xmin")?, get("ymin")?, get("xmax")?, get("ymax")?]))
}

/// What a field says; its type tells times in nanoseconds from numbers.
fn value(field: &Field, kind: Option<&Type>) -> Option<Value> {
    Some(match field {
        Field::Long(nanos) if kind.is_some_and(is_nanos) => time(nanos.div_euclid(1000))?,
        Field::Bool(value) => json!(value),
        Field::Byte(value) => json!(value),
        Field::Short(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Long(value) => json!(value),
        Field::UByte(value) => json!(value),
        Field::UShort(value) => json!(value),
        Field::UInt(value) => json!(value),
        Field::ULong(value) => json!(value),
        Field::Float(value) => number(f64::from(*value)),
        Field::Double(value) => number(*value),
        Field::Str(text) => json!(text),
        Field::TimestampMillis(millis) => time(millis.checked_mul(1000)?)?,
        Field::TimestampMicros(micros) => time(*micros)?,
        Field::Group(row) => {
            let pairs = row.get_column_iter();
            let of = |name: &String, field| Some((name.clone(), value(field, member(kind, name))?));
            let known: Map<String, Value> =
                pairs.filter_map(|(name, field)| of(name, field)).collect();
            // An asset that this item does not have.
            if known.is_empty() {
                return None;
            }
            Value::Object(known)
        }
        Field::ListInternal(list) => {
            let all = list.elements().iter();
            let kind = element(kind);
            Value::Array(all.map(|one| value(one, kind).unwrap_or(Value::Null)).collect())
        }
        Field::MapInternal(map) => {
            let kind = fields(fields(kind).first().map(|pair| &**pair)).get(1);
            let pairs = map.entries().iter().filter_map(|(key, one)| {
                let Field::Str(key) = key else { return None };
                Some((key.clone(), value(one, kind.map(|kind| &**kind))?))
            });
            Value::Object(pairs.collect())
        }
        _ => return None,
    })
}

fn is_nanos(kind: &Type) -> bool {
    let logical = kind.get_basic_info().logical_type_ref();
    matches!(logical, Some(LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS)
}

fn fields(kind: Option<&Type>) -> &[TypePtr] {
    kind.filter(|kind| kind.is_group()).map_or(&[], Type::get_fields)
}

fn member<'a>(kind: Option<&'a Type>, name: &str) -> Option<&'a Type> {
    fields(kind).iter().find(|field| field.name() == name).map(|field| &**field)
}

/// The type of the elements of a list: in a repeated group of one field, or repeated itself.
fn element(list: Option<&Type>) -> Option<&Type> {
    let repeated = &**fields(list).first()?;
    match fields(Some(repeated)) {
        [one] => Some(one),
        _ => Some(repeated),
    }
}

fn time(micros: i64) -> Option<Value> {
    Some(json!(Time::from_micros(micros).ok()?.to_string()))
}

/// A number, or the word that STAC has for one that JSON has not.
fn number(value: f64) -> Value {
    if value.is_nan() {
        return json!("nan");
    }
    if value.is_infinite() {
        return json!(if value > 0.0 { "inf" } else { "-inf" });
    }
    // Shapes and codes that came by way of floating point are whole numbers in an item.
    json!(value)
}
