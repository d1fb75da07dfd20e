//! Who listens while a command works: the log, a trace, the timeline of a report, and telemetry.

use std::fmt;
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context as _;
use terracube::cube::{Event, Report};
use terracube::source::AccessStats;
use tracing_chrome::{ChromeLayerBuilder, FlushGuard, TraceStyle};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::args::WatchArgs;
use crate::failure::Failure;
#[cfg(feature = "otel")]
use crate::telemetry::Telemetry;
use crate::timeline::{Timeline, is_stage};

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Listens until it is dropped.
pub(crate) struct Listening {
    /// The page to write at the end, and what was heard for it.
    pub(crate) report: Option<(PathBuf, Timeline)>,
    _trace: Option<FlushGuard>,
    #[cfg(feature = "otel")]
    telemetry: Option<Telemetry>,
    /// What is wrong with what was asked for, without which the command goes on.
    pub(crate) warning: Option<String>,
}

impl Listening {
    /// Listens as asked; telemetry is for commands that fill.
    pub(crate) fn begin(
        verbose: u8,
        watch: Option<&WatchArgs>,
        fills: bool,
    ) -> Result<Self, Failure> {
        let mut layers = Layers::new();
        layers.extend(log_filter(verbose).map(|filter| {
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_filter(EnvFilter::new(filter))
                .boxed()
        }));
        let trace = watch.and_then(|watch| watch.trace.as_ref());
        let trace = trace.map(|path| {
            let file = File::create(path);
            file.with_context(|| format!("cannot write the trace {}", path.display()))
        });
        let trace = trace.transpose().map_err(Failure::Error)?.map(|file| {
            let builder = ChromeLayerBuilder::new().writer(file).include_args(true);
            let builder = builder.include_locations(false).trace_style(TraceStyle::Async);
            let (layer, guard) = builder.build();
            layers.push(layer.with_filter(filter_fn(is_stage)).boxed());
            guard
        });
        let report = watch.and_then(|watch| watch.report.clone());
        let report = report.map(|path| (path, Timeline::new()));
        layers.extend(
            report
                .as_ref()
                .map(|(_, timeline)| timeline.clone().with_filter(filter_fn(is_stage)).boxed()),
        );
        let mut listening = Self {
            report,
            _trace: trace,
            #[cfg(feature = "otel")]
            telemetry: None,
            warning: None,
        };
        if fills {
            layers.extend(listening.begin_telemetry());
        }
        if !layers.is_empty() {
            tracing_subscriber::registry().with(layers).init();
        }
        Ok(listening)
    }

    /// Counts what happened in a fill that has received so much; for telemetry.
    pub(crate) fn observe(&self, event: &Event, read: impl FnOnce() -> AccessStats) {
        #[cfg(feature = "otel")]
        if let Some(figures) = self.telemetry.as_ref().and_then(Telemetry::figures) {
            figures.observe(event, read());
        }
        #[cfg(not(feature = "otel"))]
        let _ = (event, read);
    }

    /// Counts what a fill did; for telemetry.
    pub(crate) fn conclude(&self, report: &Report) {
        #[cfg(feature = "otel")]
        if let Some(figures) = self.telemetry.as_ref().and_then(Telemetry::figures) {
            figures.conclude(report);
        }
        #[cfg(not(feature = "otel"))]
        let _ = report;
    }

    /// Sends what telemetry has left, for a bounded time; says what is wrong with it.
    pub(crate) fn end(self) -> Option<String> {
        #[cfg(feature = "otel")]
        if let Some(telemetry) = self.telemetry {
            return telemetry.end();
        }
        None
    }

    #[cfg(feature = "otel")]
    fn begin_telemetry(&mut self) -> Layers {
        match Telemetry::asked_for() {
            Ok(telemetry) => self.telemetry = telemetry,
            Err(why) => self.warning = Some(format!("no telemetry is sent: {why}")),
        }
        self.telemetry.as_ref().map(Telemetry::layers).unwrap_or_default()
    }

    #[cfg(not(feature = "otel"))]
    fn begin_telemetry(&mut self) -> Layers {
        Layers::new()
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
