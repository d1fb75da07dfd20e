//! A STAC root on disk, as an API and as a static catalogue.

use std::path::Path;

use serde_json::{Value, json};
use terracube_testbed::{Server, TestbedError};

use crate::client::{get, square};

fn write(folder: &Path, id: &str) {
    std::fs::create_dir_all(folder.join("items")).unwrap();
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let collection = json!({"type": "Collection", "id": id, "description": id, "links": []});
    std::fs::write(folder.join("collection.json"), collection.to_string()).unwrap();
    for (index, name) in ["one", "two"].into_iter().enumerate() {
        let name = format!("{id}-{name}");
        let mut item = square(&name, 5.0, index as u32 + 1);
        item["assets"]["away"] = json!({"href": "https://example.org/away.tif"});
        std::fs::write(folder.join(format!("items/{name}.json")), item.to_string()).unwrap();
        std::fs::write(folder.join(format!("data/{name}.tif")), &name).unwrap();
    }
}

#[test]
fn one_collection_or_a_folder_of_them() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("x"), "x");
    write(&folder.path().join("y"), "y");
    let server = Server::builder().stac_root(folder.path()).start().unwrap();
    let stac = server.stac_url();

    let landing = get(&stac).json();
    let classes = landing["conformsTo"].as_array().unwrap();
    assert!(classes.contains(&json!("https://api.stacspec.org/v1.0.0/item-search")));
    let collections = get(&format!("{stac}/collections")).json();
    assert_eq!(collections["collections"][1]["id"], "y");
    let items = get(&format!("{stac}/collections/x/items?limit=1")).json();
    assert_eq!((&items["numberMatched"], &items["numberReturned"]), (&json!(2), &json!(1)));
    let item = &items["features"][0];
    assert_eq!((&item["id"], &item["collection"]), (&json!("x-one"), &json!("x")));
    let href = item["assets"]["data"]["href"].as_str().unwrap();
    assert_eq!(href, server.file_url("x/data/x-one.tif"));
    assert_eq!(item["assets"]["away"]["href"], "https://example.org/away.tif");
    assert_eq!(get(href).body, b"x-one");
    assert_eq!(get(&format!("{stac}/collections/z/items")).status, 404);
    assert_eq!(get(&format!("{stac}/collections/x/items/x-two")).json()["id"], "x-two");

    let one = Server::builder().stac_root(folder.path().join("y")).start().unwrap();
    let found = get(&format!("{}/search", one.stac_url())).json();
    assert_eq!(found["numberMatched"], 2);
}

#[test]
fn the_static_catalogue_is_walked_by_relative_links() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "x");
    let server = Server::builder().stac_root(folder.path()).start().unwrap();
    let root = url::Url::parse(&server.static_url()).unwrap();

    let collections = follow(&root, "child");
    assert_eq!(collections.len(), 1);
    let items = follow(&collections[0], "item");
    assert_eq!(items.len(), 2);
    let item = get(items[1].as_str()).json();
    assert_eq!(item["id"], "x-two");
    let href = item["assets"]["data"]["href"].as_str().unwrap();
    assert!(href.starts_with("../"));
    assert_eq!(get(items[1].join(href).unwrap().as_str()).body, b"x-two");
    assert_eq!(follow(&items[1], "root"), [root]);
}

fn follow(at: &url::Url, rel: &str) -> Vec<url::Url> {
    let document: Value = get(at.as_str()).json();
    let links = document["links"].as_array().unwrap().iter();
    links
        .filter(|link| link["rel"] == rel)
        .map(|link| at.join(link["href"].as_str().unwrap()).unwrap())
        .collect()
}

#[test]
fn a_root_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Server::builder().stac_root(folder.path()).start().unwrap_err();
    assert!(matches!(&error, TestbedError::Document { path, .. } if path == folder.path()));
    std::fs::write(folder.path().join("collection.json"), "{").unwrap();
    let error = Server::builder().stac_root(folder.path()).start().unwrap_err();
    assert!(error.to_string().contains("collection.json: not JSON"), "{error}");
    let error = Server::builder().stac_root(folder.path().join("none")).start().unwrap_err();
    assert!(matches!(error, TestbedError::Read { .. }));
}

#[test]
fn given_roots_of_real_scenes() {
    let roots = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/stac-roots"));
    if !roots.is_dir() {
        println!("skipped: no {}", roots.display());
        return;
    }
    let server = Server::builder().stac_root(roots).start().unwrap();
    let found = get(&format!("{}/search?bbox=-48.5,61.5,-48.4,61.6", server.stac_url())).json();
    assert_eq!(found["numberMatched"], 1);
    let href = found["features"][0]["assets"]["B2"]["href"].as_str().unwrap();
    let head = crate::client::get_with(href, &[("range", "bytes=0-3")]);
    assert_eq!((head.status, head.body.as_slice()), (206, &b"II*\0"[..]));
}
