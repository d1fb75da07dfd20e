//! Images without an affine through a cube: by ground control points and by geolocation arrays.

use serde_json::{Value, json};
use terracube_cube::{Band, FillOptions, Report, Request, Schema};
use terracube_grid::{Affine, Anchor, Crs, GeoBox, Region};
use terracube_raster::{DType, Raster, Resampling};
use terracube_testbed::Server;

use crate::shots::{cube, filled};

/// `python/make_swaths.py` made the files here and what GDAL 3.12.2 makes of them.
const GCPS: &[u8] = include_bytes!("data/swaths/gcps.tif");
const MASK: &[u8] = include_bytes!("data/swaths/mask.tif");
#[cfg(feature = "netcdf")]
const SWATH: &[u8] = include_bytes!("data/swaths/swath.nc");

/// What a GeoTIFF with points and its mask become.
fn with_gcps() -> Value {
    let cases = include_str!("../../../raster/tests/fixtures/swath.json");
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    cases.into_iter().find(|case| case["name"] == "as GDAL chooses").unwrap()
}

fn expected() -> Value {
    serde_json::from_str(include_str!("data/swaths/expected.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<Option<f64>> {
    value.as_array().unwrap().iter().map(Value::as_f64).collect()
}

fn grid(crs: &str, case: &Value) -> GeoBox {
    let a: Vec<f64> = numbers(&case["affine"]).into_iter().flatten().collect();
    let side = |i: usize| case["shape"][i].as_u64().unwrap() as usize;
    let affine = Affine::new(a[0], a[1], a[2], a[3], a[4], a[5]);
    GeoBox::new(Crs::parse(crs).unwrap(), affine, side(1), side(0)).unwrap()
}

/// Serves one item whose metadata has no grid, with the assets `gcps`, `mask` and `swath`.
fn serve(grid: &GeoBox) -> Server {
    let place = Region::from_geobox(grid).unwrap();
    let b = place.bbox_wgs84()[0];
    let item = json!({
        "type": "Feature", "stac_version": "1.1.0", "id": "one", "collection": "swaths",
        "geometry": place.to_geojson(), "links": [],
        "bbox": [b.min_x, b.min_y, b.max_x, b.max_y],
        "properties": {"datetime": "2020-06-01T10:00:00Z"},
        "assets": {
            "gcps": {"href": "gcps.tif"}, "mask": {"href": "mask.tif"}, "swath": {"href": "swath.nc"},
        },
    });
    let collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "swaths", "license": "CC0-1.0",
        "description": "swaths of a test", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2000-01-01T00:00:00Z", null]]}},
    });
    let builder = Server::builder().bytes("swaths/gcps.tif", GCPS).bytes("swaths/mask.tif", MASK);
    #[cfg(feature = "netcdf")]
    let builder = builder.bytes("swaths/swath.nc", SWATH);
    builder.collection(collection, vec![item]).start().unwrap()
}

fn schema(grid: &GeoBox, band: Band, chunks: (usize, usize)) -> Schema {
    let b = grid.bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    let mut schema = Schema::new("swaths", grid.crs.clone(), extent, grid.affine.a);
    schema.anchor = Anchor::Floating;
    schema.band(band).chunks(chunks.0, chunks.1)
}

fn band(asset: &str) -> Band {
    Band::new("b", DType::F64).asset(asset)
}

fn values(raster: &Raster) -> Vec<Option<f64>> {
    let of = |n: usize| raster.value(n % raster.width, n / raster.width);
    (0..raster.width * raster.height).map(of).map(|v| v.filter(|v| !v.is_nan())).collect()
}

async fn pixels(schema: &Schema, server: &Server) -> Vec<Option<f64>> {
    let (_, report, loaded) = filled(schema, server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    values(&loaded.bands[0].rasters[0])
}

/// Fills in large patches and in small ones, which must give the same.
async fn both_ways(
    grid: &GeoBox,
    server: &Server,
    band: &Band,
    change: impl Fn(Schema) -> Schema,
) -> Vec<Option<f64>> {
    let whole = pixels(&change(schema(grid, band.clone(), (64, 64))), server).await;
    let parts = pixels(&change(schema(grid, band.clone(), (7, 11))), server).await;
    assert_eq!(whole.len(), parts.len());
    for (n, pair) in whole.iter().zip(&parts).enumerate() {
        match pair {
            // What is left is the rounding of the patch's own affine.
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-6, "{n}: {a} {b}"),
            (a, b) => assert_eq!(a, b, "{n}"),
        }
    }
    whole
}

/// Nearest is equal, bilinear within a millionth of values up to a thousand.
fn same(found: &[Option<f64>], expected: &[Option<f64>], resampling: Resampling) {
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().flatten().count() > 200 && expected.contains(&None));
    for (n, pair) in found.iter().zip(expected).enumerate() {
        match pair {
            (Some(a), Some(b)) if resampling == Resampling::Bilinear => {
                assert!((a - b).abs() < 1e-6, "{n}: {a} {b}");
            }
            (a, b) => assert_eq!(a, b, "{n}"),
        }
    }
}

const METHODS: [(&str, Resampling); 2] =
    [("nearest", Resampling::Nearest), ("bilinear", Resampling::Bilinear)];

#[tokio::test(flavor = "multi_thread")]
async fn ground_control_points_place_an_image_as_gdal_does() {
    let case = with_gcps();
    let grid = grid("EPSG:32633", &case);
    let server = serve(&grid);
    for (name, resampling) in METHODS {
        let band = band("gcps").resampling(resampling);
        let found = both_ways(&grid, &server, &band, |schema| schema).await;
        same(&found, &numbers(&case["values"][name]), resampling);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_is_placed_by_its_own_points() {
    let case = with_gcps();
    let grid = grid("EPSG:32633", &case);
    let server = serve(&grid);
    for (dilate, key) in [(0, "kept"), (1, "kept_dilated")] {
        let text = format!("asset = \"mask\"\ndrop = [1, 3]\ndilate = {dilate}");
        let mask: terracube_cube::Mask = toml::from_str(&text).unwrap();
        let masked = |schema: Schema| schema.mask(mask.clone());
        let found = both_ways(&grid, &server, &band("gcps"), masked).await;
        let kept = numbers(&expected()[key]);
        let expected = numbers(&case["values"]["nearest"]).into_iter().zip(kept);
        let expected: Vec<_> =
            expected.map(|(value, kept)| value.filter(|_| kept == Some(1.0))).collect();
        same(&found, &expected, Resampling::Nearest);
    }
}

#[cfg(feature = "netcdf")]
#[tokio::test(flavor = "multi_thread")]
async fn geolocation_arrays_place_a_swath_as_gdal_does() {
    let expected = &expected()["swath"];
    let grid = grid("EPSG:4326", expected);
    let server = serve(&grid);
    for (name, resampling) in METHODS {
        let band = band("swath").variable("sst").resampling(resampling);
        let found = both_ways(&grid, &server, &band, |schema| schema).await;
        same(&found, &numbers(&expected["values"][name]), resampling);
    }
}

fn reason(report: &Report) -> &str {
    &report.failed[0].reason
}

#[tokio::test(flavor = "multi_thread")]
async fn what_points_cannot_do_is_said() {
    let grid = grid("EPSG:32633", &with_gcps());
    let server = serve(&grid);
    for (resampling, name) in [(Resampling::Cubic, "cubic"), (Resampling::Average, "average")] {
        let declared = schema(&grid, band("gcps").resampling(resampling), (64, 64));
        let (_, report, _) = filled(&declared, &server).await;
        let said = format!("nearest or bilinear, not {name}");
        assert!(reason(&report).contains(&said), "{}", reason(&report));
    }
    // 8 bytes of value and one of validity for each of at least a few hundred pixels.
    let cube = cube(&schema(&grid, band("gcps"), (64, 64)), &server).await;
    let plan = cube.plan(&Request::all()).await.unwrap();
    let options = FillOptions { memory: 4096, ..FillOptions::default() };
    let report = cube.fill_with(plan, options).await.unwrap();
    assert!(reason(&report).contains("declare smaller chunks"), "{}", reason(&report));
}
