//! The timeline of a fill: how long its stages took, gathered from their spans in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use terracube::cube::STAGES;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The stages of a patch in their order, with what is outside of patches first and last.
pub(crate) const ORDER: [&str; 9] = [
    "search",
    "headers",
    "wait for memory",
    "download",
    "wait for a core",
    "render",
    "wait for the writer",
    "write",
    "commit",
];
/// Columns of the timeline; past that two become one.
const COLUMNS: usize = 400;
/// Granules and hosts kept; of more, those that took least are forgotten.
const KEPT: usize = 4096;

/// Listens to the stages of fills.
#[derive(Debug, Clone)]
pub(crate) struct Timeline(Arc<Mutex<Record>>);

/// What was heard so far.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) began: Instant,
    /// The time that a column stands for.
    pub(crate) column: Duration,
    pub(crate) stages: HashMap<&'static str, Stage>,
    pub(crate) granules: HashMap<String, Reads>,
    pub(crate) hosts: HashMap<String, Reads>,
}

/// One stage over all patches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    pub(crate) count: usize,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
    /// Seconds spent in each column, over all patches.
    pub(crate) columns: Vec<f64>,
}

/// The reads of one granule or host.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reads {
    pub(crate) count: usize,
    pub(crate) bytes: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Record::new(Instant::now()))))
    }

    pub(crate) fn record(&self) -> Record {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Timeline {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut open = Open { began: Instant::now(), granule: None, host: None, bytes: 0 };
            attributes.record(&mut open);
            span.extensions_mut().insert(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(open) = span.extensions_mut().remove::<Open>() {
            self.lock().add(span.name(), open, Instant::now());
        }
    }
}

/// Whether a span is a stage's.
pub(crate) fn is_stage(metadata: &Metadata<'_>) -> bool {
    metadata.target() == STAGES
}

/// A stage under way.
struct Open {
    began: Instant,
    granule: Option<String>,
    host: Option<String>,
    bytes: u64,
}

impl Visit for Open {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "granule" => self.granule = Some(value.to_owned()),
            "host" => self.host = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "bytes" {
            self.bytes = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Record {
    fn new(began: Instant) -> Self {
        let column = Duration::from_millis(5);
        let (stages, granules, hosts) = Default::default();
        Self { began, column, stages, granules, hosts }
    }

    fn add(&mut self, name: &'static str, open: Open, ended: Instant) {
        let from = open.began.saturating_duration_since(self.began);
        let to = ended.saturating_duration_since(self.began);
        while to.as_nanos() >= self.column.as_nanos() * COLUMNS as u128 {
            self.column *= 2;
            for stage in self.stages.values_mut() {
                stage.columns = stage.columns.chunks(2).map(|pair| pair.iter().sum()).collect();
            }
        }
        let took = to.saturating_sub(from);
        self.stages.entry(name).or_default().add(from, to, self.column);
        for (map, key) in [(&mut self.granules, open.granule), (&mut self.hosts, open.host)] {
            if let Some(key) = key {
                if map.len() >= KEPT && !map.contains_key(&key) {
                    forget_half(map);
                }
                map.entry(key).or_default().add(took, open.bytes);
            }
        }
    }
}

impl Stage {
    fn add(&mut self, from: Duration, to: Duration, column: Duration) {
        let took = to.saturating_sub(from);
        self.count += 1;
        self.total += took;
        self.longest = self.longest.max(took);
        let width = column.as_secs_f64();
        let (from, to) = (from.as_secs_f64() / width, to.as_secs_f64() / width);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let (first, last) = (from as usize, to as usize);
        if self.columns.len() <= last {
            self.columns.resize(last + 1, 0.0);
        }
        for (index, seconds) in self.columns.iter_mut().enumerate().skip(first) {
            let start = index as f64;
            *seconds += (to.min(start + 1.0) - from.max(start)).max(0.0) * width;
        }
    }
}

impl Reads {
    fn add(&mut self, took: Duration, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
        self.total += took;
        self.longest = self.longest.max(took);
    }
}

fn forget_half(map: &mut HashMap<String, Reads>) {
    let mut times: Vec<_> = map.values().map(|reads| reads.total).collect();
    let half = times.len() / 2;
    let (_, &mut middle, _) = times.select_nth_unstable(half);
    map.retain(|_, reads| reads.total > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(began: Instant) -> Open {
        Open { began, granule: Some("g".into()), host: Some("h".into()), bytes: 10 }
    }

    #[test]
    fn time_is_shared_out_over_the_columns() {
        let zero = Instant::now();
        let mut record = Record::new(zero);
        let at = |ms: u64| zero + Duration::from_millis(ms);
        record.add("download", open(at(2)), at(13));
        let stage = &record.stages["download"];
        let rounded: Vec<_> = stage.columns.iter().map(|s| (s * 1e3).round()).collect();
        assert_eq!(rounded, [3.0, 5.0, 3.0]);
        assert_eq!((stage.count, stage.total), (1, Duration::from_millis(11)));
        assert_eq!((record.hosts["h"].count, record.granules["g"].bytes), (1, 10));
    }

    #[test]
    fn a_long_fill_takes_no_more_memory() {
        let zero = Instant::now();
        let mut record = Record::new(zero);
        for second in 0..10_000u64 {
            let began = zero + Duration::from_secs(second);
            let mut open = open(began);
            open.granule = Some(format!("g{second}"));
            record.add("render", open, began + Duration::from_secs(1));
        }
        let stage = &record.stages["render"];
        assert!(stage.columns.len() <= COLUMNS && record.granules.len() <= KEPT);
        assert!((stage.columns.iter().sum::<f64>() - 10_000.0).abs() < 1e-6);
    }
}
