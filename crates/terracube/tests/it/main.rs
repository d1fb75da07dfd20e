//! The facade as its users meet it: the examples run, and the wiring holds.
#![expect(clippy::duplicate_mod, reason = "both examples have the same server")]

#[path = "../../examples/custom_source.rs"]
mod custom_source;
#[path = "../../examples/first_cube.rs"]
mod first_cube;

mod presets;
mod wiring;

#[test]
fn the_first_cube_runs() {
    first_cube::main().unwrap();
}

#[test]
fn a_custom_source_runs() {
    custom_source::main().unwrap();
}
