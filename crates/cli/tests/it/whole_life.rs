//! From a declaration to pictures, and the second time for nothing.

use serde_json::Value;
use terracube::raster::Cog;
use terracube::store::{Directory, Key};

use crate::world::{RESOLUTION, Run, SIDE, World, bbox, height};

#[test]
fn create_plan_fill_load_and_state() {
    let world = World::new();
    let created = world.ok(&["cube", "create", "cube.toml", "cube.icechunk"]);
    assert!(created.contains("256 columns × 256 rows"), "{created}");
    assert!(created.contains("16 patches"), "{created}");

    let plan = world.json(&["cube", "plan", "cube.icechunk", "--json"]);
    assert_eq!(plan["wanted"], 16);
    assert_eq!(plan["missing"], 16);
    assert_eq!(plan["granules"].as_array().unwrap().len(), 4);
    assert!(plan["bytes_estimate"].as_u64().unwrap() > 100_000, "{plan}");
    assert_eq!(world.asset_requests(), 0, "a plan reads no asset");
    assert_eq!(world.counts(), [0, 0, 16, 0], "a plan writes nothing");

    let north_west = bbox(0..2, 0..2);
    let area = ["--bbox", north_west.as_str(), "--crs", "EPSG:3413"];
    let fill = world.run(&[&["cube", "fill", "cube.icechunk"][..], &area].concat());
    assert_eq!(fill.code, Some(0), "{fill:?}");
    assert!(fill.stdout.contains("4 patches filled"), "{fill:?}");
    assert!(fill.stderr.contains("committed"), "plain lines when piped: {fill:?}");
    assert_eq!(world.counts(), [4, 0, 12, 0]);

    let fill = world.ok(&["cube", "fill", "cube.icechunk", "--json"]);
    let events: Vec<Value> = fill.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(count("started"), 1);
    assert_eq!(count("filled"), 12);
    assert!(count("committed") >= 1);
    let last = events.last().unwrap();
    assert_eq!(last["event"], "finished");
    assert_eq!(last["report"]["filled"], 12);
    assert_eq!(world.counts(), [16, 0, 0, 0]);
}

#[test]
fn the_times_of_the_source_become_the_steps() {
    let world = World::new();
    let time = "[time]\ntimes = \"source\"\nstart = \"2024-01-01\"\nend = \"2025-01-01\"\ngroup = \"utc_day\"\n";
    world.write("cube.toml", &format!("{}{time}", world.declaration()));
    let created = world.ok(&["cube", "create", "cube.toml", "cube.icechunk"]);
    assert!(created.contains("1 time steps"), "{created}");
    let again = world.ok(&["cube", "create", "cube.toml", "cube.icechunk", "--exist-ok"]);
    assert!(again.contains("1 time steps"), "declared the same: {again}");
    let plan = world.ok(&["cube", "plan", "cube.icechunk"]);
    assert!(plan.contains("2024-06-01      4 granules"), "{plan}");
    let plan = world.json(&["cube", "plan", "cube.icechunk", "--json"]);
    assert_eq!(plan["groups"], serde_json::json!([[0, 4]]));
}

#[test]
fn a_second_fill_makes_no_request_for_assets() {
    let world = World::created();
    world.ok(&["cube", "fill", "cube.icechunk"]);
    assert!(world.asset_requests() >= 4);
    world.server.reset();
    let again = world.ok(&["cube", "fill", "cube.icechunk"]);
    assert!(again.contains("nothing to fill"), "{again}");
    assert_eq!(world.asset_requests(), 0);
    let output = world.path("all.tif");
    world.ok(&["cube", "load", "cube.icechunk", "-o", output.to_str().unwrap()]);
    assert_eq!(world.asset_requests(), 0);
}

#[tokio::test]
async fn a_window_becomes_a_geotiff_with_the_same_values() {
    let world = World::created();
    let area = bbox(1..3, 1..2);
    world.ok(&[
        "cube",
        "load",
        "cube.icechunk",
        "--bbox",
        &area,
        "--crs",
        "EPSG:3413",
        "-o",
        "window.tif",
    ]);
    assert_eq!(world.counts(), [2, 0, 14, 0], "load fills what it needs");
    let folder = std::sync::Arc::new(Directory::new(world.path("")).unwrap());
    let cog = Cog::open(folder, Key::new("window.tif").unwrap()).await.unwrap();
    let geobox = cog.geobox().unwrap();
    assert_eq!((geobox.width, geobox.height), (128, 64));
    assert_eq!(geobox.resolution().0.abs(), RESOLUTION);
    let window = terracube::grid::Window::new(0, 0, 128, 64);
    let raster = cog.fetch(0, 0, window).await.unwrap().decode().unwrap();
    for (col, row) in [(0, 0), (127, 0), (64, 32), (63, 63), (127, 63)] {
        let expected = f64::from(height(64 + col, 64 + row));
        assert_eq!(raster.value(col, row), Some(expected), "{col}, {row}");
    }
}

#[test]
fn a_window_becomes_a_png_and_a_zarr() {
    let world = World::created();
    world.ok(&["cube", "load", "cube.icechunk", "-o", "relief.png"]);
    let (width, height) = png_size(&std::fs::read(world.path("relief.png")).unwrap());
    assert_eq!((width as usize, height as usize), (SIDE, SIDE));
    world.ok(&["cube", "load", "cube.icechunk", "-o", "copy.zarr"]);
    let root = std::fs::read_to_string(world.path("copy.zarr/zarr.json")).unwrap();
    let root: Value = serde_json::from_str(&root).unwrap();
    assert_eq!(root["node_type"], "group");
    assert!(world.path("copy.zarr/elevation/zarr.json").is_file());
}

#[test]
fn a_window_becomes_granules_for_a_viewer() {
    let world = World::created();
    let area = bbox(1..3, 1..2);
    let load = |more: &[&str]| {
        let base = ["cube", "load", "cube.icechunk", "--bbox", &area, "--crs", "EPSG:3413"];
        world.run(&[&base, more].concat())
    };
    let wax = load(&["--to", "wax", "-o", "out"]);
    assert!(wax.code != Some(0) && wax.stderr.contains("idf"), "{wax:?}");
    if cfg!(not(feature = "netcdf")) {
        let refused = load(&["--to", "idf", "-o", "out"]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains("`netcdf`"), "{refused:?}");
        assert_eq!(world.asset_requests(), 0);
        return;
    }
    #[cfg(feature = "netcdf")]
    {
        use terracube::raster::{LocalFile, LocalOptions};
        let set = ["collection=seen", "gcp_spacing=16", "id_prefix=a_", "id_suffix=_b"]
            .map(|set| ["--set", set])
            .concat();
        let timeless = load(&["--to", "idf", "-o", "out"]);
        assert_eq!(timeless.code, Some(2), "{timeless:?}");
        assert!(timeless.stderr.contains("--time"), "{timeless:?}");
        world.write("taken", "");
        let day = ["--to", "idf", "--time", "2024-06-01"];
        for (more, word) in [
            (["-o", "out", "--set", "gcp_spacing=abc"], "gcp_spacing"),
            (["-o", "out", "--set", "override(elevation)=valid_min:low"], "valid_min"),
            (["-o", "taken/below", "--set", "gcp_spacing=16"], "taken"),
        ] {
            let refused = load(&[&day[..], &more].concat());
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.stderr.contains(word), "{refused:?}");
        }
        assert_eq!(world.asset_requests(), 0, "nothing is downloaded for it");
        let run = load(&[&["--to", "idf", "-o", "out", "--time", "2024-06-01"], &set[..]].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        let granule = run.stdout.trim();
        assert_eq!(granule, "seen/a_relief_b");
        let name = granule.rsplit('/').next().unwrap();
        let file = world.path(&format!("out/{granule}/{name}_idf_00.nc"));
        let options = LocalOptions { variable: Some("elevation".into()), allow_vrt: false };
        let file = LocalFile::open(&file, &options).unwrap();
        let window = terracube::grid::Window::new(0, 0, 128, 64);
        let raster = file.read(0, 0, window).unwrap();
        let band = file.band(0).unwrap();
        // 254 steps of the range.
        for (col, row) in [(0, 0), (127, 0), (64, 32), (63, 63), (127, 63)] {
            let expected = f64::from(height(64 + col, 64 + row));
            let found = raster.value(col, row).unwrap() * band.scale + band.offset;
            assert!((found - expected).abs() <= 0.51 * band.scale, "{found}, {expected}");
        }
        assert_eq!(std::fs::read_dir(world.path("out")).unwrap().count(), 1);
    }
}

#[cfg(feature = "netcdf")]
#[test]
fn steps_of_a_window_become_granules_each() {
    let world = World::new();
    let time = "[time]\ntimes = [\"2024-05-31\", \"2024-06-01\"]\ngroup = \"utc_day\"\n";
    world.write("cube.toml", &format!("{}{time}", world.declaration()));
    world.ok(&["cube", "create", "cube.toml", "cube.icechunk"]);
    let said = world.ok(&["cube", "load", "cube.icechunk", "--to", "idf", "-o", "out"]);
    // Nothing is there on the day before.
    assert_eq!(said.trim(), "relief/relief_2024-06-01");
    assert!(world.path("out/relief/relief_2024-06-01/relief_2024-06-01_idf_00.nc").is_file());
    assert_eq!(std::fs::read_dir(world.path("out/relief")).unwrap().count(), 1);
}

#[test]
fn a_window_like_another_file() {
    let world = World::created();
    world.ok(&["cube", "load", "cube.icechunk", "--like", "se.tif", "-o", "like.tif"]);
    assert_eq!(world.counts()[0], 4, "only the patches of that quarter are filled");
    let said = world.ok(&["cube", "load", "cube.icechunk", "--like", "se.tif", "-o", "like.tif"]);
    assert!(said.contains("128 columns × 128 rows"), "{said}");
}

#[test]
fn no_fill_downloads_nothing() {
    let world = World::created();
    world.server.reset();
    world.ok(&["cube", "load", "cube.icechunk", "--no-fill", "-o", "nothing.tif"]);
    assert_eq!(world.server.count("/"), 0);
    assert_eq!(world.counts(), [0, 0, 16, 0]);
}

#[test]
fn the_state_as_words_json_geojson_and_a_map() {
    let world = World::created();
    let area = bbox(0..1, 0..4);
    world.ok(&["cube", "fill", "cube.icechunk", "--bbox", &area, "--crs", "EPSG:3413"]);
    let words = world.ok(&[
        "cube",
        "state",
        "cube.icechunk",
        "--png",
        "state.png",
        "--geojson",
        "state.geojson",
    ]);
    assert!(words.contains("filled  4"), "{words}");
    assert!(words.contains("missing 12"), "{words}");

    let geojson = std::fs::read_to_string(world.path("state.geojson")).unwrap();
    let geojson: Value = serde_json::from_str(&geojson).unwrap();
    let features = geojson["features"].as_array().unwrap();
    assert_eq!(features.len(), 16);
    let filled = features.iter().filter(|f| f["properties"]["state"] == "filled").count();
    assert_eq!(filled, 4);

    let file = std::fs::File::open(world.path("state.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (800, 800));
    let at = |x: usize, y: usize| pixels[(y * 800 + x) * 4..][..4].to_vec();
    assert_eq!(at(100, 700), [26, 152, 80, 255], "filled");
    assert_eq!(at(300, 700), [255, 255, 255, 255], "missing");
    assert_eq!(at(200, 700), [120, 130, 140, 255], "the line between them");
}

#[test]
fn the_declaration_can_be_looked_at() {
    let world = World::created();
    let info = world.ok(&["cube", "info", "cube.icechunk"]);
    for words in
        ["relief", "EPSG:3413", "256 columns", "elevation float32", "stac-api", "create cube"]
    {
        assert!(info.contains(words), "`{words}` is missing: {info}");
    }
    let info = world.json(&["cube", "info", "cube.icechunk", "--json"]);
    assert_eq!(info["shape"], serde_json::json!([256, 256]));
    assert_eq!(info["schema"]["name"], "relief");
}

#[test]
fn what_a_source_offers() {
    let world = World::created();
    let list = world.ok(&["source", "list"]);
    assert!(list.contains("stac-api"), "{list}");
    let found = world.ok(&["source", "search", "--store", "cube.icechunk"]);
    assert_eq!(found.lines().count(), 4, "{found}");
    let url = format!("url={}", world.server.stac_url());
    let some = world.run(&[
        "source",
        "search",
        "--connector",
        "stac-api",
        "--set",
        &url,
        "--set",
        "collections=[\"relief\"]",
        "--bbox",
        "-60,50,-20,80",
        "--limit",
        "2",
        "--json",
    ]);
    assert_eq!(some.stdout.lines().count(), 2, "{some:?}");
    let first: Value = serde_json::from_str(some.stdout.lines().next().unwrap()).unwrap();
    assert!(first["assets"]["data"]["href"].as_str().unwrap().ends_with(".tif"), "{first}");
    let none = world.run(&["source", "search", "--store", "cube.icechunk", "--bbox", "0,0,1,1"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert!(none.stderr.contains("no granules"), "{none:?}");
}

#[test]
fn a_plain_zarr_store_does_as_well() {
    let world = World::new();
    world.ok(&["cube", "create", "cube.toml", "cube.zarr"]);
    let fill = world.ok(&["cube", "fill", "cube.zarr"]);
    assert!(fill.contains("16 patches filled"), "{fill}");
    let again = world.ok(&["cube", "fill", "cube.zarr"]);
    assert!(again.contains("nothing to fill"), "{again}");
}

#[test]
fn quiet_is_quiet_and_a_closed_pipe_is_no_error() {
    let world = World::created();
    let run = world.run(&["--quiet", "cube", "fill", "cube.icechunk"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let binary = env!("CARGO_BIN_EXE_terracube");
    let script = format!(
        "'{binary}' grid --grid ease2-north:3km --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    );
    let mut bash = std::process::Command::new("bash");
    let run = Run::of(bash.args(["-c", &script]).output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

/// Width and height of a PNG, from its header (ISO/IEC 15948, 11.2.2).
fn png_size(bytes: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}
