//! A STAC API.

use crate::{Access, Connector, Granules, Query, Source};

/// A STAC API, searched by POST or GET.
#[derive(Debug, serde::Deserialize)]
pub struct StacApi {
    url: String,
}

impl Connector for StacApi {
    const NAME: &'static str = "stac-api";
    const ABOUT: &'static str = "a STAC API";
    const KEYS: &'static [&'static str] =
        &["url", "collections", "filter", "method", "page_size", "headers"];
}

#[async_trait::async_trait]
impl Source for StacApi {
    fn search(&self, query: &Query, _access: &Access) -> Granules {
        let _ = &self.url;
        crate::granules(query, [])
    }
}
