//! The crate against a server on loopback, and against real STAC documents.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say what they skip"
)]

mod archive;
#[cfg(feature = "azure")]
mod azure;
#[cfg(all(feature = "aws", feature = "azure"))]
mod clouds;
mod conformance;
mod credentials;
mod download;
mod earth_engine;
mod faults;
mod files;
mod ftp;
mod ranges;
mod real_items;
mod registry;
mod remote_server;
mod security;
mod sftp;
mod stac_api;
mod stac_assets;
mod stac_geoparquet;
mod stac_static;
mod support;
mod tokens;
