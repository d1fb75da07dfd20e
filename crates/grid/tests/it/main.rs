//! All integration tests of this crate; `make_reference.py` wrote what is under `data`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed helper fails its test")]

mod affine;
mod crs;
mod geobox;
mod grouping;
mod overlap;
mod region;
mod tile_grid;
mod time_axis;
mod transform;
