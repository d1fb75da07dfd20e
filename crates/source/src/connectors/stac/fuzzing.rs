//! Links of STAC documents as fuzz targets reach them.

use serde_json::Value;
use url::Url;

use super::landing::Landing;
use super::page::PageCall;
use super::{links, resolve, texts};

/// Reads a document as a landing page, as a page of a search and as a catalogue.
pub fn stac_links(document: &Value) {
    let Ok(url) = Url::parse("https://api.example/v1/") else { return };
    let _ = Landing::of(&url, document, texts(&document["conformsTo"]));
    let body = document["body"].as_object().cloned();
    let _ = PageCall { url: url.clone(), body }.next(document);
    for relation in ["child", "item", "next", "self"] {
        for link in links(document, relation) {
            let _ = resolve(&url, link);
        }
    }
}
