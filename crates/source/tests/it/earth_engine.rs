//! Earth Engine: a server on loopback that answers as the API's documents say.

use std::any::Any;
use std::sync::Arc;

use serde_json::{Value, json};
use terracube_grid::{Region, TimeRange};
use terracube_source::conformance::Expectations;
use terracube_source::{Access, EarthEngine, Error, Query, Registry, Source, read_opened};
use terracube_store::ByteRequest;
use terracube_testbed::earth_engine::{COLLECTION, pixel};
use terracube_testbed::{Fault, FaultKind, PlainTiff, Server};

use crate::support::{access, answer, answering, ids, search};

fn server() -> Server {
    Server::builder().start().unwrap()
}

/// The queries of listings and the bodies of requests for pixels.
fn asked(server: &Server) -> Vec<Value> {
    let all = server.requests().into_iter().filter_map(|request| {
        let query = request.query.unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let listed = request.path.ends_with(":listAssets");
        let query = listed.then(|| pairs.map(|(name, value)| (name, json!(value))).collect());
        query.or(request.body)
    });
    let all = all.collect();
    server.reset();
    all
}

fn busy(server: &Server, times: u64) {
    server.fault(Fault::on("/v1/", FaultKind::status(429)).times(times));
}

/// A grid of tenths of a degree as the server renders it.
fn tiff(width: u32, height: u32, bands: u16, corner: [f64; 2]) -> PlainTiff {
    PlainTiff { width, height, bands, corner, scale: [0.1, 0.1] }
}

fn config(url: &str) -> Value {
    json!({
        "url": url, "project": "my-project", "asset": "TEST/S2",
        "assets": { "red": ["B4"], "rgb": ["B4", "B3", "B2"] }, "dtype": "uint16", "tile": 64,
        // 120 by 20 pixels: two tiles side by side.
        "grid": { "crs": "EPSG:4326", "extent": [10.0, 50.0, 22.0, 52.0], "shape": [20, 120] },
    })
}

fn connected(config: Value) -> Result<Arc<dyn Source>, Error> {
    Registry::empty().with::<EarthEngine>().connect("earth-engine", config)
}

pub(crate) fn per_image() -> (Arc<dyn Source>, Access, Box<dyn Any>) {
    let server = server();
    (connected(config(server.url())).unwrap(), access(), Box::new(server))
}

pub(crate) fn composites() -> (Arc<dyn Source>, Access, Box<dyn Any>) {
    let server = server();
    let mut config = config(server.url());
    config["composite"] =
        json!({ "method": "median", "start": "2020-01-01", "end": "2020-01-04", "step": "P1D" });
    (connected(config).unwrap(), access(), Box::new(server))
}

/// Image 3 lies in both tiles, the others in one.
pub(crate) fn expected() -> Expectations {
    Expectations {
        some: Query::new()
            .region(Region::from_bbox(10.5, 50.5, 13.0, 51.5).unwrap())
            .time(TimeRange::parse("2020-01-01/2020-01-03").unwrap()),
        some_count: 2,
        all_count: 7,
        asset: "red".to_owned(),
        nothing: Query::new().time(TimeRange::parse("1990").unwrap()),
    }
}

pub(crate) fn expected_composites() -> Expectations {
    Expectations { all_count: 6, ..expected() }
}

#[tokio::test]
async fn images_are_listed_by_page_with_the_filter_of_googles_client() {
    let server = server();
    let source = connected(config(server.url())).unwrap();
    let all = ids(&*source, &access(), &Query::new()).await;
    assert_eq!(all, ["I0-c0r0", "I1-c0r0", "I2-c0r0", "I3-c0r0", "I3-c1r0", "I4-c1r0", "I5-c1r0"]);
    let tokens: Vec<Value> = asked(&server).iter().map(|one| one["pageToken"].clone()).collect();
    assert_eq!(tokens, [Value::Null, json!("2"), json!("4")]);

    let mut config = config(server.url());
    config["filter"] = json!("properties.CLOUDY_PIXEL_PERCENTAGE < 15");
    let found = ids(&*connected(config).unwrap(), &access(), &expected().some).await;
    assert_eq!(found, ["I0-c0r0", "I1-c0r0"]);
    // ee._cloud_api_utils.convert_list_images_params_to_list_assets_params, by the start alone.
    let filter = asked(&server)[0]["filter"].as_str().unwrap().to_owned();
    let (before, area) = filter.split_once(" AND intersects(").unwrap();
    assert_eq!(
        before,
        "properties.CLOUDY_PIXEL_PERCENTAGE < 15 AND startTime >= \"2020-01-01T00:00:00Z\" AND \
         startTime < \"2020-01-03T00:00:00Z\""
    );
    assert!(area.starts_with("\"{'") && area.ends_with("}\")"), "{area}");
}

#[tokio::test]
async fn pages_that_lead_back_or_nowhere_end_in_an_error() {
    // A page names B, B names A, and so on.
    let to_and_fro = answering(|n, head| {
        let page = match (head.contains("listAssets"), n % 2) {
            (false, _) => r#"{"type": "IMAGE_COLLECTION"}"#.to_owned(),
            (true, n) => format!(r#"{{"assets": [], "nextPageToken": "{}"}}"#, ["A", "B"][n]),
        };
        answer("200 OK", "application/json", &page)
    });
    let found = search(&*connected(config(&to_and_fro)).unwrap(), &access(), &Query::new()).await;
    assert!(found[0].as_ref().unwrap_err().to_string().contains("was there before"), "{found:?}");
    let endless = answering(|n, head| {
        let page = if head.contains("listAssets") {
            format!(r#"{{"nextPageToken": "{n}"}}"#)
        } else {
            r#"{"type": "IMAGE_COLLECTION"}"#.to_owned()
        };
        answer("200 OK", "application/json", &page)
    });
    let found = search(&*connected(config(&endless)).unwrap(), &access(), &Query::new()).await;
    assert!(found[0].as_ref().unwrap_err().to_string().contains("has none"), "{found:?}");
}

#[tokio::test]
async fn a_single_image_is_a_source_too() {
    let server = server();
    let mut config = config(server.url());
    config["asset"] = json!(format!("{COLLECTION}/I3"));
    let found = ids(&*connected(config).unwrap(), &access(), &Query::new()).await;
    assert_eq!(found, ["I3-c0r0", "I3-c1r0"]);
}

#[tokio::test]
async fn pixels_come_on_the_grid() {
    let server = server();
    let source = connected(config(server.url())).unwrap();
    let found = search(&*source, &access(), &Query::new().id("I3-c1r0")).await;
    let granule = found[0].as_ref().unwrap();
    assert_eq!(granule.time.to_string(), "2020-01-04T12:00:00Z/2020-01-04T12:00:00Z");
    assert_eq!(granule.version.as_deref(), Some("2021-05-01T00:00:00.5Z"));
    let asset = granule.asset("rgb").unwrap();
    assert_eq!(asset.band_index("B3"), Some(1));
    asked(&server);
    let opened = source.open(granule, asset, &access()).await.unwrap();
    assert_eq!(
        asked(&server),
        [json!({
            "fileFormat": "GEO_TIFF", "bandIds": ["B4", "B3", "B2"],
            "grid": {
                "crsCode": "EPSG:4326", "dimensions": { "width": 56, "height": 20 },
                "affineTransform": { "scaleX": 0.1, "shearX": 0.0, "translateX": 16.4,
                    "shearY": 0.0, "scaleY": -0.1, "translateY": 52.0 },
            },
        })]
    );
    let bytes = read_opened(&opened, ByteRequest::All).await.unwrap();
    // Bands in the order asked for, and nothing outside the image, which ends at 18° E.
    let image = |band, lon, lat| pixel(3, 2 - band, lon, lat).unwrap_or(0);
    assert_eq!(bytes, tiff(56, 20, 3, [16.4, 52.0]).write(image));
}

#[tokio::test]
async fn masked_pixels_are_given_a_value_where_one_is_declared() {
    let server = server();
    let mut config = config(server.url());
    config["nodata"] = json!(65535);
    let source = connected(config).unwrap();
    let found = search(&*source, &access(), &Query::new().id("I0-c0r0")).await;
    let granule = found[0].as_ref().unwrap();
    let asset = granule.asset("red").unwrap();
    assert_eq!(asset.bands[0].nodata, Some(65535.0));
    asked(&server);
    let opened = source.open(granule, asset, &access()).await.unwrap();
    let call = &asked(&server)[0]["expression"]["values"]["0"]["functionInvocationValue"];
    assert_eq!(call["functionName"], "Image.unmask");
    let input = &call["arguments"]["input"]["functionInvocationValue"]["arguments"]["id"];
    assert_eq!(input["constantValue"], format!("{COLLECTION}/I0"));
    // Outside the image as well, which ends at 12° E.
    let bytes = read_opened(&opened, ByteRequest::All).await.unwrap();
    let image = |_, lon, lat| pixel(0, 2, lon, lat).unwrap_or(65535);
    assert_eq!(bytes, tiff(64, 20, 1, [10.0, 52.0]).write(image));
}

#[tokio::test]
async fn a_step_without_images_is_without_pixels() {
    let server = server();
    for (nodata, expected) in [(0, 0), (65535, 65535)] {
        let mut config = config(server.url());
        config["nodata"] = json!(nodata);
        config["composite"] = json!({ "method": "median", "start": "2020-01-01",
            "end": "2020-02-01", "step": "P1D" });
        let source = connected(config.clone()).unwrap();
        // The last image is of the sixth of January.
        let found = search(&*source, &access(), &Query::new().id("2020-01-09-c0r0")).await;
        let granule = found[0].as_ref().unwrap();
        let opened = source.open(granule, granule.asset("rgb").unwrap(), &access()).await.unwrap();
        let bytes = read_opened(&opened, ByteRequest::All).await.unwrap();
        assert_eq!(bytes, tiff(64, 20, 3, [10.0, 52.0]).write(|_, _, _| expected));
        // A band that no image has stays an error.
        config["assets"] = json!({ "red": ["B99"] });
        let source = connected(config).unwrap();
        let found = search(&*source, &access(), &Query::new().id("2020-01-02-c0r0")).await;
        let granule = found[0].as_ref().unwrap();
        let error = source.open(granule, granule.asset("red").unwrap(), &access()).await;
        assert!(error.unwrap_err().to_string().contains("'B99' did not match any bands"));
    }
}

#[tokio::test]
async fn composites_are_computed_for_each_step() {
    let (source, access, _server) = composites();
    let time = TimeRange::parse("2020-01-02").unwrap();
    let found = search(&*source, &access, &Query::new().time(time)).await;
    let granules: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        granules.iter().map(|one| &*one.id).collect::<Vec<_>>(),
        ["2020-01-02-c0r0", "2020-01-02-c1r0"]
    );
    assert_eq!(access.stats().requests, 0, "steps are known without asking");
    let opened =
        source.open(&granules[0], granules[0].asset("red").unwrap(), &access).await.unwrap();
    let bytes = read_opened(&opened, ByteRequest::All).await.unwrap();
    let second = |_, lon, lat| pixel(1, 2, lon, lat).unwrap_or(0);
    assert_eq!(bytes, tiff(64, 20, 1, [10.0, 52.0]).write(second));
}

#[tokio::test]
async fn large_grids_are_asked_for_in_parts_that_are_allowed() {
    let server = server();
    let mut config = config(server.url());
    config["tile"] = json!(1_000_000);
    config["grid"]["shape"] = json!([3000, 18000]);
    let source = connected(config).unwrap();
    let found = search(&*source, &access(), &Query::new().id("I0-c0r0")).await;
    let granule = found[0].as_ref().unwrap();
    // 48 MB hold 2828² pixels of three bands of two bytes.
    let grid = granule.asset("rgb").unwrap().geobox.clone().unwrap();
    assert_eq!((grid.width, grid.height), (2828, 2828));
    source.open(granule, granule.asset("rgb").unwrap(), &access()).await.unwrap();
}

#[tokio::test]
async fn an_exhausted_quota_is_waited_for_and_other_refusals_are_shown() {
    let server = server();
    let source = connected(config(server.url())).unwrap();
    busy(&server, 2);
    let access = access();
    let found = search(&*source, &access, &Query::new().limit(1)).await;
    let granule = found[0].as_ref().unwrap();
    assert_eq!(access.stats().retries, 2);
    busy(&server, 3);
    source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap();
    assert_eq!(access.stats().retries, 5);
    busy(&server, 100);
    let error = source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 429, .. }), "{error}");

    server.clear_faults();
    let mut config = config(server.url());
    config["assets"] = json!({ "red": ["B99"] });
    let source = connected(config).unwrap();
    let found = search(&*source, &access, &Query::new().limit(1)).await;
    let granule = found[0].as_ref().unwrap();
    let error = source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap_err();
    assert!(error.to_string().contains("'B99' did not match any bands"), "{error}");

    let mut config = self::config(server.url());
    config["asset"] = json!("TEST/NONE");
    let found = search(&*connected(config).unwrap(), &access, &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::NotFound { .. })]), "{found:?}");
}

/// The server's answers are what they say they are: rasterio reads them.
#[test]
fn the_answers_are_geotiffs() {
    let Some(python) = std::env::var_os("TERRACUBE_PYTHON") else {
        assert!(std::env::var("TERRACUBE_TEST_STRICT").is_err(), "TERRACUBE_PYTHON must be set");
        println!("skipped: TERRACUBE_PYTHON is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pixels.tif");
    let value = |band, lon, lat| pixel(3, band, lon, lat).unwrap_or(0);
    std::fs::write(&path, tiff(56, 80, 3, [16.4, 52.0]).write(value)).unwrap();
    let program = "import rasterio, sys; r = rasterio.open(sys.argv[1]); \
                   print(r.shape, r.count, r.dtypes[0], r.crs.to_epsg(), \
                   [round(v, 6) for v in r.transform][:6], r.read(3)[15, 2], r.read(1)[70].max())";
    let output =
        std::process::Command::new(python).args(["-c", program]).arg(&path).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "(80, 56) 3 uint16 4326 [0.1, 0.0, 16.4, 0.0, -0.1, 52.0] 30867 0",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_wrong_configuration_names_its_key() {
    let error = |key: &str, value: Value| {
        let mut config = config("https://h.example");
        config[key] = value;
        connected(config).unwrap_err().to_string()
    };
    assert!(error("asset", json!("../x")).contains("no name of an asset"));
    assert!(error("dtype", json!("int64")).contains("`dtype`"));
    let step = json!({ "method": "mode", "start": "2020", "end": "2021", "step": "P1M" });
    assert!(error("composite", step).contains("mode"));
}
