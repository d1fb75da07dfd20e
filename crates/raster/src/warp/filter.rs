//! Filters stretched by a scale, over the valid source pixels around a position.

use std::f64::consts::PI;

use super::Resampling;
use super::kernel::{Source, Sum, floor};
use crate::sample::Sample;

/// A separable filter.
pub(super) struct Filter {
    pub(super) resampling: Resampling,
    weight: fn(f64) -> f64,
    radius: f64,
    /// The weights along columns.
    across: Vec<f64>,
}

impl Filter {
    /// The filter of a method; `None` for a method that has none.
    pub(super) fn new(resampling: Resampling) -> Option<Self> {
        let weight = match resampling {
            Resampling::Bilinear => triangle,
            Resampling::Cubic => catmull_rom,
            Resampling::CubicSpline => b_spline,
            Resampling::Lanczos => lanczos,
            _ => return None,
        };
        Some(Self { resampling, weight, radius: resampling.radius(), across: Vec::new() })
    }

    /// The mean of the valid pixels, weighed by the filter around (u, v) in pixel centres.
    pub(super) fn sum<T: Sample>(
        &mut self,
        source: &Source<'_, T>,
        (u, v): (f64, f64),
        scale: (f64, f64),
    ) -> Option<f64> {
        let (i0, j0) = (floor(u), floor(v));
        let reach = |scale: f64| (self.radius * scale).ceil() as i64;
        let weight = |k: i64, d: f64, scale: f64| (self.weight)((k as f64 - d) / scale);
        let (rx, ry) = (reach(scale.0), reach(scale.1));
        self.across.clear();
        self.across.extend((1 - rx..=rx).map(|l| weight(l, u - i0 as f64, scale.0)));
        let (inside, needs_half) = (source.image, self.resampling == Resampling::Lanczos);
        let (mut sum, mut taps, mut valid) = (Sum::default(), 0, 0);
        for k in 1 - ry..=ry {
            let t = (k as f64 - (v - j0 as f64)) / scale.1;
            let wy = (self.weight)(t);
            let is_tap = needs_half && t.abs() < self.radius && (0..inside.1).contains(&(j0 + k));
            if wy == 0.0 && !is_tap {
                continue;
            }
            for (l, wx) in (1 - rx..=rx).zip(&self.across) {
                let value = source.get(i0 + l, j0 + k);
                if let Some(value) = value {
                    sum.add(value.to_f64(), wx * wy);
                }
                if is_tap
                    && ((l as f64 - (u - i0 as f64)) / scale.0).abs() < self.radius
                    && (0..inside.0).contains(&(i0 + l))
                {
                    taps += 1;
                    valid += i32::from(value.is_some());
                }
            }
        }
        // As GDAL, which wants half of the pixels for its widest filter.
        if valid < taps / 2 {
            return None;
        }
        // As GDAL: weights that nearly sum to 1 are taken as they are.
        if self.resampling == Resampling::Lanczos && (sum.weights - 1.0).abs() < 1e-5 {
            return Some(sum.values);
        }
        sum.mean()
    }
}

fn triangle(t: f64) -> f64 {
    (1.0 - t.abs()).max(0.0)
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

/// The cubic B-spline. Beyond 2 on the positive side it is not 0 but what GDAL has there: little, but
/// for scales just above 1, where it reaches a tenth of the weight in the middle.
fn b_spline(t: f64) -> f64 {
    if t > 2.0 {
        return -(t - 2.0).powi(3) / 6.0;
    }
    let t = t.abs();
    if t <= 1.0 {
        (0.5 * t - 1.0) * t * t + 2.0 / 3.0
    } else if t < 2.0 {
        (2.0 - t).powi(3) / 6.0
    } else {
        0.0
    }
}

/// Lanczos's windowed sinc with three lobes.
fn lanczos(t: f64) -> f64 {
    if t == 0.0 {
        return 1.0;
    }
    // The sine of a multiple of pi is not quite 0, and a tap without weight must not let NaN in.
    if t.abs() >= 3.0 || t.fract() == 0.0 {
        return 0.0;
    }
    let x = PI * t;
    3.0 * x.sin() * (x / 3.0).sin() / (x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_1_in_sum_and_smooth_where_their_pieces_meet() {
        for (filter, radius, sum_off) in [
            (triangle as fn(f64) -> f64, 1.0, 1e-12),
            (catmull_rom, 2.0, 1e-12),
            (b_spline, 2.0, 1e-12),
            (lanczos, 3.0, 0.02),
        ] {
            for d in [0.0, 0.1, 0.5, 0.77] {
                let taps = (-4..=4).map(|k| f64::from(k) - d).filter(|t| t.abs() <= radius);
                let sum: f64 = taps.map(filter).sum();
                assert!((sum - 1.0).abs() <= sum_off, "{sum} at {d}");
            }
            for edge in [0.0, 1.0, 2.0, 3.0] {
                assert!((filter(edge - 1e-9) - filter(edge + 1e-9)).abs() < 1e-6 || edge == 3.0);
            }
        }
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(lanczos), [1.0, 0.0, 0.0, 0.0]);
    }
}
