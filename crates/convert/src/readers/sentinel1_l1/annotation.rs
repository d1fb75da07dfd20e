//! What a product's XML files say of an image: where it is, and how it is calibrated.

use std::path::Path;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use terracube_grid::Time;

use crate::error::{Error, Result};
use crate::moment;
use crate::readers::xml::{Find, document, text};

/// The annotation of an image.
#[derive(Debug)]
pub(super) struct Annotation {
    pub(super) mission: String,
    pub(super) product: String,
    pub(super) polarisation: String,
    pub(super) mode: String,
    pub(super) swath: String,
    pub(super) pass: String,
    pub(super) coverage: (Time, Time),
    /// Metres along a line, and across lines.
    pub(super) spacing: f64,
    pub(super) azimuth_spacing: f64,
    pub(super) lines: usize,
    pub(super) samples: usize,
    /// Lines and pixels of the geolocation grid.
    pub(super) grid_lines: Vec<f64>,
    pub(super) grid_pixels: Vec<f64>,
    /// Its points, line by line.
    points: Vec<Point>,
}

/// A point of the geolocation grid.
#[derive(Debug, Clone, Copy)]
struct Point {
    lat: f64,
    lon: f64,
    height: f64,
    /// Degrees.
    incidence: f64,
}

/// Calibration factors of some lines.
#[derive(Debug)]
pub(super) struct Calibration {
    vectors: Vec<Vector>,
}

#[derive(Debug)]
struct Vector {
    line: f64,
    pixels: Vec<f64>,
    sigma: Vec<f64>,
}

impl Annotation {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        let document = document(path, &text)?;
        let find = Find { path, root: document.root_element() };
        let mut points: Vec<(f64, f64, Point)> = Vec::new();
        for node in find.all("geolocationGridPoint") {
            let here = Find { path, root: node };
            let point = Point {
                lat: here.number("latitude")?,
                lon: here.number("longitude")?,
                height: here.number("height")?,
                incidence: here.number("incidenceAngle")?,
            };
            points.push((here.number("line")?, here.number("pixel")?, point));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut grid_lines: Vec<f64> = points.iter().map(|point| point.0).collect();
        grid_lines.dedup();
        let width = points.len().checked_div(grid_lines.len()).unwrap_or(0);
        let grid_pixels: Vec<f64> = points.iter().take(width).map(|point| point.1).collect();
        if grid_lines.len() < 2 || width < 2 || grid_lines.len() * width != points.len() {
            return Err(Error::input(path, "the geolocation grid is not lines of equal length"));
        }
        let time = |name: &str| moment::parse(name, &find.text(name)?, None);
        Ok(Self {
            mission: find.text("missionId")?,
            product: find.text("productType")?,
            polarisation: find.text("polarisation")?,
            mode: find.text("mode")?,
            swath: find.text("swath")?,
            pass: find.text("pass")?,
            coverage: (time("startTime")?, time("stopTime")?),
            spacing: find.number("rangePixelSpacing")?,
            azimuth_spacing: find.number("azimuthPixelSpacing")?,
            lines: find.number("numberOfLines")?,
            samples: find.number("numberOfSamples")?,
            grid_lines,
            grid_pixels,
            points: points.into_iter().map(|point| point.2).collect(),
        })
    }

    /// Incidences in degrees at pixels of a line: linear between lines, cubic along them.
    pub(super) fn incidence_along(&self, line: f64, pixels: &[f64]) -> Vec<f64> {
        let width = self.grid_pixels.len();
        let (row, down) = interval(&self.grid_lines, line);
        let mixed: Vec<f64> = (0..width)
            .map(|col| {
                let at = |row: usize| self.points[row * width + col].incidence;
                at(row) + (at(row + 1) - at(row)) * down.clamp(0.0, 1.0)
            })
            .collect();
        pixels.iter().map(|pixel| cubic(&self.grid_pixels, &mixed, *pixel)).collect()
    }

    /// Latitudes and longitudes of the grid's points, where the ground would be at height 0: towards
    /// the sensor by what the height hides.
    pub(super) fn at_sea_level(&self) -> (Vec<f64>, Vec<f64>) {
        let geodesic = Geodesic::wgs84();
        let width = self.grid_pixels.len();
        let moved = |index: usize| -> (f64, f64) {
            let point = self.points[index];
            let is_last = index % width == width - 1;
            let (from, to) = if is_last { (index - 1, index) } else { (index, index + 1) };
            let (from, to) = (self.points[from], self.points[to]);
            let (azimuth, at_end, _): (f64, f64, f64) =
                geodesic.inverse(from.lat, from.lon, to.lat, to.lon);
            let look = if is_last { at_end } else { azimuth };
            let distance = point.height / point.incidence.to_radians().tan();
            geodesic.direct(point.lat, point.lon, look, -distance)
        };
        (0..self.points.len()).map(moved).unzip()
    }
}

impl Calibration {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        let document = document(path, &text)?;
        let find = Find { path, root: document.root_element() };
        let mut vectors = Vec::new();
        for node in find.all("calibrationVector") {
            let here = Find { path, root: node };
            let vector = Vector {
                line: here.number("line")?,
                pixels: here.numbers("pixel")?,
                sigma: here.numbers("sigmaNought")?,
            };
            if vector.pixels.len() != vector.sigma.len() || vector.pixels.len() < 2 {
                return Err(Error::input(path, "a vector has not as many values as pixels"));
            }
            vectors.push(vector);
        }
        if vectors.len() < 2 {
            return Err(Error::input(path, "there are not two calibration vectors"));
        }
        vectors.sort_by(|a, b| a.line.total_cmp(&b.line));
        Ok(Self { vectors })
    }

    /// Factors of σ⁰ at pixels of a line, linear between neighbours.
    pub(super) fn sigma_along(&self, line: f64, pixels: &[f64]) -> Vec<f64> {
        let lines: Vec<f64> = self.vectors.iter().map(|vector| vector.line).collect();
        let (row, down) = interval(&lines, line);
        let (upper, lower) = (&self.vectors[row], &self.vectors[row + 1]);
        let at = |vector: &Vector, pixel: f64| {
            let (col, right) = interval(&vector.pixels, pixel);
            vector.sigma[col] + (vector.sigma[col + 1] - vector.sigma[col]) * right
        };
        let mix = |pixel: &f64| {
            let above = at(upper, *pixel);
            above + (at(lower, *pixel) - above) * down
        };
        pixels.iter().map(mix).collect()
    }
}

/// The interval of a position, or the outermost one, and how far into it.
fn interval(knots: &[f64], at: f64) -> (usize, f64) {
    let after = knots.partition_point(|knot| *knot <= at);
    let index = after.saturating_sub(1).min(knots.len() - 2);
    (index, (at - knots[index]) / (knots[index + 1] - knots[index]))
}

/// The cubic through the four values around a position; of fewer, through all.
fn cubic(knots: &[f64], values: &[f64], at: f64) -> f64 {
    let count = knots.len().min(4);
    let first = interval(knots, at).0.saturating_sub(1).min(knots.len() - count);
    let (knots, values) = (&knots[first..first + count], &values[first..first + count]);
    let weight = |index: usize| -> f64 {
        let others = knots.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, knot)| (at - knot) / (knots[index] - knot)).product()
    };
    values.iter().enumerate().map(|(index, value)| value * weight(index)).sum()
}
