//! Who listens while a command works: the log, a trace, and the timeline of a report.

use std::fmt;
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context as _;
use tracing_chrome::{ChromeLayerBuilder, FlushGuard, TraceStyle};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::args::WatchArgs;
use crate::failure::Failure;
use crate::timeline::{Timeline, is_stage};

/// Listens until it is dropped.
pub(crate) struct Listening {
    /// The page to write at the end, and what was heard for it.
    pub(crate) report: Option<(PathBuf, Timeline)>,
    _trace: Option<FlushGuard>,
}

impl Listening {
    pub(crate) fn begin(verbose: u8, watch: Option<&WatchArgs>) -> Result<Self, Failure> {
        let log = log_filter(verbose).map(|filter| {
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_filter(EnvFilter::new(filter))
        });
        let trace = watch.and_then(|watch| watch.trace.as_ref());
        let trace = trace.map(|path| {
            let file = File::create(path);
            file.with_context(|| format!("cannot write the trace {}", path.display()))
        });
        let (trace, guard) = match trace.transpose().map_err(Failure::Error)? {
            None => (None, None),
            Some(file) => {
                let builder = ChromeLayerBuilder::new().writer(file).include_args(true);
                let builder = builder.include_locations(false).trace_style(TraceStyle::Async);
                let (layer, guard) = builder.build();
                (Some(layer.with_filter(filter_fn(is_stage))), Some(guard))
            }
        };
        let report = watch.and_then(|watch| watch.report.clone());
        let report = report.map(|path| (path, Timeline::new()));
        let timeline = report.as_ref().map(|(_, timeline)| timeline.clone());
        let timeline = timeline.map(|layer| layer.with_filter(filter_fn(is_stage)));
        if log.is_some() || trace.is_some() || timeline.is_some() {
            tracing_subscriber::registry().with(log).with(trace).with(timeline).init();
        }
        Ok(Self { report, _trace: guard })
    }
}

fn log_filter(verbose: u8) -> Option<&'static str> {
    match verbose {
        0 => None,
        1 => Some(
            "warn,terracube=debug,terracube::stage=off,terracube_cube=debug,terracube_source=debug,terracube_store=debug,terracube_raster=debug",
        ),
        _ => Some(
            "info,terracube=trace,terracube_cube=trace,terracube_source=trace,terracube_store=trace,terracube_raster=trace",
        ),
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").field("report", &self.report).finish_non_exhaustive()
    }
}
