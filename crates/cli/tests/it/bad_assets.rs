//! Assets that are not what they should be: the patch fails with its reason, the others do not.

use terracube::raster::DType;
use terracube_testbed::{Fault, FaultKind};

use crate::world::{World, cog};

/// Fills with the north-west granule broken: exit code 3, its four patches failed, the rest fine;
/// then repairs it: the next fill does exactly those.
fn fails_alone(world: &World, said: &[&str], repair: impl FnOnce(&World)) {
    let fill = world.run(&["cube", "fill", "cube.icechunk"]);
    fill.must_fail(3, &["failed: patch row 0 column 0:", "failed: patch row 1 column 1:"]);
    fill.must_fail(3, said);
    assert!(fill.stdout.contains("12 patches filled"), "{fill:?}");
    assert_eq!(world.counts(), [12, 0, 0, 4]);
    let state = world.ok(&["cube", "state", "cube.icechunk"]);
    for words in said {
        assert!(state.contains(words), "the reason is kept: {state}");
    }
    repair(world);
    world.server.reset();
    let again = world.ok(&["cube", "fill", "cube.icechunk", "--retry-failed"]);
    assert!(again.contains("4 patches filled"), "{again}");
    assert_eq!(world.counts(), [16, 0, 0, 0]);
    for name in ["ne", "sw", "se"] {
        assert_eq!(world.server.count(&format!("/files/relief/{name}.tif")), 0, "{name}");
    }
}

fn sound(world: &World) -> Vec<u8> {
    std::fs::read(world.path("nw.tif")).unwrap()
}

#[test]
fn missing() {
    let world = World::created();
    world.server.fault(Fault::on("nw.tif", FaultKind::NotFound));
    fails_alone(&world, &["nw", "is not there"], |world| world.server.clear_faults());
}

#[test]
fn truncated() {
    let world = World::created();
    let bytes = sound(&world);
    world.server.put_bytes("relief/nw.tif", bytes[..bytes.len() / 2].to_vec());
    fails_alone(&world, &["nw", "truncated"], |world| {
        world.server.put_bytes("relief/nw.tif", sound(world));
    });
}

#[test]
fn a_web_page() {
    let world = World::created();
    let page = "<!DOCTYPE html><html><body>Please sign in.</body></html>";
    world.server.put_bytes("relief/nw.tif", page);
    fails_alone(&world, &["nw", "not a TIFF"], |world| {
        world.server.put_bytes("relief/nw.tif", sound(world));
    });
}

#[test]
fn of_another_dtype() {
    let world = World::created();
    let other = tempfile::tempdir().unwrap();
    let bytes = cog(other.path(), "nw", 0, 0, DType::F64);
    world.server.put_bytes("relief/nw.tif", bytes);
    fails_alone(&world, &["nw", "float64", "float32"], |world| {
        world.server.put_bytes("relief/nw.tif", sound(world));
    });
}

#[test]
fn of_another_size_than_was_announced() {
    let world = World::created();
    let bytes = std::fs::read(world.path("ne.tif")).unwrap();
    world.server.put_bytes("relief/ne.tif", bytes[..bytes.len() / 2].to_vec());
    let fill = world.run(&["cube", "fill", "cube.icechunk"]);
    let size = format!("size is {}, expected {}", bytes.len() / 2, bytes.len());
    fill.must_fail(3, &["ne.tif is not what was announced", &size]);
    assert_eq!(world.counts(), [12, 0, 0, 4]);
}

#[test]
fn a_busy_server_is_asked_again() {
    let world = World::created();
    world.server.fault(Fault::on("nw.tif", FaultKind::status(503)).times(2));
    let fill = world.ok(&["cube", "fill", "cube.icechunk"]);
    assert!(fill.contains("16 patches filled"), "{fill}");
    assert_eq!(world.server.fault_hits(), 2);
}

#[test]
fn a_band_without_its_asset_fails_with_the_names_there_are() {
    let world = World::new();
    let declaration = world.declaration().replace("asset = \"data\"", "asset = \"height\"");
    world.write("cube.toml", &declaration);
    world.create();
    let plan = world.run(&["cube", "plan", "cube.icechunk"]);
    assert!(
        plan.stderr.contains("no asset `height` for band `elevation`; it has data"),
        "{plan:?}"
    );
}

#[test]
fn local_files_need_leave() {
    let world = World::with(|server| server.asset_base("file:///"));
    let folder = world.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    // The hrefs are `file:///` + `/relief/nw.tif`: a folder of that name, outside of any root.
    world.create();
    let fill = world.run(&["cube", "fill", "cube.icechunk", "--allow-files", folder]);
    fill.must_fail(3, &["not allowed"]);
    assert_eq!(world.counts(), [0, 0, 0, 16]);
}
