//! Attributes as the library has them.

use netcdf::AttributeValue;

use crate::attribute::{Attribute, NumberType};

/// As ours; texts that are lists become lines.
pub(super) fn read(value: AttributeValue) -> Attribute {
    use AttributeValue as V;
    use NumberType as N;
    fn list<T: Copy>(kind: N, values: &[T], widen: impl Fn(T) -> f64) -> Attribute {
        Attribute::Numbers(kind, values.iter().map(|value| widen(*value)).collect())
    }
    match value {
        V::Uchar(v) => list(N::U8, &[v], f64::from),
        V::Uchars(v) => list(N::U8, &v, f64::from),
        V::Schar(v) => list(N::I8, &[v], f64::from),
        V::Schars(v) => list(N::I8, &v, f64::from),
        V::Ushort(v) => list(N::U16, &[v], f64::from),
        V::Ushorts(v) => list(N::U16, &v, f64::from),
        V::Short(v) => list(N::I16, &[v], f64::from),
        V::Shorts(v) => list(N::I16, &v, f64::from),
        V::Uint(v) => list(N::U32, &[v], f64::from),
        V::Uints(v) => list(N::U32, &v, f64::from),
        V::Int(v) => list(N::I32, &[v], f64::from),
        V::Ints(v) => list(N::I32, &v, f64::from),
        V::Ulonglong(v) => list(N::U64, &[v], |v| v as f64),
        V::Ulonglongs(v) => list(N::U64, &v, |v| v as f64),
        V::Longlong(v) => list(N::I64, &[v], |v| v as f64),
        V::Longlongs(v) => list(N::I64, &v, |v| v as f64),
        V::Float(v) => list(N::F32, &[v], f64::from),
        V::Floats(v) => list(N::F32, &v, f64::from),
        V::Double(v) => list(N::F64, &[v], |v| v),
        V::Doubles(v) => list(N::F64, &v, |v| v),
        V::Str(text) => Attribute::Text(text.trim_end_matches('\0').to_owned()),
        V::Strs(texts) => Attribute::Text(texts.join("\n")),
    }
}

/// As the library writes it; one number is a scalar.
pub(super) fn written(value: &Attribute) -> AttributeValue {
    use AttributeValue as V;
    use NumberType as N;
    let Attribute::Numbers(kind, values) = value else {
        return V::Str(value.to_text());
    };
    fn list<T>(values: &[f64], narrow: impl Fn(f64) -> T) -> Vec<T> {
        values.iter().map(|value| narrow(*value)).collect()
    }
    match kind {
        N::U8 => V::Uchars(list(values, |v| v as u8)),
        N::I8 => V::Schars(list(values, |v| v as i8)),
        N::U16 => V::Ushorts(list(values, |v| v as u16)),
        N::I16 => V::Shorts(list(values, |v| v as i16)),
        N::U32 => V::Uints(list(values, |v| v as u32)),
        N::I32 => V::Ints(list(values, |v| v as i32)),
        N::U64 => V::Ulonglongs(list(values, |v| v as u64)),
        N::I64 => V::Longlongs(list(values, |v| v as i64)),
        N::F32 => V::Floats(list(values, |v| v as f32)),
        N::F64 => V::Doubles(values.clone()),
    }
}
