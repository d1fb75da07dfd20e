//! Values of a variable in physical units; missing ones are NaN.

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
        fn of<T: Copy + Into<f64>>(values: &[T]) -> (f64, f64) {
            values
                .iter()
                .map(|value| (*value).into())
                .filter(|value: &f64| value.is_finite())
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                    (least.min(value), most.max(value))
                })
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

    /// Values of what is made of each.
    pub(crate) fn map<T>(&self, with: impl Fn(f64) -> T) -> Vec<T> {
        match self {
            Self::F32(values) => values.iter().map(|value| with(f64::from(*value))).collect(),
            Self::F64(values) => values.iter().map(|value| with(*value)).collect(),
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
