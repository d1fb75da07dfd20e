//! Variables of a file in physical units, masked as CF and the netCDF User's Guide say.

use rayon::prelude::*;

use crate::attribute::{Attribute, NumberType};
use crate::error::Result;
use crate::nc::{NcFile, NcVariable};
use crate::samples::Samples;

/// Values that one thread works on at a time.
const PART: usize = 1 << 16;

/// How stored values become physical ones.
#[derive(Debug, Clone)]
pub(crate) struct Unpacking {
    fills: Vec<f64>,
    least: Option<f64>,
    most: Option<f64>,
    scale: f64,
    offset: f64,
    kind: NumberType,
}

impl Unpacking {
    pub(crate) fn of(variable: &NcVariable) -> Self {
        let attributes = &variable.attributes;
        let kind = variable.kind;
        let safe = |name: &str| -> Vec<f64> {
            match attributes.get(name) {
                Some(Attribute::Numbers(_, values)) => {
                    values.iter().filter_map(|value| cast(kind, *value)).collect()
                }
                // A NaN is also written as a text.
                Some(Attribute::Text(text)) => text
                    .trim()
                    .parse()
                    .ok()
                    .and_then(|value| cast(kind, value))
                    .into_iter()
                    .collect(),
                None => Vec::new(),
            }
        };
        let mut fills = safe("missing_value");
        if attributes.get("_FillValue").is_some() {
            fills.extend(safe("_FillValue"));
        } else if let Some(fill) = default_fill(variable.stored) {
            let is_wrapped = kind != variable.stored && fill < 0.0;
            fills.push(if is_wrapped { fill + kind.turn() } else { fill });
        }
        let range = safe("valid_range");
        let bound = |name: &str, index: usize| match range.as_slice() {
            [_, _] => range.get(index).copied(),
            _ => safe(name).first().copied(),
        };
        Self {
            fills,
            least: bound("valid_min", 0),
            most: bound("valid_max", 1),
            scale: attributes.number("scale_factor").unwrap_or(1.0),
            offset: attributes.number("add_offset").unwrap_or(0.0),
            kind,
        }
    }

    /// A stored value in physical units.
    pub(crate) fn physical(&self, stored: f64) -> f64 {
        stored * self.scale + self.offset
    }

    /// Stored values to physical ones, NaN where one is masked.
    fn apply<T: Copy + Into<f64> + Send>(&self, values: &mut [T], narrow: fn(f64) -> T) {
        // As compilers like it: a fixed number of comparisons, none that is not needed. NaN is
        // equal to nothing.
        let mut fills =
            self.fills.chunks(2).map(|pair| [pair[0], *pair.last().unwrap_or(&f64::NAN)]);
        let [one, other] = fills.next().unwrap_or([f64::NAN; 2]);
        let more: Vec<f64> = fills.flatten().collect();
        let (least, most) =
            (self.least.unwrap_or(f64::NEG_INFINITY), self.most.unwrap_or(f64::INFINITY));
        values.par_chunks_mut(PART).for_each(|values| {
            for value in values {
                let stored: f64 = (*value).into();
                let is_out =
                    (stored == one) | (stored == other) | (stored < least) | (stored > most)
                        || (!more.is_empty() && more.contains(&stored));
                *value = narrow(if is_out { f64::NAN } else { self.physical(stored) });
            }
        });
    }

    /// Whether floats tell apart what neighbouring stored values become.
    fn fits_f32(&self) -> bool {
        match self.kind {
            NumberType::F32 => true,
            NumberType::F64 => false,
            kind => kind.bytes() <= 2 && self.offset.abs() <= 1e6 * self.scale.abs(),
        }
    }
}

/// A window of a variable in physical units.
pub(crate) fn window(
    file: &NcFile,
    variable: &NcVariable,
    start: &[usize],
    count: &[usize],
) -> Result<Samples> {
    let unpacking = Unpacking::of(variable);
    if unpacking.fits_f32() {
        let mut values = file.raw_f32(&variable.name, start, count)?;
        unpacking.apply(&mut values, |value| value as f32);
        return Ok(Samples::F32(values));
    }
    let mut values = file.raw_f64(&variable.name, start, count)?;
    unpacking.apply(&mut values, |value| value);
    Ok(Samples::F64(values))
}

/// A whole variable in physical units, as doubles.
pub(crate) fn whole(file: &NcFile, variable: &NcVariable) -> Result<Vec<f64>> {
    let start = vec![0; variable.shape.len()];
    let unpacking = Unpacking::of(variable);
    let mut values = file.raw_f64(&variable.name, &start, &variable.shape)?;
    unpacking.apply(&mut values, |value| value);
    Ok(values)
}

/// The physical range that `valid_min` and `valid_max` tell, when both are there.
pub(crate) fn own_range(variable: &NcVariable) -> Option<(f64, f64)> {
    let least = variable.attributes.number("valid_min")?;
    let most = variable.attributes.number("valid_max")?;
    let unpacking = Unpacking::of(variable);
    Some((unpacking.physical(least), unpacking.physical(most)))
}

/// The value in a type, when it is the same there; others say nothing about the variable.
fn cast(kind: NumberType, value: f64) -> Option<f64> {
    match (kind, kind.limits()) {
        (_, Some((least, most))) => {
            (value.fract() == 0.0 && value >= least && value <= most).then_some(value)
        }
        (NumberType::F32, _) => {
            (value.is_nan() || f64::from(value as f32) == value).then_some(value)
        }
        _ => Some(value),
    }
}

/// What netCDF fills with where nothing was written; bytes have no such value.
fn default_fill(kind: NumberType) -> Option<f64> {
    Some(match kind {
        NumberType::U8 | NumberType::I8 => return None,
        NumberType::I16 => -32_767.0,
        NumberType::U16 => 65_535.0,
        NumberType::I32 => -2_147_483_647.0,
        NumberType::U32 => 4_294_967_295.0,
        NumberType::I64 => -9_223_372_036_854_775_806i64 as f64,
        NumberType::U64 => 18_446_744_073_709_551_614u64 as f64,
        NumberType::F32 | NumberType::F64 => f64::from(9.969_21e36f32),
    })
}
