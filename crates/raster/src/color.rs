//! What bands mean to the eye.

use std::fmt;

/// What a band means to the eye, by GDAL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ColorInterpretation {
    /// Nothing said.
    #[default]
    Undefined,
    /// Shades of grey.
    Gray,
    /// Indices into a colour table.
    Palette,
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// How opaque the pixel is.
    Alpha,
    /// Another meaning that GDAL knows, as near infrared.
    Other,
}

impl ColorInterpretation {
    /// The name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Gray => "gray",
            Self::Palette => "palette",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Alpha => "alpha",
            Self::Other => "other",
        }
    }

    /// The meaning with a name in lower case.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "undefined" => Self::Undefined,
            "gray" => Self::Gray,
            "palette" => Self::Palette,
            "red" => Self::Red,
            "green" => Self::Green,
            "blue" => Self::Blue,
            "alpha" => Self::Alpha,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ColorInterpretation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
