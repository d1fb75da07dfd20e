//! What a collector gets of a fill, read from the protobuf that was sent to a loopback server.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Uri};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value as Number};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;

use crate::world::{Run, World};

/// What stands in an endpoint and is never to be shown.
const SECRET: &str = "c4n4ry-of-the-collector";
const FILL: [&str; 4] = ["cube", "fill", "cube.icechunk", "--json"];

type Requests = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// A collector on loopback, in a runtime of its own.
struct Collector {
    url: String,
    requests: Requests,
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let requests = Requests::default();
        let keep = |State(all): State<Requests>, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            all.lock().unwrap().push((uri.path().to_owned(), headers, body));
        };
        let app = Router::new().fallback(keep).layer(DefaultBodyLimit::disable());
        let app = app.with_state(requests.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, requests, _runtime: runtime }
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    fn bodies(&self, path: &str) -> Vec<Bytes> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(to, ..)| to == path).map(|(.., body)| body.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies("/v1/traces").into_iter();
        let traces = bodies.map(|body| ExportTraceServiceRequest::decode(body).unwrap());
        let resources = traces.flat_map(|request| request.resource_spans).inspect(|spans| {
            assert_eq!(service(&spans.resource.as_ref().unwrap().attributes), "terracube");
        });
        resources.flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The last value of each sum, and the number of values of each histogram, by name and the
    /// value of its attribute.
    fn figures(&self) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        for body in self.bodies("/v1/metrics") {
            let request = ExportMetricsServiceRequest::decode(body).unwrap();
            let scopes = request.resource_metrics.into_iter().flat_map(|all| all.scope_metrics);
            for metric in scopes.flat_map(|scope| scope.metrics) {
                let mut keep = |attributes: &[KeyValue], value| {
                    let of = attributes.iter().map(|one| format!(" {}", text(one)));
                    found.insert(of.fold(metric.name.clone(), |name, of| name + &of), value);
                };
                match metric.data.clone().unwrap() {
                    Data::Sum(sum) => {
                        assert!(sum.is_monotonic, "{}", metric.name);
                        for point in sum.data_points {
                            let Some(Number::AsInt(value)) = point.value else {
                                panic!("{point:?}");
                            };
                            keep(&point.attributes, u64::try_from(value).unwrap());
                        }
                    }
                    Data::Histogram(histogram) => {
                        assert_eq!(metric.unit, "s");
                        for point in histogram.data_points {
                            assert!(point.sum.unwrap() >= 0.0);
                            keep(&point.attributes, point.count);
                        }
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        found
    }
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|one| one.key == key);
    text(found.unwrap_or_else(|| panic!("no {key}: {attributes:?}")))
}

fn service(resource: &[KeyValue]) -> String {
    attribute(resource, "service.name")
}

fn run(world: &World, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = world.command(args);
    Run::of(command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn a_collector_gets_every_stage_and_the_figures_of_the_report() {
    let (world, collector) = (World::created(), Collector::start());
    world.server.put_bytes("relief/nw.tif", "<html>not found</html>");
    let header = format!("x-key={SECRET}");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url), ("OTEL_EXPORTER_OTLP_HEADERS", &header)];
    let fill = run(&world, &FILL, &variables);
    fill.must_fail(3, &["failed: patch row 0 column 0:"]);
    assert!(!fill.stderr.contains("warning"), "{fill:?}");
    let finished: Value = serde_json::from_str(fill.stdout.lines().last().unwrap()).unwrap();
    let report = &finished["report"];
    for (_, headers, body) in &*collector.requests.lock().unwrap() {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        assert_eq!(headers["x-key"], SECRET);
        assert!(!String::from_utf8_lossy(body).contains(SECRET));
    }

    let figures = collector.figures();
    let expected = [
        ("terracube.fill.patches filled", 12),
        ("terracube.fill.patches empty", 0),
        ("terracube.fill.patches failed", 4),
        ("terracube.fill.bytes_read", report["bytes_read"].as_u64().unwrap()),
        ("terracube.fill.requests", report["requests"].as_u64().unwrap()),
        ("terracube.fill.bytes_stored", report["bytes_stored"].as_u64().unwrap()),
        ("terracube.fill.commits", 1),
        ("terracube.stage.duration patch", 16),
        ("terracube.stage.duration render", 12),
    ];
    for (name, value) in expected {
        assert_eq!(figures.get(name), Some(&value), "{name}: {figures:?}");
    }
    assert!(figures["terracube.fill.bytes_read"] > 12 * 64 * 64, "{figures:?}");

    let spans = collector.spans();
    let mut count: HashMap<&str, u64> = HashMap::new();
    for span in &spans {
        *count.entry(&span.name).or_default() += 1;
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        // Each stage was timed as often as it was traced.
        let timed = figures[&format!("terracube.stage.duration {}", span.name)];
        assert_eq!(spans.iter().filter(|other| other.name == span.name).count() as u64, timed);
    }
    for (name, times) in [
        ("patch", 16),
        ("headers", 16),
        ("download", 12),
        ("render", 12),
        ("write", 16),
        ("commit", 1),
    ] {
        assert_eq!(count[name], times, "{name}: {count:?}");
    }
    let patches: HashSet<_> = spans
        .iter()
        .filter(|span| span.name == "patch")
        .collect::<Vec<_>>()
        .iter()
        .map(|span| (span.trace_id.clone(), span.span_id.clone()))
        .collect();
    let places: HashSet<_> = spans
        .iter()
        .filter(|span| span.name == "patch")
        .map(|span| ["time", "row", "col"].map(|key| attribute(&span.attributes, key)))
        .collect();
    assert_eq!((patches.len(), places.len()), (16, 16));
    for span in spans.iter().filter(|span| span.name == "render") {
        let parent = (span.trace_id.clone(), span.parent_span_id.clone());
        assert!(patches.contains(&parent), "{span:?}");
    }
    let read = spans.iter().find(|span| span.name == "read").unwrap();
    assert!(attribute(&read.attributes, "host").starts_with("127.0.0.1:"), "{read:?}");
    assert!(["ne", "sw", "se"].contains(&&*attribute(&read.attributes, "granule")), "{read:?}");
}

#[test]
fn nothing_is_sent_unless_asked_for() {
    let (world, collector) = (World::created(), Collector::start());
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url);
    let plan = ["cube", "plan", "cube.icechunk"];
    for (args, variables) in [
        (&plan[..], &[endpoint][..]),
        (&FILL, &[("OTEL_SERVICE_NAME", "x")]),
        (&FILL, &[endpoint, ("OTEL_SDK_DISABLED", "true")]),
        (&FILL, &[endpoint, ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")]),
    ] {
        let run = run(&world, args, variables);
        assert_eq!((run.code, collector.count()), (Some(0), 0), "{variables:?}: {run:?}");
    }
    // One of the two.
    let only = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*format!("{}/v1/metrics", collector.url));
    let again = World::created();
    assert_eq!(run(&again, &FILL, &[only]).code, Some(0));
    assert_eq!(collector.figures()["terracube.fill.patches filled"], 16);
    assert!(collector.spans().is_empty());
}

#[test]
fn a_collector_that_is_not_there_is_said_once_and_the_fill_is_whole() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://user:{SECRET}@{free}/?key={SECRET}");
    for (endpoint, said) in [
        (&*endpoint, format!("requests to the collector http://{free} failed")),
        ("no such endpoint", "warning: no telemetry is sent: ".to_owned()),
    ] {
        let world = World::created();
        let fill = run(&world, &FILL, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        assert_eq!((fill.code, world.counts()), (Some(0), [16, 0, 0, 0]), "{fill:?}");
        assert_eq!(fill.stderr.matches("warning: ").count(), 1, "{fill:?}");
        assert!(fill.stderr.contains(&said), "{fill:?}");
        assert!(!format!("{fill:?}").contains(SECRET), "{fill:?}");
    }
}

#[test]
fn a_collector_that_never_answers_does_not_hold_the_command() {
    let world = World::created();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let timeout = ("OTEL_EXPORTER_OTLP_TIMEOUT", "86400000");
    let fill = run(&world, &FILL, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), timeout]);
    assert_eq!((fill.code, world.counts()), (Some(0), [16, 0, 0, 0]), "{fill:?}");
    assert_eq!(fill.stderr.matches("warning: the collector is slow").count(), 1, "{fill:?}");
}
