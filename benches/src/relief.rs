//! Made terrain: value noise in octaves, the same for the same seed.

use rayon::prelude::*;

/// Terrain whose height is known at every whole pixel of an endless plane, in metres.
///
/// Ten octaves of value noise, from 2048 pixels and some 1000 m down to 4 pixels and 2 m, then
/// noise of a few centimetres: rounded to nothing, so that `float32` mantissas are as full as those
/// of real elevation models.
#[derive(Debug, Clone, Copy)]
pub struct Relief {
    seed: u64,
}

const LARGEST_WAVE: f32 = 2048.0;
const LARGEST_HEIGHT: f32 = 1000.0;
const OCTAVES: u32 = 10;

impl Relief {
    /// The terrain of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// `height` rows of `width` heights, the first at column `col` and row `row` of the plane.
    #[must_use]
    pub fn window(&self, (col, row): (i32, i32), width: usize, height: usize) -> Vec<f32> {
        let mut out = vec![0.0; width * height];
        out.par_chunks_exact_mut(width.max(1)).enumerate().for_each(|(r, line)| {
            for (value, x) in line.iter_mut().zip(col..) {
                *value = self.at(x, row + r as i32);
            }
        });
        out
    }

    fn at(&self, x: i32, y: i32) -> f32 {
        let (mut wave, mut height) = (LARGEST_WAVE, LARGEST_HEIGHT);
        let mut sum = 1500.0 + 0.05 * self.speckle(x, y);
        for octave in 0..OCTAVES {
            sum += height * self.octave(octave, wave, x, y);
            (wave, height) = (wave / 2.0, height / 2.0);
        }
        sum
    }

    /// Smooth noise from -1 to 1 with a wave of so many pixels; the number of the octave makes it
    /// another than the others.
    pub(crate) fn octave(&self, octave: u32, wave: f32, x: i32, y: i32) -> f32 {
        let (u, v) = (x as f32 / wave, y as f32 / wave);
        let (i, j) = (u.floor(), v.floor());
        let (fx, fy) = (smooth(u - i), smooth(v - j));
        let (i, j) = (i as i32, j as i32);
        let top = mix(self.corner(octave, i, j), self.corner(octave, i + 1, j), fx);
        let bottom = mix(self.corner(octave, i, j + 1), self.corner(octave, i + 1, j + 1), fx);
        mix(top, bottom, fy)
    }

    /// A number from -1 to 1 for each pixel, without any order.
    pub(crate) fn speckle(&self, x: i32, y: i32) -> f32 {
        self.corner(99, x, y)
    }

    /// A number from -1 to 1 for each corner of an octave's lattice (the mixer is splitmix64's).
    fn corner(&self, octave: u32, i: i32, j: i32) -> f32 {
        let place = (u64::from(i.cast_unsigned()) << 32) | u64::from(j.cast_unsigned());
        let mut z = place ^ (self.seed + u64::from(octave)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_agree_where_they_overlap() {
        let relief = Relief::new(7);
        let whole = relief.window((-10, 20), 40, 30);
        let part = relief.window((5, 28), 10, 4);
        for (r, line) in part.chunks_exact(10).enumerate() {
            let at = (8 + r) * 40 + 15;
            assert_eq!(line, &whole[at..at + 10]);
        }
        assert_ne!(part, Relief::new(8).window((5, 28), 10, 4));
        assert!(whole.iter().all(|h| (-600.0..3600.0).contains(h)));
    }
}
