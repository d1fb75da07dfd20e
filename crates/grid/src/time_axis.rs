//! The time steps of a cube.

mod grouping;
mod step;
mod text;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::time::{Time, TimeRange};
pub use grouping::{Grouping, SolarLongitude};
use step::Step;
use text::AxisText;

/// Ascending time steps, each a cell `[start, end)` that granules fall into by a [`Grouping`].
///
/// ```
/// use terracube_grid::{TimeAxis, Time};
/// let axis = TimeAxis::regular(Time::parse("2020-01")?, Time::parse("2021-01")?, "P1M")?;
/// assert_eq!(axis.len(), 12);
/// assert_eq!(axis.cell_of(Time::parse("2020-02-29T12:00:00Z")?), Some(1));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AxisText", into = "AxisText")]
pub struct TimeAxis {
    kind: Kind,
    grouping: Grouping,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Explicit {
        times: Vec<Time>,
        end: Time,
    },
    Regular {
        start: Time,
        end: Time,
        step: Step,
        len: usize,
    },
    /// Its steps are still to be asked of a source.
    Sought {
        range: TimeRange,
    },
}

/// One step of a [`TimeAxis`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStep {
    /// The step's coordinate and the first moment of its cell.
    pub start: Time,
    /// One past the last moment of its cell.
    pub end: Time,
    /// A short name: `2020`, `2020-02`, `2020-02-29` or RFC 3339, as the step allows.
    pub label: String,
}

impl TimeStep {
    /// Its cell.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        TimeRange { start: self.start, end: self.end }
    }
}

/// How a time is matched with the steps' coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// Only an equal one.
    #[default]
    Exact,
    /// The closest one, the earlier of two equally close.
    Nearest,
    /// The last one not after it.
    Pad,
    /// The first one not before it.
    Backfill,
}

impl TimeAxis {
    /// Most steps an axis may have.
    pub const MOST: usize = 10_000_000;

    /// From a list of times, strictly ascending. A cell reaches up to the next time; the last one up to
    /// `end`, or, without it, as far as the one before (a single one: one day).
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is empty, not ascending, or ends before its last step.
    pub fn explicit(times: Vec<Time>, end: Option<Time>) -> Result<Self> {
        let Some(last) = times.last().copied() else {
            return Err(Error::invalid("time axis", "it has no steps"));
        };
        if let Some(pair) = times.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(Error::invalid(
                "time axis",
                format!("{} is not before {}", pair[0], pair[1]),
            ));
        }
        let gap = match times.len() {
            1 => DAY_MICROS,
            n => last.micros() - times[n - 2].micros(),
        };
        let end = match end {
            Some(end) => end,
            None => Time::from_micros(last.micros().saturating_add(gap)).unwrap_or(Time::MAX),
        };
        if end <= last {
            return Err(Error::invalid(
                "time axis",
                format!("its end {end} is not after its last step {last}"),
            ));
        }
        Ok(Self::of(Kind::Explicit { times, end }))
    }

    /// From `start` up to but not including `end` in steps of an ISO 8601 duration such as `P1D`,
    /// `P10D`, `P1M`, `P1Y` or `PT6H`, counted on the UTC calendar from `start`; or of a period of
    /// the calendar, `day`, `dekad` (of a month: days 1 to 10, 11 to 20, 21 to its end), `month`,
    /// `season` (three months from December, March, June, September) or `year`, of which the first
    /// is the one that holds `start`. The last cell keeps its full length.
    ///
    /// # Errors
    /// [`Error::BadTime`] for a step that cannot be read or is not positive; [`Error::Invalid`] for
    /// an empty axis or one longer than [`MOST`](Self::MOST) steps.
    pub fn regular(start: Time, end: Time, step: &str) -> Result<Self> {
        let step = Step::parse(step)?;
        if end <= start {
            return Err(Error::invalid("time axis", format!("{start} is not before {end}")));
        }
        let start = step.floor(start).unwrap_or(start);
        let starts = |i: usize| step.at(start, i).is_some_and(|time| time < end);
        if starts(Self::MOST) {
            return Err(Error::invalid("time axis", format!("more than {} steps", Self::MOST)));
        }
        let len = first_false(0, Self::MOST, starts);
        if len > 1 && step.at(start, 1) <= Some(start) {
            return Err(Error::time("duration", step.text(), "it is not positive"));
        }
        Ok(Self::of(Kind::Regular { start, end, step, len }))
    }

    /// The steps that a source has granules for between two times: known once it was
    /// [asked](Self::found).
    ///
    /// # Errors
    /// [`Error::Invalid`] for periods, which are known without asking, and for an empty range.
    pub fn sought(range: TimeRange, grouping: Grouping) -> Result<Self> {
        if grouping == Grouping::Period {
            let reason = "times of a source need a group: instant, utc_day or solar_day";
            return Err(Error::invalid("time axis", reason));
        }
        if range.start >= range.end {
            return Err(Error::invalid("time axis", format!("{range} is empty")));
        }
        Ok(Self { kind: Kind::Sought { range }, grouping })
    }

    /// The same steps, but granules fall into them by another rule.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the rule does not go with the steps: instants need a list of times,
    /// UTC days need steps of a day.
    pub fn grouped(self, grouping: Grouping) -> Result<Self> {
        let fault = match (&self.kind, grouping) {
            (Kind::Regular { .. }, Grouping::Instant) => {
                Some("group = \"instant\" needs a list of times, or times = \"source\"".to_owned())
            }
            (Kind::Regular { step, .. }, Grouping::UtcDay) if !step.is_day() => {
                Some(format!("group = \"utc_day\" has steps of a day, not of {}", step.text()))
            }
            (Kind::Explicit { times, .. }, Grouping::UtcDay | Grouping::SolarDay(_)) => times
                .iter()
                .find(|time| Some(**time) != time.midnight())
                .map(|time| format!("days begin at midnight, not at {time}")),
            _ => None,
        };
        match fault {
            Some(reason) => Err(Error::invalid("time axis", reason)),
            None => Ok(Self { grouping, ..self }),
        }
    }

    /// How granules fall into the steps.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// Between which times the steps are still to be asked of a source; `None` once they are known.
    #[must_use]
    pub fn is_sought(&self) -> Option<TimeRange> {
        match self.kind {
            Kind::Sought { range } => Some(range),
            _ => None,
        }
    }

    /// The axis of the groups that these granules make, each given by its time and, where it is
    /// known, the longitude of its place. Only those count whose group begins within the range that
    /// is sought.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are none.
    pub fn found(&self, granules: impl IntoIterator<Item = (Time, Option<f64>)>) -> Result<Self> {
        let Kind::Sought { range } = &self.kind else { return Ok(self.clone()) };
        let group = |(time, longitude)| self.group_of(time, longitude);
        let mut times: Vec<_> =
            granules.into_iter().filter_map(group).filter(|time| range.contains(*time)).collect();
        times.sort_unstable();
        times.dedup();
        let Some(last) = times.last() else {
            return Err(Error::invalid("time axis", format!("the source has nothing in {range}")));
        };
        let end = Time::from_micros(last.micros().saturating_add(DAY_MICROS)).ok();
        Self::explicit(times, end)?.grouped(self.grouping)
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Explicit { times, .. } => times.len(),
            Kind::Regular { len, .. } => *len,
            Kind::Sought { .. } => 0,
        }
    }

    /// Only while its steps are still to be asked of a source: an axis has at least one step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A step by its index.
    #[must_use]
    pub fn step(&self, index: usize) -> Option<TimeStep> {
        let start = self.start_of(index)?;
        let end = self.end_of(index)?;
        Some(TimeStep { start, end, label: self.label(start) })
    }

    /// All steps.
    #[must_use]
    pub fn steps(&self) -> Vec<TimeStep> {
        (0..self.len()).filter_map(|i| self.step(i)).collect()
    }

    /// From the first step's start to the last cell's end.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        if let Kind::Sought { range } = self.kind {
            return range;
        }
        let start = self.start_of(0).unwrap_or(Time::MIN);
        TimeRange { start, end: self.end_of(self.len().saturating_sub(1)).unwrap_or(Time::MAX) }
    }

    /// The step whose coordinate matches `time`.
    #[must_use]
    pub fn index_of(&self, time: Time, lookup: Lookup) -> Option<usize> {
        let after = self.first_after(time);
        let pad = after.checked_sub(1);
        let exact = pad.filter(|i| self.start_of(*i) == Some(time));
        match lookup {
            Lookup::Exact => exact,
            Lookup::Pad => pad,
            Lookup::Backfill => exact.or_else(|| (after < self.len()).then_some(after)),
            Lookup::Nearest => {
                let (Some(before), true) = (pad, after < self.len()) else {
                    return pad.or(Some(after));
                };
                let distance = |i: usize| {
                    self.start_of(i).map_or(i64::MAX, |t| (t.micros() - time.micros()).abs())
                };
                Some(if distance(after) < distance(before) { after } else { before })
            }
        }
    }

    /// The step whose cell holds `time`.
    #[must_use]
    pub fn cell_of(&self, time: Time) -> Option<usize> {
        let index = self.first_after(time).checked_sub(1)?;
        let is_instant = self.grouping == Grouping::Instant;
        let holds =
            if is_instant { self.start_of(index)? == time } else { time < self.end_of(index)? };
        holds.then_some(index)
    }

    /// The step that a granule of this time falls into, seen at this longitude in degrees; the
    /// longitude matters to [solar days](Grouping::SolarDay) only, which are UTC days without it.
    #[must_use]
    pub fn step_of(&self, time: Time, longitude: Option<f64>) -> Option<usize> {
        self.cell_of(self.grouping.time_of(time, longitude)?)
    }

    /// The steps that something seen over `range`, its end included, at this longitude may hold
    /// moments of; the longitude matters as in [`step_of`](Self::step_of).
    #[must_use]
    pub fn steps_of(&self, range: &TimeRange, longitude: Option<f64>) -> Range<usize> {
        let range = self.local(range, longitude);
        let after = self.first_after(range.start);
        let first = self.cell_of(range.start).unwrap_or(after);
        first..self.first_after(range.end).max(first)
    }

    /// A range as the steps count it, whose solar days are moved by the longitude.
    #[must_use]
    pub fn local(&self, range: &TimeRange, longitude: Option<f64>) -> TimeRange {
        let moved = |time, outside| self.grouping.time_of(time, longitude).unwrap_or(outside);
        TimeRange { start: moved(range.start, Time::MIN), end: moved(range.end, Time::MAX) }
    }

    /// When granules of some steps may have been seen, in UTC: solar days reach 12 hours further
    /// on both sides. While the steps are [sought](Self::sought), all of them.
    #[must_use]
    pub fn search_range(&self, steps: Range<usize>) -> TimeRange {
        let all = self.range();
        let start = self.start_of(steps.start).unwrap_or(all.start);
        let end = self.end_of(steps.end.saturating_sub(1)).unwrap_or(all.end);
        let margin = self.grouping.margin();
        TimeRange {
            start: start.shifted(-margin.0).unwrap_or(Time::MIN),
            end: end.shifted(margin.1).unwrap_or(Time::MAX),
        }
    }

    fn group_of(&self, time: Time, longitude: Option<f64>) -> Option<Time> {
        let time = self.grouping.time_of(time, longitude)?;
        match self.grouping {
            Grouping::UtcDay | Grouping::SolarDay(_) => time.midnight(),
            Grouping::Period | Grouping::Instant => Some(time),
        }
    }

    fn of(kind: Kind) -> Self {
        Self { kind, grouping: Grouping::Period }
    }

    /// The steps whose cells share a moment with `range`.
    #[must_use]
    pub fn range_of(&self, range: &TimeRange) -> Range<usize> {
        let overlaps = |i: usize| self.step(i).is_some_and(|s| s.range().overlaps(range));
        let after = self.first_after(range.start);
        let first = after.checked_sub(1).filter(|i| overlaps(*i)).unwrap_or(after);
        first..first_false(first, self.len(), overlaps)
    }

    /// How many steps start at or before `time`.
    fn first_after(&self, time: Time) -> usize {
        first_false(0, self.len(), |i| self.start_of(i).is_some_and(|start| start <= time))
    }

    fn start_of(&self, index: usize) -> Option<Time> {
        match &self.kind {
            Kind::Explicit { times, .. } => times.get(index).copied(),
            Kind::Regular { start, step, len, .. } => {
                (index < *len).then(|| step.at(*start, index))?
            }
            Kind::Sought { .. } => None,
        }
    }

    fn end_of(&self, index: usize) -> Option<Time> {
        match &self.kind {
            Kind::Explicit { times, end } => {
                let start = times.get(index)?;
                match self.grouping {
                    Grouping::Period => Some(times.get(index + 1).copied().unwrap_or(*end)),
                    Grouping::Instant => Some(*start),
                    Grouping::UtcDay | Grouping::SolarDay(_) => start.shifted(DAY_MICROS),
                }
            }
            Kind::Regular { start, step, len, .. } => {
                (index < *len).then(|| step.at(*start, index + 1).unwrap_or(Time::MAX))
            }
            Kind::Sought { .. } => None,
        }
    }

    fn label(&self, start: Time) -> String {
        let text = start.to_string();
        let Some(date) = text.strip_suffix("T00:00:00Z") else { return text };
        match &self.kind {
            Kind::Regular { step, .. } => step.label(date).unwrap_or(text),
            _ => date.to_owned(),
        }
    }
}

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The first index in `low..high` for which `holds` is false; it must be true before and false after.
fn first_false(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl fmt::Display for TimeAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Explicit { times, .. } => write!(f, "{} times in {}", times.len(), self.range()),
            Kind::Regular { step, len, .. } => {
                write!(f, "{len} × {} in {}", step.text(), self.range())
            }
            Kind::Sought { range } => write!(f, "times of a source in {range}"),
        }
    }
}
