//! Each kind of fault as a client meets it.

use std::time::Duration;

use terracube_testbed::{Fault, FaultKind, Server};

use crate::client::{get, get_with, head};

fn server_with(kind: FaultKind) -> Server {
    let server = Server::builder().bytes("a.tif", vec![7; 100_000]).start().unwrap();
    server.fault(Fault::on("a.tif", kind));
    server
}

#[test]
fn statuses_instead_of_the_file() {
    let server = server_with(FaultKind::status_retry_after(503, 2));
    let answer = get(&server.file_url("a.tif"));
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"));
    assert_eq!(server.requests()[0].status, 503);

    server.clear_faults();
    server.fault(Fault::on("a.tif", FaultKind::status(429)).every_nth(2).times(1));
    let statuses: Vec<u16> = (0..4).map(|_| get(&server.file_url("a.tif")).status).collect();
    assert_eq!(statuses, [200, 429, 200, 200]);
    assert_eq!(server.fault_hits(), 1);

    assert_eq!(get(&server_with(FaultKind::NotFound).file_url("a.tif")).status, 404);
    let elsewhere = "http://127.0.0.1:9/b.tif".to_owned();
    let answer = get(&server_with(FaultKind::Redirect(elsewhere.clone())).file_url("a.tif"));
    assert_eq!((answer.status, answer.header("location")), (302, elsewhere.as_str()));
    let answer = get(&server_with(FaultKind::HtmlPage200).file_url("a.tif"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn bodies_that_end_early() {
    let server = server_with(FaultKind::CutBody { after: 1234 });
    let cut = get(&server.file_url("a.tif"));
    assert_eq!((cut.status, cut.header("content-length")), (200, "100000"));
    assert_eq!((cut.body.len(), cut.is_cut), (1234, true));
    assert_eq!(server.bytes("/files/"), 1234);
    let cut = get_with(&server.file_url("a.tif"), &[("range", "bytes=0-1999")]);
    assert_eq!((cut.status, cut.body.len(), cut.is_cut), (206, 1234, true));
    let small = get_with(&server.file_url("a.tif"), &[("range", "bytes=0-9")]);
    assert_eq!((small.status, small.body.len(), small.is_cut), (206, 10, false));

    let server = server_with(FaultKind::Truncate { to: 10 });
    let short = get_with(&server.file_url("a.tif"), &[("range", "bytes=0-1999")]);
    assert_eq!((short.status, short.header("content-range")), (206, "bytes 0-1999/100000"));
    assert_eq!((short.header("content-length"), short.body.len(), short.is_cut), ("10", 10, false));

    let more = get(&server_with(FaultKind::WrongContentLength(100_010)).file_url("a.tif"));
    assert_eq!((more.header("content-length"), more.is_cut), ("100010", true));
    let less = get(&server_with(FaultKind::WrongContentLength(5)).file_url("a.tif"));
    assert_eq!((less.header("content-length"), less.body.len()), ("5", 5));
}

#[test]
fn ranges_and_etags_not_kept() {
    let server = server_with(FaultKind::IgnoreRange);
    let whole = get_with(&server.file_url("a.tif"), &[("range", "bytes=0-9")]);
    assert_eq!((whole.status, whole.body.len()), (200, 100_000));
    assert_eq!(server.requests()[0].range.as_deref(), Some("bytes=0-9"));

    let server = Server::builder().bytes("a.tif", vec![7; 100]).start().unwrap();
    let url = server.file_url("a.tif");
    let etag = get(&url).header("etag").to_owned();
    server.fault(Fault::on("a.tif", FaultKind::ChangedEtag));
    let changed = get_with(&url, &[("if-range", &etag), ("range", "bytes=0-9")]);
    assert_eq!((changed.status, changed.body.len()), (200, 100));
    assert_ne!(changed.header("etag"), etag);
    assert_eq!(get_with(&url, &[("if-match", &etag)]).status, 412);
    assert_eq!(head(&url).header("etag"), changed.header("etag"));
}

#[test]
fn slow_answers_are_whole() {
    let server = server_with(FaultKind::Drip { bytes_per_s: 1_000_000 });
    server.fault(Fault::on("a.tif", FaultKind::Latency(Duration::from_millis(30))));
    server.set_latency(Duration::from_millis(5));
    let start = std::time::Instant::now();
    let answer = get(&server.file_url("a.tif"));
    assert_eq!((answer.status, answer.body.len(), answer.is_cut), (200, 100_000, false));
    // Two pieces of 50 000 bytes, 50 ms each, after 35 ms: sleeps never end early.
    assert!(start.elapsed() >= Duration::from_millis(135));
}

#[test]
fn a_rule_sees_the_query() {
    let server = Server::builder().bytes("a.tif", vec![7; 10]).start().unwrap();
    server.fault(Fault::on("?page=2", FaultKind::status(500)));
    assert_eq!(get(&server.file_url("a.tif?page=1")).status, 200);
    assert_eq!(get(&server.file_url("a.tif?page=2")).status, 500);
    assert_eq!(server.requests()[1].query.as_deref(), Some("page=2"));
}
