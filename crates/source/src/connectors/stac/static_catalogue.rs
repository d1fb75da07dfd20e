//! A static STAC catalogue, walked link by link.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value};
use terracube_grid::{Time, TimeRange};
use url::Url;

use super::{base_url, item, links, resolve};
use crate::selection::Selection;
use crate::{Access, Connector, Error, Granule, Granules, Query, RedactedUrl, Result, Source};

/// Catalogues below catalogues that are followed.
const MOST_LEVELS: usize = 32;
/// Items fetched at one time.
const CONCURRENT: usize = 8;

/// A static STAC catalogue: a tree of JSON documents on a server or in a folder. It is walked in
/// the order of its links; collections whose extent does not meet the query are left out.
///
/// ```
/// use terracube_source::{Registry, StacStatic};
/// let registry = Registry::empty().with::<StacStatic>();
/// let config = serde_json::json!({ "url": "https://data.example/catalog.json" });
/// let source = registry.connect("stac-static", config)?;
/// assert_eq!(source.describe(), "STAC catalogue at https://data.example/catalog.json");
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StacStatic {
    /// URL or path of a catalogue, a collection, an item or a feature collection of items.
    #[serde(alias = "path")]
    url: String,
    /// Names of alternate places of assets, the one to be read first.
    #[serde(default)]
    alternates: Vec<String>,
}

impl StacStatic {
    /// The catalogue at a URL or path.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), alternates: Vec::new() }
    }
}

impl Connector for StacStatic {
    const NAME: &'static str = "stac-static";
    const ABOUT: &'static str = "a static STAC catalogue, on a server or in a folder";
    const KEYS: &'static [&'static str] = &["url", "path", "alternates"];
}

#[async_trait]
impl Source for StacStatic {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        if query.filter.is_some() {
            let error = Error::Query {
                source_name: Self::NAME.to_owned(),
                reason: "a static catalogue has no filters; leave `filter` out".to_owned(),
            };
            return stream::iter([Err(error)]).boxed();
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        let walk = Walk {
            root: Some(self.url.clone()),
            access: access.clone(),
            selection: Selection::new(query),
            query: query.clone(),
            alternates: self.alternates.clone(),
            ahead: Vec::new(),
            visited: HashSet::new(),
            found: VecDeque::new(),
            batch: limit.clamp(1, CONCURRENT),
        };
        stream::unfold(walk, |mut walk| async move {
            let found = walk.next().await?;
            Some((found, walk))
        })
        .take(limit)
        .boxed()
    }

    fn describe(&self) -> String {
        format!("STAC catalogue at {}", RedactedUrl::of(&self.url))
    }
}

/// A walk under way.
#[derive(Debug)]
struct Walk {
    /// Where to begin, until begun.
    root: Option<String>,
    access: Access,
    query: Query,
    alternates: Vec<String>,
    selection: Selection,
    /// What is to be visited, the next one last.
    ahead: Vec<Node>,
    visited: HashSet<Url>,
    found: VecDeque<Result<Granule>>,
    batch: usize,
}

/// A document to visit.
#[derive(Debug, Clone)]
struct Node {
    url: Url,
    is_item: bool,
    level: usize,
    parent: Arc<Parent>,
}

/// What a collection says for its items.
#[derive(Debug, Default)]
struct Parent {
    collection: Option<String>,
    templates: Option<Map<String, Value>>,
}

impl Walk {
    async fn next(&mut self) -> Option<Result<Granule>> {
        if let Some(root) = self.root.take() {
            let url = match base_url(&root) {
                Ok(url) => url,
                Err(error) => return Some(Err(error)),
            };
            let parent = Arc::default();
            self.ahead.push(Node { url, is_item: false, level: 0, parent });
        }
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            let nodes = self.take_ahead()?;
            let documents =
                join_all(nodes.iter().map(|node| self.access.get_json(node.url.as_str())));
            for (node, document) in nodes.iter().zip(documents.await) {
                match document {
                    Ok(document) => self.visit(node, &document),
                    Err(error) => self.found.push_back(Err(error)),
                }
            }
        }
    }

    /// The next document, or several that are items.
    fn take_ahead(&mut self) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(node) = self.ahead.last() {
            if !nodes.is_empty() && !node.is_item {
                break;
            }
            let node = self.ahead.pop()?;
            if self.visited.insert(node.url.clone()) {
                let is_item = node.is_item;
                nodes.push(node);
                if !is_item || nodes.len() == self.batch {
                    break;
                }
            }
        }
        (!nodes.is_empty()).then_some(nodes)
    }

    fn visit(&mut self, node: &Node, document: &Value) {
        match document["type"].as_str() {
            Some("Feature") => self.item(node, document),
            Some("FeatureCollection") => {
                let features = document["features"].as_array().map_or(&[][..], Vec::as_slice);
                features.iter().for_each(|feature| self.item(node, feature));
            }
            // Catalogues and collections have had a `type` only since 1.0.
            _ if document["links"].is_array() => self.catalogue(node, document),
            other => self.found.push_back(Err(Error::Document {
                what: RedactedUrl::from(&node.url).to_string(),
                reason: format!(
                    "expected a STAC catalogue, collection or item; its `type` is {}",
                    other.unwrap_or("missing")
                ),
            })),
        }
    }

    fn item(&mut self, node: &Node, document: &Value) {
        let granule = item::granule(document, Some(&node.url), node.parent.templates.as_ref());
        match granule {
            Ok(mut granule) => {
                granule.collection = granule.collection.or_else(|| node.parent.collection.clone());
                if self.selection.admits(&granule) {
                    self.found.push_back(Ok(item::preferring(granule, &self.alternates)));
                }
            }
            Err(error) => self.found.push_back(Err(error)),
        }
    }

    fn catalogue(&mut self, node: &Node, document: &Value) {
        if node.level >= MOST_LEVELS {
            self.found.push_back(Err(Error::Document {
                what: RedactedUrl::from(&node.url).to_string(),
                reason: format!("it is nested more than {MOST_LEVELS} deep"),
            }));
            return;
        }
        let is_collection = document["type"] == "Collection" || document["extent"].is_object();
        if is_collection && !self.may_hold(&document["extent"]) {
            return;
        }
        let id = document["id"].as_str();
        let wanted = !is_collection
            || self.query.collections.is_empty()
            || id.is_some_and(|id| self.query.collections.iter().any(|one| one == id));
        let parent = if is_collection {
            Arc::new(Parent {
                collection: id.map(str::to_owned),
                templates: document["item_assets"].as_object().cloned(),
            })
        } else {
            Arc::clone(&node.parent)
        };
        let mut below = Vec::new();
        for (rel, is_item) in [("item", true), ("child", false)] {
            // An unwanted collection may still have wanted ones below it.
            if is_item && !wanted {
                continue;
            }
            for link in links(document, rel) {
                match resolve(&node.url, link) {
                    Ok(mut url) => {
                        url.set_fragment(None);
                        let parent = Arc::clone(&parent);
                        below.push(Node { url, is_item, level: node.level + 1, parent });
                    }
                    Err(error) => self.found.push_back(Err(error)),
                }
            }
        }
        self.ahead.extend(below.into_iter().rev());
    }

    /// Whether a collection with this extent may hold what is asked for; when in doubt it may.
    fn may_hold(&self, extent: &Value) -> bool {
        let spatial = &extent["spatial"];
        // Before 0.9 the lists stood there without a name.
        let boxes = if spatial["bbox"].is_array() { &spatial["bbox"][0] } else { spatial };
        let temporal = &extent["temporal"];
        let interval =
            if temporal["interval"].is_array() { &temporal["interval"][0] } else { temporal };
        let open = |value: &Value, otherwise: Time| match value.as_str() {
            Some(text) => Time::parse(text).ok(),
            None => Some(otherwise),
        };
        let meets_time = || {
            let wanted = self.query.time?;
            let start = open(&interval[0], Time::MIN)?;
            let end = open(&interval[1], Time::MAX)?;
            // The end of an extent belongs to it.
            Some(start < wanted.end && wanted.start <= end || wanted.start == start)
        };
        let meets_region = || {
            self.query.region.as_ref()?;
            let extent = Granule::new("", TimeRange::ALL).with_bbox(item::bbox(boxes)?);
            Some(
                Selection::new(&Query { region: self.query.region.clone(), ..Query::default() })
                    .admits(&extent),
            )
        };
        meets_time().unwrap_or(true) && meets_region().unwrap_or(true)
    }
}
