//! `cp` that comes to its end.

use serde_json::{Value, json};
use terracube_testbed::{Fault, FaultKind};

use super::{assert_same, bucket, files, on_the_web, python, read, values, world, write};

#[test]
fn a_copy_of_a_copy_of_a_copy_is_the_same() {
    let world = world();
    let run = world.run(&["store", "cp", "plain.zarr", "copy.icechunk"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("copied 8 keys ("), "{run:?}");
    let mut last = "copy.icechunk".to_owned();
    for format in ["zarr", "icechunk"] {
        let Some(place) = bucket(format) else { continue };
        world.ok(&["store", "cp", &last, &place]);
        assert_same(&read(&world, &place), &values(), &place);
        last = place;
    }
    world.ok(&["store", "cp", &last, "last.zarr"]);
    assert_same(&files(&world.path("last.zarr")), &values(), "last.zarr");
    let again = world.ok(&["store", "cp", &last, "last.zarr"]);
    assert!(again.starts_with("copied 0 keys (0 B), 8 keys ("), "{again}");
    python(
        &world,
        r"
import icechunk, numpy, zarr
storage = icechunk.local_filesystem_storage('copy.icechunk')
copy = icechunk.Repository.open(storage).readonly_session('main').store
for store in ['last.zarr', copy]:
    group = zarr.open_group(store, mode='r')
    assert group.attrs['title'] == 'relief'
    elevation = group['elevation']
    assert elevation.dtype == 'uint16' and elevation.metadata.dimension_names == ('y', 'x')
    assert numpy.array_equal(elevation[:], numpy.arange(1, 25).reshape(4, 6)), elevation[:]
    assert group['deep/mask'].shards == (4, 4) and not group['deep/mask'][:].any()
",
    );
}

#[test]
fn a_copy_makes_an_archive_once() {
    let world = world();
    world.ok(&["store", "cp", "plain.zarr", "a.zarr.zip"]);
    assert_same(&read(&world, "a.zarr.zip"), &values(), "a.zarr.zip");
    world.ok(&["store", "cp", "a.zarr.zip", "back.zarr"]);
    assert_same(&files(&world.path("back.zarr")), &values(), "back.zarr");
    let written_once = ["a.zarr.zip", "written once"];
    world.fails(&["store", "cp", "plain.zarr", "a.zarr.zip"], 1, &written_once);
    world.fails(&["store", "rm", "a.zarr.zip", "zarr.json"], 1, &written_once);
    let info = world.json(&["store", "info", "a.zarr.zip", "--json"]);
    assert_eq!(info["capability"]["written_once"], true, "{info}");
    python(
        &world,
        r"
import numpy, zarr
store = zarr.storage.ZipStore('a.zarr.zip', mode='r')
elevation = zarr.open_group(store, mode='r')['elevation']
assert numpy.array_equal(elevation[:], numpy.arange(1, 25).reshape(4, 6)), elevation[:]
",
    );
}

#[test]
fn what_differs_at_the_target_is_replaced() {
    let world = world();
    for place in ["to.zarr", "to.icechunk"] {
        let mut other = values();
        other.insert("elevation/c/0/0".to_owned(), b"longer than it".to_vec());
        other.insert("elevation/c/0/1".to_owned(), b"twelve bytes".to_vec());
        write(&world.path("other.zarr"), &other);
        world.ok(&["store", "cp", "other.zarr", place]);
        world.ok(&["store", "cp", "plain.zarr", place]);
        let mut by_size = values();
        by_size.insert("elevation/c/0/1".to_owned(), b"twelve bytes".to_vec());
        assert_same(&read(&world, place), &by_size, "a value of the same size stays");
        let run = world.ok(&["store", "cp", "plain.zarr", place, "--verify", "content"]);
        assert!(run.starts_with("copied 1 keys (12 B), 7 keys ("), "{run}");
        assert_same(&read(&world, place), &values(), place);
    }
}

#[test]
fn a_part_goes_below_a_prefix() {
    let world = world();
    world.ok(&["store", "cp", "plain.zarr", "part.zarr", "--prefix", "elevation"]);
    let mut part = values();
    part.retain(|key, _| key.starts_with("elevation/"));
    assert_same(&files(&world.path("part.zarr")), &part, "part.zarr");
    let args = ["store", "cp", "plain.zarr", "plain2.zarr", "--from-prefix", "elevation"];
    world.ok(&[&args[..], &["--to-prefix", "a/b"]].concat());
    let moved =
        part.iter().map(|(key, value)| (key.replacen("elevation", "a/b", 1), value.clone()));
    assert_same(&files(&world.path("plain2.zarr")), &moved.collect(), "plain2.zarr");
}

#[test]
fn every_key_is_an_event() {
    let world = world();
    let events = |stdout: &str| -> Vec<Value> {
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let first = events(&world.ok(&["store", "cp", "plain.zarr", "to.zarr", "--json"]));
    assert_eq!(first.len(), 9, "{first:?}");
    let chunk = json!({"event": "copied", "key": "elevation/c/0/0", "bytes": 12});
    assert!(first.contains(&chunk), "{first:?}");
    assert_eq!(first[7]["key"], "zarr.json", "the root's metadata comes last");
    let total: u64 = values().values().map(|value| value.len() as u64).sum();
    assert_eq!(first[8]["report"]["copied"], json!({"keys": 8, "bytes": total}));
    let second = events(&world.ok(&["store", "cp", "plain.zarr", "to.zarr", "--json"]));
    assert_eq!(second[8]["report"]["skipped"], json!({"keys": 8, "bytes": total}));
}

#[test]
fn a_key_that_fails_is_named_and_copied_by_the_next() {
    let world = world();
    let web = on_the_web(&world, "web.zarr", true);
    for place in ["to.zarr", "to.icechunk"] {
        world.server.fault(Fault::on("elevation/c/1/0", FaultKind::status(403)));
        let run = world.run(&["store", "cp", &web, place]);
        run.must_fail(3, &["failed: `elevation/c/1/0`", "run the same again"]);
        assert!(run.stdout.contains("1 failed"), "{run:?}");
        if place == "to.zarr" {
            assert!(!world.path("to.zarr/zarr.json").exists(), "what opens is whole");
            assert!(world.path("to.zarr/elevation/c/1/1").exists());
        } else {
            assert_eq!(world.ok(&["store", "ls", place]), "", "nothing is committed");
        }
        world.server.clear_faults();
        world.ok(&["store", "cp", &web, place]);
        let mut found = read(&world, place);
        let mut expected = values();
        // the root of the source has consolidated metadata, which Icechunk does not take
        assert!(found.remove("zarr.json").is_some() && expected.remove("zarr.json").is_some());
        assert_same(&found, &expected, place);
        assert_eq!(world.json(&["store", "info", place, "--json"])["arrays"], 2);
    }
}

#[test]
fn what_icechunk_cannot_hold_is_left_out_and_named() {
    let world = world();
    world.write("plain.zarr/notes.txt", "not Zarr");
    let run = world.run(&["store", "cp", "plain.zarr", "to.icechunk"]);
    run.must_fail(3, &["left out: `notes.txt`"]);
    assert!(run.stdout.contains("copied 8 keys (") && run.stdout.contains("1 left out"), "{run:?}");
    assert_same(&read(&world, "to.icechunk"), &values(), "to.icechunk");
    std::fs::create_dir(world.path("two.zarr")).unwrap();
    world.write("two.zarr/.zgroup", r#"{"zarr_format":2}"#);
    world.fails(&["store", "cp", "two.zarr", "two.icechunk"], 1, &["`.zgroup`", "Zarr v3 only"]);
    world.ok(&["store", "cp", "two.zarr", "two2.zarr"]);
    assert_eq!(files(&world.path("two2.zarr")), files(&world.path("two.zarr")));
}

#[test]
fn a_copy_that_cannot_be_is_refused() {
    let world = world();
    world.fails(&["store", "cp", "none.zarr", "to.zarr"], 1, &["is not in none.zarr"]);
    assert!(!world.path("to.zarr").exists(), "nothing is made");
    world.fails(&["store", "cp", "plain.zarr", "ftp://host/x"], 1, &["unknown scheme `ftp`"]);
    world.fails(&["store", "cp", "plain.zarr", "plain.zarr"], 1, &["copy to another place"]);
    let below = ["store", "cp", "plain.zarr", "plain.zarr", "--to-prefix", "deep/copy"];
    world.fails(&below, 1, &["copy to another place"]);
    let above = ["store", "cp", "plain.zarr", "to.zarr", "--to-prefix", "../x"];
    world.fails(&above, 1, &["`../x` is not a valid key", "`..`"]);
    assert_same(&files(&world.path("plain.zarr")), &values(), "plain.zarr");
    std::fs::create_dir(world.path("photos")).unwrap();
    world.write("photos/cat.jpg", "meow");
    world.fails(&["store", "cp", "plain.zarr", "photos"], 1, &["photos"]);
    assert_eq!(files(&world.path("photos")).len(), 1, "a folder of other things is left alone");
    let requests = ["store", "cp", "plain.zarr", "to.zarr", "--requests", "0"];
    world.fails(&requests, 2, &["--requests"]);
}
