//! Real HTTP requests against the testbed.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod auth;
mod client;
mod faults;
mod files;
mod search;
mod stac_root;
