//! Where data comes from: sources, access to bytes, connectors.
#![doc = include_str!("../README.md")]

mod access;
mod asset;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connectors;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod granule;
mod granules;
mod opened;
mod order;
pub mod prelude;
mod query;
mod registry;
mod safe_name;
mod selection;
mod source;

pub use access::{
    Access, AccessBuilder, AccessStats, Auth, AwsAccount, AzureAccount, Checksum, ClientAuth,
    Downloaded, Earthdata, GcsAccount, Grant, Headers, HostPattern, HostStats, Limits, Listed,
    OAuth2, PlanetaryComputer, Provider, RedactedUrl, RetryPolicy, Secret, SecretRef,
    ServiceAccount, Totp, TotpAlgorithm, Verified, read_opened,
};
pub use asset::{Asset, BandInfo, Bitfield, Class};
#[cfg(feature = "earth-engine")]
pub use connectors::earth_engine::EarthEngine;
#[cfg(feature = "files")]
pub use connectors::files::Files;
#[cfg(feature = "geoparquet")]
pub use connectors::stac::StacGeoparquet;
#[cfg(feature = "stac")]
pub use connectors::stac::{SearchMethod, StacApi, StacStatic};
pub use error::{Cause, Error, Result};
pub use granule::Granule;
pub use granules::{Granules, granules};
pub use opened::Opened;
pub use order::Ticket;
pub use query::Query;
pub use registry::Registry;
pub use safe_name::SafeName;
pub use source::{Connector, Source};
