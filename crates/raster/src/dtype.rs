//! The type of a pixel, by Zarr v3's names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The type of a pixel. Text forms are the data type names of the Zarr v3 specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// Unsigned 8 bit.
    #[serde(rename = "uint8")]
    U8,
    /// Signed 8 bit.
    #[serde(rename = "int8")]
    I8,
    /// Unsigned 16 bit.
    #[serde(rename = "uint16")]
    U16,
    /// Signed 16 bit.
    #[serde(rename = "int16")]
    I16,
    /// Unsigned 32 bit.
    #[serde(rename = "uint32")]
    U32,
    /// Signed 32 bit.
    #[serde(rename = "int32")]
    I32,
    /// Unsigned 64 bit.
    #[serde(rename = "uint64")]
    U64,
    /// Signed 64 bit.
    #[serde(rename = "int64")]
    I64,
    /// IEEE 754 single precision.
    #[serde(rename = "float32")]
    F32,
    /// IEEE 754 double precision.
    #[serde(rename = "float64")]
    F64,
}

impl DType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::U64,
        Self::I64,
        Self::F32,
        Self::F64,
    ];

    /// The Zarr v3 name, as `uint8`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Bytes per pixel.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether it is a floating-point type.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether it is an integer type.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        !self.is_float()
    }

    /// Smallest and largest finite value, as `f64` (the largest of the 64-bit integers is rounded).
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::U8 => (0.0, u8::MAX as f64),
            Self::I8 => (i8::MIN as f64, i8::MAX as f64),
            Self::U16 => (0.0, u16::MAX as f64),
            Self::I16 => (i16::MIN as f64, i16::MAX as f64),
            Self::U32 => (0.0, u32::MAX as f64),
            Self::I32 => (i32::MIN as f64, i32::MAX as f64),
            Self::U64 => (0.0, u64::MAX as f64),
            Self::I64 => (i64::MIN as f64, i64::MAX as f64),
            Self::F32 => (f32::MIN as f64, f32::MAX as f64),
            Self::F64 => (f64::MIN, f64::MAX),
        }
    }

    /// Whether a pixel of this type can hold exactly `value`; NaN and infinities fit floats only.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::F64 => true,
            Self::F32 => !value.is_finite() || f64::from(value as f32) == value,
            _ => {
                let (low, high) = self.range();
                value.fract() == 0.0 && value >= low && value <= high
            }
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|d| d.name() == text).ok_or_else(|| Error::UnknownName {
            kind: "dtype",
            name: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_unknown_lists_known() {
        for dtype in DType::ALL {
            assert_eq!(dtype.to_string().parse::<DType>().unwrap(), dtype);
            assert_eq!(serde_json::to_string(&dtype).unwrap(), format!("\"{dtype}\""));
        }
        let message = "f16".parse::<DType>().unwrap_err().to_string();
        assert!(message.contains("uint8, int8"), "{message}");
    }

    #[test]
    fn holds_is_exact() {
        assert!(DType::U8.holds(255.0) && !DType::U8.holds(256.0) && !DType::U8.holds(0.5));
        assert!(
            DType::F32.holds(f64::NAN) && !DType::F32.holds(0.1) && !DType::I16.holds(f64::NAN)
        );
    }
}
