//! Stores that cannot be read or written: a clear message, and what was there before stays.

use std::path::PathBuf;
use std::process::Command;

use crate::world::{Run, World, bbox};

#[test]
fn nothing_there() {
    let world = World::new();
    for command in ["plan", "fill", "state", "info"] {
        world.fails(&["cube", command, "none.icechunk"], 1, &["error:", "none.icechunk"]);
    }
    assert!(!world.path("none.icechunk").exists(), "looking makes nothing");
    world.fails(&["cube", "info", "memory:"], 1, &["memory:"]);
}

#[test]
fn a_location_that_is_none() {
    let world = World::new();
    world.fails(
        &["cube", "create", "cube.toml", "ftp://host/cube"],
        1,
        &["ftp://host/cube", "unknown scheme `ftp`", "s3:"],
    );
    world.fails(&["cube", "create", "cube.toml", ""], 1, &["error:"]);
}

#[test]
fn a_folder_of_something_else() {
    let world = World::new();
    std::fs::create_dir(world.path("photos")).unwrap();
    world.write("photos/cat.jpg", "meow");
    world.fails(&["cube", "create", "cube.toml", "photos"], 1, &["photos"]);
    world.fails(&["cube", "state", "photos"], 1, &["photos"]);
    assert_eq!(std::fs::read_dir(world.path("photos")).unwrap().count(), 1, "it is left alone");
}

#[test]
fn not_writable() {
    let world = World::new();
    // No permission helps root: below a file there can be no folder, and /proc takes none.
    for store in ["cube.toml/cube.icechunk", "cube.toml/cube.zarr", "/proc/cube.icechunk"] {
        let run = world.run(&["cube", "create", "cube.toml", store]);
        run.must_fail(1, &["error:", store]);
    }
}

#[test]
fn an_archive_is_no_place_for_a_new_cube() {
    let world = World::new();
    let before = std::fs::read_dir(world.path("")).unwrap().count();
    world.fails(
        &["cube", "create", "cube.toml", "a.zarr.zip"],
        1,
        &["a.zarr.zip", "written once", "copy it there"],
    );
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), before, "nothing is made");
    world.write("b.zip", "no archive");
    world.fails(&["cube", "info", "b.zip"], 1, &["b.zip", "no ZIP archive"]);
}

#[test]
fn a_memory_store_lives_as_long_as_the_command() {
    let world = World::new();
    world.ok(&["cube", "create", "cube.toml", "memory:"]);
    world.fails(&["cube", "state", "memory:"], 1, &["memory:", "empty"]);
}

/// A folder with little room, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&folder);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => None,
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    for store in ["disk/cube.icechunk", "disk/cube.zarr"] {
        let world = World::new();
        let Some(disk) = SmallDisk::mount(world.path("disk"), "4m") else {
            println!("skipped: a full disk needs the right to mount a tmpfs");
            return;
        };
        world.ok(&["cube", "create", "cube.toml", store]);
        let area = bbox(0..1, 0..1);
        world.ok(&["cube", "fill", store, "--bbox", &area, "--crs", "EPSG:3413"]);
        fill_up(&disk.0.join("ballast"), 16 << 10);

        let run = world.run(&["cube", "fill", store]);
        run.must_fail(1, &["error: no space left", "the same again does the rest"]);
        let state = world.json(&["cube", "state", store, "--json"]);
        assert!(state["counts"]["filled"].as_u64().unwrap() >= 1, "earlier patches stay: {state}");
        world.ok(&["cube", "load", store, "--no-fill", "-o", "window.tif"]);

        std::fs::remove_file(disk.0.join("ballast")).unwrap();
        world.ok(&["cube", "fill", store]);
        let state = world.json(&["cube", "state", store, "--json"]);
        assert_eq!(state["counts"]["filled"], 16, "{state}");
    }
}

/// Writes a file that leaves about so many bytes of the disk.
fn fill_up(path: &std::path::Path, leave: u64) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    let mut written = 0;
    while file.write_all(&[7; 4096]).is_ok() {
        written += 4096;
    }
    file.set_len(u64::saturating_sub(written, leave)).unwrap();
}

#[test]
fn a_limit_on_file_sizes() {
    let world = World::created();
    let area = bbox(0..1, 0..1);
    world.ok(&["cube", "fill", "cube.icechunk", "--bbox", &area, "--crs", "EPSG:3413"]);
    let binary = env!("CARGO_BIN_EXE_terracube");
    // A chunk has more than 8 blocks of 512 bytes; without the trap the signal would end it.
    let script = format!("trap '' XFSZ; ulimit -f 8; exec '{binary}' cube fill cube.icechunk");
    let mut shell = Command::new("sh");
    let run = Run::of(shell.args(["-c", &script]).current_dir(world.path("")).output().unwrap());
    run.must_fail(1, &["error:", "cube.icechunk"]);
    assert_eq!(world.counts(), [1, 0, 15, 0], "earlier patches stay");
    world.ok(&["cube", "fill", "cube.icechunk"]);
    assert_eq!(world.counts(), [16, 0, 0, 0]);
}
