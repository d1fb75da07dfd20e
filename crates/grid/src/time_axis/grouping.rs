//! By which rule granules fall into time steps.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// By which rule granules fall into the steps of a time axis.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Grouping {
    /// Into the step whose cell holds their time, UTC.
    #[default]
    Period,
    /// Into the step of exactly their time.
    Instant,
    /// Into their day, UTC.
    UtcDay,
    /// Into their day by the sun: UTC is moved by an hour for every whole 15 degrees of longitude,
    /// as odc-stac does (datacube moves by seconds), so that granules of one overpass, which may
    /// lie on both sides of midnight UTC, are of one day.
    SolarDay(SolarLongitude),
}

/// The longitude that tells the solar time of a granule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SolarLongitude {
    /// That of the middle of its own footprint.
    #[default]
    Granule,
    /// That of the middle of the cube, which `odc.stac.load` takes.
    Cube,
    /// This one, in degrees.
    #[serde(untagged)]
    Degrees(f64),
}

impl Grouping {
    /// Every name of a rule, as declarations have it.
    pub const NAMES: [&'static str; 4] = ["period", "instant", "utc_day", "solar_day"];

    /// The name, as `solar_day`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Instant => "instant",
            Self::UtcDay => "utc_day",
            Self::SolarDay(_) => "solar_day",
        }
    }

    /// The time by which a granule is counted.
    pub(super) fn time_of(self, time: Time, longitude: Option<f64>) -> Option<Time> {
        match (self, longitude) {
            (Self::SolarDay(_), Some(longitude)) => time.shifted(solar_offset(longitude)),
            _ => Some(time),
        }
    }

    /// How far granules of a step may be seen before and after it, in microseconds.
    pub(super) const fn margin(self) -> (i64, i64) {
        match self {
            Self::Period | Self::UtcDay => (0, 0),
            // A range does not hold its end.
            Self::Instant => (0, 1),
            Self::SolarDay(_) => (12 * HOUR_MICROS, 12 * HOUR_MICROS),
        }
    }
}

/// Microseconds from UTC to solar time, in whole hours towards zero.
fn solar_offset(longitude: f64) -> i64 {
    let within = (longitude + 180.0).rem_euclid(360.0) - 180.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most 12, and whole hours are wanted")]
    let hours = (within / 15.0) as i64;
    hours * HOUR_MICROS
}

const HOUR_MICROS: i64 = 3_600_000_000;
