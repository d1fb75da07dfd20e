//! Geolocation arrays: the place of every pixel, or of some, of a swath.

use terracube_grid::Crs;

/// The place of pixels of an image that is on no grid: as a rule longitudes and latitudes.
#[derive(Debug, Clone, PartialEq)]
pub struct Geolocation {
    /// Columns of the arrays.
    pub width: usize,
    /// Rows of the arrays.
    pub height: usize,
    /// Longitude or easting of the points, row by row; NaN where it is not known.
    pub x: Vec<f64>,
    /// Latitude or northing of the points, row by row; NaN where it is not known.
    pub y: Vec<f64>,
    /// The CRS of the points.
    pub crs: Crs,
    /// Column and row of the image whose centre the first point is at, from 0.
    pub offset: (f64, f64),
    /// Columns and rows of the image from point to point.
    pub step: (f64, f64),
}

impl Geolocation {
    /// One point a pixel.
    #[must_use]
    pub fn of_pixels(width: usize, height: usize, x: Vec<f64>, y: Vec<f64>, crs: Crs) -> Self {
        Self { width, height, x, y, crs, offset: (0.0, 0.0), step: (1.0, 1.0) }
    }
}
