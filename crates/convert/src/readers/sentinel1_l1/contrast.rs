//! Which values of the roughness are told apart.

use super::gmf::Polarisation;
use crate::error::{Error, Result};
use crate::reader::Input;
use crate::readers::percentiles::percentiles;
use crate::samples::Samples;

/// How the range of the roughness is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contrast {
    /// A range that is usual for the sea.
    Sea,
    /// A range that is usual for ice.
    Ice,
    /// Nearly all values of the image's inside.
    Relative,
    /// All values.
    RelativeStrict,
}

const NAMES: [(&str, Contrast); 4] = [
    ("sea", Contrast::Sea),
    ("ice", Contrast::Ice),
    ("relative", Contrast::Relative),
    ("relative_strict", Contrast::RelativeStrict),
];
/// Hundredths of the values of the inside that are below and above the relative range.
const TAILS: f64 = 0.1;

impl Contrast {
    /// The one that is asked for. Without a word all values of floats are told apart, small images
    /// have ranges of their own, and others that of the sea.
    pub(super) fn of(input: &Input, name: &str, mode: &str) -> Result<Self> {
        let Some(text) = input.input.get("contrast") else {
            let is_float = input.output.names("use_float32_values").iter().any(|it| it == name);
            return Ok(match mode {
                _ if is_float => Self::RelativeStrict,
                "WV" => Self::Relative,
                _ => Self::Sea,
            });
        };
        let known = NAMES.iter().find(|(known, _)| *known == text);
        known.map(|(_, contrast)| *contrast).ok_or_else(|| Error::UnknownName {
            kind: "contrast",
            name: text.to_owned(),
            known: NAMES.map(|(known, _)| known).join(", "),
        })
    }

    /// That of the cross section, which has no usual range.
    pub(super) fn of_sigma0(input: &Input, name: &str) -> Self {
        let is_float = input.output.names("use_float32_values").iter().any(|it| it == name);
        if is_float { Self::RelativeStrict } else { Self::Relative }
    }

    /// The range of an image with so many rows and cells; none for that of its values. Of relative
    /// ranges the reference counts missing values as 0.
    pub(super) fn range(
        self,
        polarisation: Polarisation,
        samples: &Samples,
        (rows, cells): (usize, usize),
        is_compat: bool,
    ) -> Option<(f64, f64)> {
        let known = |indices: &mut dyn Iterator<Item = usize>| {
            let mut known = samples.select(indices);
            if is_compat {
                known.change(|_, value| if value.is_nan() { 0.0 } else { value });
            }
            known
        };
        match self {
            Self::Sea => Some(polarisation.of_sea()),
            Self::Ice => Some(polarisation.of_ice()),
            Self::RelativeStrict => known(&mut (0..samples.len())).extremes(),
            Self::Relative => {
                // A twentieth of the rows and a tenth of the cells are the border, on each side.
                let across = cells / 10..cells * 9 / 10;
                let mut inside = (rows / 20..rows * 19 / 20)
                    .flat_map(|row| across.clone().map(move |cell| row * cells + cell));
                percentiles(&known(&mut inside), TAILS, 100.0 - TAILS)
            }
        }
    }
}
