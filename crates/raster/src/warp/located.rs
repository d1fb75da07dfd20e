//! Images without an affine onto a grid: by the places of their pixels, or by ground control points.

use rayon::prelude::*;
use terracube_grid::{Crs, GeoBox, Transform};

use super::filter::Filter;
use super::gcp_fit::GcpFit;
use super::kernel::{Source, sample_filter};
use super::positions::Point;
use super::swath::Swath;
use super::{WarpOptions, keep, kernel_scale, nearest, put};
use crate::pixels::typed;
use crate::raster::sidestep_nodata;
use crate::sample::Sample;
use crate::{Error, Gcps, Geolocation, Raster, Result};

/// Where the pixels of an image are that has no affine: from places to pixels.
///
/// A place's pixel is found for itself, so that it does not depend on what else is asked for.
#[derive(Debug, Clone)]
pub struct Locator {
    crs: Crs,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Swath(Swath),
    Gcps(GcpFit),
}

/// How places between ground control points are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GcpMethod {
    /// A polynomial of order 2, or of order 1 of fewer than six points, as GDAL chooses; but of four
    /// or five points GDAL 3.12 takes a homography.
    #[default]
    Auto,
    /// A polynomial of this order, 1 to 3, with the least squares over all points. Needs 3, 6 or 10.
    Polynomial(u8),
    /// The thin plate spline from pixels to places through all points, inverted, as in GDAL 3.12.
    /// Takes memory by the square of their number, and time by the cube.
    ThinPlateSpline,
}

impl Locator {
    /// By geolocation arrays. Between four neighbouring points pixels are placed by bilinear
    /// interpolation, for longitudes and latitudes in the gnomonic plane around the place asked for:
    /// neither 180° nor the poles are special. Half a pixel around the outermost points belongs to
    /// the image.
    ///
    /// Four points of which one is not known, or that lie the other way round than most (where scans
    /// overlap), cover nothing; nor do those with a side longer than `longest`, in metres for
    /// longitudes and latitudes, else in the CRS's unit: gaps between scans. Where several fours
    /// cover a place, the first one row by row counts. Takes about 30 bytes a point.
    ///
    /// # Errors
    /// [`Error::Geolocation`] for fewer than two rows or columns of points, arrays that do not have
    /// their number, steps that are not positive, or no four known neighbours.
    pub fn of_arrays(places: &Geolocation, longest: Option<f64>) -> Result<Self> {
        Ok(Self { crs: places.crs.clone(), way: Way::Swath(Swath::new(places, longest)?) })
    }

    /// By ground control points, whose heights are not looked at. Longitudes may run on across 180°.
    ///
    /// # Errors
    /// [`Error::Geolocation`] for points whose CRS is not known, too few of them for the method, or
    /// ones that lie on a line or a curve.
    pub fn of_gcps(gcps: &Gcps, method: GcpMethod) -> Result<Self> {
        let crs = gcps.crs.clone().map_err(|reason| Error::Geolocation {
            reason: format!("the CRS of the ground control points is not known: {reason}"),
        })?;
        let turn = crs.is_geographic().then(|| turn(&crs));
        Ok(Self { crs, way: Way::Gcps(GcpFit::new(&gcps.points, method, turn)?) })
    }

    /// The CRS of the places.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Column and row at a place `(x, y)` in the locator's CRS, 0 at the image's left and upper
    /// edge. They may lie outside the image; `None` where there is no answer.
    #[must_use]
    pub fn position(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let (col, row) = match &self.way {
            Way::Swath(swath) => swath.position(x, y)?,
            Way::Gcps(fit) => fit.position(x, y),
        };
        (col.is_finite() && row.is_finite()).then_some((col, row))
    }
}

/// Warps an image that a [`Locator`] places onto a grid, by the rules of [`warp`](super::warp):
/// nearest, or a filter at the scale of the options. All positions are exact; the options'
/// tolerance and place in a grid do not matter.
///
/// # Errors
/// [`Error::Geolocation`] for a method by area, [`Error::Mismatch`] when the source does not lie in
/// its extent, [`Error::Grid`] when there is no transform between the two CRSs.
pub fn warp_located(
    src: &Raster,
    locator: &Locator,
    dst_box: &GeoBox,
    options: &WarpOptions,
) -> Result<Raster> {
    let extent = &options.extent;
    if extent.col + src.width > extent.width || extent.row + src.height > extent.height {
        return Err(Error::Mismatch {
            what: "source raster and its extent",
            left: format!("{} by {}", src.width, src.height),
            right: format!("{extent:?}"),
        });
    }
    if !options.resampling.is_point() {
        return Err(Error::Geolocation {
            reason: format!(
                "{} looks at areas, which swaths do not have here: use nearest or bilinear",
                options.resampling
            ),
        });
    }
    let transform = Transform::new(&dst_box.crs, &locator.crs).map_err(|source| Error::Grid {
        what: "the place of the grid in the swath".into(),
        source: Box::new(source),
    })?;
    let mut out = Raster::empty(dst_box.width, dst_box.height, options.dtype);
    if src.width == 0 || src.height == 0 || out.width == 0 || out.height == 0 {
        return Ok(out);
    }
    let at = |col: usize, row: usize| {
        let (x, y) = dst_box.pixel_center(col, row);
        let (x, y) = if transform.is_identity() { (x, y) } else { transform.forward(x, y)? };
        locator.position(x, y)
    };
    typed!(src.dtype(), S => {
        if let Some(values) = S::slice(&src.pixels) {
            let source = Source::new(values, src, extent);
            typed!(options.dtype, D => fill::<S, D>(&source, &at, options, &mut out));
        }
    });
    if let Some(nodata) = options.nodata {
        sidestep_nodata(&mut out, nodata);
    }
    Ok(out)
}

fn fill<S: Sample, D: Sample>(
    source: &Source<'_, S>,
    at: &(impl Fn(usize, usize) -> Option<Point> + Sync),
    options: &WarpOptions,
    out: &mut Raster,
) {
    let width = out.width;
    let Some(valid) = &mut out.valid else { return };
    let Some(values) = D::slice_mut(&mut out.pixels) else { return };
    let scale = (kernel_scale(options.scale.0), kernel_scale(options.scale.1));
    let rows = values.par_chunks_exact_mut(width).zip(valid.par_chunks_exact_mut(width));
    rows.enumerate().for_each(|(row, (values, valid))| {
        let places = (0..width).map(|col| at(col, row));
        let pixels = values.iter_mut().zip(valid);
        match Filter::new(options.resampling) {
            Some(mut filter) => {
                put(pixels, places.map(|at| sample_filter(source, at?, &mut filter, scale)));
            }
            None => keep(pixels, places.map(|at| nearest(source, at?))),
        }
    });
}

/// Units of a geographic CRS all around.
fn turn(crs: &Crs) -> f64 {
    if crs.unit_name() == "grad" { 400.0 } else { 360.0 }
}
