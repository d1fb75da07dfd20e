//! The kernels: one destination value from the source pixels around a position.

use super::{Resampling, SourceExtent};
use crate::Raster;
use crate::sample::Sample;

/// Positions this close below a pixel edge count as on it.
const EDGE: f64 = 1e-10;
/// Weights that sum to less give no value.
const LEAST_WEIGHT: f64 = 1e-6;

/// A source raster addressed by the pixels of its whole image.
pub(super) struct Source<'a, T> {
    values: &'a [T],
    valid: Option<&'a [bool]>,
    width: i64,
    height: i64,
    col: i64,
    row: i64,
    image: (i64, i64),
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

/// Bilinear or cubic at a position; scales are source pixels per destination pixel, at least 1.
pub(super) fn sample_kernel<T: Sample>(
    source: &Source<'_, T>,
    at: (f64, f64),
    resampling: Resampling,
    scale: (f64, f64),
) -> Option<f64> {
    let (col, row) = source.containing(at)?;
    source.get(col, row)?;
    let (u, v) = (at.0 - 0.5, at.1 - 0.5);
    let is_unscaled = scale == (1.0, 1.0);
    match resampling {
        Resampling::Cubic if is_unscaled => cubic(source, u, v).or_else(|| bilinear(source, u, v)),
        Resampling::Cubic => wide(source, (u, v), scale, Resampling::Cubic),
        _ if is_unscaled => bilinear(source, u, v),
        _ => wide(source, (u, v), scale, Resampling::Bilinear),
    }
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
fn floor(x: f64) -> i64 {
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

/// The general form for downsampling: the kernel stretched by the scale, over the valid taps.
fn wide<T: Sample>(
    source: &Source<'_, T>,
    (u, v): (f64, f64),
    scale: (f64, f64),
    resampling: Resampling,
) -> Option<f64> {
    let radius = resampling.radius();
    let (i0, j0) = (u.floor(), v.floor());
    let reach = |scale: f64| (radius * scale).ceil() as i64;
    let weight = |k: i64, d: f64, scale: f64| {
        let t = (k as f64 - d) / scale;
        if resampling == Resampling::Cubic { catmull_rom(t) } else { (1.0 - t.abs()).max(0.0) }
    };
    let (rx, ry) = (reach(scale.0), reach(scale.1));
    let mut sum = Sum::default();
    for k in 1 - ry..=ry {
        let wy = weight(k, v - j0, scale.1);
        if wy == 0.0 {
            continue;
        }
        for l in 1 - rx..=rx {
            let wx = weight(l, u - i0, scale.0);
            if let Some(value) = source.get(i0 as i64 + l, j0 as i64 + k) {
                sum.add(value.to_f64(), wx * wy);
            }
        }
    }
    sum.mean()
}

fn catmull_rom(t: f64) -> f64 {
    let t = t.abs();
    if t <= 1.0 {
        (1.5 * t - 2.5) * t * t + 1.0
    } else if t < 2.0 {
        ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    } else {
        0.0
    }
}

/// The mean over the window between two transformed corners, weighed by area.
pub(super) fn area_mean<T: Sample>(
    source: &Source<'_, T>,
    from: (f64, f64),
    to: (f64, f64),
) -> Option<f64> {
    if !(from.0.is_finite() && from.1.is_finite() && to.0.is_finite() && to.1.is_finite()) {
        return None;
    }
    let (cols, rows) =
        (Span::new(from.0, to.0, source.image.0)?, Span::new(from.1, to.1, source.image.1)?);
    let mut sum = Sum::default();
    for row in rows.first..=rows.last {
        let wy = rows.weight(row);
        for col in cols.first..=cols.last {
            if let Some(value) = source.get(col, row) {
                sum.add(value.to_f64(), wy * cols.weight(col));
            }
        }
    }
    sum.mean()
}

/// The pixels that an interval along one axis touches, clipped to the image.
struct Span {
    low: f64,
    high: f64,
    first: i64,
    last: i64,
}

impl Span {
    fn new(a: f64, b: f64, size: i64) -> Option<Self> {
        let (low, high) = (a.min(b), a.max(b));
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

#[derive(Default)]
struct Sum {
    values: f64,
    weights: f64,
}

impl Sum {
    fn add(&mut self, value: f64, weight: f64) {
        // A tap without weight must not let NaN in.
        if weight != 0.0 {
            self.values += value * weight;
            self.weights += weight;
        }
    }

    fn mean(&self) -> Option<f64> {
        (self.weights >= LEAST_WEIGHT).then(|| self.values / self.weights)
    }
}
