//! Byte ranges and headers as fuzz targets reach them.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::coalesce::FetchPlan;
use super::{http_file, retry};

/// A `Content-Range` as range and size.
#[must_use]
pub fn content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    http_file::parse_content_range(text)
}

/// A `Retry-After` as a wait.
#[must_use]
pub fn retry_after(text: &str) -> Option<Duration> {
    retry::parse_retry_after(text, SystemTime::UNIX_EPOCH)
}

/// The bytes of ranges of a file, by way of merged requests; each must lie in it and hold a byte.
#[must_use]
pub fn fetched(file: &Bytes, wanted: &[Range<u64>], gap: u64, largest: u64) -> Vec<Option<Bytes>> {
    let plan = FetchPlan::new(wanted, gap, largest);
    let at = |byte: u64| usize::try_from(byte).map_or(file.len(), |byte| byte.min(file.len()));
    let answer = |range: &Range<u64>| file.slice(at(range.start)..at(range.end));
    let answers: Vec<Bytes> = plan.fetches.iter().map(answer).collect();
    plan.assemble(&answers)
}
