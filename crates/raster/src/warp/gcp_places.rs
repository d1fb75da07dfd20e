//! From pixels to places by ground control points.

use terracube_grid::Crs;

use super::gcp_fit::{GcpFit, wrapped};
use super::located::{GcpMethod, crs_of, turn};
use crate::{Gcp, Gcps, Result};

/// Where pixels of an image with ground control points are: the polynomial or spline of
/// [`GcpMethod`], from pixels to places.
///
/// It is no exact inverse of a [`Locator`](super::Locator), which is fitted the other way.
#[derive(Debug, Clone)]
pub struct GcpPlaces {
    crs: Crs,
    fit: GcpFit,
}

impl GcpPlaces {
    /// Through points whose heights are not looked at. Longitudes may run on across 180°.
    ///
    /// # Errors
    /// [`Error::Geolocation`](crate::Error::Geolocation) for points whose CRS is not known, too few
    /// of them for the method, or ones that lie on a line or a curve.
    pub fn new(gcps: &Gcps, method: GcpMethod) -> Result<Self> {
        let crs = crs_of(gcps)?;
        let turn = crs.is_geographic().then(|| turn(&crs));
        let first = gcps.points.first().map_or(0.0, |point| point.x);
        // Places and pixels change sides.
        let exchanged = |point: &Gcp| Gcp {
            col: wrapped(point.x, first, turn),
            row: point.y,
            x: point.col,
            y: point.row,
            z: point.z,
        };
        let points: Vec<Gcp> = gcps.points.iter().map(exchanged).collect();
        Ok(Self { crs, fit: GcpFit::new(&points, method, None)? })
    }

    /// The CRS of the places.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The place of columns and rows from the outer edge of the image: easting or longitude, then
    /// northing or latitude.
    #[must_use]
    pub fn at(&self, col: f64, row: f64) -> (f64, f64) {
        self.fit.position(col, row)
    }
}
