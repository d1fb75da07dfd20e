//! Values of a variable in physical units; missing ones are NaN.

use rayon::prelude::*;

/// Values that one thread works on at a time.
const PART: usize = 1 << 16;

/// Values in physical units; NaN where one is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Floats do for most variables.
    F32(Vec<f32>),
    /// Doubles, where floats could not tell neighbouring values apart.
    F64(Vec<f64>),
}

impl Samples {
    /// Missing everywhere.
    #[must_use]
    pub fn missing(len: usize) -> Self {
        Self::F32(vec![f32::NAN; len])
    }

    /// How many values there are, missing ones too.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index; NaN when it is missing or outside.
    #[must_use]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Self::F32(values) => values.get(index).copied().map_or(f64::NAN, f64::from),
            Self::F64(values) => values.get(index).copied().unwrap_or(f64::NAN),
        }
    }

    /// Least and greatest finite value.
    #[must_use]
    pub fn extremes(&self) -> Option<(f64, f64)> {
        fn of<T: Copy + Into<f64> + Sync>(values: &[T]) -> (f64, f64) {
            let none = (f64::INFINITY, f64::NEG_INFINITY);
            let of_part = |part: &[T]| {
                part.iter().map(|value| (*value).into()).fold(none, |(least, most), value: f64| {
                    if value.is_finite() {
                        (least.min(value), most.max(value))
                    } else {
                        (least, most)
                    }
                })
            };
            let both = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
            values.par_chunks(PART).map(of_part).reduce(|| none, both)
        }
        let (least, most) = match self {
            Self::F32(values) => of(values),
            Self::F64(values) => of(values),
        };
        (least <= most).then_some((least, most))
    }

    /// Whether every value is missing.
    #[must_use]
    pub fn is_all_missing(&self) -> bool {
        match self {
            Self::F32(values) => values.iter().all(|value| value.is_nan()),
            Self::F64(values) => values.iter().all(|value| value.is_nan()),
        }
    }

    /// Changes every value, missing ones too, by its index.
    pub fn change(&mut self, mut with: impl FnMut(usize, f64) -> f64) {
        match self {
            Self::F32(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    *value = with(index, f64::from(*value)) as f32;
                }
            }
            Self::F64(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    *value = with(index, *value);
                }
            }
        }
    }

    /// Takes out the values whose neighbour of the same index in `others` is out.
    pub(crate) fn mask(&mut self, others: &Self, is_out: impl Fn(f64) -> bool + Sync) {
        fn of<T: Copy + Send + Sync, U: Copy + Into<f64> + Sync>(
            values: &mut [T],
            others: &[U],
            is_out: impl Fn(f64) -> bool + Sync,
            missing: T,
        ) {
            values.par_chunks_mut(PART).zip(others.par_chunks(PART)).for_each(
                |(values, others)| {
                    for (value, other) in values.iter_mut().zip(others) {
                        *value = if is_out((*other).into()) { missing } else { *value };
                    }
                },
            );
        }
        match (self, others) {
            (Self::F32(values), Self::F32(others)) => of(values, others, is_out, f32::NAN),
            (Self::F32(values), Self::F64(others)) => of(values, others, is_out, f32::NAN),
            (Self::F64(values), Self::F32(others)) => of(values, others, is_out, f64::NAN),
            (Self::F64(values), Self::F64(others)) => of(values, others, is_out, f64::NAN),
        }
    }

    /// Values of what is made of each.
    pub(crate) fn map<T: Copy + Default + Send>(&self, with: impl Fn(f64) -> T + Sync) -> Vec<T> {
        fn of<S: Copy + Into<f64> + Sync, T: Copy + Default + Send>(
            values: &[S],
            with: impl Fn(f64) -> T + Sync,
        ) -> Vec<T> {
            let mut out = vec![T::default(); values.len()];
            out.par_chunks_mut(PART).zip(values.par_chunks(PART)).for_each(|(out, values)| {
                for (out, value) in out.iter_mut().zip(values) {
                    *out = with((*value).into());
                }
            });
            out
        }
        match self {
            Self::F32(values) => of(values, with),
            Self::F64(values) => of(values, with),
        }
    }

    /// The values of these indices, in their order.
    pub(crate) fn select(&self, indices: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::F32(values) => Self::F32(indices.map(|index| values[index]).collect()),
            Self::F64(values) => Self::F64(indices.map(|index| values[index]).collect()),
        }
    }

    /// As doubles.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        self.map(|value| value)
    }
}
