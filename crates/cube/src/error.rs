//! What can go wrong with a cube.

use terracube_grid::Error as GridError;
use terracube_raster::Error as RasterError;
use terracube_source::Error as SourceError;
use terracube_store::Error as StoreError;

/// The result of a cube operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a cube.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text of a declaration is not TOML, or not that of a cube; the message has line and
    /// column.
    #[error("the cube's declaration cannot be read: {reason}")]
    Declaration {
        /// What is wrong and where.
        reason: String,
    },
    /// A declaration reads well but makes no sense.
    #[error("the declaration of cube `{cube}`: {reason}")]
    Schema {
        /// The cube's name.
        cube: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A cube is already there.
    #[error("there is already a cube `{cube}` there: open it, or allow it to exist")]
    Exists {
        /// The name of the cube found.
        cube: String,
    },
    /// A cube is there and is declared otherwise.
    #[error("the cube there is declared otherwise: {}", differences.join("; "))]
    Differs {
        /// Each difference as `key: there … / asked …`.
        differences: Vec<String>,
    },
    /// There is no cube.
    #[error("there is no cube there: {reason}")]
    NotACube {
        /// What was found instead.
        reason: String,
    },
    /// A band name is unknown.
    #[error("cube `{cube}` has no band `{band}`; it has {}", known.join(", "))]
    UnknownBand {
        /// The cube's name.
        cube: String,
        /// The name asked.
        band: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The region asked for does not touch the cube.
    #[error("the region lies outside cube `{cube}`, which covers {extent}")]
    OutsideCube {
        /// The cube's name.
        cube: String,
        /// The cube's extent, in its CRS and in degrees.
        extent: String,
    },
    /// The time asked for does not touch the cube's time axis.
    #[error("the time {asked} lies outside cube `{cube}`, whose time axis is {axis}")]
    OutsideTime {
        /// The cube's name.
        cube: String,
        /// The time asked.
        asked: String,
        /// The first and last step.
        axis: String,
    },
    /// Patches are missing and the cube has nothing to fill them from.
    #[error("cube `{cube}` has no source bound: {missing} patches cannot be filled")]
    NoSource {
        /// The cube's name.
        cube: String,
        /// How many patches are missing.
        missing: usize,
    },
    /// An asset does not fit the band it is for.
    #[error("asset `{asset}` of granule `{granule}` cannot fill band `{band}`: {reason}")]
    Asset {
        /// The granule's id.
        granule: String,
        /// The asset's name.
        asset: String,
        /// The band's name.
        band: String,
        /// What does not fit and what to do.
        reason: String,
    },
    /// Numbers of two scales or offsets would be stored in one band.
    #[error(
        "band `{band}`: granule `{granule}` says {theirs}, but {other}: declare harmonise = \"item\" or \"sentinel-2\" for the band to bring them to one, or \"as_stored\" to store them as they are"
    )]
    Scale {
        /// The band's name.
        band: String,
        /// The granule's id.
        granule: String,
        /// Its scale and offset.
        theirs: String,
        /// What another granule or the band says.
        other: String,
    },
    /// Granules overlap of which nothing says which pixels are valid.
    #[error(
        "band `{band}`: granules `{other}` and `{granule}` overlap, and nothing says which of their pixels are valid: declare the band's source_nodata, a mask, or unmasked_overlap = \"allow\" in [mosaic]"
    )]
    Overlap {
        /// The band's name.
        band: String,
        /// The id of one granule.
        granule: String,
        /// The id of one before it.
        other: String,
    },
    /// A patch needs more memory than the fill may take.
    #[error(
        "patch {time}/{row}/{col} needs {needed} bytes for a composite of all its granules, more than the {limit} that the memory allowed leaves: allow more, or declare smaller chunks",
        time = patch.time, row = patch.row, col = patch.col
    )]
    Composite {
        /// The patch.
        patch: crate::Patch,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are.
        limit: u64,
    },
    /// The times of a cube are still to be asked of a source.
    #[error(
        "the times of cube `{cube}` are to be asked of its source, which has not been done: see Schema::with_times_of"
    )]
    TimesUnknown {
        /// The cube's name.
        cube: String,
    },
    /// The fill was stopped before it began anything.
    #[error("the work was stopped")]
    Stopped,
    /// A window is too large to be held in memory.
    #[error("the window needs {needed} bytes, more than the {limit} allowed: ask for less")]
    TooLarge {
        /// Bytes the window needs.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`: {source}")]
    Output {
        /// The file.
        path: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A task of the engine ended without an answer.
    #[error("the {stage} stage ended without an answer: this is a defect, please report it")]
    Lost {
        /// The stage of the pipeline.
        stage: &'static str,
    },
    /// A grid, CRS, region or time axis is at fault.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The store is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Pixels or their encoding are at fault.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// The source is at fault.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Error {
    /// Whether trying the same again may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(e) => e.is_transient(),
            Self::Source(e) => e.is_transient(),
            Self::Raster(e) => e.is_transient(),
            _ => false,
        }
    }
}
