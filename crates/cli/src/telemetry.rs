//! What a fill does, for an OpenTelemetry collector: stages as traces, their times and the fill's
//! figures as metrics, by OTLP over HTTP. Asked for by the standard variables (`OTEL_…`).

mod collector;
mod figures;

use std::env;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

pub(crate) use figures::Figures;

use crate::timeline::is_stage;
use collector::Collector;

/// The end of a command waits so long for what is still to be sent.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is sent to a collector while a command works.
#[derive(Debug)]
pub(crate) struct Telemetry {
    collector: Arc<Collector>,
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    figures: Option<Figures>,
}

impl Telemetry {
    /// `None` when nobody asked for it. Must be called within a tokio runtime, which sends.
    ///
    /// # Errors
    /// What is wrong with the variables.
    pub(crate) fn asked_for() -> Result<Option<Self>, String> {
        let [traces, metrics] = ["TRACES", "METRICS"].map(is_asked_for);
        if !traces && !metrics {
            return Ok(None);
        }
        let collector = Arc::new(Collector::new()?);
        let resource = resource();
        let traces = traces.then(|| {
            let exporter = SpanExporter::builder().with_http();
            let exporter = exporter.with_shared_http_client(collector.clone()).build();
            let exporter = exporter.map_err(|cause| cause.to_string())?;
            let provider = SdkTracerProvider::builder().with_resource(resource.clone());
            Ok::<_, String>(provider.with_batch_exporter(exporter).build())
        });
        let metrics = metrics.then(|| {
            let exporter = MetricExporter::builder().with_http();
            let exporter = exporter.with_shared_http_client(collector.clone()).build();
            let exporter = exporter.map_err(|cause| cause.to_string())?;
            let provider = SdkMeterProvider::builder().with_resource(resource.clone());
            Ok::<_, String>(provider.with_periodic_exporter(exporter).build())
        });
        let (traces, metrics) = (traces.transpose()?, metrics.transpose()?);
        let meter = metrics.as_ref().map(|provider| provider.meter_with_scope(scope()));
        let figures = meter.as_ref().map(Figures::new);
        Ok(Some(Self { collector, traces, metrics, figures }))
    }

    /// What listens to the stages.
    pub(crate) fn layers(&self) -> Vec<Box<dyn Layer<Registry> + Send + Sync>> {
        let traces = self.traces.as_ref().map(|provider| {
            let tracer = provider.tracer_with_scope(scope());
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            let layer = layer.with_location(false).with_threads(false).with_target(false);
            let layer = layer.with_tracked_inactivity(false).with_level(false);
            layer.with_filter(filter_fn(is_stage)).boxed()
        });
        let figures = self.figures.clone();
        let figures = figures.map(|figures| figures.with_filter(filter_fn(is_stage)).boxed());
        traces.into_iter().chain(figures).collect()
    }

    /// The figures of the fill, to be kept up to date.
    pub(crate) fn figures(&self) -> Option<&Figures> {
        self.figures.as_ref()
    }

    /// Sends what is left, for a bounded time; says what could not be sent.
    pub(crate) fn end(self) -> Option<String> {
        let Self { collector, traces, metrics, .. } = self;
        let (sender, ended) = mpsc::channel();
        let mut waiting = 0;
        let mut send = |rest: Box<dyn FnOnce() + Send>| {
            let sender = sender.clone();
            // A thread that cannot be had, or ends late, leaves its part unsent.
            let sending = thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
                rest();
                let _ = sender.send(());
            });
            waiting += usize::from(sending.is_ok());
        };
        // What could not be sent is known to the collector. The end of patience is seen here, not by
        // those who are waited for.
        if let Some(traces) = traces {
            send(Box::new(move || drop(traces.shutdown_with_timeout(2 * PATIENCE))));
        }
        if let Some(metrics) = metrics {
            send(Box::new(move || drop(metrics.shutdown_with_timeout(2 * PATIENCE))));
        }
        let until = Instant::now() + PATIENCE;
        let left = || until.saturating_duration_since(Instant::now());
        let in_time = (0..waiting).all(|_| ended.recv_timeout(left()).is_ok());
        collector.complaint(in_time)
    }
}

/// Whether the standard variables ask for traces or metrics.
fn is_asked_for(signal: &str) -> bool {
    let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let exporter = variable(&format!("OTEL_{signal}_EXPORTER"));
    let own = variable(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));
    let has_endpoint = own.or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT")).is_some();
    !is_off && has_endpoint && exporter.is_none_or(|name| name == "otlp")
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// What sends: `terracube`, unless the variables name it.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder_empty().with_service_name("terracube").with_attribute(version);
    let resource = resource.with_detector(Box::new(TelemetryResourceDetector));
    let resource = resource.with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("terracube").with_version(env!("CARGO_PKG_VERSION")).build()
}
