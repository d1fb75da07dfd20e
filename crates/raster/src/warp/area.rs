//! The source pixels that a destination pixel touches, and means of them.

use super::kernel::{EDGE, Source, Sum};
use super::positions::Point;
use crate::sample::Sample;

/// Visits the valid pixels in the window between two transformed corners, each with the part of it
/// that is inside; row by row. `None` when there is no window.
pub(super) fn visit<T: Sample>(
    source: &Source<'_, T>,
    from: Point,
    to: Point,
    mut visit: impl FnMut(T, f64),
) -> Option<()> {
    if !(from.0.is_finite() && from.1.is_finite() && to.0.is_finite() && to.1.is_finite()) {
        return None;
    }
    let (cols, rows) =
        (Span::new(from.0, to.0, source.image.0)?, Span::new(from.1, to.1, source.image.1)?);
    for row in rows.first..=rows.last {
        let wy = rows.weight(row);
        for col in cols.first..=cols.last {
            if let Some(value) = source.get(col, row) {
                visit(value, wy * cols.weight(col));
            }
        }
    }
    Some(())
}

/// The mean, weighed by area.
pub(super) fn area_mean<T: Sample>(source: &Source<'_, T>, from: Point, to: Point) -> Option<f64> {
    let mut sum = Sum::default();
    visit(source, from, to, |value, weight| sum.add(value.to_f64(), weight))?;
    sum.mean_of_any()
}

/// The root of the mean square, weighed by area.
pub(super) fn area_rms<T: Sample>(source: &Source<'_, T>, from: Point, to: Point) -> Option<f64> {
    let mut sum = Sum::default();
    visit(source, from, to, |value, weight| sum.add(value.to_f64().powi(2), weight))?;
    sum.mean_of_any().map(f64::sqrt)
}

/// An interval that is shorter takes the whole of the pixel that it lies in, as in GDAL: the two
/// corners of a pixel that is turned by 45° are in one column or row of the source.
const THIN: f64 = 1e-6;

/// The pixels that an interval along one axis touches, clipped to the image.
struct Span {
    low: f64,
    high: f64,
    first: i64,
    last: i64,
}

impl Span {
    fn new(a: f64, b: f64, size: i64) -> Option<Self> {
        let (mut low, mut high) = (a.min(b), a.max(b));
        if high - low < THIN {
            low = (low + EDGE).floor();
            high = low + 1.0;
        }
        let first = ((low + EDGE).floor() as i64).max(0);
        let last = (((high - EDGE).ceil() as i64) - 1).min(size - 1);
        (first <= last).then_some(Self { low, high, first, last })
    }

    /// What of a pixel is inside. The unclipped ends are used on purpose: what overhangs the image
    /// is added to its edge pixel.
    fn weight(&self, index: i64) -> f64 {
        let mut weight = 1.0;
        if index == self.first {
            weight -= self.low - index as f64;
        }
        if index == self.last {
            weight -= (index + 1) as f64 - self.high;
        }
        weight
    }
}
