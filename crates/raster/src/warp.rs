//! Rasters from one grid onto another by the rules of GDAL's warper, exactly or within a tolerance.

mod area;
mod filter;
mod gcp_fit;
mod gcp_places;
mod kernel;
mod located;
mod overlay;
mod positions;
mod resampling;
mod swath;
mod touched;

use rayon::prelude::*;
use terracube_grid::{Affine, GeoBox, Transform};

use self::area::{area_mean, area_rms};
use self::filter::Filter;
use self::kernel::{Source, sample_filter};
use self::overlay::covered_sum;
use self::positions::{Point, Position, Positions};
use self::touched::Touched;
use crate::pixels::typed;
use crate::raster::sidestep_nodata;
use crate::sample::Sample;
use crate::{DType, Error, Raster, Result};

pub use self::gcp_places::GcpPlaces;
pub use self::located::{GcpMethod, Locator, warp_located};
pub use self::resampling::Resampling;

/// What a warp needs to know besides the two grids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarpOptions {
    /// The method.
    pub resampling: Resampling,
    /// Source pixels per destination pixel along source columns and rows; above 1 means
    /// downsampling, and the kernels of bilinear, cubic, cubic spline and lanczos widen by it. Give the same for every
    /// window of one grid, so that a pixel does not depend on the window it is computed in.
    pub scale: (f64, f64),
    /// Where the source raster lies in its whole image.
    pub extent: SourceExtent,
    /// The pixel type of the result; integers are rounded half up and clamped.
    pub dtype: DType,
    /// The nodata value of the result: a valid pixel that would equal it is moved to its
    /// neighbouring value. Invalid pixels are not filled; see
    /// [`Raster::fill_invalid`](crate::Raster::fill_invalid).
    pub nodata: Option<f64>,
    /// How far a position may be off, in source pixels along columns and rows: 0 transforms every
    /// pixel exactly, which takes most of the time of a warp. See [`TOLERANCE`].
    pub tolerance: f64,
    /// Column and row of the destination's first pixel in the grid it is a window of: what is not
    /// exact is anchored there, so that a pixel does not depend on the window it is computed in.
    pub at: (usize, usize),
}

/// A tolerance that no value shows: GDAL's default is 0.125 pixel.
pub const TOLERANCE: f64 = 1e-4;

impl WarpOptions {
    /// Options for a source raster that is its whole image and a destination that is its whole
    /// grid, exact, at scale 1, keeping the type.
    #[must_use]
    pub fn whole(resampling: Resampling, src: &Raster) -> Self {
        Self {
            resampling,
            scale: (1.0, 1.0),
            extent: SourceExtent::whole(src.width, src.height),
            dtype: src.dtype(),
            nodata: None,
            tolerance: 0.0,
            at: (0, 0),
        }
    }
}

/// Where a source raster lies in the image it is a window of, in pixels of that image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceExtent {
    /// Column of the raster's first pixel in the image.
    pub col: usize,
    /// Row of the raster's first pixel in the image.
    pub row: usize,
    /// Columns of the image.
    pub width: usize,
    /// Rows of the image.
    pub height: usize,
}

impl SourceExtent {
    /// A raster that is the whole image.
    #[must_use]
    pub const fn whole(width: usize, height: usize) -> Self {
        Self { col: 0, row: 0, width, height }
    }
}

/// Warps `src`, which lies on `src_box`, onto `dst_box`. `transform` goes from the destination's CRS
/// to the source's. Rows are spread over the current rayon pool.
///
/// The rules are those of GDAL's warper with a given error threshold and fixed kernel scales
/// (`XSCALE`, `YSCALE`): the pixel that contains the position must be valid; bilinear, cubic, cubic
/// spline and lanczos use the valid taps, renormalised; cubic with an invalid or outside tap falls
/// back to bilinear at scale 1. The others use the valid pixels that are touched, wherever the
/// position lies, each as [`Resampling`] says. Where both grids lie pixel on pixel the values are
/// copied, also by cubic spline, which would smooth them.
///
/// A pixel needed but outside the `src` raster, though inside its image, counts as invalid: read
/// enough around it ([`Resampling::margin`]).
///
/// # Errors
/// [`Error::Mismatch`] when `src_box` has another shape than `src` or the extent doesn't contain
/// it; [`Error::Grid`] when the source's affine cannot be inverted.
pub fn warp(
    src: &Raster,
    src_box: &GeoBox,
    dst_box: &GeoBox,
    transform: &Transform,
    options: &WarpOptions,
) -> Result<Raster> {
    check(src, src_box, options)?;
    let extent = &options.extent;
    let to_window = src_box.affine.inverse().map_err(|source| Error::Grid {
        what: "the source's affine".into(),
        source: Box::new(source),
    })?;
    let position = Position {
        dst: dst_box.affine,
        transform,
        is_identity: transform.is_identity(),
        to_image: Affine::translate(extent.col as f64, extent.row as f64).compose(&to_window),
    };
    let resampling = if position.is_aligned() { Resampling::Nearest } else { options.resampling };
    let positions = Positions::new(position, options.tolerance, options.at);
    let scale = (kernel_scale(options.scale.0), kernel_scale(options.scale.1));
    let mut out = Raster::empty(dst_box.width, dst_box.height, options.dtype);
    if src.width == 0 || src.height == 0 || out.width == 0 || out.height == 0 {
        return Ok(out);
    }
    typed!(src.dtype(), S => {
        if let Some(values) = S::slice(&src.pixels) {
            let source = Source::new(values, src, extent);
            typed!(options.dtype, D => fill::<S, D>(&source, &positions, resampling, scale, &mut out));
        }
    });
    if let Some(nodata) = options.nodata {
        sidestep_nodata(&mut out, nodata);
    }
    Ok(out)
}

/// The scale that kernels use for a ratio of source to destination pixels: 1 up to 1.05, else the
/// ratio, snapped to an integer within 0.05 of one.
#[must_use]
pub fn kernel_scale(ratio: f64) -> f64 {
    let rounded = ratio.round();
    let snapped = if rounded > 0.0 && (ratio - rounded).abs() < 0.05 { rounded } else { ratio };
    if !snapped.is_finite() || 1.0 / snapped >= 0.95 { 1.0 } else { snapped }
}

fn check(src: &Raster, src_box: &GeoBox, options: &WarpOptions) -> Result<()> {
    let mismatch = |what, left, right| Err(Error::Mismatch { what, left, right });
    if (src.width, src.height) != (src_box.width, src_box.height) {
        return mismatch(
            "source raster and its GeoBox",
            format!("{} by {}", src.width, src.height),
            format!("{} by {}", src_box.width, src_box.height),
        );
    }
    let extent = &options.extent;
    if extent.col + src.width > extent.width || extent.row + src.height > extent.height {
        return mismatch(
            "source raster and its extent",
            format!("{} by {}", src.width, src.height),
            format!("{extent:?}"),
        );
    }
    Ok(())
}

fn fill<S: Sample, D: Sample>(
    source: &Source<'_, S>,
    positions: &Positions<'_>,
    resampling: Resampling,
    scale: (f64, f64),
    out: &mut Raster,
) {
    let (width, height) = (out.width, out.height);
    let Some(valid) = &mut out.valid else { return };
    let Some(mut values) = D::slice_mut(&mut out.pixels) else { return };
    let mut valid = &mut valid[..];
    let mut bands = Vec::new();
    for rows in positions.bands(height) {
        let (some, rest) = std::mem::take(&mut values).split_at_mut(rows.len() * width);
        let (valid_some, valid_rest) = std::mem::take(&mut valid).split_at_mut(some.len());
        (values, valid) = (rest, valid_rest);
        bands.push((rows, some, valid_some));
    }
    bands.into_par_iter().for_each(|(rows, values, valid)| {
        let band = positions.band(rows, width);
        let (mut from, mut to) = (vec![(0.0, 0.0); width], vec![(0.0, 0.0); width]);
        let mut filter = Filter::new(resampling);
        let mut touched = Touched::new();
        let (mut right, mut below) = (from.clone(), from.clone());
        let lines = values.chunks_exact_mut(width).zip(valid.chunks_exact_mut(width));
        for (row, (values, valid)) in band.rows.clone().zip(lines) {
            let pixels = values.iter_mut().zip(valid);
            if resampling.is_point() {
                positions.row(&band, row, (0.5, 0.5), &mut from);
                let at = from.iter().copied();
                match &mut filter {
                    Some(filter) => {
                        put(pixels, at.map(|at| sample_filter(source, at, filter, scale)));
                    }
                    None => keep(pixels, at.map(|at| nearest(source, at))),
                }
                continue;
            }
            positions.row(&band, row, (0.0, 0.0), &mut from);
            positions.row(&band, row, (1.0, 1.0), &mut to);
            let corners = from.iter().copied().zip(to.iter().copied());
            match resampling {
                Resampling::Average => {
                    put(pixels, corners.map(|(from, to)| area_mean(source, from, to)));
                }
                Resampling::Rms => {
                    put(pixels, corners.map(|(from, to)| area_rms(source, from, to)));
                }
                Resampling::Sum => {
                    positions.row(&band, row, (1.0, 0.0), &mut right);
                    positions.row(&band, row, (0.0, 1.0), &mut below);
                    let others = right.iter().copied().zip(below.iter().copied());
                    let corners = corners.zip(others);
                    let sum = |((a, c), (b, d))| covered_sum(source, [a, b, c, d]);
                    put(pixels, corners.map(sum));
                }
                _ => {
                    let pick = |(from, to)| touched.pick(resampling, source, from, to);
                    keep(pixels, corners.map(pick));
                }
            }
        }
    });
}

fn nearest<S: Sample>(source: &Source<'_, S>, at: Point) -> Option<S> {
    let (col, row) = source.containing(at)?;
    source.get(col, row)
}

/// Writes what was found; the other pixels stay invalid.
fn put<'a, D: Sample>(
    pixels: impl Iterator<Item = (&'a mut D, &'a mut bool)>,
    found: impl Iterator<Item = Option<f64>>,
) {
    for ((value, valid), found) in pixels.zip(found) {
        if let Some(found) = found {
            (*value, *valid) = (D::from_f64(found), true);
        }
    }
}

/// Writes the source's own values that were found; the other pixels stay invalid.
fn keep<'a, S: Sample, D: Sample>(
    pixels: impl Iterator<Item = (&'a mut D, &'a mut bool)>,
    found: impl Iterator<Item = Option<S>>,
) {
    for ((value, valid), found) in pixels.zip(found) {
        if let Some(found) = found {
            (*value, *valid) = (convert(found), true);
        }
    }
}

/// A value as another type; bit for bit when the types are one, which `f64` is not for 64-bit
/// integers.
fn convert<S: Sample, D: Sample>(value: S) -> D {
    if S::DTYPE == D::DTYPE { bytemuck::cast(value) } else { D::from_f64(value.to_f64()) }
}
