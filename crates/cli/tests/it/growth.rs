//! A fill of very many patches: what it takes does not grow with how many it has done.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::world::{NORTH, RESOLUTION, WEST, World};

/// Patches along each side, unless `TERRACUBE_GROWTH` says otherwise: 316 are 10⁵ in all.
const SIDE: usize = 100;
/// MiB that may be taken more at the end than after a fifth: caches that fill up to their bounds,
/// and some hundred bytes a patch for the report.
const MORE: usize = 64;

/// What a process takes.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// Resident memory in MiB.
    memory: usize,
    files: usize,
    threads: usize,
}

impl Taken {
    fn by(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let figures: BTreeMap<_, _> = status.lines().filter_map(|l| l.split_once(':')).collect();
        let figure = |name: &str| -> usize {
            figures[name].split_whitespace().next().unwrap().parse().unwrap()
        };
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        Self { memory: figure("VmRSS") / 1024, files, threads: figure("Threads") }
    }
}

#[test]
fn what_a_fill_takes_does_not_grow_with_the_patches_done() {
    if !cfg!(target_os = "linux") {
        println!("skipped: there is no /proc here");
        return;
    }
    let side = std::env::var("TERRACUBE_GROWTH").map_or(SIDE, |side| side.parse().unwrap());
    let world = World::of_one(8 * side);
    world.write("small.toml", &declaration(&world, side));
    for store in ["cube.icechunk", "cube.zarr"] {
        world.ok(&["cube", "create", "small.toml", store]);
        let taken = filled(&world, store, side * side);
        println!("{store}: {} patches, after each tenth: {taken:?}", side * side);
        let (early, end) = (taken[1], taken[9]);
        assert!(end.memory <= early.memory + MORE, "{store}: {early:?} became {end:?}");
        assert!(end.files <= early.files + 8, "{store}: {early:?} became {end:?}");
        let cores = std::thread::available_parallelism().unwrap().get();
        assert!(end.threads <= 64 + 2 * cores + 8, "{store}: {end:?}");
    }
}

/// What a fill took after each tenth of its patches.
fn filled(world: &World, store: &str, patches: usize) -> Vec<Taken> {
    // Many commits, each with manifests that could be kept for ever.
    let arguments = ["cube", "fill", store, "--json", "--commit-patches", "100"];
    let mut fill = world.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let (mut filled, mut taken) = (0, Vec::new());
    let mut last = Value::Null;
    for line in BufReader::new(fill.stdout.take().unwrap()).lines() {
        last = serde_json::from_str(&line.unwrap()).unwrap();
        if last["event"] == "filled" {
            filled += 1;
            if filled == (taken.len() + 1) * patches / 10 {
                taken.push(Taken::by(fill.id()));
            }
        }
    }
    assert!(fill.wait().unwrap().success());
    assert_eq!(last["report"]["filled"].as_u64(), Some(patches as u64), "{last}");
    taken
}

/// The cube of the world, with patches of 8 × 8 pixels and so many along each side.
fn declaration(world: &World, side: usize) -> String {
    let length = 8.0 * side as f64 * RESOLUTION;
    let extent =
        format!("extent = [{WEST:?}, {:?}, {:?}, {NORTH:?}]", NORTH - length, WEST + length);
    let line = |line: &str| match line.split(' ').next() {
        Some("extent") => extent.clone(),
        Some("chunks") => "chunks = { shape = [8, 8] }".to_owned(),
        _ => line.to_owned(),
    };
    world.declaration().lines().map(line).collect::<Vec<_>>().join("\n")
}
