//! IDF 1.0: packing, pyramids, attributes, files and their places.

mod attributes;
mod packing;
mod pyramid;
mod staging;
mod writer;

pub(crate) use attributes::copied;
pub(crate) use staging::Staging;
pub(crate) use writer::write;
