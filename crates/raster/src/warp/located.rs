//! Images without an affine onto a grid: by the places of their pixels, or by ground control points.

use rayon::prelude::*;
use terracube_grid::{Crs, GeoBox, Transform, Window};

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
        let crs = crs_of(gcps)?;
        let turn = crs.is_geographic().then(|| turn(&crs));
        Ok(Self { crs, way: Way::Gcps(GcpFit::new(&gcps.points, method, turn)?) })
    }

    /// The CRS of the places.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.way {
            Way::Swath(swath) => swath.bytes(),
            Way::Gcps(fit) => fit.bytes(),
        }
    }

    /// The pixels of an image of `size` columns and rows that a grid's pixel centres lie in, and
    /// `margin` pixels around them as far as the image goes; `None` where none does. With a margin
    /// of 1 it is all that nearest and bilinear at scale 1 look at. Every pixel of the grid is
    /// placed, on the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Grid`] when there is no transform between the two CRSs.
    pub fn window(
        &self,
        dst_box: &GeoBox,
        size: (usize, usize),
        margin: usize,
    ) -> Result<Option<Window>> {
        let places = Places::new(self, dst_box)?;
        let (width, height) = (size.0 as f64, size.1 as f64);
        let inside =
            |(col, row): &Point| (0.0..=width).contains(col) && (0.0..=height).contains(row);
        let row_range = |row: usize| {
            let found = (0..dst_box.width).filter_map(|col| places.at(col, row)).filter(inside);
            found.fold(NOWHERE, |[a, b], (col, row)| {
                [(a.0.min(col), a.1.min(row)), (b.0.max(col), b.1.max(row))]
            })
        };
        let both = |[a, b]: Range, [c, d]: Range| {
            [(a.0.min(c.0), a.1.min(c.1)), (b.0.max(d.0), b.1.max(d.1))]
        };
        let [from, to] =
            (0..dst_box.height).into_par_iter().map(row_range).reduce(|| NOWHERE, both);
        if from.0 > to.0 {
            return Ok(None);
        }
        let span = |from: f64, to: f64, size: usize| {
            let first = (from as usize).saturating_sub(margin);
            (first, (to as usize + 1 + margin).min(size) - first)
        };
        let ((col, width), (row, height)) =
            (span(from.0, to.0, size.0), span(from.1, to.1, size.1));
        Ok((width > 0 && height > 0).then(|| Window::new(col, row, width, height)))
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

/// The least and the greatest column and row.
type Range = [Point; 2];
const NOWHERE: Range = [(f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY)];

/// Where the pixel centres of a grid are in an image.
struct Places<'a> {
    locator: &'a Locator,
    grid: &'a GeoBox,
    transform: Transform,
}

impl<'a> Places<'a> {
    fn new(locator: &'a Locator, grid: &'a GeoBox) -> Result<Self> {
        let transform = Transform::new(&grid.crs, &locator.crs).map_err(|source| Error::Grid {
            what: "the place of the grid in the swath".into(),
            source: Box::new(source),
        })?;
        Ok(Self { locator, grid, transform })
    }

    fn at(&self, col: usize, row: usize) -> Option<Point> {
        let (x, y) = self.grid.pixel_center(col, row);
        let is_same = self.transform.is_identity();
        let (x, y) = if is_same { (x, y) } else { self.transform.forward(x, y)? };
        self.locator.position(x, y)
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
    let places = Places::new(locator, dst_box)?;
    let mut out = Raster::empty(dst_box.width, dst_box.height, options.dtype);
    if src.width == 0 || src.height == 0 || out.width == 0 || out.height == 0 {
        return Ok(out);
    }
    let at = |col: usize, row: usize| places.at(col, row);
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

pub(super) fn crs_of(gcps: &Gcps) -> Result<Crs> {
    gcps.crs.clone().map_err(|reason| Error::Geolocation {
        reason: format!("the CRS of the ground control points is not known: {reason}"),
    })
}

/// Units of a geographic CRS all around.
pub(super) fn turn(crs: &Crs) -> f64 {
    if crs.unit_name() == "grad" { 400.0 } else { 360.0 }
}
