//! Connecting by name.

use serde_json::json;
use terracube_source::{Error, Registry, StacApi, StacStatic};

fn registry() -> Registry {
    Registry::empty().with::<StacApi>().with::<StacStatic>()
}

#[test]
fn names_are_listed() {
    assert_eq!(registry().names().collect::<Vec<_>>(), ["stac-api", "stac-static"]);
    assert_eq!(registry().list()[0], ("stac-api", "a STAC API, searched by POST or GET"));
}

#[test]
fn an_unknown_name_lists_the_known() {
    let error = registry().connect("stac", json!({})).unwrap_err();
    assert_eq!(error.to_string(), "unknown source `stac`; known are `stac-api`, `stac-static`");
}

#[test]
fn a_bad_configuration_names_the_key() {
    let key = |config| match registry().connect("stac-api", config) {
        Err(Error::Config { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(json!({ "url": "https://h.example", "colections": [] })), "colections");
    assert_eq!(key(json!({ "url": "https://h.example", "page_size": "many" })), "page_size");
    assert_eq!(
        key(json!({ "url": "https://h.example", "collections": ["a", 1] })),
        "collections[1]"
    );
    let error = registry().connect("stac-api", json!({})).unwrap_err().to_string();
    assert!(error.contains("missing field `url`") && error.contains("`page_size`"), "{error}");
}

#[test]
fn the_environment_is_read_and_not_shown() {
    // A variable that cargo sets for tests.
    let name = env!("CARGO_PKG_NAME");
    let config = json!({ "url": "env:CARGO_PKG_NAME", "page_size": "env:CARGO_PKG_NAME" });
    let error = registry().connect("stac-api", config).unwrap_err().to_string();
    assert!(error.contains("env:CARGO_PKG_NAME") && !error.contains(name), "{error}");
    let config = json!({ "url": "env:TERRACUBE_NO_SUCH_VARIABLE" });
    let error = registry().connect("stac-api", config).unwrap_err();
    assert!(
        matches!(&error, Error::Secret { reference, .. } if reference == "env:TERRACUBE_NO_SUCH_VARIABLE")
    );
}
