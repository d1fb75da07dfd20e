//! Attributes of netCDF variables as numbers, text and JSON.

use ::netcdf::{AttributeValue, Variable};
use serde_json::{Map, Value, json};

/// The numbers of an attribute; none when absent or of another kind.
pub(super) fn numbers(variable: &Variable<'_>, name: &str) -> Vec<f64> {
    variable.attribute_value(name).and_then(Result::ok).map(of_value).unwrap_or_default()
}

/// The first number of an attribute.
pub(super) fn number(variable: &Variable<'_>, name: &str) -> Option<f64> {
    numbers(variable, name).first().copied()
}

/// The text of an attribute.
pub(super) fn text(variable: &Variable<'_>, name: &str) -> Option<String> {
    match variable.attribute_value(name)?.ok()? {
        AttributeValue::Str(text) => Some(text),
        AttributeValue::Strs(texts) => texts.into_iter().next(),
        _ => None,
    }
}

/// Whether an attribute is of floating-point type.
pub(super) fn is_float(variable: &Variable<'_>, name: &str) -> bool {
    use AttributeValue::{Double, Doubles, Float, Floats};
    let value = variable.attribute_value(name).and_then(Result::ok);
    matches!(value, Some(Float(_) | Floats(_) | Double(_) | Doubles(_)))
}

/// All attributes that are numbers or text.
pub(super) fn all(variable: &Variable<'_>) -> Map<String, Value> {
    let mut map = Map::new();
    for attribute in variable.attributes() {
        let name = attribute.name().to_owned();
        let Some(value) = variable.attribute_value(&name).and_then(Result::ok) else { continue };
        let value = match value {
            AttributeValue::Str(text) => json!(text),
            AttributeValue::Strs(texts) => json!(texts),
            value => match &of_value(value)[..] {
                [one] => json!(one),
                several => json!(several),
            },
        };
        map.insert(name, value);
    }
    map
}

fn of_value(value: AttributeValue) -> Vec<f64> {
    use AttributeValue as A;
    macro_rules! wide {
        ($values:expr) => {
            $values.into_iter().map(|v| v as f64).collect()
        };
    }
    match value {
        A::Uchar(v) => vec![v.into()],
        A::Uchars(v) => wide!(v),
        A::Schar(v) => vec![v.into()],
        A::Schars(v) => wide!(v),
        A::Ushort(v) => vec![v.into()],
        A::Ushorts(v) => wide!(v),
        A::Short(v) => vec![v.into()],
        A::Shorts(v) => wide!(v),
        A::Uint(v) => vec![v.into()],
        A::Uints(v) => wide!(v),
        A::Int(v) => vec![v.into()],
        A::Ints(v) => wide!(v),
        A::Ulonglong(v) => vec![v as f64],
        A::Ulonglongs(v) => wide!(v),
        A::Longlong(v) => vec![v as f64],
        A::Longlongs(v) => wide!(v),
        A::Float(v) => vec![v.into()],
        A::Floats(v) => wide!(v),
        A::Double(v) => vec![v],
        A::Doubles(v) => v,
        A::Str(text) => text.trim().parse().ok().into_iter().collect(),
        A::Strs(_) => Vec::new(),
    }
}
