//! The `terracube` command as users run it, against a server on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_assets;
mod bad_input;
mod bad_store;
mod grid;
mod help;
mod interrupt;
mod kills;
mod secrets;
mod whole_life;
mod world;
