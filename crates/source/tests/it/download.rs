//! Downloads of whole files.

use std::path::Path;

use terracube_source::{Asset, Error, RetryPolicy, Verified};
use terracube_testbed::{Fault, FaultKind, Server};

use crate::support::{access, noise, quick};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_whole_file() {
    let bytes = noise(300_000);
    let server = Server::builder().bytes("a.bin", bytes.clone()).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let done = access().download(&server.file_url("a.bin"), &to).await.unwrap();
    assert_eq!((done.bytes, done.resumed_from, done.verified), (300_000, 0, Verified::Size));
    assert!(std::fs::read(&to).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["b.bin"]);
}

#[tokio::test]
async fn a_cut_download_is_resumed() {
    let bytes = noise(300_000);
    let server = Server::builder().bytes("a.bin", bytes.clone()).start().unwrap();
    server.fault(Fault::on("a.bin", FaultKind::CutBody { after: 100_000 }).times(2));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let done = access().download(&server.file_url("a.bin"), &to).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == bytes);
    assert!(done.resumed_from > 100_000, "{done:?}");
    let requests = server.requests();
    assert!(requests[1].range.is_some() && requests[1].headers.contains_key("if-range"));
    assert_eq!(names(folder.path()), ["b.bin"]);
}

#[tokio::test]
async fn an_interrupted_download_is_never_complete() {
    let bytes = noise(300_000);
    let server = Server::builder().bytes("a.bin", bytes.clone()).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let once = quick().retry(RetryPolicy::never()).build().unwrap();
    server.fault(Fault::on("a.bin", FaultKind::CutBody { after: 100_000 }).times(1));
    let error = once.download(&server.file_url("a.bin"), &to).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(!to.exists());
    assert_eq!(names(folder.path()), ["b.bin.part", "b.bin.part.etag"]);

    // Another process goes on where the first stopped.
    let done = access().download(&server.file_url("a.bin"), &to).await.unwrap();
    assert!(done.resumed_from > 0 && std::fs::read(&to).unwrap() == bytes);
    assert!(server.bytes("/files/") < 2 * 300_000);
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_starts_again() {
    let (old, new) = (noise(300_000), vec![7; 250_000]);
    let server = Server::builder().bytes("a.bin", old).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let once = quick().retry(RetryPolicy::never()).build().unwrap();
    server.fault(Fault::on("a.bin", FaultKind::CutBody { after: 100_000 }).times(1));
    once.download(&server.file_url("a.bin"), &to).await.unwrap_err();
    server.put_bytes("a.bin", new.clone());
    let done = once.download(&server.file_url("a.bin"), &to).await.unwrap();
    assert_eq!(done.resumed_from, 0);
    assert!(std::fs::read(&to).unwrap() == new);
}

/// A server that answers each connection with the next of these, whatever is asked, and then no
/// more. It gives the ranges that it was asked for.
fn scripted(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<Option<String>>>) {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.bin", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let serve = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            stream.write_all(answer.as_bytes()).unwrap();
            let is_range = |line: &&String| line.to_ascii_lowercase().starts_with("range:");
            head.iter().find(is_range).map(|line| line[6..].trim().to_owned())
        };
        answers.into_iter().map(serve).collect()
    });
    (url, serving)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nETag: \"v1\"\r\n{headers}Content-Length: \
         {length}\r\n\r\n{body}"
    )
}

/// The first ten of thirty bytes, and the connection ends.
fn cut() -> String {
    answer("200 OK", "", "0123456789").replace("Content-Length: 10", "Content-Length: 30")
}

#[tokio::test]
async fn a_server_may_send_the_rest_in_pieces() {
    let part = |range: &str, body: &str| {
        answer("206 Partial Content", &format!("Content-Range: bytes {range}/30\r\n"), body)
    };
    let (url, serving) =
        scripted(vec![cut(), part("10-19", "abcdefghij"), part("20-29", "klmnopqrst")]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let done = access().download(&url, &to).await.unwrap();
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "0123456789abcdefghijklmnopqrst");
    assert_eq!((done.bytes, done.resumed_from, done.verified), (30, 20, Verified::Size));
    let ranges = [None, Some("bytes=10-".to_owned()), Some("bytes=20-".to_owned())];
    assert_eq!(serving.join().unwrap(), ranges);
}

#[tokio::test]
async fn a_part_of_what_is_never_told_starts_again() {
    let range = "Content-Range: bytes 10-19/*\r\n";
    let whole = "0123456789abcdefghijklmnopqrst";
    let (url, serving) = scripted(vec![
        cut(),
        answer("206 Partial Content", range, "abcdefghij"),
        answer("200 OK", "", whole),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    assert_eq!(access().download(&url, &to).await.unwrap().bytes, 30);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), whole);
    assert_eq!(serving.join().unwrap(), [None, Some("bytes=10-".to_owned()), None]);
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_is_not_the_file() {
    let range = "Content-Range: bytes 0-9/30\r\n";
    let (url, _) = scripted(vec![answer("206 Partial Content", range, "0123456789")]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let error = access().download(&url, &to).await.unwrap_err();
    assert!(matches!(error, Error::NoRanges { .. }), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_login_page_is_no_download() {
    let server =
        Server::builder().bytes("a.bin", noise(100)).bytes("a.html", noise(9)).start().unwrap();
    server.fault(Fault::on("/files/", FaultKind::HtmlPage200));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    let (url, access) = (server.file_url("a.bin"), access());
    let error = access.download(&url, &to).await.unwrap_err();
    assert!(matches!(error, Error::WebPage { .. }), "{error}");
    assert!(matches!(access.bytes(&url, 1000).await, Err(Error::WebPage { .. })));
    let file = crate::support::File::open(&access, &url).await;
    let whole = file.get(terracube_store::ByteRequest::All).await;
    assert!(matches!(whole, Err(Error::WebPage { .. })), "{whole:?}");
    assert_eq!(names(folder.path()), [""; 0]);
    // Unless it is one that is wanted, by its type or its name.
    let mut page = Asset::new("page", url);
    page.media_type = Some("text/html; charset=utf-8".to_owned());
    assert!(access.download_asset(&page, &to).await.unwrap().bytes > 10);
    assert!(access.bytes(&server.file_url("a.html"), 1000).await.is_ok());
}

#[tokio::test]
async fn size_and_checksum_are_compared() {
    let server = Server::builder().bytes("abc", b"abc".to_vec()).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("abc");
    let asset = |size: Option<u64>, checksum: &str| {
        let mut asset = Asset::new("abc", server.file_url("abc"));
        asset.size = size;
        asset.checksum = Some(checksum.to_owned());
        asset
    };
    let md5 = "d50110900150983cd24fb0d6963f7d28e17f72";
    let wrong = "d50110900150983cd24fb0d6963f7d28e17f73";
    let access = access();
    let done = access.download_asset(&asset(Some(3), md5), &to).await.unwrap();
    assert_eq!(done.verified, Verified::Checksum("md5"));
    std::fs::remove_file(&to).unwrap();
    for asset in [asset(Some(4), md5), asset(None, wrong)] {
        let error = access.download_asset(&asset, &to).await.unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        assert!(!error.is_transient());
        assert_eq!(names(folder.path()), [""; 0]);
    }
    // An unknown algorithm is no verification.
    let done = access.download_asset(&asset(None, "1604aabbccdd"), &to).await.unwrap();
    assert_eq!(done.verified, Verified::Size);
}

/// Thirty bytes to where there is room for twenty, their number told and not told.
#[tokio::test]
async fn room_is_asked_for_before_bytes_are_written() {
    let body = "0123456789abcdefghijklmnopqrst";
    let told = answer("200 OK", "", body);
    let untold = told.replace("Content-Length: 30\r\n", "");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("b.bin");
    for (answer, asked) in [(told.clone(), 30), (untold.clone(), 30)] {
        let (url, serving) = scripted(vec![answer]);
        let most = std::sync::atomic::AtomicU64::new(0);
        let room = |bytes: u64| {
            most.fetch_max(bytes, std::sync::atomic::Ordering::SeqCst);
            if bytes > 20 { Err(20) } else { Ok(()) }
        };
        let asset = Asset::new("b", url);
        let error = access().download_asset_into(&asset, &to, &room).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 20, .. }), "{error}");
        assert_eq!(most.into_inner(), asked);
        assert_eq!(names(folder.path()), [""; 0]);
        serving.join().unwrap();
    }
    let (url, _) = scripted(vec![untold]);
    let room = |bytes: u64| if bytes > 30 { Err(30) } else { Ok(()) };
    let done = access().download_asset_into(&Asset::new("b", url), &to, &room).await.unwrap();
    assert_eq!((done.bytes, std::fs::read_to_string(&to).unwrap().as_str()), (30, body));

    let from = folder.path().join("from");
    std::fs::write(&from, body).unwrap();
    let access = quick().allow_files(folder.path()).build().unwrap();
    let asset = Asset::new("b", from.display().to_string());
    let to = folder.path().join("c.bin");
    let error = access.download_asset_into(&asset, &to, &|_| Err(20)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 20, .. }), "{error}");
    assert!(!to.exists());
}

#[tokio::test]
async fn a_local_file_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("abc"), "abc").unwrap();
    let access = quick().allow_files(folder.path()).build().unwrap();
    let mut asset = Asset::new("abc", folder.path().join("abc").display().to_string());
    asset.checksum = Some("d50110900150983cd24fb0d6963f7d28e17f72".to_owned());
    let to = folder.path().join("def");
    let done = access.download_asset(&asset, &to).await.unwrap();
    assert_eq!((done.bytes, done.verified), (3, Verified::Checksum("md5")));
    assert_eq!(std::fs::read_to_string(to).unwrap(), "abc");
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let server = Server::builder().bytes("a.bin", noise(10)).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("none/a.bin");
    let error = access().download(&server.file_url("a.bin"), &to).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}
