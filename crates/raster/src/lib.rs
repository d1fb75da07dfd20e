//! Pixels: GeoTIFFs decoded over byte ranges, warped, mosaicked, written as GeoTIFF and PNG.

mod cog;
mod color;
mod dtype;
mod encode;
mod error;
mod gcp;
mod geolocation;
mod level;
mod local_file;
mod mask_kind;
mod mosaic;
mod pixels;
mod raster;
mod raster_file;
mod sample;
pub mod warp;

pub use cog::{BlockCache, Cog, FetchedWindow, ReadAhead, TileRef, WindowRef};
pub use color::ColorInterpretation;
pub use dtype::DType;
pub use encode::{GeoTiff, GeoTiffBand, Ramp};
#[cfg(feature = "png")]
pub use encode::{Png, Stretch};
pub use error::{Cause, Error, Result};
pub use gcp::{Gcp, Gcps};
pub use geolocation::Geolocation;
pub use level::Level;
#[cfg(feature = "netcdf")]
pub use local_file::hdf5::quiet_hdf5;
pub use local_file::{BandInfo, LocalFile, LocalOptions};
pub use mask_kind::MaskKind;
pub use mosaic::{Mosaic, MosaicRule};
pub use pixels::Pixels;
pub use raster::{Raster, copy_window};
pub use raster_file::{RasterFile, RasterWindow};
pub use warp::{
    GcpMethod, GcpPlaces, Locator, Resampling, SourceExtent, WarpOptions, kernel_scale, warp,
    warp_located,
};
