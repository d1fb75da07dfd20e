//! The on-demand cube: declared once on a grid, filled patch by patch where it is asked for, read
//! as a window.
#![doc = ""]
#![doc = include_str!("../README.md")]
// A fill is one future of many: with every source its layout is deeper than the default.
#![recursion_limit = "256"]

mod attributes;
mod band;
mod claims;
mod create;
mod cube;
mod error;
mod export;
mod fill;
mod grouping;
mod harmonise;
pub mod human;
mod ledger;
mod load;
mod mask;
mod mosaic;
mod patch;
mod pipeline;
mod plan;
mod report;
mod request;
mod schema;
mod slice;
mod state;
mod stop;
mod summary;

pub use band::{Band, Nodata};
pub use cube::Cube;
pub use error::{Error, Result};
pub use fill::{Fill, FillOptions};
pub use harmonise::Harmonise;
pub use ledger::{Origin, PatchState, Provenance};
pub use load::{LoadOptions, Loaded, LoadedBand};
pub use mask::{Condition, Mask, Meaning};
pub use mosaic::{MinimumValid, Mosaic, Order, OrderKey, UnmaskedOverlap};
pub use patch::{Patch, PatchGrid};
pub use plan::{Job, Plan, PlanSummary, Want};
pub use report::{Event, Failure, Report};
pub use request::Request;
pub use schema::{Chunks, Resolution, Schema, SourceSpec, TileGridSpec, Tiles};
pub use state::{Counts, State};
pub use stop::Stop;

/// The target of the `tracing` spans that a fill makes of its stages.
///
/// At level `INFO`: `search`; for each patch a span `patch` (`time`, `row`, `col`) with children
/// `headers`, `wait for memory`, `download` (with a `read` for each window: `granule`, `host`,
/// `bytes`), `wait for a core`, `render`, `wait for the writer`, `write` (`bytes`); and `commit`
/// (`patches`). A span lasts as long as the stage; what nobody listens to costs nothing.
pub const STAGES: &str = "terracube::stage";
