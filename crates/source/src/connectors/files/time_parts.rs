//! Parts of a time, as they stand in names of folders and files.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use terracube_grid::Time;

/// The directives that are read, with the patterns of their texts.
pub(super) const DIRECTIVES: [(char, &str); 12] = [
    ('Y', r"\d{4}"),
    ('y', r"\d{2}"),
    ('m', r"\d{2}"),
    ('b', r"[A-Za-z]{3}"),
    ('B', r"[A-Za-z]{3,9}"),
    ('d', r"\d{2}"),
    ('j', r"\d{3}"),
    ('H', r"\d{2}"),
    ('M', r"\d{2}"),
    ('S', r"\d{2}"),
    ('f', r"\d{1,9}"),
    ('s', r"\d{1,11}"),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What is known of a time so far, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimeParts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    nanos: Option<i32>,
    epoch: Option<i64>,
}

/// The times that known parts admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeSpan {
    pub(super) start: Time,
    /// The end, not held; equal to `start` for an instant.
    pub(super) end: Time,
}

impl TimeParts {
    /// Takes note of a part; `false` when it is none, or says otherwise than what is known.
    pub(super) fn note(&mut self, directive: char, text: &str) -> bool {
        fn keep<T: PartialEq + Copy>(place: &mut Option<T>, value: Option<T>) -> bool {
            value.is_some_and(|value| *place.get_or_insert(value) == value)
        }
        let within = |low: i8, high: i8| {
            text.parse::<i8>().ok().filter(|value| (low..=high).contains(value))
        };
        match directive {
            'Y' => keep(&mut self.year, text.parse().ok()),
            // As POSIX has it: 69 to 99 are of the twentieth century.
            'y' => {
                let year = text.parse::<i16>().ok();
                keep(&mut self.year, year.map(|y| if y < 69 { 2000 + y } else { 1900 + y }))
            }
            'm' => keep(&mut self.month, within(1, 12)),
            'b' | 'B' => keep(&mut self.month, month_of(text, directive == 'B')),
            'd' => keep(&mut self.day, within(1, 31)),
            'j' => {
                let day = text.parse::<i16>().ok();
                keep(&mut self.day_of_year, day.filter(|day| (1..=366).contains(day)))
            }
            'H' => keep(&mut self.hour, within(0, 23)),
            'M' => keep(&mut self.minute, within(0, 59)),
            // A leap second is the last of its minute.
            'S' => keep(&mut self.second, within(0, 60).map(|second| second.min(59))),
            'f' => keep(&mut self.nanos, format!("{text:0<9}").parse().ok()),
            's' => keep(&mut self.epoch, text.parse().ok()),
            _ => false,
        }
    }

    /// The times that these parts admit; `None` when they say nothing about the year, and an error
    /// when there is no such time (30 February).
    pub(super) fn span(&self) -> Result<Option<TimeSpan>, ()> {
        if let Some(epoch) = self.epoch {
            let start = Time::from_seconds(epoch).map_err(|_| ())?;
            return Ok(Some(TimeSpan { start, end: start }));
        }
        let Some(year) = self.year else { return Ok(None) };
        let first = Date::new(year, 1, 1).map_err(|_| ())?;
        let (date, unit) = match (self.day_of_year, self.month, self.day) {
            (Some(day), month, of_month) => {
                let date = first.checked_add((day - 1).days()).map_err(|_| ())?;
                let agrees = date.year() == year
                    && month.is_none_or(|month| month == date.month())
                    && of_month.is_none_or(|day| day == date.day());
                if !agrees {
                    return Err(());
                }
                (date, 1.day())
            }
            (None, Some(month), Some(day)) => {
                (Date::new(year, month, day).map_err(|_| ())?, 1.day())
            }
            (None, Some(month), None) => {
                return period(
                    Date::new(year, month, 1).map_err(|_| ())?.at(0, 0, 0, 0),
                    1.month(),
                );
            }
            (None, None, _) => return period(first.at(0, 0, 0, 0), 1.year()),
        };
        let Some(hour) = self.hour else { return period(date.at(0, 0, 0, 0), unit) };
        let Some(minute) = self.minute else { return period(date.at(hour, 0, 0, 0), 1.hour()) };
        let Some(second) = self.second else {
            return period(date.at(hour, minute, 0, 0), 1.minute());
        };
        let at = date.at(hour, minute, second, self.nanos.unwrap_or(0));
        period(at, Span::new())
    }

    /// The start of the time as a directive writes it.
    pub(super) fn written(&self, directive: char) -> String {
        let at = self.span().ok().flatten().and_then(|span| civil(span.start));
        // These directives cannot fail.
        at.and_then(|at| jiff::fmt::strtime::format(format!("%{directive}"), at).ok())
            .unwrap_or_default()
    }

    /// The time up to its finest part, as `20200105T101500`.
    pub(super) fn compact(&self) -> String {
        let Ok(Some(span)) = self.span() else { return String::new() };
        let Some(at) = civil(span.start) else { return String::new() };
        let mut text = format!("{:04}", at.year());
        let has_day = self.day_of_year.is_some() || self.day.is_some() || self.epoch.is_some();
        if self.month.is_some() || has_day {
            text.push_str(&format!("{:02}", at.month()));
        }
        if has_day {
            text.push_str(&format!("{:02}", at.day()));
        }
        let is_epoch = self.epoch.is_some();
        if self.hour.is_some() || is_epoch {
            text.push_str(&format!("T{:02}", at.hour()));
        }
        if self.minute.is_some() || is_epoch {
            text.push_str(&format!("{:02}", at.minute()));
        }
        if self.second.is_some() || is_epoch {
            text.push_str(&format!("{:02}", at.second()));
        }
        if let Some(nanos) = self.nanos {
            let digits = format!("{nanos:09}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        text
    }
}

/// The time so much later; `None` beyond the calendar.
pub(super) fn later(time: Time, by: Span) -> Option<Time> {
    timed(civil(time)?.checked_add(by).ok()?)
}

fn period(start: DateTime, length: Span) -> Result<Option<TimeSpan>, ()> {
    let end = start.checked_add(length).map_err(|_| ())?;
    let (start, end) = timed(start).zip(timed(end)).ok_or(())?;
    Ok(Some(TimeSpan { start, end }))
}

fn civil(time: Time) -> Option<DateTime> {
    let timestamp = Timestamp::from_microsecond(time.micros()).ok()?;
    Some(TimeZone::UTC.to_datetime(timestamp))
}

fn timed(civil: DateTime) -> Option<Time> {
    let timestamp = TimeZone::UTC.to_timestamp(civil).ok()?;
    Time::from_micros(timestamp.as_microsecond()).ok()
}

fn month_of(text: &str, whole: bool) -> Option<i8> {
    let text = text.to_ascii_lowercase();
    let is_it = |name: &&str| if whole { **name == text } else { name[..3] == text };
    let place = MONTHS.iter().position(is_it)?;
    i8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(parts: &[(char, &str)]) -> Option<String> {
        let mut known = TimeParts::default();
        for (directive, text) in parts {
            if !known.note(*directive, text) {
                return None;
            }
        }
        let found = known.span().ok()?;
        Some(found.map_or("any".to_owned(), |found| format!("{}/{}", found.start, found.end)))
    }

    /// The values are those of the calendar; day 60 of 2020 is 29 February (`date -d "2020-01-01 +59 days"`).
    #[test]
    fn the_finest_part_implies_the_period() {
        let cases: [(&[(char, &str)], &str); 11] = [
            (&[('j', "060")], "any"),
            (&[('Y', "2020")], "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z"),
            (&[('Y', "2020"), ('m', "02")], "2020-02-01T00:00:00Z/2020-03-01T00:00:00Z"),
            (&[('b', "Feb"), ('y', "20")], "2020-02-01T00:00:00Z/2020-03-01T00:00:00Z"),
            (&[('B', "december"), ('y', "69")], "1969-12-01T00:00:00Z/1970-01-01T00:00:00Z"),
            (&[('Y', "2020"), ('j', "060")], "2020-02-29T00:00:00Z/2020-03-01T00:00:00Z"),
            (
                &[('Y', "2020"), ('j', "060"), ('m', "02"), ('d', "29")],
                "2020-02-29T00:00:00Z/2020-03-01T00:00:00Z",
            ),
            (
                &[('Y', "2020"), ('m', "12"), ('d', "31"), ('H', "23")],
                "2020-12-31T23:00:00Z/2021-01-01T00:00:00Z",
            ),
            (
                &[('Y', "2020"), ('j', "001"), ('H', "10"), ('M', "59")],
                "2020-01-01T10:59:00Z/2020-01-01T11:00:00Z",
            ),
            (
                &[('Y', "2020"), ('j', "001"), ('H', "10"), ('M', "15"), ('S', "07"), ('f', "25")],
                "2020-01-01T10:15:07.25Z/2020-01-01T10:15:07.25Z",
            ),
            (&[('s', "1577836800")], "2020-01-01T00:00:00Z/2020-01-01T00:00:00Z"),
        ];
        for (parts, expected) in cases {
            assert_eq!(span(parts).as_deref(), Some(expected), "{parts:?}");
        }
    }

    #[test]
    fn what_is_no_time_does_not_match() {
        let cases: [&[(char, &str)]; 7] = [
            &[('Y', "2020"), ('Y', "2021")],
            &[('Y', "2020"), ('y', "21")],
            &[('Y', "2021"), ('m', "02"), ('d', "29")],
            &[('Y', "2021"), ('j', "366")],
            &[('Y', "2020"), ('j', "060"), ('m', "03")],
            &[('m', "13")],
            &[('b', "xyz")],
        ];
        for parts in cases {
            assert_eq!(span(parts), None, "{parts:?}");
        }
    }

    #[test]
    fn compact_to_the_finest_part() {
        let text = |parts: &[(char, &str)]| {
            let mut known = TimeParts::default();
            parts.iter().for_each(|(directive, text)| assert!(known.note(*directive, text)));
            known.compact()
        };
        assert_eq!(text(&[('Y', "2020")]), "2020");
        assert_eq!(text(&[('Y', "2020"), ('j', "060")]), "20200229");
        assert_eq!(text(&[('Y', "2020"), ('j', "060"), ('H', "05")]), "20200229T05");
        assert_eq!(text(&[('s', "1577836800")]), "20200101T000000");
    }
}
