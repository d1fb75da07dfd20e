//! Lattices of swaths: geodesics on WGS 84 between places of the sensor's own.

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use rayon::prelude::*;

use super::longitude::Unwrapped;
use crate::error::{Error, Result};
use crate::granule::{Lattice, Model};
use crate::options::Options;

/// Places a swath tells, a matrix that may be coarser than its image.
#[derive(Debug, Clone)]
pub(crate) struct SwathPlaces {
    /// Degrees north, row by row.
    pub(crate) lat: Vec<f64>,
    /// Degrees east, row by row.
    pub(crate) lon: Vec<f64>,
    pub(crate) rows: usize,
    pub(crate) cells: usize,
}

/// The lattice of an image of so many rows and cells.
///
/// Of the places a few are taken evenly (`geoloc_*spacing`), and the points of the lattice lie
/// between them: along the geodesics of the upper and lower edge of a mesh, then along the one that
/// joins these.
pub(crate) fn swath(
    places: &SwathPlaces,
    size: (usize, usize),
    input: &Options,
    output: &Options,
) -> Result<Lattice> {
    let place = |at: usize| (places.lat[at], places.lon[at]);
    swath_of((places.rows, places.cells), place, size, input, output)
}

/// The same of a matrix of so many rows and cells, whose latitudes and longitudes `place` tells by
/// index.
pub(crate) fn swath_of(
    (place_rows, place_cells): (usize, usize),
    place: impl Fn(usize) -> (f64, f64),
    (rows, cells): (usize, usize),
    input: &Options,
    output: &Options,
) -> Result<Lattice> {
    if place_rows < 2 || place_cells < 2 || rows < 2 || cells < 2 {
        return Err(Error::option(
            "path",
            format!("a swath of {rows} by {cells} pixels has no area: 2 by 2 are the least"),
        ));
    }
    let taken = |keys: [&str; 2], len: usize| -> Result<Vec<usize>> {
        let spacing = input.spacing(&keys, 32)?;
        Ok(evenly(len, (len - 1).div_ceil(spacing) + 1))
    };
    let by_row = taken(["geoloc_row_spacing", "geoloc_spacing"], place_rows)?;
    let by_cell = taken(["geoloc_cell_spacing", "geoloc_spacing"], place_cells)?;
    let mut lon = Vec::with_capacity(by_row.len() * by_cell.len());
    let mut lat = Vec::with_capacity(lon.capacity());
    for row in &by_row {
        for cell in &by_cell {
            let place = place(row * place_cells + cell);
            lat.push(place.0);
            lon.push(place.1);
        }
    }
    if lat.iter().chain(&lon).any(|value| !value.is_finite()) {
        return Err(Error::option(
            "geoloc_spacing",
            "a place that the lattice needs is masked: coordinates must be there for every pixel",
        ));
    }
    let lon = Unwrapped::of(&lon, by_cell.len()).into_values();
    let shift = if input.are_centres() { 0.5 } else { 0.0 };
    let image = |taken: &[usize], places: usize, pixels: usize| -> Vec<f64> {
        let scale = (pixels - 1) as f64 / (places - 1) as f64;
        taken.iter().map(|index| *index as f64 * scale + shift).collect()
    };
    let mesh = Mesh {
        ys: image(&by_row, place_rows, rows),
        xs: image(&by_cell, place_cells, cells),
        lat,
        lon,
        geodesic: Geodesic::wgs84(),
    };
    Ok(mesh.lattice(lines_of((rows, cells), output)?, (rows, cells)))
}

/// The lines of a swath's lattice.
pub(crate) fn lines_of(
    (rows, cells): (usize, usize),
    output: &Options,
) -> Result<(Vec<i32>, Vec<i32>)> {
    let lines = |keys: [&str; 2], pixels: usize| -> Result<Vec<i32>> {
        let spacing = output.spacing(&keys, 32)?;
        super::lines(pixels, pixels.saturating_sub(1).div_ceil(spacing), spacing)
    };
    let row_lines = lines(["gcp_row_spacing", "gcp_spacing"], rows)?;
    Ok((row_lines, lines(["gcp_cell_spacing", "gcp_spacing"], cells)?))
}

/// The lattice of an image of so many rows and cells, whose longitude and latitude `place` tells by
/// column and row from its outer edge.
pub(crate) fn swath_at(
    (rows, cells): (usize, usize),
    output: &Options,
    place: impl Fn(f64, f64) -> Result<(f64, f64)>,
) -> Result<Lattice> {
    let (row_lines, cell_lines) = lines_of((rows, cells), output)?;
    let (mut lat, mut lon) = (Vec::new(), Vec::new());
    for row in &row_lines {
        for cell in &cell_lines {
            let (east, north) = place(f64::from(*cell), f64::from(*row))?;
            lon.push(east);
            lat.push(north);
        }
    }
    let lon = Unwrapped::of(&lon, cell_lines.len()).into_values();
    let (sizes, indices) = (vec![rows, cells], vec![row_lines, cell_lines]);
    Ok(Lattice { model: Model::Swath, sizes, indices, lat, lon })
}

/// The lattice at given lines of an image of so many rows and cells, between places at known
/// positions: rows and cells of the image, counted from its outer edge.
pub(crate) fn between(
    (ys, xs): (Vec<f64>, Vec<f64>),
    (lat, lon): (Vec<f64>, Vec<f64>),
    lines: (Vec<i32>, Vec<i32>),
    size: (usize, usize),
) -> Lattice {
    let lon = Unwrapped::of(&lon, xs.len()).into_values();
    Mesh { ys, xs, lat, lon, geodesic: Geodesic::wgs84() }.lattice(lines, size)
}

/// Places at known rows and cells of the image.
struct Mesh {
    ys: Vec<f64>,
    xs: Vec<f64>,
    lat: Vec<f64>,
    lon: Vec<f64>,
    geodesic: Geodesic,
}

impl Mesh {
    fn lattice(
        &self,
        (row_lines, cell_lines): (Vec<i32>, Vec<i32>),
        (rows, cells): (usize, usize),
    ) -> Lattice {
        let along = |row: &i32| {
            let row = f64::from(*row);
            cell_lines.iter().map(move |cell| self.place(row, f64::from(*cell)))
        };
        let points: Vec<(f64, f64)> = row_lines.par_iter().flat_map_iter(along).collect();
        let (lat, lon): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let lon = Unwrapped::of(&lon, cell_lines.len()).into_values();
        let indices = vec![row_lines, cell_lines];
        Lattice { model: Model::Swath, sizes: vec![rows, cells], indices, lat, lon }
    }

    /// Latitude and longitude at a row and cell; beyond the outermost meshes they go on.
    fn place(&self, y: f64, x: f64) -> (f64, f64) {
        let (row, down) = fraction(&self.ys, y);
        let (col, right) = fraction(&self.xs, x);
        let at = |row: usize, col: usize| {
            let index = row * self.xs.len() + col;
            (self.lat[index], self.lon[index])
        };
        let upper = self.between(at(row, col), at(row, col + 1), right);
        let lower = self.between(at(row + 1, col), at(row + 1, col + 1), right);
        self.between(upper, lower, down)
    }

    fn between(&self, from: (f64, f64), to: (f64, f64), fraction: f64) -> (f64, f64) {
        let (length, azimuth, _, _) = self.geodesic.inverse(from.0, from.1, to.0, to.1);
        self.geodesic.direct(from.0, from.1, azimuth, length * fraction)
    }
}

/// The interval that holds a position, or the one at the border, and how far into it.
fn fraction(knots: &[f64], at: f64) -> (usize, f64) {
    let after = knots.partition_point(|knot| *knot <= at);
    let index = after.saturating_sub(1).min(knots.len() - 2);
    (index, (at - knots[index]) / (knots[index + 1] - knots[index]))
}

/// So many whole numbers from 0 to `len - 1`, evenly; halves go to the even one.
fn evenly(len: usize, count: usize) -> Vec<usize> {
    let last = (len - 1) as f64;
    let step = last / (count - 1).max(1) as f64;
    (0..count).map(|index| (index as f64 * step).round_ties_even().min(last) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::evenly;

    #[test]
    fn places_are_taken_from_end_to_end() {
        assert_eq!(evenly(147, 11), [0, 15, 29, 44, 58, 73, 88, 102, 117, 131, 146]);
    }
}
