//! All integration tests of this crate; the Python scripts wrote what is under `data`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed helper fails its test")]
#![cfg_attr(
    feature = "gdal",
    expect(clippy::print_stdout, reason = "a test that is skipped says so, and what it counts")
)]

mod affine;
#[cfg(feature = "gdal")]
mod by_proj;
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
