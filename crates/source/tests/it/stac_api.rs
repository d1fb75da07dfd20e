//! Searching a STAC API.

use serde_json::json;
use terracube_grid::{Region, TimeRange};
use terracube_source::{Error, Query, Registry, SearchMethod, Source, StacApi};
use terracube_testbed::{Fault, FaultKind, Paging, Request, Server};

use crate::support::{access, answer, answering, collection, ids, item, search, server};

fn searches(server: &Server) -> Vec<Request> {
    server.requests().into_iter().filter(|one| one.path == "/stac/search").collect()
}

#[tokio::test]
async fn every_form_of_paging_finds_everything() {
    for paging in [Paging::TokenLink, Paging::PostMerge, Paging::PostBody, Paging::PageNumber] {
        for method in [SearchMethod::Auto, SearchMethod::Get, SearchMethod::Post] {
            let server = server().paging(paging).start().unwrap();
            let api = StacApi::new(server.stac_url()).with_method(method).with_page_size(5);
            let found =
                ids(&api, &access(), &Query::new().collection("east").collection("west")).await;
            assert_eq!(found.len(), 24, "{paging:?} {method:?}");
            assert_eq!(found[..2], ["east-00", "east-01"]);
            assert_eq!(found[23], "west-11");
            assert_eq!(searches(&server).len(), 5);
            let first = if method == SearchMethod::Get { "GET" } else { "POST" };
            assert_eq!(searches(&server)[0].method, first);
        }
    }
}

#[tokio::test]
async fn pages_are_fetched_as_they_are_wanted() {
    let server = server().start().unwrap();
    let api = StacApi::new(server.stac_url()).with_page_size(5);
    let access = access();
    assert_eq!(ids(&api, &access, &Query::new().limit(7)).await.len(), 7);
    assert_eq!(searches(&server).len(), 2);
    server.reset();
    assert_eq!(ids(&api, &access, &Query::new().limit(3)).await.len(), 3);
    assert_eq!(searches(&server)[0].body.as_ref().unwrap()["limit"], 3);
    assert_eq!(searches(&server).len(), 1);
}

#[tokio::test]
async fn an_api_without_post() {
    // Once as it says itself, once as it turns out.
    let server = server().without_post().start().unwrap();
    let found = ids(&StacApi::new(server.stac_url()), &access(), &Query::new()).await;
    assert_eq!(found.len(), 24);
    assert_eq!(searches(&server)[0].method, "GET");

    let server = crate::support::server().start().unwrap();
    server.fault(Fault::on("/stac/search", FaultKind::status(405)).times(1));
    let found = ids(&StacApi::new(server.stac_url()), &access(), &Query::new()).await;
    assert_eq!(found.len(), 24);
    let methods: Vec<_> = searches(&server).into_iter().map(|one| one.method).collect();
    assert_eq!(methods, ["POST", "GET"]);
}

/// An API whose pages have no items, and a link to a next one all the same.
fn endless(matched: &'static str) -> String {
    answering(move |n, head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let search = format!(r#"{{"rel": "search", "href": "http://{host}/search"}}"#);
        let next = format!(r#"{{"rel": "next", "href": "http://{host}/search?page={n}"}}"#);
        let body = if head.contains("/search") {
            format!(
                r#"{{"type": "FeatureCollection", "features": [], {matched} "links": [{next}]}}"#
            )
        } else {
            format!(r#"{{"id": "root", "links": [{search}]}}"#)
        };
        answer("200 OK", "application/json", &body)
    })
}

#[tokio::test]
async fn pages_without_items_are_no_end() {
    let api = |url: String| StacApi::new(url).with_method(SearchMethod::Get);
    let found = search(&api(endless("")), &access(), &Query::new()).await;
    let [Err(error)] = &found[..] else { panic!("{found:?}") };
    assert!(error.to_string().contains("21 pages before it have no items"), "{error}");
    // Unless the API says that there are no more.
    let found = search(&api(endless(r#""numberMatched": 0,"#)), &access(), &Query::new()).await;
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_page_has_one_granule_at_least() {
    let config = json!({ "url": "https://stac.example", "page_size": 0 });
    let error = Registry::empty().with::<StacApi>().connect("stac-api", config).unwrap_err();
    assert!(error.to_string().contains("`page_size`: a page has one granule"), "{error}");
}

#[tokio::test]
async fn all_that_a_query_says_is_sent() {
    let server = server().start().unwrap();
    let query = Query::new()
        .collection("east")
        .ids(["east-01", "east-02", "east-09"])
        .time(TimeRange::parse("2020-01-01/2020-01-04").unwrap())
        .region(Region::from_bbox(0.0, 0.0, 90.0, 40.0).unwrap());
    for method in [SearchMethod::Post, SearchMethod::Get] {
        server.reset();
        let api = StacApi::new(server.stac_url()).with_method(method);
        assert_eq!(ids(&api, &access(), &query).await, ["east-01", "east-02"]);
        let sent = &searches(&server)[0];
        if method == SearchMethod::Post {
            assert_eq!(
                *sent.body.as_ref().unwrap(),
                json!({
                    "collections": ["east"], "ids": ["east-01", "east-02", "east-09"],
                    "datetime": "2020-01-01T00:00:00Z/2020-01-04T00:00:00Z",
                    "bbox": [0.0, 0.0, 90.0, 40.0], "limit": 100
                })
            );
        } else {
            let sent = sent.query.as_deref().unwrap();
            assert!(sent.contains("bbox=0.0%2C0.0%2C90.0%2C40.0"), "{sent}");
        }
    }
}

#[tokio::test]
async fn the_end_of_a_time_range_is_not_in_it() {
    let server = server().start().unwrap();
    let query =
        Query::new().time(TimeRange::parse("2020-01-01T12:00:00Z/2020-01-02T12:00:00Z").unwrap());
    let found = ids(&StacApi::new(server.stac_url()), &access(), &query).await;
    assert_eq!(found, ["east-00", "west-00"]);
}

#[tokio::test]
async fn a_polygon_is_asked_for_as_one_or_cut_out_here() {
    let server = server().start().unwrap();
    // Its rectangle also meets east-03 and east-04.
    let triangle = Region::from_geojson(&json!({ "type": "Polygon",
        "coordinates": [[[10.0, 0.0], [60.0, 0.0], [10.0, 18.0], [10.0, 0.0]]] }))
    .unwrap();
    let query = Query::new().region(triangle);
    for (method, name) in [(SearchMethod::Post, "intersects"), (SearchMethod::Get, "bbox")] {
        server.reset();
        let api = StacApi::new(server.stac_url()).with_method(method);
        assert_eq!(
            ids(&api, &access(), &query).await,
            ["east-00", "east-01", "east-02"],
            "{method:?}"
        );
        let sent = &searches(&server)[0];
        assert!(format!("{sent:?}").contains(name));
    }
}

#[tokio::test]
async fn across_180_degrees_nothing_is_missed_and_nothing_comes_twice() {
    let across = json!({ "type": "MultiPolygon", "coordinates": [
        [[[178.0, 0.0], [180.0, 0.0], [180.0, 5.0], [178.0, 5.0], [178.0, 0.0]]],
        [[[-180.0, 0.0], [-178.0, 0.0], [-178.0, 5.0], [-180.0, 5.0], [-180.0, 0.0]]]] });
    let mut both = item("both", [178.0, 0.0, -178.0, 5.0], 1);
    both["geometry"] = across;
    let items = vec![
        item("west-of-it", [175.0, 0.0, 179.0, 5.0], 1),
        both,
        item("east-of-it", [-179.0, 0.0, -175.0, 5.0], 1),
        item("far", [0.0, 0.0, 5.0, 5.0], 1),
    ];
    let server = Server::builder()
        .collection(collection("c", [-180.0, -90.0, 180.0, 90.0]), items)
        .start()
        .unwrap();
    let query = Query::new().region(Region::from_bbox(177.0, 1.0, -177.0, 2.0).unwrap());
    for method in [SearchMethod::Post, SearchMethod::Get] {
        server.reset();
        let api = StacApi::new(server.stac_url()).with_method(method);
        let mut found = ids(&api, &access(), &query).await;
        found.sort();
        assert_eq!(found, ["both", "east-of-it", "west-of-it"]);
        assert_eq!(searches(&server).len(), 2);
    }
}

#[tokio::test]
async fn a_filter_is_passed_on() {
    let server = server().start().unwrap();
    let json = json!({ "op": "<=", "args": [{ "property": "day" }, 2] });
    for method in [SearchMethod::Post, SearchMethod::Get] {
        let api = StacApi::new(server.stac_url()).with_method(method);
        for filter in [json.clone(), json!("day <= 2")] {
            let query = Query::new().collection("east").filter(filter);
            assert_eq!(ids(&api, &access(), &query).await, ["east-00", "east-01"]);
        }
    }
    let config = json!({ "url": server.stac_url(), "filter": json });
    let api = Registry::empty().with::<StacApi>().connect("stac-api", config).unwrap();
    let both = json!({ "op": "=", "args": [{ "property": "collection" }, "west"] });
    assert_eq!(ids(&api, &access(), &Query::new().filter(both)).await, ["west-00", "west-01"]);
    let mixed = search(&api, &access(), &Query::new().filter(json!("day = 1"))).await;
    assert!(matches!(mixed[..], [Err(Error::Query { .. })]), "{mixed:?}");
}

#[tokio::test]
async fn a_filter_is_not_sent_to_an_api_without() {
    let server = Server::builder()
        .bytes(
            "api",
            br#"{"conformsTo": ["https://api.stacspec.org/v1.0.0/core"], "links": []}"#.to_vec(),
        )
        .start()
        .unwrap();
    let api = StacApi::new(server.file_url("api"));
    let found = search(&api, &access(), &Query::new().filter(json!("a = 1"))).await;
    assert!(matches!(found[..], [Err(Error::Query { .. })]), "{found:?}");
    assert_eq!(server.count("/"), 1);
}

#[tokio::test]
async fn pages_that_lead_back_are_noticed() {
    let page = |next: &str| {
        json!({ "type": "FeatureCollection", "features": [],
            "links": [{ "rel": "next", "href": next }] })
        .to_string()
        .into_bytes()
    };
    let server = Server::builder()
        .bytes("api", br#"{"links": [{"rel": "search", "href": "a", "method": "GET"}]}"#.to_vec())
        .start()
        .unwrap();
    server.put_bytes("a", page("b"));
    server.put_bytes("b", page("c"));
    server.put_bytes("c", page("b"));
    let api = StacApi::new(server.file_url("api"));
    let found = search(&api, &access(), &Query::new()).await;
    assert!(matches!(found[..], [Err(Error::Document { .. })]), "{found:?}");
    assert_eq!(server.count("/files/"), 4);
}

#[tokio::test]
async fn a_busy_api_is_asked_again() {
    let server = server().start().unwrap();
    server.fault(Fault::on("/stac/search", FaultKind::status_retry_after(429, 0)).every_nth(2));
    let api = StacApi::new(server.stac_url()).with_page_size(5);
    assert_eq!(ids(&api, &access(), &Query::new()).await.len(), 24);
}

#[tokio::test]
async fn a_broken_api_ends_the_stream_with_an_error() {
    let server = server().start().unwrap();
    let api = StacApi::new(server.stac_url()).with_page_size(5);
    server.fault(Fault::on("/stac/search", FaultKind::status(500)).every_nth(1).times(99));
    let found = search(&api, &access(), &Query::new()).await;
    assert!(matches!(found[..], [Err(Error::Unavailable { .. })]), "{found:?}");
}

#[tokio::test]
async fn headers_of_the_configuration_go_to_the_api_alone() {
    let other = Server::builder().start().unwrap();
    let server = server().start().unwrap();
    let config = json!({ "url": server.stac_url(), "headers": { "Cookie": "k=v" } });
    let api = Registry::empty().with::<StacApi>().connect("stac-api", config).unwrap();
    server.fault(Fault::on("/stac/search", FaultKind::Redirect(other.file_url("x"))));
    let found = search(&api, &access(), &Query::new()).await;
    assert!(matches!(found[..], [Err(_)]));
    assert!(server.requests().iter().all(|one| one.headers.contains_key("cookie")));
    assert!(!other.requests().is_empty());
    assert!(other.requests().iter().all(|one| !one.headers.contains_key("cookie")));
}

#[tokio::test]
async fn an_item_that_is_none_does_not_end_the_search() {
    let mut bad = item("bad", [0.0, 0.0, 1.0, 1.0], 1);
    bad["properties"] = json!({ "datetime": null });
    let items = vec![item("a", [0.0, 0.0, 1.0, 1.0], 1), bad, item("b", [0.0, 0.0, 1.0, 1.0], 1)];
    let server =
        Server::builder().collection(collection("c", [0.0, 0.0, 1.0, 1.0]), items).start().unwrap();
    let found = search(&StacApi::new(server.stac_url()), &access(), &Query::new()).await;
    assert!(matches!(&found[..], [Ok(_), Err(Error::Item { item, .. }), Ok(_)] if item == "bad"));
}

#[tokio::test]
async fn assets_are_read_where_their_hrefs_are() {
    let server = server().start().unwrap();
    let api = StacApi::new(server.stac_url());
    let access = access();
    let found = search(&api, &access, &Query::new().id("east-03")).await;
    let granule = found[0].as_ref().unwrap();
    let asset = granule.asset("data").unwrap();
    assert_eq!(asset.href, server.file_url("east/east-03.tif"));
    let opened = api.open(granule, asset, &access).await.unwrap();
    let bytes = terracube_source::read_opened(&opened, Default::default()).await.unwrap();
    assert_eq!(bytes.len(), 1003);
}
