//! TOPAZ4: forecasts of the Arctic on a polar stereographic grid.

use super::grid_yx;
use crate::error::{Error, Result};
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};

/// Metres of a unit of x and y.
const METRES: f64 = 100_000.0;

/// `model/topaz4`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topaz4;

impl Reader for Topaz4 {
    fn name(&self) -> &'static str {
        "model/topaz4"
    }

    fn about(&self) -> &'static str {
        "TOPAZ4 forecasts of the Arctic ocean and ice"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        let mapping = file.variable("stereographic")?.attributes;
        let number = |name: &str| {
            mapping.number(name).ok_or_else(|| {
                Error::input(file.path(), format!("`stereographic` has no attribute `{name}`"))
            })
        };
        let text = match mapping.text("proj4").or(mapping.text("proj4_string")) {
            Some(text) => text,
            None => format!(
                "+proj=stere +lat_0={} +lat_ts={} +lon_0={} +k=1 +x_0=0 +y_0=0 +a={} +b={} +units=m",
                number("latitude_of_projection_origin")?,
                mapping.number("standard_parallel").unwrap_or(90.0),
                number("straight_vertical_longitude_from_pole")
                    .or_else(|_| number("longitude_of_projection_origin"))?,
                mapping.number("semi_major_axis").unwrap_or(6_378_273.0),
                mapping
                    .number("semi_minor_axis")
                    .or(mapping.number("semi_major_axis"))
                    .unwrap_or(6_378_273.0),
            ),
        };
        let mut input = input.clone();
        for (key, value) in [
            ("x_variable", "x"),
            ("y_variable", "y"),
            ("time_variable", "time"),
            ("spatial_resolution", "12500"),
        ] {
            if input.input.get(key).is_none() {
                input.input.set(key, value);
            }
        }
        grid_yx::read(&file, grid_yx::projection(&text)?, METRES, &input, sink)
    }
}
