//! One pixel type of the ten, for code generic over them.

use bytemuck::Pod;

use crate::{DType, Pixels};

/// A pixel type. Sealed: exactly the types of [`DType`].
pub(crate) trait Sample: Pod + PartialOrd + Send + Sync {
    const DTYPE: DType;

    fn to_f64(self) -> f64;
    /// Rounds half up (`floor(v + 0.5)`) and clamps to the type; floats are cast. NaN makes 0.
    fn from_f64(value: f64) -> Self;
    /// The neighbouring value, for a valid result that collides with nodata.
    fn sidestep(self) -> Self;
    fn wrap(values: Vec<Self>) -> Pixels;
    fn slice(pixels: &Pixels) -> Option<&[Self]>;
    fn slice_mut(pixels: &mut Pixels) -> Option<&mut [Self]>;

    /// The value of this type that `nodata` stands for, if there is one.
    fn nodata(nodata: f64) -> Option<Self>;
}

macro_rules! sample {
    ($t:ty, $v:ident, $from:expr, $sidestep:expr, $nodata:expr) => {
        impl Sample for $t {
            const DTYPE: DType = DType::$v;
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(value: f64) -> Self {
                let from: fn(f64) -> $t = $from;
                from(value)
            }
            fn sidestep(self) -> Self {
                let sidestep: fn($t) -> $t = $sidestep;
                sidestep(self)
            }
            fn wrap(values: Vec<Self>) -> Pixels {
                Pixels::$v(values)
            }
            fn slice(pixels: &Pixels) -> Option<&[Self]> {
                match pixels {
                    Pixels::$v(values) => Some(values),
                    _ => None,
                }
            }
            fn slice_mut(pixels: &mut Pixels) -> Option<&mut [Self]> {
                match pixels {
                    Pixels::$v(values) => Some(values),
                    _ => None,
                }
            }
            fn nodata(nodata: f64) -> Option<Self> {
                let to: fn(f64) -> Option<$t> = $nodata;
                to(nodata)
            }
        }
    };
}

macro_rules! integer {
    ($t:ty, $v:ident) => {
        // `as` saturates, which is the clamp.
        sample!(
            $t,
            $v,
            |v| (v + 0.5).floor() as $t,
            |v| if v == <$t>::MIN { v + 1 } else { v - 1 },
            |n| DType::$v.holds(n).then_some(n as $t)
        );
    };
}

integer!(u8, U8);
integer!(i8, I8);
integer!(u16, U16);
integer!(i16, I16);
integer!(u32, U32);
integer!(i32, I32);
integer!(u64, U64);
integer!(i64, I64);
sample!(f32, F32, |v| v as f32, f32::next_up, |n| Some(if n.is_finite() {
    (n as f32).clamp(f32::MIN, f32::MAX)
} else {
    n as f32
}));
sample!(f64, F64, |v| v, f64::next_up, Some);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_and_clamped() {
        assert_eq!(i16::from_f64(-0.5), 0);
        assert_eq!(i16::from_f64(-1.5), -1);
        assert_eq!(i16::from_f64(2.5), 3);
        assert_eq!(u8::from_f64(-3.0), 0);
        assert_eq!(u8::from_f64(255.7), 255);
        assert_eq!(u8::from_f64(f64::NAN), 0);
    }

    #[test]
    fn sidesteps() {
        assert_eq!((9u8.sidestep(), 0u8.sidestep(), 0i16.sidestep()), (8, 1, -1));
        assert!(1f32.sidestep() > 1.0);
    }
}
