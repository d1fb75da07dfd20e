//! The landing page of a STAC API: where to search, and what it can do.

use serde_json::Value;
use url::Url;

use super::{link, links, resolve, texts};
use crate::{Access, Headers, Result};

/// What an API says of itself.
#[derive(Debug, Clone)]
pub(super) struct Landing {
    /// Where to search.
    pub(super) search: Url,
    /// Whether POST is announced; `None` when no method is.
    pub(super) post: Option<bool>,
    conforms_to: Vec<String>,
}

impl Landing {
    pub(super) async fn fetch(access: &Access, url: &Url, headers: &Headers) -> Result<Self> {
        let document = access.get_json_with(url.as_str(), headers).await?;
        let mut conforms_to = texts(&document["conformsTo"]);
        if conforms_to.is_empty()
            && let Some(link) = link(&document, "conformance")
        {
            // Old APIs have it on a page of its own, or not at all.
            let href = resolve(url, link)?;
            if let Ok(page) = access.get_json_with(href.as_str(), headers).await {
                conforms_to = texts(&page["conformsTo"]);
            }
        }
        Self::of(url, &document, conforms_to)
    }

    pub(super) fn of(url: &Url, document: &Value, conforms_to: Vec<String>) -> Result<Self> {
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", url.path()));
        }
        let found: Vec<&Value> = links(document, "search").collect();
        let search = match found.first() {
            Some(link) => resolve(url, link)?,
            None => resolve(&base, &serde_json::json!({ "href": "search" }))?,
        };
        let methods: Vec<&str> = found.iter().filter_map(|link| link["method"].as_str()).collect();
        let post = (!methods.is_empty())
            .then(|| methods.iter().any(|method| method.eq_ignore_ascii_case("POST")));
        Ok(Self { search, post, conforms_to })
    }

    /// Whether searches may have a CQL2 filter.
    pub(super) fn has_filter(&self) -> bool {
        let says = |class: &String| {
            class.contains("item-search#filter")
                || class.ends_with("/conf/filter")
                || class.ends_with("/conf/features-filter")
        };
        self.conforms_to.iter().any(says)
    }
}
