//! The tiles of tile grids.

use serde_json::{Value, json};

use crate::world::World;

#[test]
fn named_grids_are_listed_and_unknown_ones_refused() {
    let world = World::new();
    let names = world.ok(&["grid", "--list"]);
    assert!(names.lines().any(|name| name == "ease2-north:25km"), "{names}");
    world.fails(
        &["grid", "--grid", "hexagons"],
        1,
        &["unknown tile grid", "hexagons", "webmercatorquad"],
    );
    world.fails(&["grid"], 2, &["--grid"]);
}

#[test]
fn tiles_of_an_area() {
    let world = World::new();
    let args = ["grid", "--grid", "webmercatorquad:2", "--bbox", "-1,-1,1,1"];
    assert_eq!(world.ok(&args), "1/1\n2/1\n1/2\n2/2\n");
    let geojson: Value = world.json(&[&args[..], &["--geojson"]].concat());
    assert_eq!(geojson["features"].as_array().unwrap().len(), 4);
    assert_eq!(geojson["features"][0]["properties"], json!({"col": 1, "row": 1}));
    let tiles: Value = world.json(&[&args[..], &["--json"]].concat());
    assert_eq!(tiles[3]["col"], 2);
    assert_eq!(tiles[3]["bounds"][0], 0.0);
}

#[test]
fn a_grid_of_ones_own() {
    let world = World::new();
    world.write(
        "grid.toml",
        "crs = \"EPSG:3413\"\nupper_left = [-4000000.0, 4000000.0]\n\
         resolution = [10.0, 10.0]\ntile_shape = [100000, 100000]\n",
    );
    world.fails(&["grid", "--grid", "grid.toml"], 2, &["without end"]);
    let tiles = world.ok(&[
        "grid",
        "--grid",
        "grid.toml",
        "--bbox",
        "-500000,-500000,500000,500000",
        "--crs",
        "EPSG:3413",
    ]);
    assert_eq!(tiles, "3/3\n4/3\n3/4\n4/4\n");
    world.write("grid.toml", "crs = \"EPSG:3413\"\nupper_left = 5\n");
    world.fails(&["grid", "--grid", "grid.toml"], 1, &["grid.toml", "line 2"]);
}
