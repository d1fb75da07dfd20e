//! A buffer of pixels of one of the ten types.

use bytemuck::Zeroable;

use crate::sample::Sample;
use crate::{DType, Error, Result};

/// Pixels of one type, without shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// Unsigned 8 bit.
    U8(Vec<u8>),
    /// Signed 8 bit.
    I8(Vec<i8>),
    /// Unsigned 16 bit.
    U16(Vec<u16>),
    /// Signed 16 bit.
    I16(Vec<i16>),
    /// Unsigned 32 bit.
    U32(Vec<u32>),
    /// Signed 32 bit.
    I32(Vec<i32>),
    /// Unsigned 64 bit.
    U64(Vec<u64>),
    /// Signed 64 bit.
    I64(Vec<i64>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

/// Runs an expression with the typed vector of a [`Pixels`].
macro_rules! each {
    ($pixels:expr, $v:ident => $e:expr) => {
        match $pixels {
            $crate::Pixels::U8($v) => $e,
            $crate::Pixels::I8($v) => $e,
            $crate::Pixels::U16($v) => $e,
            $crate::Pixels::I16($v) => $e,
            $crate::Pixels::U32($v) => $e,
            $crate::Pixels::I32($v) => $e,
            $crate::Pixels::U64($v) => $e,
            $crate::Pixels::I64($v) => $e,
            $crate::Pixels::F32($v) => $e,
            $crate::Pixels::F64($v) => $e,
        }
    };
}

/// Calls a function generic over the pixel type for a [`DType`]: `typed!(dtype, f::<_>(args))`.
macro_rules! typed {
    ($dtype:expr, $t:ident => $e:expr) => {
        match $dtype {
            $crate::DType::U8 => {
                type $t = u8;
                $e
            }
            $crate::DType::I8 => {
                type $t = i8;
                $e
            }
            $crate::DType::U16 => {
                type $t = u16;
                $e
            }
            $crate::DType::I16 => {
                type $t = i16;
                $e
            }
            $crate::DType::U32 => {
                type $t = u32;
                $e
            }
            $crate::DType::I32 => {
                type $t = i32;
                $e
            }
            $crate::DType::U64 => {
                type $t = u64;
                $e
            }
            $crate::DType::I64 => {
                type $t = i64;
                $e
            }
            $crate::DType::F32 => {
                type $t = f32;
                $e
            }
            $crate::DType::F64 => {
                type $t = f64;
                $e
            }
        }
    };
}

pub(crate) use {each, typed};

impl Pixels {
    /// `len` pixels of value 0.
    #[must_use]
    pub fn zeroed(dtype: DType, len: usize) -> Self {
        typed!(dtype, T => T::wrap(vec![T::zeroed(); len]))
    }

    /// `len` pixels of `value`, rounded and clamped to the type.
    #[must_use]
    pub fn filled(dtype: DType, len: usize, value: f64) -> Self {
        typed!(dtype, T => T::wrap(vec![T::from_f64(value); len]))
    }

    /// Pixels from bytes in native order.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when the bytes are no whole number of pixels.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Result<Self> {
        if !bytes.len().is_multiple_of(dtype.size()) {
            return Err(Error::Mismatch {
                what: "bytes and pixel size",
                left: format!("{} bytes", bytes.len()),
                right: format!("{dtype} of {} bytes", dtype.size()),
            });
        }
        Ok(typed!(dtype, T => T::wrap(bytemuck::pod_collect_to_vec::<u8, T>(bytes))))
    }

    /// The type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        match self {
            Self::U8(_) => DType::U8,
            Self::I8(_) => DType::I8,
            Self::U16(_) => DType::U16,
            Self::I16(_) => DType::I16,
            Self::U32(_) => DType::U32,
            Self::I32(_) => DType::I32,
            Self::U64(_) => DType::U64,
            Self::I64(_) => DType::I64,
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }

    /// How many pixels.
    #[must_use]
    pub fn len(&self) -> usize {
        each!(self, v => v.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pixels as bytes in native order.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        each!(self, v => bytemuck::cast_slice(v))
    }

    /// The pixels as bytes in native order, to be written.
    #[must_use]
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        each!(self, v => bytemuck::cast_slice_mut(v))
    }

    /// The pixels as owned bytes in native order; copies unless a pixel is a byte.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::U8(v) => v,
            Self::I8(v) => bytemuck::cast_vec(v),
            other => other.as_bytes().to_vec(),
        }
    }

    /// The pixel at `index` as `f64`, or `None` past the end. 64-bit integers are rounded.
    #[must_use]
    pub fn get_f64(&self, index: usize) -> Option<f64> {
        each!(self, v => v.get(index).map(|x| x.to_f64()))
    }

    /// Sets the pixel at `index`, rounding and clamping; past the end nothing happens.
    pub fn set_f64(&mut self, index: usize, value: f64) {
        fn set<T: Sample>(values: &mut [T], index: usize, value: f64) {
            if let Some(slot) = values.get_mut(index) {
                *slot = T::from_f64(value);
            }
        }
        each!(self, v => set(v, index, value));
    }

    /// The pixels as another type, rounded half up and clamped (exact between integers that fit).
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        if self.dtype() == dtype {
            return self.clone();
        }
        fn cast<S: Sample, T: Sample>(values: &[S]) -> Pixels {
            T::wrap(values.iter().map(|v| T::from_f64(v.to_f64())).collect())
        }
        each!(self, v => typed!(dtype, T => cast::<_, T>(v)))
    }
}

impl AsMut<[u8]> for Pixels {
    fn as_mut(&mut self) -> &mut [u8] {
        self.as_bytes_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip() {
        for dtype in DType::ALL {
            let pixels = Pixels::filled(dtype, 5, 7.0);
            assert_eq!(pixels.len(), 5);
            let bytes = pixels.as_bytes().to_vec();
            assert_eq!(bytes.len(), 5 * dtype.size());
            assert_eq!(Pixels::from_bytes(dtype, &bytes).unwrap(), pixels);
            assert_eq!(pixels.get_f64(4), Some(7.0));
            assert_eq!(pixels.get_f64(5), None);
            assert_eq!(pixels.into_bytes(), bytes);
        }
        assert!(Pixels::from_bytes(DType::F32, &[0; 6]).is_err());
    }
}
