//! Where the validity of a band's pixels comes from.

use std::fmt;

/// Where the validity of a band's pixels comes from, as GDAL's mask flags say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaskKind {
    /// Every pixel is valid.
    AllValid,
    /// A mask shared by all bands.
    PerDataset,
    /// A band that says how opaque pixels are.
    Alpha,
    /// A value that marks pixels without data.
    Nodata,
}

impl MaskKind {
    /// The names of GDAL's flags, joined by `+`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllValid => "all_valid",
            Self::PerDataset => "per_dataset",
            Self::Alpha => "per_dataset+alpha",
            Self::Nodata => "nodata",
        }
    }
}

impl fmt::Display for MaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
