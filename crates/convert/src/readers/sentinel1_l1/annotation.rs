//! What a product's XML files say of an image: where it is, and how it is calibrated.

use std::path::Path;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use terracube_grid::Time;

use super::spline::{Spline, interval};
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
    /// Metres along a line, on the ground, and across lines.
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

/// Incidences at some pixels of the geolocation grid's lines.
#[derive(Debug)]
pub(super) struct Incidences<'a> {
    grid_lines: &'a [f64],
    lines: Vec<Vec<f64>>,
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
        let product = find.text("productType")?;
        let mut spacing: f64 = find.number("rangePixelSpacing")?;
        if product == "SLC" {
            // Of such images the spacing is along the line of sight.
            spacing /= find.number::<f64>("incidenceAngleMidSwath")?.to_radians().sin();
        }
        let time = |name: &str| moment::parse(name, &find.text(name)?, None);
        Ok(Self {
            mission: find.text("missionId")?,
            product,
            polarisation: find.text("polarisation")?,
            mode: find.text("mode")?,
            swath: find.text("swath")?,
            pass: find.text("pass")?,
            coverage: (time("startTime")?, time("stopTime")?),
            spacing,
            azimuth_spacing: find.number("azimuthPixelSpacing")?,
            lines: find.number("numberOfLines")?,
            samples: find.number("numberOfSamples")?,
            grid_lines,
            grid_pixels,
            points: points.into_iter().map(|point| point.2).collect(),
        })
    }

    /// Incidences at pixels of any line.
    pub(super) fn incidences(&self, pixels: &[f64]) -> Incidences<'_> {
        let along = |line: &[Point]| {
            let told: Vec<f64> = line.iter().map(|point| point.incidence).collect();
            let spline = Spline::through(&self.grid_pixels, &told);
            pixels.iter().map(|pixel| spline.at(*pixel)).collect()
        };
        let lines = self.points.chunks_exact(self.grid_pixels.len()).map(along).collect();
        Incidences { grid_lines: &self.grid_lines, lines }
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

impl Incidences<'_> {
    /// Degrees at the pixels of a line, linear between the grid's lines and beyond them.
    pub(super) fn along(&self, line: f64) -> Vec<f64> {
        let (row, down) = interval(self.grid_lines, line);
        let pairs = self.lines[row].iter().zip(&self.lines[row + 1]);
        pairs.map(|(above, below)| above + (below - above) * down).collect()
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
