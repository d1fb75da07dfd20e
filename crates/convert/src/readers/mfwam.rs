//! MFWAM: Météo-France's forecasts of waves.

use super::grid_lat_lon;
use crate::error::Result;
use crate::granule::Field;
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};

const VARIABLES: &str = "VMDR,VHM0,VTM02,VTM10,VTPK,VPED,VMDR_WW,VMDR_SW1,VMDR_SW2,VHM0_WW,\
                         VHM0_SW1,VHM0_SW2,VTM01_WW,VTM01_SW1,VTM01_SW2,VSDX,VSDY";

/// `model/mfwam`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mfwam;

impl Reader for Mfwam {
    fn name(&self) -> &'static str {
        "model/mfwam"
    }

    fn about(&self) -> &'static str {
        "MFWAM forecasts of waves, with directions as vectors too"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let mut input = input.clone();
        for (key, value) in [
            ("time_variable", "time"),
            ("lon_variable", "longitude"),
            ("lat_variable", "latitude"),
            ("variables", VARIABLES),
            ("time_coverage_relative_start", "0"),
            ("time_coverage_relative_end", "10800"),
            ("global_overrides", "processing_level:L4,product_version:1.0,file_version:1.0"),
        ] {
            if input.input.get(key).is_none() {
                input.input.set(key, value);
            }
        }
        let file = NcFile::open(&input.path)?;
        grid_lat_lon::read(&file, &input, &mut |mut granule| {
            let vectors: Vec<Field> = granule.fields.iter().flat_map(vector).collect();
            granule.fields.extend(vectors);
            sink(granule)
        })
    }
}

/// Unit vectors towards which waves go, of a direction they come from: degrees from north.
fn vector(field: &Field) -> Vec<Field> {
    if !field.is_named("VMDR") && !field.name.starts_with("VMDR_") {
        return Vec::new();
    }
    let component = |name: &str, of: fn(f64) -> f64| {
        let mut samples = field.samples.clone();
        samples.change(|_, degrees| -of(degrees.to_radians()));
        let made = Field::new(format!("{name}_{}", field.name), samples).ranged(-1.0, 1.0);
        // As the reference has it.
        made.with("units", "")
    };
    vec![component("eastward", f64::sin), component("northward", f64::cos)]
}
