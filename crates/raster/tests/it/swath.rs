//! Swaths and images with ground control points onto grids, against GDAL and on the sphere.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;
use terracube_grid::{Affine, Crs, GeoBox, Transform, Window};
use terracube_raster::{
    Gcp, GcpMethod, Gcps, Geolocation, Locator, Pixels, Raster, Resampling, WarpOptions,
    warp_located,
};

use crate::folder::{python, shared};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn shape(value: &Value) -> (usize, usize) {
    (value[0].as_u64().unwrap() as usize, value[1].as_u64().unwrap() as usize)
}

fn raster(height: usize, width: usize, values: Vec<f64>) -> Raster {
    let valid = values.iter().map(|v| !v.is_nan()).collect();
    let mut made = Raster::new(width, height, Pixels::F64(values)).unwrap();
    made.valid = Some(valid);
    made
}

fn locator(case: &Value) -> Locator {
    let crs = Crs::parse(case["crs"].as_str().unwrap()).unwrap();
    if case.get("gcps").is_none() {
        let (height, width) = shape(&case["src_shape"]);
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let mut places = Geolocation::of_pixels(width, height, x, y, crs);
        places.offset = (-0.5, -0.5);
        return Locator::of_arrays(&places, None).unwrap();
    }
    let points = case["gcps"].as_array().unwrap().iter().map(numbers);
    let points = points.map(|p| Gcp { col: p[0], row: p[1], x: p[2], y: p[3], z: 0.0 }).collect();
    let method = match case["fit"].as_i64().unwrap() {
        -1 => GcpMethod::ThinPlateSpline,
        0 => GcpMethod::Auto,
        order => GcpMethod::Polynomial(order as u8),
    };
    Locator::of_gcps(&Gcps { points, crs: Ok(crs) }, method).unwrap()
}

/// Made by `python tests/python/swath_reference.py` with rasterio 1.5.2 (GDAL 3.12.2).
#[test]
fn values_are_gdals() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/swath.json")).unwrap();
    for case in &cases {
        let (height, width) = shape(&case["src_shape"]);
        let src = raster(height, width, numbers(&case["src"]));
        let a = numbers(&case["affine"]);
        let (rows, cols) = shape(&case["shape"]);
        let crs = Crs::parse(case["dst_crs"].as_str().unwrap()).unwrap();
        let grid =
            GeoBox::new(crs, Affine::new(a[0], a[1], a[2], a[3], a[4], a[5]), cols, rows).unwrap();
        let locator = locator(case);
        for (name, resampling) in
            [("nearest", Resampling::Nearest), ("bilinear", Resampling::Bilinear)]
        {
            let options = WarpOptions::whole(resampling, &src);
            let out = warp_located(&src, &locator, &grid, &options).unwrap();
            let (mut validity, mut worst) = (0, 0.0_f64);
            for (n, expected) in numbers(&case["values"][name]).into_iter().enumerate() {
                match (out.value(n % cols, n / cols), expected.is_nan()) {
                    (Some(found), false) => worst = worst.max((found - expected).abs()),
                    (None, true) => {}
                    _ => validity += 1,
                }
            }
            let of = format!(
                "{} {name}: {validity} pixels are valid in one only, {worst:e}",
                case["name"]
            );
            assert_eq!(validity, 0, "{of}");
            // Of values up to a thousand. GDAL inverts splines to a ten-millionth of a pixel.
            let is_spline = case["name"] == "thin plate spline";
            assert!(worst < if is_spline { 1e-3 } else { 1e-6 }, "{of}");
        }
    }
}

#[test]
fn real_swaths_are_gdals() {
    let what = "comparison of real swaths with GDAL";
    let Some(data) = shared("data/netcdf", what) else { return };
    let Some(python) = python(what) else { return };
    let out = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/swath_real.py");
    let mut command = Command::new(python);
    command.args([Path::new(script), &data, out.path()]);
    assert!(command.status().unwrap().success());
    let index = std::fs::read(out.path().join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    assert!(!index.is_empty());
    for entry in &index {
        let read = |key: &str| {
            let bytes = std::fs::read(out.path().join(format!("{}.{key}", entry["n"]))).unwrap();
            let words =
                bytes.chunks_exact(8).map(|word| f64::from_le_bytes(word.try_into().unwrap()));
            words.collect::<Vec<f64>>()
        };
        let whole = |key: &str| entry[key].as_u64().unwrap() as usize;
        let (width, height, cols, rows) =
            (whole("width"), whole("height"), whole("cols"), whole("rows"));
        let src = raster(height, width, read("src"));
        let mut places = Geolocation::of_pixels(width, height, read("x"), read("y"), Crs::wgs84());
        places.offset = (-0.5, -0.5);
        let locator = Locator::of_arrays(&places, None).unwrap();
        let a = numbers(&entry["affine"]);
        let affine = Affine::new(a[0], a[1], a[2], a[3], a[4], a[5]);
        let grid = GeoBox::new(Crs::wgs84(), affine, cols, rows).unwrap();
        for (name, resampling) in
            [("nearest", Resampling::Nearest), ("bilinear", Resampling::Bilinear)]
        {
            let options = WarpOptions::whole(resampling, &src);
            let found = warp_located(&src, &locator, &grid, &options).unwrap();
            let (mut both, mut ours, mut theirs, mut off) = (0, 0, 0, 0);
            for (n, expected) in read(name).into_iter().enumerate() {
                match (found.value(n % cols, n / cols), expected.is_nan()) {
                    (Some(value), false) => {
                        both += 1;
                        off += usize::from((value - expected).abs() > 1e-6 * expected.abs());
                    }
                    (Some(_), true) => ours += 1,
                    (None, false) => theirs += 1,
                    (None, true) => {}
                }
            }
            let of = format!(
                "{} {name}: {both} in both, {off} differ, {ours} here only, {theirs} there only",
                entry["name"]
            );
            if entry["name"].as_str().unwrap().contains("MODIS") {
                // Its scans overlap, by more than half at their ends, and in the bent overlaps GDAL
                // may see another scan's pixel.
                assert!(both > 5 * (ours + theirs).max(1) / 2, "{of}");
            } else {
                assert_eq!((off, ours, theirs), (0, 0, 0), "{of}");
            }
        }
    }
}

/// A swath whose pixels are those of a polar grid, `side` metres apart from `corner` on.
fn polar(corner: (f64, f64), side: f64, size: (usize, usize)) -> (GeoBox, Geolocation) {
    let affine = Affine::new(side, 0.0, corner.0, 0.0, -side, corner.1);
    let grid = GeoBox::new(Crs::epsg(3413).unwrap(), affine, size.0, size.1).unwrap();
    let to_lonlat = Transform::new(&grid.crs, &Crs::wgs84()).unwrap();
    let centers = (0..size.1).flat_map(|row| (0..size.0).map(move |col| (col, row)));
    let places = centers.map(|(col, row)| {
        let (x, y) = grid.pixel_center(col, row);
        to_lonlat.forward(x, y).unwrap()
    });
    let (x, y) = places.unzip();
    let places = Geolocation::of_pixels(size.0, size.1, x, y, Crs::wgs84());
    (grid, places)
}

fn ramp(width: usize, height: usize) -> Raster {
    let values = (0..width * height).map(|n| n as f64).collect();
    Raster::new(width, height, Pixels::F64(values)).unwrap()
}

#[test]
fn over_the_pole_and_across_180_degrees_pixels_are_where_they_were() {
    // Around the pole, and north of the Bering Strait, where the grid crosses 180°.
    for corner in [(-51_300.0, 48_700.0), (-1_240_300.0, 1_310_700.0)] {
        let (grid, places) = polar(corner, 1000.0, (100, 90));
        let src = ramp(100, 90);
        let locator = Locator::of_arrays(&places, None).unwrap();
        for resampling in [Resampling::Nearest, Resampling::Bilinear] {
            let options = WarpOptions::whole(resampling, &src);
            let out = warp_located(&src, &locator, &grid, &options).unwrap();
            for n in 0..100 * 90 {
                let found = out.value(n % 100, n / 100);
                assert!(found.is_some_and(|v| (v - n as f64).abs() < 1e-3), "{n}: {found:?}");
            }
        }
    }
}

#[test]
fn half_a_pixel_around_the_points_belongs_to_the_image() {
    let (grid, places) = polar((500_000.0, 700_000.0), 1000.0, (20, 16));
    let locator = Locator::of_arrays(&places, None).unwrap();
    let fine =
        GeoBox::new(grid.crs.clone(), grid.affine * Affine::scale(0.25, 0.25), 80, 64).unwrap();
    let src = ramp(20, 16);
    let options = WarpOptions::whole(Resampling::Nearest, &src);
    let out = warp_located(&src, &locator, &fine.pad(2), &options).unwrap();
    for row in 0..68 {
        for col in 0..84 {
            let inside = (2..82).contains(&col) && (2..66).contains(&row);
            let expected = inside.then(|| ((row - 2) / 4 * 20 + (col - 2) / 4) as f64);
            assert_eq!(out.value(col, row), expected, "{col} {row}");
        }
    }
}

#[test]
fn unknown_places_gaps_and_other_scans_cover_nothing() {
    let crs = Crs::wgs84();
    // Two scans of four lines; the second begins a line before the first ends, so that they overlap.
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for line in 0..8 {
        for col in 0..10 {
            x.push(10.0 + 0.1 * f64::from(col));
            y.push(
                50.0 - 0.1 * f64::from(if line < 4 { line } else { line - 1 })
                    - if line < 4 { 0.0 } else { -0.05 },
            );
        }
    }
    let folded = Geolocation::of_pixels(10, 8, x.clone(), y.clone(), crs.clone());
    let locator = Locator::of_arrays(&folded, None).unwrap();
    // In both scans: the first counts. The fold between them, which runs backwards, does not.
    let (col, row) = locator.position(10.25, 49.72).unwrap();
    assert!((col - 3.0).abs() < 1e-6 && (row - 3.3).abs() < 1e-3, "{col} {row}");
    let (_, row) = locator.position(10.25, 49.6).unwrap();
    assert!((row - 6.0).abs() < 1e-3, "{row}");

    // A gap of half a degree between them.
    for (n, y) in y.iter_mut().enumerate() {
        *y -= if n / 10 < 4 { 0.0 } else { 0.55 };
    }
    let apart = Geolocation::of_pixels(10, 8, x, y, crs);
    assert!(Locator::of_arrays(&apart, None).unwrap().position(10.25, 49.4).is_some());
    let locator = Locator::of_arrays(&apart, Some(20_000.0)).unwrap();
    assert_eq!(locator.position(10.25, 49.4), None);
    assert!(locator.position(10.25, 49.75).is_some() && locator.position(10.25, 49.1).is_some());

    let mut holed = apart;
    holed.x[13] = f64::NAN;
    let locator = Locator::of_arrays(&holed, None).unwrap();
    assert_eq!(locator.position(10.25, 49.85), None);
    assert!(locator.position(10.55, 49.85).is_some());
}

#[test]
fn points_may_lie_some_pixels_apart() {
    let (grid, mut places) = polar((500_000.0, 700_000.0), 4000.0, (10, 8));
    (places.step, places.offset) = ((4.0, 4.0), (1.5, 1.5));
    let locator = Locator::of_arrays(&places, None).unwrap();
    let to_lonlat = Transform::new(&grid.crs, &Crs::wgs84()).unwrap();
    for (col, row) in [(0.3, 0.2), (20.0, 13.0), (39.5, 31.6)] {
        let (x, y) = grid.affine.apply(col / 4.0, row / 4.0);
        let (lon, lat) = to_lonlat.forward(x, y).unwrap();
        let found = locator.position(lon, lat).unwrap();
        assert!((found.0 - col).hypot(found.1 - row) < 0.01, "{found:?} {col} {row}");
    }
}

#[test]
fn control_points_across_180_degrees() {
    let point = |col: f64, row: f64, x: f64| Gcp { col, row, x, y: -row / 10.0, z: 0.0 };
    let points = vec![
        point(0.0, 0.0, 179.0),
        point(20.0, 0.0, -179.0),
        point(0.0, 10.0, 179.0),
        point(20.0, 10.0, 181.0),
    ];
    let gcps = Gcps { points, crs: Ok(Crs::wgs84()) };
    for method in [GcpMethod::Auto, GcpMethod::ThinPlateSpline] {
        let locator = Locator::of_gcps(&gcps, method).unwrap();
        for x in [179.9, -179.9, 180.0, -180.0] {
            let turned: f64 = if x < 0.0 { x + 360.0 } else { x };
            let (col, row) = locator.position(x, -0.5).unwrap();
            assert!(
                (col - (turned - 179.0) * 10.0).abs() < 1e-9 && (row - 5.0).abs() < 1e-9,
                "{col} {row}"
            );
        }
    }
}

#[test]
fn what_cannot_be_located_says_why() {
    let crs = Crs::wgs84();
    let says = |found: Result<Locator, terracube_raster::Error>, what: &str| {
        let text = found.unwrap_err().to_string();
        assert!(text.contains(what), "{text}");
    };
    let arrays = |w, h, n, v| {
        let places = Geolocation::of_pixels(w, h, vec![v; n], vec![v; n], Crs::wgs84());
        Locator::of_arrays(&places, None)
    };
    says(arrays(1, 5, 5, 0.0), "two by two");
    says(arrays(3, 5, 14, 0.0), "not 3 by 5");
    says(arrays(3, 5, 15, f64::NAN), "no four");
    says(arrays(3, 5, 15, 7.0), "no four");
    let line: Vec<Gcp> =
        (0..12).map(f64::from).map(|n| Gcp { col: n, row: n, x: n, y: 2.0 * n, z: 0.0 }).collect();
    let gcps = |n: usize| Gcps { points: line[..n].to_vec(), crs: Ok(crs.clone()) };
    says(Locator::of_gcps(&gcps(0), GcpMethod::Auto), "no ground control");
    says(Locator::of_gcps(&gcps(2), GcpMethod::Auto), "3 needed");
    says(Locator::of_gcps(&gcps(9), GcpMethod::Polynomial(3)), "10 needed");
    says(Locator::of_gcps(&gcps(9), GcpMethod::Polynomial(4)), "order 4");
    says(Locator::of_gcps(&gcps(9), GcpMethod::Polynomial(1)), "line");
    says(Locator::of_gcps(&gcps(9), GcpMethod::ThinPlateSpline), "line");
    let unknown = Gcps { points: line.clone(), crs: Err("user-defined".into()) };
    says(Locator::of_gcps(&unknown, GcpMethod::Auto), "user-defined");

    let (grid, places) = polar((0.0, 700_000.0), 1000.0, (4, 4));
    let src = ramp(4, 4);
    let options = WarpOptions::whole(Resampling::Average, &src);
    let locator = Locator::of_arrays(&places, None).unwrap();
    let text = warp_located(&src, &locator, &grid, &options).unwrap_err().to_string();
    assert!(text.contains("average") && text.contains("bilinear"), "{text}");
}

#[test]
fn a_window_of_the_image_is_enough_for_a_window_of_the_grid() {
    let (grid, places) = polar((-51_300.0, 48_700.0), 1000.0, (100, 90));
    let src = ramp(100, 90);
    let locator = Locator::of_arrays(&places, None).unwrap();
    assert!(locator.bytes() >= 100 * 90 * 24);
    let fine =
        GeoBox::new(grid.crs.clone(), grid.affine * Affine::scale(0.7, 0.7), 150, 140).unwrap();
    for window in
        [Window::new(0, 0, 30, 20), Window::new(61, 47, 9, 1), Window::new(120, 90, 30, 50)]
    {
        let part = fine.crop(&window);
        let needed = locator.window(&part, (100, 90), 1).unwrap().unwrap();
        assert!(needed.width <= window.width && needed.height <= window.height + 2, "{needed:?}");
        for resampling in [Resampling::Nearest, Resampling::Bilinear] {
            let mut options = WarpOptions::whole(resampling, &src);
            let whole = warp_located(&src, &locator, &part, &options).unwrap();
            (options.extent.col, options.extent.row) = (needed.col, needed.row);
            let found = warp_located(&src.crop(&needed), &locator, &part, &options).unwrap();
            assert_eq!(found, whole);
        }
    }
    // Beside the image.
    let beside = fine.crop(&Window::new(145, 0, 5, 5));
    assert_eq!(locator.window(&beside, (100, 90), 1).unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A pixel does not depend on the window it is computed in.
    #[test]
    fn windows_show_no_seam(
        shift in (-3e5..3e5f64, -3e5..3e5f64), bend in -2e-3..2e-3f64, hole in 0..400_usize,
        window in (0..40_usize, 0..30_usize, 1..24_usize, 1..20_usize),
    ) {
        let (grid, mut places) = polar((shift.0, shift.1), 2000.0, (24, 20));
        for (n, y) in places.y.iter_mut().enumerate() {
            *y = (*y + bend * ((n % 24) as f64).powi(2) / 10.0).min(90.0);
        }
        places.x[hole] = f64::NAN;
        let Ok(locator) = Locator::of_arrays(&places, None) else { return Ok(()) };
        let src = ramp(24, 20);
        let fine = GeoBox::new(grid.crs.clone(), grid.affine * Affine::scale(0.4, 0.4), 64, 52).unwrap();
        let window = Window::new(window.0, window.1, window.2, window.3);
        for resampling in [Resampling::Nearest, Resampling::Bilinear, Resampling::Cubic] {
            let options = WarpOptions::whole(resampling, &src);
            let whole = warp_located(&src, &locator, &fine, &options).unwrap();
            let part = warp_located(&src, &locator, &fine.crop(&window), &options).unwrap();
            let mut differ = 0;
            for row in 0..window.height {
                for col in 0..window.width {
                    let (a, b) = (whole.value(window.col + col, window.row + row), part.value(col, row));
                    let same = match (a, b) {
                        // What is left is the rounding of the window's own affine.
                        (Some(a), Some(b)) => (a - b).abs() < 1e-4,
                        (a, b) => a == b,
                    };
                    differ += usize::from(!same);
                }
            }
            prop_assert_eq!(differ, 0, "{}", resampling);
        }
    }

    #[test]
    fn strange_places_do_no_harm(values in prop::collection::vec((-400.0..400.0f64, -100.0..100.0f64), 24), at in (-720.0..720.0f64, -95.0..95.0f64)) {
        let (x, y) = values.into_iter().unzip();
        let places = Geolocation::of_pixels(6, 4, x, y, Crs::wgs84());
        if let Ok(locator) = Locator::of_arrays(&places, None)
            && let Some((col, row)) = locator.position(at.0, at.1)
        {
            prop_assert!((-1.0..=8.0).contains(&col) && (-1.0..=6.0).contains(&row), "{} {}", col, row);
        }
    }
}
