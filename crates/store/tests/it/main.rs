//! Tests of the store against its own contract, other processes and Python.

mod conformance;
mod directory;
mod model;
mod processes;
mod python;
mod repositories;
mod zarr;
