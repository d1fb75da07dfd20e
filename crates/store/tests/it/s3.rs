//! Repositories in a bucket.

use std::sync::atomic::{AtomicU32, Ordering};

use terracube_store::{
    ArraySpec, Error, OpenOptions, S3Credentials, S3Options, ZarrArray, create_repository,
    open_repository,
};

/// A location in the bucket `terracube` at `TERRACUBE_S3_ENDPOINT` that nothing is at.
pub(crate) fn fresh(format: &str) -> Option<(String, OpenOptions)> {
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
                secret_access_key: "hidden".to_owned(),
                session_token: None,
            }),
            ..S3Options::default()
        },
        ..OpenOptions::default()
    };
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Some((format!("s3://terracube/tests/{pid}-{next}.{format}"), options))
}

#[tokio::test]
async fn what_is_in_a_bucket_is_found_again() {
    for format in ["zarr", "icechunk"] {
        let Some((location, options)) = fresh(format) else { return };
        let nothing = open_repository(&location, &options).await;
        assert!(matches!(nothing, Err(Error::NotFound { .. })), "{nothing:?}");
        let repository = create_repository(&location, &options).await.unwrap();
        let session = repository.begin().await.unwrap();
        let spec = ArraySpec::new(vec![4, 1000], vec![1, 1000], "float32");
        let array = ZarrArray::create(session.store(), "", &spec).await.unwrap();
        let native: Vec<u8> = (0..4000).flat_map(|i| (i as f32).sqrt().to_ne_bytes()).collect();
        array.write(&[0..4, 0..1000], &native).await.unwrap();
        session.commit("roots").await.unwrap();

        let repository = open_repository(&location, &options).await.unwrap();
        assert_eq!(repository.capability().atomic_commit, format == "icechunk");
        let array = ZarrArray::open(repository.latest().await.unwrap(), "").await.unwrap();
        assert_eq!(array.read(&[0..4, 0..1000]).await.unwrap(), native);
        let again = create_repository(&location, &options).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        assert!(!format!("{options:?} {repository:?}").contains("hidden\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_with_a_repository_each_keep_every_commit() {
    let Some((location, options)) = fresh("icechunk") else { return };
    let repository = create_repository(&location, &options).await.unwrap();
    let session = repository.begin().await.unwrap();
    let spec = ArraySpec::new(vec![12, 1024], vec![1, 1024], "uint8");
    let array = ZarrArray::create(session.store(), "a", &spec).await.unwrap();
    session.commit("the array").await.unwrap();
    let writers: Vec<_> = (0..4_u64)
        .map(|writer| {
            let (location, options, array) = (location.clone(), options.clone(), array.clone());
            tokio::spawn(async move {
                let repository = open_repository(&location, &options).await.unwrap();
                for row in 3 * writer..3 * writer + 3 {
                    let session = repository.begin().await.unwrap();
                    let array = array.with_store(session.store());
                    array.write_chunk(&[row, 0], vec![row as u8 + 1; 1024]).await.unwrap();
                    session.commit("a row").await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let array = array.with_store(repository.latest().await.unwrap());
    for row in 0..12 {
        assert_eq!(array.read_chunk(&[row, 0]).await.unwrap(), vec![row as u8 + 1; 1024]);
    }
    assert_eq!(repository.history(100).await.unwrap().len(), 14);
}
