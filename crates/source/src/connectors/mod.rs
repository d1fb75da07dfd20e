//! The connectors, one feature each.

#[cfg(feature = "stac")]
pub(crate) mod stac;
