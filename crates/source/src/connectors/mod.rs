//! The connectors, one feature each.

#[cfg(feature = "earth-engine")]
pub(crate) mod earth_engine;
#[cfg(feature = "files")]
pub(crate) mod files;
#[cfg(any(feature = "earth-engine", feature = "files"))]
mod pixel_grid;
#[cfg(feature = "stac")]
pub(crate) mod stac;
