//! Where pixel edges lie relative to the CRS origin.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a grid that covers some bounds is placed; meanings as in odc-geo.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Pixel edges lie on multiples of the resolution.
    #[default]
    Edge,
    /// Pixel centres lie on multiples of the resolution.
    Center,
    /// Pixel edges lie these fractions of a pixel `(x, y)`, each in `[0, 1)`, beyond multiples of it.
    Offset(f64, f64),
    /// The grid starts at the upper left corner of the bounds.
    Floating,
}

impl Anchor {
    pub(crate) fn fractions(self) -> Result<(Option<f64>, Option<f64>)> {
        let (x, y) = match self {
            Self::Edge => (0.0, 0.0),
            Self::Center => (0.5, 0.5),
            Self::Offset(x, y) => (x, y),
            Self::Floating => return Ok((None, None)),
        };
        if (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y) {
            return Ok((Some(x), Some(y)));
        }
        Err(Error::invalid("anchor", format!("offset ({x}, {y}) is outside [0, 1)")))
    }
}

/// The first and last edge and the number of pixels that cover `low..high`.
pub(crate) fn snap(
    low: f64,
    high: f64,
    step: f64,
    fraction: Option<f64>,
) -> Result<(f64, f64, usize)> {
    const NEAR: f64 = 0.01;
    let near_integer = |v: f64| if (v - v.round()).abs() < NEAR { v.round() } else { v };
    let Some(fraction) = fraction else {
        let count = checked(near_integer((high - low) / step).ceil().max(1.0))?;
        return Ok((low, low + step * count as f64, count));
    };
    let shift = fraction * step;
    let first = near_integer((low - shift) / step).floor();
    let end = near_integer((high - shift) / step).ceil().max(first + 1.0);
    Ok((first * step + shift, end * step + shift, checked(end - first)?))
}

fn checked(count: f64) -> Result<usize> {
    if count <= f64::from(i32::MAX) {
        return Ok(count as usize);
    }
    Err(Error::invalid("geobox", format!("{count} pixels along one side are too many")))
}
