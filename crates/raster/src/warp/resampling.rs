//! How pixels between pixels are made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How the value of a destination pixel is made from source pixels, by GDAL's definitions
/// ([`gdalwarp -r`](https://gdal.org/en/stable/programs/gdalwarp.html#cmdoption-gdalwarp-r)), and by
/// its output (3.12) where those leave something open. Only valid pixels count.
///
/// The methods from [`Average`](Self::Average) on look at the pixels that are touched by the window
/// between the destination pixel's first and last corner, which is clipped to the image.
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
    /// The cubic B-spline over sixteen neighbours, which smooths. Downsampled it is not 0 beyond its
    /// end on one side, as in GDAL; how many such weights there are may turn on the last digit of the
    /// scale (at a ratio of 2.4, where GDAL then differs by 2e-5 of the values).
    CubicSpline,
    /// Lanczos's windowed sinc with three lobes, over 36 neighbours, of which half must be valid (of
    /// those in the image). Downsampled, GDAL's values are quite others where a position falls on the
    /// very centre of a source column or row, and depend on its version; here they are those of the
    /// definition.
    Lanczos,
    /// The mean of the pixels touched, by area.
    Average,
    /// The value that covers the most area; of ties (to a millionth) the first to get there, row by
    /// row. With types of more than 16 bits, a value that is met but once never replaces the first one, as in GDAL
    /// 3.12; older versions count pixels.
    Mode,
    /// The least value touched.
    Min,
    /// The greatest value touched.
    Max,
    /// The median of the values touched, the lower of two; each pixel counts once.
    #[serde(rename = "med")]
    Median,
    /// The first quartile, as [`Median`](Self::Median).
    Q1,
    /// The third quartile, as [`Median`](Self::Median).
    Q3,
    /// The sum of the pixels under the destination pixel, each times the part of it that is covered,
    /// so that totals are kept. Its edges are straight in the source, and in GDAL a source pixel's
    /// edges are straight in the destination: where the transform bends, sums differ by what lies
    /// between the two (some hundredths of one source pixel's value at most for some hundred metres).
    Sum,
    /// The root of the mean square of the pixels touched, by area.
    Rms,
}

impl Resampling {
    /// Every method.
    pub const ALL: [Self; 14] = [
        Self::Nearest,
        Self::Bilinear,
        Self::Cubic,
        Self::CubicSpline,
        Self::Lanczos,
        Self::Average,
        Self::Mode,
        Self::Min,
        Self::Max,
        Self::Median,
        Self::Q1,
        Self::Q3,
        Self::Sum,
        Self::Rms,
    ];

    /// The name, which is GDAL's, as `bilinear`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Cubic => "cubic",
            Self::CubicSpline => "cubicspline",
            Self::Lanczos => "lanczos",
            Self::Average => "average",
            Self::Mode => "mode",
            Self::Min => "min",
            Self::Max => "max",
            Self::Median => "med",
            Self::Q1 => "q1",
            Self::Q3 => "q3",
            Self::Sum => "sum",
            Self::Rms => "rms",
        }
    }

    /// Source pixels that the kernel reaches from the position at scale 1. At a scale above, the
    /// reach of bilinear, cubic, cubic spline and lanczos is this times the scale; that of the
    /// methods by area is half the destination pixel, which is at most the scale.
    #[must_use]
    pub const fn radius(self) -> f64 {
        match self {
            Self::Nearest => 0.5,
            Self::Cubic | Self::CubicSpline => 2.0,
            Self::Lanczos => 3.0,
            _ => 1.0,
        }
    }

    /// Whether the method looks at a position, and not at the area of a destination pixel.
    #[must_use]
    pub const fn is_point(self) -> bool {
        matches!(
            self,
            Self::Nearest | Self::Bilinear | Self::Cubic | Self::CubicSpline | Self::Lanczos
        )
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
