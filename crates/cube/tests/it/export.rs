//! What is written as GeoTIFF.

use terracube_cube::{Band, LoadOptions, Request, Schema};
use terracube_raster::DType;

use crate::archive::utm;
use crate::shots::{self, Shot, filled, u8s};

/// A GeoTIFF has one nodata value (GDAL's tag 42113): valid pixels of a band that equal another's
/// would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn bands_of_several_nodata_values_are_no_geotiff() {
    let grid = utm(0, 0, 8, 8);
    let shot = Shot::new("a", "2020-06-01T10:00:00Z")
        .layer("low", &grid, Some(0.0), u8s(&grid, |col, _| if col == 0 { 0 } else { 255 }))
        .layer("high", &grid, Some(255.0), u8s(&grid, |col, _| if col == 0 { 255 } else { 0 }));
    let server = shots::serve(&[shot]);
    let b = grid.bounds();
    let schema = Schema::new("shots", grid.crs, [b.min_x, b.min_y, b.max_x, b.max_y], 10.0)
        .band(Band::new("low", DType::U8).nodata(0.0))
        .band(Band::new("high", DType::U8).nodata(255.0))
        .chunks(8, 8);
    let (cube, report, both) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let error = both.write(&cube, &path).await.unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("of `low` is 0 and that of `high` 255: choose bands"), "{reason}");
    assert!(!path.exists());
    let options = LoadOptions { bands: vec!["low".into()], ..LoadOptions::default() };
    let one = cube.load(&Request::all(), &options).await.unwrap();
    one.write(&cube, &path).await.unwrap();
    assert!(path.exists());
}
