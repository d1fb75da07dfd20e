//! Points in time as inputs tell them.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use terracube_grid::Time;

use crate::error::{Error, Result};

/// What a time may look like, where no format is given.
const FORMATS: [&str; 18] = [
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y%m%dT%H%M%S.%fZ",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%dT%H%M%S",
    "%Y%m%d %H%M%S.%fZ",
    "%Y%m%d %H%M%SZ",
    "%Y%m%d %H%M%S",
    "%Y-%m-%d %H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y%m%d%H%M%S.%fZ",
    "%Y%m%d%H%M%SZ",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d",
    "%Y%m%d",
];

/// A time from a text, by a format of `strptime` or else by what it looks like.
pub(crate) fn parse(what: &str, text: &str, format: Option<&str>) -> Result<Time> {
    let failed =
        |reason: String| Error::Time { what: what.to_owned(), text: text.to_owned(), reason };
    if let Some(format) = format {
        return by_format(format, text.trim())
            .ok_or_else(|| failed(format!("it does not look like `{format}`")));
    }
    let tidy = tidied(text);
    FORMATS
        .iter()
        .chain(&["%Y-%j"])
        .find_map(|format| by_format(format, &tidy))
        .or_else(|| Time::parse(&tidy).ok())
        .ok_or_else(|| {
            failed("no time is written like this; give `time_coverage_format`".to_owned())
        })
}

/// `YYYY-MM-DDThh:mm:ss.ffffffZ`.
pub(crate) fn stamp(time: Time) -> String {
    let (seconds, micros) =
        (time.micros().div_euclid(1_000_000), time.micros().rem_euclid(1_000_000));
    let text = Time::from_seconds(seconds).map(|time| time.to_string()).unwrap_or_default();
    format!("{}.{micros:06}Z", text.trim_end_matches('Z'))
}

/// `YYYYMMDDhhmmss`.
pub(crate) fn compact(time: Time) -> String {
    stamp(time).chars().take(19).filter(char::is_ascii_digit).collect()
}

/// From seconds since 1970, to the microsecond.
pub(crate) fn from_seconds(what: &str, seconds: f64) -> Result<Time> {
    let failed = |reason: &str| Error::Time {
        what: what.to_owned(),
        text: seconds.to_string(),
        reason: reason.to_owned(),
    };
    if !seconds.is_finite() || seconds.abs() > 2.5e11 {
        return Err(failed("seconds since 1970 are beyond any year"));
    }
    Time::from_micros((seconds * 1e6).round() as i64).map_err(|cause| failed(&cause.to_string()))
}

/// So many seconds later.
pub(crate) fn later(time: Time, by: f64) -> Result<Time> {
    let shifted = time.shifted((by * 1e6).round() as i64);
    shifted.ok_or_else(|| Error::Time {
        what: "time".to_owned(),
        text: time.to_string(),
        reason: format!("{by} seconds later is beyond any year"),
    })
}

/// The first moment of its month, and the last microsecond.
pub(crate) fn month(time: Time) -> Result<(Time, Time)> {
    let (year, month, _) = time.ymd();
    let start = Time::parse(&format!("{year:04}-{month:02}"));
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let end = Time::parse(&format!("{next_year:04}-{next:02}"));
    let failed = |cause: terracube_grid::Error| Error::Time {
        what: "month of".to_owned(),
        text: time.to_string(),
        reason: cause.to_string(),
    };
    Ok((start.map_err(failed)?, later(end.map_err(failed)?, -1e-6)?))
}

/// The middle of a coverage to the whole second: fractions beyond a half go up.
pub(crate) fn middle(coverage: (Time, Time)) -> f64 {
    let (start, end) = (coverage.0.micros(), coverage.1.micros());
    let middle = start + (end - start) / 2;
    let whole = middle.div_euclid(1_000_000);
    (whole + i64::from(middle.rem_euclid(1_000_000) > 500_000)) as f64
}

/// What some producers write differently, as everybody else does.
fn tidied(text: &str) -> String {
    let mut text = text.trim().to_owned();
    if let Some(body) = text.strip_suffix('Z') {
        text = format!("{}Z", body.trim_end());
    }
    text = text.replace("59:59:59", "23:59:59");
    if text.ends_with("595959") || text.ends_with("595959Z") {
        text = text.replace("595959", "235959");
    }
    text.strip_suffix("+00:00").map_or(text.clone(), |body| format!("{body}Z"))
}

fn by_format(format: &str, text: &str) -> Option<Time> {
    let broken = BrokenDownTime::parse(format, text).ok()?;
    let date = broken.to_date().ok()?;
    let time = broken.to_time().unwrap_or(jiff::civil::Time::midnight());
    let civil = DateTime::from_parts(date, time);
    let stamp = TimeZone::UTC.to_timestamp(civil).ok()?;
    Time::from_micros(stamp.as_microsecond()).ok()
}

/// Numbers counted from a moment, as CF writes them: `hours since 1950-01-01`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeUnits {
    seconds: f64,
    epoch: f64,
}

impl TimeUnits {
    pub(crate) fn parse(units: &str, calendar: Option<&str>) -> Result<Self> {
        let failed = |reason: String| Error::Time {
            what: "unit of time".to_owned(),
            text: units.to_owned(),
            reason,
        };
        let calendar = calendar.unwrap_or("standard").to_lowercase();
        if !matches!(calendar.as_str(), "standard" | "gregorian" | "proleptic_gregorian" | "") {
            return Err(failed(format!("the calendar `{calendar}` is not that of days")));
        }
        let Some((unit, epoch)) = units.split_once(" since ") else {
            return Err(failed("it is not written `seconds since 1970-01-01`".to_owned()));
        };
        let seconds = match unit.trim().to_lowercase().as_str() {
            "microseconds" | "microsecond" | "microsec" | "us" => 1e-6,
            "milliseconds" | "millisecond" | "msec" | "ms" => 1e-3,
            "seconds" | "second" | "secs" | "sec" | "s" => 1.0,
            "minutes" | "minute" | "mins" | "min" => 60.0,
            "hours" | "hour" | "hrs" | "hr" | "h" => 3600.0,
            "days" | "day" | "d" => 86_400.0,
            _ => {
                return Err(failed(format!(
                    "`{unit}` is none of microseconds, milliseconds, seconds, minutes, hours, days"
                )));
            }
        };
        let epoch = epoch_of(epoch).ok_or_else(|| failed(format!("`{epoch}` is no moment")))?;
        Ok(Self { seconds, epoch })
    }

    /// Seconds since 1970.
    pub(crate) fn to_seconds(self, number: f64) -> f64 {
        self.epoch + number * self.seconds
    }
}

/// Seconds since 1970 of `1950-1-1 0:0:0`, with an offset or without.
fn epoch_of(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches("UTC").trim_end();
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.splitn(3, '-');
    let mut next = || parts.next()?.parse::<i16>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let time = time.trim().trim_end_matches('Z').trim_end();
    let (clock, offset) = match time.rfind(['+', '-']) {
        Some(at) => (&time[..at], offset_of(&time[at..])?),
        None => (time, 0.0),
    };
    let mut seconds = -offset;
    for (part, unit) in clock.trim().split(':').zip([3600.0, 60.0, 1.0]) {
        if !part.is_empty() {
            seconds += part.parse::<f64>().ok()? * unit;
        }
    }
    let date = jiff::civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second() as f64 + seconds)
}

fn offset_of(text: &str) -> Option<f64> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "0"));
    let (hours, minutes) = if hours.len() == 4 { hours.split_at(2) } else { (hours, minutes) };
    Some(sign * (hours.parse::<f64>().ok()? * 3600.0 + minutes.parse::<f64>().ok()? * 60.0))
}

#[cfg(test)]
mod tests {
    use super::{TimeUnits, compact, from_seconds, middle, month, parse, stamp};

    #[test]
    fn times_are_read_as_producers_write_them() {
        for text in [
            "2023-01-05T12:00:01Z",
            "2023-01-05T12:00:01",
            "2023-01-05T12:00:01.000 Z",
            "20230105T120001Z",
            "20230105 120001",
            "2023-01-05 12:00:01",
            "20230105120001",
        ] {
            assert_eq!(
                stamp(parse("t", text, None).unwrap()),
                "2023-01-05T12:00:01.000000Z",
                "{text}"
            );
        }
        assert_eq!(stamp(parse("t", "2023-036", None).unwrap()), "2023-02-05T00:00:00.000000Z");
        assert_eq!(stamp(parse("t", "20230105", None).unwrap()), "2023-01-05T00:00:00.000000Z");
        assert_eq!(
            stamp(parse("t", "20230105T595959Z", None).unwrap()),
            "2023-01-05T23:59:59.000000Z"
        );
        assert_eq!(
            stamp(parse("t", "05.01.2023", Some("%d.%m.%Y")).unwrap()),
            "2023-01-05T00:00:00.000000Z"
        );
        assert!(parse("t", "soon", None).unwrap_err().to_string().contains("soon"));
    }

    #[test]
    fn numbers_count_from_an_epoch() {
        let units = |text: &str| TimeUnits::parse(text, None).unwrap();
        assert_eq!(units("days since 1950-01-01T00:00:00Z").to_seconds(7305.0), 0.0);
        assert_eq!(units("hours since 1970-1-1 01:00:00 +01:00").to_seconds(2.0), 7200.0);
        assert_eq!(units("seconds since 1981-01-01 00:00:00").to_seconds(0.0), 347_155_200.0);
        assert!(TimeUnits::parse("months since 1970-01-01", None).is_err());
        assert!(TimeUnits::parse("days since 1970-01-01", Some("noleap")).is_err());
    }

    #[test]
    fn a_middle_is_a_whole_second() {
        let at = |seconds| from_seconds("t", seconds).unwrap();
        assert_eq!(middle((at(0.0), at(1.0))), 0.0);
        assert_eq!(middle((at(0.0), at(1.1))), 1.0);
        assert_eq!(middle((at(-3.0), at(0.0))), -2.0);
    }

    #[test]
    fn a_month_ends_a_microsecond_before_the_next() {
        let (start, end) = month(parse("t", "20241210T101112Z", None).unwrap()).unwrap();
        assert_eq!(compact(start), "20241201000000");
        assert_eq!(stamp(end), "2024-12-31T23:59:59.999999Z");
    }
}
