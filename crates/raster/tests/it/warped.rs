//! Warps against GDAL's output.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use terracube_grid::{Affine, Crs, GeoBox, Transform, Window};
use terracube_raster::{DType, Pixels, Raster, Resampling, SourceExtent, WarpOptions, warp};

use crate::folder::shared;

#[test]
fn golden_vectors_are_reproduced() {
    let Some(path) = shared("golden/warp/vectors.json", "warps against GDAL's vectors") else {
        return;
    };
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    check(&vectors["cases"], &mut BTreeMap::new());
}

/// Made by `python tests/python/warp_reference.py` with rasterio 1.5.2 (GDAL 3.12.2).
#[test]
fn own_vectors_are_reproduced() {
    let vectors = include_str!("../fixtures/warp.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let mut found = BTreeMap::new();
    check(&vectors, &mut found);
    let mut table = "| resampling | vectors | pixels | float64 and float32, of the largest value \
                     | int16 | validity |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for resampling in Resampling::ALL {
        let Found { vectors, pixels, floats, integers } = found[resampling.name()];
        let row = format!(
            "| `{resampling}` | {vectors} | {pixels} | {} | {} | equal |\n",
            power(floats),
            power(integers)
        );
        table.push_str(&row);
    }
    terracube_testbed::made_table::check("docs/kernels.md", "vectors", &table);
}

/// How far one resampling is off.
#[derive(Clone, Copy, Default)]
struct Found {
    vectors: usize,
    pixels: usize,
    floats: f64,
    integers: f64,
}

/// A difference by the power of ten above it, which is the same on every machine.
fn power(difference: f64) -> String {
    if difference == 0.0 {
        return "0".to_owned();
    }
    // Rounding itself depends on the machine.
    format!("1e{}", difference.log10().ceil().max(-12.0))
}

fn check(cases: &Value, found: &mut BTreeMap<&'static str, Found>) {
    let mut wrong = Vec::new();
    for case in cases.as_array().unwrap() {
        let name = format!("{} {}", case["name"].as_str().unwrap(), case["method"]);
        // rasterio writes cubic_spline.
        let method = case["method"].as_str().unwrap().replace('_', "");
        let resampling: Resampling = method.parse().unwrap();
        let Some(tolerance) = case["assert_tolerance"].as_f64() else { continue };
        let out = run(case, resampling);
        let expected: Vec<f64> = numbers(&case["expected"]);
        let nodata = case["dst_nodata"].as_f64();
        let (mut worst, mut validity) = (0f64, 0);
        for (i, expected) in expected.iter().enumerate() {
            let (col, row) = (i % out.width, i / out.width);
            let is_nodata = nodata.is_some_and(|n| n == *expected);
            match out.value(col, row) {
                Some(value) if !is_nodata => {
                    if !(value.is_nan() && expected.is_nan()) {
                        worst = worst.max((value - expected).abs());
                    }
                }
                None if is_nodata || (nodata.is_none() && *expected == 0.0) => {}
                _ => validity += 1,
            }
        }
        println!("{name}: {worst:e} off, validity of {validity} differs");
        if worst > tolerance || validity > 0 {
            wrong.push(format!("{name}: {worst:e} off, validity of {validity} differs"));
        }
        let found = found.entry(resampling.name()).or_default();
        found.vectors += 1;
        found.pixels += expected.len();
        if out.dtype().is_float() {
            let most = expected.iter().filter(|v| v.is_finite()).fold(0f64, |m, v| m.max(v.abs()));
            found.floats = found.floats.max(worst / most);
        } else {
            found.integers = found.integers.max(worst);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn run(case: &Value, resampling: Resampling) -> Raster {
    let dtype: DType = case["dtype"].as_str().unwrap().parse().unwrap();
    let rows = case["src"].as_array().unwrap();
    let (width, height) = (rows[0].as_array().unwrap().len(), rows.len());
    let mut pixels = Pixels::zeroed(dtype, width * height);
    for (i, value) in numbers(&case["src"]).into_iter().enumerate() {
        pixels.set_f64(i, value);
    }
    let mut src = Raster::new(width, height, pixels).unwrap();
    if let Some(nodata) = case["src_nodata"].as_f64() {
        src.invalidate(nodata);
    }
    let crs = |key: &str| Crs::parse(case[key].as_str().unwrap()).unwrap();
    let affine = |key: &str| {
        let t = numbers(&case[key]);
        Affine::new(t[0], t[1], t[2], t[3], t[4], t[5])
    };
    let shape = numbers(&case["dst_shape"]);
    let src_box = GeoBox::new(crs("src_crs"), affine("src_transform"), width, height).unwrap();
    let (dst_height, dst_width) = (shape[0] as usize, shape[1] as usize);
    let dst_box =
        GeoBox::new(crs("dst_crs"), affine("dst_transform"), dst_width, dst_height).unwrap();
    let transform = Transform::new(&dst_box.crs, &src_box.crs).unwrap();
    let scale = numbers(&case["kernel_scale"]);
    let options = WarpOptions {
        scale: (1.0 / scale[0], 1.0 / scale[1]),
        nodata: case["dst_nodata"].as_f64(),
        ..WarpOptions::whole(resampling, &src)
    };
    warp(&src, &src_box, &dst_box, &transform, &options).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Null => vec![f64::NAN],
        other => vec![other.as_f64().unwrap()],
    }
}

/// Values below `most`, with holes, and a grid in another CRS over them.
fn scene(most: usize) -> (Raster, GeoBox, GeoBox, Transform) {
    let (width, height) = (60, 50);
    let values = (0..width * height).map(|i| (((i * 7919) % 1009) % most) as f64).collect();
    let mut src = Raster::new(width, height, Pixels::F64(values)).unwrap();
    src.invalidate(3.0);
    src.invalidate(500.0);
    let utm = Crs::epsg(32633).unwrap();
    let affine = Affine::new(30.0, 0.0, 500_000.0, 0.0, -30.0, 5_000_000.0);
    let src_box = GeoBox::new(utm, affine, width, height).unwrap();
    let mercator = Crs::epsg(3857).unwrap();
    let transform = Transform::new(&src_box.crs, &mercator).unwrap();
    let (x, y) = transform.forward(499_900.0, 5_000_100.0).unwrap();
    let affine = Affine::new(57.0, 0.0, x, 0.0, -57.0, y);
    let dst_box = GeoBox::new(mercator, affine, 50, 40).unwrap();
    let back = Transform::new(&dst_box.crs, &src_box.crs).unwrap();
    (src, src_box, dst_box, back)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Cutting source and destination into windows changes no pixel.
    #[test]
    fn windows_have_no_seams(
        resampling in prop::sample::select(Resampling::ALL.to_vec()),
        tolerance in prop::sample::select(vec![0.0, 1e-4]),
        scale in 1.0f64..3.0,
        col in 0usize..49,
        row in 0usize..39,
        width in 1usize..30,
        height in 1usize..30,
    ) {
        let most = if resampling == Resampling::Mode { 5 } else { 1000 };
        let (src, src_box, dst_box, transform) = scene(most);
        let options = WarpOptions {
            scale: (scale, scale),
            tolerance,
            ..WarpOptions::whole(resampling, &src)
        };
        let whole = warp(&src, &src_box, &dst_box, &transform, &options).unwrap();

        let window = Window::new(col, row, width.min(50 - col), height.min(40 - row));
        let part_box = dst_box.crop(&window);
        let needed = source_window(&src_box, &part_box, &transform, resampling.margin(scale));
        let Some(needed) = needed else { return Ok(()) };
        let part_src = src.crop(&needed);
        let extent = SourceExtent { col: needed.col, row: needed.row, ..options.extent };
        let options = WarpOptions { extent, at: (window.col, window.row), ..options };
        let part =
            warp(&part_src, &src_box.crop(&needed), &part_box, &transform, &options).unwrap();
        let expected = whole.crop(&window);
        for r in 0..part.height {
            for c in 0..part.width {
                prop_assert_eq!(part.value(c, r), expected.value(c, r), "{} {}", c, r);
            }
        }
    }
}

/// Values and places that make rules visible, over one destination pixel of 4 by 1 source pixels.
fn row_of_four(values: [f64; 4], resampling: Resampling) -> Option<f64> {
    let utm = || Crs::epsg(32633).unwrap();
    let affine = Affine::new(30.0, 0.0, 500_000.0, 0.0, -30.0, 5_000_000.0);
    let mut src = Raster::new(4, 1, Pixels::F64(values.to_vec())).unwrap();
    src.invalidate(-1.0);
    let src_box = GeoBox::new(utm(), affine, 4, 1).unwrap();
    let wide = Affine::new(120.0, 0.0, 500_000.0, 0.0, -30.0, 5_000_000.0);
    let dst_box = GeoBox::new(utm(), wide, 1, 1).unwrap();
    let transform = Transform::new(&dst_box.crs, &src_box.crs).unwrap();
    let options = WarpOptions { scale: (4.0, 1.0), ..WarpOptions::whole(resampling, &src) };
    warp(&src, &src_box, &dst_box, &transform, &options).unwrap().value(0, 0)
}

/// GDAL's results (3.12.2), also for values with holes.
#[test]
fn statistics_of_four_pixels_are_those_of_gdal() {
    let of = |resampling, values| row_of_four(values, resampling);
    let cases = [
        (Resampling::Min, 1.0, 2.0),
        (Resampling::Q1, 1.0, 2.0),
        (Resampling::Median, 2.0, 2.0),
        (Resampling::Q3, 4.0, 6.0),
        (Resampling::Max, 8.0, 6.0),
        (Resampling::Sum, 15.0, 10.0),
        (Resampling::Rms, 85f64.sqrt() / 2.0, (44f64 / 3.0).sqrt()),
        (Resampling::Mode, 8.0, 2.0),
    ];
    for (resampling, full, holed) in cases {
        assert_eq!(of(resampling, [8.0, 4.0, 2.0, 1.0]), Some(full), "{resampling}");
        assert_eq!(of(resampling, [2.0, -1.0, 6.0, 2.0]), Some(holed), "{resampling}");
        assert_eq!(of(resampling, [-1.0; 4]), None, "{resampling}");
    }
}

/// As in GDAL for extremes and means. Where GDAL sorts NaN as it happens to, NaN is the answer.
#[test]
fn nan_that_is_not_nodata_is_left_out_of_extremes_and_spreads_elsewhere() {
    let values = [f64::NAN, 2.0, f64::NAN, 2.0];
    for resampling in [Resampling::Min, Resampling::Max] {
        assert_eq!(row_of_four(values, resampling), Some(2.0));
        assert!(row_of_four([f64::NAN; 4], resampling).unwrap().is_nan());
    }
    for resampling in Resampling::ALL.into_iter().skip(5) {
        if !matches!(resampling, Resampling::Min | Resampling::Max) {
            assert!(row_of_four(values, resampling).unwrap().is_nan(), "{resampling}");
        }
    }
}

#[test]
fn names_are_those_of_gdal() {
    let names = "nearest bilinear cubic cubicspline lanczos average mode min max med q1 q3 sum rms";
    assert_eq!(Resampling::ALL.map(Resampling::name).join(" "), names);
    for resampling in Resampling::ALL {
        assert_eq!(resampling.name().parse::<Resampling>().unwrap(), resampling);
        assert_eq!(serde_json::to_value(resampling).unwrap(), resampling.name());
    }
}

/// The source pixels around a destination, by transforming every corner.
fn source_window(
    src: &GeoBox,
    dst: &GeoBox,
    transform: &Transform,
    margin: usize,
) -> Option<Window> {
    let inverse = src.affine.inverse().unwrap();
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for row in 0..=dst.height {
        for col in 0..=dst.width {
            let (x, y) = dst.affine.apply(col as f64, row as f64);
            let (x, y) = transform.forward(x, y)?;
            let (c, r) = inverse.apply(x, y);
            low = (low.0.min(c), low.1.min(r));
            high = (high.0.max(c), high.1.max(r));
        }
    }
    let margin = margin as f64;
    let clip = |v: f64, limit: usize| v.clamp(0.0, limit as f64) as usize;
    let (c0, r0) = (clip(low.0 - margin, src.width), clip(low.1 - margin, src.height));
    let c1 = clip((high.0 + margin).ceil(), src.width);
    let r1 = clip((high.1 + margin).ceil(), src.height);
    (c0 < c1 && r0 < r1).then(|| Window::new(c0, r0, c1 - c0, r1 - r0))
}
