//! Overviews by two, in masked space.

use crate::pixels::typed;
use crate::sample::Sample;
use crate::{Raster, Resampling};

/// A raster of half the size, rounded up: the mean of the valid pixels of each block of four, or
/// for nearest its first.
pub(super) fn halve(raster: &Raster, resampling: Resampling) -> Raster {
    typed!(raster.dtype(), T => halve_typed::<T>(raster, resampling))
}

fn halve_typed<T: Sample>(raster: &Raster, resampling: Resampling) -> Raster {
    let (width, height) = (raster.width.div_ceil(2), raster.height.div_ceil(2));
    let values = T::slice(&raster.pixels).unwrap_or_default();
    let mut out = vec![T::zeroed(); width * height];
    let mut valid = raster.valid.as_ref().map(|_| vec![false; width * height]);
    for row in 0..height {
        for col in 0..width {
            let at = row * width + col;
            let first = 2 * row * raster.width + 2 * col;
            if resampling == Resampling::Nearest {
                out[at] = values[first];
                if let (Some(valid), Some(from)) = (&mut valid, &raster.valid) {
                    valid[at] = from[first];
                }
                continue;
            }
            let (mut sum, mut count) = (0.0, 0u32);
            for r in 2 * row..(2 * row + 2).min(raster.height) {
                for c in 2 * col..(2 * col + 2).min(raster.width) {
                    if raster.is_valid(c, r) {
                        sum += values[r * raster.width + c].to_f64();
                        count += 1;
                    }
                }
            }
            if count > 0 {
                out[at] = T::from_f64(sum / f64::from(count));
            }
            if let Some(valid) = &mut valid {
                valid[at] = count > 0;
            }
        }
    }
    Raster { width, height, pixels: T::wrap(out), valid }
}
