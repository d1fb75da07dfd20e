//! Sentinel-3 OLCI level 2: chlorophyll, suspended matter, attenuation, reflectances of water.

use super::percentiles::percentiles;
use super::sentinel3::{self, Flags, band};
use crate::attribute::{Attribute, Attributes};
use crate::error::Result;
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;

/// Flags that mask every derived value.
const MASKS: [&str; 14] = [
    "INVALID",
    "LAND",
    "CLOUD",
    "CLOUD_AMBIGUOUS",
    "CLOUD_MARGIN",
    "SNOW_ICE",
    "COSMETIC",
    "SUSPECT",
    "SATURATED",
    "ADJAC",
    "WV_FAIL",
    "PAR_FAIL",
    "AC_FAIL",
    "KDM_FAIL",
];

/// A value derived from reflectances.
struct Derived {
    file: &'static str,
    variable: &'static str,
    name: &'static str,
    range: (f64, f64),
    /// A flag that masks this one alone.
    own_flag: &'static str,
}

const DERIVED: [Derived; 4] = [
    Derived::of("chl_nn", "CHL_NN", "CHL_NN", (-2.1, 1.35), "OCNN_FAIL"),
    Derived::of("chl_oc4me", "CHL_OC4ME", "CHL_OC4ME", (-1.7, 1.55), "OC4ME_FAIL"),
    Derived::of("tsm_nn", "TSM_NN", "TSM_NN", (-1.5, 1.0), ""),
    Derived::of("trsp", "KD490_M07", "KD490", (-1.5, 0.5), ""),
];

const REFLECTANCES: [&str; 4] = ["Oa04", "Oa06", "Oa09", "Oa17"];

/// `sentinel3/olci/L2`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OlciL2;

impl Reader for OlciL2 {
    fn name(&self) -> &'static str {
        "sentinel3/olci/L2"
    }

    fn about(&self) -> &'static str {
        "Sentinel-3 OLCI level 2: a WFR folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let options = &input.input;
        let places = sentinel3::places(&input.path, "geo_coordinates.nc", "latitude", "longitude")?;
        let size = (places.rows, places.cells);
        let removed = input.output.names("remove_variables");
        let flags = Flags::read(&input.path, "wqsf.nc", "WQSF", size)?;
        let mut fields = Vec::new();
        for name in REFLECTANCES {
            let variable = format!("{name}_reflectance");
            // What is thrown away again need not be read.
            if removed.contains(&variable) || removed.iter().any(|removed| removed == name) {
                continue;
            }
            let (values, _) = band(&input.path, &variable, &variable, size)?;
            let mask = flags.mask(MASKS);
            let counts = |at: usize| !flags.is_set(at, mask) && values.get(at) > 0.0;
            let clear = values.select((0..values.len()).filter(|at| counts(*at)));
            let (least, most) = percentiles(&clear, 1.0, 90.0).unwrap_or((0.0, 1.0));
            let mut field = Field::new(name, values).ranged(least, most);
            super::set_texts(&mut field.attributes, &[("units", ""), ("long_name", name)]);
            field.source = Some(variable);
            fields.push(field);
        }
        for Derived { file, variable, name, range: (least, most), own_flag } in DERIVED {
            if removed.iter().any(|removed| removed == variable || removed == name) {
                continue;
            }
            let (values, attributes) = band(&input.path, file, variable, size)?;
            let mut values = median(&values, size);
            let mask = flags.mask(MASKS.into_iter().chain([own_flag]));
            values.change(|at, value| if flags.is_set(at, mask) { f64::NAN } else { value });
            let mut field = Field::new(name, values).ranged(least, most);
            for key in ["units", "long_name"] {
                if let Some(text) = attributes.text(key) {
                    field.attributes.set(key, Attribute::from(text));
                }
            }
            field.source = Some(variable.to_owned());
            fields.push(field);
        }
        if !fields.is_empty() && fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("all values are masked".to_owned()));
        }
        let mut attributes = Attributes::default();
        super::set_texts(
            &mut attributes,
            &[
                ("title", "OLCI Level 2 WATER Product"),
                ("institution", "ESA"),
                ("platform", "Sentinel-3"),
                ("platform_type", "leo satellite"),
                ("sensor", "OLCI"),
                ("sensor_type", "medium-resolution imaging spectrometer"),
            ],
        );
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

impl Derived {
    const fn of(
        file: &'static str,
        variable: &'static str,
        name: &'static str,
        range: (f64, f64),
        own_flag: &'static str,
    ) -> Self {
        Self { file, variable, name, range, own_flag }
    }
}

/// Medians of 3 by 3 values; beyond the border are zeros, and missing values do not count.
fn median(values: &Samples, (rows, cells): (usize, usize)) -> Samples {
    let at = |row: usize, cell: usize| {
        // Rows and cells are counted from 1, so that 0 is beyond the border.
        let is_inside = row > 0 && cell > 0 && row <= rows && cell <= cells;
        if is_inside { values.get((row - 1) * cells + cell - 1) } else { 0.0 }
    };
    let of = |index: usize| {
        let (row, cell) = (index / cells + 1, index % cells + 1);
        let mut around: [f64; 9] = std::array::from_fn(|k| at(row + k / 3 - 1, cell + k % 3 - 1));
        around.sort_by(f64::total_cmp);
        let known = around.iter().filter(|value| !value.is_nan()).count();
        let is_missing = at(row, cell).is_nan();
        if is_missing { f32::NAN } else { around[known / 2] as f32 }
    };
    Samples::F32((0..rows * cells).map(of).collect())
}
