//! The length of regular steps: an ISO 8601 duration or a period of the calendar.

use jiff::Span;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::time::Time;

/// The length of a step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Duration { text: String, span: Span },
    Period(Period),
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Dekad,
    Month,
    Season,
    Year,
}

impl Step {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(period) = Period::ALL.into_iter().find(|period| period.name() == text) {
            return Ok(Self::Period(period));
        }
        let span: Span = text.parse().map_err(|cause| {
            let known = Period::ALL.map(Period::name).join(", ");
            Error::time("duration", text, format!("{cause}; periods are {known}"))
        })?;
        if !span.is_positive() {
            return Err(Error::time("duration", text, "it is not positive"));
        }
        Ok(Self::Duration { text: text.to_owned(), span })
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Duration { text, .. } => text,
            Self::Period(period) => period.name(),
        }
    }

    pub(super) fn is_day(&self) -> bool {
        match self {
            Self::Duration { text, .. } => text.eq_ignore_ascii_case("P1D"),
            Self::Period(period) => *period == Period::Day,
        }
    }

    /// The beginning of the period that holds a time; a duration is counted from there.
    pub(super) fn floor(&self, time: Time) -> Option<Time> {
        match self {
            Self::Duration { .. } => Some(time),
            Self::Period(period) => period.begin(period.number(time)),
        }
    }

    pub(super) fn at(&self, start: Time, index: usize) -> Option<Time> {
        let index = i64::try_from(index).ok()?;
        match self {
            Self::Duration { span, .. } => start.plus(span.checked_mul(index).ok()?),
            Self::Period(period) => period.begin(period.number(start).checked_add(index)?),
        }
    }

    /// The short name of a step that begins at midnight of a date; `None` when the hour matters.
    pub(super) fn label(&self, date: &str) -> Option<String> {
        let (months, is_yearly) = match self {
            Self::Period(period) => (
                matches!(period, Period::Month | Period::Season | Period::Year),
                *period == Period::Year,
            ),
            Self::Duration { text, .. } if text.contains(['T', 't']) => return None,
            Self::Duration { span, .. } => {
                let days = span.get_weeks() != 0 || span.get_days() != 0;
                let months = span.get_months() != 0 || span.get_years() != 0;
                (months && !days, span.get_months() % 12 == 0)
            }
        };
        let cut = match months && date.ends_with("-01") {
            true if is_yearly && date.ends_with("-01-01") => 6,
            true => 3,
            false => 0,
        };
        Some(date[..date.len() - cut].to_owned())
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Duration { span: a, .. }, Self::Duration { span: b, .. }) => {
                a.fieldwise() == b.fieldwise()
            }
            (Self::Period(a), Self::Period(b)) => a == b,
            _ => false,
        }
    }
}

impl Period {
    const ALL: [Self; 5] = [Self::Day, Self::Dekad, Self::Month, Self::Season, Self::Year];

    const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Dekad => "dekad",
            Self::Month => "month",
            Self::Season => "season",
            Self::Year => "year",
        }
    }

    /// Which one of its kind holds a time, counted from the year 0 (days: from 1970-01-01).
    fn number(self, time: Time) -> i64 {
        let (year, month, day) = time.ymd();
        let months = 12 * i64::from(year) + i64::from(month) - 1;
        match self {
            Self::Day => time.micros().div_euclid(super::DAY_MICROS),
            Self::Dekad => 3 * months + i64::from((day - 1) / 10).min(2),
            Self::Month => months,
            // Seasons are counted from December of the year before.
            Self::Season => (months + 1).div_euclid(3),
            Self::Year => i64::from(year),
        }
    }

    /// The beginning of the one with a number.
    fn begin(self, number: i64) -> Option<Time> {
        let of_month = |months: i64, day: i8| {
            let year = i16::try_from(months.div_euclid(12)).ok()?;
            let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
            Time::of_civil(Date::new(year, month, day).ok()?.at(0, 0, 0, 0))
        };
        match self {
            Self::Day => Time::from_micros(number.checked_mul(super::DAY_MICROS)?).ok(),
            Self::Dekad => {
                let day = i8::try_from(1 + 10 * number.rem_euclid(3)).ok()?;
                of_month(number.div_euclid(3), day)
            }
            Self::Month => of_month(number, 1),
            Self::Season => of_month(3 * number - 1, 1),
            Self::Year => of_month(12 * number, 1),
        }
    }
}
