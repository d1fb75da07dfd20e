//! Orders, masks, composites and minimum-valid rules, through a whole cube.

use serde_json::json;
use terracube_cube::{Band, Error, Mosaic, Request, Schema, UnmaskedOverlap};
use terracube_grid::{Affine, GeoBox};
use terracube_raster::{DType, MosaicRule, Pixels, Raster};

use crate::archive::utm;
use crate::python::{python, shared};
use crate::shots::{self, Shot, filled, u8s, u16s};

fn red() -> Band {
    Band::new("red", DType::U16).nodata(0.0)
}

/// 60 by 40 pixels of 10 m.
fn grid() -> GeoBox {
    utm(0, 0, 60, 40)
}

fn schema(band: Band) -> Schema {
    let geobox = grid();
    let b = geobox.bounds();
    Schema::new("shots", geobox.crs, [b.min_x, b.min_y, b.max_x, b.max_y], 10.0)
        .band(band)
        .chunks(16, 25)
}

fn mosaic(toml: &str) -> Mosaic {
    toml::from_str(toml).unwrap()
}

/// Granule `k` has nodata in columns below 10 k and else 100 × (k + 1).
fn three() -> Vec<Shot> {
    let days = ["2020-06-02T10:00:00Z", "2020-06-03T10:00:00Z", "2020-06-01T10:00:00Z"];
    let clouds = [30.0, 20.0, 10.0];
    (0..3)
        .map(|k| {
            let value = move |col: usize, _| if col < 10 * k { 0 } else { 100 * (k as u16 + 1) };
            Shot::new(["c", "b", "a"][k], days[k]).says(json!({"eo:cloud_cover": clouds[k]})).layer(
                "red",
                &grid(),
                Some(0.0),
                u16s(&grid(), value),
            )
        })
        .collect()
}

fn row(raster: &Raster) -> [Option<f64>; 3] {
    [5, 15, 25].map(|col| raster.value(col, 20))
}

#[tokio::test(flavor = "multi_thread")]
async fn granules_are_taken_in_the_declared_order() {
    let server = shots::serve(&three());
    let [c, b, a] = [Some(100.0), Some(200.0), Some(300.0)];
    for (order, expected) in [
        ("order = \"oldest\"", [c, c, a]),
        ("order = []", [c, c, a]),
        ("order = \"newest\"", [c, b, b]),
        ("order = \"id\"", [c, b, a]),
        ("order = \"least_cloud\"", [c, b, a]),
        ("order = { property = \"eo:cloud_cover\", descending = true }", [c, c, c]),
        ("rule = \"last\"\norder = \"newest\"", [c, c, a]),
    ] {
        let (_, report, loaded) = filled(&schema(red()).mosaic(mosaic(order)), &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        assert_eq!(row(&loaded.bands[0].rasters[0]), expected, "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_drops_pixels_on_its_own_grid_before_the_mosaic() {
    // The newer granule is cloudy where its classification of 20 m says so.
    let coarse =
        GeoBox::new(grid().crs, Affine { a: 20.0, e: -20.0, ..grid().affine }, 30, 20).unwrap();
    let scl = |col: usize, row: usize| if (10..12).contains(&col) && row == 7 { 9 } else { 4 };
    let newer = Shot::new("new", "2020-06-02T10:00:00Z")
        .layer("red", &grid(), Some(0.0), u16s(&grid(), |_, _| 7))
        .layer("scl", &coarse, Some(0.0), u8s(&coarse, scl));
    let older = Shot::new("old", "2020-06-01T10:00:00Z")
        .layer("red", &grid(), Some(0.0), u16s(&grid(), |col, _| if col == 21 { 0 } else { 5 }))
        .layer("scl", &coarse, Some(0.0), u8s(&coarse, |_, _| 5));
    let server = shots::serve(&[newer, older]);
    for (dilate, first, last) in [(0, 20, 23), (1, 18, 25)] {
        let mask = format!(
            "asset = \"scl\"\nmeaning = \"sentinel-2-scl\"\ndrop = [\"cloud_high_probability\", 3]\ndilate = {dilate}"
        );
        let schema =
            schema(red()).mosaic(mosaic("order = \"newest\"")).mask(toml::from_str(&mask).unwrap());
        let (_, report, loaded) = filled(&schema, &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let raster = &loaded.bands[0].rasters[0];
        let rows = (14 - 2 * dilate)..=(15 + 2 * dilate);
        for i in 0..60 * 40 {
            let (col, row) = (i % 60, i / 60);
            let is_cloud = (first..=last).contains(&col) && rows.contains(&row);
            let expected = match (is_cloud, col) {
                (true, 21) => None,
                (true, _) => Some(5.0),
                (false, _) => Some(7.0),
            };
            assert_eq!(raster.value(col, row), expected, "dilate {dilate}: {col}, {row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_understood_as_the_item_says_them() {
    let flags = json!({"classification:bitfields": [{"name": "haze", "offset": 4, "length": 2,
        "classes": [{"value": 0, "name": "none"}, {"value": 3, "name": "thick"}]}]});
    let qa = u16s(&grid(), |col, _| match col {
        0..20 => 0b00_1111,
        20..40 => 0b11_0000,
        _ => 0b10_0000,
    });
    let shot = Shot::new("a", "2020-06-01T10:00:00Z")
        .layer("red", &grid(), Some(0.0), u16s(&grid(), |_, _| 7))
        .layer("nir", &grid(), Some(0.0), u16s(&grid(), |_, _| 8))
        .layer_that_says("qa", &grid(), None, qa, flags);
    let server = shots::serve(&[shot]);
    let mask = "asset = \"qa\"\ndrop = [\"haze=thick\"]\nbands = [\"red\"]";
    let nir = Band::new("nir", DType::U16).nodata(0.0);
    let schema = schema(red()).band(nir).mask(toml::from_str(mask).unwrap());
    let (_, report, loaded) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let at = |band: usize, col| loaded.bands[band].rasters[0].value(col, 3);
    assert_eq!([5, 25, 45].map(|col| at(0, col)), [Some(7.0), None, Some(7.0)]);
    assert_eq!(at(1, 25), Some(8.0), "the mask is for red only");

    let mut unknown = schema.clone();
    unknown.masks = vec![toml::from_str("asset = \"qa\"\ndrop = [\"fog\"]").unwrap()];
    let (_, report, _) = filled(&unknown, &server).await;
    assert!(
        report.failed[0].reason.contains("there is no `fog`; there are haze"),
        "{:?}",
        report.failed[0]
    );
}

/// Five granules on grids of their own with holes, so that patches hold different numbers of them.
fn five() -> Vec<Shot> {
    (0..5u16)
        .map(|k| {
            let (col, row) = (7 * i32::from(k) - 10, 5 * i32::from(k) - 9);
            let geobox = utm(col, row, 50, 30);
            let value = move |c: usize, r: usize| {
                let mixed = (c * 31 + r * 17 + usize::from(k) * 101) % 97;
                if mixed < 12 { 0 } else { mixed as u16 }
            };
            let green =
                move |c: usize, r: usize| 1 + ((c * 7 + r * 13 + usize::from(k) * 29) % 50) as u16;
            Shot::new(&format!("g{k}"), "2020-06-01T10:00:00Z")
                .layer("red", &geobox, Some(0.0), u16s(&geobox, value))
                .layer("green", &geobox, Some(0.0), u16s(&geobox, green))
        })
        .collect()
}

/// What the five have at a pixel of the grid, in the order of their ids: red and green.
fn stack(col: usize, row: usize) -> Vec<(f64, f64)> {
    let found = (0..5usize).filter_map(|k| {
        let c = (col + 10).checked_sub(7 * k).filter(|c| *c < 50)?;
        let r = (row + 9).checked_sub(5 * k).filter(|r| *r < 30)?;
        let red = (c * 31 + r * 17 + k * 101) % 97;
        Some((if red < 12 { 0.0 } else { red as f64 }, (1 + (c * 7 + r * 13 + k * 29) % 50) as f64))
    });
    found.collect()
}

/// numpy's definitions, pixel by pixel, for the valid values.
fn expected(rule: MosaicRule, col: usize, row: usize) -> Option<f64> {
    let mut values: Vec<f64> = stack(col, row).iter().map(|v| v.0).filter(|v| *v > 0.0).collect();
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = |values: &[f64]| (values.iter().sum::<f64>() / values.len() as f64 + 0.5).floor();
    Some(match rule {
        MosaicRule::First => values[0],
        MosaicRule::Mean => mean(&values),
        MosaicRule::Count => n as f64,
        _ => {
            values.sort_by(f64::total_cmp);
            mean(&values[(n - 1) / 2..=n / 2])
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn composites_are_right_and_the_same_whatever_the_patch() {
    let server = shots::serve(&five());
    for rule in [MosaicRule::First, MosaicRule::Mean, MosaicRule::Median, MosaicRule::Count] {
        for (rows, cols) in [(40, 60), (7, 11), (16, 25)] {
            let schema = schema(red().mosaic(rule)).chunks(rows, cols);
            let (_, report, loaded) = filled(&schema, &server).await;
            assert!(report.failed.is_empty(), "{:?}", report.failed);
            let raster = &loaded.bands[0].rasters[0];
            for i in 0..60 * 40 {
                let (col, row) = (i % 60, i / 60);
                let expected = expected(rule, col, row);
                assert_eq!(
                    raster.value(col, row),
                    expected,
                    "{rule} at {col}, {row} in {rows}×{cols}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greenest_granule_gives_all_bands_of_a_pixel() {
    let server = shots::serve(&five());
    let green = Band::new("green", DType::U16).nodata(0.0);
    let count = Band::new("seen", DType::U8).asset("green").nodata(0.0).mosaic(MosaicRule::Count);
    for (rows, cols) in [(40, 60), (7, 11)] {
        let schema = schema(red())
            .band(green.clone())
            .band(count.clone())
            .mosaic(mosaic("max_of = \"green\""))
            .chunks(rows, cols);
        let (_, report, loaded) = filled(&schema, &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let value = |band: usize, col, row| loaded.bands[band].rasters[0].value(col, row);
        for i in 0..60 * 40 {
            let (col, row) = (i % 60, i / 60);
            let all = stack(col, row);
            let largest = all.iter().map(|v| v.1).fold(f64::NAN, f64::max);
            let chosen = all.iter().find(|v| v.1 == largest);
            assert_eq!(value(1, col, row), chosen.map(|v| v.1));
            assert_eq!(
                value(0, col, row),
                chosen.map(|v| v.0).filter(|v| *v > 0.0),
                "{col}, {row}"
            );
            assert_eq!(value(2, col, row), Some(all.len() as f64).filter(|n| *n > 0.0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn overlap_without_nodata_is_refused_unless_told() {
    let shot = |id: &str, col, value: u16| {
        let geobox = utm(col, 0, 40, 40);
        Shot::new(id, "2020-06-01T10:00:00Z").layer(
            "red",
            &geobox,
            None,
            u16s(&geobox, |_, _| value),
        )
    };
    let apart = shots::serve(&[shot("a", -10, 5), shot("b", 30, 6)]);
    let (_, report, loaded) = filled(&schema(red()), &apart).await;
    assert!(report.failed.is_empty(), "granules side by side do not overlap: {:?}", report.failed);
    assert_eq!(loaded.bands[0].rasters[0].value(30, 0), Some(6.0));

    let server = shots::serve(&[shot("a", 0, 5), shot("b", 20, 6)]);
    let (_, report, _) = filled(&schema(red()), &server).await;
    // Columns 20 to 39 are of patches 0 (columns 0 to 24) and 1 (25 to 49).
    assert_eq!((report.failed.len(), report.filled), (6, 3));
    let reason = &report.failed[0].reason;
    assert!(reason.contains("granules `a` and `b` overlap"), "{reason}");
    let allowed = Mosaic { unmasked_overlap: UnmaskedOverlap::Allow, ..Mosaic::default() };
    let (_, report, loaded) = filled(&schema(red()).mosaic(allowed), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(loaded.bands[0].rasters[0].value(30, 0), Some(5.0));
    let mut told = red();
    told.source_nodata = Some(5.0);
    let (_, report, loaded) = filled(&schema(told), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(loaded.bands[0].rasters[0].value(30, 0), Some(6.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_does_not_count() {
    // Of each patch of 20 rows by 30 columns the first has 1 of 10 columns, the second all.
    let shot = |id: &str, keep: usize, value: u16| {
        let pixels = u16s(&grid(), |col, _| if col % 10 < keep { value } else { 0 });
        Shot::new(id, "2020-06-01T10:00:00Z").layer("red", &grid(), Some(0.0), pixels)
    };
    let server = shots::serve(&[shot("a", 1, 5), shot("b", 4, 6)]);
    for (rule, expected, state) in [
        ("", (Some(5.0), Some(6.0)), (4, 0)),
        ("minimum_valid = { granule = 0.1 }", (Some(5.0), Some(6.0)), (4, 0)),
        ("minimum_valid = { granule = 0.11 }", (Some(6.0), Some(6.0)), (4, 0)),
        ("minimum_valid = { patch = 0.4 }", (Some(5.0), Some(6.0)), (4, 0)),
        ("minimum_valid = { patch = 0.41 }", (None, None), (0, 4)),
    ] {
        let schema = schema(red()).mosaic(mosaic(rule)).chunks(20, 30);
        let (_, report, loaded) = filled(&schema, &server).await;
        assert_eq!((report.filled, report.empty), state, "{rule}");
        let raster = &loaded.bands[0].rasters[0];
        assert_eq!((raster.value(0, 0), raster.value(1, 0)), expected, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_median_that_memory_has_no_room_for_is_refused_by_size() {
    let server = shots::serve(&five());
    let cube = shots::cube(&schema(red().mosaic(MosaicRule::Median)).chunks(40, 60), &server).await;
    let plan = cube.plan(&Request::all()).await.unwrap();
    let options = terracube_cube::FillOptions { memory: 32 << 10, ..Default::default() };
    let report = cube.fill_with(plan, options).finish().await.unwrap();
    // 5 rasters of 2400 pixels, 2 bytes and validity each, of half of 32 KiB.
    assert_eq!(report.failed.len(), 1);
    let reason = &report.failed[0].reason;
    assert!(reason.contains("needs 36000 bytes") && reason.contains("16384"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nan_is_no_value_that_hides_another() {
    let shot = |id: &str, value: fn(usize) -> f32| {
        let values = (0..60 * 40).map(|i| value(i % 60)).collect();
        Shot::new(id, "2020-06-01T10:00:00Z").layer("red", &grid(), None, Pixels::F32(values))
    };
    let server = shots::serve(&[
        shot("a", |col| if col < 30 { f32::NAN } else { 1.0 }),
        shot("b", |col| if (5..55).contains(&col) { 2.0 } else { f32::NAN }),
    ]);
    let band = Band::new("red", DType::F32);
    let none = Band { nodata: terracube_cube::Nodata::None, ..band.clone() };
    for (rule, band, expected) in [
        ("first", band.clone(), [None, Some(2.0), Some(1.0), Some(1.0)]),
        ("last", band.clone(), [None, Some(2.0), Some(2.0), Some(1.0)]),
        ("first", band.nodata(-9999.0), [None, Some(2.0), Some(1.0), Some(1.0)]),
    ] {
        let text = format!("rule = \"{rule}\"\nunmasked_overlap = \"allow\"");
        let schema = schema(band).mosaic(mosaic(&text)).chunks(40, 5);
        let (_, report, loaded) = filled(&schema, &server).await;
        assert_eq!((report.filled, report.empty), (11, 1), "nothing but NaN is nothing");
        let raster = &loaded.bands[0].rasters[0];
        assert_eq!([2, 20, 40, 57].map(|col| raster.value(col, 9)), expected, "{rule}");
    }
    // Where every value is data NaN is one.
    let schema = schema(none).mosaic(mosaic("unmasked_overlap = \"allow\""));
    let (_, _, loaded) = filled(&schema, &server).await;
    assert!(loaded.bands[0].rasters[0].value(20, 9).unwrap().is_nan());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodata_of_a_file_comes_before_the_declared_one() {
    let pixels = u16s(&grid(), |col, _| [0, 65_535, 7][col % 3]);
    let shot = |nodata| {
        Shot::new("a", "2020-06-01T10:00:00Z").layer("red", &grid(), nodata, pixels.clone())
    };
    let mut band = red().nodata(9.0);
    band.source_nodata = Some(0.0);
    for (nodata, expected) in
        [(Some(65_535.0), [Some(0.0), None, Some(7.0)]), (None, [None, Some(65_535.0), Some(7.0)])]
    {
        let (_, report, loaded) =
            filled(&schema(band.clone()), &shots::serve(&[shot(nodata)])).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let raster = &loaded.bands[0].rasters[0];
        assert_eq!([0, 1, 2].map(|col| raster.value(col, 3)), expected, "{nodata:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_of_all_bands_counts_as_that_of_one() {
    let counted = |nodata: f64| {
        let band = Band::new("red", DType::U8).nodata(nodata).scale_offset(2.0, 1.0);
        schema(band).mosaic(mosaic("rule = \"count\""))
    };
    let error = counted(5.0).check().unwrap_err().to_string();
    assert!(error.contains("its nodata is 0"), "{error}");
    // Of uint16 in uint8, and of another scale: only how many there are is stored.
    let (_, report, loaded) = filled(&counted(0.0), &shots::serve(&three())).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(row(&loaded.bands[0].rasters[0]), [Some(1.0), Some(2.0), Some(3.0)]);
}

#[test]
fn what_makes_no_sense_is_refused_at_declaration() {
    for (wrong, word) in [
        ("[mosaic]\nmax_of = \"nir\"", "names no band `nir`"),
        ("[mosaic]\nrule = \"mean\"\nmax_of = \"red\"", "rule of its own"),
        ("[mosaic]\nminimum_valid = { patch = 2.0 }", "from 0 to 1"),
        ("[[masks]]\nasset = \"scl\"", "neither what to drop"),
        ("[[masks]]\nasset = \"scl\"\ndrop = [3]\nbands = [\"nir\"]", "no band `nir`"),
        (
            "[[masks]]\nasset = \"q\"\nmeaning = \"landsat-qa-pixel\"\ndrop = [\"fog\"]",
            "cloud_shadow",
        ),
        ("[time]\nstart = \"2020\"\nend = \"2021\"\ngroup = \"sun\"", "solar_day"),
    ] {
        let text = format!(
            "name = \"x\"\ncrs = \"EPSG:32633\"\nresolution = 10.0\nextent = [0.0, 0.0, 100.0, 100.0]\n\
             {wrong}\n[[bands]]\nname = \"red\"\ndtype = \"uint16\"\nnodata = 0\n"
        );
        let error = Schema::from_toml(&text).unwrap_err();
        assert!(matches!(error, Error::Schema { .. } | Error::Declaration { .. }));
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// Every example of the document, with what it leaves out.
#[test]
fn the_examples_of_the_document_are_declarations() {
    let document = include_str!("../../../../docs/time-and-mosaics.md");
    let blocks: Vec<_> =
        document.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 7, "{} examples", blocks.len());
    for block in blocks {
        let has = |name: &str| block.contains(&format!("name = \"{name}\""));
        let band = |name: &str| match has(name) {
            true => String::new(),
            false => format!("[[bands]]\nname = \"{name}\"\ndtype = \"uint16\"\nnodata = 0\n"),
        };
        let text = format!(
            "name = \"x\"\ncrs = \"EPSG:32633\"\nresolution = 10.0\nextent = [0.0, 0.0, 100.0, 100.0]\n\
             {block}\n{}{}",
            band("red"),
            band("nir")
        );
        let schema = Schema::from_toml(&text).unwrap_or_else(|error| panic!("{block}: {error}"));
        let stored = serde_json::to_value(&schema).unwrap();
        let read: Schema = serde_json::from_value(stored).unwrap();
        assert_eq!(read, schema, "it comes back out of the store as it was declared");
    }
}

/// A real Landsat scene with its QA_PIXEL, against the flags as numpy tells them.
#[tokio::test(flavor = "multi_thread")]
async fn flags_of_a_real_landsat_scene_drop_what_numpy_drops() {
    let what = "Landsat's QA_PIXEL against numpy";
    let Some(root) = shared("stac-roots/landsat-real", what) else { return };
    let Some(python) = python(what) else { return };
    let code = "import sys,rasterio,numpy as np\n\
        root=sys.argv[1]+'/data/LC08_L2SP_017036_20130419_'\n\
        red=rasterio.open(root+'SR_B4.tif').read(1)\n\
        qa=rasterio.open(root+'QA_PIXEL.tif').read(1)\n\
        drop=(qa&0b10011!=0)|((qa>>14)&3==3)\n\
        np.where(drop,0,red).astype('<u2').tofile(sys.argv[2])";
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("expected.bin");
    let ran = std::process::Command::new(python)
        .args(["-c", code, root.to_str().unwrap(), out.to_str().unwrap()])
        .status()
        .unwrap();
    assert!(ran.success());
    let expected = std::fs::read(&out).unwrap();
    let expected: Vec<u16> =
        expected.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();

    let server = terracube_testbed::Server::builder().stac_root(&root).start().unwrap();
    let (x, y) = (464.121_093_75, 435.996_093_75);
    let (left, top) = (207_585.0, 3_942_915.0);
    let crs = terracube_grid::Crs::epsg(32617).unwrap();
    let extent = [left, top - 512.0 * y, left + 512.0 * x, top];
    let band = Band::new("red", DType::U16).asset("SR_B4").nodata(0.0);
    let mask = "asset = \"QA_PIXEL\"\nmeaning = \"landsat-qa-pixel\"\n\
        drop = [\"fill\", \"dilated_cloud\", \"cloud_shadow\", \"cirrus_confidence>=high\"]";
    let mut schema = Schema::new("landsat", crs, extent, x).band(band).chunks(100, 130);
    schema.resolution = Some(terracube_cube::Resolution::Axes([x, y]));
    schema.anchor = terracube_grid::Anchor::Floating;
    schema = schema.mask(toml::from_str(mask).unwrap());
    let (_, report, loaded) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let raster = &loaded.bands[0].rasters[0];
    let found: Vec<u16> =
        (0..512 * 512).map(|i| raster.value(i % 512, i / 512).map_or(0, |v| v as u16)).collect();
    // All but a little of the scene is cirrus over cloud.
    assert!(expected.iter().any(|v| *v > 0) && expected.contains(&0));
    assert!(found == expected, "the same pixels are left");
}
