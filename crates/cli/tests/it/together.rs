//! Several processes that fill one cube at the same time.

use std::process::Stdio;
use std::time::Duration;

use crate::kills::filled_patches;
use crate::world::{Run, World};

#[test]
fn four_fills_at_once_lose_nothing_in_icechunk() {
    at_once("cube.icechunk");
}

#[test]
fn four_fills_at_once_lose_nothing_in_plain_zarr() {
    at_once("cube.zarr");
}

fn at_once(store: &str) {
    let world = World::new();
    world.server.set_latency(Duration::from_millis(10));
    for _ in 0..5 {
        world.ok(&["cube", "create", "cube.toml", store]);
        let arguments = ["cube", "fill", store, "--jobs", "2", "--commit-patches", "3"];
        let fills: Vec<_> = (0..4)
            .map(|_| {
                let mut command = world.command(&arguments);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for fill in fills {
            let run = Run::of(fill.wait_with_output().unwrap());
            assert_eq!(run.code, Some(0), "{run:?}");
        }
        assert_eq!(filled_patches(&world, store).len(), 16);
        let again = world.ok(&["cube", "fill", store]);
        assert!(again.contains("nothing to fill"), "{again}");
        std::fs::remove_dir_all(world.path(store)).unwrap();
    }
}
