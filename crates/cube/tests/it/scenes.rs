//! Scenes of real geometry (a zone border, 180°, a pole) through a whole cube, against GDAL; and
//! groups and mosaics against odc-stac. `python/make_scenes.py` makes what is compared.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use terracube_cube::{Band, Mask, Request, Schema};
use terracube_grid::{Affine, Anchor, Crs, GeoBox, Region, Time, TimeAxis};
use terracube_raster::{DType, Raster, Resampling};
use terracube_testbed::Server;

use crate::shots::{self, filled};

#[derive(Deserialize)]
struct Scenes {
    scenes: Vec<Scene>,
    cases: Vec<Case>,
    odc: OdcCase,
    grouped: Vec<Grouped>,
}

#[derive(Deserialize)]
struct Scene {
    id: String,
    datetime: String,
    crs: String,
    transform: [f64; 6],
    shape: [usize; 2],
    has_scl: bool,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    crs: String,
    extent: [f64; 4],
    resolution: f64,
    resampling: Resampling,
    masked: bool,
    scenes: Vec<String>,
}

#[derive(Deserialize)]
struct OdcCase {
    crs: String,
    extent: [f64; 4],
    resolution: f64,
    scenes: Vec<String>,
    times: Vec<String>,
    groups: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Grouped {
    id: String,
    datetime: String,
    bbox: [f64; 4],
    own: String,
    #[serde(rename = "at_-122.4")]
    at: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/scenes")
}

fn scenes() -> Scenes {
    let text = std::fs::read_to_string(folder().join("scenes.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Serves some of the scenes.
fn serve(all: &[Scene], ids: &[String]) -> Server {
    let items = all.iter().filter(|scene| ids.contains(&scene.id)).map(item).collect();
    let collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "scenes", "license": "CC0-1.0",
        "description": "scenes", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2020-01-01T00:00:00Z", null]]}},
    });
    let builder = Server::builder().collection(collection, items);
    builder.files_at("scenes", folder()).start().expect("the server starts")
}

fn item(scene: &Scene) -> Value {
    let [a, b, c, d, e, f] = scene.transform;
    let [height, width] = scene.shape;
    let affine = Affine { a, b, c, d, e, f };
    let geobox = GeoBox::new(Crs::parse(&scene.crs).unwrap(), affine, width, height).unwrap();
    let region = Region::from_geobox(&geobox).unwrap();
    let boxes = region.bbox_wgs84();
    let (first, last) = (&boxes[0], &boxes[boxes.len() - 1]);
    let mut assets = json!({"red": {"href": format!("{}.tif", scene.id), "proj:code": scene.crs}});
    if scene.has_scl {
        assets["scl"] = json!({"href": format!("{}_scl.tif", scene.id), "proj:code": scene.crs});
    }
    json!({
        "type": "Feature", "stac_version": "1.1.0", "id": scene.id, "collection": "scenes",
        "geometry": region.to_geojson(), "links": [], "assets": assets,
        "bbox": [first.min_x, first.min_y, last.max_x, last.max_y],
        "properties": {"datetime": scene.datetime},
    })
}

fn schema(crs: &str, extent: [f64; 4], resolution: f64, resampling: Resampling) -> Schema {
    let band = Band::new("red", DType::U16).nodata(0.0).resampling(resampling);
    let mut schema = Schema::new("scenes", Crs::parse(crs).unwrap(), extent, resolution).band(band);
    schema.anchor = Anchor::Floating;
    // Positions are exact, as they are in what is compared.
    schema.tolerance = 0.0;
    schema.mosaic = toml::from_str("order = \"oldest\"").unwrap();
    schema.chunks(32, 48)
}

fn expected(file: &Path) -> Vec<u16> {
    let bytes = std::fs::read(file).unwrap();
    bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
}

/// Pixels that differ, and by how much at most; in validity they must not.
fn differences(raster: &Raster, expected: &[u16], name: &str) -> (usize, f64) {
    assert_eq!(raster.width * raster.height, expected.len(), "{name}");
    let (mut count, mut largest) = (0, 0.0f64);
    for (i, expected) in expected.iter().enumerate() {
        let (col, row) = (i % raster.width, i / raster.width);
        let ours = raster.value(col, row).unwrap_or(0.0);
        let theirs = f64::from(*expected);
        assert_eq!(
            ours == 0.0,
            theirs == 0.0,
            "{name}: validity at {col}, {row}: {ours}, {theirs}"
        );
        count += usize::from(ours != theirs);
        largest = largest.max((ours - theirs).abs());
    }
    (count, largest)
}

#[tokio::test(flavor = "multi_thread")]
async fn scenes_across_zones_180_degrees_and_a_pole_are_those_of_gdal() {
    let all = scenes();
    for case in &all.cases {
        let server = serve(&all.scenes, &case.scenes);
        let mut schema = schema(&case.crs, case.extent, case.resolution, case.resampling);
        if case.masked {
            let mask: Mask = toml::from_str(
                "asset = \"scl\"\nmeaning = \"sentinel-2-scl\"\ndrop = [\"cloud_high_probability\"]",
            )
            .unwrap();
            schema = schema.mask(mask);
        }
        let (cube, report, loaded) = filled(&schema, &server).await;
        assert!(report.failed.is_empty(), "{}: {:?}", case.name, report.failed);
        let plan = cube.plan(&Request::all()).await.unwrap();
        assert!(plan.is_empty(), "{}: nothing is left", case.name);
        let expected = expected(&folder().join(format!("{}.bin", case.name)));
        let (count, largest) = differences(&loaded.bands[0].rasters[0], &expected, &case.name);
        println!(
            "{}: {count} of {} pixels differ, by {largest} at most",
            case.name,
            expected.len()
        );
        match case.resampling {
            Resampling::Nearest => assert_eq!(count, 0, "{}", case.name),
            // Ties at exactly .5 may fall either way.
            _ => assert!(largest <= 1.0 && count * 200 <= expected.len(), "{}", case.name),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn solar_days_and_their_mosaics_are_those_of_odc_stac() {
    let all = scenes();
    let case = &all.odc;
    let server = serve(&all.scenes, &case.scenes);
    let axis: TimeAxis = toml::from_str(
        "times = \"source\"\nstart = \"2020-05-01\"\nend = \"2020-07-01\"\ngroup = \"solar_day\"\nlongitude = \"cube\"",
    )
    .unwrap();
    let schema = schema(&case.crs, case.extent, case.resolution, Resampling::Nearest).time(axis);
    let (source, access) = crate::archive::source(&server);
    let schema = schema.with_times_of(&*source, &access).await.unwrap();
    let cube = shots::cube(&schema, &server).await;
    let plan = cube.plan(&Request::all()).await.unwrap();
    let steps = schema.time.clone().unwrap();
    let mut groups = vec![Vec::new(); steps.len()];
    // Those of a group in the order in which they are laid on one another.
    for granule in &plan.granules {
        let middle = Some(177.0);
        groups[steps.step_of(granule.nominal_time(), middle).unwrap()].push(granule.id.clone());
    }
    assert_eq!(groups, case.groups);
    assert_eq!(case.times.len(), steps.len());

    let (_, report, loaded) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let pixels = expected(&folder().join("odc.bin"));
    let each = pixels.len() / steps.len();
    for (i, raster) in loaded.bands[0].rasters.iter().enumerate() {
        let found = differences(raster, &pixels[i * each..(i + 1) * each], "odc-stac");
        assert_eq!(found, (0, 0.0), "group {i}");
    }
}

#[test]
fn items_anywhere_are_of_the_solar_days_of_odc_stac() {
    let of = |longitude: &str| -> TimeAxis {
        toml::from_str(&format!(
            "start = \"2020-02-20\"\nend = \"2020-03-10\"\ngroup = \"solar_day\"\n{longitude}"
        ))
        .unwrap()
    };
    let (own, fixed) = (of(""), of("longitude = -122.4"));
    for item in scenes().grouped {
        let time = Time::parse(&item.datetime).unwrap();
        let [west, south, east, north] = item.bbox;
        let middle = Region::from_bbox(west, south, east, north).unwrap().middle_longitude();
        let day = |axis: &TimeAxis, longitude| {
            axis.step(axis.step_of(time, longitude).unwrap()).unwrap().label
        };
        assert_eq!(day(&own, middle), item.own, "{}", item.id);
        assert_eq!(day(&fixed, Some(-122.4)), item.at, "{}", item.id);
    }
}
