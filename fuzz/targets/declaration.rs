//! A text where a cube's declaration is expected: refused, or a cube that can be made and read.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use terracube_cube::{Cube, Schema};
use terracube_store::{Memory, Unversioned};
use tokio::runtime::{Builder, Runtime};

/// Cubes with longer sides are not made: their coordinates are arrays of that length.
const LONGEST: usize = 4096;
/// Time steps of a cube that is made.
const STEPS: usize = 512;

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().max_blocking_threads(1).build().expect("a runtime");
}

fuzz_target!(|text: &str| {
    let Ok(schema) = Schema::from_toml(text) else { return };
    let geobox = schema.geobox().expect("checked");
    let json = serde_json::to_string(&schema).expect("a declaration is kept as JSON");
    let again: Schema = serde_json::from_str(&json).expect("what was written is read");
    assert!(schema.differences(&again).is_empty(), "{:?}", schema.differences(&again));
    let bands = schema.bands.len();
    if geobox.width.max(geobox.height) > LONGEST || bands > 8 {
        return;
    }
    if schema.time.as_ref().is_some_and(|axis| axis.len() > STEPS) {
        return;
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let store = Arc::new(Unversioned::new(Memory::new()));
            let Ok(cube) = Cube::create(store.clone(), &schema).await else { return };
            assert!(schema.differences(cube.schema()).is_empty());
            let opened = Cube::open(store).await.expect("what was made opens");
            assert!(schema.differences(opened.schema()).is_empty());
        })
    });
});
