//! The affine map from pixel to CRS coordinates.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Maps pixel corners `(column, row)` to CRS coordinates `(x, y)`.
///
/// Row-major as in rasterio: `x = a·col + b·row + c`, `y = d·col + e·row + f`.
/// `(0, 0)` is the outer corner of the first pixel; a north-up image has `e < 0`.
///
/// ```
/// use terracube_grid::Affine;
/// let affine = Affine::new(10.0, 0.0, 600_000.0, 0.0, -10.0, 5_000_000.0);
/// assert_eq!(affine.apply(2.0, 1.0), (600_020.0, 4_999_990.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 6]", into = "[f64; 6]")]
pub struct Affine {
    /// Pixel width along x.
    pub a: f64,
    /// Row rotation.
    pub b: f64,
    /// x of the outer corner of the first pixel.
    pub c: f64,
    /// Column rotation.
    pub d: f64,
    /// Pixel height along y, negative when north is up.
    pub e: f64,
    /// y of the outer corner of the first pixel.
    pub f: f64,
}

impl Affine {
    /// The map that changes nothing.
    pub const IDENTITY: Self = Self::new(1.0, 0.0, 0.0, 0.0, 1.0, 0.0);

    /// From the six numbers in rasterio's order.
    #[must_use]
    pub const fn new(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64) -> Self {
        Self { a, b, c, d, e, f }
    }

    /// From a GDAL geotransform `(c, a, b, f, d, e)`.
    #[must_use]
    pub const fn from_gdal(t: [f64; 6]) -> Self {
        Self::new(t[1], t[2], t[0], t[4], t[5], t[3])
    }

    /// As a GDAL geotransform `(c, a, b, f, d, e)`.
    #[must_use]
    pub const fn to_gdal(&self) -> [f64; 6] {
        [self.c, self.a, self.b, self.f, self.d, self.e]
    }

    /// A pure scaling.
    #[must_use]
    pub const fn scale(x: f64, y: f64) -> Self {
        Self::new(x, 0.0, 0.0, 0.0, y, 0.0)
    }

    /// A pure translation.
    #[must_use]
    pub const fn translate(x: f64, y: f64) -> Self {
        Self::new(1.0, 0.0, x, 0.0, 1.0, y)
    }

    /// The CRS coordinates `(x, y)` of pixel position `(col, row)`.
    #[must_use]
    pub fn apply(&self, col: f64, row: f64) -> (f64, f64) {
        (self.a * col + self.b * row + self.c, self.d * col + self.e * row + self.f)
    }

    /// The map from CRS coordinates back to pixel positions.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the map is degenerate or not finite.
    pub fn inverse(&self) -> Result<Self> {
        let det = self.a * self.e - self.b * self.d;
        if !det.is_normal() || !self.c.is_finite() || !self.f.is_finite() {
            return Err(Error::invalid("affine", format!("{self:?} cannot be inverted")));
        }
        let (a, b, d, e) = (self.e / det, -self.b / det, -self.d / det, self.a / det);
        Ok(Self::new(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f)))
    }

    /// The map that applies `inner` first, then `self`: `self · inner`.
    #[must_use]
    pub fn compose(&self, inner: &Self) -> Self {
        Self::new(
            self.a * inner.a + self.b * inner.d,
            self.a * inner.b + self.b * inner.e,
            self.a * inner.c + self.b * inner.f + self.c,
            self.d * inner.a + self.e * inner.d,
            self.d * inner.b + self.e * inner.e,
            self.d * inner.c + self.e * inner.f + self.f,
        )
    }

    /// Whether columns run along x and rows along y.
    #[must_use]
    pub fn is_axis_aligned(&self) -> bool {
        self.b == 0.0 && self.d == 0.0
    }

    /// Pixel sizes `(along columns, along rows)` in CRS units, never negative.
    #[must_use]
    pub fn resolution(&self) -> (f64, f64) {
        (self.a.hypot(self.d), self.b.hypot(self.e))
    }
}

impl std::ops::Mul for Affine {
    type Output = Self;

    fn mul(self, inner: Self) -> Self {
        self.compose(&inner)
    }
}

impl From<[f64; 6]> for Affine {
    fn from(n: [f64; 6]) -> Self {
        Self::new(n[0], n[1], n[2], n[3], n[4], n[5])
    }
}

impl From<Affine> for [f64; 6] {
    fn from(t: Affine) -> Self {
        [t.a, t.b, t.c, t.d, t.e, t.f]
    }
}
