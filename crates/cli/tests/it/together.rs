//! Several processes that fill one cube at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use terracube::store::{OpenOptions, open_repository};
use terracube_testbed::{Fault, FaultKind};

use crate::kills::filled_patches;
use crate::world::{Run, World, bucket, bucket_options};

#[test]
fn four_fills_at_once_share_the_work_in_icechunk() {
    at_once("cube.icechunk", 5);
}

#[test]
fn four_fills_at_once_share_the_work_in_plain_zarr() {
    at_once("cube.zarr", 5);
}

#[test]
fn four_fills_at_once_share_the_work_in_buckets() {
    for format in ["icechunk", "zarr"] {
        let Some(store) = bucket(format) else { return };
        at_once(&store, 1);
    }
}

/// Four fills of one cube, in which every patch has its own granule: nothing is lost, and nothing
/// is asked for that one fill alone would not ask for.
fn at_once(store: &str, times: usize) {
    let world = World::of_patches();
    world.server.set_latency(Duration::from_millis(10));
    world.ok(&["cube", "create", "cube.toml", "alone.zarr"]);
    world.ok(&["cube", "fill", "alone.zarr", "--jobs", "2"]);
    let alone = asked(&world);
    let files: BTreeSet<_> = alone.keys().map(|(path, _)| path).collect();
    assert_eq!(files.len(), 16);
    assert!(alone.values().all(|times| *times == 1), "{alone:?}");
    for _ in 0..times {
        world.server.reset();
        world.ok(&["cube", "create", "cube.toml", store]);
        let fills: Vec<_> = (0..4).map(|_| begin(&world, store, "60")).collect();
        let mut done = 0;
        for fill in fills {
            let run = Run::of(fill.wait_with_output().unwrap());
            assert_eq!(run.code, Some(0), "{run:?}");
            assert!(!run.stderr.contains("another fill wrote some"), "{run:?}");
            let filled = run.stdout.split_once(" patches filled").map(|(count, _)| count);
            done += filled.map_or(0, |count| count.parse::<usize>().unwrap());
        }
        assert_eq!(done, 16);
        assert_eq!(asked(&world), alone);
        assert_eq!(filled_patches(&world, store).len(), 16);
        assert_no_claims(&world, store);
        let again = world.ok(&["cube", "fill", store]);
        assert!(again.contains("nothing to fill"), "{again}");
        if !store.contains("://") {
            std::fs::remove_dir_all(world.path(store)).unwrap();
        }
    }
}

#[test]
fn what_a_killed_fill_was_at_is_done_at_once_on_the_same_machine() {
    for store in ["cube.icechunk", "cube.zarr"] {
        let world = World::of_patches();
        world.ok(&["cube", "create", "cube.toml", store]);
        let mut killed = holder(&world, store, "3600", Duration::from_secs(600));
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert!(!claims(&world, store).is_empty(), "{store}");
        let rest = world.ok(&["cube", "fill", store]);
        assert!(rest.starts_with("16 patches filled"), "{rest}");
        assert_eq!(filled_patches(&world, store).len(), 16);
        assert_no_claims(&world, store);
    }
}

#[test]
fn what_a_fill_without_life_is_at_is_taken_over_and_it_does_no_harm_when_it_wakes() {
    for store in ["cube.icechunk", "cube.zarr"] {
        let world = World::of_patches();
        world.ok(&["cube", "create", "cube.toml", store]);
        // Long enough to be stopped in time on a machine with much to do.
        let asleep = holder(&world, store, "1", Duration::from_secs(8));
        signal(&asleep, "STOP");
        let rest = world.ok(&["cube", "fill", store]);
        assert!(rest.starts_with("16 patches filled"), "{rest}");
        assert_eq!(filled_patches(&world, store).len(), 16);
        signal(&asleep, "CONT");
        let run = Run::of(asleep.wait_with_output().unwrap());
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(filled_patches(&world, store).len(), 16);
        assert_no_claims(&world, store);
    }
}

#[test]
fn a_fill_without_claims_leaves_none_and_waits_for_nobody() {
    let world = World::of_patches();
    world.ok(&["cube", "create", "cube.toml", "cube.icechunk"]);
    let mut asleep = holder(&world, "cube.icechunk", "3600", Duration::from_secs(600));
    let rest = world.ok(&["cube", "fill", "cube.icechunk", "--lease", "0"]);
    assert!(rest.starts_with("16 patches filled"), "{rest}");
    asleep.kill().unwrap();
    asleep.wait().unwrap();
    assert_eq!(filled_patches(&world, "cube.icechunk").len(), 16);
}

fn begin(world: &World, store: &str, lease: &str) -> Child {
    let arguments =
        ["cube", "fill", store, "--jobs", "2", "--commit-patches", "3", "--lease", lease];
    let mut command = world.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A fill that has asked for assets, which come late.
fn holder(world: &World, store: &str, lease: &str, late: Duration) -> Child {
    world.server.fault(Fault::on("/files/", FaultKind::Latency(late)));
    let fill = begin(world, store, lease);
    while world.asset_requests() == 0 {
        sleep(Duration::from_millis(10));
    }
    world.server.clear_faults();
    fill
}

fn signal(process: &Child, name: &str) {
    let arguments = [format!("-{name}"), process.id().to_string()];
    assert!(Command::new("kill").args(arguments).status().unwrap().success());
}

/// What was asked for of the assets: path and range, and how often.
pub(crate) fn asked(world: &World) -> BTreeMap<(String, Option<String>), usize> {
    let mut asked = BTreeMap::new();
    for request in world.server.requests() {
        if request.path.starts_with("/files/") {
            *asked.entry((request.path, request.range)).or_default() += 1;
        }
    }
    asked
}

/// The claims on a local cube.
fn claims(world: &World, store: &str) -> Vec<String> {
    let folder = world.path(store).join("_terracube/claims");
    crate::store::files(&folder).into_keys().collect()
}

pub(crate) fn assert_no_claims(world: &World, store: &str) {
    if !store.contains("://") {
        assert_eq!(claims(world, store), Vec::<String>::new(), "{store}");
        return;
    }
    let options = OpenOptions { s3: bucket_options(), unmarked: true, ..OpenOptions::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let found = runtime.block_on(open_repository(&format!("{store}/_terracube/claims"), &options));
    assert!(found.is_err(), "{store}: {found:?}");
}
