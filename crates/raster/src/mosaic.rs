//! Several rasters on one grid made into one, in masked space.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::pixels::typed;
use crate::sample::Sample;
use crate::{DType, Error, Pixels, Raster, Result};

/// What a pixel takes that several granules have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MosaicRule {
    /// The first valid value, in the order of adding.
    #[default]
    First,
    /// The last valid value, as `gdalwarp` with several sources.
    Last,
    /// The smallest valid value.
    Min,
    /// The largest valid value.
    Max,
    /// The mean of the valid values, rounded half up for integers.
    Mean,
    /// The median of the valid values: of an even number of them the mean of the two in the middle,
    /// rounded half up for integers. Keeps every raster until the end.
    Median,
    /// How many values are valid, as `uint32`; none is no value.
    Count,
}

impl MosaicRule {
    /// Every rule.
    pub const ALL: [Self; 7] =
        [Self::First, Self::Last, Self::Min, Self::Max, Self::Mean, Self::Median, Self::Count];

    /// The name, as `first`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Count => "count",
        }
    }

    /// Whether a result may be a number that no raster has.
    #[must_use]
    pub const fn is_made(self) -> bool {
        matches!(self, Self::Mean | Self::Median | Self::Count)
    }

    /// Bytes that a mosaic by this rule keeps for each pixel, of so many rasters.
    #[must_use]
    pub const fn bytes_per_pixel(self, rasters: usize, dtype: DType) -> usize {
        let one = dtype.size() + 1;
        match self {
            Self::Mean => 12,
            Self::Count => 4,
            Self::Median => one * rasters,
            _ => one,
        }
    }
}

impl fmt::Display for MosaicRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for MosaicRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|r| r.name() == text).ok_or_else(|| Error::UnknownName {
            kind: "mosaic rule",
            name: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// Rasters of one shape and type being made into one. Invalid pixels never contribute. NaN that is
/// not marked invalid loses against any number under [`Min`](MosaicRule::Min) and
/// [`Max`](MosaicRule::Max).
#[derive(Debug, Clone)]
pub struct Mosaic {
    rule: MosaicRule,
    width: usize,
    height: usize,
    dtype: DType,
    /// What was added so far; nothing yet, or nothing but sums.
    result: Option<Raster>,
    missing: usize,
    sums: Vec<f64>,
    counts: Vec<u32>,
    /// All that was added, for the median.
    stack: Vec<Raster>,
}

impl Mosaic {
    /// A mosaic without a valid pixel yet.
    #[must_use]
    pub fn new(rule: MosaicRule, width: usize, height: usize, dtype: DType) -> Self {
        let n = width * height;
        let counts = if matches!(rule, MosaicRule::Mean | MosaicRule::Count) { n } else { 0 };
        let means = if rule == MosaicRule::Mean { n } else { 0 };
        Self {
            rule,
            width,
            height,
            dtype,
            result: None,
            missing: n,
            sums: vec![0.0; means],
            counts: vec![0; counts],
            stack: Vec::new(),
        }
    }

    /// Adds a raster.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when its shape or type is another.
    pub fn add(&mut self, raster: Raster) -> Result<()> {
        let shape = |dtype, width, height| format!("{dtype} {width} by {height}");
        if (raster.width, raster.height, raster.dtype()) != (self.width, self.height, self.dtype) {
            return Err(Error::Mismatch {
                what: "rasters of a mosaic",
                left: shape(raster.dtype(), raster.width, raster.height),
                right: shape(self.dtype, self.width, self.height),
            });
        }
        if self.is_complete() {
            return Ok(());
        }
        match (&mut self.result, self.rule) {
            (_, MosaicRule::Mean) => self.add_to_means(&raster),
            (_, MosaicRule::Count) => self.add_to_counts(&raster),
            (_, MosaicRule::Median) => self.stack.push(raster),
            (None, _) => {
                self.missing -= raster.count_valid();
                self.result = Some(raster);
            }
            (Some(result), rule) => {
                self.missing -= typed!(self.dtype, T => merge::<T>(rule, &raster, result));
            }
        }
        Ok(())
    }

    /// Whether further rasters cannot change anything: true of [`MosaicRule::First`] once every
    /// pixel is valid.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.rule, MosaicRule::First) && self.missing == 0
    }

    /// The result; its mask is dropped when every pixel is valid.
    #[must_use]
    pub fn finish(mut self) -> Raster {
        fn divide<T: Sample>(sums: &[f64], counts: &[u32]) -> Pixels {
            let mean = |(sum, n): (&f64, &u32)| T::from_f64(sum / f64::from((*n).max(1)));
            T::wrap(sums.iter().zip(counts).map(mean).collect())
        }
        let (width, height) = (self.width, self.height);
        if self.rule == MosaicRule::Median {
            self.result = Some(typed!(self.dtype, T => self.median::<T>()));
        }
        let mut result = match self.result.take() {
            Some(result) => result,
            None if self.rule == MosaicRule::Mean => Raster {
                width,
                height,
                pixels: typed!(self.dtype, T => divide::<T>(&self.sums, &self.counts)),
                valid: Some(self.counts.iter().map(|n| *n > 0).collect()),
            },
            None if self.rule == MosaicRule::Count => Raster {
                width,
                height,
                valid: Some(self.counts.iter().map(|n| *n > 0).collect()),
                pixels: Pixels::U32(self.counts),
            },
            None => Raster::empty(width, height, self.dtype),
        };
        if result.valid.as_ref().is_some_and(|v| v.iter().all(|valid| *valid)) {
            result.valid = None;
        }
        result
    }

    fn add_to_means(&mut self, raster: &Raster) {
        fn add<T: Sample>(raster: &Raster, sums: &mut [f64], counts: &mut [u32]) {
            let Some(values) = T::slice(&raster.pixels) else { return };
            for (i, value) in values.iter().enumerate() {
                if raster.valid.as_ref().is_none_or(|v| v[i]) {
                    sums[i] += value.to_f64();
                    counts[i] += 1;
                }
            }
        }
        typed!(raster.dtype(), T => add::<T>(raster, &mut self.sums, &mut self.counts));
    }

    fn add_to_counts(&mut self, raster: &Raster) {
        for (i, count) in self.counts.iter_mut().enumerate() {
            *count += u32::from(raster.valid.as_ref().is_none_or(|v| v[i]));
        }
    }

    /// The median of the stack; NaN that is not marked invalid does not count.
    fn median<T: Sample>(&self) -> Raster {
        let layers: Vec<(&[T], Option<&Vec<bool>>)> = self
            .stack
            .iter()
            .filter_map(|raster| Some((T::slice(&raster.pixels)?, raster.valid.as_ref())))
            .collect();
        let n = self.width * self.height;
        let (mut values, mut valid) = (vec![T::zeroed(); n], vec![false; n]);
        let mut here = Vec::with_capacity(layers.len());
        for (i, (value, valid)) in values.iter_mut().zip(&mut valid).enumerate() {
            here.clear();
            let some = layers.iter().filter(|(_, mask)| mask.is_none_or(|v| v[i]));
            here.extend(some.map(|(pixels, _)| pixels[i].to_f64()).filter(|v| !v.is_nan()));
            here.sort_unstable_by(f64::total_cmp);
            let Some(upper) = here.get(here.len() / 2).copied() else { continue };
            let lower = here[(here.len() - 1) / 2];
            *value = T::from_f64(if lower == upper { upper } else { f64::midpoint(lower, upper) });
            *valid = true;
        }
        Raster {
            width: self.width,
            height: self.height,
            pixels: T::wrap(values),
            valid: Some(valid),
        }
    }
}

/// Merges by a rule other than the mean; how many pixels became valid.
fn merge<T: Sample>(rule: MosaicRule, raster: &Raster, result: &mut Raster) -> usize {
    let Some(values) = T::slice(&raster.pixels) else { return 0 };
    let valid = result.valid.get_or_insert_with(|| vec![true; values.len()]);
    let Some(kept) = T::slice_mut(&mut result.pixels) else { return 0 };
    let mut new = 0;
    for (i, (value, (kept, had))) in values.iter().zip(kept.iter_mut().zip(valid)).enumerate() {
        if raster.valid.as_ref().is_some_and(|v| !v[i]) {
            continue;
        }
        let is_nan = |v: &T| v.partial_cmp(v).is_none();
        let takes = !*had
            || match rule {
                MosaicRule::First | MosaicRule::Mean | MosaicRule::Median | MosaicRule::Count => {
                    false
                }
                MosaicRule::Last => true,
                MosaicRule::Min => *value < *kept || (is_nan(kept) && !is_nan(value)),
                MosaicRule::Max => *value > *kept || (is_nan(kept) && !is_nan(value)),
            };
        if takes {
            new += usize::from(!*had);
            (*kept, *had) = (*value, true);
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(values: [i16; 3]) -> Raster {
        let mut raster = Raster::new(3, 1, Pixels::I16(values.to_vec())).unwrap();
        raster.invalidate(-1.0);
        raster
    }

    #[test]
    fn rules_ignore_invalid_pixels() {
        let (a, b) = (raster([5, -1, -1]), raster([2, 7, -1]));
        for (rule, expected) in [
            (MosaicRule::First, [5, 7]),
            (MosaicRule::Last, [2, 7]),
            (MosaicRule::Min, [2, 7]),
            (MosaicRule::Max, [5, 7]),
            (MosaicRule::Mean, [4, 7]),
            (MosaicRule::Median, [4, 7]),
        ] {
            let mut mosaic = Mosaic::new(rule, 3, 1, DType::I16);
            mosaic.add(a.clone()).unwrap();
            mosaic.add(b.clone()).unwrap();
            assert!(!mosaic.is_complete());
            let out = mosaic.finish();
            let Pixels::I16(values) = &out.pixels else { panic!() };
            assert_eq!(values[..2], expected, "{rule}");
            assert_eq!(out.valid, Some(vec![true, true, false]), "{rule}");
        }
    }

    #[test]
    fn medians_and_counts_are_those_of_numpy() {
        // numpy.nanmedian([[5, 2, 9], [nan, 7, nan], [nan, nan, nan]], axis=1) is [5, 7, nan].
        let rasters = [raster([5, -1, -1]), raster([2, 7, -1]), raster([9, -1, -1])];
        let of = |rule| {
            let mut mosaic = Mosaic::new(rule, 3, 1, DType::I16);
            rasters.iter().for_each(|r| mosaic.add(r.clone()).unwrap());
            mosaic.finish()
        };
        let median = of(MosaicRule::Median);
        assert_eq!(
            (median.value(0, 0), median.value(1, 0), median.value(2, 0)),
            (Some(5.0), Some(7.0), None)
        );
        let count = of(MosaicRule::Count);
        assert_eq!(count.dtype(), DType::U32);
        assert_eq!(
            (count.value(0, 0), count.value(1, 0), count.value(2, 0)),
            (Some(3.0), Some(1.0), None)
        );
    }

    #[test]
    fn first_is_complete_early() {
        let mut mosaic = Mosaic::new(MosaicRule::First, 3, 1, DType::I16);
        mosaic.add(raster([1, 2, -1])).unwrap();
        assert!(!mosaic.is_complete());
        mosaic.add(raster([9, 9, 3])).unwrap();
        assert!(mosaic.is_complete());
        mosaic.add(raster([8, 8, 8])).unwrap();
        assert_eq!(mosaic.finish(), Raster::new(3, 1, Pixels::I16(vec![1, 2, 3])).unwrap());
        assert!(Mosaic::new(MosaicRule::First, 2, 1, DType::I16).add(raster([1; 3])).is_err());
    }
}
