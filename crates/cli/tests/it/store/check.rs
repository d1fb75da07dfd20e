//! `check`: the rules tried, nothing left behind, a broken one named.

use serde_json::{Value, json};
use terracube_testbed::{Fault, FaultKind};

use super::{everywhere, files, on_the_web, read, values, world};

/// The rules with a verdict.
fn named<'a>(found: &'a Value, verdict: &str) -> Vec<&'a str> {
    let rules = found["rules"].as_array().unwrap().iter();
    rules.filter(|rule| rule["verdict"] == verdict).filter_map(|r| r["rule"].as_str()).collect()
}

#[test]
fn a_store_in_use_is_checked_and_not_changed() {
    let world = world();
    for place in everywhere(&world) {
        let before = (read(&world, &place), world.json(&["store", "info", &place, "--json"]));
        let found = world.json(&["store", "check", &place, "--json"]);
        assert_eq!(named(&found, "failed"), [""; 0], "{place}: {found}");
        assert!(named(&found, "ok").contains(&"set_makes_and_replaces"), "{place}: {found}");
        let versions = place.ends_with("icechunk");
        assert_eq!(found["capability"]["versions"], versions, "{place}: {found}");
        assert_eq!(found["stopped"], false);
        let after = (read(&world, &place), world.json(&["store", "info", &place, "--json"]));
        assert_eq!(before, after, "{place}");
    }
    assert_eq!(files(&world.path("plain.zarr")), values(), "hidden files neither");
    let text = world.ok(&["store", "check", "plain.zarr"]);
    for line in ["yes             write", "no              keep versions"] {
        assert!(text.lines().any(|found| found == line), "`{line}`: {text}");
    }
    assert!(text.lines().any(|line| line == "ok              a_missing_key_is_none"), "{text}");
}

#[test]
fn a_place_with_nothing_there_stays_so() {
    let world = world();
    let found = world.json(&["store", "check", "new.zarr", "--json"]);
    assert_eq!(named(&found, "failed"), [""; 0], "{found}");
    assert!(!world.path("new.zarr").exists());
    std::fs::create_dir(world.path("empty.zarr")).unwrap();
    world.ok(&["store", "check", "empty.zarr"]);
    assert_eq!(std::fs::read_dir(world.path("empty.zarr")).unwrap().count(), 0);
    world.ok(&["store", "check", "memory:"]);
    world.fails(&["store", "check", "new.icechunk"], 1, &["is not in new.icechunk"]);
    assert!(!world.path("new.icechunk").exists());
    std::fs::create_dir(world.path("photos")).unwrap();
    world.write("photos/cat.jpg", "meow");
    world.ok(&["store", "check", "photos"]);
    assert_eq!(files(&world.path("photos")).into_keys().collect::<Vec<_>>(), ["cat.jpg"]);
    assert_eq!(std::fs::read_dir(world.path("photos")).unwrap().count(), 1, "no folder is left");
}

#[test]
fn a_server_that_breaks_a_rule_is_found_out() {
    let world = world();
    let web = on_the_web(&world, "web.zarr", true);
    let check = ["store", "check", &web, "--key", "elevation/c/0/0"];
    let good = world.json(&[&check[..], &["--json"]].concat());
    assert_eq!(named(&good, "failed"), [""; 0], "{good}");
    assert_eq!(good["capability"]["writes"], json!(false));
    assert!(named(&good, "ok").contains(&"a_store_without_writes_refuses_them"), "{good}");
    assert!(!named(&good, "ok").contains(&"all_keys_are_listed"), "{good}");

    world.server.fault(Fault::on("/elevation/c/0/0", FaultKind::IgnoreRange));
    let run = world.fails(&check, 1, &["rules", "a_range_is_read_and_clipped"]);
    let failed = run.stdout.lines().filter(|line| line.starts_with("failed "));
    assert!(failed.clone().any(|line| line.contains("a_range_is_read_and_clipped: ")), "{run:?}");
    assert!(run.stdout.contains("ok              a_value_is_read_whole"), "{run:?}");
    let run = world.fails(&[&check[..], &["--json"]].concat(), 1, &["a_range_is_read_and_clipped"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(named(&found, "failed").contains(&"a_range_is_read_and_clipped"), "{found}");

    let none = ["store", "check", &web, "--key", "none"];
    world.fails(&none, 1, &["none"]);
    world.fails(&["store", "check", &web, "--key", "../x"], 1, &["`../x` is not a valid key"]);
}
