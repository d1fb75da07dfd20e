//! Assets that can only be read whole: downloaded once, read by the libraries of the system.

use serde_json::{Value, json};
use terracube_cube::{Band, Schema};
use terracube_grid::{GeoBox, Region};
use terracube_raster::DType;
use terracube_testbed::Server;

use crate::archive::utm;
use crate::shots::filled;

/// Serves one item with one asset `file`, seen from the first to the last day of three.
fn serve(name: &str, bytes: Vec<u8>, geobox: &GeoBox, is_described: bool) -> Server {
    let mut properties = json!({
        "datetime": null,
        "start_datetime": "2020-06-01T00:00:00Z", "end_datetime": "2020-06-03T23:59:59Z",
    });
    if is_described {
        let t = geobox.affine;
        properties["proj:code"] = "EPSG:32633".into();
        properties["proj:shape"] = json!([geobox.height, geobox.width]);
        properties["proj:transform"] = json!([t.a, t.b, t.c, t.d, t.e, t.f]);
    }
    serve_all(geobox, vec![(name.to_owned(), bytes, properties)])
}

/// Serves items with one asset `file` each, by the file's name, its bytes and the properties.
pub(crate) fn serve_all(geobox: &GeoBox, files: Vec<(String, Vec<u8>, Value)>) -> Server {
    let place = Region::from_geobox(geobox).unwrap();
    let b = place.bbox_wgs84()[0];
    let (mut builder, mut items) = (Server::builder(), Vec::new());
    for (name, bytes, properties) in files {
        builder = builder.bytes(&format!("scenes/{name}"), bytes);
        items.push(json!({
            "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": "scenes",
            "geometry": place.to_geojson(), "links": [],
            "bbox": [b.min_x, b.min_y, b.max_x, b.max_y], "properties": properties,
            "assets": {"file": {"href": name}},
        }));
    }
    let collection: Value = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "scenes", "license": "CC0-1.0",
        "description": "scenes of a test", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2000-01-01T00:00:00Z", null]]}},
    });
    builder.collection(collection, items).start().unwrap()
}

pub(crate) fn schema(geobox: &GeoBox, bands: Vec<Band>) -> Schema {
    let b = geobox.bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    let schema = Schema::new("whole", geobox.crs.clone(), extent, 10.0).chunks(8, 8);
    bands.into_iter().fold(schema, Schema::band)
}

/// `tests/python/make_netcdf.py` of the raster crate made it.
#[cfg(any(feature = "netcdf", not(feature = "gdal")))]
pub(crate) fn days() -> Vec<u8> {
    include_bytes!("../../../raster/tests/fixtures/netcdf/days.nc").to_vec()
}

#[cfg(feature = "netcdf")]
#[tokio::test(flavor = "multi_thread")]
async fn each_step_has_its_slice_of_a_file_that_is_downloaded_once() {
    let grid = utm(0, 0, 20, 30);
    let server = serve("days.nc", days(), &grid, false);
    let schema = schema(
        &grid,
        vec![
            Band::new("place", DType::F32).asset("file").variable("place"),
            Band::new("sst", DType::I16).asset("file").variable("sst").nodata(-1.0),
        ],
    );
    let axis = "start = \"2020-06-01\"\nend = \"2020-06-05\"\ngroup = \"utc_day\"";
    let (cube, report, loaded) = filled(&schema.time(toml::from_str(axis).unwrap()), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    // Three of four days, each of three by four patches.
    assert_eq!((report.filled, report.empty), (36, 12));
    assert_eq!(
        server.count("/files/scenes/days.nc"),
        1,
        "one request for all patches, steps and bands"
    );
    assert_eq!(cube.steps().len(), 4);
    for day in 0..3 {
        let (place, sst) = (&loaded.bands[0].rasters[day], &loaded.bands[1].rasters[day]);
        for (row, col) in [(0, 0), (0, 19), (29, 0), (17, 9), (29, 19)] {
            let expected = (col + 1000 * row + 100_000 * day) as f64;
            assert_eq!(place.value(col, row), Some(expected));
            let expected = (col > 0).then_some((10 * day + col) as f64);
            assert_eq!(sst.value(col, row), expected, "stored as packed, the first column missing");
        }
    }
    assert_eq!(loaded.bands[0].rasters[3].count_valid(), 0);
}

#[cfg(feature = "netcdf")]
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_a_file_with_times_is_said() {
    let grid = utm(0, 0, 20, 30);
    let band = |variable: &str| vec![Band::new("b", DType::F32).asset("file").variable(variable)];
    let server = serve("days.nc", days(), &grid, false);
    let (_, report, _) = filled(&schema(&grid, band("place")), &server).await;
    assert!(report.failed[0].reason.contains("3 instants, and the cube has no time axis"));
    let axis = "start = \"2020-06-01\"\nend = \"2020-07-01\"\nstep = \"month\"";
    let schema = |variable: &str| schema(&grid, band(variable)).time(toml::from_str(axis).unwrap());
    let (_, report, _) = filled(&schema("place"), &server).await;
    assert!(report.failed[0].reason.contains("3 of its instants"), "{:?}", report.failed[0]);
    let (_, report, _) = filled(&schema("places"), &server).await;
    let reason = &report.failed[0].reason;
    assert!(reason.contains("unknown variable `places`: known are place, sst"), "{reason}");
}

#[cfg(feature = "netcdf")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_there_is_no_room_for_is_not_downloaded() {
    let grid = utm(0, 0, 20, 30);
    let server = serve("days.nc", days(), &grid, false);
    let band = Band::new("place", DType::F32).asset("file").variable("place");
    let axis = "start = \"2020-06-01\"\nend = \"2020-06-02\"\ngroup = \"utc_day\"";
    let schema = schema(&grid, vec![band]).time(toml::from_str(axis).unwrap());
    let cube = crate::shots::cube(&schema, &server).await;
    let size = days().len() as u64;
    for (spool, failed) in [(size - 1, 12), (size, 0)] {
        let plan = cube.plan(&terracube_cube::Request::all()).await.unwrap();
        let options = terracube_cube::FillOptions { spool, ..Default::default() };
        let report = cube.fill_with(plan, options).finish().await.unwrap();
        assert_eq!(report.failed.len(), failed, "{:?}", report.failed);
        for failure in &report.failed {
            let told = format!("it has {size} bytes or more, and of the {spool} bytes");
            assert!(failure.reason.contains(&told), "{}", failure.reason);
        }
    }
}

#[cfg(feature = "gdal")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_geotiff_is_read_by_gdal_whole() {
    let grid = utm(0, 0, 20, 30);
    let mut text = String::from(
        "ncols 20\nnrows 30\nxllcorner 500000\nyllcorner 4999700\ncellsize 10\nNODATA_value -9\n",
    );
    for row in 0..30 {
        let line: Vec<_> = (0..20).map(|col| if col == 3 { -9 } else { col + 100 * row }).collect();
        text += &(line.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ") + "\n");
    }
    let server = serve("a.asc", text.into_bytes(), &grid, true);
    let band = Band::new("b", DType::I32).asset("file").nodata(-1.0);
    let (_, report, loaded) = filled(&schema(&grid, vec![band]), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let raster = &loaded.bands[0].rasters[0];
    for (row, col) in [(0, 0), (29, 19), (7, 3), (15, 4)] {
        let expected = (col != 3).then_some((col + 100 * row) as f64);
        assert_eq!(raster.value(col, row), expected);
    }
    // Once in vain for its header as a TIFF, once whole.
    assert_eq!(server.count("/files/scenes/a.asc"), 2);
}

#[cfg(not(any(feature = "gdal", feature = "netcdf")))]
#[tokio::test(flavor = "multi_thread")]
async fn without_the_features_they_are_named() {
    let grid = utm(0, 0, 20, 30);
    let server = serve("days.nc", days(), &grid, false);
    let band = Band::new("b", DType::F32).asset("file");
    let (_, report, _) = filled(&schema(&grid, vec![band]), &server).await;
    assert!(report.failed[0].reason.contains("need the feature `netcdf` or `gdal`"));
}
