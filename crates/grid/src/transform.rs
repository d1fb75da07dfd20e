//! Coordinates from one CRS to another.

mod closed_form;
mod projector;

use std::sync::Arc;

use crate::crs::{Crs, Shift};
use crate::error::{Error, Result};
use projector::Projector;

/// A transform between two CRSs, point by point, to better than a centimetre of PROJ's in the
/// source's and destination's areas of use.
///
/// Coordinates are `(x, y)` in each CRS's unit; geographic ones are degrees. Datum shifts are null or
/// Helmert; see [`Transform::new`].
///
/// ```
/// use terracube_grid::{Crs, Transform};
/// let to_utm = Transform::new(&Crs::wgs84(), &Crs::epsg(32633)?)?;
/// let (x, y) = to_utm.forward(15.0, 52.0).unwrap();
/// assert!((x - 500_000.0).abs() < 1e-6 && (y - 5_761_038.212).abs() < 1e-2);
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Transform(Arc<Steps>);

#[derive(Debug)]
struct Steps {
    src: Crs,
    dst: Crs,
    identity: bool,
    from: Projector,
    to: Projector,
    shift: Option<projector::DatumShift>,
}

impl Transform {
    /// From `src` to `dst`.
    ///
    /// Where a datum is unknown, coordinates pass unshifted, as in PROJ.
    ///
    /// # Errors
    /// [`Error::UnsupportedProjection`] or [`Error::BadProjection`] when one CRS cannot be computed
    /// here; [`Error::DatumGrid`] when the datums differ and only a grid would be good enough.
    pub fn new(src: &Crs, dst: &Crs) -> Result<Self> {
        let (a, b) = (&src.inner().datum, &dst.inner().datum);
        let mut shift = None;
        if !a.is_same(b) {
            for datum in [a, b] {
                if let Shift::Grid(grid) = &datum.shift {
                    return Err(Error::DatumGrid {
                        from: src.to_string(),
                        to: dst.to_string(),
                        datum: datum.name.clone(),
                        grid: grid.clone(),
                    });
                }
            }
            shift = projector::DatumShift::between(src, dst)?;
        }
        Ok(Self(Arc::new(Steps {
            identity: src.is_same(dst),
            from: Projector::new(src)?,
            to: Projector::new(dst)?,
            shift,
            src: src.clone(),
            dst: dst.clone(),
        })))
    }

    /// The CRS it starts from.
    #[must_use]
    pub fn src(&self) -> &Crs {
        &self.0.src
    }

    /// The CRS it leads to.
    #[must_use]
    pub fn dst(&self) -> &Crs {
        &self.0.dst
    }

    /// Whether coordinates stay as they are.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.0.identity
    }

    /// The same transform in the other direction.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let s = &self.0;
        Self(Arc::new(Steps {
            src: s.dst.clone(),
            dst: s.src.clone(),
            identity: s.identity,
            from: s.to.clone(),
            to: s.from.clone(),
            shift: s.shift.as_ref().map(projector::DatumShift::reversed),
        }))
    }

    /// A point from the source to the destination CRS; `None` outside the domain of either.
    #[must_use]
    pub fn forward(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let s = &self.0;
        if s.identity {
            return (x.is_finite() && y.is_finite()).then_some((x, y));
        }
        let point = s.from.unproject(x, y)?;
        let (lon, lat) = match &s.shift {
            Some(shift) => shift.forward(point)?,
            None => point,
        };
        s.to.project(lon, lat)
    }

    /// A point from the destination back to the source CRS; `None` outside the domain of either.
    #[must_use]
    pub fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let s = &self.0;
        if s.identity {
            return (x.is_finite() && y.is_finite()).then_some((x, y));
        }
        let point = s.to.unproject(x, y)?;
        let (lon, lat) = match &s.shift {
            Some(shift) => shift.inverse(point)?,
            None => point,
        };
        s.from.project(lon, lat)
    }

    /// Transforms points in place; those outside the domain become NaN.
    ///
    /// # Panics
    /// Never; of slices of different lengths the excess is left alone.
    pub fn forward_slices(&self, xs: &mut [f64], ys: &mut [f64]) {
        for (x, y) in xs.iter_mut().zip(ys) {
            (*x, *y) = self.forward(*x, *y).unwrap_or((f64::NAN, f64::NAN));
        }
    }

    /// Like [`forward_slices`](Self::forward_slices), backwards.
    ///
    /// # Panics
    /// Never; of slices of different lengths the excess is left alone.
    pub fn inverse_slices(&self, xs: &mut [f64], ys: &mut [f64]) {
        for (x, y) in xs.iter_mut().zip(ys) {
            (*x, *y) = self.inverse(*x, *y).unwrap_or((f64::NAN, f64::NAN));
        }
    }
}

impl PartialEq for Transform {
    fn eq(&self, other: &Self) -> bool {
        self.0.src == other.0.src && self.0.dst == other.0.dst
    }
}
