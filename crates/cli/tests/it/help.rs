//! Every command explains itself, with an example.

use crate::world::World;

#[test]
fn every_command_has_help_with_an_example() {
    let world = World::new();
    for command in [
        &["cube", "create"][..],
        &["cube", "plan"],
        &["cube", "fill"],
        &["cube", "load"],
        &["cube", "state"],
        &["cube", "info"],
        &["cube", "presets"],
        &["store", "ls"],
        &["store", "tree"],
        &["store", "du"],
        &["store", "get"],
        &["store", "put"],
        &["store", "cp"],
        &["store", "rm"],
        &["store", "check"],
        &["store", "info"],
        &["convert"],
        &["grid"],
        &["source", "list"],
        &["source", "search"],
    ] {
        let help = world.ok(&[command, &["--help"]].concat());
        assert!(help.contains("Example"), "{command:?}: {help}");
        assert!(help.contains(&format!("terracube {}", command.join(" "))), "{command:?}: {help}");
    }
    let help = world.ok(&["--help"]);
    for words in ["Exit codes:", "memory:", "s3://", "130"] {
        assert!(help.contains(words), "`{words}`: {help}");
    }
}

#[test]
fn presets_are_listed_printed_and_created() {
    let world = World::new();
    let list = world.ok(&["cube", "presets"]);
    assert!(list.lines().count() >= 14 && list.contains("arcticdem-32m  "), "{list}");
    let printed = world.ok(&["cube", "presets", "arcticdem-32m"]);
    world.write("mine.toml", &printed);
    let of_file = world.ok(&["cube", "create", "mine.toml", "mine.icechunk"]);
    let of_preset = world.ok(&["cube", "create", "preset:arcticdem-32m", "same.icechunk"]);
    assert_eq!(of_file, of_preset);
    world.run(&["cube", "presets", "arcticdem"]).must_fail(1, &["arcticdem-32m"]);
    world.run(&["cube", "create", "preset:x", "x.icechunk"]).must_fail(1, &["arcticdem-32m"]);
}

#[test]
fn a_wrong_command_is_a_usage_error() {
    let world = World::new();
    world.fails(&["cub"], 2, &["error:", "cube"]);
    world.fails(&["cube", "fill"], 2, &["error:", "<STORE>"]);
    world.fails(&["cube", "fill", "x", "--memory", "lots"], 2, &["--memory", "256M"]);
    world.fails(&["cube", "fill", "x", "--jobs", "0"], 2, &["--jobs"]);
}
