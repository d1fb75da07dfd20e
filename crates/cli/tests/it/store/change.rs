//! `put` and `rm`.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use super::{assert_same, bucket, everywhere, files, get, on_the_web, read, values, world};
use crate::world::World;

#[test]
fn a_value_is_put_and_removed() {
    let world = world();
    world.write("chunk.bin", "twelve bytes");
    for place in everywhere(&world) {
        world.ok(&["store", "put", &place, "elevation/c/1/1", "chunk.bin"]);
        let mut expected = values();
        expected.insert("elevation/c/1/1".to_owned(), b"twelve bytes".to_vec());
        assert_same(&read(&world, &place), &expected, &place);
        let run = world.run(&["store", "rm", &place, "elevation/c/1/1"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), "removed `elevation/c/1/1`\n"));
        expected.remove("elevation/c/1/1");
        assert_same(&read(&world, &place), &expected, &place);
        let again = ["store", "rm", &place, "elevation/c/1/1"];
        world.fails(&again, 1, &["`elevation/c/1/1` is not in", "`elevation/c/1/0`"]);
        world.fails(
            &["store", "rm", &place, "elevation"],
            1,
            &["`elevation` is a folder of", "--recursive"],
        );
        world.fails(&["store", "rm", "-r", &place, "none"], 1, &["`none` is not in"]);
        for command in [&["put"][..], &["rm"], &["rm", "-r"]] {
            let args = [&["store"], command, &[&place, "elevation/../../x"]].concat();
            world.fails(&args, 1, &["`elevation/../../x` is not a valid key", "`..`"]);
        }
        assert_same(&read(&world, &place), &expected, &place);
    }
}

#[test]
fn a_value_that_must_be_new_is_not_replaced() {
    let world = world();
    world.write("other", "other");
    for place in everywhere(&world) {
        let put = ["store", "put", &place, "elevation/c/0/0", "other", "--if-not-exists"];
        world.fails(&put, 1, &["`elevation/c/0/0` is already in", "nothing was written"]);
        assert_eq!(get(&world, &[&place, "elevation/c/0/0"]), values()["elevation/c/0/0"]);
        world.ok(&["store", "rm", &place, "elevation/c/0/0"]);
        world.ok(&put);
        assert_eq!(get(&world, &[&place, "elevation/c/0/0"]), b"other");
    }
}

#[test]
fn the_first_value_makes_a_store() {
    let world = World::new();
    let document = r#"{"zarr_format":3,"node_type":"group","attributes":{"a":1}}"#;
    let mut places = vec!["new.zarr".to_owned(), "new.icechunk".to_owned()];
    places.extend(["zarr", "icechunk"].into_iter().filter_map(bucket));
    for place in places {
        let mut put = world.command(&["store", "put", &place, "zarr.json", "-m", "first"]);
        let mut put = put.stdin(Stdio::piped()).spawn().unwrap();
        put.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
        assert!(put.wait().unwrap().success(), "{place}");
        let info = world.json(&["store", "info", &place, "--json"]);
        assert_eq!(info["attributes"], json!({"a": 1}), "{place}");
        if place.ends_with("icechunk") {
            assert_eq!(info["versions"][0]["message"], "first", "{info}");
        }
    }
    world.fails(&["store", "put", "new.zarr", "a", "none.bin"], 1, &["cannot read `none.bin`"]);
    world.fails(&["store", "put", "new.icechunk", "notes.txt", "cube.toml"], 1, &["notes.txt"]);
}

#[test]
fn all_below_a_prefix_is_removed_and_all_of_a_store_only_when_said() {
    let world = world();
    for place in everywhere(&world) {
        world.fails(&["store", "rm", &place], 2, &["<KEY>"]);
        for root in [&["store", "rm", "-r", &place][..], &["store", "rm", "-r", &place, ""]] {
            world.fails(root, 2, &["this would remove all of", "--yes"]);
        }
        assert_eq!(read(&world, &place).len(), 8, "{place}");
        let run = world.run(&["store", "rm", "-r", &place, "deep"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), "removed 2 keys\n"), "{place}");
        let mut expected = values();
        expected.retain(|key, _| !key.starts_with("deep/"));
        assert_same(&read(&world, &place), &expected, &place);
        world.ok(&["store", "rm", "-r", "--yes", &place]);
        if place.ends_with("icechunk") {
            assert_eq!(world.ok(&["store", "ls", &place]), "");
            let info = world.json(&["store", "info", &place, "--json"]);
            let before = info["versions"][1]["version"].as_str().unwrap();
            let kept = get(&world, &[&place, "elevation/c/0/0", "--at", before]);
            assert_eq!(kept, values()["elevation/c/0/0"], "the version before has it");
        } else {
            world.fails(&["store", "ls", &place], 1, &["is not in"]);
        }
    }
    std::fs::create_dir(world.path("photos")).unwrap();
    world.write("photos/cat.jpg", "meow");
    world.fails(&["store", "rm", "-r", "--yes", "photos"], 1, &["`photos` is neither"]);
    assert_eq!(files(&world.path("photos")).len(), 1);
}

#[test]
fn a_version_is_read_by_its_name() {
    let world = world();
    world.ok(&["store", "cp", "plain.zarr", "copy.icechunk"]);
    world.write("other", "other");
    world.ok(&["store", "put", "copy.icechunk", "elevation/c/0/0", "other"]);
    let info = world.json(&["store", "info", "copy.icechunk", "--json", "--versions", "2"]);
    let before = info["versions"][1]["version"].as_str().unwrap();
    let at = |version| get(&world, &["copy.icechunk", "elevation/c/0/0", "--at", version]);
    assert_eq!(at(before), values()["elevation/c/0/0"]);
    assert_eq!(at("main"), b"other");
    world.ok(&["store", "cp", "copy.icechunk", "old.zarr", "--at", before]);
    assert_same(&files(&world.path("old.zarr")), &values(), "old.zarr");
    let none = ["store", "ls", "copy.icechunk", "--at", "v9"];
    world.fails(&none, 1, &["`v9` is no version, tag or branch", "main"]);
    world.fails(&["store", "ls", "plain.zarr", "--at", "v9"], 1, &["v9", "live"]);
}

#[test]
fn a_web_server_is_not_written() {
    let world = world();
    let web = on_the_web(&world, "web.zarr", true);
    for args in [
        &["put", &web, "elevation/c/0/0", "cube.toml"][..],
        &["rm", &web, "elevation/c/0/0"],
        &["cp", "plain.zarr", &web],
    ] {
        world.fails(&[&["store"], args].concat(), 1, &["error:", &web]);
    }
    assert_eq!(get(&world, &[&web, "elevation/c/0/0"]), values()["elevation/c/0/0"]);
}
