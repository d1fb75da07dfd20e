//! Tests of the store against its own contract, other processes and Python.

#[cfg(test)]
mod archives;
#[cfg(test)]
mod check;
#[cfg(test)]
mod clouds;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod directory;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod full;
#[cfg(test)]
mod interop;
#[cfg(test)]
mod lost_answers;
#[cfg(test)]
mod model;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod python;
#[cfg(test)]
mod repositories;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod shards;
#[cfg(test)]
mod wrappers;
#[cfg(test)]
mod zarr;
#[cfg(test)]
#[cfg(feature = "zarrs-interop")]
mod zarrs_interop;
#[cfg(test)]
mod zip;
#[cfg(test)]
mod zip64;
