//! All integration tests of this crate; the Python scripts wrote what is under `data`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed helper fails its test")]

mod affine;
mod crs;
mod geobox;
mod grid_set;
mod grouping;
mod overlap;
mod region;
mod sweep;
mod tile_grid;
mod time_axis;
mod transform;
