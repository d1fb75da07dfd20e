//! The summary of the ledger: what it says is what the ledger says, and large cubes are read from it.

use std::sync::Arc;

use terracube_cube::{Band, Counts, Cube, Patch, PatchState, Request, Schema, Want};
use terracube_grid::Region;
use terracube_raster::DType;
use terracube_store::{
    ByteRequest, Key, Memory, OpenOptions, Prefix, ReadStore, Store, StoreExt, Unversioned,
    create_repository,
};

use crate::archive::{Scene, places, serve, source, utm};

/// 40 × 40 patches of 5 × 5 pixels.
fn schema() -> Schema {
    let b = utm(0, 0, 200, 200).bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    Schema::new("places", utm(0, 0, 1, 1).crs, extent, 10.0)
        .band(Band::new("place", DType::F32).asset("dem"))
        .chunks(5, 5)
}

fn scene(id: &'static str, col: i32, row: i32, side: usize) -> Scene {
    let geobox = utm(col, row, side, side);
    let pixels = places(&geobox);
    let datetime = "2020-06-01T10:00:00Z";
    Scene { id, datetime, geobox, pixels, nodata: Some(f64::NAN) }
}

async fn remove(store: &Memory, prefix: &str) {
    store.delete_dir(&Prefix::new(prefix).unwrap()).await.unwrap();
}

/// What the cube says of itself with the whole store at hand.
async fn counts(cube: &Cube) -> Counts {
    cube.state().await.unwrap().counts
}

async fn stored(store: &Memory) -> u64 {
    store.getsize_prefix(&Prefix::new("place/c").unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_cube_is_known_without_its_ledger() {
    let server = serve(&[scene("half", 0, 0, 100)]);
    let (source, access) = source(&server);
    let store = Memory::new();
    let repository = Arc::new(Unversioned::new(store.clone()));
    let cube = Cube::create(repository, &schema()).await.unwrap().with_source(source, access);
    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.empty), (400, 1200));
    let first = counts(&cube).await;
    assert_eq!((first.filled, first.empty, first.bytes), (400, 1200, stored(&store).await));

    remove(&store, "_terracube/state/c").await;
    remove(&store, "place/c").await;
    let state = cube.state().await.unwrap();
    assert_eq!(state.counts, first, "states and sizes come from the summary");
    for (patch, state) in state.patches() {
        let is_filled = patch.row < 20 && patch.col < 20;
        let expected = if is_filled { PatchState::Filled } else { PatchState::Empty };
        assert_eq!(*state, expected, "{patch:?}");
    }
    assert!(cube.plan(&Request::all()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cube_without_a_summary_is_known_by_its_ledger() {
    let server = serve(&[scene("all", 0, 0, 200)]);
    let (source, access) = source(&server);
    let store = Memory::new();
    let repository = Arc::new(Unversioned::new(store.clone()));
    let cube = Cube::create(repository, &schema()).await.unwrap().with_source(source, access);
    cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    let whole = counts(&cube).await;
    assert_eq!(whole.filled, 1600);

    // As after a kill between the last commit and the summary.
    remove(&store, "_terracube/summary/c").await;
    assert_eq!(counts(&cube).await, whole);
    // As in a cube that was made without.
    remove(&store, "_terracube/summary").await;
    assert_eq!(counts(&cube).await, whole);
    assert!(cube.plan(&Request::all()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_fill_left_out_is_taken_in_by_the_next() {
    let server = serve(&[scene("all", 0, 0, 200)]);
    let (source, access) = source(&server);
    let store = Memory::new();
    let repository = Arc::new(Unversioned::new(store.clone()));
    let cube = Cube::create(repository, &schema()).await.unwrap().with_source(source, access);
    let top = Request::region(Region::from_geobox(&utm(1, 1, 198, 148)).unwrap());
    let report = cube.fill(cube.plan(&top).await.unwrap()).await.unwrap();
    assert_eq!(report.filled, 1200);
    remove(&store, "_terracube/summary/c").await;

    let report = cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!(report.filled, 400);
    let whole = counts(&cube).await;
    remove(&store, "_terracube/state/c").await;
    remove(&store, "place/c").await;
    assert_eq!(counts(&cube).await, whole);
    assert_eq!(whole.filled, 1600);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_fills_write_no_summary() {
    let server = serve(&[scene("all", 0, 0, 200)]);
    let (source, access) = source(&server);
    let store = Memory::new();
    let repository = Arc::new(Unversioned::new(store.clone()));
    let cube = Cube::create(repository, &schema()).await.unwrap().with_source(source, access);
    let corner = Request::region(Region::from_geobox(&utm(1, 1, 98, 98)).unwrap());
    let report = cube.fill(cube.plan(&corner).await.unwrap()).await.unwrap();
    assert_eq!((report.filled, report.versions.len()), (400, 1));
    let chunk = Key::new("_terracube/summary/c/0/0/0").unwrap();
    assert_eq!(store.get(&chunk, ByteRequest::All).await.unwrap(), None);
    assert_eq!(counts(&cube).await.filled, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_patches_that_are_asked_for_again_leave_the_summary_first() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("places.icechunk");
    let repository =
        create_repository(location.to_str().unwrap(), &OpenOptions::default()).await.unwrap();
    let before = serve(&[scene("half", 0, 0, 100)]);
    let (half, access) = source(&before);
    let cube = Cube::create(repository, &schema()).await.unwrap();
    let cube = cube.with_source(half, access);
    cube.fill(cube.plan(&Request::all()).await.unwrap()).await.unwrap();
    assert_eq!(counts(&cube).await.empty, 1200);

    // A few only, too few for another summary: what it says of them must be gone all the same.
    let after = serve(&[scene("half", 0, 0, 100), scene("corner", 150, 150, 50)]);
    let (more, access) = source(&after);
    let cube = cube.with_source(more, access);
    let corner = Request::region(Region::from_geobox(&utm(151, 151, 48, 48)).unwrap());
    let plan = cube.plan_for(&corner, Want::AlsoEmpty).await.unwrap();
    assert_eq!(plan.jobs.len(), 100);
    let report = cube.fill(plan).await.unwrap();
    assert_eq!(report.filled, 100);
    let state = cube.state().await.unwrap();
    assert_eq!((state.counts.filled, state.counts.empty), (500, 1100));
    let last = Patch { time: 0, row: 39, col: 39 };
    assert!(state.patches().contains(&(last, PatchState::Filled)));
}
