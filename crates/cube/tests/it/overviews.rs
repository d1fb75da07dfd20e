//! Fills from overviews of images that do not lie north up.

use terracube_cube::{Band, Schema};
use terracube_grid::{Affine, GeoBox};
use terracube_raster::{DType, Pixels, Resampling};

use crate::archive::utm;
use crate::shots::{self, Shot, filled};

const SIDE: usize = 1100;

/// A plane, of which means and bilinear values are its own: 1 a column and 3 a row of 10 m from
/// (500000, 5000000).
fn plane(x: f64, y: f64) -> f64 {
    (x - 500_000.0) / 10.0 + 3.0 * (5_000_000.0 - y) / 10.0
}

async fn check(affine: Affine, resolution: f64, middle: f64) {
    let image = GeoBox::new(utm(0, 0, 1, 1).crs, affine, SIDE, SIDE).unwrap();
    let value = |i: usize| {
        let (x, y) = image.pixel_center(i % SIDE, i / SIDE);
        plane(x, y) as f32
    };
    let pixels = Pixels::F32((0..SIDE * SIDE).map(value).collect());
    let shot = Shot::new("a", "2020-06-01T10:00:00Z").layer("red", &image, None, pixels);
    let server = shots::serve(&[shot]);
    // Well within the image, whose middle lies on its diagonal's.
    let (x, y) = image.bounds().center();
    let extent = [x - middle, y - middle, x + middle, y + middle];
    let band = Band::new("red", DType::F32).resampling(Resampling::Bilinear);
    let schema =
        Schema::new("shots", image.crs.clone(), extent, resolution).band(band).chunks(32, 32);
    let (cube, report, loaded) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let (raster, grid) = (&loaded.bands[0].rasters[0], cube.geobox());
    for (col, row) in [(0, 0), (grid.width - 1, 0), (3, grid.height - 2), (40, 17)] {
        let (x, y) = grid.pixel_center(col, row);
        let found = raster.value(col, row).unwrap();
        let expected = plane(x, y);
        assert!((found - expected).abs() < 0.01, "{col}, {row}: {found}, the plane {expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_south_up_is_not_turned_over() {
    let affine = Affine { a: 10.0, b: 0.0, c: 500_000.0, d: 0.0, e: 10.0, f: 4_989_000.0 };
    for resolution in [10.0, 20.0, 40.0] {
        check(affine, resolution, 2000.0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_image_lies_where_it_does() {
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let (a, b, d, e) = (10.0 * cos, 10.0 * sin, 10.0 * sin, -10.0 * cos);
    let affine = Affine { a, b, c: 500_000.0, d, e, f: 5_000_000.0 };
    for resolution in [10.0, 20.0, 40.0] {
        check(affine, resolution, 2000.0).await;
    }
}
