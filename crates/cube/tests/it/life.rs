//! The life of a cube: create, plan, fill, load, fill again.

use std::sync::Arc;

use terracube_cube::{Band, Cube, Error, LoadOptions, Patch, PatchState, Request, Schema};
use terracube_grid::{Region, TimeAxis, TimeRange};
use terracube_raster::{DType, Pixels};
use terracube_store::{Memory, Unversioned};

use crate::archive::{Scene, places, serve, source, utm};

fn scene(id: &'static str, datetime: &'static str, col: i32, row: i32) -> Scene {
    let geobox = utm(col, row, 100, 100);
    let pixels = places(&geobox);
    Scene { id, datetime, geobox, pixels, nodata: Some(f64::NAN) }
}

/// 200 × 200 pixels in patches of 64, over four scenes of 100.
fn schema() -> Schema {
    let geobox = utm(0, 0, 200, 200);
    let b = geobox.bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    Schema::new("places", geobox.crs, extent, 10.0)
        .band(Band::new("place", DType::F32).asset("dem"))
        .chunks(64, 64)
}

fn four() -> Vec<Scene> {
    let day = "2020-06-01T10:00:00Z";
    vec![
        scene("a", day, 0, 0),
        scene("b", day, 100, 0),
        scene("c", day, 0, 100),
        scene("d", day, 100, 100),
    ]
}

fn memory() -> Arc<Unversioned<Memory>> {
    Arc::new(Unversioned::new(Memory::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cube_fills_with_the_right_pixels_and_asks_once() {
    let server = serve(&four());
    let (source, access) = source(&server);
    let cube = Cube::create(memory(), &schema()).await.unwrap().with_source(source, access);
    let plan = cube.plan(&Request::all()).await.unwrap();
    assert_eq!((plan.wanted, plan.jobs.len(), plan.granules.len()), (16, 16, 4));
    let report = cube.fill(plan).await.unwrap();
    assert_eq!((report.filled, report.empty, report.failed.len(), report.left), (16, 0, 0, 0));

    let asked = server.count("/files");
    let loaded = cube.load(&Request::all(), &LoadOptions::default()).await.unwrap();
    assert_eq!(server.count("/files"), asked, "a filled cube asks for no asset again");
    assert!(loaded.report.is_none());
    let raster = &loaded.bands[0].rasters[0];
    let Pixels::F32(pixels) = &raster.pixels else { panic!("the band is float32") };
    for (i, pixel) in pixels.iter().enumerate() {
        assert_eq!(*pixel, ((i % 200) + 1000 * (i / 200)) as f32, "pixel {i}");
    }
    assert!(cube.plan(&Request::all()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_patches_asked_for_are_filled() {
    let server = serve(&four());
    let (source, access) = source(&server);
    let cube = Cube::create(memory(), &schema()).await.unwrap().with_source(source, access);
    let corner = utm(10, 10, 20, 20);
    let request = Request::region(Region::from_geobox(&corner).unwrap());
    let report = cube.fill(cube.plan(&request).await.unwrap()).await.unwrap();
    assert_eq!(report.filled, 1);
    let state = cube.state().await.unwrap();
    assert_eq!((state.counts.filled, state.counts.missing), (1, 15));
    assert!(state.counts.bytes > 0);
    let touched: Vec<_> =
        server.requests().into_iter().filter(|r| r.path.contains("/files")).collect();
    assert!(touched.iter().all(|r| r.path.ends_with("a.tif")), "{touched:?}");
    let from = cube.provenance(Patch { time: 0, row: 0, col: 0 }).await.unwrap().unwrap();
    assert_eq!(from.granules[0].id, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_without_granules_is_empty_and_not_asked_again() {
    let server = serve(&four()[..1]);
    let (source, access) = source(&server);
    let cube = Cube::create(memory(), &schema()).await.unwrap().with_source(source, access);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.empty), (4, 12));
    let again = cube.plan(&Request::all()).await.unwrap();
    assert!(again.is_empty());
    assert_eq!((again.filled, again.empty), (4, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_asset_fails_its_patches_and_the_others_are_kept() {
    let server = serve(&four());
    server.put_bytes("scenes/d.tif", "<html>not found</html>");
    let (source, access) = source(&server);
    let cube = Cube::create(memory(), &schema()).await.unwrap().with_source(source, access);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    // Scene d covers pixels 100..200, hence patch rows and columns 1, 2 and 3.
    assert_eq!((report.filled, report.failed.len()), (7, 9));
    assert!(report.failed[0].reason.contains("d.tif"), "{}", report.failed[0].reason);
    let state = cube.state().await.unwrap();
    assert_eq!((state.counts.filled, state.counts.failed), (7, 9));
    assert!(state.failures[0].1.reason.as_ref().unwrap().contains("TIFF"));

    let mended = serve(&four());
    let (source, access) = crate::archive::source(&mended);
    let cube = cube.with_source(source, access);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.failed.len()), (9, 0));
    assert!(mended.count("/files/scenes/a.tif") > 0, "a touches the failed patches too");
}

#[tokio::test(flavor = "multi_thread")]
async fn granules_fall_into_their_time_step() {
    let mut scenes = four();
    scenes.push(scene("old", "2019-05-31T23:59:59Z", 0, 0));
    scenes.push(scene("late", "2031-01-01T00:00:00Z", 0, 0));
    let server = serve(&scenes);
    let (source, access) = source(&server);
    let axis: TimeAxis = serde_json::from_value(serde_json::json!({
        "start": "2019-05-01T00:00:00Z", "end": "2020-07-01T00:00:00Z", "step": "P1M",
    }))
    .unwrap();
    let schema = schema().time(axis);
    let cube = Cube::create(memory(), &schema).await.unwrap().with_source(source, access);
    assert_eq!(cube.patches().counts(), [14, 4, 4]);
    let june = TimeRange::parse("2020-06").unwrap();
    let plan = cube.plan(&Request::all().time(june)).await.unwrap();
    assert_eq!((plan.jobs.len(), plan.granules.len()), (16, 4));
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.empty), (4 + 16, 14 * 16 - 20));
    let state = cube.state().await.unwrap();
    let first: Vec<_> = state.patches().iter().filter(|(p, _)| p.time == 0).collect();
    assert_eq!(first.iter().filter(|(_, s)| *s == PatchState::Filled).count(), 4);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_said() {
    let cube = Cube::create(memory(), &schema()).await.unwrap();
    let far = Region::from_geobox(&utm(5000, 0, 10, 10)).unwrap();
    let error = cube.plan(&Request::region(far)).await.unwrap_err();
    assert!(matches!(error, Error::OutsideCube { .. }), "{error}");
    let options = LoadOptions { bands: vec!["height".into()], ..LoadOptions::default() };
    let error = cube.load(&Request::all(), &options).await.unwrap_err();
    assert_eq!(error.to_string(), "cube `places` has no band `height`; it has place");
    let error = cube.plan(&Request::all()).await.unwrap_err();
    assert!(matches!(error, Error::NoSource { missing: 16, .. }), "{error}");
}

#[tokio::test]
async fn a_declaration_is_compared() {
    let repository = memory();
    Cube::create(repository.clone(), &schema()).await.unwrap();
    let error = Cube::create(repository.clone(), &schema()).await.unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    Cube::open_or_create(repository.clone(), &schema()).await.unwrap();
    let mut other = schema();
    other.bands[0].units = Some("m".into());
    let error = Cube::open_or_create(repository, &other).await.unwrap_err();
    assert!(error.to_string().contains("bands[0].units: there null, asked \"m\""), "{error}");
}

#[test]
fn a_malformed_declaration_names_line_and_column() {
    let error = Schema::from_toml("name = \"x\"\ncrs = \"EPSG:999999\"\n").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("line 2, column 7"), "{text}");
    assert!(text.contains("999999"), "{text}");
    let error = Schema::from_toml("name = \"x\"\nbands = [\n").unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

/// A patch grid so large that its ledger is read by listing.
#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_a_large_cube_is_that_of_its_patches() {
    let server = serve(&four());
    let (source, access) = source(&server);
    let schema = schema().chunks(3, 3);
    let cube = Cube::create(memory(), &schema).await.unwrap().with_source(source, access);
    assert_eq!(cube.patches().len(), 67 * 67);
    let wanted = [Patch { time: 0, row: 0, col: 5 }, Patch { time: 0, row: 66, col: 66 }];
    assert_eq!(cube.fill_patches(&wanted).await.unwrap().filled, 2);
    let state = cube.state().await.unwrap();
    assert_eq!((state.counts.filled, state.counts.missing), (2, 67 * 67 - 2));
    let filled: Vec<_> =
        state.patches().iter().filter(|(_, s)| *s == PatchState::Filled).map(|(p, _)| *p).collect();
    assert_eq!(filled, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sharded_cube_has_patches_of_a_shard() {
    let server = serve(&four());
    let (source, access) = source(&server);
    let mut schema = schema();
    schema.chunks.shard = Some([128, 64]);
    schema.codecs =
        serde_json::from_value(serde_json::json!({"name": "zstd", "level": 1})).unwrap();
    let cube = Cube::create(memory(), &schema).await.unwrap().with_source(source, access);
    assert_eq!(cube.patches().counts(), [1, 2, 4]);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.failed.len()), (8, 0));
    let loaded = cube.load(&Request::all(), &LoadOptions::default()).await.unwrap();
    let Pixels::F32(pixels) = &loaded.bands[0].rasters[0].pixels else { panic!("float32") };
    for (i, pixel) in pixels.iter().enumerate() {
        assert_eq!(*pixel, ((i % 200) + 1000 * (i / 200)) as f32, "pixel {i}");
    }
}
