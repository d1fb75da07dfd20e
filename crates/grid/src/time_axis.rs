//! The time steps of a cube.

use std::fmt;
use std::ops::Range;

use jiff::Span;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::time::{Time, TimeRange};

/// Ascending time steps, each a cell `[start, end)` that granules fall into.
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
pub struct TimeAxis(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Explicit { times: Vec<Time>, end: Time },
    Regular { start: Time, end: Time, step: Step, len: usize },
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
        const DAY: i64 = 86_400_000_000;
        let gap = match times.len() {
            1 => DAY,
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
        Ok(Self(Kind::Explicit { times, end }))
    }

    /// From `start` up to but not including `end` in steps of an ISO 8601 duration such as `P1D`,
    /// `P10D`, `P1M`, `P1Y` or `PT6H`, counted on the UTC calendar from `start`. The last cell keeps
    /// its full length.
    ///
    /// # Errors
    /// [`Error::BadTime`] for a duration that cannot be read or is not positive; [`Error::Invalid`] for
    /// an empty axis or one longer than [`MOST`](Self::MOST) steps.
    pub fn regular(start: Time, end: Time, step: &str) -> Result<Self> {
        let step = Step::parse(step)?;
        if end <= start {
            return Err(Error::invalid("time axis", format!("{start} is not before {end}")));
        }
        let starts = |i: usize| step.at(start, i).is_some_and(|time| time < end);
        if starts(Self::MOST) {
            return Err(Error::invalid("time axis", format!("more than {} steps", Self::MOST)));
        }
        let len = first_false(0, Self::MOST, starts);
        if len > 1 && step.at(start, 1) <= Some(start) {
            return Err(Error::time("duration", &step.text, "it is not positive"));
        }
        Ok(Self(Kind::Regular { start, end, step, len }))
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Explicit { times, .. } => times.len(),
            Kind::Regular { len, .. } => *len,
        }
    }

    /// Never: an axis has at least one step.
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
        (time < self.end_of(index)?).then_some(index)
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
        match &self.0 {
            Kind::Explicit { times, .. } => times.get(index).copied(),
            Kind::Regular { start, step, len, .. } => {
                (index < *len).then(|| step.at(*start, index))?
            }
        }
    }

    fn end_of(&self, index: usize) -> Option<Time> {
        match &self.0 {
            Kind::Explicit { times, end } => {
                (index < times.len()).then(|| times.get(index + 1).copied().unwrap_or(*end))
            }
            Kind::Regular { start, step, len, .. } => {
                (index < *len).then(|| step.at(*start, index + 1).unwrap_or(Time::MAX))
            }
        }
    }

    fn label(&self, start: Time) -> String {
        let text = start.to_string();
        let Some(date) = text.strip_suffix("T00:00:00Z") else { return text };
        let Kind::Regular { step, .. } = &self.0 else { return date.to_owned() };
        let fields = &step.span;
        let months = fields.get_months() != 0 || fields.get_years() != 0;
        let days = fields.get_weeks() != 0 || fields.get_days() != 0;
        if step.has_clock() {
            text
        } else if months && !days && date.ends_with("-01") {
            let yearly = fields.get_months() % 12 == 0 && date.ends_with("-01-01");
            date[..date.len() - if yearly { 6 } else { 3 }].to_owned()
        } else {
            date.to_owned()
        }
    }
}

/// An ISO 8601 duration.
#[derive(Debug, Clone)]
struct Step {
    text: String,
    span: Span,
}

impl Step {
    fn parse(text: &str) -> Result<Self> {
        let span: Span =
            text.trim().parse().map_err(|cause| Error::time("duration", text, cause))?;
        if !span.is_positive() {
            return Err(Error::time("duration", text, "it is not positive"));
        }
        Ok(Self { text: text.trim().to_owned(), span })
    }

    fn at(&self, start: Time, index: usize) -> Option<Time> {
        start.plus(self.span.checked_mul(i64::try_from(index).ok()?).ok()?)
    }

    fn has_clock(&self) -> bool {
        self.text.contains(['T', 't'])
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.span.fieldwise() == other.span.fieldwise()
    }
}

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

/// As it stands in a declaration: `times` and maybe `end`, or `start`, `end` and `step`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<Vec<Time>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
}

impl TryFrom<AxisText> for TimeAxis {
    type Error = Error;

    fn try_from(text: AxisText) -> Result<Self> {
        match (text.times, text.start, text.end, text.step) {
            (Some(times), None, end, None) => Self::explicit(times, end),
            (None, Some(start), Some(end), Some(step)) => Self::regular(start, end, &step),
            _ => Err(Error::invalid("time axis", "give either times, or start, end and step")),
        }
    }
}

impl From<TimeAxis> for AxisText {
    fn from(axis: TimeAxis) -> Self {
        match axis.0 {
            Kind::Explicit { times, end } => {
                Self { times: Some(times), start: None, end: Some(end), step: None }
            }
            Kind::Regular { start, end, step, .. } => {
                Self { times: None, start: Some(start), end: Some(end), step: Some(step.text) }
            }
        }
    }
}

impl fmt::Display for TimeAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Explicit { times, .. } => write!(f, "{} times in {}", times.len(), self.range()),
            Kind::Regular { step, len, .. } => {
                write!(f, "{len} × {} in {}", step.text, self.range())
            }
        }
    }
}
