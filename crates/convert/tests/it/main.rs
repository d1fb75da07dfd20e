//! What conversions give, by outside standards.
#![cfg(feature = "netcdf")]
#![cfg_attr(
    feature = "netcdf",
    expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")
)]

mod anomaly;
mod bad_input;
mod case;
mod drifters;
mod golden;
mod large;
mod made;
mod made_sentinel3;
mod rasters;
mod real;
mod reference;
mod rules;
mod sentinel;
mod sentinel1;
mod unsigned;
