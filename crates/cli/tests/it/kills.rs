//! `kill -9` at random moments of a fill: what is marked filled is right, the next fill does the rest.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use terracube::cube::{Cube, LoadOptions, Patch, PatchState, Request};
use terracube::raster::Pixels;
use terracube::store::{OpenOptions, open_repository};

use crate::world::{self, GRANULES, SIDE, World, height};

#[test]
fn nothing_filled_is_lost_or_wrong_in_icechunk() {
    killed_at_random("cube.icechunk", 100);
}

#[test]
fn nothing_filled_is_lost_or_wrong_in_plain_zarr() {
    killed_at_random("cube.zarr", 100);
}

/// Kills so many fills, each after another share of the time that a fill takes.
fn killed_at_random(store: &str, kills: u32) {
    let world = World::new();
    world.server.set_latency(Duration::from_millis(5));
    let mut killed = 0;
    let mut whole = Duration::from_secs(1);
    let mut random: u32 = 7;
    while killed < kills {
        world.ok(&["cube", "create", "cube.toml", store]);
        let mut filled = BTreeSet::new();
        loop {
            world.server.reset();
            let arguments =
                ["cube", "fill", store, "--quiet", "--jobs", "2", "--commit-patches", "2"];
            let began = Instant::now();
            let mut fill = world
                .command(&arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap();
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let share = f64::from(random >> 8) / f64::from(1 << 24);
            std::thread::sleep(if killed < kills { whole.mul_f64(share) } else { 10 * whole });
            let ended = fill.try_wait().unwrap();
            let status = match ended {
                Some(status) => status,
                None if killed == kills => fill.wait().unwrap(),
                None => {
                    fill.kill().unwrap();
                    fill.wait().unwrap()
                }
            };
            not_read_again(&world, &filled);
            let now = filled_patches(&world, store);
            assert!(now.is_superset(&filled), "{store}: {filled:?} became {now:?}");
            filled = now;
            if status.code().is_some() {
                assert!(status.success(), "{status}");
                whole = whole.min(began.elapsed());
                break;
            }
            killed += 1;
        }
        assert_eq!(filled.len(), 16, "{store}");
        std::fs::remove_dir_all(world.path(store)).unwrap();
    }
}

/// The patches marked filled, each with the right pixels.
pub(crate) fn filled_patches(world: &World, store: &str) -> BTreeSet<(u32, u32)> {
    let is_local = !store.contains("://");
    let location =
        if is_local { world.path(store).display().to_string() } else { store.to_owned() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (state, loaded) = runtime.block_on(async {
        let options =
            OpenOptions { read_only: true, s3: world::bucket_options(), ..OpenOptions::default() };
        let repository = open_repository(&location, &options).await.unwrap();
        let cube = Cube::open(repository).await.unwrap();
        let load = LoadOptions { fill: None, ..LoadOptions::default() };
        (cube.state().await.unwrap(), cube.load(&Request::all(), &load).await.unwrap())
    });
    let Pixels::F32(pixels) = &loaded.bands[0].rasters[0].pixels else { panic!("not float32") };
    let mut filled = BTreeSet::new();
    for (Patch { row, col, .. }, state) in state.patches() {
        if *state != PatchState::Filled {
            assert_eq!(*state, PatchState::Missing, "{store}: row {row}, column {col}");
            continue;
        }
        filled.insert((*row, *col));
        for y in *row as usize * 64..(*row as usize + 1) * 64 {
            for x in *col as usize * 64..(*col as usize + 1) * 64 {
                assert_eq!(pixels[y * SIDE + x], height(x, y), "{store}: column {x}, row {y}");
            }
        }
    }
    filled
}

/// A granule whose patches were all filled before is not read.
fn not_read_again(world: &World, filled: &BTreeSet<(u32, u32)>) {
    for (name, col, row) in GRANULES {
        let (col, row) = (col as u32 / 64, row as u32 / 64);
        let patches = [(row, col), (row, col + 1), (row + 1, col), (row + 1, col + 1)];
        if patches.iter().all(|patch| filled.contains(patch)) {
            assert_eq!(world.server.count(&format!("/files/relief/{name}.tif")), 0, "{name}");
        }
    }
}
