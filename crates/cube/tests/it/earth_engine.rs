//! Cubes filled from Earth Engine, with the account of a service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use terracube_cube::{Band, Cube, LoadOptions, Request, Schema};
use terracube_grid::{Crs, Region, TimeAxis};
use terracube_raster::DType;
use terracube_source::{
    Access, Auth, EarthEngine, Provider, Registry, RetryPolicy, SecretRef, Source,
};
use terracube_store::{Memory, Unversioned};
use terracube_testbed::earth_engine::{BANDS, COLLECTION, PROJECT, pixel};
use terracube_testbed::{Auth as Wanted, Fault, FaultKind, Identity, Request as Asked, Server};

/// Earth Engine, to those that have one of its tokens.
fn server() -> Server {
    let server = Server::builder().require("/v1/", Wanted::Issued);
    server.identity(Identity::new("nobody")).start().unwrap()
}

/// The access of a service account; its key lies in a folder.
fn access(server: &Server, folder: &Path) -> Access {
    let key = folder.join("key.json");
    std::fs::write(&key, server.service_account().to_string()).unwrap();
    let key: SecretRef = format!("file:{}", key.display()).parse().unwrap();
    let scopes = ["https://www.googleapis.com/auth/earthengine.readonly"];
    let auth = json!({ "service_account": { "key": key, "scopes": scopes } });
    let auth: Auth = serde_json::from_value(auth).unwrap();
    let host = format!("{}/v1", server.url()).parse().unwrap();
    let provider = Provider::new("earth-engine", host).with_auth(auth).with_insecure_allowed();
    let short = Duration::from_millis(1);
    let retry = RetryPolicy::new(4, short, short);
    Access::builder().provider(provider).retry(retry).build().unwrap()
}

fn source(server: &Server, more: &Value) -> Arc<dyn Source> {
    let mut config = json!({
        "url": server.url(), "project": PROJECT, "asset": "TEST/S2",
        "assets": { "all": BANDS }, "dtype": "uint16",
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Registry::empty().with::<EarthEngine>().connect("earth-engine", config).unwrap()
}

/// A cube of all bands on a grid of degrees, a step a day.
async fn cube(extent: [f64; 4], resolution: f64, chunk: usize) -> Cube {
    let axis = "start = \"2020-01-01\"\nend = \"2020-01-08\"\nstep = \"day\"";
    let axis: TimeAxis = toml::from_str(axis).unwrap();
    let schema = Schema::new("images", Crs::epsg(4326).unwrap(), extent, resolution);
    let mut schema = schema.time(axis).chunks(chunk, chunk);
    for (index, name) in BANDS.iter().enumerate() {
        let mut band = Band::new(*name, DType::U16).asset("all").nodata(0.0);
        band.asset_band = index + 1;
        schema = schema.band(band);
    }
    Cube::create(Arc::new(Unversioned::new(Memory::new())), &schema).await.unwrap()
}

fn asked(server: &Server, verb: &str) -> Vec<Asked> {
    server.requests().into_iter().filter(|one| one.path.ends_with(verb)).collect()
}

async fn filled(cube: &Cube, request: &Request) {
    let report = cube.fill(cube.plan(request).await.unwrap()).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}

/// All values of a request are those of what the server renders: of the image of the day, from 0
/// on 1 January, where the image is.
async fn shows_images(cube: &Cube, request: &Request) -> usize {
    let options = LoadOptions { fill: None, ..LoadOptions::default() };
    let loaded = cube.load(request, &options).await.unwrap();
    let a = loaded.geobox.affine;
    let mut shown = 0;
    for (band, loaded_band) in loaded.bands.iter().enumerate() {
        for (raster, label) in loaded_band.rasters.iter().zip(&loaded.steps) {
            let day: u16 = label.label.rsplit('-').next().unwrap().parse().unwrap();
            for row in 0..loaded.geobox.height {
                for col in 0..loaded.geobox.width {
                    let lon = a.c + (col as f64 + 0.5) * a.a;
                    let lat = a.f + (row as f64 + 0.5) * a.e;
                    let expected = Some(day - 1)
                        .filter(|image| *image < 6)
                        .and_then(|image| pixel(image, band as u16, lon, lat));
                    let value = raster.value(col, row);
                    assert_eq!(value, expected.map(f64::from), "{day} {band} {col} {row}");
                    shown += usize::from(value.is_some());
                }
            }
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_earth_engine_fill_a_cube_once() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let extent = [10.0, 50.0, 22.0, 52.0];
    // Tiles of 64 columns and chunks of 50: a chunk takes its pixels from two tiles.
    let grid = json!({ "crs": "EPSG:4326", "extent": extent, "shape": [20, 120] });
    let source = source(&server, &json!({ "tile": 64, "grid": grid }));
    let cube = cube(extent, 0.1, 50).await.with_source(source, access(&server, folder.path()));
    server.fault(Fault::on(":listAssets", FaultKind::status(429)).times(1));
    server.fault(Fault::on(":getPixels", FaultKind::status_retry_after(429, 0)).times(2));

    filled(&cube, &Request::all()).await;
    // Three bands of six images of 20 by 20 pixels.
    assert_eq!(shows_images(&cube, &Request::all()).await, 3 * 6 * 400);
    assert_eq!(server.fault_hits(), 3);
    let answered = |status| {
        let all = asked(&server, ":getPixels");
        all.into_iter().filter(|one| one.status == status).map(|one| one.path).collect::<Vec<_>>()
    };
    // Image 3 lies in both tiles.
    let mut paths = answered(200);
    paths.sort();
    let expected = [0, 1, 2, 3, 3, 4, 5].map(|n| format!("/v1/{COLLECTION}/I{n}:getPixels"));
    assert_eq!(paths, expected);
    assert_eq!(answered(429).len(), 2);
    assert_eq!(server.count("/token"), 1, "a token for all");

    server.reset();
    filled(&cube, &Request::all()).await;
    assert_eq!(asked(&server, "Pixels").len(), 0);
    assert_eq!(shows_images(&cube, &Request::all()).await, 3 * 6 * 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composite_of_each_step_fills_a_cube() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let extent = [10.0, 50.0, 22.0, 52.0];
    let grid = json!({ "crs": "EPSG:4326", "extent": extent, "shape": [20, 120] });
    let composite = json!({ "method": "median", "start": "2020-01-01", "end": "2020-01-08",
        "step": "P1D" });
    let source = source(&server, &json!({ "grid": grid, "composite": composite }));
    let cube = cube(extent, 0.1, 60).await.with_source(source, access(&server, folder.path()));
    let days = Request::all().time("2020-01-03/2020-01-05".parse().unwrap());
    filled(&cube, &days).await;
    assert_eq!(shows_images(&cube, &days).await, 3 * 2 * 400);
    assert_eq!(asked(&server, ":computePixels").len(), 2, "a step is one tile");
    assert_eq!((server.count("/v1/"), server.count("/token")), (2, 1));
    server.reset();
    filled(&cube, &days).await;
    assert_eq!(server.count("/v1/"), 0);
}

/// The whole grid would be 54 MB, and the server refuses more than 48 MiB at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_grid_beyond_the_limit_of_a_request_is_filled_in_parts() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let extent = [10.0, 50.0, 12.0, 52.0];
    let grid = json!({ "crs": "EPSG:4326", "extent": extent, "shape": [3000, 3000] });
    let source = source(&server, &json!({ "tile": 10_000, "grid": grid }));
    let cube = cube(extent, 2.0 / 3000.0, 50).await;
    let cube = cube.with_source(source, access(&server, folder.path()));
    // Around the corner of the parts: 2828 pixels from the west and the north.
    let degrees = |pixels: f64| pixels * 2.0 / 3000.0;
    let (lon, lat) = (10.0 + degrees(2828.0), 52.0 - degrees(2828.0));
    let [west, south] = [lon - degrees(20.0), lat - degrees(20.0)];
    let area = Region::from_bbox(west, south, lon + degrees(20.0), lat + degrees(20.0)).unwrap();
    let request = Request::region(area).time("2020-01-01".parse().unwrap());
    filled(&cube, &request).await;
    assert!(shows_images(&cube, &request).await >= 3 * 40 * 40);
    let mut sizes: Vec<_> = asked(&server, ":getPixels")
        .iter()
        .map(|one| {
            assert_eq!(one.status, 200);
            let size = &one.body.as_ref().unwrap()["grid"]["dimensions"];
            (size["width"].as_u64().unwrap(), size["height"].as_u64().unwrap())
        })
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(172, 172), (172, 2828), (2828, 172), (2828, 2828)]);
    server.reset();
    filled(&cube, &request).await;
    assert_eq!(asked(&server, "Pixels").len(), 0);
}
