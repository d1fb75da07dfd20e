//! The contract's rules on every backend and wrapper.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use terracube_store::{
    Directory, Memory, OpenOptions, Prefix, Prefixed, ReadOnly, S3Credentials, S3Options, Session,
    Store, conformance, create_repository, store_conformance,
};

store_conformance!(memory, async { Some((Memory::new(), ())) });
store_conformance!(directory, directory(false));
store_conformance!(directory_with_fsync, directory(true));
store_conformance!(dynamic, async { Some((Arc::new(Memory::new()) as Arc<dyn Store>, ())) });
store_conformance!(prefixed, async {
    Some((Prefixed::new(Memory::new(), Prefix::new("deep/down/").unwrap()), ()))
});
store_conformance!(prefixed_directory, async {
    let (inner, kept) = directory(false).await?;
    Some((Prefixed::new(inner, Prefix::new("deep").unwrap()), kept))
});
store_conformance!(read_only, async {
    let inner = Memory::new();
    conformance::prepare(&inner).await.unwrap();
    Some((ReadOnly::new(inner), ()))
});
store_conformance!(icechunk_memory, async { session("memory:").await });
store_conformance!(icechunk_directory, async {
    let folder = tempfile::tempdir().unwrap();
    let (store, session) = session(&folder.path().join("a").display().to_string()).await?;
    Some((store, (session, folder)))
});
store_conformance!(icechunk_version, async {
    let repository = create_repository("memory:", &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    conformance::prepare(&session.store()).await.unwrap();
    session.commit("prepared").await.unwrap();
    Some((repository.latest().await.unwrap(), repository))
});
store_conformance!(s3, async { bucket("zarr").await });
store_conformance!(s3_icechunk, async { bucket("icechunk").await });

async fn directory(fsync: bool) -> Option<(Directory, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    Some((Directory::new(folder.path()).unwrap().with_fsync(fsync), folder))
}

async fn session(location: &str) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    session_with(location, &OpenOptions::default()).await
}

async fn session_with(
    location: &str,
    options: &OpenOptions,
) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    let session = create_repository(location, options).await.unwrap().begin().await.unwrap();
    Some((session.store(), session))
}

/// A fresh prefix of the bucket `terracube` at `TERRACUBE_S3_ENDPOINT`.
async fn bucket(format: &str) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Ok(endpoint) = std::env::var("TERRACUBE_S3_ENDPOINT") else {
        assert!(
            std::env::var("TERRACUBE_TEST_STRICT").is_err(),
            "TERRACUBE_S3_ENDPOINT must be set"
        );
        println!("skipped: TERRACUBE_S3_ENDPOINT is not set");
        return None;
    };
    let options = OpenOptions {
        s3: S3Options {
            endpoint: Some(endpoint),
            region: Some("us-east-1".to_owned()),
            allow_http: true,
            credentials: Some(S3Credentials {
                access_key_id: "test".to_owned(),
                secret_access_key: "test".to_owned(),
                session_token: None,
            }),
            ..S3Options::default()
        },
        ..OpenOptions::default()
    };
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let location = format!("s3://terracube/conformance-{pid}-{next}.{format}");
    session_with(&location, &options).await
}
