//! Points and ranges of time.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A point in time, UTC, to the nanosecond.
///
/// ```
/// use terracube_grid::Time;
/// let time: Time = "2020-02-29T12:00:00Z".parse()?;
/// assert_eq!(time.seconds(), 1_582_977_600);
/// assert_eq!(time.to_string(), "2020-02-29T12:00:00Z");
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(Timestamp);

impl Time {
    /// The earliest time that can be told.
    pub const MIN: Self = Self(Timestamp::MIN);
    /// The latest time that can be told.
    pub const MAX: Self = Self(Timestamp::MAX);

    /// From RFC 3339, or a date and time without offset, or a date, year-month or year (then its
    /// start); without an offset it is UTC.
    ///
    /// # Errors
    /// [`Error::BadTime`] when it is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Period::parse(text)?.start)
    }

    /// From whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Error::BadTime`] beyond the years −9999 to 9999.
    pub fn from_seconds(seconds: i64) -> Result<Self> {
        Timestamp::from_second(seconds)
            .map(Self)
            .map_err(|cause| Error::time("seconds since 1970", &seconds.to_string(), cause))
    }

    /// From microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Error::BadTime`] beyond the years −9999 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self> {
        Timestamp::from_microsecond(micros)
            .map(Self)
            .map_err(|cause| Error::time("microseconds since 1970", &micros.to_string(), cause))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded towards zero.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.as_second()
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn micros(&self) -> i64 {
        self.0.as_microsecond()
    }

    /// The UTC date as `YYYY-MM-DD`.
    #[must_use]
    pub fn date(&self) -> String {
        self.civil().date().to_string()
    }

    /// The UTC year, month (1–12) and day (1–31).
    #[must_use]
    pub fn ymd(&self) -> (i16, i8, i8) {
        let date = self.civil().date();
        (date.year(), date.month(), date.day())
    }

    /// The beginning of its day, UTC.
    #[must_use]
    pub fn midnight(&self) -> Option<Self> {
        Self::of_civil(self.civil().date().at(0, 0, 0, 0))
    }

    /// So many microseconds later; `None` beyond the years that can be told.
    #[must_use]
    pub fn shifted(&self, micros: i64) -> Option<Self> {
        let span = jiff::SignedDuration::from_micros(micros);
        self.0.checked_add(span).ok().map(Self)
    }

    pub(crate) fn civil(&self) -> DateTime {
        TimeZone::UTC.to_datetime(self.0)
    }

    pub(crate) fn of_civil(civil: DateTime) -> Option<Self> {
        TimeZone::UTC.to_timestamp(civil).ok().map(Self)
    }

    /// Counted on the calendar: months keep the day, shortened where the month is.
    pub(crate) fn plus(&self, span: Span) -> Option<Self> {
        Self::of_civil(self.civil().checked_add(span).ok()?)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Time {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Time {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

/// Time from `start` up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeRange {
    /// The first moment; [`Time::MIN`] when open.
    pub start: Time,
    /// One past the last moment; [`Time::MAX`] when open.
    pub end: Time,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { start: Time::MIN, end: Time::MAX };

    /// From both ends.
    ///
    /// # Errors
    /// [`Error::BadTime`] when it ends before it starts.
    pub fn new(start: Time, end: Time) -> Result<Self> {
        if start <= end {
            return Ok(Self { start, end });
        }
        Err(Error::time("time range", &format!("{start}/{end}"), "it ends before it starts"))
    }

    /// From `A/B`, each a time, a date, a month, a year or `..` (open); or one of these, meaning all
    /// of it.
    ///
    /// The end is where it says: `2020-01-01/2020-02-01` ends as January does.
    ///
    /// ```
    /// use terracube_grid::TimeRange;
    /// let february = TimeRange::parse("2020-02")?;
    /// assert_eq!(february, TimeRange::parse("2020-02-01/2020-03-01")?);
    /// # Ok::<(), terracube_grid::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BadTime`] when it cannot be read or ends before it starts.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((start, end)) = text.split_once('/') else {
            if is_open(text) {
                return Ok(Self::ALL);
            }
            let period = Period::parse(text)?;
            return Self::new(period.start, period.end);
        };
        let start = if is_open(start) { Time::MIN } else { Time::parse(start)? };
        let end = if is_open(end) { Time::MAX } else { Time::parse(end)? };
        Self::new(start, end)
    }

    /// Whether the moment lies in it.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether both share a moment; a range without length counts as its start.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.start == self.end, other.start == other.end);
        match (a, b) {
            (true, true) => self.start == other.start,
            (true, false) => other.contains(self.start),
            (false, true) => self.contains(other.start),
            (false, false) => self.start < other.end && other.start < self.end,
        }
    }

    /// As STAC and OGC API write it: `A/B` with `..` for an open end.
    #[must_use]
    pub fn to_interval(&self) -> String {
        let start = if self.start == Time::MIN { "..".to_owned() } else { self.start.to_string() };
        let end = if self.end == Time::MAX { "..".to_owned() } else { self.end.to_string() };
        format!("{start}/{end}")
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_interval())
    }
}

impl FromStr for TimeRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TimeRange {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<TimeRange> for String {
    fn from(range: TimeRange) -> Self {
        range.to_interval()
    }
}

fn is_open(text: &str) -> bool {
    matches!(text.trim(), "" | "..")
}

/// What a text with a certain precision covers.
struct Period {
    start: Time,
    end: Time,
}

impl Period {
    fn parse(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let bad = || {
            Error::time("time", text, "expected 2020, 2020-02, 2020-02-29 or 2020-02-29T12:00:00Z")
        };
        if let Ok(timestamp) = trimmed.parse::<Timestamp>() {
            return Ok(Self { start: Time(timestamp), end: Time(timestamp) });
        }
        let civil = |date: Date, span: Span| {
            let start = Time::of_civil(date.at(0, 0, 0, 0))?;
            Some(Self { start, end: start.plus(span)? })
        };
        let parts: Vec<&str> = trimmed.split('-').collect();
        let digits = parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        let period = match parts.as_slice() {
            [year] if digits && year.len() == 4 => year
                .parse()
                .ok()
                .and_then(|y| Date::new(y, 1, 1).ok())
                .and_then(|d| civil(d, 1.year())),
            [year, month] if digits && year.len() == 4 => (year.parse().ok())
                .zip(month.parse().ok())
                .and_then(|(y, m)| Date::new(y, m, 1).ok())
                .and_then(|d| civil(d, 1.month())),
            [_, _, _] if digits => trimmed.parse::<Date>().ok().and_then(|d| civil(d, 1.day())),
            _ => {
                let start = trimmed.parse::<DateTime>().ok().and_then(Time::of_civil);
                start.map(|start| Self { start, end: start })
            }
        };
        period.ok_or_else(bad)
    }
}
