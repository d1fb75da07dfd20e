//! Pixels: GeoTIFFs decoded over byte ranges, warped, mosaicked, written as GeoTIFF and PNG.

mod cog;
mod color;
mod dtype;
mod encode;
mod error;
mod gcp;
mod mask_kind;
mod mosaic;
mod pixels;
mod raster;
mod sample;
pub mod warp;

pub use cog::{BlockCache, Cog, FetchedWindow, Level, ReadAhead, TileRef, WindowRef};
pub use color::ColorInterpretation;
pub use dtype::DType;
pub use encode::{GeoTiff, GeoTiffBand, Ramp};
#[cfg(feature = "png")]
pub use encode::{Png, Stretch};
pub use error::{Cause, Error, Result};
pub use gcp::{Gcp, Gcps};
pub use mask_kind::MaskKind;
pub use mosaic::{Mosaic, MosaicRule};
pub use pixels::Pixels;
pub use raster::{Raster, copy_window};
pub use warp::{Resampling, SourceExtent, WarpOptions, kernel_scale, warp};
