//! Files: ranges, conditions, what is found and what is not.

use terracube_testbed::Server;

use crate::client::{get, get_with, head};

fn letters() -> Vec<u8> {
    (b'a'..=b'z').collect()
}

#[test]
fn a_buffer_in_parts() {
    let server = Server::builder().bytes("a.tif", letters()).start().unwrap();
    let url = server.file_url("a.tif");

    let whole = get(&url);
    assert_eq!((whole.status, &whole.body), (200, &letters()));
    assert_eq!(whole.header("content-length"), "26");
    assert_eq!(whole.header("content-type"), "image/tiff");
    assert_eq!(whole.header("accept-ranges"), "bytes");

    for (range, content_range, body) in [
        ("bytes=0-2", "bytes 0-2/26", "abc"),
        ("bytes=23-", "bytes 23-25/26", "xyz"),
        ("bytes=-2", "bytes 24-25/26", "yz"),
        ("bytes=24-99", "bytes 24-25/26", "yz"),
    ] {
        let part = get_with(&url, &[("range", range)]);
        assert_eq!((part.status, part.header("content-range")), (206, content_range));
        assert_eq!(part.body, body.as_bytes());
    }
    let beyond = get_with(&url, &[("range", "bytes=26-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */26"));

    let head = head(&url);
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "26", 0));

    let log = server.requests();
    assert_eq!(log.len(), 7);
    assert_eq!((log[1].method.as_str(), log[1].path.as_str()), ("GET", "/files/a.tif"));
    assert_eq!((log[1].range.as_deref(), log[1].status, log[1].bytes), (Some("bytes=0-2"), 206, 3));
    assert_eq!((log[6].method.as_str(), log[6].bytes), ("HEAD", 0));
    assert_eq!((server.count("/files/"), server.bytes("/files/")), (7, 26 + 3 + 3 + 2 + 2));
    let stats = get(&format!("{}/_stats", server.url())).json();
    assert_eq!(stats, serde_json::json!({"requests": 7, "assets": 7, "bytes": 36}));
    server.reset();
    assert_eq!(server.requests(), []);
}

#[test]
fn conditions_are_judged_by_the_etag() {
    let server = Server::builder().bytes("a", letters()).start().unwrap();
    let url = server.file_url("a");
    let first = get(&url);
    let etag = first.header("etag");
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let status = |headers: &[(&str, &str)]| get_with(&url, headers).status;

    assert_eq!(status(&[("if-match", etag)]), 200);
    assert_eq!(status(&[("if-match", "*")]), 200);
    assert_eq!(status(&[("if-match", "\"other\"")]), 412);
    assert_eq!(status(&[("if-none-match", etag)]), 304);
    assert_eq!(status(&[("if-range", etag), ("range", "bytes=0-1")]), 206);
    let modified = first.header("last-modified");
    assert_eq!(status(&[("if-range", modified), ("range", "bytes=0-1")]), 206);
    assert_eq!(status(&[("if-range", "\"other\""), ("range", "bytes=0-1")]), 200);
    assert_eq!(status(&[("if-unmodified-since", modified)]), 200);

    server.put_bytes("a", &b"something else"[..]);
    assert_eq!(status(&[("if-match", etag)]), 412);
    assert_eq!(status(&[("if-range", etag), ("range", "bytes=0-1")]), 200);
    server.remove_bytes("a");
    assert_eq!(status(&[]), 404);
}

#[test]
fn a_folder_and_what_is_outside_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    let content: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(root.join("sub/größe 1.bin"), &content).unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    let server = Server::builder().files(&root).files_at("again/", &root).start().unwrap();

    let found = get(&server.file_url("sub/gr%C3%B6%C3%9Fe%201.bin"));
    assert_eq!((found.status, found.body == content), (200, true));
    let range = [("range", "bytes=600000-699999")];
    let part = get_with(&server.file_url("again/sub/gr%C3%B6%C3%9Fe%201.bin"), &range);
    assert_eq!((part.status, part.body == content[600_000..700_000]), (206, true));
    assert_eq!(part.header("etag"), found.header("etag"));
    for path in ["sub", "none", "..%2Fsecret", "%2e%2e/secret", "sub/%00"] {
        assert_eq!(get(&server.file_url(path)).status, 404, "{path}");
    }
}

#[test]
fn a_dropped_server_answers_no_more() {
    let server = Server::builder().bytes("a", letters()).start().unwrap();
    let address = server.url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let taken = Server::builder().port(port).start().unwrap_err();
    assert!(taken.is_transient() && taken.to_string().contains(&address));
    drop(server);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
