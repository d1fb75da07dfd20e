//! Which part of a cube is meant: an area and a time.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use terracube::cube::Request;
use terracube::grid::{Bounds, Crs, Region, TimeRange};

use crate::failure::Failure;

/// An area and a time; `--geojson` is the area's file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Area and time")]
pub(crate) struct Selection {
    #[command(flatten)]
    place: Place,
    /// The area as a GeoJSON file, in longitude and latitude (RFC 7946); `--area` is the same
    #[arg(long, value_name = "FILE", alias = "area", conflicts_with = "bbox")]
    geojson: Option<PathBuf>,
    #[command(flatten)]
    span: Span,
}

/// An area and a time, of a command whose `--geojson` is an output.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Area and time")]
pub(crate) struct Area {
    #[command(flatten)]
    place: Place,
    /// The area as a GeoJSON file, in longitude and latitude (RFC 7946)
    #[arg(long, value_name = "FILE", conflicts_with = "bbox")]
    area: Option<PathBuf>,
    #[command(flatten)]
    span: Span,
}

/// An area as a rectangle.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The area as west,south,east,north in degrees, or min x,min y,max x,max y with --crs
    ///
    /// In degrees, a west greater than the east means across the 180° meridian. Without an area
    /// the whole cube is meant.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<String>,
    /// The CRS of --bbox, like EPSG:3413
    #[arg(long, value_name = "CRS", requires = "bbox")]
    crs: Option<String>,
}

/// A time.
#[derive(Debug, Clone, Args)]
struct Span {
    /// The time as start/end, like 2024-01-01/2024-02-01; a day, month or year alone means all of it
    ///
    /// The end is not included when it is an instant; `..` leaves a side open. Without it all of
    /// the cube's times are meant.
    #[arg(long, value_name = "A/B")]
    time: Option<String>,
}

impl Selection {
    pub(crate) fn region(&self) -> Result<Option<Region>, Failure> {
        self.place.region(self.geojson.as_deref())
    }

    pub(crate) fn time(&self) -> Result<Option<TimeRange>, Failure> {
        self.span.read()
    }

    pub(crate) fn request(&self) -> Result<Request, Failure> {
        Ok(Request { region: self.region()?, time: self.time()? })
    }
}

impl Area {
    pub(crate) fn region(&self) -> Result<Option<Region>, Failure> {
        self.place.region(self.area.as_deref())
    }

    pub(crate) fn request(&self) -> Result<Request, Failure> {
        Ok(Request { region: self.region()?, time: self.span.read()? })
    }
}

impl Place {
    /// The area, from this rectangle or a GeoJSON file.
    pub(crate) fn region(&self, file: Option<&Path>) -> Result<Option<Region>, Failure> {
        region(self, file)
    }
}

impl Span {
    fn read(&self) -> Result<Option<TimeRange>, Failure> {
        let Some(text) = &self.time else { return Ok(None) };
        let wrong = |cause| Failure::usage(format!("--time: {cause}"));
        TimeRange::parse(text).map(Some).map_err(wrong)
    }
}

fn region(place: &Place, file: Option<&Path>) -> Result<Option<Region>, Failure> {
    if let Some(file) = file {
        return read_geojson(file).map(Some);
    }
    let Some(text) = &place.bbox else { return Ok(None) };
    let [west, south, east, north] = numbers(text)?;
    let wrong = |cause| Failure::usage(format!("--bbox {text}: {cause}"));
    if let Some(crs) = &place.crs {
        let crs: Crs = crs.parse().map_err(|cause| Failure::usage(format!("--crs: {cause}")))?;
        if west >= east || south >= north {
            return Err(wrong(
                "each minimum must lie below its maximum: min x,min y,max x,max y".into(),
            ));
        }
        let bounds = Bounds { min_x: west, min_y: south, max_x: east, max_y: north };
        return Region::in_crs(bounds, &crs).map(Some).map_err(|cause| wrong(cause.to_string()));
    }
    if let Some(lon) = [west, east].into_iter().find(|lon| lon.abs() > 180.0) {
        return Err(wrong(format!(
            "longitude {lon} is not within -180 and 180 (with --crs, metres are fine)"
        )));
    }
    if let Some(lat) = [south, north].into_iter().find(|lat| lat.abs() > 90.0) {
        return Err(wrong(format!(
            "latitude {lat} is not within -90 and 90; the order is west,south,east,north"
        )));
    }
    if south >= north {
        return Err(wrong(format!("the south {south} must lie below the north {north}")));
    }
    if west == east {
        return Err(wrong("west and east are the same: the area is empty".into()));
    }
    Region::from_bbox(west, south, east, north).map(Some).map_err(|cause| wrong(cause.to_string()))
}

fn numbers(text: &str) -> Result<[f64; 4], Failure> {
    let wrong = |why: String| Failure::usage(format!("--bbox {text}: {why}"));
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let Ok(parts) = <[&str; 4]>::try_from(parts.clone()) else {
        return Err(wrong(format!(
            "four numbers are needed (west,south,east,north), not {}",
            parts.len()
        )));
    };
    let mut numbers = [0.0; 4];
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = match part.parse::<f64>() {
            Ok(value) if value.is_finite() => value,
            Ok(_) => return Err(wrong(format!("`{part}` is not a finite number"))),
            Err(_) => return Err(wrong(format!("`{part}` is not a number"))),
        };
    }
    Ok(numbers)
}

fn read_geojson(file: &Path) -> Result<Region, Failure> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the area `{}`", file.display()))?;
    let value =
        serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", file.display()))?;
    let region = Region::from_geojson(&value)
        .with_context(|| format!("`{}` is not an area in GeoJSON", file.display()))?;
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(bbox: &str, crs: Option<&str>) -> Result<Option<Region>, Failure> {
        let place = Place { bbox: Some(bbox.to_owned()), crs: crs.map(str::to_owned) };
        region(&place, None)
    }

    #[test]
    fn wrong_boxes_are_named() {
        for (bbox, crs, said) in [
            ("1,2,3", None, "four numbers"),
            ("1,2,3,4,5", None, "not 5"),
            ("1,2,x,4", None, "`x` is not a number"),
            ("1,2,NaN,4", None, "not a finite number"),
            ("1,2,inf,4", None, "not a finite number"),
            ("-190,0,10,10", None, "longitude -190"),
            ("0,-91,10,10", None, "latitude -91"),
            ("0,10,10,0", None, "must lie below"),
            ("5,0,5,10", None, "empty"),
            ("5,0,4,10", Some("EPSG:3413"), "below its maximum"),
            ("0,0,1,1", Some("EPSG:99999"), "--crs"),
        ] {
            let failure = place(bbox, crs).unwrap_err().to_string();
            assert!(failure.contains(said), "{bbox}: {failure}");
        }
    }

    #[test]
    fn boxes_with_negative_numbers_and_across_180_are_fine() {
        assert!(place("-50, 60, -40, 70", None).unwrap().is_some());
        assert!(place("170,-20,-170,-10", None).unwrap().is_some());
        assert!(place("-700000,-3400000,900000,-600000", Some("EPSG:3413")).unwrap().is_some());
    }
}
