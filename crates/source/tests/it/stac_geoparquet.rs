//! A file that stac-geoparquet 0.8.3 (PyPI) wrote from `tests/data/items.ndjson`, and pyarrow again with
//! `row_group_size=6`: four row groups in four places, the last one
//! across 180°.

use std::path::Path;

use futures::StreamExt;
use serde_json::Value;
use terracube_grid::{Region, TimeRange};
use terracube_source::{Error, Granule, Query, Source, StacGeoparquet};
use terracube_testbed::{Fault, FaultKind, Server};

use crate::support::{access, ids, quick, search};

const FILE: &[u8] = include_bytes!("../data/items.parquet");
const ITEMS: &str = include_str!("../data/items.ndjson");

fn server() -> Server {
    Server::builder().bytes("items.parquet", FILE).start().unwrap()
}

fn source(server: &Server) -> StacGeoparquet {
    StacGeoparquet::new(server.file_url("items.parquet"))
}

fn expected() -> Vec<Granule> {
    ITEMS
        .lines()
        .map(|line| {
            let item: Value = serde_json::from_str(line).unwrap();
            Granule::from_stac(&item, "https://data.example/").unwrap()
        })
        .collect()
}

#[tokio::test]
async fn rows_are_the_granules_of_their_items() {
    let server = server();
    let found = search(&source(&server), &access(), &Query::new()).await;
    let expected = expected();
    assert_eq!((found.len(), expected.len()), (24, 24));
    for (found, expected) in found.iter().zip(&expected) {
        let found = found.as_ref().unwrap();
        assert_eq!((&found.id, &found.collection), (&expected.id, &expected.collection));
        assert_eq!(found.time, expected.time, "{}", found.id);
        assert_eq!(found.bbox, expected.bbox);
        let [one, other] = [found, expected].map(|granule| {
            let footprint = granule.footprint().unwrap().unwrap();
            footprint.bbox_wgs84()
        });
        assert_eq!(one, other, "{}", found.id);
        let assets = |granule: &Granule| serde_json::to_value(&granule.assets).unwrap();
        assert_eq!(assets(found), assets(expected), "{}", found.id);
        for name in ["eo:cloud_cover", "platform", "proj:code"] {
            assert_eq!(found.properties[name], expected.properties[name]);
        }
        // Nothing is invented for what an item does not say.
        assert_eq!(
            found.properties.contains_key("start_datetime"),
            expected.properties.contains_key("start_datetime")
        );
    }
}

#[tokio::test]
async fn row_groups_that_cannot_match_are_not_read() {
    let server = server();
    let region = Region::from_bbox(10.0, 50.0, 10.2, 50.05).unwrap();
    let query = Query::new().region(region);
    assert_eq!(ids(&source(&server), &access(), &query).await, ["item-0-0"]);
    let some = server.bytes("/files/");
    server.reset();
    assert_eq!(ids(&source(&server), &access(), &Query::new()).await.len(), 24);
    assert!(server.requests().len() >= 5, "{:?}", server.requests());
    // The footer and one (and the one across 180°, which hides where it is) of four row groups.
    let all = server.bytes("/files/");
    assert!(some < all, "{some} of {all} bytes");
    for (west, east) in [(179.5, 180.0), (-180.0, -179.5)] {
        let region = Region::from_bbox(west, 60.0, east, 61.0).unwrap();
        let found = ids(&source(&server), &access(), &Query::new().region(region)).await;
        assert!(!found.is_empty() && found.iter().all(|id| id.starts_with("item-3-")), "{found:?}");
    }
}

/// Three items in one row group, by stac-geoparquet 0.8.3, with times in nanoseconds by pyarrow 26
/// (`table.cast`, `version="2.6"`): from 100 to 179.5, from 179 to -179, from -179.5 to -100.
#[tokio::test]
async fn an_item_across_180_degrees_among_others_is_found() {
    let file = &include_bytes!("../data/nanos.parquet")[..];
    let server = Server::builder().bytes("items.parquet", file).start().unwrap();
    for (west, east) in [(179.6, 180.0), (-180.0, -179.6)] {
        let region = Region::from_bbox(west, 60.2, east, 60.8).unwrap();
        let query = Query::new().region(region);
        assert_eq!(ids(&source(&server), &access(), &query).await, ["across"]);
    }
    // Elsewhere the group is not read: the footer, and no more.
    server.reset();
    let query = Query::new().region(Region::from_bbox(0.0, 10.0, 1.0, 11.0).unwrap());
    assert!(ids(&source(&server), &access(), &query).await.is_empty());
}

#[tokio::test]
async fn times_may_be_in_nanoseconds() {
    let file = &include_bytes!("../data/nanos.parquet")[..];
    let server = Server::builder().bytes("items.parquet", file).start().unwrap();
    let found = search(&source(&server), &access(), &Query::new()).await;
    let found: Vec<Granule> = found.into_iter().map(Result::unwrap).collect();
    let times: Vec<String> = found.iter().map(|one| one.time.to_string()).collect();
    assert_eq!(times[0], "2024-01-01T12:34:56.789012Z/2024-01-02T00:00:00Z");
    assert_eq!(times[2], "2024-01-03T12:34:56.789012Z/2024-01-04T00:00:00Z");
    assert_eq!(found[1].properties["created"], "2024-01-02T12:34:56.789012Z");
}

#[tokio::test]
async fn groups_are_read_as_their_granules_are_wanted() {
    let server = server();
    let access = access();
    let source = source(&server);
    let mut found = source.search(&Query::new(), &access);
    assert_eq!(server.count("/"), 0);
    found.next().await.unwrap().unwrap();
    let first = server.count("/files/");
    for _ in 0..5 {
        found.next().await.unwrap().unwrap();
    }
    assert_eq!(server.count("/files/"), first);
    found.next().await.unwrap().unwrap();
    assert!(server.count("/files/") > first);
    let june = Query::new().time(TimeRange::parse("2024-02").unwrap()).limit(2);
    assert_eq!(ids(&source, &access, &june).await, ["item-1-0", "item-1-1"]);
    assert_eq!(ids(&source, &access, &Query::new().id("item-2-3")).await, ["item-2-3"]);
}

#[tokio::test]
async fn a_local_file_is_read_below_allowed_folders() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/items.parquet");
    let source = StacGeoparquet::new(path.display().to_string());
    let allowed = quick().allow_files(path.parent().unwrap()).build().unwrap();
    assert_eq!(ids(&source, &allowed, &Query::new()).await.len(), 24);
    let found = search(&source, &access(), &Query::new()).await;
    assert!(matches!(found[..], [Err(Error::NotAllowed { .. })]), "{found:?}");
}

#[tokio::test]
async fn what_is_broken_is_an_error_and_no_panic() {
    let mut cases: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"PAR1".to_vec(),
        b"{\"type\": \"FeatureCollection\"}".to_vec(),
        FILE[..FILE.len() / 2].to_vec(),
        [&FILE[..FILE.len() - 8], b"\xff\xff\xff\x7fPAR1"].concat(),
    ];
    // Bytes of pages, of row groups and of the footer.
    for at in (4..FILE.len() - 8).step_by(FILE.len() / 60) {
        let mut bytes = FILE.to_vec();
        bytes[at] ^= 0x55;
        cases.push(bytes);
    }
    for (n, bytes) in cases.into_iter().enumerate() {
        let server = Server::builder().bytes("items.parquet", bytes).start().unwrap();
        let found = search(&source(&server), &access(), &Query::new()).await;
        assert!(n >= 5 || matches!(found.last(), Some(Err(_))), "{n}: {found:?}");
    }
    let server = server();
    server.fault(Fault::on("/files/", FaultKind::NotFound));
    let found = search(&source(&server), &access(), &Query::new()).await;
    assert!(matches!(found[..], [Err(Error::NotFound { .. })]), "{found:?}");
}
