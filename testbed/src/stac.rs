//! The STAC API under `/stac`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::collection::Collection;
use crate::item::Item;
use crate::paging::Paging;
use crate::search::Search;
use crate::server::Shared;

pub(crate) const CONFORMS_TO: [&str; 12] = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/item-search#filter",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "https://api.stacspec.org/v1.0.0/item-search#context",
];

/// The routes below `/stac`.
pub(crate) fn routes(post_search: bool) -> Router<Arc<Shared>> {
    let search = if post_search { get(search).post(post) } else { get(search) };
    Router::new()
        .route("/stac", get(landing))
        .route("/stac/", get(landing))
        .route("/stac/conformance", get(conformance))
        .route("/stac/collections", get(collections))
        .route("/stac/collections/{id}", get(collection))
        .route("/stac/collections/{id}/items", get(items))
        .route("/stac/collections/{id}/items/{item}", get(item))
        .route("/stac/search", search)
}

async fn landing(State(shared): State<Arc<Shared>>) -> Response {
    let root = shared.stac_url();
    let mut links = vec![
        json!({"rel": "self", "type": "application/json", "href": root}),
        json!({"rel": "root", "type": "application/json", "href": root}),
        json!({"rel": "conformance", "type": "application/json",
            "href": format!("{root}/conformance")}),
        json!({"rel": "data", "type": "application/json", "href": format!("{root}/collections")}),
        json!({"rel": "search", "type": "application/geo+json", "method": "GET",
            "href": format!("{root}/search")}),
    ];
    if shared.post_search {
        links.push(json!({"rel": "search", "type": "application/geo+json", "method": "POST",
            "href": format!("{root}/search")}));
    }
    for collection in &shared.collections {
        links.push(json!({"rel": "child", "type": "application/json",
            "href": format!("{root}/collections/{}", collection.id)}));
    }
    json_answer(json!({
        "type": "Catalog", "stac_version": "1.0.0", "id": "testbed", "title": "Testbed",
        "description": "A STAC API for tests", "conformsTo": CONFORMS_TO, "links": links,
    }))
}

async fn conformance() -> Response {
    json_answer(json!({"conformsTo": CONFORMS_TO}))
}

async fn collections(State(shared): State<Arc<Shared>>) -> Response {
    let root = shared.stac_url();
    let collections: Vec<_> =
        shared.collections.iter().map(|found| shared.collection_document(found)).collect();
    json_answer(json!({"collections": collections, "links": [
        {"rel": "self", "type": "application/json", "href": format!("{root}/collections")},
        {"rel": "root", "type": "application/json", "href": root},
    ]}))
}

async fn collection(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.collection(&id) {
        Some(found) => json_answer(shared.collection_document(found)),
        None => not_found(&format!("no collection `{id}`")),
    }
}

async fn items(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    if shared.collection(&id).is_none() {
        return not_found(&format!("no collection `{id}`"));
    }
    let search = Search::from_query(query.as_deref().unwrap_or_default(), shared.largest_page);
    let path = format!("/collections/{id}/items");
    shared.answer(search.map(|search| search.within(&id)), &path, false)
}

async fn item(
    State(shared): State<Arc<Shared>>,
    Path((id, item)): Path<(String, String)>,
) -> Response {
    match shared.collection(&id).and_then(|collection| collection.item(&item)) {
        Some(found) => geojson_answer(&shared.item_document(found)),
        None => not_found(&format!("no item `{item}` in collection `{id}`")),
    }
}

async fn search(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    shared.answer(Search::from_query(&query, shared.largest_page), "/search", false)
}

async fn post(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let search = serde_json::from_slice::<Map<String, Value>>(&body)
        .map_err(|cause| format!("the body is not a JSON object: {cause}"))
        .and_then(|body| Search::from_body(body, shared.largest_page));
    shared.answer(search, "/search", true)
}

impl Shared {
    pub(crate) fn collection(&self, id: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.id == id)
    }

    fn answer(&self, search: Result<Search, String>, path: &str, is_post: bool) -> Response {
        let items = self.collections.iter().flat_map(|collection| &collection.items);
        let (search, page) = match search.and_then(|search| {
            let page = search.page(items)?;
            Ok((search, page))
        }) {
            Ok(found) => found,
            Err(reason) => return bad_request(&reason),
        };
        let root = self.stac_url();
        let mut links = vec![json!({"rel": "root", "type": "application/json", "href": root})];
        if let Some(offset) = page.next {
            let href = format!("{root}{path}");
            links.push(match (self.paging, is_post) {
                (Paging::PostMerge, true) => json!({"rel": "next", "method": "POST",
                    "type": "application/geo+json", "href": href, "merge": true,
                    "body": search.next_body(offset, self.paging)}),
                (Paging::PostBody | Paging::PageNumber, true) => json!({"rel": "next",
                    "method": "POST", "type": "application/geo+json", "href": href,
                    "body": search.next_body(offset, self.paging)}),
                _ => json!({"rel": "next", "method": "GET", "type": "application/geo+json",
                    "href": format!("{href}?{}", search.next_query(offset, self.paging))}),
            });
        }
        let features: Vec<_> = page.items.iter().map(|item| self.item_document(item)).collect();
        geojson_answer(&json!({
            "type": "FeatureCollection", "numberMatched": page.matched,
            "numberReturned": features.len(), "features": features, "links": links,
        }))
    }

    /// The item with absolute asset hrefs and the links of the API.
    fn item_document(&self, item: &Item) -> Value {
        let mut document = item.with_hrefs(|href| self.asset_url(&item.collection, href));
        let root = self.stac_url();
        let collection = format!("{root}/collections/{}", item.collection);
        document["links"] = json!([
            {"rel": "self", "type": "application/geo+json",
                "href": format!("{collection}/items/{}", item.id)},
            {"rel": "collection", "type": "application/json", "href": collection},
            {"rel": "parent", "type": "application/json", "href": collection},
            {"rel": "root", "type": "application/json", "href": root},
        ]);
        document
    }

    fn collection_document(&self, collection: &Collection) -> Value {
        let mut document = collection.document.clone();
        let root = self.stac_url();
        let href = format!("{root}/collections/{}", collection.id);
        document["links"] = json!([
            {"rel": "self", "type": "application/json", "href": href},
            {"rel": "items", "type": "application/geo+json", "href": format!("{href}/items")},
            {"rel": "parent", "type": "application/json", "href": root},
            {"rel": "root", "type": "application/json", "href": root},
        ]);
        document
    }
}

pub(crate) fn json_answer(value: Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn geojson_answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/geo+json")], value.to_string()).into_response()
}

fn not_found(reason: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "NotFound", reason)
}

fn bad_request(reason: &str) -> Response {
    problem(StatusCode::BAD_REQUEST, "BadRequest", reason)
}

fn problem(status: StatusCode, code: &str, description: &str) -> Response {
    (status, json_answer(json!({"code": code, "description": description}))).into_response()
}
