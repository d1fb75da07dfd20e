//! Cubes of daily sea-surface temperature: the connector that makes them possible.

mod daily_sst;

pub use daily_sst::DailySst;
