//! A STAC API, searched by POST or GET.

use std::collections::{BTreeMap, HashSet, VecDeque};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::landing::Landing;
use super::page::PageCall;
use super::parameters::{Searches, get_url};
use super::{base_url, item, link, resolve};
use crate::selection::Selection;
use crate::{
    Access, Connector, Error, Granule, Granules, Headers, Query, RedactedUrl, Result, Secret,
    Source,
};

/// Pages without items, one after the other, that are passed over; more are an error.
const MOST_EMPTY_PAGES: usize = 20;

/// A STAC API, searched by POST or GET. A filter, of the configuration and of the query together,
/// is only sent when the API's conformance classes have it.
///
/// ```
/// use terracube_source::{Registry, StacApi};
/// let registry = Registry::empty().with::<StacApi>();
/// let config = serde_json::json!({
///     "url": "https://stac.example/v1",
///     "collections": ["sentinel-2-l2a"],
///     "headers": { "X-Api-Key": "a key, or env:NAME of one" }
/// });
/// let source = registry.connect("stac-api", config)?;
/// assert_eq!(source.describe(), "STAC API at https://stac.example/v1");
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StacApi {
    /// The landing page.
    pub(super) url: String,
    /// Collections of every search that names none.
    #[serde(default)]
    pub(super) collections: Vec<String>,
    /// A CQL2 filter of every search.
    #[serde(default)]
    pub(super) filter: Option<Value>,
    #[serde(default)]
    method: SearchMethod,
    /// Granules of a page.
    #[serde(default = "page_size", deserialize_with = "positive")]
    pub(super) page_size: usize,
    /// Names of alternate places of assets, the one to be read first.
    #[serde(default)]
    alternates: Vec<String>,
    /// Headers for the API's own origin.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
}

/// How an API is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchMethod {
    /// POST when the API has it, else GET.
    #[default]
    Auto,
    /// GET.
    Get,
    /// POST.
    Post,
}

impl StacApi {
    /// The API with this landing page, searched by the best method it has.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            collections: Vec::new(),
            filter: None,
            method: SearchMethod::Auto,
            page_size: page_size(),
            alternates: Vec::new(),
            headers: BTreeMap::new(),
        }
    }

    /// Sets the method.
    #[must_use]
    pub fn with_method(mut self, method: SearchMethod) -> Self {
        self.method = method;
        self
    }

    /// Sets how many granules a page has at most.
    #[must_use]
    pub fn with_page_size(mut self, granules: usize) -> Self {
        self.page_size = granules.max(1);
        self
    }
}

impl Connector for StacApi {
    const NAME: &'static str = "stac-api";
    const ABOUT: &'static str = "a STAC API, searched by POST or GET";
    const KEYS: &'static [&'static str] =
        &["url", "collections", "filter", "method", "page_size", "alternates", "headers"];
}

#[async_trait]
impl Source for StacApi {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        let limit = query.limit.unwrap_or(usize::MAX);
        let search = Search {
            api: self.clone(),
            access: access.clone(),
            query: query.clone(),
            step: Step::Begin,
            found: VecDeque::new(),
        };
        stream::unfold(search, |mut search| async move {
            let found = search.next().await?;
            Some((found, search))
        })
        .take(limit)
        .boxed()
    }

    fn describe(&self) -> String {
        format!("STAC API at {}", RedactedUrl::of(&self.url))
    }
}

/// A search under way.
#[derive(Debug)]
struct Search {
    api: StacApi,
    access: Access,
    query: Query,
    step: Step,
    /// Granules of the page, not yet given.
    found: VecDeque<Result<Granule>>,
}

#[derive(Debug)]
enum Step {
    Begin,
    Pages(Box<Pages>),
    End,
}

/// The first half of a hash: all that is kept of what went by.
type Digest = [u8; 16];

/// Where a search stands.
#[derive(Debug)]
struct Pages {
    headers: Headers,
    selection: Selection,
    /// The page to fetch, and the first pages of the searches after it.
    calls: VecDeque<PageCall>,
    /// Digests of requests made, to see when the way leads back.
    made: HashSet<Digest>,
    empty: usize,
    /// Items of the search so far.
    items: usize,
    /// Digests of granules found: several searches, and pages of data that changes meanwhile, may
    /// hold the same one.
    seen: HashSet<Digest>,
    /// The bodies to send by GET, should POST be refused.
    may_fall_back: bool,
}

impl Search {
    async fn next(&mut self) -> Option<Result<Granule>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            let stepped = match std::mem::replace(&mut self.step, Step::End) {
                Step::Begin => self.begin().await.map(|pages| Step::Pages(Box::new(pages))),
                Step::Pages(mut pages) if !pages.calls.is_empty() => {
                    self.page(&mut pages).await.map(|()| Step::Pages(pages))
                }
                Step::Pages(_) | Step::End => return None,
            };
            match stepped {
                Ok(step) => self.step = step,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn begin(&mut self) -> Result<Pages> {
        let url = base_url(&self.api.url)?;
        let headers = Headers::new(
            &url,
            self.api.headers.iter().map(|(name, value)| (name.as_str(), value)),
        )?;
        let landing = Landing::fetch(&self.access, &url, &headers).await?;
        let post = match self.api.method {
            SearchMethod::Auto => landing.post.unwrap_or(true),
            SearchMethod::Get => false,
            SearchMethod::Post => true,
        };
        let searches = Searches::new(&self.api, &self.query, &landing, post)?;
        let call = |body: Map<String, Value>| {
            if post {
                PageCall { url: landing.search.clone(), body: Some(body) }
            } else {
                PageCall { url: get_url(&landing.search, &body), body: None }
            }
        };
        // What was asked for exactly, the server knows best.
        let mut rest = self.query.clone();
        if searches.is_exact {
            rest.region = None;
        }
        Ok(Pages {
            headers,
            selection: Selection::new(&rest),
            calls: searches.bodies.into_iter().map(call).collect(),
            made: HashSet::new(),
            empty: 0,
            items: 0,
            seen: HashSet::new(),
            may_fall_back: post && self.api.method == SearchMethod::Auto,
        })
    }

    async fn page(&mut self, pages: &mut Pages) -> Result<()> {
        let Some(call) = pages.calls.pop_front() else { return Ok(()) };
        let document = match call.fetch(&self.access, &pages.headers).await {
            Err(error) if pages.may_fall_back && is_refusal_of_post(&error) => {
                self.api.method = SearchMethod::Get;
                *pages = self.begin().await?;
                return Ok(());
            }
            other => other?,
        };
        pages.may_fall_back = false;
        let features = document["features"].as_array().map_or(&[][..], Vec::as_slice);
        pages.empty = if features.is_empty() { pages.empty + 1 } else { 0 };
        pages.items += features.len();
        for feature in features {
            let granule = self.granule(feature, &call.url);
            let mut is_new =
                |granule: &Granule| pages.seen.insert(digest(&(&granule.collection, &granule.id)));
            match granule {
                Ok(granule) if !pages.selection.admits(&granule) || !is_new(&granule) => {}
                Ok(granule) => {
                    self.found.push_back(Ok(item::preferring(granule, &self.api.alternates)));
                }
                error => self.found.push_back(error),
            }
        }
        let next = call.next(&document)?;
        pages.made.insert(call.digest());
        match next {
            Some(next) if pages.made.contains(&next.digest()) => {
                return Err(Error::Document {
                    what: next.shown(),
                    reason: "the link to the next page leads back to an earlier one".to_owned(),
                });
            }
            // Some have a link to a next page whatever there is.
            Some(_) if pages.empty > 0 && matched(&document).is_some_and(|n| pages.items >= n) => {
                pages.end();
            }
            Some(next) if pages.empty <= MOST_EMPTY_PAGES => pages.calls.push_front(next),
            Some(next) => {
                return Err(Error::Document {
                    what: next.shown(),
                    reason: format!(
                        "{} pages before it have no items: whether there are more is not known",
                        pages.empty
                    ),
                });
            }
            None => pages.end(),
        }
        Ok(())
    }

    fn granule(&self, feature: &Value, page: &Url) -> Result<Granule> {
        let own = link(feature, "self").and_then(|link| resolve(page, link).ok());
        item::granule(feature, Some(own.as_ref().unwrap_or(page)), None)
    }
}

impl Pages {
    /// Of one search; the next has pages of its own.
    fn end(&mut self) {
        self.made.clear();
        (self.empty, self.items) = (0, 0);
    }
}

/// How many items a search has, as its page says.
fn matched(page: &Value) -> Option<usize> {
    let count = page["numberMatched"].as_u64().or_else(|| page["context"]["matched"].as_u64());
    count.and_then(|count| usize::try_from(count).ok())
}

/// The digest of what can be shown as text.
pub(super) fn digest(what: &impl std::fmt::Debug) -> Digest {
    let hash = blake3::hash(format!("{what:?}").as_bytes());
    let mut half = Digest::default();
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

fn is_refusal_of_post(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. } | Error::Rejected { status: 405 | 415 | 501, .. })
}

fn page_size() -> usize {
    100
}

fn positive<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number == 0 {
        return Err(serde::de::Error::custom("a page has one granule at least"));
    }
    Ok(number)
}
