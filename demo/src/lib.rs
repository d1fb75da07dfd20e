//! The relief of the demo, for the demo's server and for benchmarks.

mod detail;
mod relief;
mod smooth;
pub mod tiles;

pub use relief::Relief;
