//! What fuzz targets reach of this crate's insides; only in their builds (`cfg(fuzzing)`).

use crate::adapters::object::coalesce;
use crate::{ByteRequest, Key};

/// The requests to a bucket that answer byte requests: each with the places it answers, and what
/// is wanted there.
#[must_use]
pub fn coalesce(requests: &[(Key, ByteRequest)]) -> Vec<(ByteRequest, Vec<(usize, ByteRequest)>)> {
    coalesce::coalesce(requests).into_iter().map(|fetch| (fetch.request, fetch.answers)).collect()
}
