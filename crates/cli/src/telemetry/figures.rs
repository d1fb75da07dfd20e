//! The figures of a fill as counters, and the times of its stages as a histogram.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use terracube::cube::{Event, Report};
use terracube::source::AccessStats;
use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0];

/// The instruments. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Figures(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    patches: Counter<u64>,
    bytes_read: Counter<u64>,
    requests: Counter<u64>,
    bytes_stored: Counter<u64>,
    commits: Counter<u64>,
    stages: Histogram<f64>,
    counted: Mutex<Counted>,
}

/// What the counters say, and what waits for its commit.
#[derive(Debug, Default)]
struct Counted {
    settled: Sums,
    pending: Sums,
    bytes_read: u64,
    requests: u64,
    commits: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    filled: u64,
    empty: u64,
    failed: u64,
    stored: u64,
}

impl Figures {
    pub(super) fn new(meter: &Meter) -> Self {
        let counter = |name: &'static str, unit: &'static str, about: &'static str| {
            meter.u64_counter(name).with_unit(unit).with_description(about).build()
        };
        Self(Arc::new(Instruments {
            patches: counter("terracube.fill.patches", "{patch}", "Patches committed, by outcome"),
            bytes_read: counter(
                "terracube.fill.bytes_read",
                "By",
                "Bytes received from the source",
            ),
            requests: counter("terracube.fill.requests", "{request}", "Requests to the source"),
            bytes_stored: counter("terracube.fill.bytes_stored", "By", "Bytes of pixels committed"),
            commits: counter("terracube.fill.commits", "{commit}", "Versions committed"),
            stages: meter
                .f64_histogram("terracube.stage.duration")
                .with_unit("s")
                .with_description("Time that stages of fills took")
                .with_boundaries(BOUNDS.to_vec())
                .build(),
            counted: Mutex::default(),
        }))
    }

    /// Counts what happened; `read` is what the fill has received so far. Patches count when they
    /// are committed.
    pub(crate) fn observe(&self, event: &Event, read: AccessStats) {
        let mut counted = self.counted();
        self.received(&mut counted, read.bytes_received, read.requests);
        match event {
            Event::Filled { stored, .. } => {
                counted.pending.filled += 1;
                counted.pending.stored += stored;
            }
            Event::Empty { .. } => counted.pending.empty += 1,
            Event::Failed { .. } => counted.pending.failed += 1,
            Event::Committed { .. } => {
                let settled = counted.settled.plus(counted.pending);
                let commits = counted.commits + 1;
                self.settle(&mut counted, settled, commits);
                counted.pending = Sums::default();
            }
            // They are done again.
            Event::Conflict { .. } => counted.pending = Sums::default(),
            _ => {}
        }
    }

    /// Counts what the report has beyond what was observed.
    pub(crate) fn conclude(&self, report: &Report) {
        let mut counted = self.counted();
        self.received(&mut counted, report.bytes_read, report.requests);
        let settled = Sums {
            filled: report.filled as u64,
            empty: report.empty as u64,
            failed: report.failed.len() as u64,
            stored: report.bytes_stored,
        };
        self.settle(&mut counted, settled, report.versions.len() as u64);
    }

    fn received(&self, counted: &mut Counted, bytes: u64, requests: u64) {
        self.0.bytes_read.add(bytes.saturating_sub(counted.bytes_read), &[]);
        self.0.requests.add(requests.saturating_sub(counted.requests), &[]);
        counted.bytes_read = counted.bytes_read.max(bytes);
        counted.requests = counted.requests.max(requests);
    }

    fn settle(&self, counted: &mut Counted, now: Sums, commits: u64) {
        let before = counted.settled;
        for (outcome, now, before) in [
            ("filled", now.filled, before.filled),
            ("empty", now.empty, before.empty),
            ("failed", now.failed, before.failed),
        ] {
            let outcome = [KeyValue::new("outcome", outcome)];
            self.0.patches.add(now.saturating_sub(before), &outcome);
        }
        self.0.bytes_stored.add(now.stored.saturating_sub(before.stored), &[]);
        self.0.commits.add(commits.saturating_sub(counted.commits), &[]);
        (counted.settled, counted.commits) = (now, commits);
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            filled: self.filled + other.filled,
            empty: self.empty + other.empty,
            failed: self.failed + other.failed,
            stored: self.stored + other.stored,
        }
    }
}

/// When a stage began.
struct Began(Instant);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Figures {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Began(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(Began(began)) = span.extensions_mut().remove::<Began>() {
            let stage = [KeyValue::new("stage", span.name())];
            self.0.stages.record(began.elapsed().as_secs_f64(), &stage);
        }
    }
}
