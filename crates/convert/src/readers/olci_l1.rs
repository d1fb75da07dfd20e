//! Sentinel-3 OLCI level 1: radiances of four bands, in logarithms.

use super::percentiles::percentiles;
use super::sentinel3::{self, Flags, band};
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;

/// A band, and the range it has where no pixel tells one.
struct Band {
    name: &'static str,
    /// The flag of its saturated pixels.
    saturated: &'static str,
    least: f64,
    most: f64,
}

/// The visible ones, which share a range, and the near infrared.
const BANDS: [Band; 4] = [
    Band { name: "Oa04", saturated: "saturated@Oa04", least: 13.966, most: 95.0 },
    Band { name: "Oa06", saturated: "saturated@Oa06", least: 8.213, most: 95.0 },
    Band { name: "Oa09", saturated: "saturated@Oa09", least: 3.346, most: 95.0 },
    Band { name: "Oa17", saturated: "saturated@Oa17", least: 3.0, most: 150.0 },
];
const VISIBLE: usize = 3;

/// Flags of pixels that tell nothing about the range.
const APART: [&str; 7] =
    ["land", "coastline", "tidal_region", "bright", "straylight_risk", "invalid", "dubious"];

/// How far the range goes on above the sea's, for clouds and land.
const STRETCH: f64 = 5.0;

/// A table that takes out what the air scatters.
const TABLE: &str = "atmospheric_correction_LUT_path";

const COMMENT: &str = "Logarithm applied to improve contrast and avoid sacrificing either small or \
                       large scale structures due to data storage resolution limitations";

/// `sentinel3/olci/L1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OlciL1;

impl Reader for OlciL1 {
    fn name(&self) -> &'static str {
        "sentinel3/olci/L1"
    }

    fn about(&self) -> &'static str {
        "Sentinel-3 OLCI level 1: an EFR folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let options = &input.input;
        refuse_table(input)?;
        let places = sentinel3::places(&input.path, "geo_coordinates.nc", "latitude", "longitude")?;
        let size = (places.rows, places.cells);
        let flags = Flags::read(&input.path, "qualityFlags.nc", "quality_flags", size)?;
        let mut fields = Vec::with_capacity(BANDS.len());
        for Band { name, saturated, least, most } in BANDS {
            let variable = format!("{name}_radiance");
            let (values, attributes) = band(&input.path, &variable, &variable, size)?;
            let apart = flags.mask(APART.into_iter().chain([saturated]));
            let counts = |at: &usize| !flags.is_set(*at, apart) && values.get(*at) > 0.0;
            let clear = values.select((0..values.len()).filter(counts));
            let (least, most) = percentiles(&clear, 0.5, 99.99).unwrap_or((least, most));
            let mut field = Field::new(name, values).ranged(least, most);
            let units = attributes.text("units").unwrap_or_default();
            field.attributes = attributes;
            field.source = Some(variable);
            fields.push(field.with("units", format!("log({units})")).with("comment", COMMENT));
        }
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("all radiances are missing".to_owned()));
        }
        share_range(&mut fields[..VISIBLE]);
        fields.iter_mut().for_each(into_logarithms);
        let attributes = sentinel3::described(
            &input.path,
            "time_coordinates.nc",
            &[("sensor", "OLCI"), ("sensor_type", "medium-resolution imaging spectrometer")],
        )?;
        let overrides = options.pairs("global_overrides")?;
        sink(Granule {
            id: input.id(&input.base_name()),
            lattice: lattice::swath(&places, size, options, &input.output)?,
            coverage: sentinel3::rows_coverage(&input.path)?,
            times: Vec::new(),
            resolution: 300.0,
            crs: None,
            attributes: idf::copied(&attributes, &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}

/// What the table holds is not published; radiances with and without it are not comparable.
fn refuse_table(input: &Input) -> Result<()> {
    if input.input.get(TABLE).is_none() {
        return Ok(());
    }
    Err(Error::option(
        TABLE,
        format!(
            "what the air scatters is not taken out here, as the format of the table is not \
             published: leave it out (`--set {TABLE}=`) for radiances at the top of the atmosphere"
        ),
    ))
}

fn share_range(fields: &mut [Field]) {
    let least = fields.iter().filter_map(|field| field.least).fold(f64::INFINITY, f64::min);
    let most = fields.iter().filter_map(|field| field.most).fold(f64::NEG_INFINITY, f64::max);
    for field in fields {
        (field.least, field.most) = (Some(least), Some(most));
    }
}

/// Stretches the range, and takes the natural logarithm of it and of the values; what has none is
/// the least.
fn into_logarithms(field: &mut Field) {
    let (Some(least), Some(most)) = (field.least, field.most) else { return };
    let lowest = least.ln();
    (field.least, field.most) = (Some(lowest), Some((least + (most - least) * STRETCH).ln()));
    let logarithm = |value: f64| match value {
        value if value > 0.0 => value.ln(),
        value if value.is_nan() => f64::NAN,
        _ => lowest,
    };
    field.samples = Samples::F32(field.samples.map(|value| logarithm(value) as f32));
}
