//! Several fills of one cube by claims: what another has settled since the plan is not done again.

use std::sync::Arc;

use futures::StreamExt;
use terracube_cube::{Band, Cube, FillOptions, Request, Schema, Want};
use terracube_raster::DType;
use terracube_store::{
    Memory, OpenOptions, Prefix, Repository, Store, Unversioned, create_repository,
};

use crate::archive::{Scene, places, serve, source, utm};

/// 20 × 20 patches of 5 × 5 pixels: claimed 4 at a time.
fn schema() -> Schema {
    let b = utm(0, 0, 100, 100).bounds();
    let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
    Schema::new("places", utm(0, 0, 1, 1).crs, extent, 10.0)
        .band(Band::new("place", DType::F32).asset("dem"))
        .chunks(5, 5)
}

fn scene() -> Scene {
    let (geobox, datetime) = (utm(0, 0, 50, 100), "2020-06-01T10:00:00Z");
    let (pixels, nodata) = (places(&geobox), Some(f64::NAN));
    Scene { id: "half", datetime, geobox, pixels, nodata }
}

async fn claims(repository: &dyn Repository) -> usize {
    let aside = repository.aside(&Prefix::new("_terracube/claims").unwrap()).unwrap();
    aside.list_prefix(&Prefix::root()).count().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_since_the_plan_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cube.icechunk").display().to_string();
    let versioned = create_repository(&path, &OpenOptions::default()).await.unwrap();
    let plain: Arc<dyn Repository> = Arc::new(Unversioned::new(Memory::new()));
    for repository in [versioned, plain] {
        let server = serve(&[scene()]);
        let (source, access) = source(&server);
        let cube = Cube::create(repository.clone(), &schema()).await.unwrap();
        let cube = cube.with_source(source, access);
        let plan = cube.plan(&Request::all()).await.unwrap();
        let first = cube.fill(plan.clone()).await.unwrap();
        assert_eq!((first.filled, first.empty, first.elsewhere), (200, 200, 0), "{repository:?}");

        server.reset();
        let second = cube.fill(plan.clone()).await.unwrap();
        assert_eq!((second.filled, second.empty, second.elsewhere), (0, 0, 400), "{repository:?}");
        assert!(second.is_complete());
        assert_eq!(server.count("/files"), 0);

        // Asked for again on purpose, empty ones are.
        let again = cube.plan_for(&Request::all(), Want::AlsoEmpty).await.unwrap();
        let third = cube.fill(again).await.unwrap();
        assert_eq!((third.empty, third.elsewhere), (200, 0), "{repository:?}");

        let without = FillOptions { lease: None, ..FillOptions::default() };
        let fourth = cube.fill_with(plan, without).await.unwrap();
        assert_eq!((fourth.filled, fourth.empty, fourth.elsewhere), (200, 200, 0));
        assert_eq!(claims(&*repository).await, 0, "{repository:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_is_stopped_gives_its_claims_back() {
    let server = serve(&[scene()]);
    let (source, access) = source(&server);
    let repository: Arc<dyn Repository> = Arc::new(Unversioned::new(Memory::new()));
    let cube = Cube::create(repository.clone(), &schema()).await.unwrap();
    let cube = cube.with_source(source, access);
    let mut fill = cube.fill(cube.plan(&Request::all()).await.unwrap());
    let stop = fill.stop_switch();
    while let Some(event) = fill.next().await {
        if matches!(event, terracube_cube::Event::Filled { .. }) {
            stop.stop();
        }
    }
    let report = fill.finish().await.unwrap();
    assert!(report.stopped && report.left > 0, "{report}");
    assert_eq!(claims(&*repository).await, 0);
}
