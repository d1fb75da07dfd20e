//! Earth Engine, as far as its REST API's documents say: listings of a collection, and pixels.
//!
//! <https://developers.google.com/earth-engine/reference/rest/v1/projects.assets/getPixels>,
//! `…/projects.image/computePixels`, `…/projects.assets/listAssets`.
//!
//! The collection has six images of three bands, 2° wide and side by side from 10° E, between 50°
//! and 52° N, one a day from 1 January 2020; a page of a listing has two of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

use crate::plain_tiff::PlainTiff;
use crate::server::Shared;

/// The collection of the server, by its full name.
pub const COLLECTION: &str = "projects/earthengine-public/assets/TEST/S2";
/// The bands of each image.
pub const BANDS: [&str; 3] = ["B2", "B3", "B4"];
/// The project whose computations are allowed.
pub const PROJECT: &str = "my-project";

const IMAGES: u16 = 6;
/// The limits of a request for pixels.
const MOST_PIXELS: u64 = 32_768;
const MOST_BYTES: u64 = 50_331_648;

type Answer<T> = Result<T, String>;

/// The pixel of an image (from 0) and a band (from 0) at a place in degrees: it tells all of them,
/// the place to a tenth of a degree. `None` outside the image.
#[must_use]
pub fn pixel(image: u16, band: u16, lon: f64, lat: f64) -> Option<u16> {
    let west = 10.0 + 2.0 * f64::from(image);
    let inside = (west..west + 2.0).contains(&lon) && lat > 50.0 && lat <= 52.0;
    let cell = |distance: f64| (distance * 10.0 + 1e-6).floor() as u16;
    inside.then(|| 1 + 8000 * image + 2500 * band + cell(lon - 10.0) + 120 * cell(52.0 - lat))
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/{*name}", any(answer))
}

async fn answer(
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    body: Bytes,
) -> Response {
    let name = uri.path().trim_start_matches("/v1/");
    let answered = match (method, name.split_once(':')) {
        (Method::GET, None) if name == COLLECTION => {
            Ok(axum::Json(json!({ "type": "IMAGE_COLLECTION", "name": name })).into_response())
        }
        (Method::GET, None) if image_of(name).is_some() => {
            Ok(axum::Json(image(image_of(name).unwrap_or_default())).into_response())
        }
        (Method::GET, Some((COLLECTION, "listAssets"))) => {
            list(&query).map(|page| axum::Json(page).into_response())
        }
        (Method::POST, Some((name, verb @ ("getPixels" | "computePixels")))) => {
            serde_json::from_slice(&body)
                .map_err(|cause| cause.to_string())
                .and_then(|body| pixels(name, verb, &body))
                .map(IntoResponse::into_response)
        }
        _ => return refused(StatusCode::NOT_FOUND, "NOT_FOUND", "Asset not found."),
    };
    answered
        .unwrap_or_else(|message| refused(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", &message))
}

fn refused(code: StatusCode, status: &str, message: &str) -> Response {
    let error = json!({ "code": code.as_u16(), "message": message, "status": status });
    (code, axum::Json(json!({ "error": error }))).into_response()
}

fn image(n: u16) -> Value {
    let west = 10 + 2 * n;
    json!({
        "type": "IMAGE", "name": format!("{COLLECTION}/I{n}"), "id": format!("TEST/S2/I{n}"),
        "updateTime": "2021-05-01T00:00:00.5Z", "startTime": start(n),
        "properties": { "CLOUDY_PIXEL_PERCENTAGE": n * 10 },
        "geometry": { "type": "Polygon", "coordinates":
            [[[west, 50], [west + 2, 50], [west + 2, 52], [west, 52], [west, 50]]] },
        "bands": BANDS.map(|id| json!({ "id": id })),
    })
}

fn start(n: u16) -> String {
    format!("2020-01-0{}T12:00:00Z", n + 1)
}

/// The number of the image of this name.
fn image_of(name: &str) -> Option<u16> {
    let n = name.strip_prefix(COLLECTION)?.strip_prefix("/I")?.parse().ok()?;
    (n < IMAGES).then_some(n)
}

/// A page, filtered by the fields that the documents name.
fn list(query: &BTreeMap<String, String>) -> Answer<Value> {
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let mut all = Vec::new();
    for image in (0..IMAGES).map(image) {
        let mut wanted = true;
        for condition in text("filter").split(" AND ").filter(|one| !one.is_empty()) {
            wanted &= admits(&image, condition)?;
        }
        if wanted {
            all.push(image);
        }
    }
    let first: usize = text("pageToken").parse().unwrap_or(0);
    let mut page = json!({ "assets": all.iter().skip(first).take(2).collect::<Vec<_>>() });
    if first + 2 < all.len() {
        page["nextPageToken"] = json!((first + 2).to_string());
    }
    Ok(page)
}

fn admits(image: &Value, condition: &str) -> Answer<bool> {
    let unknown = || format!("Invalid filter: {condition}");
    let quoted = || condition.split('"').nth(1).ok_or_else(unknown);
    let start = image["startTime"].as_str().unwrap_or_default();
    if condition.starts_with("startTime >= ") {
        return Ok(start >= quoted()?);
    }
    if condition.starts_with("startTime < ") {
        return Ok(start < quoted()?);
    }
    if condition.starts_with("intersects(") {
        let area: Value =
            serde_json::from_str(&quoted()?.replace('\'', "\"")).map_err(|_| unknown())?;
        let [a, b] = [bounds(&area["coordinates"]), bounds(&image["geometry"]["coordinates"])];
        return Ok(a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]);
    }
    let least = condition.strip_prefix("properties.CLOUDY_PIXEL_PERCENTAGE < ");
    let least: u64 = least.and_then(|number| number.parse().ok()).ok_or_else(unknown)?;
    Ok(image["properties"]["CLOUDY_PIXEL_PERCENTAGE"].as_u64() < Some(least))
}

/// West, south, east and north of coordinates however deep.
fn bounds(coordinates: &Value) -> [f64; 4] {
    let mut found = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let Some(all) = coordinates.as_array() else { return found };
    if let [Some(x), Some(y)] = [0, 1].map(|i| all.get(i).and_then(Value::as_f64)) {
        return [x, y, x, y];
    }
    for inner in all.iter().map(bounds) {
        found = [
            found[0].min(inner[0]),
            found[1].min(inner[1]),
            found[2].max(inner[2]),
            found[3].max(inner[3]),
        ];
    }
    found
}

/// The pixels asked for as a GeoTIFF, or what is wrong with the request.
fn pixels(name: &str, verb: &str, body: &Value) -> Answer<Vec<u8>> {
    for key in body.as_object().ok_or("no object")?.keys() {
        let known = ["fileFormat", "grid", "bandIds"].contains(&key.as_str())
            || (verb == "computePixels" && key == "expression");
        if !known {
            return Err(format!("Unknown name \"{key}\""));
        }
    }
    let shown = match verb {
        "getPixels" => {
            let n = image_of(name).ok_or_else(|| format!("{name} is no image"))?;
            Shown { images: vec![n], has_bands: true, outside: 0 }
        }
        _ if name == format!("projects/{PROJECT}/image") => Shown::computed(body)?,
        _ => return Err(format!("{name} may not compute")),
    };
    if body["fileFormat"] != "GEO_TIFF" || body["grid"]["crsCode"] != "EPSG:4326" {
        return Err("format or CRS".to_owned());
    }
    let size = |key: &str| body["grid"]["dimensions"][key].as_u64().ok_or("no dimensions");
    let (width, height) = (size("width")?, size("height")?);
    let mut bands = Vec::new();
    for band in body["bandIds"].as_array().ok_or("no bandIds")? {
        let found = BANDS.iter().position(|one| band == one);
        let unknown = || format!("Band pattern {band} did not match any bands.").replace('"', "'");
        bands.push(found.ok_or_else(unknown)? as u16);
    }
    if width.max(height) > MOST_PIXELS || width * height * bands.len() as u64 * 2 > MOST_BYTES {
        return Err(format!(
            "Total request size must be less than or equal to {MOST_BYTES} bytes."
        ));
    }
    let affine = &body["grid"]["affineTransform"];
    let number = |key: &str| affine[key].as_f64().ok_or("no affineTransform");
    if number("shearX")? != 0.0 || number("shearY")? != 0.0 {
        return Err("sheared".to_owned());
    }
    let tiff = PlainTiff {
        width: width as u32,
        height: height as u32,
        bands: bands.len() as u16,
        corner: [number("translateX")?, number("translateY")?],
        scale: [number("scaleX")?, -number("scaleY")?],
    };
    if shown.images.is_empty() && !shown.has_bands {
        return Err(format!(
            "Image.select: Band pattern '{}' did not match any bands. Available bands: []",
            BANDS[usize::from(bands[0])]
        ));
    }
    Ok(tiff.write(|band, lon, lat| shown.pixel(bands[usize::from(band)], lon, lat)))
}

/// What the pixels are made of.
struct Shown {
    /// The images, of which no two meet: any way of making them one is the same.
    images: Vec<u16>,
    /// Whether there are bands without images as well.
    has_bands: bool,
    /// The value outside them.
    outside: u16,
}

impl Shown {
    /// By an expression of a single image, or of a reduced collection that is filtered by time.
    fn computed(body: &Value) -> Answer<Self> {
        let expression = &body["expression"];
        let result = expression["result"].as_str().ok_or("no expression")?;
        let mut call = &expression["values"][result]["functionInvocationValue"];
        let mut outside = 0;
        if call["functionName"] == "Image.unmask" {
            let value =
                &call["arguments"]["value"]["functionInvocationValue"]["arguments"]["value"];
            let value = value["constantValue"].as_u64().ok_or("no value to unmask with")?;
            // The footprint stays that of the image unless told: outside it all is masked, and 0.
            if call["arguments"]["sameFootprint"]["constantValue"] == json!(false) {
                outside = value as u16;
            }
            call = &call["arguments"]["input"]["functionInvocationValue"];
        }
        let mut has_bands = false;
        if call["functionName"] == "If" {
            let otherwise = call["arguments"]["falseCase"].to_string();
            let is_masked = ["Image.constant", "Image.rename", "Image.updateMask"];
            has_bands = is_masked.iter().all(|function| otherwise.contains(function));
            let condition = &call["arguments"]["condition"]["functionInvocationValue"];
            if condition["functionName"] != "Collection.size" {
                return Err("Expression is invalid.".to_owned());
            }
            call = &call["arguments"]["trueCase"]["functionInvocationValue"];
        }
        let text = call.to_string();
        let images = match call["functionName"].as_str().ok_or("Expression is invalid.")? {
            "Image.load" => {
                let name = call["arguments"]["id"]["constantValue"].as_str().unwrap_or_default();
                vec![image_of(name).ok_or_else(|| format!("{name} is no image"))?]
            }
            name if name.starts_with("reduce.") || name == "ImageCollection.mosaic" => {
                let moment = |key: &str| {
                    let rest = text.split(&format!("\"{key}\":{{\"constantValue\":\"")).nth(1);
                    rest.and_then(|rest| rest.split('"').next()).ok_or(format!("no {key}"))
                };
                let (from, to) = (moment("start")?, moment("end")?);
                (0..IMAGES).filter(|n| (from..to).contains(&&*start(*n))).collect()
            }
            other => return Err(format!("No function {other}.")),
        };
        Ok(Self { images, has_bands, outside })
    }

    fn pixel(&self, band: u16, lon: f64, lat: f64) -> u16 {
        self.images.iter().find_map(|n| pixel(*n, band, lon, lat)).unwrap_or(self.outside)
    }
}
