//! What fuzz targets reach of this crate's insides; only in their builds (`cfg(fuzzing)`).

pub use crate::access::fuzzing::{content_range, fetched, retry_after};
#[cfg(feature = "stac")]
pub use crate::connectors::stac::fuzzing::stac_links;
