//! What can go wrong with pixels.

/// A cause from another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of a raster operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with pixels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name is not known.
    #[error("unknown {kind} `{name}`: known are {known}")]
    UnknownName {
        /// What kind of name, as `resampling`.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The known names.
        known: String,
    },
    /// The file is not there.
    #[error("`{key}` is not there")]
    NotFound {
        /// The missing key.
        key: String,
    },
    /// The bytes are no TIFF.
    #[error("`{key}` is not a TIFF: {reason}")]
    NotATiff {
        /// The key at fault.
        key: String,
        /// What was found instead.
        reason: String,
    },
    /// The file ends before its data does.
    #[error("`{key}` is truncated: {needed} bytes at {offset} are needed, {have} are there")]
    Truncated {
        /// The key at fault.
        key: String,
        /// Where the bytes were to be.
        offset: u64,
        /// How many were needed.
        needed: u64,
        /// How many there are.
        have: u64,
    },
    /// The file contradicts itself or the format.
    #[error("`{key}` is malformed: {reason}")]
    Malformed {
        /// The key at fault.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file asks for more memory or reads than a sound one would.
    #[error("`{key}` is refused: {what} is {value}, the limit is {limit}")]
    TooLarge {
        /// The key at fault.
        key: String,
        /// What is too large.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A feature of the format that this crate, as built, does not read.
    #[error("`{key}` cannot be read: {what}")]
    Unsupported {
        /// The key at fault.
        key: String,
        /// What is not supported, and what would help.
        what: String,
    },
    /// A compressed block could not be decoded.
    #[error("block {block} of `{key}` ({codec}) could not be decoded: {reason}")]
    Decode {
        /// The key at fault.
        key: String,
        /// The block's index.
        block: usize,
        /// The codec.
        codec: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// A band, level or window outside the file.
    #[error("`{key}` has no {what} {asked}: {has}")]
    OutOfRange {
        /// The key asked.
        key: String,
        /// `band`, `level` or `window`.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What there is.
        has: String,
    },
    /// Shapes or types that must agree do not.
    #[error("{what}: {left} and {right} do not agree")]
    Mismatch {
        /// What must agree.
        what: &'static str,
        /// One side.
        left: String,
        /// The other side.
        right: String,
    },
    /// An image without an affine cannot be located.
    #[error("the image cannot be located: {reason}")]
    Geolocation {
        /// What is wrong with the places or points, or the way they are used.
        reason: String,
    },
    /// The grid could not be made or used.
    #[error("{what}: {source}")]
    Grid {
        /// What was being done.
        what: String,
        /// The cause.
        source: Cause,
    },
    /// The store failed.
    #[error("could not read `{key}`: {source}")]
    Read {
        /// The key being read.
        key: String,
        /// Whether trying again may help.
        transient: bool,
        /// The cause.
        source: Cause,
    },
    /// A file could not be written.
    #[error("could not write `{path}`: {source}")]
    Write {
        /// The file being written.
        path: String,
        /// The cause.
        source: Cause,
    },
}

impl Error {
    /// Whether trying the same again may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Read { transient: true, .. })
    }
}
