//! A cube in a bucket of a real S3 server.

use terracube_cube::{Cube, LoadOptions, Request};
use terracube_raster::Pixels;
use terracube_store::{OpenOptions, S3Credentials, S3Options, create_repository, open_repository};

use crate::readers::{filled, pixels};

#[tokio::test(flavor = "multi_thread")]
async fn a_cube_in_a_bucket_fills_and_is_read_again() {
    let Ok(endpoint) = std::env::var("TERRACUBE_S3_ENDPOINT") else {
        assert!(
            std::env::var("TERRACUBE_TEST_STRICT").is_err(),
            "TERRACUBE_S3_ENDPOINT is not set"
        );
        println!("skipped: a cube in a bucket: TERRACUBE_S3_ENDPOINT is not set");
        return;
    };
    let options = OpenOptions {
        s3: S3Options {
            endpoint: Some(endpoint),
            region: Some("us-east-1".into()),
            allow_http: true,
            credentials: Some(S3Credentials {
                access_key_id: "testing".into(),
                secret_access_key: "testing".into(),
                session_token: None,
            }),
            ..S3Options::default()
        },
        ..OpenOptions::default()
    };
    for format in ["icechunk", "zarr"] {
        let location = format!("s3://terracube/cubes/{}.{format}", std::process::id());
        filled(create_repository(&location, &options).await.unwrap()).await;
        let cube = Cube::open(open_repository(&location, &options).await.unwrap()).await.unwrap();
        let options = LoadOptions { fill: None, ..LoadOptions::default() };
        let loaded = cube.load(&Request::all(), &options).await.unwrap();
        let february = &loaded.bands[0].rasters[1];
        assert_eq!(february.pixels, Pixels::I16(pixels()), "{format}");
        let counts = cube.state().await.unwrap().counts;
        assert_eq!((counts.filled, counts.empty, counts.missing), (4, 4, 0), "{format}");
    }
}
