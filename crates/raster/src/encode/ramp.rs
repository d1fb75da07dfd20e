//! Named colour ramps.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A colour ramp over the unit interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Ramp {
    /// Black to white.
    #[default]
    Grey,
    /// Dark violet over green to yellow, even to the eye and to the colour blind.
    Viridis,
    /// Blue over white to red, for values around a middle.
    Diverging,
    /// Sea blues below the middle, greens, browns and white above: heights around 0.
    Terrain,
}

impl Ramp {
    /// Every ramp.
    pub const ALL: [Self; 4] = [Self::Grey, Self::Viridis, Self::Diverging, Self::Terrain];

    /// The name, as `viridis`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Viridis => "viridis",
            Self::Diverging => "diverging",
            Self::Terrain => "terrain",
        }
    }

    /// The colour (red, green, blue) at `t`, clamped to 0 and 1.
    #[must_use]
    pub fn color(self, t: f64) -> [u8; 3] {
        let stops = self.stops();
        let t = t.clamp(0.0, 1.0);
        let above = stops.iter().position(|(at, _)| *at >= t).unwrap_or(stops.len() - 1).max(1);
        let ((from, a), (to, b)) = (stops[above - 1], stops[above]);
        let part = ((t - from) / (to - from)).clamp(0.0, 1.0);
        let mix =
            |i: usize| (f64::from(a[i]) + (f64::from(b[i]) - f64::from(a[i])) * part + 0.5) as u8;
        [mix(0), mix(1), mix(2)]
    }

    const fn stops(self) -> &'static [(f64, [u8; 3])] {
        match self {
            Self::Grey => &[(0.0, [0; 3]), (1.0, [255; 3])],
            Self::Viridis => &[
                (0.0, [68, 1, 84]),
                (0.25, [59, 82, 139]),
                (0.5, [33, 145, 140]),
                (0.75, [94, 201, 98]),
                (1.0, [253, 231, 37]),
            ],
            Self::Diverging => &[
                (0.0, [33, 102, 172]),
                (0.25, [146, 197, 222]),
                (0.5, [247, 247, 247]),
                (0.75, [244, 165, 130]),
                (1.0, [178, 24, 43]),
            ],
            Self::Terrain => &[
                (0.0, [14, 44, 88]),
                (0.27, [24, 72, 120]),
                (0.47, [66, 130, 170]),
                (0.4999, [140, 190, 210]),
                (0.5, [112, 142, 96]),
                (0.56, [150, 150, 105]),
                (0.65, [170, 150, 120]),
                (0.74, [205, 195, 185]),
                (0.83, [232, 236, 240]),
                (1.0, [255; 3]),
            ],
        }
    }
}

impl fmt::Display for Ramp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Ramp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|r| r.name() == text).ok_or_else(|| Error::UnknownName {
            kind: "colour ramp",
            name: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle() {
        assert_eq!(Ramp::Grey.color(0.5), [128; 3]);
        assert_eq!(Ramp::Viridis.color(-3.0), [68, 1, 84]);
        assert_eq!(Ramp::Terrain.color(7.0), [255; 3]);
        assert_eq!(Ramp::Diverging.color(0.5), [247; 3]);
        assert!("jet".parse::<Ramp>().unwrap_err().to_string().contains("grey, viridis"));
    }
}
