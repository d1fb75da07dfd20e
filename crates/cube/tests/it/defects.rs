//! Defects that were found in other tools, each as something that does not happen here.

use std::sync::Arc;

use terracube_cube::{Band, Cube, LoadOptions, PatchState, Request, Schema};
use terracube_grid::{Affine, GeoBox, TimeAxis};
use terracube_raster::{DType, Pixels};
use terracube_store::{
    Fault, FaultKind, Faulty, Memory, OpenOptions, Operation, Repository, Unversioned,
    create_repository,
};

use crate::archive::{Scene, places, serve, source, utm};

/// 100 × 100 pixels of 10 m in patches of 25.
fn schema(dtype: DType) -> Schema {
    let b = utm(0, 0, 100, 100).bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    Schema::new("places", utm(0, 0, 1, 1).crs, extent, 10.0)
        .band(Band::new("place", dtype).asset("dem"))
        .chunks(25, 25)
}

fn scene(geobox: GeoBox, pixels: Pixels, nodata: f64) -> Scene {
    Scene { id: "a", datetime: "2020-06-01T10:00:00Z", geobox, pixels, nodata: Some(nodata) }
}

fn whole() -> Scene {
    let geobox = utm(0, 0, 100, 100);
    let pixels = places(&geobox);
    scene(geobox, pixels, f64::NAN)
}

async fn pixels(cube: &Cube) -> Pixels {
    let load = LoadOptions { fill: None, ..LoadOptions::default() };
    cube.load(&Request::all(), &load).await.unwrap().bands[0].rasters[0].pixels.clone()
}

async fn float_pixels(cube: &Cube) -> Vec<f32> {
    let Pixels::F32(pixels) = pixels(cube).await else { panic!("the band is float32") };
    pixels
}

/// Elsewhere a write that failed was not told, and the patch counted as loaded, with wrong pixels.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_is_told_and_its_patch_does_not_count_as_filled() {
    for nth in 1..40 {
        let server = serve(&[whole()]);
        let memory = Memory::new();
        let sound: Arc<dyn Repository> = Arc::new(Unversioned::new(memory.clone()));
        Cube::create(sound.clone(), &schema(DType::F32)).await.unwrap();
        let fault = Fault::new(FaultKind::Permanent).of(&[Operation::Set]).every_nth(nth).times(1);
        let broken = Arc::new(Unversioned::new(Faulty::new(memory).with(fault)));
        let (from, access) = source(&server);
        let cube = Cube::open(broken).await.unwrap().with_source(from, access);
        let error = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("could not"), "{error}");

        let (from, access) = source(&server);
        let cube = Cube::open(sound).await.unwrap().with_source(from, access);
        let found = float_pixels(&cube).await;
        for (patch, state) in cube.state().await.unwrap().patches() {
            let (row, col) = (25 * patch.row as usize, 25 * patch.col as usize);
            for (x, y) in [(col, row), (col + 24, row + 24)] {
                let is_right = found[100 * y + x] == (x + 1000 * y) as f32;
                assert!(*state == PatchState::Missing || is_right, "write {nth}: {patch:?}");
            }
        }
        let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
        assert!(report.is_complete(), "{report}");
        let found = float_pixels(&cube).await;
        assert!(found.iter().enumerate().all(|(i, p)| *p == (i % 100 + 1000 * (i / 100)) as f32));
    }
}

/// Elsewhere a granule whose pixels do not lie on those of the cube hung the load for ever. Here
/// each pixel is the one of the granule that its centre lies in.
#[tokio::test(flavor = "multi_thread")]
async fn a_granule_that_is_not_aligned_with_the_cube_ends_and_is_right() {
    for (shift, size) in [(3.0, 10.0), (-7.0, 10.0), (0.0, 7.0), (4.0, 23.0)] {
        let side = (1200.0 / size) as usize;
        let grid = utm(-5, -5, side, side);
        let affine = Affine {
            a: size,
            c: grid.affine.c + shift,
            e: -size,
            f: grid.affine.f - shift,
            ..grid.affine
        };
        let geobox = GeoBox::new(grid.crs.clone(), affine, side, side).unwrap();
        let values = (0..side * side).map(|i| (i % side + 1000 * (i / side)) as f32).collect();
        let server = serve(&[scene(geobox, Pixels::F32(values), f64::NAN)]);
        let (from, access) = source(&server);
        let memory = Arc::new(Unversioned::new(Memory::new()));
        let cube = Cube::create(memory, &schema(DType::F32)).await.unwrap();
        let cube = cube.with_source(from, access);
        let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
        assert_eq!((report.filled, report.failed.len()), (16, 0), "{shift}, {size}");
        for (i, pixel) in float_pixels(&cube).await.iter().enumerate() {
            // Metres from the granule's upper-left corner, which lies 50 - shift beyond the cube's.
            let at = |cell: usize| (cell as f64 * 10.0 + 5.0 + 50.0 - shift) / size;
            let (x, y) = (at(i % 100).floor(), at(i / 100).floor());
            assert_eq!(f64::from(*pixel), x + 1000.0 * y, "{shift}, {size}: pixel {i}");
        }
    }
}

/// Elsewhere the nearest step in time took a granule that is years off.
#[tokio::test(flavor = "multi_thread")]
async fn a_granule_from_2031_is_not_in_a_step_of_2020() {
    for axis in [
        serde_json::json!({"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z", "step": "P1Y"}),
        serde_json::json!({"start": "2020-01-01T00:00:00Z", "end": "2020-03-01T00:00:00Z", "step": "P1M"}),
    ] {
        let late = Scene { datetime: "2031-01-15T00:00:00Z", ..whole() };
        let server = serve(&[late]);
        let (from, access) = source(&server);
        let axis: TimeAxis = serde_json::from_value(axis).unwrap();
        let memory = Arc::new(Unversioned::new(Memory::new()));
        let cube = Cube::create(memory, &schema(DType::F32).time(axis)).await.unwrap();
        let cube = cube.with_source(from, access);
        let plan = cube.plan(&Request::all()).await.unwrap();
        assert_eq!(plan.granules.len(), 0);
        let (wanted, report) = (plan.wanted, cube.fill(plan).await.unwrap());
        assert_eq!((report.filled, report.empty), (0, wanted));
        assert_eq!(server.count("/files"), 0);
    }
}

/// Elsewhere the nodata of integers became 0 where nothing was written, or a number of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_nodata_of_integers_survives() {
    let folder = tempfile::tempdir().unwrap();
    let icechunk = folder.path().join("cube.icechunk").display().to_string();
    let icechunk = create_repository(&icechunk, &OpenOptions::default()).await.unwrap();
    let plain: Arc<dyn Repository> = Arc::new(Unversioned::new(Memory::new()));
    for (repository, dtype, nodata) in
        [(icechunk, DType::I16, -32768.0), (plain, DType::U16, 65535.0)]
    {
        // The upper left 60 × 60 pixels, every third of them nodata, and zeros among the others.
        let value = |i: usize| if i.is_multiple_of(3) { None } else { Some((i % 5) as i16) };
        let all = (0..60 * 60).map(value);
        let values = match dtype {
            DType::I16 => Pixels::I16(all.map(|v| v.unwrap_or(i16::MIN)).collect()),
            _ => Pixels::U16(all.map(|v| v.map_or(u16::MAX, i16::cast_unsigned)).collect()),
        };
        let server = serve(&[scene(utm(0, 0, 60, 60), values, nodata)]);
        let (from, access) = source(&server);
        let mut schema = schema(dtype);
        schema.bands[0] = schema.bands[0].clone().nodata(nodata);
        let cube = Cube::create(repository, &schema).await.unwrap().with_source(from, access);
        let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
        assert_eq!((report.filled, report.empty), (9, 7));
        let found: Vec<f64> = match pixels(&cube).await {
            Pixels::I16(found) => found.into_iter().map(f64::from).collect(),
            Pixels::U16(found) => found.into_iter().map(f64::from).collect(),
            other => panic!("{other:?} is not of {dtype:?}"),
        };
        for (i, pixel) in found.iter().enumerate() {
            let (col, row) = (i % 100, i / 100);
            let inside = (col < 60 && row < 60).then(|| value(60 * row + col)).flatten();
            assert_eq!(*pixel, inside.map_or(nodata, f64::from), "{dtype:?}: pixel {i}");
        }
    }
}

/// Elsewhere a cube had to have a time axis.
#[tokio::test(flavor = "multi_thread")]
async fn a_cube_without_time_has_two_axes_and_takes_granules_of_any_time() {
    let server = serve(&[whole()]);
    let (from, access) = source(&server);
    let repository: Arc<dyn Repository> = Arc::new(Unversioned::new(Memory::new()));
    let cube = Cube::create(repository.clone(), &schema(DType::F32)).await.unwrap();
    let cube = cube.with_source(from, access);
    assert!(cube.steps().is_empty());
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!(report.filled, 16);
    let array = terracube_store::ZarrArray::open(repository.latest().await.unwrap(), "place");
    assert_eq!(array.await.unwrap().shape(), [100, 100]);
    assert_eq!(float_pixels(&cube).await[99 + 100 * 99], (99 + 1000 * 99) as f32);
}
