//! A GeoTIFF whose datum takes a grid, onto another datum's, against GDAL.

use serde_json::Value;
use terracube_grid::{Affine, Crs, Error, GeoBox, Transform, Window};
use terracube_raster::{Cog, Resampling, WarpOptions, warp};
use terracube_store::Key;

use crate::folder::Folder;

/// Made by `python3 tests/python/shifted_reference.py tests/fixtures` with GDAL 3.6.2 and Debian's
/// BETA2007.gsb.
#[tokio::test]
async fn a_file_whose_datum_takes_a_grid_warps_as_in_gdal() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let cog = Cog::open(Folder::new(fixtures), Key::new("shifted.tif").unwrap()).await.unwrap();
    let src_box = cog.geobox().unwrap().clone();
    assert_eq!(src_box.crs, Crs::epsg(3398).unwrap());
    let whole = Window::new(0, 0, src_box.width, src_box.height);
    let src = cog.fetch(0, 0, whole).await.unwrap().decode().unwrap();

    let utm = Crs::epsg(32633).unwrap();
    let transform = match Transform::new(&utm, &src_box.crs) {
        Ok(transform) => transform,
        Err(Error::DatumGrid { grid, .. }) => {
            println!("skipped: a warp between datums, as there is no {grid}");
            return;
        }
        Err(other) => unreachable!("{other}"),
    };
    let reference: Value = serde_json::from_str(include_str!("../fixtures/shifted.json")).unwrap();
    let number = |key: &str| reference[key].as_f64().unwrap();
    let pixel = number("pixel");
    let affine = Affine::new(pixel, 0.0, number("left"), 0.0, -pixel, number("top"));
    for case in reference["cases"].as_array().unwrap() {
        let method = case["method"].as_str().unwrap();
        let resampling: Resampling =
            if method == "near" { Resampling::Nearest } else { method.parse().unwrap() };
        let rows = case["expected"].as_array().unwrap();
        let (width, height) = (rows[0].as_array().unwrap().len(), rows.len());
        let dst_box = GeoBox::new(utm.clone(), affine, width, height).unwrap();
        let options = WarpOptions { nodata: Some(-2.0), ..WarpOptions::whole(resampling, &src) };
        let out = warp(&src, &src_box, &dst_box, &transform, &options).unwrap();
        let (mut worst, mut valid) = (0f64, 0);
        for (row, expected) in rows.iter().enumerate() {
            for (col, expected) in expected.as_array().unwrap().iter().enumerate() {
                let expected = expected.as_f64().filter(|v| *v != number("nodata"));
                let found = out.value(col, row);
                assert_eq!(found.is_some(), expected.is_some(), "{method}: {col} {row}");
                let (Some(found), Some(expected)) = (found, expected) else { continue };
                worst = worst.max((found - expected).abs());
                valid += 1;
            }
        }
        println!("{method}: {worst:e} off in {valid} pixels");
        assert!(valid > 400, "{method}: {valid}");
        // Of values up to a thousand.
        assert!(worst <= if method == "near" { 0.0 } else { 1e-5 }, "{method}: {worst:e}");
    }
}
