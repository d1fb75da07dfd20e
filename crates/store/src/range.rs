//! A byte request: which part of a value is wanted.

use std::ops::Range;

use crate::{Error, Key, Result};

/// Which bytes of a value are wanted; the meaning is that of zarr-python's `ByteRequest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ByteRequest {
    /// The whole value.
    #[default]
    All,
    /// Bytes `start..end`; an `end` past the value is clipped.
    Range {
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// From this byte to the end.
    Offset(u64),
    /// The last so many bytes; more than the value has means all of it.
    Suffix(u64),
}

impl ByteRequest {
    /// Resolves the request against a value of `size` bytes.
    ///
    /// # Errors
    /// [`Error::InvalidRange`] when the range is empty or starts at or past the end. The whole of
    /// an empty value is fine.
    pub fn resolve(&self, key: &Key, size: u64) -> Result<Range<u64>> {
        let invalid = || Error::InvalidRange { key: key.to_string(), request: *self, size };
        match *self {
            Self::All => Ok(0..size),
            Self::Range { start, end } if start < end && start < size => Ok(start..end.min(size)),
            Self::Offset(start) if start < size => Ok(start..size),
            Self::Suffix(n) if n > 0 && size > 0 => Ok(size.saturating_sub(n)..size),
            _ => Err(invalid()),
        }
    }
}

impl From<Range<u64>> for ByteRequest {
    fn from(range: Range<u64>) -> Self {
        Self::Range { start: range.start, end: range.end }
    }
}
