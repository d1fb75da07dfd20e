//! The `terracube` command as users run it, against a server on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod bad_assets;
mod bad_input;
mod bad_store;
mod convert;
mod grid;
mod growth;
mod help;
mod interrupt;
mod kills;
mod outage;
mod secrets;
mod store;
#[cfg(feature = "otel")]
mod telemetry;
mod together;
mod watch;
mod whole_life;
mod world;
