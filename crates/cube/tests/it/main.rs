//! Tests of the cube against a loopback server, real files, GDAL and Python readers.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod archive;
mod bucket;
mod claims;
mod defects;
mod earth_engine;
mod export;
mod folders;
mod life;
mod mosaics;
mod overviews;
mod python;
mod readers;
mod real;
mod scenes;
mod shots;
#[cfg(feature = "netcdf")]
mod slices;
mod summary;
mod swaths;
mod times;
mod whole;
