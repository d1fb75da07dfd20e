//! `terracube store …` on a plain directory, an Icechunk directory, a bucket and a web server.

mod change;
mod check;
mod copy;
mod look;
mod stopped_copy;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::world::{World, bucket};

/// A secret that somebody wrote into an attribute; never to be shown.
const CANARY: &str = "c4n4ry-in-an-attribute";

type Values = BTreeMap<String, Vec<u8>>;

/// The keys and values of a small Zarr v3 hierarchy, written by the rules of its specification: 1
/// to 24 as little-endian uint16 in four chunks of 2 × 3, and a sharded array of fill values.
fn values() -> Values {
    let group = json!({"zarr_format": 3, "node_type": "group"});
    let mut root = group.clone();
    root["attributes"] = json!({"title": "relief", "api_key": CANARY});
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let mut values = Values::new();
    let mut put = |key: &str, value: Vec<u8>| drop(values.insert(key.to_owned(), value));
    put("zarr.json", root.to_string().into());
    put("deep/zarr.json", group.to_string().into());
    let sharding = json!({"name": "sharding_indexed", "configuration": {
        "chunk_shape": [2, 2], "codecs": [&bytes], "index_codecs": [&bytes], "index_location": "end"}});
    put("deep/mask/zarr.json", array("uint8", [8, 8], [4, 4], &sharding, None));
    let names = Some(["y", "x"]);
    put("elevation/zarr.json", array("uint16", [4, 6], [2, 3], &bytes, names));
    for row in 0..2_u16 {
        for col in 0..2_u16 {
            let rows = (2 * row)..(2 * row + 2);
            let value = rows.flat_map(|y| (3 * col..3 * col + 3).map(move |x| 6 * y + x + 1));
            let chunk = value.flat_map(u16::to_le_bytes).collect();
            put(&format!("elevation/c/{row}/{col}"), chunk);
        }
    }
    values
}

fn array(
    dtype: &str,
    shape: [u64; 2],
    chunks: [u64; 2],
    codec: &Value,
    names: Option<[&str; 2]>,
) -> Vec<u8> {
    let mut array = json!({
        "zarr_format": 3, "node_type": "array", "data_type": dtype, "shape": shape,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": [codec], "attributes": {},
    });
    if let Some(names) = names {
        array["dimension_names"] = json!(names);
    }
    array.to_string().into()
}

/// A world with the hierarchy in the directory `plain.zarr`.
fn world() -> World {
    let world = World::new();
    write(&world.path("plain.zarr"), &values());
    world
}

fn write(folder: &Path, values: &Values) {
    for (key, value) in values {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value).unwrap();
    }
}

/// The hierarchy in every kind of store that can be written: copied there from `plain.zarr`.
fn everywhere(world: &World) -> Vec<String> {
    let mut places = vec!["plain.zarr".to_owned(), "copy.icechunk".to_owned()];
    places.extend(["zarr", "icechunk"].into_iter().filter_map(bucket));
    for place in &places[1..] {
        world.ok(&["store", "cp", "plain.zarr", place]);
    }
    places
}

/// The hierarchy on the web server, which does not list; `consolidated` tells what there is.
fn on_the_web(world: &World, folder: &str, consolidated: bool) -> String {
    let mut values = values();
    if consolidated {
        let nodes = ["deep", "deep/mask", "elevation"];
        let document = |path: &str| -> Value {
            serde_json::from_slice(&values[&format!("{path}/zarr.json")]).unwrap()
        };
        let metadata: serde_json::Map<_, _> =
            nodes.iter().map(|path| ((*path).to_owned(), document(path))).collect();
        let mut root: Value = serde_json::from_slice(&values["zarr.json"]).unwrap();
        root["consolidated_metadata"] =
            json!({"kind": "inline", "must_understand": false, "metadata": metadata});
        values.insert("zarr.json".to_owned(), root.to_string().into());
    }
    for (key, value) in values {
        world.server.put_bytes(&format!("{folder}/{key}"), value);
    }
    world.server.file_url(folder)
}

/// What the command gives for every key of a store; a document as its JSON, which Icechunk may
/// write anew.
fn read(world: &World, place: &str) -> Values {
    let listed = world.ok(&["store", "ls", "-r", place]);
    listed.lines().map(|key| (key.to_owned(), get(world, &[place, key]))).collect()
}

/// The bytes that `store get` writes to the standard output.
fn get(world: &World, args: &[&str]) -> Vec<u8> {
    let output = world.command(&[&["store", "get"], args].concat()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    output.stdout
}

/// Compares values; documents by what they say.
fn assert_same(found: &Values, expected: &Values, place: &str) {
    let keys = |values: &Values| values.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{place}");
    for (key, value) in found {
        if key.ends_with("zarr.json") {
            let parsed = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
            assert_eq!(parsed(value), parsed(&expected[key]), "{place}: {key}");
        } else {
            assert_eq!(value, &expected[key], "{place}: {key}");
        }
    }
}

/// Every file below a folder, hidden ones too.
pub(crate) fn files(folder: &Path) -> Values {
    let mut found = Values::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(key, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Runs a script with the Python that `TERRACUBE_PYTHON` names.
fn python(world: &World, script: &str) {
    let Ok(python) = std::env::var("TERRACUBE_PYTHON") else {
        assert!(std::env::var("TERRACUBE_TEST_STRICT").is_err(), "TERRACUBE_PYTHON must be set");
        println!("skipped: TERRACUBE_PYTHON is not set");
        return;
    };
    let mut command = Command::new(python);
    let output = command.args(["-c", script]).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
