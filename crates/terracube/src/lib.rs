//! The facade: every built-in connector and store wired, the other crates as modules.
//!
#![doc = include_str!("../README.md")]

mod config;
mod idf;
mod open;
mod presets;
mod sources;
mod stores;

pub use config::Config;
pub use idf::write_idf;
pub use open::{connect_cube, create_cube, open_cube, open_or_create_cube};
pub use presets::{Preset, UnknownPreset};
pub use sources::sources;
pub use stores::{Options, create_store, open_store};

pub use terracube_cube::{Error, Result};

/// Datasets to what viewers read: rules, readers, IDF; files need the feature `netcdf`.
#[doc(inline)]
pub use terracube_convert as convert;
/// The on-demand cube: create, plan, fill, load, state.
#[doc(inline)]
pub use terracube_cube as cube;
/// Where pixels are: CRS, GeoBox, TileGrid, time axis, region.
#[doc(inline)]
pub use terracube_grid as grid;
/// Pixels: COG decoding, warping, mosaicking, writing of GeoTIFF and PNG.
#[doc(inline)]
pub use terracube_raster as raster;
/// Where data comes from: the source seam, access, connectors.
#[doc(inline)]
pub use terracube_source as source;
/// The Zarr store contract, its backends and versioned repositories.
#[doc(inline)]
pub use terracube_store as store;

/// What the main job needs, in one line.
pub mod prelude {
    pub use crate::cube::{
        Band, Cube, Event, FillOptions, LoadOptions, Mosaic, Report, Request, Schema, State,
    };
    pub use crate::grid::{Bounds, Crs, GeoBox, Region, TileGrid, TimeAxis, TimeRange};
    pub use crate::raster::{DType, Resampling};
    pub use crate::source::{Access, Query, Registry};
    pub use crate::{Config, Options, create_cube, open_cube, sources};
}
