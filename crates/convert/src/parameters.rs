//! A set of parameters: a reader with the options of its input and output.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::grammar;
use crate::options::Options;

/// Options of the output; any other one is of the input.
const OF_OUTPUT: [&str; 18] = [
    "collection",
    "id_prefix",
    "id_suffix",
    "downscale",
    "use_float32_values",
    "remove_variables",
    "remove_out_of_bounds_coordinates",
    "postprocessor",
    "use_gdal",
    "use_mean_dydx",
    "unwrap_longitudes",
    "gcp_spacing",
    "gcp_lat_spacing",
    "gcp_lon_spacing",
    "gcp_y_spacing",
    "gcp_x_spacing",
    "gcp_row_spacing",
    "gcp_cell_spacing",
];

/// A reader with the options of its input and output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The reader's name.
    pub reader: String,
    /// Options of the input.
    #[serde(default)]
    pub input: Options,
    /// Options of the output.
    #[serde(default)]
    pub output: Options,
}

impl Parameters {
    /// From a file in the grammar of idf-converter's.
    ///
    /// # Errors
    /// [`Error::Read`] when it cannot be read, [`Error::Parameters`] when it is not understood.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Error::read(path, "parameters", cause))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// From the text of such a file; files it names are looked for below `folder`.
    ///
    /// # Errors
    /// [`Error::Parameters`] when it is not understood.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let parsed = grammar::command_line(text, folder)?;
        let reader = parsed.reader.unwrap_or_default();
        Ok(Self { reader, input: parsed.input, output: parsed.output })
    }

    /// Sets one option: `reader`, `input.KEY`, `output.KEY`, or a key whose side is known.
    pub fn set(&mut self, key: &str, value: &str) {
        if key == "reader" {
            value.clone_into(&mut self.reader);
        } else if let Some(key) = key.strip_prefix("input.") {
            self.input.set(key, value);
        } else if let Some(key) = key.strip_prefix("output.") {
            self.output.set(key, value);
        } else if OF_OUTPUT.contains(&key) || key.starts_with("add_variables(") {
            self.output.set(key, value);
        } else {
            self.input.set(key, value);
        }
    }
}
