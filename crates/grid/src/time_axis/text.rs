//! A time axis as it stands in a declaration.

use serde::{Deserialize, Serialize};

use super::{Grouping, Kind, SolarLongitude, TimeAxis};
use crate::error::{Error, Result};
use crate::time::{Time, TimeRange};

/// `times` and maybe `end`; or `start`, `end` and `step`; or `start`, `end` and `times = "source"`;
/// with a `group`, and with the `longitude` of solar days.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longitude: Option<SolarLongitude>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Times {
    List(Vec<Time>),
    Word(String),
}

impl AxisText {
    fn grouping(&self) -> Result<Grouping> {
        let name = self.group.as_deref().unwrap_or("period");
        let longitude = self.longitude.unwrap_or_default();
        let grouping = match name {
            "period" => Grouping::Period,
            "instant" => Grouping::Instant,
            "utc_day" => Grouping::UtcDay,
            "solar_day" => Grouping::SolarDay(longitude),
            _ => {
                let known = Grouping::NAMES.join(", ");
                return Err(Error::invalid(
                    "time axis",
                    format!("group = \"{name}\" is none of {known}"),
                ));
            }
        };
        if self.longitude.is_some() && name != "solar_day" {
            let reason = "a longitude is for group = \"solar_day\"";
            return Err(Error::invalid("time axis", reason));
        }
        if let SolarLongitude::Degrees(degrees) = longitude
            && !(-360.0..=360.0).contains(&degrees)
        {
            return Err(Error::invalid("time axis", format!("longitude {degrees} is none")));
        }
        Ok(grouping)
    }
}

impl TryFrom<AxisText> for TimeAxis {
    type Error = Error;

    fn try_from(text: AxisText) -> Result<Self> {
        let grouping = text.grouping()?;
        let is_daily = matches!(grouping, Grouping::UtcDay | Grouping::SolarDay(_));
        match (text.times, text.start, text.end, text.step) {
            (Some(Times::List(times)), None, end, None) => {
                Self::explicit(times, end)?.grouped(grouping)
            }
            (Some(Times::Word(word)), Some(start), Some(end), None) if word == "source" => {
                Self::sought(TimeRange::new(start, end)?, grouping)
            }
            (None, Some(start), Some(end), Some(step)) => {
                Self::regular(start, end, &step)?.grouped(grouping)
            }
            (None, Some(start), Some(end), None) if is_daily => {
                Self::regular(start, end, "day")?.grouped(grouping)
            }
            _ => Err(Error::invalid(
                "time axis",
                "give a list of times; or start, end and step; or start, end and times = \"source\"",
            )),
        }
    }
}

impl From<TimeAxis> for AxisText {
    fn from(axis: TimeAxis) -> Self {
        let grouping = axis.grouping;
        let group = (grouping != Grouping::Period).then(|| grouping.name().to_owned());
        let longitude = match grouping {
            Grouping::SolarDay(longitude) => Some(longitude),
            _ => None,
        };
        let none = Self { times: None, start: None, end: None, step: None, group, longitude };
        match axis.kind {
            Kind::Explicit { times, end } => {
                Self { times: Some(Times::List(times)), end: Some(end), ..none }
            }
            Kind::Regular { start, end, step, .. } => {
                let step = Some(step.text().to_owned());
                Self { start: Some(start), end: Some(end), step, ..none }
            }
            Kind::Sought { range } => {
                let times = Some(Times::Word("source".to_owned()));
                Self { times, start: Some(range.start), end: Some(range.end), ..none }
            }
        }
    }
}
