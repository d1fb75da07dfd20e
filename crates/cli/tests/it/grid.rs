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
    assert_eq!(world.ok(&args), "2/1/1\n2/2/1\n2/1/2\n2/2/2\n");
    let geojson: Value = world.json(&[&args[..], &["--geojson"]].concat());
    assert_eq!(geojson["features"].as_array().unwrap().len(), 4);
    assert_eq!(geojson["features"][0]["properties"], json!({"col": 1, "row": 1}));
    let tiles: Value = world.json(&[&args[..], &["--json"]].concat());
    assert_eq!(tiles[3]["col"], 2);
    assert_eq!(tiles[3]["bounds"][0], 0.0);
}

#[test]
fn a_tile_by_its_name() {
    let world = World::new();
    // Its square is 5 100 to 5 200 km north: mgrs.MGRS().toMGRS(46.5, 9.5, 0) is 32TNS.
    let tile: Value =
        world.json(&["grid", "--grid", "sentinel2:10m", "--tile", "t32tns", "--json"]);
    assert_eq!(tile[0]["name"], "T32TNS");
    assert_eq!(tile[0]["crs"], "EPSG:32632");
    assert_eq!(tile[0]["bounds"], json!([499980.0, 5090220.0, 609780.0, 5200020.0]));
    assert_eq!(tile[0]["shape"], json!([10980, 10980]));
    let madrid = ["grid", "--grid", "hls:30m", "--bbox", "-3.71,40.41,-3.70,40.42"];
    assert_eq!(world.ok(&madrid), "T30TVK\n");
    assert_eq!(
        world.ok(&["grid", "--grid", "equi7", "--tile", "EU020M_E042N012T6"]),
        "EU020M_E042N012T6\n"
    );
    world.fails(&["grid", "--grid", "modis:1km", "--tile", "h36v00"], 1, &["h36v00"]);
    world.fails(&["grid", "--grid", "sentinel2:10m"], 1, &["overlap"]);
}

#[test]
fn a_tile_matrix_set_from_a_file() {
    let world = World::new();
    let set = json!({"id": "mine", "crs": "http://www.opengis.net/def/crs/EPSG/0/3413", "tileMatrices": [
        {"id": "0", "cellSize": 1000.0, "pointOfOrigin": [-1000000.0, 1000000.0], "tileWidth": 500,
         "tileHeight": 500, "matrixWidth": 4, "matrixHeight": 4}]});
    world.write("tms.json", &set.to_string());
    let tiles =
        world.ok(&["grid", "--grid", "tms.json:0", "--bbox", "1,1,2,2", "--crs", "EPSG:3413"]);
    assert_eq!(tiles, "0/2/1\n");
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
