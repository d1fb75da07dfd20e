//! Lattices of ground control points.

mod longitude;
mod swath;

use terracube_grid::Transform;

pub(crate) use longitude::{Unwrapped, wrapped};
pub(crate) use swath::{SwathPlaces, between, lines_of, swath, swath_at, swath_of};

use crate::error::{Error, Result};
use crate::granule::{Lattice, Model};
use crate::options::Options;

/// A regular axis: where its first pixel begins, and how far pixels are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub(crate) origin: f64,
    pub(crate) step: f64,
    pub(crate) len: usize,
}

impl Axis {
    /// The axis through coordinates of centres, or of the beginnings of pixels.
    pub(crate) fn through(coordinates: &[f64], step: f64, are_centres: bool) -> Self {
        let first = coordinates.first().copied().unwrap_or(0.0);
        let origin = if are_centres { first - step / 2.0 } else { first };
        Self { origin, step, len: coordinates.len() }
    }

    fn at(self, index: i32) -> f64 {
        self.origin + self.step * f64::from(index)
    }
}

/// Lattice of a grid of latitudes and longitudes.
pub(crate) fn grid_lat_lon(lat: Axis, lon: Axis, output: &Options) -> Result<Lattice> {
    let rows = edges(lat.len, output.spacing(&["gcp_lat_spacing", "gcp_spacing"], 32)?)?;
    let cols = edges(lon.len, output.spacing(&["gcp_lon_spacing", "gcp_spacing"], 32)?)?;
    Ok(Lattice {
        model: Model::GridLatLon,
        sizes: vec![lat.len, lon.len],
        lat: rows.iter().map(|index| lat.at(*index)).collect(),
        lon: cols.iter().map(|index| lon.at(*index)).collect(),
        indices: vec![rows, cols],
    })
}

/// Lattice of a grid of a projection; `to_wgs84` leads from it to longitude and latitude.
pub(crate) fn grid_yx(
    y: Axis,
    x: Axis,
    to_wgs84: &Transform,
    output: &Options,
    unwraps: bool,
) -> Result<Lattice> {
    let at = |col: i32, row: i32| (x.at(col), y.at(row));
    projected((y.len, x.len), at, to_wgs84, output, unwraps)
}

/// Lattice of rows and columns of a projection; `at` leads from column and row to x and y.
pub(crate) fn projected(
    (height, width): (usize, usize),
    at: impl Fn(i32, i32) -> (f64, f64),
    to_wgs84: &Transform,
    output: &Options,
    unwraps: bool,
) -> Result<Lattice> {
    let rows = edges(height, output.spacing(&["gcp_y_spacing", "gcp_spacing"], 32)?)?;
    let cols = edges(width, output.spacing(&["gcp_x_spacing", "gcp_spacing"], 32)?)?;
    let (mut lat, mut lon) = (Vec::new(), Vec::new());
    for row in &rows {
        for col in &cols {
            let (x, y) = at(*col, *row);
            let Some((east, north)) = to_wgs84.forward(x, y) else {
                return Err(Error::Projection {
                    text: to_wgs84.src().to_string(),
                    reason: format!("x {x}, y {y} is no place of it: are the units right?"),
                });
            };
            lon.push(east);
            lat.push(north);
        }
    }
    if unwraps {
        lon = Unwrapped::of(&lon, cols.len()).into_values();
    }
    let sizes = vec![height, width];
    Ok(Lattice { model: Model::GridYx, sizes, indices: vec![rows, cols], lat, lon })
}

/// Lattice of places along time: every sample is a point.
pub(crate) fn trajectory(lat: Vec<f64>, lon: Vec<f64>) -> Lattice {
    let len = lat.len();
    let indices = vec![(0..len as i32).collect()];
    Lattice { model: Model::TimeDependent, sizes: vec![len], indices, lat, lon }
}

/// 0, spacing, 2·spacing … and the far edge.
fn edges(len: usize, spacing: usize) -> Result<Vec<i32>> {
    lines(len, len.div_ceil(spacing), spacing)
}

/// As many multiples of the spacing from 0 on, and the far edge.
fn lines(len: usize, count: usize, spacing: usize) -> Result<Vec<i32>> {
    let most = i32::try_from(len).map_err(|_| {
        Error::option("gcp_spacing", format!("{len} pixels along an axis are too many for IDF"))
    })?;
    let mut indices: Vec<i32> =
        (0..count.max(1)).map_while(|line| i32::try_from(line * spacing).ok()).collect();
    indices.push(most);
    Ok(indices)
}

#[cfg(test)]
mod tests {
    use super::edges;

    #[test]
    fn a_grid_has_lines_at_multiples_and_at_the_far_edge() {
        assert_eq!(edges(145, 16).unwrap(), [0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 145]);
        assert_eq!(edges(64, 32).unwrap(), [0, 32, 64]);
        assert_eq!(edges(1, 32).unwrap(), [0, 1]);
    }
}
