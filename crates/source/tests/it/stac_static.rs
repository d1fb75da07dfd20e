//! Walking static catalogues.

use serde_json::{Value, json};
use terracube_grid::{Region, TimeRange};
use terracube_source::{Error, Query, StacStatic};
use terracube_testbed::Server;

use crate::support::{access, ids, item, quick, search, server};

#[tokio::test]
async fn everything_in_the_order_of_the_links() {
    let server = server().start().unwrap();
    let source = StacStatic::new(server.static_url());
    let found = search(&source, &access(), &Query::new()).await;
    assert_eq!(found.len(), 24);
    let first = found[0].as_ref().unwrap();
    assert_eq!((first.id.as_str(), first.collection.as_deref()), ("east-00", Some("east")));
    assert_eq!(first.asset("data").unwrap().href, server.file_url("east/east-00.tif"));
    assert_eq!(found[23].as_ref().unwrap().id, "west-11");
}

#[tokio::test]
async fn collections_that_cannot_match_are_not_opened() {
    let server = server().start().unwrap();
    let source = StacStatic::new(server.static_url());
    let items = |server: &Server| {
        server.requests().iter().filter(|one| one.path.contains("/items/")).count()
    };
    let region = Region::from_bbox(31.0, 0.0, 46.0, 40.0).unwrap();
    assert_eq!(ids(&source, &access(), &Query::new().region(region)).await, ["east-02", "east-03"]);
    assert_eq!(items(&server), 12);
    server.reset();
    assert_eq!(ids(&source, &access(), &Query::new().collection("west")).await.len(), 12);
    assert_eq!(items(&server), 12);
    server.reset();
    let before = Query::new().time(TimeRange::parse("2019").unwrap());
    assert_eq!(ids(&source, &access(), &before).await.len(), 0);
    assert_eq!(items(&server), 0);
    server.reset();
    assert_eq!(ids(&source, &access(), &Query::new().limit(2)).await.len(), 2);
    assert_eq!(items(&server), 2);
}

#[tokio::test]
async fn a_filter_is_refused() {
    let found =
        search(&StacStatic::new("x"), &access(), &Query::new().filter(json!("a = 1"))).await;
    assert!(matches!(found[..], [Err(Error::Query { .. })]));
}

fn write(folder: &std::path::Path, name: &str, document: &Value) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, document.to_string()).unwrap();
}

#[tokio::test]
async fn a_folder_with_circles_and_broken_links() {
    let folder = tempfile::tempdir().unwrap();
    let link = |rel: &str, href: &str| json!({ "rel": rel, "href": href });
    let root = folder.path();
    write(
        root,
        "catalog.json",
        &json!({ "id": "root", "links": [
        link("child", "./a/catalog.json"), link("item", "one.json"), link("item", "none.json"),
        link("child", "../outside.json"), link("item", "./one.json#again")] }),
    );
    write(
        root,
        "a/catalog.json",
        &json!({ "type": "Catalog", "id": "a", "links": [
        link("child", "../catalog.json"), link("child", "./catalog.json"),
        link("item", "all.json")] }),
    );
    write(root, "one.json", &item("one", [0.0, 0.0, 1.0, 1.0], 1));
    write(
        root,
        "a/all.json",
        &json!({ "type": "FeatureCollection", "features": [
        item("two", [0.0, 0.0, 1.0, 1.0], 2), item("three", [0.0, 0.0, 1.0, 1.0], 3)] }),
    );
    let access = quick().allow_files(root).build().unwrap();
    let source = StacStatic::new(root.join("catalog.json").display().to_string());
    let found = search(&source, &access, &Query::new()).await;
    let shown: Vec<String> = found
        .iter()
        .map(|one| match one {
            Ok(granule) => granule.id.clone(),
            Err(Error::NotFound { .. }) => "not found".to_owned(),
            Err(Error::NotAllowed { .. }) => "not allowed".to_owned(),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(shown, ["one", "not found", "two", "three", "not allowed"]);
    let granule = found[2].as_ref().unwrap();
    let expected = format!("file://{}", root.canonicalize().unwrap().join("a/two.tif").display());
    assert_eq!(granule.asset("data").unwrap().href, expected);
}

#[tokio::test]
async fn an_endless_catalogue_ends() {
    let folder = tempfile::tempdir().unwrap();
    for level in 0..40 {
        let next = json!([{ "rel": "child", "href": format!("{}.json", level + 1) }]);
        write(folder.path(), &format!("{level}.json"), &json!({ "id": "c", "links": next }));
    }
    let access = quick().allow_files(folder.path()).build().unwrap();
    let source = StacStatic::new(folder.path().join("0.json").display().to_string());
    let found = search(&source, &access, &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::Document { .. })]), "{found:?}");
}

#[tokio::test]
async fn what_is_no_catalogue() {
    let server = Server::builder().bytes("x", b"[1, 2]".to_vec()).start().unwrap();
    let found = search(&StacStatic::new(server.file_url("x")), &access(), &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::Document { .. })]), "{found:?}");
}

#[tokio::test]
async fn templates_of_the_collection_are_filled_in() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        "collection.json",
        &json!({ "type": "Collection", "id": "c", "extent": {},
        "item_assets": { "data": { "type": "image/tiff", "raster:bands": [{ "nodata": -1 }] } },
        "links": [{ "rel": "item", "href": "one.json" }] }),
    );
    write(root, "one.json", &item("one", [0.0, 0.0, 1.0, 1.0], 1));
    let access = quick().allow_files(root).build().unwrap();
    let source = StacStatic::new(root.join("collection.json").display().to_string());
    let found = search(&source, &access, &Query::new()).await;
    let asset = found[0].as_ref().unwrap().asset("data").unwrap();
    assert_eq!(asset.media_type.as_deref(), Some("image/tiff"));
    assert_eq!(asset.bands[0].nodata, Some(-1.0));
}
