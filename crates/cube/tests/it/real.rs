//! Real COGs served over HTTP fill cubes whose every pixel is compared with GDAL's warp.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use terracube_cube::{Band, Cube, LoadOptions, Request, Schema};
use terracube_grid::{Bounds, Crs, GeoBox, ReadPlan, Transform};
use terracube_raster::{DType, Resampling, warp::kernel_scale};
use terracube_store::{Memory, Unversioned};
use terracube_testbed::Server;

use crate::archive::source;
use crate::python::{python, run, shared};

/// What is compared on every grid.
const COMMON: [Resampling; 3] = [Resampling::Nearest, Resampling::Bilinear, Resampling::Cubic];

/// One comparison.
struct Case<'a> {
    file: PathBuf,
    server: &'a Server,
    asset: &'a str,
    dtype: DType,
    nodata: f64,
    crs: u32,
    resolution: f64,
    /// The part of the file's extent to compare, as shares from its lower-left corner.
    part: [f64; 4],
}

/// How many pixels differ by how much.
#[derive(Debug, Default)]
struct Difference {
    compared: usize,
    valid: usize,
    validity: usize,
    largest: f64,
    different: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn landsat_in_utm_and_elsewhere_equals_gdal() {
    let what = "Landsat cubes against GDAL";
    let Some(root) = shared("stac-roots/landsat-real", what) else { return };
    let Some(python) = python(what) else { return };
    let server = Server::builder().stac_root(&root).start().expect("the server starts");
    let file = root.join("data/LC08_L2SP_017036_20130419_SR_B4.tif");
    for (crs, resolution) in [(32617, 450.0), (3857, 560.0), (5070, 450.0), (4326, 0.0045)] {
        let case = Case {
            file: file.clone(),
            server: &server,
            asset: "SR_B4",
            dtype: DType::U16,
            nodata: 0.0,
            crs,
            resolution,
            part: [0.05, 0.05, 0.95, 0.95],
        };
        // Every method at a ratio of 1, but for sums, which do not fit into the type.
        let all = Resampling::ALL.into_iter().filter(|method| *method != Resampling::Sum);
        let methods = if crs == 3857 { all.collect() } else { COMMON.to_vec() };
        compare(&python, &case, &methods).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relief_on_its_own_grid_and_over_the_pole_equals_gdal() {
    let what = "relief cubes against GDAL";
    let Some(folder) = shared("derived", what) else { return };
    let Some(python) = python(what) else { return };
    let name = "etopo20_epsg3413_cog.tif";
    let footprint = json!({"type": "Polygon", "coordinates":
        [[[-180, 30], [180, 30], [180, 90], [-180, 90], [-180, 30]]]});
    let server = serve_file(&folder, name, [-180, 30, 180, 90], &footprint);
    for (crs, resolution) in
        [(3413, 0.0), (3413, 14_000.0), (3413, 21_000.0), (3995, 25_000.0), (6931, 25_000.0)]
    {
        let case = Case {
            file: folder.join(name),
            server: &server,
            asset: "z",
            dtype: DType::F32,
            nodata: f64::NAN,
            crs,
            resolution,
            part: [0.2, 0.2, 0.8, 0.8],
        };
        // Every method at a ratio above 1. In its own CRS positions fall on the centres of columns,
        // where GDAL's downsampled Lanczos is another; and the area methods, which look at two
        // corners, have nothing to look at where grids are turned by 45 degrees.
        let methods: Vec<_> = match (crs, resolution) {
            (3413, 14_000.0) => {
                Resampling::ALL.into_iter().filter(|m| *m != Resampling::Lanczos).collect()
            }
            (3995, _) => Resampling::ALL.into_iter().filter(|m| m.is_point()).collect(),
            _ => COMMON.to_vec(),
        };
        compare(&python, &case, &methods).await;
    }
}

/// Serves one file of a folder as the asset `z` of a collection's only item.
fn serve_file(folder: &Path, name: &str, bbox: [i32; 4], footprint: &Value) -> Server {
    let item = json!({
        "type": "Feature", "stac_version": "1.1.0", "id": "relief", "collection": "relief",
        "bbox": bbox, "geometry": footprint, "links": [],
        "properties": {"datetime": "2020-01-01T00:00:00Z"},
        "assets": {"z": {"href": name, "type": "image/tiff; application=geotiff"}},
    });
    let collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "relief", "license": "CC0-1.0",
        "description": "relief", "links": [],
        "extent": {"spatial": {"bbox": [bbox]},
                   "temporal": {"interval": [["2020-01-01T00:00:00Z", null]]}},
    });
    let builder = Server::builder().collection(collection, vec![item]);
    builder.files_at("relief", folder).start().expect("the server starts")
}

async fn compare(python: &Path, case: &Case<'_>, methods: &[Resampling]) {
    let source_box = geobox_of(python, &case.file);
    let crs = Crs::epsg(case.crs).unwrap();
    let own = case.resolution == 0.0;
    let resolution = if own { source_box.affine.a } else { case.resolution };
    let extent = extent(&source_box, &crs, case.part);
    for &resampling in methods {
        let band = Band::new("value", case.dtype)
            .asset(case.asset)
            .nodata(case.nodata)
            .resampling(resampling);
        let mut schema =
            Schema::new("real", crs.clone(), extent, resolution).band(band).chunks(100, 128);
        if own {
            // The file's own pixel edges.
            let fraction = |v: f64| (v / resolution).rem_euclid(1.0);
            let t = source_box.affine;
            schema.anchor = terracube_grid::Anchor::Offset(fraction(t.c), fraction(t.f));
        }
        let (source, access) = source(case.server);
        let repository = Arc::new(Unversioned::new(Memory::new()));
        let cube = Cube::create(repository, &schema).await.unwrap().with_source(source, access);
        let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let loaded = cube.load(&Request::all(), &LoadOptions::default()).await.unwrap();
        let expected = gdal(python, case, cube.geobox(), &source_box, resampling);
        let difference = differences(&loaded.bands[0].rasters[0], &expected);
        println!(
            "{} onto EPSG:{} at {resolution}, {resampling}: {difference:?}",
            case.file.file_name().unwrap().to_string_lossy(),
            case.crs
        );
        assert!(difference.valid * 4 > difference.compared, "mostly covered: {difference:?}");
        assert_eq!(difference.validity, 0, "{resampling}: the same pixels are valid");
        if resampling == Resampling::Nearest {
            assert_eq!(difference.different, 0, "nearest is identical");
        } else if case.dtype.is_integer() {
            // Ties at exactly .5 may fall either way.
            assert!(difference.largest <= 1.0, "{resampling}: {difference:?}");
            assert!(difference.different * 200 <= difference.valid, "{difference:?}");
        } else {
            assert!(difference.largest <= 2e-3, "{resampling}: {difference:?}");
        }
    }
}

fn differences(raster: &terracube_raster::Raster, expected: &[f64]) -> Difference {
    let mut found = Difference::default();
    for (i, expected) in expected.iter().enumerate() {
        let ours = raster.value(i % raster.width, i / raster.width);
        found.compared += 1;
        match ours {
            Some(ours) if !expected.is_nan() => {
                let difference = (ours - expected).abs();
                found.valid += 1;
                found.different += usize::from(difference > 1e-6 * expected.abs().max(1.0));
                found.largest = found.largest.max(difference);
            }
            None if expected.is_nan() => {}
            _ => found.validity += 1,
        }
    }
    found
}

fn gdal(
    python: &Path,
    case: &Case<'_>,
    grid: &GeoBox,
    source: &GeoBox,
    resampling: Resampling,
) -> Vec<f64> {
    let transform = Transform::new(&grid.crs, &source.crs).unwrap();
    let scale_of = |source: &GeoBox| ReadPlan::new(source, grid, &transform, 0).unwrap().scale;
    let mut scale = scale_of(source);
    // As gdalwarp's `-ovr AUTO`: the first overview is there and is half as fine.
    let overview = (scale.0.min(scale.1) >= 2.0 && resampling != Resampling::Sum).then_some(0);
    if overview.is_some() {
        let (width, height) = (source.width.div_ceil(2), source.height.div_ceil(2));
        let half = GeoBox::from_shape(source.crs.clone(), source.bounds(), width, height).unwrap();
        scale = scale_of(&half);
    }
    let t = grid.affine;
    let request = json!({
        "file": case.file, "band": 1, "crs": format!("EPSG:{}", case.crs),
        "transform": [t.a, t.b, t.c, t.d, t.e, t.f], "shape": [grid.height, grid.width],
        "resampling": resampling.name().replace("cubicspline", "cubic_spline"), "overview": overview, "integer": case.dtype.is_integer(),
        "scale": [1.0 / kernel_scale(scale.0), 1.0 / kernel_scale(scale.1)],
        "source_nodata": if case.nodata.is_nan() { serde_json::Value::Null } else { json!(case.nodata) },
    });
    let folder = tempfile::tempdir().unwrap();
    let (ask, answer) = (folder.path().join("ask.json"), folder.path().join("answer.bin"));
    std::fs::write(&ask, request.to_string()).unwrap();
    run(python, "gdal_warp.py", &[ask.to_str().unwrap(), answer.to_str().unwrap()]);
    let bytes = std::fs::read(&answer).unwrap();
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

/// The grid of a file as rasterio reads it.
fn geobox_of(python: &Path, file: &Path) -> GeoBox {
    let code = "import json,sys,rasterio\n\
        f=rasterio.open(sys.argv[1])\n\
        print(json.dumps([f.crs.to_epsg(),list(f.transform)[:6],f.width,f.height]))";
    let out = std::process::Command::new(python)
        .args(["-c", code, file.to_str().unwrap()])
        .output()
        .expect("python runs");
    let (epsg, t, width, height): (u32, [f64; 6], usize, usize) =
        serde_json::from_slice(&out.stdout).expect("rasterio reads the file");
    let [a, b, c, d, e, f] = t;
    let affine = terracube_grid::Affine { a, b, c, d, e, f };
    GeoBox::new(Crs::epsg(epsg).unwrap(), affine, width, height).unwrap()
}

/// A part of the file's extent in another CRS.
fn extent(source: &GeoBox, crs: &Crs, part: [f64; 4]) -> [f64; 4] {
    let b = source.bounds();
    let [left, low, right, high] = part;
    let inner = Bounds {
        min_x: b.min_x + left * b.width(),
        min_y: b.min_y + low * b.height(),
        max_x: b.min_x + right * b.width(),
        max_y: b.min_y + high * b.height(),
    };
    let there = Transform::new(&source.crs, crs).unwrap();
    let b = inner.to_crs(&there, 21).unwrap();
    [b.min_x, b.min_y, b.max_x, b.max_y]
}

/// Relief from 150° E to 150° W, its file counting longitudes up to 210°, filled into cubes on both
/// sides of the antimeridian and across it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_across_the_antimeridian_is_read_on_both_sides() {
    let what = "relief across the antimeridian";
    let Some(folder) = shared("derived", what) else { return };
    let name = "etopo20_lon150_210.tif";
    let footprint = json!({"type": "MultiPolygon", "coordinates": [
        [[[150, -90], [180, -90], [180, 90], [150, 90], [150, -90]]],
        [[[-180, -90], [-150, -90], [-150, 90], [-180, 90], [-180, -90]]]]});
    let server = serve_file(&folder, name, [150, -90, -150, 90], &footprint);
    let mut filled = Vec::new();
    for extent in [[170.0, -40.0, 190.0, -20.0], [-190.0, -40.0, -170.0, -20.0]] {
        let crs = Crs::epsg(4326).unwrap();
        let step = 1.0 / 3.0;
        let band = Band::new("z", DType::F32);
        let schema = Schema::new("seam", crs, extent, step).band(band).chunks(16, 16);
        let (source, access) = source(&server);
        let repository = Arc::new(Unversioned::new(Memory::new()));
        let cube = Cube::create(repository, &schema).await.unwrap().with_source(source, access);
        let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let loaded = cube.load(&Request::all(), &LoadOptions::default()).await.unwrap();
        let raster = loaded.bands[0].rasters[0].clone();
        assert_eq!((raster.width, raster.height), (60, 60));
        assert_eq!(raster.count_valid(), 3600, "no gap at {extent:?}");
        filled.push(raster);
    }
    assert_eq!(filled[0].pixels, filled[1].pixels, "the same place, counted the other way round");
}
