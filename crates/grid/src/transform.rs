//! Coordinates from one CRS to another.

mod closed_form;
mod datum_shift;
#[cfg(feature = "gdal")]
mod grid_shift;
#[cfg(feature = "gdal")]
mod operation;
#[cfg(feature = "gdal")]
mod operation_table;
mod projector;

use std::sync::Arc;

use crate::crs::Crs;
use crate::error::{Error, Result};
use datum_shift::DatumShift;
use projector::Projector;

/// A transform between two CRSs, point by point, to better than a centimetre of PROJ's in the
/// source's and destination's areas of use.
///
/// Coordinates are `(x, y)` in each CRS's unit; geographic ones are degrees. Datum shifts are null or
/// Helmert; with feature `gdal`, those that take a grid, and projections that are not computed here,
/// are left to PROJ: see [`Transform::new`] and [`Transform::by_proj`].
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
    shift: Option<DatumShift>,
}

impl Transform {
    /// From `src` to `dst`.
    ///
    /// Where a datum is unknown, coordinates pass unshifted, as in PROJ. With feature `gdal` a shift by
    /// grids takes at each place the most accurate operation of PROJ's database whose grids are on
    /// this machine, none that is not good to 5 m; a place that none of them holds has no coordinates.
    ///
    /// # Errors
    /// [`Error::UnsupportedProjection`] or [`Error::BadProjection`] when one CRS cannot be computed
    /// here, and with feature `gdal` by PROJ neither; [`Error::DatumGrid`] when the datums differ and
    /// only a grid would be good enough, and with feature `gdal` is missing for a part of the areas of
    /// use.
    pub fn new(src: &Crs, dst: &Crs) -> Result<Self> {
        Ok(Self(Arc::new(Steps {
            shift: DatumShift::between(src, dst)?,
            identity: src.is_same(dst),
            from: Projector::new(src)?,
            to: Projector::new(dst)?,
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

    /// Why PROJ computes a part of it: the error that stands in its place without feature `gdal`.
    /// `None` when all is computed here, and so the same on every machine.
    #[must_use]
    pub fn by_proj(&self) -> Option<&Error> {
        let s = &self.0;
        let shift = s.shift.as_ref().and_then(DatumShift::refused);
        shift.or_else(|| s.from.refused()).or_else(|| s.to.refused())
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
            shift: s.shift.as_ref().map(DatumShift::reversed),
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
