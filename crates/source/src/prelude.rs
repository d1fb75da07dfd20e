//! What a connector needs, in one line.

pub use crate::{
    Access, Asset, BandInfo, Connector, Error, Granule, Granules, Opened, Query, Registry, Result,
    Source, Ticket, granules,
};
pub use async_trait::async_trait;
pub use terracube_grid::{Crs, GeoBox, Region, TimeRange};
