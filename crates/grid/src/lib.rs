//! Where pixels are: CRS, affine, GeoBox, TileGrid, time axis and region; pure, sync, without I/O.
#![doc = include_str!("../README.md")]

mod affine;
mod anchor;
mod bounds;
mod crs;
mod densify;
mod error;
mod geobox;
mod grid_set;
mod mgrs;
mod overlap;
mod region;
mod tile;
mod tile_grid;
mod tile_name;
mod time;
mod time_axis;
mod transform;
mod window;

pub use affine::Affine;
pub use anchor::Anchor;
pub use bounds::Bounds;
pub use crs::Crs;
pub use error::{Error, Result};
pub use geobox::GeoBox;
pub use grid_set::{GridSet, NamedTile};
pub use mgrs::MgrsTile;
pub use overlap::ReadPlan;
pub use region::{ProjectedRegion, Region};
pub use tile::Tile;
pub use tile_grid::{TileGrid, TileLimits};
pub use tile_name::TileName;
pub use time::{Time, TimeRange};
pub use time_axis::{Grouping, Lookup, SolarLongitude, TimeAxis, TimeStep};
pub use transform::Transform;
pub use window::Window;
