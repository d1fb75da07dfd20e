//! Searches of made-up items.

use serde_json::{Map, Value, json};
use terracube_testbed::{Paging, Server};

use crate::client::{get, post, square};

/// Items `a0` … `a4` at 0°, 10°, … 40° on days 1 … 5, and `b0` at 179.5° (collection `b`), which
/// has a span of days 3 to 9.
fn server(paging: Paging) -> Server {
    let items = (0..5).map(|i| square(&format!("a{i}"), f64::from(i) * 10.0, i + 1)).collect();
    let mut split = square("b0", 178.5, 3);
    split["properties"] = json!({"datetime": null, "start_datetime": "2020-01-03T00:00:00Z",
        "end_datetime": "2020-01-09T00:00:00Z"});
    Server::builder()
        .collection(json!({"id": "a", "description": "a"}), items)
        .collection(json!({"id": "b", "description": "b"}), vec![split])
        .paging(paging)
        .start()
        .unwrap()
}

fn ids(page: &Value) -> Vec<&str> {
    page["features"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn next(page: &Value) -> Option<&Value> {
    page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next")
}

#[test]
fn get_and_post_find_the_same() {
    let server = server(Paging::TokenLink);
    let url = format!("{}/search", server.stac_url());
    let triangle = r#"{"type":"Polygon","coordinates":[[[-5,-5],[30,-5],[-5,30],[-5,-5]]]}"#;
    let triangle_json: Value = serde_json::from_str(triangle).unwrap();
    let cases = [
        ("", json!({}), vec!["a0", "a1", "a2", "a3", "a4", "b0"]),
        ("bbox=9,0,21,1", json!({"bbox": [9, 0, 21, 1]}), vec!["a1", "a2"]),
        ("bbox=9,0,-5,21,1,5", json!({"bbox": [9, 0, -5, 21, 1, 5]}), vec!["a1", "a2"]),
        ("bbox=179,0,0.5,1", json!({"bbox": [179, 0, 0.5, 1]}), vec!["a0", "b0"]),
        ("bbox=2,2,3,3", json!({"bbox": [2, 2, 3, 3]}), vec![]),
        ("collections=b", json!({"collections": ["b"]}), vec!["b0"]),
        ("ids=a3,b0", json!({"ids": ["a3", "b0"]}), vec!["a3", "b0"]),
        (
            "datetime=2020-01-04T00:00:00Z/..",
            json!({"datetime": "2020-01-04T00:00:00Z/.."}),
            vec!["a3", "a4", "b0"],
        ),
        (
            "datetime=/2020-01-02T12:00:00Z",
            json!({"datetime": "/2020-01-02T12:00:00Z"}),
            vec!["a0", "a1"],
        ),
        ("datetime=2020-01-02T12:00:00Z", json!({"datetime": "2020-01-02T12:00:00Z"}), vec!["a1"]),
        (
            "filter=eo:cloud_cover > 10 AND eo:cloud_cover <= 30",
            json!({"filter-lang": "cql2-json", "filter": {"op": "and", "args": [
                {"op": ">", "args": [{"property": "eo:cloud_cover"}, 10]},
                {"op": "<=", "args": [{"property": "eo:cloud_cover"}, 30]}]}}),
            vec!["a2", "a3"],
        ),
        // a2 (20°…21°, 0°…1°) lies in the triangle, a3 (30°) only in its bbox.
        (
            &format!("intersects={triangle}"),
            json!({"intersects": triangle_json}),
            vec!["a0", "a1", "a2"],
        ),
    ];
    for (query, body, expected) in cases {
        let encoded = query.replace(' ', "%20").replace('>', "%3E").replace('<', "%3C");
        let encoded = encoded.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let found = get(&format!("{url}?{encoded}"));
        assert_eq!(found.status, 200, "{query}");
        assert_eq!(found.header("content-type"), "application/geo+json");
        assert_eq!(ids(&found.json()), expected, "{query}");
        let found = post(&url, &body);
        assert_eq!(ids(&found.json()), expected, "{body}");
        assert_eq!(found.json()["numberMatched"], expected.len());
    }
    let last = server.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), &last.body.unwrap()["intersects"]), ("POST", &triangle_json));
}

#[test]
fn wrong_searches_say_why() {
    let server = server(Paging::TokenLink);
    let url = format!("{}/search", server.stac_url());
    for (query, reason) in [
        ("bbox=1,2,3", "4 or 6 numbers"),
        ("bbox=1,2,3,x", "`bbox` is not JSON"),
        ("bbox=0,9,1,1", "south 9 is above north 1"),
        ("datetime=yesterday", "not an RFC 3339 time"),
        ("datetime=../..", "open on both sides"),
        ("limit=0", "`limit` is not a number above 0"),
        ("token=x", "`token` is not one of this server"),
        ("filter=casei(a)", "reads `property op value"),
    ] {
        let answer = get(&format!("{url}?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let description = answer.json()["description"].as_str().unwrap().to_owned();
        assert!(description.contains(reason), "{query}: {description}");
    }
    let both =
        json!({"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}});
    assert_eq!(post(&url, &both).status, 400);
    assert_eq!(post(&url, &json!([1])).status, 400);
}

#[test]
fn every_form_of_paging_gives_every_item_once() {
    for paging in [Paging::TokenLink, Paging::PostMerge, Paging::PostBody, Paging::PageNumber] {
        let server = server(paging);
        let url = format!("{}/search", server.stac_url());
        let first = json!({"limit": 2, "collections": ["a"], "bbox": [-1, -1, 100, 2]});

        let mut page = get(&format!("{url}?limit=2&collections=a&bbox=-1,-1,100,2")).json();
        assert_eq!(walk(&mut page, &first), ["a0", "a1", "a2", "a3", "a4"], "GET {paging:?}");
        assert!(server.requests().iter().all(|request| request.method == "GET"));

        server.reset();
        let mut page = post(&url, &first).json();
        assert_eq!(walk(&mut page, &first), ["a0", "a1", "a2", "a3", "a4"], "POST {paging:?}");
        let methods: Vec<_> = server.requests().into_iter().map(|r| r.method).collect();
        let follow = if paging == Paging::TokenLink { "GET" } else { "POST" };
        assert_eq!(methods, ["POST", follow, follow], "{paging:?}");
    }
}

/// Follows `next` as a client does; `search` is the body of the first page.
fn walk(page: &mut Value, search: &Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        found.extend(ids(page).into_iter().map(str::to_owned));
        let Some(link) = next(page).cloned() else { return found };
        let href = link["href"].as_str().unwrap();
        *page = if link["method"] == "POST" {
            let mut body = Map::new();
            if link["merge"] == true {
                body.extend(search.as_object().unwrap().clone());
            }
            body.extend(link["body"].as_object().unwrap().clone());
            post(href, &body.into()).json()
        } else {
            get(href).json()
        };
    }
}

#[test]
fn a_server_without_post() {
    let items = vec![square("a", 0.0, 1)];
    let server =
        Server::builder().collection(json!({"id": "c"}), items).without_post().start().unwrap();
    assert_eq!(post(&format!("{}/search", server.stac_url()), &json!({})).status, 405);
    let landing = get(&server.stac_url()).json();
    let methods: Vec<_> = landing["links"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|link| link["rel"] == "search")
        .map(|link| link["method"].clone())
        .collect();
    assert_eq!(methods, ["GET"]);
}
