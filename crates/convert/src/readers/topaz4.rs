//! TOPAZ4: forecasts of the Arctic on a polar stereographic grid.

use super::grid_yx;
use crate::error::{Error, Result};
use crate::granule::Granule;
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};

/// Metres of a unit of x and y.
const METRES: f64 = 100_000.0;

/// The part of a place that ice covers.
const CONCENTRATION: &str = "fice";
/// What there is of ice only where there is ice.
const ICE: [&str; 4] = ["fice", "hice", "uice", "vice"];
/// Up to this part there is no ice.
const LEAST: f64 = 1e-5;

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
            ("variables", "temperature,salinity,u,v"),
        ] {
            if input.input.get(key).is_none() {
                input.input.set(key, value);
            }
        }
        let mut names = input.input.names("variables");
        let is_asked = names.iter().any(|name| name == CONCENTRATION);
        let is_there = file.find(CONCENTRATION).is_some();
        // The reference looks at the concentration only where it is converted too.
        let is_borrowed = !is_asked && is_there && !input.is_compat;
        if is_borrowed && names.iter().any(|name| ICE.contains(&name.as_str())) {
            names.push(CONCENTRATION.to_owned());
            input.input.set("variables", names.join(","));
        }
        grid_yx::read(&file, grid_yx::projection(&text)?, METRES, &input, &mut |mut granule| {
            without_ice(&mut granule);
            granule.fields.retain(|field| is_asked || !field.is_named(CONCENTRATION));
            sink(granule)
        })
    }
}

/// Takes ice out where there is hardly any, or how much there is is missing.
fn without_ice(granule: &mut Granule) {
    let of_ice = granule.fields.iter().find(|field| field.is_named(CONCENTRATION));
    let Some(concentration) = of_ice.map(|field| field.samples.clone()) else { return };
    for field in &mut granule.fields {
        if ICE.iter().any(|name| field.is_named(name)) {
            // The range is that of the whole, as in the reference.
            if let Some((least, most)) = field.samples.extremes() {
                field.least.get_or_insert(least);
                field.most.get_or_insert(most);
            }
            field.samples.mask(&concentration, |part| part.is_nan() || part <= LEAST);
        }
    }
}
