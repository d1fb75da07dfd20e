//! Where pixels are: CRS, affine, GeoBox, TileGrid, time axis and region; pure, sync, without I/O.

mod affine;
mod anchor;
mod bounds;
mod crs;
mod densify;
mod error;
mod geobox;
mod transform;
mod window;

pub use affine::Affine;
pub use anchor::Anchor;
pub use bounds::Bounds;
pub use crs::Crs;
pub use error::{Error, Result};
pub use geobox::GeoBox;
pub use transform::Transform;
pub use window::Window;
