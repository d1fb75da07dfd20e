//! Commands that only look.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CANARY, everywhere, get, on_the_web, values, world};

#[test]
fn the_names_in_a_folder_are_listed() {
    let world = world();
    for place in everywhere(&world) {
        assert_eq!(world.ok(&["store", "ls", &place]), "deep/\nelevation/\nzarr.json\n");
        assert_eq!(world.ok(&["store", "ls", &place, "elevation/c/0"]), "0\n1\n");
        assert_eq!(world.ok(&["store", "ls", &place, "elevation/c/0/"]), "0\n1\n");
        assert_eq!(
            world.ok(&["store", "ls", "-l", &place, "elevation/c/1"]),
            "          12  0\n          12  1\n"
        );
        assert_eq!(
            world.json(&["store", "ls", &place, "elevation/c/0/0", "--json"]),
            json!({"name": "elevation/c/0/0", "folder": false, "bytes": 12})
        );
        let all = world.ok(&["store", "ls", "-r", &place]);
        let listed: BTreeSet<_> = all.lines().map(str::to_owned).collect();
        assert_eq!(listed, values().into_keys().collect(), "{place}");
        assert_eq!(all.lines().count(), 8, "{place}");
        let below = world.ok(&["store", "ls", "-r", "-l", "--json", &place, "elevation/c"]);
        let sizes = below.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert!(sizes.into_iter().all(|line| line["bytes"] == 12), "{below}");
        assert_eq!(below.lines().count(), 4);
    }
}

#[test]
fn what_is_not_there_is_an_error_that_names_what_is() {
    let world = world();
    for place in everywhere(&world) {
        for command in [&["ls"][..], &["ls", "-r"], &["du"], &["get"], &["tree"]] {
            let args = [&["store"], command, &[&place, "elevation/c/0/7"]].concat();
            world.fails(&args, 1, &["`elevation/c/0/7` is not in", "`elevation/c/0/0`"]);
            let args = [&["store"], command, &[&place, "elevation/../deep"]].concat();
            world.fails(&args, 1, &["`elevation/../deep` is not a valid key", "`..`"]);
        }
    }
    for command in ["ls", "tree", "du", "info", "check"] {
        world.fails(&["store", command, "none"], 1, &["error:", "is not in none"]);
        world.fails(&["store", command, "ftp://host/x"], 1, &["unknown scheme `ftp`", "s3:"]);
    }
    assert!(!world.path("none").exists(), "looking makes nothing");
    world.fails(&["store", "ls"], 2, &["<URL>"]);
}

#[test]
fn the_nodes_of_a_hierarchy_are_drawn() {
    let world = world();
    let mut places = everywhere(&world);
    places.push(on_the_web(&world, "consolidated.zarr", true));
    for place in places {
        assert_eq!(
            world.ok(&["store", "tree", &place]),
            "\
/ group
├── deep  group
│   └── mask  uint8 [8, 8] chunks [2, 2] shards [4, 4]
└── elevation  uint16 [4, 6] chunks [2, 3] (y, x)
",
            "{place}"
        );
        let tree = world.json(&["store", "tree", &place, "--json"]);
        let mask = &tree["children"][0]["children"][0];
        assert_eq!(mask["shards"], json!([4, 4]), "{tree}");
        assert_eq!(tree["children"][1]["dimensions"], json!(["y", "x"]), "{tree}");
        let one = world.ok(&["store", "tree", &place, "--depth", "1"]);
        assert!(one.contains("deep  group") && !one.contains("mask"), "{place}: {one}");
        let elevation = world.ok(&["store", "tree", &place, "elevation"]);
        assert_eq!(elevation, "/elevation  uint16 [4, 6] chunks [2, 3] (y, x)\n");
    }
    let bare = on_the_web(&world, "bare.zarr", false);
    assert_eq!(world.ok(&["store", "tree", &bare]), "/ group …\n");
}

#[test]
fn bytes_and_keys_add_up() {
    let world = world();
    let size = |below: &str| -> u64 {
        let below = values().into_iter().filter(|(key, _)| key.starts_with(below));
        below.map(|(_, value)| value.len() as u64).sum()
    };
    let sum = world.json(&["store", "du", "plain.zarr", "--json"]);
    assert_eq!(
        sum,
        json!({"prefix": "", "keys": 8, "bytes": size(""), "children": [
            {"name": "deep/", "keys": 2, "bytes": size("deep/")},
            {"name": "elevation/", "keys": 5, "bytes": size("elevation/")},
            {"name": "zarr.json", "keys": 1, "bytes": size("zarr.json")},
        ]})
    );
    for place in everywhere(&world) {
        let sum = world.json(&["store", "du", &place, "elevation/c", "--json"]);
        assert_eq!((&sum["keys"], &sum["bytes"]), (&json!(4), &json!(48)), "{place}: {sum}");
        let sum = world.json(&["store", "du", &place, "elevation/c", "--depth", "2", "--json"]);
        assert_eq!(sum["children"][3], json!({"name": "1/1", "keys": 1, "bytes": 12}), "{sum}");
    }
    let text = world.ok(&["store", "du", "plain.zarr", "elevation/c", "--depth", "0"]);
    assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), "48 B 4 keys in all");
}

#[test]
fn a_value_is_read_whole_and_in_parts() {
    let world = world();
    let mut places = everywhere(&world);
    places.push(on_the_web(&world, "plain.zarr", false));
    for place in places {
        let part = |more: &[&str]| get(&world, &[&[&place, "elevation/c/0/1"], more].concat());
        // rows of 4, 5, 6 and 10, 11, 12
        let whole = [4, 0, 5, 0, 6, 0, 10, 0, 11, 0, 12, 0];
        assert_eq!(part(&[]), whole, "{place}");
        assert_eq!(part(&["--range", "2-6"]), [5, 0, 6, 0], "{place}");
        assert_eq!(part(&["--offset", "8"]), [11, 0, 12, 0], "{place}");
        assert_eq!(part(&["--suffix", "2"]), [12, 0], "{place}");
        assert_eq!(part(&["--suffix", "99"]), whole, "{place}");
        assert_eq!(part(&["-o", "chunk.bin"]), [0_u8; 0], "{place}");
        assert_eq!(std::fs::read(world.path("chunk.bin")).unwrap(), whole, "{place}");
        std::fs::remove_file(world.path("chunk.bin")).unwrap();
        let outside = ["store", "get", &place, "elevation/c/0/1", "--offset", "12"];
        world.fails(&outside, 1, &["`elevation/c/0/1`", "12 bytes"]);
        world.fails(&["store", "get", &place, "none", "-o", "none.bin"], 1, &["`none` is not in"]);
        assert!(!world.path("none.bin").exists());
    }
    let two = ["store", "get", "plain.zarr", "zarr.json", "--offset", "1", "--suffix", "1"];
    world.fails(&two, 2, &["--offset", "--suffix"]);
    world.fails(&["store", "get", "plain.zarr", "zarr.json", "--range", "7-7"], 2, &["A-B"]);
}

#[test]
fn a_store_says_what_it_is() {
    let world = world();
    for place in everywhere(&world) {
        let info = world.json(&["store", "info", &place, "--json"]);
        let is_icechunk = place.ends_with("icechunk");
        assert_eq!(info["zarr_format"], 3, "{info}");
        assert_eq!((&info["groups"], &info["arrays"]), (&json!(2), &json!(2)), "{info}");
        assert_eq!(info["attributes"]["title"], "relief", "{info}");
        assert_eq!(info["capability"]["atomic_commit"], is_icechunk, "{info}");
        assert_eq!(info["kind"].as_str().unwrap().contains("Icechunk"), is_icechunk, "{info}");
        if is_icechunk {
            assert_eq!(info["branches"], json!(["main"]), "{info}");
            let message = info["versions"][0]["message"].as_str().unwrap();
            assert!(message.starts_with("copy of ") && message.ends_with("/plain.zarr"), "{info}");
            assert_eq!(info["versions"].as_array().unwrap().len(), 2, "{info}");
        }
        let text = world.ok(&["store", "info", &place]);
        for words in ["v3, 2 groups, 2 arrays", "title: \"relief\"", "read, write, delete"] {
            assert!(text.contains(words), "`{words}`: {text}");
        }
        assert!(!text.contains(CANARY) && !info.to_string().contains(CANARY), "{text}");
    }
    let web = on_the_web(&world, "web.zarr", true);
    let info = world.json(&["store", "info", &web, "--json"]);
    assert_eq!((&info["groups"], &info["arrays"]), (&json!(2), &json!(2)), "{info}");
    assert_eq!(info["capability"]["writes"], false);
    std::fs::create_dir(world.path("notes")).unwrap();
    world.write("notes/a.txt", "hello");
    let info = world.json(&["store", "info", "notes", "--json"]);
    assert_eq!(info["kind"], "plain keys", "a folder of other things can be looked at");
}
