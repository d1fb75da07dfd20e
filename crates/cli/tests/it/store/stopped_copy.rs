//! `cp` that is killed or stopped on its way: the same again does the rest.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Values, array, assert_same, files, read};
use crate::world::World;

const CHUNKS: usize = 64;

/// An array of 64 chunks on a slow web server, and what it holds.
fn slow(world: &World) -> (String, Values) {
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let mut values = Values::new();
    values.insert("zarr.json".to_owned(), array("uint16", [8, 512], [1, 64], &bytes, None));
    for chunk in 0..CHUNKS {
        let value = (0..64_u16).flat_map(|i| (64 * chunk as u16 + i + 1).to_le_bytes());
        values.insert(format!("c/{}/{}", chunk / 8, chunk % 8), value.collect());
    }
    for (key, value) in &values {
        world.server.put_bytes(&format!("slow.zarr/{key}"), value.clone());
    }
    world.server.set_latency(Duration::from_millis(25));
    (world.server.file_url("slow.zarr"), values)
}

/// Begins a copy, sends it a signal when so many values are copied, and gives its exit code and its
/// last event.
fn interrupted(
    world: &World,
    from: &str,
    to: &str,
    signal: &str,
    after: usize,
) -> (Option<i32>, Value) {
    let mut copy = world
        .command(&["store", "cp", from, to, "--requests", "2", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut copied, mut last) = (0, Value::Null);
    for line in BufReader::new(copy.stdout.take().unwrap()).lines() {
        last = serde_json::from_str(&line.unwrap()).unwrap();
        let is_copied = last["event"] == "copied";
        copied += usize::from(is_copied);
        if is_copied && copied == after {
            let kill = [&format!("-{signal}"), &copy.id().to_string()].map(String::clone);
            assert!(Command::new("kill").args(kill).status().unwrap().success());
        }
    }
    (copy.wait().unwrap().code(), last)
}

#[test]
fn a_copy_that_is_killed_goes_on_where_it_was() {
    let world = World::new();
    let (from, expected) = slow(&world);
    let (code, _) = interrupted(&world, &from, "to.zarr", "KILL", 20);
    assert_eq!(code, None, "killed");
    let found = files(&world.path("to.zarr"));
    let whole = found.iter().filter(|(key, _)| expected.contains_key(*key));
    let there = whole.clone().count();
    assert!((20..CHUNKS).contains(&there), "{there}");
    for (key, value) in whole {
        assert_eq!(value, &expected[key], "{key}: never a part of a value");
    }
    assert!(!found.contains_key("zarr.json"), "what opens is whole");

    world.server.set_latency(Duration::ZERO);
    let out = world.ok(&["store", "cp", &from, "to.zarr", "--json"]);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["report"]["skipped"]["keys"], there, "{last}");
    assert_eq!(last["report"]["copied"]["keys"], CHUNKS + 1 - there, "{last}");
    assert_same(&read(&world, "to.zarr"), &expected, "to.zarr");

    world.server.set_latency(Duration::from_millis(25));
    let (code, _) = interrupted(&world, &from, "to.icechunk", "KILL", 20);
    assert_eq!(code, None, "killed");
    assert_eq!(world.ok(&["store", "ls", "to.icechunk"]), "", "nothing is committed");
    world.server.set_latency(Duration::ZERO);
    world.ok(&["store", "cp", &from, "to.icechunk"]);
    assert_same(&read(&world, "to.icechunk"), &expected, "to.icechunk");
}

#[test]
fn ctrl_c_keeps_what_is_copied() {
    for (to, signal) in [("to.zarr", "INT"), ("to.icechunk", "INT"), ("term.icechunk", "TERM")] {
        let world = World::new();
        let (from, expected) = slow(&world);
        let (code, last) = interrupted(&world, &from, to, signal, 20);
        assert_eq!(code, Some(4), "{last}");
        let report = &last["report"];
        assert_eq!(report["stopped"], true, "{last}");
        let there = report["copied"]["keys"].as_u64().unwrap();
        assert!((20..CHUNKS as u64).contains(&there), "{last}");
        if to.ends_with("icechunk") {
            let info = world.json(&["store", "info", to, "--json"]);
            let branches = info["branches"].as_array().unwrap();
            assert!(branches.contains(&report["branch"]), "{info}: {last}");
            assert_eq!(world.ok(&["store", "ls", to]), "", "the main branch has none of it");
        }
        world.server.set_latency(Duration::ZERO);
        let out = world.ok(&["store", "cp", &from, to, "--json"]);
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["report"]["skipped"]["keys"], there, "{last}");
        assert_same(&read(&world, to), &expected, to);
        if to.ends_with("icechunk") {
            let info = world.json(&["store", "info", to, "--json"]);
            assert_eq!(info["branches"], json!(["main"]), "the branch of the copy is gone");
        }
    }
}
