//! Wrong arguments and declarations: a clear message, a code, and nothing broken.

use crate::world::{World, bbox};

/// A world with one patch filled, to see afterwards that it still is.
fn with_one_patch() -> World {
    let world = World::created();
    let area = bbox(0..1, 0..1);
    world.ok(&["cube", "fill", "cube.icechunk", "--bbox", &area, "--crs", "EPSG:3413"]);
    assert_eq!(world.counts(), [1, 0, 15, 0]);
    world
}

#[test]
fn a_region_outside_the_cube() {
    let world = with_one_patch();
    for command in ["plan", "fill", "state"] {
        world.fails(
            &["cube", command, "cube.icechunk", "--bbox", "10,40,11,41"],
            1,
            &["error: the region lies outside cube `relief`", "-200000", "EPSG:3413", "cube info"],
        );
    }
    world.fails(
        &["cube", "load", "cube.icechunk", "--bbox", "10,40,11,41", "-o", "x.tif"],
        1,
        &["error: the region lies outside cube `relief`"],
    );
    assert!(!world.path("x.tif").exists());
    assert_eq!(world.counts(), [1, 0, 15, 0]);
}

#[test]
fn boxes_that_are_none() {
    let world = World::created();
    for (bbox, said) in [
        ("1,2,3", "four numbers"),
        ("a,2,3,4", "`a` is not a number"),
        ("NaN,2,3,4", "not a finite number"),
        ("-190,60,-40,70", "longitude -190"),
        ("-50,60,-40,95", "latitude 95"),
        ("-50,70,-40,60", "must lie below"),
    ] {
        world.fails(
            &["cube", "plan", "cube.icechunk", "--bbox", bbox],
            2,
            &["error: --bbox", said],
        );
    }
    // A negative number first is no option.
    let run = world.run(&["cube", "plan", "cube.icechunk", "--bbox", "-60,50,-20,80"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    world.fails(
        &["cube", "plan", "cube.icechunk", "--time", "yesterday"],
        2,
        &["--time", "yesterday"],
    );
}

#[test]
fn an_area_that_is_no_geojson() {
    let world = World::created();
    world.fails(&["cube", "plan", "cube.icechunk", "--geojson", "no.json"], 1, &["no.json"]);
    world.write("bad.json", "{\"type\": \"Point\", \"coordinates\": [0, 0]}");
    world.fails(&["cube", "plan", "cube.icechunk", "--geojson", "bad.json"], 1, &["bad.json"]);
    world.write("bad.json", "{");
    world.fails(&["cube", "plan", "cube.icechunk", "--geojson", "bad.json"], 1, &["not JSON"]);
}

#[test]
fn an_unknown_crs() {
    let world = World::created();
    world.fails(
        &["cube", "plan", "cube.icechunk", "--bbox", "0,0,1,1", "--crs", "EPSG:99999"],
        2,
        &["error: --crs", "EPSG:99999"],
    );
    let declaration = world.declaration().replace("EPSG:3413", "EPSG:99999");
    world.write("bad.toml", &declaration);
    world.fails(
        &["cube", "create", "bad.toml", "bad.icechunk"],
        1,
        &["bad.toml", "EPSG:99999", "line 2"],
    );
    assert!(!world.path("bad.icechunk").exists(), "nothing is written for a bad declaration");
}

#[test]
fn an_unknown_connector() {
    let world = World::created();
    world.write("bad.toml", &world.declaration().replace("stac-api", "stack-api"));
    world.fails(
        &["cube", "create", "bad.toml", "bad.icechunk"],
        1,
        &["error: unknown source `stack-api`", "stac-api", "source list"],
    );
    assert!(!world.path("bad.icechunk").exists());
    world.fails(
        &["source", "search", "--connector", "nothing"],
        1,
        &["unknown source `nothing`", "stac-api"],
    );
}

#[test]
fn a_setting_that_the_connector_does_not_have() {
    let world = World::created();
    world.write("bad.toml", &world.declaration().replace("collections", "colections"));
    world.fails(&["cube", "create", "bad.toml", "bad.icechunk"], 1, &["colections", "collections"]);
}

#[test]
fn an_unknown_band() {
    let world = with_one_patch();
    world.server.reset();
    world.fails(
        &["cube", "load", "cube.icechunk", "--bands", "elevation,depth", "-o", "x.tif"],
        1,
        &["error: cube `relief` has no band `depth`; it has elevation"],
    );
    assert_eq!(world.server.count("/"), 0, "nothing is asked of the source");
    assert_eq!(world.counts(), [1, 0, 15, 0]);
}

#[test]
fn a_malformed_declaration() {
    let world = World::new();
    let good = world.declaration();
    for (from, to, said) in [
        ("name = \"relief\"", "name = \"relief", "line 1, column"),
        ("resolution = 100.0", "resolution = \"far\"", "line 3, column 14"),
        ("resolution = 100.0", "resolutoin = 100.0", "line 3, column 1"),
        ("dtype = \"float32\"", "dtype = \"float31\"", "line 15, column 9"),
        ("resolution = 100.0", "resolution = -1.0", "resolution must be above 0"),
        ("-2025600.0", "-1025600.0", "min below max"),
    ] {
        world.write("bad.toml", &good.replacen(from, to, 1));
        world.fails(&["cube", "create", "bad.toml", "bad.icechunk"], 1, &["bad.toml", said]);
        assert!(!world.path("bad.icechunk").exists(), "{to}");
    }
    world.fails(&["cube", "create", "none.toml", "bad.icechunk"], 1, &["none.toml"]);
}

#[test]
fn a_cube_over_a_cube() {
    let world = with_one_patch();
    world.fails(
        &["cube", "create", "cube.toml", "cube.icechunk"],
        1,
        &["already a cube `relief`", "--exist-ok"],
    );
    world.ok(&["cube", "create", "cube.toml", "cube.icechunk", "--exist-ok"]);
    let other = world.declaration().replace("[64, 64]", "[32, 32]").replace("\"m\"", "\"ft\"");
    world.write("other.toml", &other);
    world.fails(
        &["cube", "create", "other.toml", "cube.icechunk", "--exist-ok"],
        1,
        &["chunks.shape[0]: there 64, asked 32", "bands[0].units: there \"m\", asked \"ft\""],
    );
    assert_eq!(world.counts(), [1, 0, 15, 0]);
}

#[test]
fn an_output_that_cannot_be() {
    let world = World::created();
    world.server.reset();
    world.fails(
        &["cube", "load", "cube.icechunk", "-o", "x.jpg"],
        2,
        &["x.jpg", ".tif, .png or .zarr"],
    );
    world.fails(&["cube", "load", "cube.icechunk", "-o", "no/x.tif"], 2, &["no folder `no`"]);
    assert_eq!(world.server.count("/"), 0, "nothing is downloaded for it");
}

#[test]
fn a_configuration_that_is_wrong() {
    let world = World::created();
    world.write("config.toml", "per_host = 4\nper_hots = 5\n");
    world.fails(
        &["--config", "config.toml", "source", "list"],
        1,
        &["config.toml", "line 2, column 1", "per_hots"],
    );
    world.fails(&["--config", "none.toml", "source", "list"], 1, &["none.toml"]);
}
