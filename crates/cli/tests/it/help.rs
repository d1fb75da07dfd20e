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
fn a_wrong_command_is_a_usage_error() {
    let world = World::new();
    world.fails(&["cub"], 2, &["error:", "cube"]);
    world.fails(&["cube", "fill"], 2, &["error:", "<STORE>"]);
    world.fails(&["cube", "fill", "x", "--memory", "lots"], 2, &["--memory", "256M"]);
    world.fails(&["cube", "fill", "x", "--jobs", "0"], 2, &["--jobs"]);
}
