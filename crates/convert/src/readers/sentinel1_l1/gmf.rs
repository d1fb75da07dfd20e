//! What the sea sends back at 10 m/s and 45° to the wind: geophysical model functions.

use crate::error::{Error, Result};

/// Of wave sent and wave received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarisation {
    Vv,
    Hh,
    Cross,
}

/// Metres per second.
const WIND: f64 = 10.0;
/// Degrees between the look and the wind.
const DIRECTION: f64 = 45.0;

/// Coefficients of CMOD5.N from 1 on (Hersbach 2008, ECMWF technical memorandum 554, table 1).
const CMOD5N: [f64; 29] = [
    0.0, -0.6878, -0.7957, 0.3380, -0.1728, 0.0000, 0.0040, 0.1103, 0.0159, 6.7329, 2.7713,
    -2.2885, 0.4971, -0.7250, 0.0450, 0.0066, 0.3222, 0.0120, 22.7000, 2.0813, 3.0000, 8.3659,
    -3.3428, 1.3236, 6.2437, 2.3893, 0.3249, 4.1590, 1.6930,
];

/// Coefficients of CMOD-HH (Zhang et al. 2019, doi 10.1109/LGRS.2019.2905578), at [`WIND`] and
/// [`DIRECTION`] only: those that the wind multiplies are 0, and their share is in their neighbours;
/// those from 19 on do not count at 45°.
///
/// Found by experiment: images whose incidence rises by 0.1° from pixel to pixel, from 10° to 60°,
/// were given to the reference, and CMOD5's formula fitted to σ⁰ over the square of its roughness.
/// It agrees to 1.4e-6 of σ⁰, which is what floats of the incidence leave open.
const CMOD_HH: [f64; 29] = [
    0.0,
    -1.116_966_037,
    -1.716_768_467,
    0.544_246_582,
    0.138_661_565,
    0.0,
    0.0,
    0.129_096_168,
    0.083_499_646,
    6.518_750_417,
    1.910_943_124,
    -1.796_105_502,
    0.578_180_521,
    -0.605_158_397,
    0.119_365_509,
    0.009_009_332_1,
    0.395_180_534,
    0.0,
    22.7,
    2.0813,
    3.0,
    8.3659,
    -3.3428,
    1.3236,
    6.2437,
    2.3893,
    0.3249,
    4.159,
    1.693,
];

impl Polarisation {
    pub(super) fn of(text: &str) -> Result<Self> {
        match text {
            "VV" => Ok(Self::Vv),
            "HH" => Ok(Self::Hh),
            "VH" | "HV" => Ok(Self::Cross),
            _ => Err(Error::UnknownName {
                kind: "polarisation",
                name: text.to_owned(),
                known: "VV, HH, VH, HV".to_owned(),
            }),
        }
    }

    /// Normalised cross section, linear, at an incidence in degrees.
    pub(super) fn sigma0(self, incidence: f64) -> f64 {
        match self {
            Self::Vv => cmod5(&CMOD5N, WIND, DIRECTION, incidence),
            Self::Hh => cmod5(&CMOD_HH, WIND, DIRECTION, incidence),
            Self::Cross => 10f64.powf((0.58 * WIND - 35.652) / 10.0),
        }
    }

    /// The range of roughness that is told for the sea.
    pub(super) fn of_sea(self) -> (f64, f64) {
        match self {
            Self::Vv => (0.0, 2.0),
            Self::Hh => (0.0, 2.5),
            Self::Cross => (1.0, 3.0),
        }
    }

    /// The range of roughness that is told for ice.
    pub(super) fn of_ice(self) -> (f64, f64) {
        match self {
            Self::Vv | Self::Hh => (0.0, 3.5),
            Self::Cross => (1.0, 5.0),
        }
    }
}

/// The formula of CMOD5: wind in m/s, direction and incidence in degrees.
fn cmod5(c: &[f64; 29], wind: f64, direction: f64, incidence: f64) -> f64 {
    let (y0, pn) = (c[19], c[20]);
    let a = y0 - (y0 - 1.0) / pn;
    let b = 1.0 / (pn * (y0 - 1.0).powf(pn - 1.0));
    let cosine = direction.to_radians().cos();
    let cosine2 = 2.0 * cosine * cosine - 1.0;
    let x = (incidence - 40.0) / 25.0;
    let xx = x * x;
    let a0 = c[1] + c[2] * x + c[3] * xx + c[4] * x * xx;
    let a1 = c[5] + c[6] * x;
    let a2 = c[7] + c[8] * x;
    let gamma = c[9] + c[10] * x + c[11] * xx;
    let s1 = c[12] + c[13] * x;
    let s = a2 * wind;
    let a3 = 1.0 / (1.0 + (-s.max(s1)).exp());
    let a3 = if s < s1 { a3 * (s / s1).powf(s1 * (1.0 - a3)) } else { a3 };
    let b0 = a3.powf(gamma) * 10f64.powf(a0 + a1 * wind);
    let b1 = c[15] * wind * (0.5 + x - (4.0 * (x + c[16] + c[17] * wind)).tanh());
    let b1 = (c[14] * (1.0 + x) - b1) / ((0.34 * (wind - c[18])).exp() + 1.0);
    let v0 = c[21] + c[22] * x + c[23] * xx;
    let d1 = c[24] + c[25] * x + c[26] * xx;
    let d2 = c[27] + c[28] * x;
    let v2 = wind / v0 + 1.0;
    let v2 = if v2 < y0 { a + b * (v2 - 1.0).powf(pn) } else { v2 };
    let b2 = (-d1 + d2 * v2) * (-v2).exp();
    b0 * (1.0 + b1 * cosine + b2 * cosine2).powf(1.6)
}

#[cfg(test)]
mod tests {
    use super::Polarisation;

    #[test]
    fn model_functions_have_the_reference_s_values() {
        // σ⁰ over the square of the reference's roughness.
        for (incidence, expected) in
            [(23.3, 0.287_517_10), (27.4, 0.127_289_50), (45.0, 0.010_457_08)]
        {
            let found = Polarisation::Hh.sigma0(incidence);
            assert!((found / expected - 1.0).abs() < 1e-6, "{incidence}: {found}");
        }
    }
}
