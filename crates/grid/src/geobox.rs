//! A grid of pixels with a place on the Earth.

use serde::{Deserialize, Serialize};

use crate::affine::Affine;
use crate::anchor::{Anchor, snap};
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::densify::edge_points;
use crate::error::{Error, Result};
use crate::window::Window;

/// A finite pixel grid: CRS, affine and size.
///
/// ```
/// use terracube_grid::{Anchor, Bounds, Crs, GeoBox};
/// let bounds = Bounds::new(600_003.0, 4_999_000.0, 601_000.0, 5_000_000.0);
/// let grid = GeoBox::from_bounds(Crs::epsg(32633)?, bounds, (10.0, 10.0), Anchor::Edge)?;
/// assert_eq!((grid.width, grid.height), (100, 100));
/// assert_eq!(grid.bounds().min_x, 600_000.0);
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeoBox {
    /// The CRS of `affine`'s results.
    pub crs: Crs,
    /// Pixel corner to CRS coordinates.
    pub affine: Affine,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

/// How far, in pixels, two grids may be apart and still count as one.
const SAME_GRID: f64 = 1e-6;

impl GeoBox {
    /// From its parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the affine is degenerate or the size zero.
    pub fn new(crs: Crs, affine: Affine, width: usize, height: usize) -> Result<Self> {
        affine.inverse()?;
        if width == 0 || height == 0 {
            return Err(Error::invalid("geobox", format!("{width}×{height} pixels")));
        }
        Ok(Self { crs, affine, width, height })
    }

    /// The north-up grid of pixels `resolution` (x, y; positive) in size that covers `bounds`.
    ///
    /// Edges within a hundredth of a pixel of a grid line are taken to be on it, as in odc-geo.
    ///
    /// # Errors
    /// [`Error::Invalid`] for empty or non-finite bounds, a resolution that is not positive, an
    /// anchor offset outside `[0, 1)`, or more than 2³¹ columns or rows.
    pub fn from_bounds(
        crs: Crs,
        bounds: Bounds,
        resolution: (f64, f64),
        anchor: Anchor,
    ) -> Result<Self> {
        check_bounds(&bounds)?;
        let (rx, ry) = resolution;
        if !(rx > 0.0 && ry > 0.0 && rx.is_finite() && ry.is_finite()) {
            return Err(Error::invalid("resolution", format!("({rx}, {ry}) is not positive")));
        }
        let (fx, fy) = anchor.fractions()?;
        let (x0, _, width) = snap(bounds.min_x, bounds.max_x, rx, fx)?;
        let (_, y1, height) = snap(bounds.min_y, bounds.max_y, ry, fy)?;
        // A floating grid starts at the upper left corner, so the excess hangs out at the bottom.
        let top = if fy.is_some() { y1 } else { bounds.max_y };
        Self::new(crs, Affine::new(rx, 0.0, x0, 0.0, -ry, top), width, height)
    }

    /// The north-up grid of `width` × `height` pixels whose edges are `bounds`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for empty or non-finite bounds or a zero size.
    pub fn from_shape(crs: Crs, bounds: Bounds, width: usize, height: usize) -> Result<Self> {
        check_bounds(&bounds)?;
        let (rx, ry) = (bounds.width() / width as f64, bounds.height() / height as f64);
        Self::new(crs, Affine::new(rx, 0.0, bounds.min_x, 0.0, -ry, bounds.max_y), width, height)
    }

    /// The rectangle around all pixels.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let (w, h) = (self.width as f64, self.height as f64);
        let corners =
            [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(|(c, r)| self.affine.apply(c, r));
        let (x, y) = corners[0];
        Bounds::of_points(corners).unwrap_or(Bounds::new(x, y, x, y))
    }

    /// Pixel sizes `(x, y)` in CRS units, never negative.
    #[must_use]
    pub fn resolution(&self) -> (f64, f64) {
        self.affine.resolution()
    }

    /// `(rows, columns)`, as arrays have it.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// All pixels as a window.
    #[must_use]
    pub fn window(&self) -> Window {
        Window::new(0, 0, self.width, self.height)
    }

    /// The CRS coordinates of a pixel's centre.
    #[must_use]
    pub fn pixel_center(&self, col: usize, row: usize) -> (f64, f64) {
        self.affine.apply(col as f64 + 0.5, row as f64 + 0.5)
    }

    /// x of the centres of the first row's pixels.
    #[must_use]
    pub fn xs(&self) -> Vec<f64> {
        (0..self.width).map(|col| self.pixel_center(col, 0).0).collect()
    }

    /// y of the centres of the first column's pixels.
    #[must_use]
    pub fn ys(&self) -> Vec<f64> {
        (0..self.height).map(|row| self.pixel_center(0, row).1).collect()
    }

    /// The part under `window`, which may reach beyond this grid.
    #[must_use]
    pub fn crop(&self, window: &Window) -> Self {
        self.shifted(window.col as f64, window.row as f64, window.width, window.height)
    }

    /// Grown by `n` pixels on every side.
    #[must_use]
    pub fn pad(&self, n: usize) -> Self {
        self.shifted(-(n as f64), -(n as f64), self.width + 2 * n, self.height + 2 * n)
    }

    /// The same upper left corner with pixels `factor` times as large, enough of them to cover this.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the factor is not positive.
    pub fn zoom_out(&self, factor: f64) -> Result<Self> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Error::invalid("zoom factor", format!("{factor} is not positive")));
        }
        let count = |n: usize| ((n as f64 / factor - SAME_GRID).ceil() as usize).max(1);
        let affine = self.affine * Affine::scale(factor, factor);
        Self::new(self.crs.clone(), affine, count(self.width), count(self.height))
    }

    /// The pixels whose area `bounds` overlaps, clipped to this grid.
    #[must_use]
    pub fn window_of(&self, bounds: &Bounds) -> Option<Window> {
        let inverse = self.affine.inverse().ok()?;
        let corners = [
            (bounds.min_x, bounds.min_y),
            (bounds.max_x, bounds.min_y),
            (bounds.max_x, bounds.max_y),
            (bounds.min_x, bounds.max_y),
        ];
        let pixels = Bounds::of_points(corners.map(|(x, y)| inverse.apply(x, y)))?;
        let span = |low: f64, high: f64, size: usize| {
            let first = (low + SAME_GRID).floor().max(0.0);
            let end = (high - SAME_GRID).ceil().min(size as f64);
            (first < end).then_some((first as usize, (end - first) as usize))
        };
        let (col, width) = span(pixels.min_x, pixels.max_x, self.width)?;
        let (row, height) = span(pixels.min_y, pixels.max_y, self.height)?;
        Some(Window::new(col, row, width, height))
    }

    /// The outline as a closed ring `(x, y)`, counter-clockwise for a north-up grid, with `densify`
    /// segments on each edge.
    #[must_use]
    pub fn outline(&self, densify: usize) -> Vec<(f64, f64)> {
        let (w, h) = (self.width as f64, self.height as f64);
        let corners = [(0.0, 0.0), (0.0, h), (w, h), (w, 0.0), (0.0, 0.0)];
        let mut ring = vec![self.affine.apply(0.0, 0.0)];
        for pair in corners.windows(2) {
            ring.extend(
                edge_points(pair[0], pair[1], densify)
                    .skip(1)
                    .map(|(c, r)| self.affine.apply(c, r)),
            );
        }
        ring
    }

    /// Where `other` starts in this grid's pixels `(columns, rows)`, if both are one grid: the same
    /// CRS and pixels that coincide to a millionth of a pixel over all of `other`.
    #[must_use]
    pub fn is_aligned_with(&self, other: &Self) -> Option<(i64, i64)> {
        if !self.crs.is_same(&other.crs) {
            return None;
        }
        let to_self = self.affine.inverse().ok()? * other.affine;
        let (dx, dy) = (to_self.c.round(), to_self.f.round());
        let (w, h) = (other.width as f64, other.height as f64);
        let close = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].iter().all(|&(c, r)| {
            let (x, y) = to_self.apply(c, r);
            (x - c - dx).abs() <= SAME_GRID && (y - r - dy).abs() <= SAME_GRID
        });
        close.then_some((dx as i64, dy as i64))
    }

    /// Where `whole` starts in this grid's pixels, if both are one grid over all that they share.
    pub(crate) fn aligned_in(&self, whole: &Self) -> Option<(i64, i64)> {
        let shared = whole.window_of(&self.bounds())?;
        let (col, row) = self.is_aligned_with(&whole.crop(&shared))?;
        Some((col - i64::try_from(shared.col).ok()?, row - i64::try_from(shared.row).ok()?))
    }

    /// Whether both are the same pixels: same size, aligned, no offset.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.is_aligned_with(other) == Some((0, 0))
    }

    fn shifted(&self, col: f64, row: f64, width: usize, height: usize) -> Self {
        let affine = self.affine * Affine::translate(col, row);
        Self { crs: self.crs.clone(), affine, width, height }
    }
}

fn check_bounds(b: &Bounds) -> Result<()> {
    let finite = [b.min_x, b.min_y, b.max_x, b.max_y].iter().all(|v| v.is_finite());
    if finite && b.min_x < b.max_x && b.min_y < b.max_y {
        return Ok(());
    }
    Err(Error::invalid("bounds", format!("{b:?} are empty or not finite")))
}
