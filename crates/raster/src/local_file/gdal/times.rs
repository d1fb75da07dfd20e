//! The instants of bands, as GDAL's netCDF and GRIB drivers tell them.

use ::gdal::raster::RasterBand;
use ::gdal::{Dataset, Metadata};
use terracube_grid::Time;

use super::super::cf_time::TimeUnits;

/// Where a band lies along a dimension of time.
pub(super) struct BandTime {
    /// As the driver writes it.
    text: String,
    /// What it means, or why nothing.
    pub(super) instant: Result<Time, String>,
}

/// The time of a band: `GRIB_VALID_TIME`, seconds since 1970; else the first of its netCDF
/// dimensions, `NETCDF_DIM_*`, with units of time.
pub(super) fn time(dataset: &Dataset, band: &RasterBand<'_>) -> Option<BandTime> {
    if let Some(text) = band.metadata_item("GRIB_VALID_TIME", "") {
        let seconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
        let instant = seconds.and_then(|seconds| Time::from_seconds(seconds).ok());
        let instant = instant.ok_or_else(|| format!("its GRIB_VALID_TIME is `{text}`"));
        return Some(BandTime { text, instant });
    }
    band.metadata_domain("").unwrap_or_default().iter().find_map(|item| {
        let (name, text) = item.strip_prefix("NETCDF_DIM_")?.split_once('=')?;
        let of_dimension = |what: &str| dataset.metadata_item(&format!("{name}#{what}"), "");
        let units = of_dimension("units").unwrap_or_default();
        let is_time = units.to_ascii_lowercase().contains(" since ")
            || of_dimension("standard_name").is_some_and(|name| name == "time")
            || name.eq_ignore_ascii_case("time");
        is_time.then(|| {
            let calendar = of_dimension("calendar").unwrap_or_default();
            let instant = instant(text, &units, &calendar)
                .map_err(|why| format!("of its dimension `{name}`: {why}"));
            BandTime { text: text.to_owned(), instant }
        })
    })
}

/// Why bands of several times have no instants, if none has.
pub(super) fn times_missing(times: &[BandTime]) -> Option<String> {
    let first = times.first()?;
    let is_one = times.iter().all(|time| time.text == first.text);
    let has_any = times.iter().any(|time| time.instant.is_ok());
    first.instant.as_ref().err().filter(|_| !is_one && !has_any).cloned()
}

fn instant(text: &str, units: &str, calendar: &str) -> Result<Time, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is no number"))?;
    let date = TimeUnits::parse(units, calendar)?.date(value);
    date.and_then(|date| date.time()).ok_or_else(|| format!("`{text}` is no instant"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_several_times_none_of_which_is_understood_are_told() {
        let time = |text: &str, units: &str| BandTime {
            text: text.into(),
            instant: instant(text, units, "standard"),
        };
        let days = "days since 2020-06-01";
        let second = time("1.5", days).instant.unwrap();
        assert_eq!(second, Time::parse("2020-06-02T12:00:00Z").unwrap());
        assert_eq!(times_missing(&[time("0", days), time("1", days)]), None);
        let months = "months since 2020-06-01";
        assert_eq!(times_missing(&[time("0", months)]), None, "one slice is of the file's time");
        let missing = times_missing(&[time("0", months), time("1", months)]).unwrap();
        assert!(missing.contains("no fixed length"), "{missing}");
    }
}
