//! Ground control points: pixels whose place is known.

use terracube_grid::Crs;

/// A pixel whose place is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gcp {
    /// Columns from the left edge of the image; pixel centres are at halves.
    pub col: f64,
    /// Rows from the top edge of the image.
    pub row: f64,
    /// Easting or longitude, in the CRS of the points.
    pub x: f64,
    /// Northing or latitude.
    pub y: f64,
    /// Height, 0 when not known.
    pub z: f64,
}

/// The points that locate an image without an affine.
#[derive(Debug, Clone, PartialEq)]
pub struct Gcps {
    /// The points, in the order of the file.
    pub points: Vec<Gcp>,
    /// Their CRS, or why it is not known.
    pub crs: Result<Crs, String>,
}
