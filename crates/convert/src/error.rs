//! What can go wrong with a conversion.

use std::path::{Path, PathBuf};

/// The result of a conversion's step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a conversion.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program was built without the feature `netcdf`.
    #[error("`{path}` cannot be handled: this program was built without the feature `netcdf`")]
    WithoutNetcdf {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be opened as what it should be.
    #[error("`{path}` is not readable as {format}: {reason}")]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// As `netCDF`.
        format: &'static str,
        /// What the library said.
        reason: String,
    },
    /// A part of a file cannot be read.
    #[error("`{path}`: cannot read {what}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The part.
        what: String,
        /// Why.
        reason: String,
    },
    /// A file cannot be written.
    #[error("`{path}` cannot be written: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A variable is not in the file.
    #[error("`{path}` has no variable `{name}`: it has {known}")]
    NoVariable {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// The variables that are there.
        known: String,
    },
    /// What is in a file does not do for the conversion.
    #[error("`{path}`: {reason}")]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A variable has not a value for each pixel of its granule.
    #[error(
        "granule `{granule}`: variable `{field}` has {found} values, the image {pixels} pixels"
    )]
    FieldSize {
        /// The granule.
        granule: String,
        /// The variable.
        field: String,
        /// Its values.
        found: usize,
        /// Pixels of the granule's lattice.
        pixels: usize,
    },
    /// An option is missing or has a value that cannot be used.
    #[error("option `{key}`: {reason}")]
    Option {
        /// The option.
        key: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A text of parameters cannot be read.
    #[error("parameters cannot be read: {reason}")]
    Parameters {
        /// Where and why.
        reason: String,
    },
    /// A name is not known.
    #[error("unknown {kind} `{name}`: known are {known}")]
    UnknownName {
        /// What kind of name.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The known names.
        known: String,
    },
    /// A text is not a time or a unit of time.
    #[error("{what} `{text}`: {reason}")]
    Time {
        /// What the text is.
        what: String,
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A projection is not known.
    #[error("projection `{text}`: {reason}")]
    Projection {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The conversion was stopped from outside.
    #[error("stopped: nothing of it was kept")]
    Stopped,
    /// No rule is for a dataset.
    #[error(
        "no rule matches `{id}`: the nearest are {nearest}; `--params FILE` says how to convert it"
    )]
    NoRule {
        /// The dataset's id.
        id: String,
        /// The nearest rules.
        nearest: String,
    },
    /// Several rules of one priority are for a dataset.
    #[error(
        "`{id}` is matched by {rules} at the same priority {priority}: give them different ones"
    )]
    Ambiguous {
        /// The dataset's id.
        id: String,
        /// The rules.
        rules: String,
        /// Their priority.
        priority: i64,
    },
    /// A file of rules cannot be used.
    #[error("rules of `{origin}`: {reason}")]
    Rules {
        /// The file they are from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    pub(crate) fn input(path: &Path, reason: impl Into<String>) -> Self {
        Self::Input { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn option(key: &str, reason: impl Into<String>) -> Self {
        Self::Option { key: key.to_owned(), reason: reason.into() }
    }

    pub(crate) fn read(path: &Path, what: &str, reason: impl ToString) -> Self {
        Self::Read { path: path.to_owned(), what: what.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn write(path: &Path, reason: impl ToString) -> Self {
        Self::Write { path: path.to_owned(), reason: reason.to_string() }
    }
}
