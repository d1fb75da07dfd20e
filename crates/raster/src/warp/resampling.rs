//! How pixels between pixels are made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How the value of a destination pixel is made from source pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Resampling {
    /// The pixel that contains the centre.
    #[default]
    Nearest,
    /// Linear between the four neighbours.
    Bilinear,
    /// Catmull-Rom (a = -0.5) over sixteen neighbours.
    Cubic,
    /// The mean of the pixels touched, by area.
    Average,
}

impl Resampling {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Nearest, Self::Bilinear, Self::Cubic, Self::Average];

    /// The name, as `bilinear`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Cubic => "cubic",
            Self::Average => "average",
        }
    }

    /// Source pixels that the kernel reaches from the position at scale 1. At a scale above, the
    /// reach of bilinear and cubic is this times the scale; that of average is half the destination
    /// pixel, which is at most the scale.
    #[must_use]
    pub const fn radius(self) -> f64 {
        match self {
            Self::Nearest => 0.5,
            Self::Bilinear | Self::Average => 1.0,
            Self::Cubic => 2.0,
        }
    }

    /// Whole source pixels to read around the positions of a destination for a scale (source
    /// pixels per destination pixel along an axis).
    #[must_use]
    pub fn margin(self, scale: f64) -> usize {
        (self.radius() * scale.max(1.0)).ceil() as usize + 1
    }
}

impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Resampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|r| r.name() == text).ok_or_else(|| Error::UnknownName {
            kind: "resampling",
            name: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}
