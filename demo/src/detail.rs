//! Fractal detail: what the base relief, nine kilometres between nodes, cannot show.

/// The wavelength of the coarsest octave, metres: what the base relief just resolves.
const COARSEST: f64 = 18_000.0;
/// Five octaves end near one kilometre, two pixels of the tiles.
const OCTAVES: u32 = 5;
const SEED: u32 = 3413;

/// Detail at a point of the projected plane, metres in both axes, for a relief of roughness 1.
/// It is a function of the point alone, so neighbouring tiles fit. Mean near 0, mostly in −1…1.
pub(crate) fn detail(x: f64, y: f64) -> f64 {
    let (u, v) = (x / COARSEST, y / COARSEST);
    // The plane is bent first: ridges wind instead of following the lattice.
    let bend = |seed| 0.35 * gradient_noise(u * 0.7, v * 0.7, SEED ^ seed);
    let (u, v) = (u + bend(0xA5A5), v + bend(0x5A5A));
    let (mut sum, mut amplitude, mut frequency, mut weight) = (0.0, 0.55, 1.0, 1.0);
    for octave in 0..OCTAVES {
        let noise = gradient_noise(u * frequency, v * frequency, SEED.wrapping_add(octave));
        // A ridge where the noise crosses zero; ridges carry the next octave, valleys stay smooth.
        let ridge = (1.0 - 1.6 * noise.abs()).max(0.0).powi(2);
        sum += amplitude * weight * (ridge - 0.45);
        weight = (0.35 + ridge).min(1.0);
        amplitude *= 0.52;
        frequency *= 2.03;
    }
    sum
}

/// Two smooth values in about −1…1 at a point of the projected plane, metres in both axes.
pub(crate) fn bend(x: f64, y: f64) -> (f64, f64) {
    let at = |scale: f64, seed| gradient_noise(x / scale, y / scale, SEED ^ seed);
    (
        0.6 * at(31_000.0, 0x11) + 0.5 * at(13_000.0, 0x12),
        0.6 * at(31_000.0, 0x21) + 0.5 * at(13_000.0, 0x22),
    )
}

/// Perlin's gradient noise (2002), in −1…1, 0 on the lattice.
fn gradient_noise(x: f64, y: f64, seed: u32) -> f64 {
    let (column, row) = (x.floor(), y.floor());
    let (fx, fy) = (x - column, y - row);
    let slope = |dc: i32, dr: i32| {
        let hash = hash(column as i32 + dc, row as i32 + dr, seed);
        let (gx, gy) = GRADIENTS[(hash >> 28) as usize];
        gx * (fx - f64::from(dc)) + gy * (fy - f64::from(dr))
    };
    let fade = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let (across, down) = (fade(fx), fade(fy));
    let top = mix(slope(0, 0), slope(1, 0), across);
    let bottom = mix(slope(0, 1), slope(1, 1), across);
    std::f64::consts::SQRT_2 * mix(top, bottom, down)
}

fn hash(column: i32, row: i32, seed: u32) -> u32 {
    let mut h = (column as u32).wrapping_mul(0x9E37_79B1)
        ^ (row as u32).wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// Unit vectors every 22.5 degrees.
const GRADIENTS: [(f64, f64); 16] = {
    const A: f64 = 0.923_879_532_511_286_7;
    const B: f64 = 0.382_683_432_365_089_8;
    const C: f64 = std::f64::consts::FRAC_1_SQRT_2;
    [
        (1.0, 0.0),
        (A, B),
        (C, C),
        (B, A),
        (0.0, 1.0),
        (-B, A),
        (-C, C),
        (-A, B),
        (-1.0, 0.0),
        (-A, -B),
        (-C, -C),
        (-B, -A),
        (0.0, -1.0),
        (B, -A),
        (C, -C),
        (A, -B),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_bounded_and_zero_on_the_lattice() {
        for i in 0..40 {
            let t = f64::from(i) * 0.37 - 5.0;
            assert!(gradient_noise(t, 1.7 * t, 1).abs() <= 1.0);
            assert_eq!(gradient_noise(f64::from(i) - 20.0, f64::from(i), 1), 0.0);
        }
    }

    #[test]
    fn detail_is_near_zero_on_average() {
        let n = 200;
        let values: Vec<f64> = (0..n * n)
            .map(|i| detail(f64::from(i % n) * 2_500.0, f64::from(i / n) * 2_500.0))
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.1, "{mean}");
        assert!(values.iter().all(|v| v.abs() < 1.6));
        assert!(values.iter().any(|v| v.abs() > 0.5));
    }

    #[test]
    fn detail_is_deterministic() {
        assert_eq!(detail(123_456.0, -789_012.0), detail(123_456.0, -789_012.0));
        assert_ne!(detail(123_456.0, -789_012.0), detail(123_956.0, -789_012.0));
    }
}
