//! Fields as bytes: 254 steps of a range, 255 where a value is missing.

use crate::attribute::{Attribute, Attributes, NumberType};
use crate::error::{Error, Result};
use crate::granule::Field;

/// The byte of a missing value.
pub(super) const FILL: u8 = 255;
/// The float of a missing value, netCDF's own.
pub(super) const FILL_F32: f32 = 9.969_21e36;
/// The greatest byte that is a value.
const TOP: f64 = 254.0;
/// Added to a small number above 0 it leaves no bits for fractions: halves go to the even one, and
/// the last byte is the number.
const HALVES_TO_EVEN: f64 = (1u64 << 52) as f64;

/// Attributes of variables that are kept.
const KEPT: [&str; 12] = [
    "units",
    "long_name",
    "standard_name",
    "comment",
    "axis",
    "positive",
    "coordinates",
    "flag_meanings",
    "flag_values",
    "flag_masks",
    "depth",
    "height",
];

/// A field as it is written.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) name: String,
    pub(super) values: PackedValues,
    pub(super) attributes: Attributes,
}

/// Values as they are written.
#[derive(Debug, Clone)]
pub(super) enum PackedValues {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// Packs a field; as floats when asked.
pub(super) fn packed(field: Field, is_float: bool, is_compat: bool) -> Result<Packed> {
    let (least, most) = range(&field)?;
    let mut attributes = Attributes::default();
    let kind = if is_float { NumberType::F32 } else { NumberType::U8 };
    // The reference casts the bounds to the type of the input.
    let cuts = field.is_integer && is_compat;
    let clip = if cuts { (least.trunc(), most.trunc()) } else { (least, most) };
    let values = if is_float {
        attributes.set("valid_min", Attribute::number(kind, clip.0));
        attributes.set("valid_max", Attribute::number(kind, clip.1));
        PackedValues::F32(field.samples.map(|value| {
            if value.is_nan() { FILL_F32 } else { value.clamp(clip.0, clip.1) as f32 }
        }))
    } else {
        let scale = if most > least { (most - least) / TOP } else { 1.0 };
        attributes.set("add_offset", Attribute::number(NumberType::F32, least));
        attributes.set("scale_factor", Attribute::number(NumberType::F32, scale));
        attributes.set("valid_min", Attribute::number(kind, 0.0));
        attributes.set("valid_max", Attribute::number(kind, TOP));
        PackedValues::U8(field.samples.map(|value| {
            let steps = (value.max(clip.0).min(clip.1) - least) / scale;
            let byte = (steps.clamp(0.0, TOP) + HALVES_TO_EVEN).to_bits() as u8;
            if value.is_nan() { FILL } else { byte }
        }))
    };
    for name in KEPT {
        if let Some(value) = field.attributes.get(name) {
            let is_list = matches!(name, "flag_values" | "flag_masks");
            let value = if is_list { value.clone() } else { Attribute::Text(value.to_text()) };
            attributes.set(name, value);
        }
    }
    Ok(Packed { name: field.name, values, attributes })
}

/// The range that is told, of the data where it is not; 0 to 1 where there are none.
fn range(field: &Field) -> Result<(f64, f64)> {
    let of_data = match (field.least, field.most) {
        (Some(_), Some(_)) => None,
        _ => field.samples.extremes(),
    };
    // A bound that is told stays, also where all data lie beyond it.
    let (least, most) = match (field.least, field.most) {
        (Some(least), Some(most)) => (least, most),
        (Some(least), None) => {
            let most = if least < 1.0 { 1.0 } else { least + 1.0 };
            (least, of_data.map_or(most, |range| range.1.max(least)))
        }
        (None, Some(most)) => {
            let least = if most > 0.0 { 0.0 } else { most - 1.0 };
            (of_data.map_or(least, |range| range.0.min(most)), most)
        }
        (None, None) => of_data.unwrap_or((0.0, 1.0)),
    };
    if least.is_finite() && most.is_finite() && least <= most {
        return Ok((least, most));
    }
    Err(Error::option(
        &format!("override({})", field.name),
        format!("{least} to {most} is no range: give another valid_min or valid_max"),
    ))
}

#[cfg(test)]
mod tests {
    use super::{PackedValues, packed, range};
    use crate::granule::Field;
    use crate::samples::Samples;

    #[test]
    fn values_are_steps_of_the_range_and_255_is_none() {
        let samples = Samples::F64(vec![0.0, 1.0, 254.0, 300.0, -1.0, f64::NAN, 0.5, 1.5]);
        let field = Field::new("a", samples).ranged(0.0, 254.0);
        let PackedValues::U8(bytes) = packed(field, false, false).unwrap().values else {
            panic!("not bytes");
        };
        assert_eq!(bytes, [0, 1, 254, 254, 0, 255, 0, 2]);
    }

    #[test]
    fn a_range_is_that_of_the_data_where_none_is_given() {
        let field = Field::new("a", Samples::F32(vec![2.0, f32::NAN, 4.0]));
        let found = packed(field, false, false).unwrap().attributes;
        assert_eq!(found.number("add_offset"), Some(2.0));
        assert_eq!(found.number("scale_factor"), Some(2.0 / 254.0));
        let missing = Field::new("a", Samples::missing(3));
        let found = packed(missing, false, false).unwrap().attributes;
        assert_eq!(found.number("scale_factor"), Some(1.0 / 254.0));
        let wrong = Field::new("a", Samples::missing(3)).ranged(2.0, 1.0);
        // One bound is told, and the data lie beyond it, or there are none.
        let told = |samples: Samples, least: Option<f64>, most: Option<f64>| {
            let field = Field { least, most, ..Field::new("a", samples) };
            range(&field).unwrap()
        };
        let low = || Samples::F64(vec![-3.0, -1.0]);
        assert_eq!(told(low(), Some(0.0), None), (0.0, 0.0));
        assert_eq!(told(low(), None, Some(-5.0)), (-5.0, -5.0));
        assert_eq!(told(low(), Some(-2.0), None), (-2.0, -1.0));
        assert_eq!(told(Samples::missing(3), Some(270.0), None), (270.0, 271.0));
        assert_eq!(told(Samples::missing(3), None, Some(-10.0)), (-11.0, -10.0));
        assert!(packed(wrong, false, false).is_err());
    }
}
