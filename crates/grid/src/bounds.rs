//! An axis-parallel rectangle in CRS coordinates.

use serde::{Deserialize, Serialize};

use crate::densify::edge_points;
use crate::error::{Error, Result};
use crate::transform::Transform;

/// A rectangle in CRS coordinates; x is easting or longitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct Bounds {
    /// West edge.
    pub min_x: f64,
    /// South edge.
    pub min_y: f64,
    /// East edge.
    pub max_x: f64,
    /// North edge.
    pub max_y: f64,
}

impl Bounds {
    /// From west, south, east and north.
    #[must_use]
    pub const fn new(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Self {
        Self { min_x, min_y, max_x, max_y }
    }

    /// The smallest rectangle that holds all points; `None` without points.
    pub fn of_points(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        points.into_iter().fold(None, |found, (x, y)| {
            let b = found.unwrap_or(Self::new(x, y, x, y));
            Some(Self::new(b.min_x.min(x), b.min_y.min(y), b.max_x.max(x), b.max_y.max(y)))
        })
    }

    /// Extent along x.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.max_x - self.min_x
    }

    /// Extent along y.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.max_y - self.min_y
    }

    /// The middle `(x, y)`.
    #[must_use]
    pub fn center(&self) -> (f64, f64) {
        (f64::midpoint(self.min_x, self.max_x), f64::midpoint(self.min_y, self.max_y))
    }

    /// Whether the interiors overlap; a shared edge does not count.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.min_x < other.max_x
            && other.min_x < self.max_x
            && self.min_y < other.max_y
            && other.min_y < self.max_y
    }

    /// What both cover, if their interiors overlap.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        self.intersects(other).then(|| {
            Self::new(
                self.min_x.max(other.min_x),
                self.min_y.max(other.min_y),
                self.max_x.min(other.max_x),
                self.max_y.min(other.max_y),
            )
        })
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::new(
            self.min_x.min(other.min_x),
            self.min_y.min(other.min_y),
            self.max_x.max(other.max_x),
            self.max_y.max(other.max_y),
        )
    }

    /// Whether `other` lies in this rectangle, edges included.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.min_x <= other.min_x
            && self.min_y <= other.min_y
            && self.max_x >= other.max_x
            && self.max_y >= other.max_y
    }

    /// Whether the point lies in this rectangle, edges included.
    #[must_use]
    pub fn contains_point(&self, x: f64, y: f64) -> bool {
        self.min_x <= x && x <= self.max_x && self.min_y <= y && y <= self.max_y
    }

    /// Grown by `margin` on every side.
    #[must_use]
    pub fn buffered(&self, margin: f64) -> Self {
        Self::new(
            self.min_x - margin,
            self.min_y - margin,
            self.max_x + margin,
            self.max_y + margin,
        )
    }

    /// The rectangle around this one in the transform's destination.
    ///
    /// `densify` points are put on each edge, and as many lines through the inside. Points outside
    /// the domain are left out. This does not see the antimeridian or the poles: for areas that may
    /// hold them use [`Region`](crate::Region).
    ///
    /// # Errors
    /// [`Error::Invalid`] when no point can be transformed.
    pub fn to_crs(&self, transform: &Transform, densify: usize) -> Result<Self> {
        let n = densify.max(1);
        let rows = (0..=n).map(|i| self.min_y + self.height() * i as f64 / n as f64);
        let inside = rows.flat_map(|y| edge_points((self.min_x, y), (self.max_x, y), n));
        Self::of_points(inside.filter_map(|(x, y)| transform.forward(x, y))).ok_or_else(|| {
            Error::invalid("bounds", format!("{self:?} lie outside the destination's domain"))
        })
    }
}

impl From<[f64; 4]> for Bounds {
    fn from(b: [f64; 4]) -> Self {
        Self::new(b[0], b[1], b[2], b[3])
    }
}

impl From<Bounds> for [f64; 4] {
    fn from(b: Bounds) -> Self {
        [b.min_x, b.min_y, b.max_x, b.max_y]
    }
}
