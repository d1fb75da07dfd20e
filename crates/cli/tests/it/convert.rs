//! `terracube convert`: rules for people and programs, and exit codes that tell endings apart.

use serde_json::Value;

use crate::world::World;

#[test]
fn rules_are_listed_and_explained() {
    let world = World::new();
    let list: Value = serde_json::from_str(&world.ok(&["convert", "list", "--json"])).unwrap();
    assert_eq!(list["rules"].as_array().unwrap().len(), 36);
    assert_eq!(list["parameters"].as_object().unwrap().len(), 39);
    let said = world.ok(&["convert", "explain", "S3A_OL_2_WFR____2023"]);
    assert!(said.contains("no   sentinel1_ocn: the id does not match"), "{said}");
    assert!(said.contains("parameters: sentinel3_olci_chl"), "{said}");
    world.fails(&["convert", "explain", "unheard-of"], 1, &["no rule matches", "nearest"]);
}

#[test]
fn a_dataset_without_a_rule_fails() {
    let world = World::new();
    let run = world.run(&["convert", "unheard-of.nc", "-o", "out", "--json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let line: Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(line["status"], "failed");
    assert!(line["reason"].as_str().unwrap().contains("no rule matches"), "{line}");
    world.fails(&["convert", "a.nc"], 2, &["--out"]);
    world.fails(&["convert", "a.nc", "-o", "out", "--set", "x"], 2, &["KEY=VALUE"]);
    world.fails(&["convert", "a.nc", "-o", "out", "--to", "wax"], 1, &["wax", "idf"]);
}

/// Two inputs of one name in different folders have one place: that is said of the second.
#[cfg(feature = "netcdf")]
#[test]
fn a_granule_in_the_place_of_another_inputs_is_a_failure() {
    let world = World::new();
    for folder in ["a", "b"] {
        std::fs::create_dir(world.path(folder)).unwrap();
        let image =
            crate::world::cog(&world.path(""), "x.tif", 0, 0, terracube::raster::DType::F32);
        std::fs::write(world.path(folder).join("x.tif"), image).unwrap();
    }
    let mut args = vec!["convert", "a/x.tif", "b/x.tif", "-o", "out", "--jobs", "1"];
    args.extend(["--set", "reader=raster", "--set", "collection=c"]);
    args.extend(["--set", "indicative_time=2023-01-05T06:00:00Z"]);
    world.fails(&args, 3, &["failed: b/x.tif", "`c/x`", "`a/x.tif`"]);
}

/// Stopped by a signal it finishes the granule at hand or drops it, and leaves nothing half done.
#[cfg(feature = "netcdf")]
#[test]
fn a_signal_ends_conversions_and_leaves_nothing_half_done() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    for signal in ["INT", "TERM"] {
        let world = World::new();
        let names: Vec<String> = (0..300).map(|index| format!("{index}.tif")).collect();
        for name in &names {
            let image =
                crate::world::cog(&world.path(""), name, 0, 0, terracube::raster::DType::F32);
            std::fs::write(world.path(name), image).unwrap();
        }
        let mut args = vec!["convert", "-o", "out", "--json", "--jobs", "1"];
        args.extend(["--set", "reader=raster", "--set", "collection=c"]);
        args.extend(["--set", "indicative_time=2023-01-05T06:00:00Z"]);
        args.extend(names.iter().map(String::as_str));
        let mut run = world.command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut all = vec![lines.next().unwrap()];
        let pid = run.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(sent.success());
        all.extend(lines);
        assert_eq!(run.wait().unwrap().code(), Some(4));
        let status = |line: &String| serde_json::from_str::<Value>(line).unwrap()["status"].clone();
        let converted = all.iter().filter(|line| status(line) == "converted").count();
        assert!((1..300).contains(&converted), "{converted}");
        // The collection, and nothing aside.
        let names = |folder: &str| std::fs::read_dir(world.path(folder)).unwrap().count();
        assert_eq!((names("out"), names("out/c")), (1, converted));
    }
}
