//! Earth Engine: a server on loopback that answers as the API's documents say.
//!
//! <https://developers.google.com/earth-engine/reference/rest/v1/projects.assets/getPixels>,
//! `…/projects.image/computePixels`, `…/projects.assets/listAssets`.

use std::any::Any;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use terracube_grid::{Region, TimeRange};
use terracube_source::conformance::Expectations;
use terracube_source::{Access, EarthEngine, Error, Query, Registry, Source, read_opened};
use terracube_store::ByteRequest;

use crate::support::{access, ids, search};

const COLLECTION: &str = "projects/earthengine-public/assets/TEST/S2";
const BANDS: [&str; 3] = ["B2", "B3", "B4"];

/// Six images, 2° wide and side by side from 10° E, one a day from 1 January 2020.
#[derive(Default)]
pub(crate) struct EarthEngineServer {
    url: String,
    /// The bodies of requests for pixels, and the queries of listings.
    asked: Mutex<Vec<Value>>,
    /// Answers that are 429.
    busy: Mutex<usize>,
}

impl EarthEngineServer {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(Self { url, ..Self::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&server));
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(server): State<Arc<EarthEngineServer>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes());
    let pairs: serde_json::Map<String, Value> =
        pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect();
    let method = request.method().clone();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    {
        let mut busy = server.busy.lock().unwrap();
        if *busy > 0 {
            *busy -= 1;
            return refused(429, "RESOURCE_EXHAUSTED", "Too many concurrent aggregations.");
        }
    }
    let Some(name) = path.strip_prefix("/v1/") else {
        return refused(404, "NOT_FOUND", "no such method");
    };
    match (method, name.split_once(':')) {
        (Method::GET, None) if name == COLLECTION => {
            axum::Json(json!({ "type": "IMAGE_COLLECTION", "name": name })).into_response()
        }
        (Method::GET, None) if name == format!("{COLLECTION}/I3") => {
            axum::Json(image(3)).into_response()
        }
        (Method::GET, Some((COLLECTION, "listAssets"))) => {
            server.asked.lock().unwrap().push(Value::Object(pairs.clone()));
            axum::Json(list(&pairs)).into_response()
        }
        (Method::POST, Some((name, verb @ ("getPixels" | "computePixels")))) => {
            let body: Value = serde_json::from_slice(&body).unwrap();
            server.asked.lock().unwrap().push(body.clone());
            match pixels(name, verb, &body) {
                Ok(tiff) => tiff.into_response(),
                Err(message) => refused(400, "INVALID_ARGUMENT", &message),
            }
        }
        _ => refused(404, "NOT_FOUND", "Asset not found."),
    }
}

fn refused(code: u16, status: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message, "status": status } });
    (StatusCode::from_u16(code).unwrap(), axum::Json(body)).into_response()
}

fn image(n: u32) -> Value {
    let west = 10 + 2 * n;
    json!({
        "type": "IMAGE", "name": format!("{COLLECTION}/I{n}"), "id": format!("TEST/S2/I{n}"),
        "updateTime": "2021-05-01T00:00:00.5Z",
        "startTime": format!("2020-01-0{}T12:00:00Z", n + 1),
        "properties": { "CLOUDY_PIXEL_PERCENTAGE": n * 10 },
        "geometry": { "type": "Polygon", "coordinates":
            [[[west, 50], [west + 2, 50], [west + 2, 52], [west, 52], [west, 50]]] },
        "bands": BANDS.map(|id| json!({ "id": id })),
    })
}

/// Two images a page, filtered by the fields that the documents name.
fn list(pairs: &serde_json::Map<String, Value>) -> Value {
    let text = |name: &str| pairs.get(name).and_then(Value::as_str).unwrap_or("");
    let wanted = |image: &Value| {
        text("filter").split(" AND ").filter(|one| !one.is_empty()).all(|one| {
            let start = image["startTime"].as_str().unwrap();
            let quoted = || one.split('"').nth(1).unwrap();
            match one {
                _ if one.starts_with("startTime >= ") => start >= quoted(),
                _ if one.starts_with("startTime < ") => start < quoted(),
                _ if one.starts_with("intersects(") => {
                    let area = Region::from_geojson_str(&quoted().replace('\'', "\"")).unwrap();
                    let own = Region::from_geojson(&image["geometry"]).unwrap();
                    area.bbox_wgs84()[0].intersection(&own.bbox_wgs84()[0]).is_some()
                }
                "properties.CLOUDY_PIXEL_PERCENTAGE < 15" => {
                    image["properties"]["CLOUDY_PIXEL_PERCENTAGE"].as_u64().unwrap() < 15
                }
                other => panic!("unknown filter {other}"),
            }
        })
    };
    let all: Vec<Value> = (0..6).map(image).filter(wanted).collect();
    let first: usize = text("pageToken").parse().unwrap_or(0);
    let mut page = json!({ "assets": all.iter().skip(first).take(2).collect::<Vec<_>>() });
    if first + 2 < all.len() {
        page["nextPageToken"] = json!((first + 2).to_string());
    }
    page
}

/// The pixels asked for as a GeoTIFF, or what is wrong with the request.
fn pixels(name: &str, verb: &str, body: &Value) -> Result<Vec<u8>, String> {
    for key in body.as_object().ok_or("no object")?.keys() {
        let known = ["fileFormat", "grid", "bandIds"].contains(&key.as_str())
            || (verb == "computePixels" && key == "expression");
        if !known {
            return Err(format!("Unknown name \"{key}\""));
        }
    }
    if verb == "computePixels" {
        let result = body["expression"]["result"].as_str().ok_or("no expression")?;
        if name != "projects/my-project/image" || !body["expression"]["values"][result].is_object()
        {
            return Err("Expression is invalid.".to_owned());
        }
    } else if !name.starts_with(&format!("{COLLECTION}/I")) {
        return Err(format!("{name} is no image"));
    }
    if body["fileFormat"] != "GEO_TIFF" || body["grid"]["crsCode"] != "EPSG:4326" {
        return Err("format or CRS".to_owned());
    }
    let size = |key: &str| body["grid"]["dimensions"][key].as_u64().ok_or("no dimensions");
    let (width, height) = (size("width")?, size("height")?);
    let bands: Vec<&str> =
        body["bandIds"].as_array().ok_or("no bandIds")?.iter().filter_map(Value::as_str).collect();
    if let Some(unknown) = bands.iter().find(|band| !BANDS.contains(band)) {
        return Err(format!("Band pattern '{unknown}' did not match any bands."));
    }
    let bytes = width * height * bands.len() as u64 * 2;
    if width.max(height) > 32_768 || bytes > 48_000_000 {
        return Err("Total request size must be less than or equal to 50331648 bytes.".to_owned());
    }
    let affine = &body["grid"]["affineTransform"];
    let number = |key: &str| affine[key].as_f64().ok_or("no affineTransform");
    if number("shearX")? != 0.0 || number("shearY")? != 0.0 {
        return Err("sheared".to_owned());
    }
    let corner = [number("translateX")?, number("translateY")?];
    let scale = [number("scaleX")?, -number("scaleY")?];
    Ok(geotiff(width as u32, height as u32, bands.len() as u16, corner, scale))
}

/// An uncompressed GeoTIFF of unsigned 16-bit pixels: row × width + column + 1000 × band.
fn geotiff(width: u32, height: u32, bands: u16, corner: [f64; 2], scale: [f64; 2]) -> Vec<u8> {
    let doubles = |all: &[f64]| all.iter().flat_map(|one| one.to_le_bytes()).collect::<Vec<u8>>();
    let shorts = |all: &[u16]| all.iter().flat_map(|one| one.to_le_bytes()).collect::<Vec<u8>>();
    let long = |one: u32| one.to_le_bytes().to_vec();
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|at| (0..bands).map(move |band| (at as u16).wrapping_add(1000 * band)))
        .flat_map(u16::to_le_bytes)
        .collect();
    let keys = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    let mut tags: Vec<(u16, u16, Vec<u8>)> = vec![
        (256, 4, long(width)),
        (257, 4, long(height)),
        (258, 3, shorts(&vec![16; bands.into()])),
        (259, 3, shorts(&[1])),
        (262, 3, shorts(&[1])),
        (273, 4, long(8)),
        (277, 3, shorts(&[bands])),
        (278, 4, long(height)),
        (279, 4, long(pixels.len() as u32)),
        (284, 3, shorts(&[1])),
    ];
    if bands > 1 {
        tags.push((338, 3, shorts(&vec![0; usize::from(bands) - 1])));
    }
    tags.push((33550, 12, doubles(&[scale[0], scale[1], 0.0])));
    tags.push((33922, 12, doubles(&[0.0, 0.0, 0.0, corner[0], corner[1], 0.0])));
    tags.push((34735, 3, shorts(&keys)));
    let mut file = b"II*\0\0\0\0\0".to_vec();
    file.extend(&pixels);
    file.resize(file.len().next_multiple_of(2), 0);
    let mut entries = Vec::new();
    for (tag, kind, bytes) in tags {
        let each = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8][usize::from(kind)];
        let mut value = bytes.clone();
        if bytes.len() > 4 {
            value = (file.len() as u32).to_le_bytes().to_vec();
            file.extend(&bytes);
        }
        value.resize(4, 0);
        entries.extend(tag.to_le_bytes());
        entries.extend(kind.to_le_bytes());
        entries.extend(((bytes.len() / each) as u32).to_le_bytes());
        entries.extend(value);
    }
    let start = file.len() as u32;
    file[4..8].copy_from_slice(&start.to_le_bytes());
    file.extend(((entries.len() / 12) as u16).to_le_bytes());
    file.extend(entries);
    file.extend([0; 4]);
    file
}

fn config(server: &EarthEngineServer) -> Value {
    json!({
        "url": server.url, "project": "my-project", "asset": "TEST/S2",
        "assets": { "red": ["B4"], "rgb": ["B4", "B3", "B2"] }, "dtype": "uint16", "tile": 64,
        // 120 by 20 pixels: two tiles side by side.
        "grid": { "crs": "EPSG:4326", "extent": [10.0, 50.0, 22.0, 52.0], "shape": [20, 120] },
    })
}

fn connected(config: Value) -> Result<Arc<dyn Source>, Error> {
    Registry::empty().with::<EarthEngine>().connect("earth-engine", config)
}

pub(crate) async fn per_image() -> (Arc<dyn Source>, Access, Box<dyn Any>) {
    let server = EarthEngineServer::start().await;
    (connected(config(&server)).unwrap(), access(), Box::new(()))
}

pub(crate) async fn composites() -> (Arc<dyn Source>, Access, Box<dyn Any>) {
    let server = EarthEngineServer::start().await;
    let mut config = config(&server);
    config["composite"] =
        json!({ "method": "median", "start": "2020-01-01", "end": "2020-01-04", "step": "P1D" });
    (connected(config).unwrap(), access(), Box::new(()))
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
    let server = EarthEngineServer::start().await;
    let source = connected(config(&server)).unwrap();
    let all = ids(&*source, &access(), &Query::new()).await;
    assert_eq!(all, ["I0-c0r0", "I1-c0r0", "I2-c0r0", "I3-c0r0", "I3-c1r0", "I4-c1r0", "I5-c1r0"]);
    let tokens: Vec<Value> = server.asked().iter().map(|one| one["pageToken"].clone()).collect();
    assert_eq!(tokens, [Value::Null, json!("2"), json!("4")]);

    let mut config = config(&server);
    config["filter"] = json!("properties.CLOUDY_PIXEL_PERCENTAGE < 15");
    let found = ids(&*connected(config).unwrap(), &access(), &expected().some).await;
    assert_eq!(found, ["I0-c0r0", "I1-c0r0"]);
    // ee._cloud_api_utils.convert_list_images_params_to_list_assets_params, by the start alone.
    let filter = server.asked()[0]["filter"].as_str().unwrap().to_owned();
    let (before, area) = filter.split_once(" AND intersects(").unwrap();
    assert_eq!(
        before,
        "properties.CLOUDY_PIXEL_PERCENTAGE < 15 AND startTime >= \"2020-01-01T00:00:00Z\" AND \
         startTime < \"2020-01-03T00:00:00Z\""
    );
    assert!(area.starts_with("\"{'") && area.ends_with("}\")"), "{area}");
}

#[tokio::test]
async fn a_single_image_is_a_source_too() {
    let server = EarthEngineServer::start().await;
    let mut config = config(&server);
    config["asset"] = json!(format!("{COLLECTION}/I3"));
    let found = ids(&*connected(config).unwrap(), &access(), &Query::new()).await;
    assert_eq!(found, ["I3-c0r0", "I3-c1r0"]);
}

#[tokio::test]
async fn pixels_come_on_the_grid() {
    let server = EarthEngineServer::start().await;
    let source = connected(config(&server)).unwrap();
    let found = search(&*source, &access(), &Query::new().id("I3-c1r0")).await;
    let granule = found[0].as_ref().unwrap();
    assert_eq!(granule.time.to_string(), "2020-01-04T12:00:00Z/2020-01-04T12:00:00Z");
    assert_eq!(granule.version.as_deref(), Some("2021-05-01T00:00:00.5Z"));
    let asset = granule.asset("rgb").unwrap();
    assert_eq!(asset.band_index("B3"), Some(1));
    server.asked();
    let opened = source.open(granule, asset, &access()).await.unwrap();
    assert_eq!(
        server.asked(),
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
    assert_eq!(bytes, geotiff(56, 20, 3, [16.4, 52.0], [0.1, 0.1]));
}

#[tokio::test]
async fn masked_pixels_are_given_a_value_where_one_is_declared() {
    let server = EarthEngineServer::start().await;
    let mut config = config(&server);
    config["nodata"] = json!(65535);
    let source = connected(config).unwrap();
    let found = search(&*source, &access(), &Query::new().id("I0-c0r0")).await;
    let granule = found[0].as_ref().unwrap();
    let asset = granule.asset("red").unwrap();
    assert_eq!(asset.bands[0].nodata, Some(65535.0));
    server.asked();
    source.open(granule, asset, &access()).await.unwrap();
    let call = &server.asked()[0]["expression"]["values"]["0"]["functionInvocationValue"];
    assert_eq!(call["functionName"], "Image.unmask");
    let input = &call["arguments"]["input"]["functionInvocationValue"]["arguments"]["id"];
    assert_eq!(input["constantValue"], format!("{COLLECTION}/I0"));
}

#[tokio::test]
async fn composites_are_computed_for_each_step() {
    let (source, access, _server) = composites().await;
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
    assert_eq!(bytes, geotiff(64, 20, 1, [10.0, 52.0], [0.1, 0.1]));
}

#[tokio::test]
async fn large_grids_are_asked_for_in_parts_that_are_allowed() {
    let server = EarthEngineServer::start().await;
    let mut config = config(&server);
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
    let server = EarthEngineServer::start().await;
    let source = connected(config(&server)).unwrap();
    *server.busy.lock().unwrap() = 2;
    let access = access();
    let found = search(&*source, &access, &Query::new().limit(1)).await;
    let granule = found[0].as_ref().unwrap();
    assert_eq!(access.stats().retries, 2);
    *server.busy.lock().unwrap() = 3;
    source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap();
    assert_eq!(access.stats().retries, 5);
    *server.busy.lock().unwrap() = 100;
    let error = source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 429, .. }), "{error}");

    *server.busy.lock().unwrap() = 0;
    let mut config = config(&server);
    config["assets"] = json!({ "red": ["B99"] });
    let source = connected(config).unwrap();
    let found = search(&*source, &access, &Query::new().limit(1)).await;
    let granule = found[0].as_ref().unwrap();
    let error = source.open(granule, granule.asset("red").unwrap(), &access).await.unwrap_err();
    assert!(error.to_string().contains("'B99' did not match any bands"), "{error}");

    let mut config = self::config(&server);
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
    std::fs::write(&path, geotiff(56, 20, 3, [16.4, 52.0], [0.1, 0.1])).unwrap();
    let program = "import rasterio, sys; r = rasterio.open(sys.argv[1]); \
                   print(r.shape, r.count, r.dtypes[0], r.crs.to_epsg(), \
                   [round(v, 6) for v in r.transform][:6], r.read(3)[1, 2])";
    let output =
        std::process::Command::new(python).args(["-c", program]).arg(&path).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "(20, 56) 3 uint16 4326 [0.1, 0.0, 16.4, 0.0, -0.1, 52.0] 2058",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_wrong_configuration_names_its_key() {
    let server = EarthEngineServer { url: "https://h.example".to_owned(), ..Default::default() };
    let error = |key: &str, value: Value| {
        let mut config = config(&server);
        config[key] = value;
        connected(config).unwrap_err().to_string()
    };
    assert!(error("asset", json!("../x")).contains("no name of an asset"));
    assert!(error("dtype", json!("int64")).contains("`dtype`"));
    let step = json!({ "method": "mode", "start": "2020", "end": "2021", "step": "P1M" });
    assert!(error("composite", step).contains("mode"));
}
