//! CF time: numbers since an instant, in a calendar.

use terracube_grid::Time;

/// A calendar of CF-1.11, section 4.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calendar {
    /// Julian before 15 October 1582, Gregorian from then on.
    Standard,
    ProlepticGregorian,
    Julian,
    /// Every year has 365 days.
    NoLeap,
    /// Every year has 366 days.
    AllLeap,
    /// Every month has 30 days.
    Days360,
}

/// A date and the microseconds of its day. It need not exist in the calendar of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) micros: i64,
}

/// `units` and `calendar` of a time variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TimeUnits {
    calendar: Calendar,
    /// Nanoseconds of one unit.
    unit: i64,
    /// Day number and microseconds of day of the reference.
    start: (i64, i64),
}

const DAY: i64 = 86_400_000_000;
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// Days from 1 January of year 1 to there that the arithmetic is good for.
const MOST_DAYS: f64 = 1e9;

impl Calendar {
    pub(super) fn named(name: &str) -> Result<Self, String> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "" | "standard" | "gregorian" => Self::Standard,
            "proleptic_gregorian" => Self::ProlepticGregorian,
            "julian" => Self::Julian,
            "noleap" | "365_day" => Self::NoLeap,
            "all_leap" | "366_day" => Self::AllLeap,
            "360_day" => Self::Days360,
            other => return Err(format!("calendar `{other}` is not known")),
        })
    }

    /// Days from an origin of the calendar's own to a date.
    fn number(self, year: i64, month: i64, day: i64) -> i64 {
        match self {
            Self::Standard if (year, month, day) < (1582, 10, 15) => julian(year, month, day),
            Self::Standard | Self::ProlepticGregorian => gregorian(year, month, day),
            Self::Julian => julian(year, month, day),
            Self::NoLeap => 365 * year + before(month, false) + day,
            Self::AllLeap => 366 * year + before(month, true) + day,
            Self::Days360 => 360 * year + 30 * (month - 1) + day,
        }
    }

    /// The date of a day number.
    fn date(self, number: i64) -> (i64, i64, i64) {
        let origin = match self {
            Self::Standard | Self::ProlepticGregorian | Self::Julian => 1_721_060,
            _ => 0,
        };
        // Never after the year sought: the longest year forwards, the shortest backwards.
        let days = number - origin;
        let length = match self {
            Self::Days360 => 360,
            _ if days < 0 => 365,
            _ => 366,
        };
        let mut year = days.div_euclid(length) - 2;
        // Whole cycles first, so that few steps are left.
        while self.number(year + 400, 1, 1) <= number {
            year += 400;
        }
        while self.number(year + 1, 1, 1) <= number {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && self.number(year, month + 1, 1) <= number {
            month += 1;
        }
        let day = number - self.number(year, month, 1) + 1;
        // October 1582 had no 5th to 14th.
        let gap = self == Self::Standard && (year, month) == (1582, 10) && day > 4;
        (year, month, if gap { day + 10 } else { day })
    }
}

impl TimeUnits {
    /// Reads `UNIT since DATE`.
    pub(super) fn parse(units: &str, calendar: &str) -> Result<Self, String> {
        let calendar = Calendar::named(calendar)?;
        let fault = || format!("time unit `{units}` is not understood");
        let lower = units.to_ascii_lowercase();
        let (unit, since) = lower.split_once(" since ").ok_or_else(fault)?;
        let unit = match unit.trim() {
            "nanosecond" | "nanoseconds" | "nanosec" | "nanosecs" | "ns" => 1,
            "microsecond" | "microseconds" | "microsec" | "microsecs" | "us" => 1_000,
            "millisecond" | "milliseconds" | "millisec" | "millisecs" | "msec" | "msecs" | "ms" => {
                1_000_000
            }
            "second" | "seconds" | "sec" | "secs" | "s" => SECOND,
            "minute" | "minutes" | "min" | "mins" => 60 * SECOND,
            "hour" | "hours" | "hr" | "hrs" | "h" => 3_600 * SECOND,
            "day" | "days" | "d" => 86_400 * SECOND,
            "month" | "months" | "common_year" | "year" | "years" => {
                return Err(format!(
                    "time unit `{units}`: months and years are of no fixed length"
                ));
            }
            _ => return Err(fault()),
        };
        let start = reference(since.trim(), calendar).ok_or_else(fault)?;
        Ok(Self { calendar, unit, start })
    }

    /// The date of a value; `None` for what is no number or far away.
    pub(super) fn date(&self, value: f64) -> Option<Date> {
        let days_of_unit = self.unit as f64 / (86_400 * SECOND) as f64;
        if !value.is_finite() || (value * days_of_unit).abs() > MOST_DAYS {
            return None;
        }
        // Whole units first: a product of doubles would lose microseconds after centuries.
        let whole = value.trunc() as i128 * i128::from(self.unit);
        let rest = (value.fract() * self.unit as f64).round() as i128;
        let micros = (whole + rest + 500).div_euclid(1000) + i128::from(self.start.1);
        let days = micros.div_euclid(i128::from(DAY)) as i64;
        let (year, month, day) = self.calendar.date(self.start.0 + days);
        Some(Date { year, month, day, micros: micros.rem_euclid(i128::from(DAY)) as i64 })
    }
}

impl Date {
    /// The instant of the same date in today's calendar; a day that its month does not have there
    /// (30 February) is taken as the last one.
    pub(super) fn time(self) -> Option<Time> {
        let Self { year, month, day, micros } = self;
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let epoch = gregorian(1970, 1, 1);
        let days = gregorian(year, month, day.min(last)) - epoch;
        Time::from_micros(days.checked_mul(DAY)?.checked_add(micros)?).ok()
    }
}

/// Julian day number at noon of a date of the proleptic Gregorian calendar.
fn gregorian(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = shifted(year, month);
    day + (153 * m + 2) / 5 + 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
        - 32_045
}

/// Julian day number at noon of a date of the Julian calendar.
fn julian(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = shifted(year, month);
    day + (153 * m + 2) / 5 + 365 * y + y.div_euclid(4) - 32_083
}

/// Years from March on, since 4801 BC.
fn shifted(year: i64, month: i64) -> (i64, i64) {
    let a = (14 - month) / 12;
    (year + 4800 - a, month + 12 * a - 3)
}

/// Days of the months before.
fn before(month: i64, leap: bool) -> i64 {
    const DAYS: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let index = (month - 1).clamp(0, 11) as usize;
    DAYS[index] + i64::from(leap && month > 2)
}

/// Day number and microseconds of the day of `1990-1-1 0:0:0.5 +1:00` and its like, in small letters.
fn reference(text: &str, calendar: Calendar) -> Option<(i64, i64)> {
    let text = ["utc", "gmt", "t", "z"].iter().fold(text.to_owned(), |t, w| t.replace(w, " "));
    let mut parts = text.split_whitespace();
    let date = parts.next()?;
    let (sign, date) = match date.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, date),
    };
    let mut fields = date.split('-').map(|f| f.parse::<i64>().ok());
    let (year, month) = (sign * fields.next()??, fields.next().unwrap_or(Some(1))?);
    let day = fields.next().unwrap_or(Some(1))?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year.abs() > 1_000_000 {
        return None;
    }
    let mut micros = 0;
    for part in parts {
        // A zone may stick to the clock: `12:00:00+01:00`.
        let (time, zone) = part.split_at(part.find(['+', '-']).unwrap_or(part.len()));
        if !time.is_empty() {
            micros += clock(time)?;
        }
        if let Some(zone) = zone.strip_prefix('+') {
            micros -= clock(zone)?;
        } else if let Some(zone) = zone.strip_prefix('-') {
            micros += clock(zone)?;
        }
    }
    Some((calendar.number(year, month, day), micros))
}

/// Microseconds of `12:30:01.5`, `12`, `1230`.
fn clock(text: &str) -> Option<i64> {
    if !text.contains(':') && text.len() == 4 {
        let number = text.parse::<i64>().ok()?;
        return Some((number / 100 * 60 + number % 100) * 60_000_000);
    }
    let mut micros = 0.0;
    let mut units = [3_600e6, 60e6, 1e6].into_iter();
    for part in text.split(':') {
        let is_number = part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        micros += part.parse::<f64>().ok().filter(|_| is_number)? * units.next()?;
    }
    Some(micros.round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    // Made by cftime: `tests/python/netcdf_reference.py`.
    #[test]
    fn dates_are_those_of_cftime() {
        let text = include_str!("../../tests/fixtures/cf_time.json");
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        assert!(cases.len() > 100);
        for case in &cases {
            let text = |key: &str| case[key].as_str().unwrap();
            let units = TimeUnits::parse(text("units"), text("calendar")).unwrap();
            let date = units.date(case["value"].as_f64().unwrap()).unwrap();
            let expected = |i: usize| case["date"][i].as_i64().unwrap();
            let theirs = Date {
                year: expected(0),
                month: expected(1),
                day: expected(2),
                micros: expected(3),
            };
            assert!(
                (date.year, date.month, date.day) == (theirs.year, theirs.month, theirs.day)
                    && (date.micros - theirs.micros).abs() <= 1,
                "{case}: {date:?}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        let fault = |units: &str, calendar: &str| TimeUnits::parse(units, calendar).unwrap_err();
        assert!(fault("months since 1970-01-01", "").contains("no fixed length"));
        assert!(fault("days", "").contains("not understood"));
        assert!(fault("days since 1970-13-01", "").contains("not understood"));
        assert!(fault("days since 1970-01-01", "mayan").contains("`mayan`"));
    }

    // Instants by the definition of ISO 8601's zones.
    #[test]
    fn zones_and_nanoseconds_are_read() {
        let noon = Time::parse("2020-06-01T12:00:00Z").unwrap();
        for (units, value) in [
            ("hours since 2020-06-01T00:00:00+00:00", 12.0),
            ("hours since 2020-06-01 00:00:00 GMT", 12.0),
            ("Hours Since 2020-06-01 00:00:00 UTC", 12.0),
            ("hours since 2020-06-01T01:00:00+01:00", 12.0),
            ("hours since 2020-06-01 01:00:00 +0100", 12.0),
            ("hours since 2020-05-31T19:00:00-05:00", 12.0),
            ("nanoseconds since 1970-01-01", 1_591_012_800e9),
            ("ns since 2020-06-01T12:00:00.5Z", -5e8),
        ] {
            let date = TimeUnits::parse(units, "").unwrap().date(value).unwrap();
            assert_eq!(date.time(), Some(noon), "{units}");
        }
        for units in ["hours since 2020-06-01 00:00 MEZ", "hours since 2020-06-01 1:2:3:4"] {
            assert!(TimeUnits::parse(units, "").is_err(), "{units}");
        }
    }

    #[test]
    fn thirty_days_of_february_end_with_its_last() {
        let units = TimeUnits::parse("days since 2001-02-01", "360_day").unwrap();
        let date = units.date(29.0).unwrap();
        assert_eq!((date.month, date.day), (2, 30));
        assert_eq!(date.time().unwrap().date(), "2001-02-28");
    }
}
