//! A cube filled from files in folders, by the connector `files`.

use std::sync::Arc;

use serde_json::json;
use terracube_cube::{Band, Cube, LoadOptions, Request, Schema};
use terracube_grid::TimeAxis;
use terracube_raster::{DType, GeoTiff, GeoTiffBand, Raster};
use terracube_source::{Access, Files, Registry};
use terracube_store::{Memory, Unversioned};

use crate::archive::{places, utm};

/// Two days of two bands; the pixels of `b` are those of `a` and 0.25.
#[tokio::test(flavor = "multi_thread")]
async fn files_by_template_fill_a_cube_once() {
    let folder = tempfile::tempdir().unwrap();
    let grid = utm(0, 0, 64, 48);
    for (day, part) in [("152", utm(0, 0, 40, 48)), ("153", grid.clone())] {
        let below = folder.path().join("2020").join(day);
        std::fs::create_dir_all(&below).unwrap();
        for (band, more) in [("a", 0.0), ("b", 0.25)] {
            let mut pixels = places(&part);
            for i in 0..pixels.len() {
                pixels.set_f64(i, pixels.get_f64(i).unwrap() + more);
            }
            let raster = Raster::new(part.width, part.height, pixels).unwrap();
            let file = GeoTiff::new(part.clone()).band(GeoTiffBand::new(raster));
            std::fs::write(below.join(format!("X_{band}.tif")), file.to_bytes().unwrap()).unwrap();
        }
    }
    let path = format!("{}/{{time:%Y/%j}}/X_{{band}}.tif", folder.path().display());
    let source = Registry::empty().with::<Files>().connect("files", json!({ "path": path }));
    let access = Access::builder().allow_files(folder.path()).build().unwrap();

    let b = grid.bounds();
    let axis: TimeAxis =
        toml::from_str("start = \"2020-05-30\"\nend = \"2020-06-03\"\nstep = \"day\"").unwrap();
    let band = |name: &str| Band::new(name, DType::F32).asset(name);
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    let schema = Schema::new("files", grid.crs.clone(), extent, 10.0)
        .time(axis)
        .chunks(32, 32)
        .band(band("a"))
        .band(band("b"));
    let repository = Arc::new(Unversioned::new(Memory::new()));
    let cube = Cube::create(repository, &schema).await.unwrap();
    let cube = cube.with_source(source.unwrap(), access);

    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let options = LoadOptions { fill: None, ..LoadOptions::default() };
    let loaded = cube.load(&Request::all(), &options).await.unwrap();
    // 31 May is day 152 of 2020, a leap year.
    let value =
        |band: usize, step: usize, col, row| loaded.bands[band].rasters[step].value(col, row);
    assert_eq!(value(0, 0, 1, 1), None);
    assert_eq!((value(0, 1, 39, 47), value(1, 1, 39, 47)), (Some(47_039.0), Some(47_039.25)));
    assert_eq!((value(0, 1, 40, 47), value(0, 2, 63, 47)), (None, Some(47_063.0)));
    assert_eq!(value(0, 3, 1, 1), None);

    let again = cube.plan(&Request::all()).await.unwrap();
    assert!(again.is_empty(), "{again}");
}
