//! What can go wrong when placing pixels on the Earth.

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong in this crate; none of it is transient.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A CRS code that the table does not hold.
    #[error("unknown CRS {code}: {hint}")]
    UnknownCrs {
        /// The code as written.
        code: String,
        /// What to do instead.
        hint: String,
    },
    /// A text that is no CRS in any form we read.
    #[error("cannot read {form} {text:?} as a CRS: {reason}")]
    BadCrs {
        /// Which form was tried, e.g. `PROJ string`.
        form: &'static str,
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A CRS whose projection has no implementation here.
    #[error("CRS {crs}: projection {projection:?} is not supported; supported: {known}")]
    UnsupportedProjection {
        /// The CRS.
        crs: String,
        /// Its `+proj` name.
        projection: String,
        /// The names that are supported.
        known: String,
    },
    /// A CRS whose parameters the projection engine refuses.
    #[error("CRS {crs}: the projection cannot be set up from {proj4:?}")]
    BadProjection {
        /// The CRS.
        crs: String,
        /// Its PROJ string.
        proj4: String,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// Two datums between which only a grid shift is good enough.
    #[error(
        "no transform from {from} to {to}: datum {datum:?} needs a shift grid ({grid}); {GRIDS}"
    )]
    DatumGrid {
        /// Source CRS.
        from: String,
        /// Destination CRS.
        to: String,
        /// The datum at fault.
        datum: String,
        /// The grid that PROJ would use, or several joined by commas, or `regional shifts` where it takes
        /// another shift by area, or what else is the matter.
        grid: String,
    },
    /// A number or combination of numbers that means nothing.
    #[error("invalid {what}: {reason}")]
    Invalid {
        /// The thing at fault, e.g. `affine`.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that is not among the known ones.
    #[error("unknown {what} {name:?}; known: {known}")]
    UnknownName {
        /// What kind of name.
        what: &'static str,
        /// The name as written.
        name: String,
        /// The known names.
        known: String,
    },
    /// A date, time, range or duration that cannot be read.
    #[error("cannot read {text:?} as {what}: {reason}")]
    BadTime {
        /// What was expected.
        what: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A region that cannot be read or brought to a CRS.
    #[error("region: {reason}")]
    BadRegion {
        /// What is wrong with it.
        reason: String,
    },
}

/// What to do about a grid.
#[cfg(feature = "gdal")]
const GRIDS: &str = "put grids where PROJ looks (the package proj-data, or from https://cdn.proj.org into \
                     PROJ_DATA), or let PROJ fetch them (PROJ_NETWORK=ON)";
#[cfg(not(feature = "gdal"))]
const GRIDS: &str = "grids are read with feature `gdal` only; without it declare both in one datum, or \
                     give a PROJ string with +towgs84";

impl Error {
    /// Whether trying again could help: never, nothing here does I/O.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        false
    }

    pub(crate) fn invalid(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { what, reason: reason.into() }
    }

    pub(crate) fn region(reason: impl Into<String>) -> Self {
        Self::BadRegion { reason: reason.into() }
    }

    pub(crate) fn time(what: &'static str, text: &str, reason: impl ToString) -> Self {
        Self::BadTime { what, text: text.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn crs(form: &'static str, text: &str, reason: impl Into<String>) -> Self {
        let mut short: String = text.chars().take(120).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        Self::BadCrs { form, text: short, reason: reason.into() }
    }
}
