//! Granules of images that are in memory.

use terracube_grid::{Crs, GeoBox, Time, Transform};
use terracube_raster::{DType, GcpPlaces, Geolocation, Raster};

use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule, Lattice};
use crate::lattice::{self, Axis};
use crate::options::Options;
use crate::readers::Override;
use crate::samples::Samples;

/// Metres of a degree, as the reference has them.
pub(crate) const METRES_PER_DEGREE: f64 = 111_000.0;

impl Granule {
    /// A granule of a grid, without fields: [`Model::GridLatLon`](crate::Model::GridLatLon) where
    /// rows are of one latitude (WGS 84 and what is as good as it), else
    /// [`Model::GridYx`](crate::Model::GridYx), whichever way the grid is turned. `output` tells
    /// the spacing of the lattice.
    ///
    /// # Errors
    /// [`Error::Projection`] when there is no transform to longitudes and latitudes, or a corner of
    /// the lattice is no place; [`Error::Option`] for a spacing.
    pub fn on_grid(
        id: impl Into<String>,
        geobox: &GeoBox,
        coverage: (Time, Time),
        output: &Options,
    ) -> Result<Self> {
        let crs = &geobox.crs;
        let failed = |cause: terracube_grid::Error| Error::Projection {
            text: crs.to_string(),
            reason: cause.to_string(),
        };
        let to_wgs84 = Transform::new(crs, &Crs::wgs84()).map_err(failed)?;
        let affine = geobox.affine;
        let (x, y) = geobox.resolution();
        let step = x.abs().min(y.abs());
        let is_of_lines = to_wgs84.is_identity() && affine.b == 0.0 && affine.d == 0.0;
        let (lattice, resolution) = if is_of_lines {
            let lat = Axis { origin: affine.f, step: affine.e, len: geobox.height };
            let lon = Axis { origin: affine.c, step: affine.a, len: geobox.width };
            (lattice::grid_lat_lon(lat, lon, output)?, step * METRES_PER_DEGREE)
        } else {
            let at = |col: i32, row: i32| affine.apply(f64::from(col), f64::from(row));
            let size = (geobox.height, geobox.width);
            let unwraps = output.is_on("unwrap_longitudes");
            let lattice = lattice::projected(size, at, &to_wgs84, output, unwraps)?;
            let metres =
                if crs.is_geographic() { METRES_PER_DEGREE } else { crs.metres_per_unit() };
            (lattice, step * metres)
        };
        let crs = (!is_of_lines).then(|| crs.clone());
        Ok(Self { crs, ..Self::of_lattice(id, lattice, coverage, resolution) })
    }

    /// A granule of an image with ground control points, without fields: a swath.
    pub(crate) fn by_points(
        id: impl Into<String>,
        places: &GcpPlaces,
        size: (usize, usize),
        coverage: (Time, Time),
        output: &Options,
    ) -> Result<Self> {
        let failed = |reason: String| Error::Projection { text: places.crs().to_string(), reason };
        let to_wgs84 = Transform::new(places.crs(), &Crs::wgs84())
            .map_err(|cause| failed(cause.to_string()))?;
        let place = |col: f64, row: f64| {
            let (x, y) = places.at(col, row);
            to_wgs84.forward(x, y).ok_or_else(|| failed(format!("x {x}, y {y} is no place of it")))
        };
        let lattice = lattice::swath_at(size, output, place)?;
        let resolution = metres_apart(place, size)?;
        Ok(Self::of_lattice(id, lattice, coverage, resolution))
    }

    /// A granule of an image with the places of its pixels, or of some, without fields: a swath.
    pub(crate) fn by_arrays(
        id: impl Into<String>,
        places: &Geolocation,
        size: (usize, usize),
        coverage: (Time, Time),
        output: &Options,
    ) -> Result<Self> {
        let (height, width) = (places.height, places.width);
        if height < 2 || width < 2 {
            return Err(Error::option(
                "path",
                format!(
                    "places of {height} rows and {width} columns span no area: 2 by 2 are the least"
                ),
            ));
        }
        let is_step = |step: f64| step.is_finite() && step > 0.0;
        let (across, down) = places.step;
        if !is_step(across) || !is_step(down) {
            return Err(Error::option(
                "path",
                format!("places are {across} by {down} pixels apart: both must be more than 0"),
            ));
        }
        let failed = |reason: String| Error::Projection { text: places.crs.to_string(), reason };
        let to_wgs84 = Transform::new(&places.crs, &Crs::wgs84())
            .map_err(|cause| failed(cause.to_string()))?;
        let (mut lon, mut lat) = (places.x.clone(), places.y.clone());
        to_wgs84.forward_slices(&mut lon, &mut lat);
        if lon.iter().chain(&lat).any(|value| !value.is_finite()) {
            return Err(Error::option("path", "places of pixels are missing inside the image"));
        }
        let along = |count: usize, offset: f64, step: f64| -> Vec<f64> {
            (0..count).map(|index| offset + step * index as f64 + 0.5).collect()
        };
        let ys = along(places.height, places.offset.1, places.step.1);
        let xs = along(places.width, places.offset.0, places.step.0);
        let lines = lattice::lines_of(size, output)?;
        let middle = places.height / 2 * places.width + places.width / 2;
        let lattice = lattice::between((ys, xs), (lat.clone(), lon.clone()), lines, size);
        let apart = |other: Option<usize>, step: f64| {
            let other = other.filter(|other| *other < lat.len()).unwrap_or(middle);
            metres((lon[middle], lat[middle]), (lon[other], lat[other])) / step
        };
        let resolution = apart(middle.checked_sub(1), places.step.0)
            .min(apart(middle.checked_sub(places.width), places.step.1));
        Ok(Self::of_lattice(id, lattice, coverage, resolution))
    }

    fn of_lattice(
        id: impl Into<String>,
        lattice: Lattice,
        coverage: (Time, Time),
        resolution: f64,
    ) -> Self {
        Self {
            id: id.into(),
            lattice,
            coverage,
            times: Vec::new(),
            resolution,
            crs: None,
            attributes: Attributes::default(),
            fields: Vec::new(),
        }
    }
}

impl Field {
    /// The pixels of a raster in physical units, stored value * scale + offset; what is not valid
    /// or not finite is missing.
    #[must_use]
    pub fn of_raster(
        name: impl Into<String>,
        raster: &Raster,
        (scale, offset): (f64, f64),
    ) -> Self {
        let len = raster.width * raster.height;
        let value = |index: usize| {
            let is_valid = raster.valid.as_ref().is_none_or(|valid| valid[index]);
            let stored = raster.pixels.get_f64(index).filter(|value| is_valid && value.is_finite());
            stored.map_or(f64::NAN, |stored| stored * scale + offset)
        };
        // Floats tell neighbouring values of the smaller types apart.
        let is_small = raster.dtype().size() <= 2 && offset.abs() <= 1e6 * scale.abs();
        let samples = if is_small || raster.dtype() == DType::F32 {
            Samples::F32((0..len).map(|index| value(index) as f32).collect())
        } else {
            Samples::F64((0..len).map(value).collect())
        };
        let is_integer = !raster.dtype().is_float() && scale == 1.0 && offset == 0.0;
        Self { is_integer, ..Self::new(name, samples) }
    }

    /// With the range, the name and the attributes that `override(NAME)` in the options says.
    ///
    /// # Errors
    /// [`Error::Option`] for what is no range.
    pub fn overridden(self, options: &Options) -> Result<Self> {
        Ok(Override::unmasked(&self.name, options)?.made(self))
    }
}

/// Metres between neighbouring pixels in the middle of an image, along the closer side.
fn metres_apart(
    place: impl Fn(f64, f64) -> Result<(f64, f64)>,
    (height, width): (usize, usize),
) -> Result<f64> {
    let (row, col) = (height as f64 / 2.0, width as f64 / 2.0);
    let at = place(col, row)?;
    Ok(metres(at, place(col + 1.0, row)?).min(metres(at, place(col, row + 1.0)?)))
}

/// Metres between two close longitudes and latitudes.
fn metres((lon, lat): (f64, f64), (east, north): (f64, f64)) -> f64 {
    let turned = (east - lon + 180.0).rem_euclid(360.0) - 180.0;
    (turned * lat.to_radians().cos()).hypot(north - lat) * METRES_PER_DEGREE
}
