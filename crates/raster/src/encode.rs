//! Rasters as files: GeoTIFF and PNG.

mod file;
mod geokeys;
mod geotiff;
mod overview;
#[cfg(feature = "png")]
mod png;
mod ramp;
mod tiff_layout;

pub use self::geotiff::{GeoTiff, GeoTiffBand};
#[cfg(feature = "png")]
pub use self::png::{Png, Stretch};
pub use self::ramp::Ramp;
