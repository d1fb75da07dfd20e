//! Servers that fail for a while.

use std::time::{Duration, SystemTime};

use terracube_source::{Access, Error, Limits, Provider, RetryPolicy};
use terracube_testbed::{Fault, FaultKind, Server};

use crate::support::{File, access, noise, quick};

async fn read(access: &Access, server: &Server) -> Result<Vec<u8>, Error> {
    let file = File::open(access, &server.file_url("a.bin")).await;
    file.get(1_000..2_000).await.map(Option::unwrap)
}

fn server() -> (Server, Vec<u8>) {
    let bytes = noise(200_000);
    (Server::builder().bytes("a.bin", bytes.clone()).start().unwrap(), bytes)
}

#[tokio::test]
async fn passing_faults_are_waited_out() {
    for kind in [
        FaultKind::status(503),
        FaultKind::status(500),
        FaultKind::status_retry_after(429, 0),
        FaultKind::CutBody { after: 300 },
        FaultKind::Truncate { to: 300 },
        FaultKind::WrongContentLength(5_000),
    ] {
        let (server, bytes) = server();
        server.fault(Fault::on("a.bin", kind.clone()).times(2));
        let access = access();
        let found = read(&access, &server).await.unwrap();
        assert_eq!(found, bytes[1_000..2_000], "{kind:?}");
        assert_eq!(server.count("/files/"), 3, "{kind:?}");
        assert_eq!(access.stats().retries, 2, "{kind:?}");
    }
}

#[tokio::test]
async fn lasting_faults_are_given_up_as_transient() {
    for kind in [FaultKind::status(503), FaultKind::CutBody { after: 300 }] {
        let (server, _) = server();
        server.fault(Fault::on("a.bin", kind));
        let error = read(&access(), &server).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!(server.count("/files/"), 4);
    }
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    for code in [400, 401, 403, 405, 501] {
        let (server, _) = server();
        server.fault(Fault::on("a.bin", FaultKind::status(code)));
        let error = read(&access(), &server).await.unwrap_err();
        assert!(!error.is_transient(), "{code}: {error}");
        assert!(error.to_string().contains(&code.to_string()), "{error}");
        assert_eq!(server.count("/files/"), 1, "{code}");
    }
}

#[tokio::test]
async fn every_third_request_fails_and_all_bytes_come() {
    let (server, bytes) = server();
    server.fault(Fault::on("a.bin", FaultKind::status(503)).every_nth(3));
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    for start in (0..100_000u64).step_by(10_000) {
        let found = file.get(start..start + 50).await.unwrap().unwrap();
        assert_eq!(found, bytes[start as usize..start as usize + 50]);
    }
}

#[tokio::test]
async fn a_server_may_ask_for_patience() {
    let (server, bytes) = server();
    let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(5));
    for retry_after in ["0".to_owned(), date] {
        let kind = FaultKind::Status { code: 429, retry_after: Some(retry_after) };
        server.fault(Fault::on("a.bin", kind).times(1));
    }
    assert_eq!(read(&access(), &server).await.unwrap(), bytes[1_000..2_000]);
}

#[tokio::test]
async fn too_much_patience_is_refused() {
    let (server, _) = server();
    server.fault(Fault::on("a.bin", FaultKind::status_retry_after(429, 86_400)));
    let error = read(&access(), &server).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(86_400)));
    assert!(error.is_transient());
    assert_eq!(server.count("/files/"), 1);
}

#[tokio::test]
async fn a_date_in_the_future_is_waited_for() {
    let (server, bytes) = server();
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let kind = FaultKind::Status { code: 429, retry_after: Some(date.clone()) };
    server.fault(Fault::on("a.bin", kind).times(1));
    assert_eq!(read(&access(), &server).await.unwrap(), bytes[1_000..2_000]);
    assert!(SystemTime::now() >= httpdate::parse_http_date(&date).unwrap());
    assert_eq!(server.count("/files/"), 2);
}

#[tokio::test]
async fn while_one_host_asks_for_patience_another_answers() {
    let (busy, _) = server();
    let (other, bytes) = server();
    busy.fault(Fault::on("a.bin", FaultKind::status_retry_after(429, 3)).times(1));
    let access = quick().per_host(1).build().unwrap();
    let waiting = futures::future::join_all((0..3).map(|_| read(&access, &busy)));
    let going_on = async {
        while busy.count("/files/") == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            assert_eq!(read(&access, &other).await.unwrap(), bytes[1_000..2_000]);
        }
        assert_eq!(busy.count("/files/"), 1, "nobody asks the busy one meanwhile");
    };
    let (answers, ()) = futures::future::join(waiting, going_on).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == &bytes[1_000..2_000]));
    assert_eq!(busy.count("/files/"), 4);
}

#[tokio::test]
async fn a_drip_is_left_and_tried_again() {
    let (server, bytes) = server();
    let drip = FaultKind::Drip { bytes_per_s: 50 };
    server.fault(Fault::on("a.bin", drip.clone()).times(1));
    let over = Duration::from_millis(200);
    let access = quick().slowest(1_000_000, over).build().unwrap();
    assert_eq!(read(&access, &server).await.unwrap(), bytes[1_000..2_000]);
    assert_eq!(server.count("/files/"), 2);

    server.fault(Fault::on("a.bin", drip));
    let access = quick().slowest(1_000_000, over).retry(RetryPolicy::never()).build().unwrap();
    let error = read(&access, &server).await.unwrap_err();
    assert!(error.is_transient());
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("slower than 1000000 bytes per second over 200ms"), "{text}");
}

#[tokio::test]
async fn a_name_that_is_nowhere() {
    // RFC 6761: names below `invalid` never resolve.
    let access = quick().retry(RetryPolicy::never()).build().unwrap();
    let file = File::open(&access, "https://archive.invalid/a.bin").await;
    let error = file.get(0..10).await.unwrap_err();
    assert!(matches!(error, Error::Transport { transient: true, .. }), "{error:?}");
    assert!(error.to_string().contains("archive.invalid"), "{error}");
}

#[tokio::test]
async fn silence_times_out() {
    let (server, _) = server();
    server.fault(Fault::on("a.bin", FaultKind::Latency(Duration::from_secs(20))));
    let access = quick()
        .read_timeout(Duration::from_millis(50))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = read(&access, &server).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("timed out"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let url = Server::builder().start().unwrap().file_url("a.bin");
    let file = File::open(&access(), &url).await;
    let error = file.get(0..10).await.unwrap_err();
    assert!(matches!(error, Error::Transport { transient: true, .. }), "{error}");
}

#[tokio::test]
async fn a_document_that_is_too_large_or_no_json() {
    let server = Server::builder()
        .bytes("large.json", vec![b' '; (64 << 20) + 1])
        .bytes("bad.json", b"{\"a\": ".to_vec())
        .start()
        .unwrap();
    let access = access();
    let error = access.get_json(&server.file_url("large.json")).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let error = access.get_json(&server.file_url("bad.json")).await.unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_requests_at_once_than_a_provider_bears() {
    let (server, _) = server();
    server.set_latency(Duration::from_millis(5));
    let provider = Provider::new("slow", server.url().parse().unwrap())
        .with_limits(Limits { concurrent: Some(1), per_second: None });
    let access = quick().provider(provider).build().unwrap();
    let href = server.file_url("a.bin");
    let reads = (0..6).map(|_| async { File::open(&access, &href).await.get(0..9).await.unwrap() });
    let found = futures::future::join_all(reads).await;
    assert_eq!(found.len(), 6);
    assert_eq!(access.stats().requests, 6);
}

#[tokio::test]
async fn private_addresses_can_be_refused() {
    let (server, _) = server();
    let access = quick().public_hosts_only().build().unwrap();
    for url in
        [server.file_url("a.bin"), server.file_url("a.bin").replace("127.0.0.1", "localhost")]
    {
        let error = access.bytes(&url, 1000).await.unwrap_err();
        assert!(matches!(error, Error::NotAllowed { .. }), "{error}");
    }
    assert_eq!(server.count("/"), 0);
}
