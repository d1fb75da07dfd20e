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
