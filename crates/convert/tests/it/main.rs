//! What conversions give, by outside standards.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]
#![cfg(feature = "netcdf")]

mod anomaly;
mod bad_input;
mod case;
mod golden;
mod made;
mod real;
mod rules;
