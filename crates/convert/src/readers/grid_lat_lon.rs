//! Grids whose rows have one latitude and whose columns one longitude.

use super::grid::{self, Plane};
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::image::METRES_PER_DEGREE;
use crate::lattice::{self, Axis};
use crate::nc::NcFile;
use crate::options::Options;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::unpack;

/// `netcdf/grid/latlon`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridLatLon;

impl Reader for GridLatLon {
    fn name(&self) -> &'static str {
        "netcdf/grid/latlon"
    }

    fn about(&self) -> &'static str {
        "grids of latitudes and longitudes, any netCDF file"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        read(&file, input, sink)
    }
}

/// Reads an open file.
pub(super) fn read(file: &NcFile, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
    let plane = plane(file, input)?;
    grid::read(file, &plane, &bounds(&file.attributes()), input, sink)
}

fn plane(file: &NcFile, input: &Input) -> Result<Plane> {
    let options = &input.input;
    let (lat_dim, mut lat) = axis(file, options, "lat")?;
    let (lon_dim, mut lon) = axis(file, options, "lon")?;
    let mut kept = None;
    if input.output.is_on("remove_out_of_bounds_coordinates") {
        let inside = |values: &[f64], least: f64, most: f64| -> Vec<usize> {
            (0..values.len()).filter(|at| (least..=most).contains(&values[*at])).collect()
        };
        let (rows, cols) = (inside(&lat, -90.0, 90.0), inside(&lon, -360.0, 360.0));
        lat = rows.iter().map(|row| lat[*row]).collect();
        lon = cols.iter().map(|col| lon[*col]).collect();
        kept = Some((rows, cols));
    }
    for (name, values) in [(&lat_dim, &lat), (&lon_dim, &lon)] {
        if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
            return Err(Error::input(
                file.path(),
                format!("the axis `{name}` needs two coordinates or more, none of them masked"),
            ));
        }
    }
    if lon.windows(2).any(|pair| (pair[1] - pair[0]).abs() >= 180.0) {
        for lon in lon.iter_mut().filter(|lon| **lon < 0.0) {
            *lon += 360.0;
        }
    }
    let resolution = METRES_PER_DEGREE * (lat[1] - lat[0]).abs().min((lon[1] - lon[0]).abs());
    let (are_rows_reversed, are_cols_reversed) =
        (options.is_on("lat_reversed"), options.is_on("lon_reversed"));
    if !input.is_compat {
        // The reference leaves the coordinates as they are.
        if are_rows_reversed {
            lat.reverse();
        }
        if are_cols_reversed {
            lon.reverse();
        }
    }
    let regular = |values: &[f64]| {
        let mean = (values[values.len() - 1] - values[0]) / (values.len() - 1) as f64;
        Axis::through(values, mean, options.are_centres())
    };
    let lattice = lattice::grid_lat_lon(regular(&lat), regular(&lon), &input.output)?;
    Ok(Plane {
        rows: lat_dim,
        cols: lon_dim,
        are_rows_reversed,
        are_cols_reversed,
        kept,
        lattice,
        resolution,
        crs: None,
    })
}

/// Name of the dimension and coordinates of an axis, `lat` or `lon`.
fn axis(file: &NcFile, options: &Options, which: &str) -> Result<(String, Vec<f64>)> {
    let dimension = options.get(&format!("{which}_dimension"));
    let key = format!("{which}_variable");
    let Some(name) = options.get(&key) else {
        let Some(dimension) = dimension else {
            return Err(Error::option(&key, format!("is missing; so is {which}_dimension")));
        };
        return Ok((dimension.to_owned(), of_attributes(file, dimension, which)?));
    };
    let variable = file.variable(name)?;
    let dimension = match (dimension, variable.dims.as_slice()) {
        (Some(dimension), _) => dimension.to_owned(),
        (None, [only]) => only.clone(),
        (None, _) => name.to_owned(),
    };
    if variable.shape.len() != 1 {
        return Err(Error::input(
            file.path(),
            format!(
                "`{name}` lies along {}: a grid of latitudes and longitudes has axes of one \
                 dimension; the readers netcdf/grid/yx and ghrsst/l2p take others",
                variable.dims.join(", ")
            ),
        ));
    }
    Ok((dimension, unpack::whole(file, &variable)?))
}

/// Coordinates from the bounds that global attributes tell.
fn of_attributes(file: &NcFile, dimension: &str, which: &str) -> Result<Vec<f64>> {
    let len = file.dimension(dimension).unwrap_or(0);
    let attributes = file.attributes();
    let told = |names: [&str; 2]| names.iter().find_map(|name| attributes.number(name));
    let (first, last) = if which == "lat" {
        (
            told(["southernmost_latitude", "geospatial_lat_min"]),
            told(["northernmost_latitude", "geospatial_lat_max"]),
        )
    } else {
        (
            told(["westernmost_longitude", "geospatial_lon_min"]),
            told(["easternmost_longitude", "geospatial_lon_max"]),
        )
    };
    let (Some(first), Some(last), 2..) = (first, last, len) else {
        return Err(Error::input(
            file.path(),
            format!("has no coordinates for `{dimension}`, neither a variable nor bounds"),
        ));
    };
    let step = (last - first) / (len - 1) as f64;
    Ok((0..len).map(|index| first + step * index as f64).collect())
}

/// Bounds under the names of ACDD.
fn bounds(attributes: &Attributes) -> Attributes {
    let mut found = Attributes::default();
    for (old, new) in [
        ("northernmost_latitude", "geospatial_lat_max"),
        ("southernmost_latitude", "geospatial_lat_min"),
        ("easternmost_longitude", "geospatial_lon_max"),
        ("westernmost_longitude", "geospatial_lon_min"),
    ] {
        if let Some(value) = attributes.get(old) {
            found.set(new, value.clone());
        }
    }
    found
}
