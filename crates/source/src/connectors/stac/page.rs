//! Pages of a search, and the way from one to the next.

use serde_json::{Map, Value};
use url::Url;

use super::{link, resolve};
use crate::{Access, Error, Headers, RedactedUrl, Result};

/// A request for a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PageCall {
    pub(super) url: Url,
    /// The body of a POST; a GET has none.
    pub(super) body: Option<Map<String, Value>>,
}

impl PageCall {
    pub(super) async fn fetch(&self, access: &Access, headers: &Headers) -> Result<Value> {
        let page = match &self.body {
            Some(body) => {
                let body = Value::Object(body.clone());
                access.post_json_with(self.url.as_str(), &body, headers).await?
            }
            None => access.get_json_with(self.url.as_str(), headers).await?,
        };
        if page["features"].is_array() {
            return Ok(page);
        }
        Err(Error::Document {
            what: self.shown(),
            reason: "it answers a search without `features`".to_owned(),
        })
    }

    /// The request for the page after `page`, if there is one.
    pub(super) fn next(&self, page: &Value) -> Result<Option<Self>> {
        let Some(link) = link(page, "next") else { return Ok(None) };
        let url = resolve(&self.url, link)?;
        let own = link["body"].as_object();
        let is_post = match link["method"].as_str() {
            Some(method) => method.eq_ignore_ascii_case("POST"),
            None => own.is_some(),
        };
        if !is_post {
            return Ok(Some(Self { url, body: None }));
        }
        let before = self.body.clone().unwrap_or_default();
        let body = match own {
            Some(own) if link["merge"] == true => {
                let mut merged = before;
                merged.extend(own.clone());
                merged
            }
            Some(own) => own.clone(),
            None => before,
        };
        Ok(Some(Self { url, body: Some(body) }))
    }

    /// What tells it from other requests.
    pub(super) fn digest(&self) -> [u8; 16] {
        let body = self.body.as_ref().and_then(|body| serde_json::to_string(body).ok());
        super::api::digest(&(self.url.as_str(), body))
    }

    pub(super) fn shown(&self) -> String {
        RedactedUrl::from(&self.url).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn next(call: &PageCall, link: Value) -> PageCall {
        call.next(&json!({ "links": [link] })).unwrap().unwrap()
    }

    #[test]
    fn the_forms_of_a_next_link() {
        let body = |value: Value| value.as_object().cloned();
        let call = PageCall {
            url: Url::parse("https://api.example/v1/search").unwrap(),
            body: body(json!({ "limit": 2, "collections": ["a"] })),
        };
        let get = next(&call, json!({ "rel": "next", "href": "?token=3" }));
        assert_eq!(get.url.as_str(), "https://api.example/v1/search?token=3");
        assert_eq!(get.body, None);

        let href = "https://api.example/v1/search";
        let merged = next(
            &call,
            json!({ "rel": "next", "href": href, "method": "POST", "merge": true,
                "body": { "token": "n" } }),
        );
        assert_eq!(merged.body, body(json!({ "limit": 2, "collections": ["a"], "token": "n" })));

        let whole = next(
            &call,
            json!({ "rel": "next", "href": href, "method": "POST", "body": { "page": 2 } }),
        );
        assert_eq!(whole.body, body(json!({ "page": 2 })));

        let same = next(&call, json!({ "rel": "next", "href": "search?page=2", "method": "post" }));
        assert_eq!(same.body, call.body);
        assert_eq!(call.next(&json!({ "features": [] })).unwrap(), None);
    }
}
