//! The same items as a static STAC catalogue with relative links.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::item::Item;
use crate::server::Shared;
use crate::stac::json_answer;

/// The routes below `/static`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/static/catalog.json", get(catalogue))
        .route("/static/{collection}/collection.json", get(collection))
        .route("/static/{collection}/items/{item}", get(item))
}

async fn catalogue(State(shared): State<Arc<Shared>>) -> Response {
    let mut links =
        vec![link("self", "./catalog.json".to_owned()), link("root", "./catalog.json".to_owned())];
    for collection in &shared.collections {
        links.push(link("child", format!("./{}/collection.json", collection.id)));
    }
    json_answer(json!({
        "type": "Catalog", "stac_version": "1.0.0", "id": "testbed", "title": "Testbed",
        "description": "A static STAC catalogue for tests", "links": links,
    }))
}

async fn collection(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(found) = shared.collection(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut document = found.document.clone();
    let mut links = vec![
        link("root", "../catalog.json".to_owned()),
        link("parent", "../catalog.json".to_owned()),
    ];
    for item in &found.items {
        links.push(json!({"rel": "item", "type": "application/geo+json",
            "href": format!("./items/{}.json", item.id)}));
    }
    document["links"] = links.into();
    json_answer(document)
}

async fn item(
    State(shared): State<Arc<Shared>>,
    Path((collection, file)): Path<(String, String)>,
) -> Response {
    let found = shared
        .collection(&collection)
        .and_then(|collection| collection.item(file.strip_suffix(".json")?));
    match found {
        Some(item) => json_answer(document(item)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn document(item: &Item) -> Value {
    let mut document = item.with_hrefs(|href| format!("../../../files/{}/{href}", item.collection));
    document["links"] = json!([
        link("root", "../../catalog.json".to_owned()),
        link("parent", "../collection.json".to_owned()),
        link("collection", "../collection.json".to_owned()),
    ]);
    document
}

fn link(rel: &str, href: String) -> Value {
    json!({"rel": rel, "type": "application/json", "href": href})
}
