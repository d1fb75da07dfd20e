//! The door to netCDF files: what is read and written, in types of our own.

#[cfg(not(feature = "netcdf"))]
mod absent;
#[cfg(feature = "netcdf")]
mod deflate;
#[cfg(feature = "netcdf")]
mod inflate;
#[cfg(feature = "netcdf")]
mod reader;
#[cfg(feature = "netcdf")]
mod stored;
#[cfg(feature = "netcdf")]
mod value;
#[cfg(feature = "netcdf")]
mod writer;

use crate::attribute::{Attributes, NumberType};

#[cfg(not(feature = "netcdf"))]
pub(crate) use absent::{NcFile, NcWriter};
#[cfg(feature = "netcdf")]
pub(crate) use reader::NcFile;
#[cfg(feature = "netcdf")]
pub(crate) use writer::NcWriter;

/// What a file says of a variable of numbers.
#[derive(Debug, Clone)]
pub(crate) struct NcVariable {
    pub(crate) name: String,
    /// How values are read: unsigned, where `_Unsigned` says so of a signed type.
    pub(crate) kind: NumberType,
    /// The type that the file has.
    pub(crate) stored: NumberType,
    pub(crate) dims: Vec<String>,
    pub(crate) shape: Vec<usize>,
    pub(crate) attributes: Attributes,
}

/// A variable to be written.
#[cfg_attr(not(feature = "netcdf"), expect(dead_code, reason = "nothing is written"))]
#[derive(Debug)]
pub(crate) struct NewVariable<'a> {
    pub(crate) name: &'a str,
    pub(crate) dims: &'a [&'a str],
    pub(crate) fill: Option<f64>,
    /// Deflate at level 4 with shuffle.
    pub(crate) is_deflated: bool,
    pub(crate) attributes: &'a Attributes,
}

/// Values to be written, in the type they get.
#[cfg_attr(not(feature = "netcdf"), expect(dead_code, reason = "nothing is written"))]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    U8(&'a [u8]),
    I32(&'a [i32]),
    F32(&'a [f32]),
    F64(&'a [f64]),
    /// A scalar `int32` that is never set.
    Empty,
}
