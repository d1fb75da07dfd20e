//! Reading files by byte ranges.

use terracube_source::Error;
use terracube_store::ByteRequest;
use terracube_testbed::{Fault, FaultKind, Server};

use crate::support::{File, access, noise, quick};

#[tokio::test]
async fn every_kind_of_request() {
    let bytes = noise(10_000);
    let server = Server::builder().bytes("a.bin", bytes.clone()).start().unwrap();
    let access = access();
    for file in [
        File::open(&access, &server.file_url("a.bin")).await,
        File::open(&access, &server.file_url("a.bin")).await,
    ] {
        assert_eq!(file.get(ByteRequest::Suffix(100)).await.unwrap().unwrap(), bytes[9_900..]);
        assert_eq!(file.get(5..25).await.unwrap().unwrap(), bytes[5..25]);
        assert_eq!(file.get(9_990..20_000).await.unwrap().unwrap(), bytes[9_990..]);
        assert_eq!(file.get(ByteRequest::Offset(9_000)).await.unwrap().unwrap(), bytes[9_000..]);
        assert_eq!(file.get(ByteRequest::Suffix(99_999)).await.unwrap().unwrap(), bytes);
        assert_eq!(file.get(ByteRequest::All).await.unwrap().unwrap(), bytes);
        assert_eq!(file.store.size(&file.key).await.unwrap(), Some(10_000));
    }
    let fresh = File::open(&access, &server.file_url("a.bin")).await;
    assert_eq!(fresh.store.size(&fresh.key).await.unwrap(), Some(10_000));
    assert_eq!(access.stats().requests as usize, server.count("/files/"));
}

#[tokio::test]
async fn what_lies_outside_is_an_error() {
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    for request in [
        ByteRequest::from(100..200),
        ByteRequest::Range { start: 5, end: 5 },
        ByteRequest::Offset(100),
        ByteRequest::Suffix(0),
    ] {
        // Once before the size is known, once after.
        for _ in 0..2 {
            let error = file.get(request).await.unwrap_err();
            assert!(!error.is_transient(), "{request:?}: {error}");
        }
    }
}

#[tokio::test]
async fn the_error_names_the_request_at_fault() {
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    file.get(0..10).await.unwrap();
    let parts: Vec<_> =
        [0..10, 200..300].map(|range| (file.key.clone(), ByteRequest::from(range))).into();
    match file.store.get_partial_values(&parts).await {
        Err(terracube_store::Error::InvalidRange { key, request, size }) => {
            assert_eq!((key.as_str(), request, size), ("a.bin", parts[1].1, 100));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_missing_file_is_absent() {
    let server = Server::builder().start().unwrap();
    let file = File::open(&access(), &server.file_url("none.bin")).await;
    assert_eq!(file.get(0..10).await.unwrap(), None);
    assert_eq!(file.get(ByteRequest::All).await.unwrap(), None);
    assert_eq!(file.parts(&[(0..10).into()]).await.unwrap(), [None]);
    assert_eq!(file.store.size(&file.key).await.unwrap(), None);
    assert_eq!(server.count("/files/"), 4, "a missing file is not asked for again");
}

#[tokio::test]
async fn an_empty_file() {
    let server = Server::builder().bytes("a.bin", Vec::new()).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    assert_eq!(file.store.size(&file.key).await.unwrap(), Some(0));
    assert_eq!(file.get(ByteRequest::All).await.unwrap().unwrap(), [0u8; 0]);
}

#[tokio::test]
async fn near_parts_come_together() {
    let bytes = noise(12 << 20);
    let server = Server::builder().bytes("a.bin", bytes.clone()).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    let wanted = [5_000..6_000, 0..100, 40_000..41_000, 9_000_000..9_000_010, 40_500..40_600];
    let requests: Vec<ByteRequest> =
        wanted.iter().map(|range| (range.start as u64..range.end as u64).into()).collect();
    let found = file.parts(&requests).await.unwrap();
    for (range, part) in wanted.into_iter().zip(found) {
        assert_eq!(part.unwrap(), bytes[range]);
    }
    assert_eq!(server.count("/files/"), 2);
    assert_eq!(server.bytes("/files/"), 41_000 + 10);

    server.reset();
    let whole = file.parts(&[ByteRequest::All, ByteRequest::Suffix(7)]).await.unwrap();
    assert!(whole[0].as_deref() == Some(&bytes[..]));
    assert_eq!(whole[1].as_deref(), Some(&bytes[bytes.len() - 7..]));
    assert_eq!(server.count("/files/"), 3, "12 MiB in requests of 4 MiB");
}

#[tokio::test]
async fn a_server_without_ranges() {
    let (small, large) = (noise(500_000), noise(3 << 20));
    let server = Server::builder()
        .bytes("small.bin", small.clone())
        .bytes("large.bin", large)
        .start()
        .unwrap();
    server.fault(Fault::on(".bin", FaultKind::IgnoreRange));
    let access = access();
    let file = File::open(&access, &server.file_url("small.bin")).await;
    assert_eq!(file.get(100..200).await.unwrap().unwrap(), small[100..200]);
    assert_eq!(file.get(ByteRequest::Suffix(9)).await.unwrap().unwrap(), small[499_991..]);
    assert_eq!(file.store.size(&file.key).await.unwrap(), Some(500_000));
    assert_eq!(server.count("/files/"), 1, "the small file is kept");

    let file = File::open(&access, &server.file_url("large.bin")).await;
    let error = file.get(100..200).await.unwrap_err();
    assert!(matches!(error, Error::NoRanges { .. }), "{error}");
    assert!(!error.is_transient());
    assert_eq!(access.stats().bytes_received, 500_000, "nothing of the large file was read");
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let server = Server::builder().bytes("a.bin", noise(5_000)).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    file.get(0..10).await.unwrap();
    server.put_bytes("a.bin", vec![1; 5_000]);
    let error = file.get(10..20).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    assert!(!error.is_transient());
    let again = File::open(&access(), &server.file_url("a.bin")).await;
    assert_eq!(again.get(10..12).await.unwrap().unwrap(), [1, 1]);
}

#[tokio::test]
async fn a_change_of_the_etag_alone_is_noticed() {
    let server = Server::builder().bytes("a.bin", noise(5_000)).start().unwrap();
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    file.get(0..10).await.unwrap();
    server.fault(Fault::on("a.bin", FaultKind::ChangedEtag));
    assert!(matches!(file.get(10..20).await, Err(Error::Changed { .. })));
}

#[tokio::test]
async fn a_sign_in_page_is_named() {
    let server = Server::builder().bytes("a.bin", noise(5_000)).start().unwrap();
    server.fault(Fault::on("a.bin", FaultKind::HtmlPage200));
    let file = File::open(&access(), &server.file_url("a.bin")).await;
    assert!(matches!(file.get(0..10).await, Err(Error::WebPage { .. })));
}

#[tokio::test]
async fn an_object_of_a_bucket() {
    let bytes = noise(2_000);
    let server = Server::builder().bytes("bucket/a b/c.bin", bytes.clone()).start().unwrap();
    let endpoint = format!("{}/files", server.url());
    let access = quick().s3_endpoint(&endpoint).unwrap().build().unwrap();
    let file = File::open(&access, "s3://bucket/a b/c.bin").await;
    assert_eq!(file.get(100..200).await.unwrap().unwrap(), bytes[100..200]);
    assert_eq!(file.store.size(&file.key).await.unwrap(), Some(2_000));
}

#[tokio::test]
async fn a_local_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let bytes = noise(1000);
    std::fs::write(&path, &bytes).unwrap();
    let access = quick().allow_files(folder.path()).build().unwrap();
    let url = format!("file://{}", path.display());
    for href in [path.display().to_string(), url] {
        let file = File::open(&access, &href).await;
        assert_eq!(file.get(ByteRequest::Suffix(10)).await.unwrap().unwrap(), bytes[990..]);
        let parts = file.parts(&[(5..10).into(), ByteRequest::Offset(998)]).await.unwrap();
        assert_eq!(parts, [Some(bytes[5..10].to_vec()), Some(bytes[998..].to_vec())]);
        assert_eq!(file.store.size(&file.key).await.unwrap(), Some(1000));
        assert!(file.get(1000..1001).await.is_err());
    }
    let outside = crate::support::access().ranged(&path.display().to_string()).await.unwrap_err();
    assert!(matches!(outside, Error::NotAllowed { .. }), "{outside}");
}
