//! A filled cube opened by xarray, rioxarray, odc-geo and GDAL.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use terracube_cube::{Band, Cube, Request, Schema};
use terracube_grid::{GeoBox, TimeAxis};
use terracube_raster::{DType, Pixels};
use terracube_store::{Directory, OpenOptions, Repository, Unversioned, create_repository};

use crate::archive::{Scene, serve, source, utm};
use crate::python::{python, run};

const NODATA: i16 = -9999;

/// 30 × 20 pixels that count up, every seventh «no data».
pub(crate) fn pixels() -> Vec<i16> {
    (0..600i16).map(|i| if i % 7 == 0 { NODATA } else { i }).collect()
}

fn grid() -> GeoBox {
    utm(3, 5, 30, 20)
}

fn schema() -> Schema {
    let b = grid().bounds();
    let axis: TimeAxis = serde_json::from_value(serde_json::json!({
        "start": "2020-01-01T00:00:00Z", "end": "2020-03-01T00:00:00Z", "step": "P1M",
    }))
    .unwrap();
    let band = Band::new("height", DType::I16)
        .asset("dem")
        .nodata(f64::from(NODATA))
        .scale_offset(0.5, -10.0)
        .units("m");
    Schema::new("readers", grid().crs, [b.min_x, b.min_y, b.max_x, b.max_y], 10.0)
        .band(band)
        .chunks(16, 16)
        .time(axis)
}

pub(crate) async fn filled(repository: Arc<dyn Repository>) {
    let scene = Scene {
        id: "only",
        datetime: "2020-02-10T00:00:00Z",
        geobox: grid(),
        pixels: Pixels::I16(pixels()),
        nodata: Some(f64::from(NODATA)),
    };
    let server = serve(&[scene]);
    let (source, access) = source(&server);
    let cube = Cube::create(repository, &schema()).await.unwrap().with_source(source, access);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.empty), (4, 4));
}

fn check(python: &Path, store: &Path) -> Value {
    let out = run(python, "read_cube.py", &[store.to_str().unwrap(), "height"]);
    let seen: Value = serde_json::from_slice(&out).unwrap();
    let raw: Vec<f64> = serde_json::from_value(seen["raw"].clone()).unwrap();
    assert!(raw[..600].iter().all(|v| *v == f64::from(NODATA)), "January is empty");
    let expected: Vec<f64> = pixels().into_iter().map(f64::from).collect();
    assert_eq!(raw[600..], expected);
    let decoded: Vec<Option<f64>> = serde_json::from_value(seen["decoded"].clone()).unwrap();
    for (value, stored) in decoded[600..].iter().zip(pixels()) {
        let expected = (stored != NODATA).then(|| f64::from(stored) * 0.5 - 10.0);
        assert_eq!(*value, expected);
    }
    assert_eq!(seen["dims"], serde_json::json!(["time", "y", "x"]));
    assert_eq!(seen["dtype"], "int16");
    assert_eq!(seen["time"], serde_json::json!(["2020-01-01T00:00:00", "2020-02-01T00:00:00"]));
    assert_eq!(seen["attrs"]["units"], "m");
    let transform = serde_json::json!([10.0, 0.0, 500_030.0, 0.0, -10.0, 4_999_950.0]);
    assert_eq!(seen["rioxarray"]["epsg"], 32633);
    assert_eq!(seen["rioxarray"]["transform"], transform);
    assert_eq!(seen["rioxarray"]["nodata"], "-9999.0");
    assert_eq!(seen["odc"]["epsg"], 32633);
    assert_eq!(seen["odc"]["transform"], transform);
    assert_eq!(seen["odc"]["shape"], serde_json::json!([20, 30]));
    assert_eq!(seen["x"][0], 500_035.0);
    assert_eq!(seen["y"][0], 4_999_945.0);
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_cube_opens_in_xarray_and_gdal() {
    let Some(python) = python("a plain cube in xarray and GDAL") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cube.zarr");
    filled(Arc::new(Unversioned::new(Directory::new(&path).unwrap()))).await;
    let seen = check(&python, &path);
    let Some(gdal) = seen.get("gdal") else {
        println!("skipped: GDAL {} opens no Zarr v3 of this kind; 3.12 does", seen["gdal_version"]);
        return;
    };
    assert_eq!(gdal["epsg"], 32633);
    assert_eq!(
        gdal["transform"],
        serde_json::json!([10.0, 0.0, 500_030.0, 0.0, -10.0, 4_999_950.0])
    );
    assert_eq!(gdal["nodata"], "-9999.0");
    assert_eq!((gdal["scale"].as_f64(), gdal["offset"].as_f64()), (Some(0.5), Some(-10.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_icechunk_cube_opens_in_xarray() {
    let Some(python) = python("an Icechunk cube in xarray") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cube.icechunk");
    let options = OpenOptions { icechunk_spec: icechunk_spec(&python), ..OpenOptions::default() };
    filled(create_repository(path.to_str().unwrap(), &options).await.unwrap()).await;
    check(&python, &path);
}

/// Python's icechunk 1.x reads only V1.
fn icechunk_spec(python: &Path) -> terracube_store::IcechunkSpec {
    let code = "import icechunk; print(icechunk.__version__.split('.')[0])";
    let out = std::process::Command::new(python).args(["-c", code]).output().unwrap();
    match String::from_utf8_lossy(&out.stdout).trim() {
        "1" => terracube_store::IcechunkSpec::V1,
        _ => terracube_store::IcechunkSpec::V2,
    }
}
