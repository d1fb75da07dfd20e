//! Global attributes: which ones are copied, and in which type.

use crate::attribute::{Attribute, Attributes, NumberType};
use crate::granule::Granule;
use crate::moment;
use crate::options::Options;

/// Attributes of inputs that are kept.
const COPIED: [&str; 77] = [
    "title",
    "institution",
    "comment",
    "id",
    "product_version",
    "geospatial_lat_max",
    "geospatial_lat_min",
    "geospatial_lon_max",
    "geospatial_lon_min",
    "creator_email",
    "Conventions",
    "summary",
    "references",
    "institution_abbreviation",
    "naming_authority",
    "uuid",
    "date_created",
    "date_modified",
    "keywords",
    "keywords_vocabulary",
    "publisher_name",
    "publisher_url",
    "license",
    "file_quality_level",
    "spatial_resolution",
    "time_coverage_resolution",
    "geospatial_vertical_min",
    "geospatial_vertical_max",
    "geospatial_vertical_units",
    "geospatial_vertical_positive",
    "nominal_latitude",
    "nominal_longitude",
    "source",
    "source_version",
    "wmo_id",
    "buoy_network",
    "station_name",
    "sea_floor_depth_below_sea_level",
    "site_elevation",
    "platform_type",
    "band",
    "sensor_description",
    "sensor_manufacturer",
    "sensor_serial_number",
    "sensor_install_date",
    "sensor_height",
    "sensor_sampling_period",
    "sensor_sampling_rate",
    "sensor_calibration_date",
    "sensor_history",
    "sensor_type",
    "Metadata_Conventions",
    "metadata_link",
    "standard_name_vocabulary",
    "acknowledgement",
    "creator_name",
    "creator_url",
    "publisher_email",
    "processing_level",
    "cdm_data_type",
    "platform",
    "sensor",
    "station_id",
    "forecast_range",
    "run_time",
    "forecast_type",
    "field_type",
    "history",
    "file_version",
    "sensor_mode",
    "sensor_swath",
    "sensor_polarisation",
    "sensor_pass",
    "safe_name",
    "L2_SAFE",
    "processing_software",
    "time_coverage_duration",
];

/// Of them those that only a reader or the parameters set.
const NOT_OF_INPUTS: [&str; 9] = [
    "file_version",
    "sensor_mode",
    "sensor_swath",
    "sensor_polarisation",
    "sensor_pass",
    "safe_name",
    "L2_SAFE",
    "processing_software",
    "time_coverage_duration",
];

/// Those that are numbers.
const NUMBERS: [&str; 11] = [
    "geospatial_lat_max",
    "geospatial_lat_min",
    "geospatial_lon_max",
    "geospatial_lon_min",
    "file_quality_level",
    "sea_floor_depth_below_sea_level",
    "site_elevation",
    "geospatial_vertical_min",
    "geospatial_vertical_max",
    "nominal_latitude",
    "nominal_longitude",
];

/// Those that are computed; what an input says of them is not about the result.
const COMPUTED: [&str; 8] = [
    "idf_version",
    "idf_granule_id",
    "idf_subsampling_factor",
    "idf_spatial_resolution",
    "idf_spatial_resolution_units",
    "time_coverage_start",
    "time_coverage_end",
    "netcdf_version_id",
];

const LICENSE: &str = "IDF protocol describes data use as free and open";
const VOCABULARY: &str = "NetCDF Climate and Forecast (CF) Metadata Convention";
const SOFTWARE: &str = concat!("terracube-convert ", env!("CARGO_PKG_VERSION"));

/// What is kept of an input's attributes, and what the parameters set above them.
pub(crate) fn copied(of_input: &Attributes, overrides: &Options, is_compat: bool) -> Attributes {
    let mut kept = Attributes::default();
    for (name, value) in of_input.iter() {
        if COPIED.contains(&name) && !NOT_OF_INPUTS.contains(&name) {
            kept.set(name, typed(name, value, is_compat));
        }
    }
    for (name, text) in overrides.iter() {
        if !COMPUTED.contains(&name) {
            kept.set(name, typed(name, &Attribute::from(text), is_compat));
        }
    }
    kept
}

/// All global attributes of a granule's full resolution.
pub(super) fn of_granule(granule: &Granule, now: &str, is_compat: bool) -> Attributes {
    let mut all = Attributes::default();
    all.set("cdm_data_type", granule.lattice.model.data_type());
    all.set("idf_version", "1.0");
    all.set("idf_granule_id", granule.id.as_str());
    all.set("time_coverage_start", moment::stamp(granule.coverage.0));
    all.set("time_coverage_end", moment::stamp(granule.coverage.1));
    all.set("idf_subsampling_factor", Attribute::number(NumberType::I32, 0.0));
    all.set("idf_spatial_resolution", Attribute::number(NumberType::F32, granule.resolution));
    all.set("idf_spatial_resolution_units", "m");
    all.set("netcdf_version_id", "netCDF-4");
    all.set("license", LICENSE);
    all.set("standard_name_vocabulary", VOCABULARY);
    for (name, value) in granule.attributes.iter() {
        if !COMPUTED.contains(&name) {
            all.set(name, value.clone());
        }
    }
    all.set("processing_software", SOFTWARE);
    let line = format!("{now} Conversion to IDF");
    let history = match all.text("history").filter(|before| !is_compat && !before.is_empty()) {
        Some(before) => format!("{before}\n{line}"),
        None => line,
    };
    all.set("history", history);
    all
}

fn typed(name: &str, value: &Attribute, is_compat: bool) -> Attribute {
    if !NUMBERS.contains(&name) {
        return Attribute::Text(value.to_text());
    }
    let number = match value {
        Attribute::Numbers(_, values) => values.first().copied(),
        Attribute::Text(text) => text.trim().parse().ok().or_else(|| number_in(text, is_compat)),
    };
    Attribute::number(NumberType::F64, number.unwrap_or(f64::NAN))
}

/// The first number in a text, with its sign; the reference keeps all digits and dots, and no sign.
fn number_in(text: &str, is_compat: bool) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    if is_compat {
        return text.chars().filter(|c| is_part(*c)).collect::<String>().parse().ok();
    }
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[at..].chars().take_while(|c| is_part(*c)).collect();
    let number: f64 = digits.trim_end_matches('.').parse().ok()?;
    Some(if text[..at].ends_with('-') { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::copied;
    use crate::attribute::{Attribute, Attributes, NumberType};
    use crate::options::Options;

    #[test]
    fn numbers_keep_their_sign() {
        let mut input = Attributes::default();
        input.set("geospatial_lat_min", "-78.5 degrees");
        input.set("title", "a");
        input.set("unheard_of", "b");
        let found = copied(&input, &Options::of([("file_version", "1.0")]), false);
        let number = |value| Some(Attribute::number(NumberType::F64, value));
        assert_eq!(found.get("geospatial_lat_min").cloned(), number(-78.5));
        assert_eq!(found.get("unheard_of"), None);
        assert_eq!(found.text("file_version").as_deref(), Some("1.0"));
        let compat = copied(&input, &Options::default(), true);
        assert_eq!(compat.get("geospatial_lat_min").cloned(), number(78.5));
    }
}
