//! Stores below a URL and in containers.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::TryStreamExt;
use terracube_store::{
    ByteRequest, Error, Key, Memory, OpenOptions, ReadStore, Session, Store, StoreExt, conformance,
    create_repository, open_repository,
};
use terracube_testbed::{Fault, FaultKind, Server};

/// A web server with what the contract's rules expect, and the store on it.
pub(crate) async fn web() -> (std::sync::Arc<dyn Store>, Server) {
    let content = Memory::new();
    conformance::prepare(&content).await.unwrap();
    let mut server = Server::builder();
    for key in content.list().try_collect::<Vec<_>>().await.unwrap() {
        let value = content.get(&key, ByteRequest::All).await.unwrap().unwrap();
        server = server.bytes(&format!("a.zarr/{key}"), value);
    }
    let server = server.start().unwrap();
    let options = OpenOptions::default();
    let repository = open_repository(&server.file_url("a.zarr"), &options).await.unwrap();
    (repository.latest().await.unwrap(), server)
}

/// A session on a fresh store in the container `terracube` of the emulator that the environment
/// names (`AZURE_STORAGE_USE_EMULATOR`, `AZURITE_BLOB_STORAGE_URL`).
pub(crate) async fn azure() -> Option<(std::sync::Arc<dyn Store>, Box<dyn Session>)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if std::env::var("AZURE_STORAGE_USE_EMULATOR").is_err() {
        println!("skipped: AZURE_STORAGE_USE_EMULATOR is not set");
        return None;
    }
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let location = format!("az://terracube/tests/{pid}-{next}.zarr");
    let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    Some((session.store(), session))
}

#[tokio::test]
async fn a_web_server_is_read_by_ranges_that_are_joined() {
    let (store, server) = web().await;
    server.reset();
    let key = Key::new("a/c/0").unwrap();
    let range = |start, end| (key.clone(), ByteRequest::Range { start, end });
    let values = store.get_partial_values(&[range(7, 9), range(0, 2), range(3, 5)]).await.unwrap();
    let values: Vec<_> = values.iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(values, [b"78", b"01", b"34"]);
    assert_eq!(server.count("/files/"), 1);
    assert_eq!(server.bytes("/files/"), 9);
}

#[tokio::test]
async fn a_web_server_does_not_list_and_is_not_written() {
    let (store, server) = web().await;
    assert!(!store.capability().listing && !store.capability().writes);
    let listed = store.list().try_collect::<Vec<_>>().await;
    assert!(matches!(listed, Err(Error::Unsupported { .. })), "{listed:?}");
    let location = server.file_url("b.zarr");
    let created = create_repository(&location, &OpenOptions::default()).await;
    assert!(matches!(created, Err(Error::ReadOnly { .. })), "{created:?}");
    let missing = open_repository(&location, &OpenOptions::default()).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}

#[tokio::test]
async fn a_web_server_that_fails_now_and_then_is_asked_again() {
    let (store, server) = web().await;
    server.fault(Fault::on("/a/c/0", FaultKind::status(503)).times(2));
    let key = Key::new("a/c/0").unwrap();
    assert_eq!(store.get(&key, ByteRequest::All).await.unwrap().unwrap(), "0123456789");
    server.fault(Fault::on("/a/c/0", FaultKind::IgnoreRange).times(1));
    let whole_instead = store.get(&key, ByteRequest::Range { start: 1, end: 3 }).await;
    assert!(matches!(whole_instead, Err(Error::Backend { .. })), "{whole_instead:?}");
}

#[tokio::test]
async fn no_secret_of_a_location_is_shown() {
    for location in [
        "https://user:canary@host/x.zarr",
        "https://host/x.zarr?sig=canary",
        "gs://bucket/x?token=canary",
        "az://user:canary@container/x",
        "s3://user:canary@bucket/x",
        "ftp://user:canary@host/x#canary",
    ] {
        let error = open_repository(location, &OpenOptions::default()).await.unwrap_err();
        assert!(matches!(error, Error::Location { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}
