//! Sentinel-3 SLSTR level 1: brightness temperatures of the nadir view.

use super::sentinel3::{self, band};
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice;
use crate::moment;
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};

/// Channels with the range that is told, in kelvins.
const CHANNELS: [(&str, f64, f64); 3] =
    [("S7", 220.0, 310.0), ("S8", 197.4, 306.0), ("S9", 190.15, 306.15)];

const PLACES: &str = "geodetic_in.nc";

/// `sentinel3/slstr/L1/bt`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlstrL1Bt;

impl Reader for SlstrL1Bt {
    fn name(&self) -> &'static str {
        "sentinel3/slstr/L1/bt"
    }

    fn about(&self) -> &'static str {
        "Sentinel-3 SLSTR level 1, brightness temperatures: an RBT folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let options = &input.input;
        refuse_coefficients(input)?;
        let places = sentinel3::places(&input.path, PLACES, "latitude_in", "longitude_in")?;
        let size = (places.rows, places.cells);
        let mut fields = Vec::with_capacity(CHANNELS.len());
        for (name, least, most) in CHANNELS {
            let variable = format!("{name}_BT_in");
            let (values, attributes) = band(&input.path, &variable, &variable, size)?;
            let mut field = Field::new(name, values).ranged(least, most);
            field.attributes = attributes;
            field.source = Some(variable);
            fields.push(field);
        }
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("all brightness temperatures are missing".to_owned()));
        }
        let attributes = sentinel3::described(
            &input.path,
            PLACES,
            &[("sensor", "SLSTR"), ("sensor_type", "dual scan temperature radiometer")],
        )?;
        let overrides = options.pairs("global_overrides")?;
        sink(Granule {
            id: input.id(&input.base_name()),
            lattice: lattice::swath(&places, size, options, &input.output)?,
            coverage: coverage(input)?,
            times: Vec::new(),
            resolution: 1000.0,
            crs: None,
            attributes: idf::copied(&attributes, &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}

/// The temperature of the sea needs coefficients in a file whose format is not published.
fn refuse_coefficients(input: &Input) -> Result<()> {
    let key = "sst_coeffs_path";
    if input.input.get(key).is_none() {
        return Ok(());
    }
    Err(Error::option(
        key,
        "the sea surface temperature is not computed here, as the format of its coefficients is \
         not published: take it out, and what is made of the temperature, for brightness \
         temperatures (`--set sst_coeffs_path= --set remove_variables= --set \
         'add_variables(anomaly_sea_surface_temperature)='`), or convert the level 2 (WST)",
    ))
}

/// From the first to the last moment that the file of places tells.
fn coverage(input: &Input) -> Result<(terracube_grid::Time, terracube_grid::Time)> {
    let file = NcFile::open(&input.path.join(PLACES))?;
    let attributes = file.attributes();
    let at = |name: &str| {
        let missing = || Error::input(file.path(), format!("has no attribute `{name}`"));
        moment::parse(name, &attributes.text(name).ok_or_else(missing)?, None)
    };
    Ok((at("start_time")?, at("stop_time")?))
}
