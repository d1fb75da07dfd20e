//! A loopback STAC API and file server with faults, credentials and counters, for tests and the demo.
//!
//! The server runs on a thread of its own with its own runtime, so that tests with and without an
//! async runtime can use it; it stops when [`Server`] is dropped.
//!
//! | path | what is there |
//! |---|---|
//! | `/files/…` | files and byte buffers, with single byte ranges and conditions |
//! | `/stac` | a STAC API: collections, items, search by GET and POST |
//! | `/static/catalog.json` | the same items as a static catalogue with relative links |
//! | `/token` | tokens by RFC 6749, for who an [`Identity`] knows |
//! | `/oauth/authorize`, `/login` | the pages of a login server, and of a server that sends there |
//! | `/v1/…` | Earth Engine, as [`earth_engine`] says |
//! | `/_stats` | `{"requests", "assets", "bytes"}`: requests under `/files/` and bytes sent by them |
//!
//! ```
//! use terracube_testbed::{Fault, FaultKind, Server};
//!
//! let server = Server::builder().bytes("tile.tif", vec![7; 1000]).start()?;
//! server.fault(Fault::on("tile.tif", FaultKind::status(503)).times(1));
//! assert_eq!(server.count("/files/"), 0);
//! println!("{}", server.file_url("tile.tif"));
//! # Ok::<(), terracube_testbed::TestbedError>(())
//! ```

mod auth;
mod body;
mod builder;
mod byte_range;
mod collection;
pub mod earth_engine;
mod error;
mod fault;
mod files;
mod filter;
mod gate;
mod identity;
mod item;
pub mod made_table;
mod paging;
mod plain_tiff;
mod request;
mod search;
mod server;
mod stac;
mod static_catalogue;

pub use auth::Auth;
pub use builder::Builder;
pub use error::TestbedError;
pub use fault::{Fault, FaultKind};
pub use identity::Identity;
pub use paging::Paging;
pub use plain_tiff::PlainTiff;
pub use request::Request;
pub use server::Server;
