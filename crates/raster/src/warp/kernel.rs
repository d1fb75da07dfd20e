//! A source raster, and bilinear and cubic between its pixels.

use super::filter::Filter;
use super::{Resampling, SourceExtent};
use crate::Raster;
use crate::sample::Sample;

/// Positions this close below a pixel edge count as on it.
pub(super) const EDGE: f64 = 1e-10;
/// Weights that sum to less give no value.
pub(super) const LEAST_WEIGHT: f64 = 1e-6;

/// A source raster addressed by the pixels of its whole image.
pub(super) struct Source<'a, T> {
    values: &'a [T],
    valid: Option<&'a [bool]>,
    width: i64,
    height: i64,
    col: i64,
    row: i64,
    pub(super) image: (i64, i64),
}

impl<'a, T: Sample> Source<'a, T> {
    pub(super) fn new(values: &'a [T], raster: &'a Raster, extent: &SourceExtent) -> Self {
        Self {
            values,
            valid: raster.valid.as_deref(),
            width: raster.width as i64,
            height: raster.height as i64,
            col: extent.col as i64,
            row: extent.row as i64,
            image: (extent.width as i64, extent.height as i64),
        }
    }

    /// The pixel of the image that contains a position.
    pub(super) fn containing(&self, (x, y): (f64, f64)) -> Option<(i64, i64)> {
        let (width, height) = self.image;
        if !(x >= 0.0 && y >= 0.0 && x + EDGE <= width as f64 && y + EDGE <= height as f64) {
            return None;
        }
        // Nothing is below 0 here, where this is the floor.
        let (col, row) = ((x + EDGE) as i64, (y + EDGE) as i64);
        Some((col.min(width - 1), row.min(height - 1)))
    }

    /// The value of a valid pixel.
    #[inline]
    pub(super) fn get(&self, col: i64, row: i64) -> Option<T> {
        let (c, r) = (col - self.col, row - self.row);
        if c < 0 || r < 0 || c >= self.width || r >= self.height {
            return None;
        }
        let at = (r * self.width + c) as usize;
        if self.valid.is_some_and(|valid| !valid[at]) { None } else { Some(self.values[at]) }
    }
}

impl<T: Sample> Source<'_, T> {
    /// The rows of `N` by `N` pixels whose first is given; `None` unless all are there and valid.
    #[inline]
    fn square<const N: usize>(&self, col: i64, row: i64) -> Option<[[T; N]; N]> {
        let (c, r) = (col - self.col, row - self.row);
        let side = N as i64;
        if c < 0 || r < 0 || c + side > self.width || r + side > self.height {
            return None;
        }
        let (width, first) = (self.width as usize, (r * self.width + c) as usize);
        let mut rows = [[T::zeroed(); N]; N];
        for (i, slot) in rows.iter_mut().enumerate() {
            let at = first + i * width;
            if let Some(valid) = self.valid
                && !valid.get(at..at + N)?.iter().fold(true, |all, valid| all & valid)
            {
                return None;
            }
            *slot = *self.values.get(at..)?.first_chunk()?;
        }
        Some(rows)
    }
}

/// The value of a filter at a position whose pixel is valid. Scales are source pixels per
/// destination pixel, at least 1.
pub(super) fn sample_filter<T: Sample>(
    source: &Source<'_, T>,
    at: (f64, f64),
    filter: &mut Filter,
    scale: (f64, f64),
) -> Option<f64> {
    let (col, row) = source.containing(at)?;
    source.get(col, row)?;
    let (u, v) = (at.0 - 0.5, at.1 - 0.5);
    if scale == (1.0, 1.0) {
        match filter.resampling {
            Resampling::Bilinear => return bilinear(source, u, v),
            Resampling::Cubic => return cubic(source, u, v).or_else(|| bilinear(source, u, v)),
            _ => {}
        }
    }
    filter.sum(source, (u, v), scale)
}

fn bilinear<T: Sample>(source: &Source<'_, T>, u: f64, v: f64) -> Option<f64> {
    let (i0, j0) = (floor(u), floor(v));
    let (dx, dy) = (u - i0 as f64, v - j0 as f64);
    let mut sum = Sum::default();
    // The same sums without looking at each tap; a weight of 0 must not let NaN in.
    if dx > 0.0
        && dy > 0.0
        && let Some(rows) = source.square::<2>(i0, j0)
    {
        for ([a, b], wy) in rows.into_iter().zip([1.0 - dy, dy]) {
            sum.values += a.to_f64() * ((1.0 - dx) * wy);
            sum.weights += (1.0 - dx) * wy;
            sum.values += b.to_f64() * (dx * wy);
            sum.weights += dx * wy;
        }
        return sum.mean();
    }
    for (j, wy) in [(j0, 1.0 - dy), (j0 + 1, dy)] {
        for (i, wx) in [(i0, 1.0 - dx), (i0 + 1, dx)] {
            if let Some(value) = source.get(i, j) {
                sum.add(value.to_f64(), wx * wy);
            }
        }
    }
    sum.mean()
}

/// All sixteen taps, or nothing.
fn cubic<T: Sample>(source: &Source<'_, T>, u: f64, v: f64) -> Option<f64> {
    let (i0, j0) = (floor(u), floor(v));
    let (wx, wy) = (cubic_weights(u - i0 as f64), cubic_weights(v - j0 as f64));
    let mut total = 0.0;
    for (row, wy) in source.square::<4>(i0 - 1, j0 - 1)?.into_iter().zip(wy) {
        let line = row.iter().zip(wx).fold(0.0, |line, (value, wx)| line + value.to_f64() * wx);
        total += line * wy;
    }
    Some(total)
}

/// `f64::floor`, which is a call where the processor need not have an instruction for it.
pub(super) fn floor(x: f64) -> i64 {
    let below = x as i64;
    below - i64::from((below as f64) > x)
}

fn cubic_weights(d: f64) -> [f64; 4] {
    let (d2, d3) = (d * d, d * d * d);
    [
        -0.5 * d3 + d2 - 0.5 * d,
        1.5 * d3 - 2.5 * d2 + 1.0,
        -1.5 * d3 + 2.0 * d2 + 0.5 * d,
        0.5 * d3 - 0.5 * d2,
    ]
}

/// A weighted sum.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) values: f64,
    pub(super) weights: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        // A tap without weight must not let NaN in.
        if weight != 0.0 {
            self.values += value * weight;
            self.weights += weight;
        }
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (self.weights >= LEAST_WEIGHT).then(|| self.values / self.weights)
    }

    /// The mean however small the weights are, as those of areas become where pixels are enlarged.
    pub(super) fn mean_of_any(&self) -> Option<f64> {
        (self.weights > 0.0).then(|| self.values / self.weights)
    }
}
