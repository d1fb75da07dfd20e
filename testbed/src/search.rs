//! A STAC search: its parameters, what it matches, its pages.

use geo::Geometry;
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::filter;
use crate::item::{Item, read_bbox, read_geometry};
use crate::paging::Paging;

/// Parameters of a GET whose value is a list separated by commas.
const LISTS: [&str; 3] = ["bbox", "collections", "ids"];

/// A search as asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    area: Option<Geometry>,
    interval: Option<(Option<Timestamp>, Option<Timestamp>)>,
    collections: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    filter: Option<Value>,
    limit: usize,
    offset: usize,
    /// The parameters as a POST body, without those of the page.
    parameters: Map<String, Value>,
}

/// A page of a search.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) items: Vec<&'a Item>,
    pub(crate) matched: usize,
    /// Items before the next page, when there is one.
    pub(crate) next: Option<usize>,
}

impl Search {
    /// Reads the body of a POST.
    pub(crate) fn from_body(
        mut parameters: Map<String, Value>,
        largest_page: usize,
    ) -> Result<Self, String> {
        let (token, page) = (parameters.remove("token"), parameters.remove("page"));
        let mut search = Self { limit: largest_page, ..Self::default() };
        for (name, value) in &parameters {
            search.read(name, value, &parameters, largest_page)?;
        }
        if parameters.contains_key("bbox") && parameters.contains_key("intersects") {
            return Err("`bbox` and `intersects` exclude each other".to_owned());
        }
        search.offset = match (token, page) {
            (Some(token), _) => token
                .as_str()
                .and_then(|token| token.strip_prefix("after:")?.parse().ok())
                .ok_or("`token` is not one of this server")?,
            (None, Some(page)) => page
                .as_u64()
                .and_then(|page| {
                    usize::try_from(page.checked_sub(1)?).ok()?.checked_mul(search.limit)
                })
                .ok_or("`page` counts from 1")?,
            (None, None) => 0,
        };
        search.parameters = parameters;
        Ok(search)
    }

    /// Reads the query of a GET.
    pub(crate) fn from_query(query: &str, largest_page: usize) -> Result<Self, String> {
        let mut parameters = Map::new();
        let json = |name: &str, text: &str| {
            serde_json::from_str(text).map_err(|cause| format!("`{name}` is not JSON: {cause}"))
        };
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let filter_is_json =
            pairs.iter().any(|(name, value)| name == "filter-lang" && value == "cql2-json");
        for (name, text) in &pairs {
            let value = match name.as_ref() {
                "bbox" => json(name, &format!("[{text}]"))?,
                "intersects" | "limit" | "page" => json(name, text)?,
                "filter" if filter_is_json => json(name, text)?,
                list if LISTS.contains(&list) => text.split(',').collect::<Vec<_>>().into(),
                _ => Value::from(text.as_ref()),
            };
            parameters.insert(name.clone().into_owned(), value);
        }
        Self::from_body(parameters, largest_page)
    }

    /// Searches only this collection.
    pub(crate) fn within(mut self, collection: &str) -> Self {
        self.collections = Some(vec![collection.to_owned()]);
        self
    }

    /// The page of the matching items that was asked for.
    pub(crate) fn page<'a>(
        &self,
        items: impl Iterator<Item = &'a Item>,
    ) -> Result<Page<'a>, String> {
        let mut matching = Vec::new();
        for item in items {
            if self.matches(item)? {
                matching.push(item);
            }
        }
        let matched = matching.len();
        let end = self.offset.saturating_add(self.limit);
        let items = matching.into_iter().skip(self.offset).take(self.limit).collect();
        Ok(Page { items, matched, next: (end < matched).then_some(end) })
    }

    /// The parameters of the page after `offset` items as a POST body.
    pub(crate) fn next_body(&self, offset: usize, paging: Paging) -> Map<String, Value> {
        let mut body = match paging {
            Paging::PostMerge => Map::new(),
            _ => self.parameters.clone(),
        };
        let (name, value) = self.position(offset, paging);
        body.insert(name.to_owned(), value);
        body
    }

    /// The parameters of the page after `offset` items as a query.
    pub(crate) fn next_query(&self, offset: usize, paging: Paging) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let plain = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        for (name, value) in &self.parameters {
            let text = match value {
                Value::Array(list) if LISTS.contains(&name.as_str()) => {
                    list.iter().map(plain).collect::<Vec<_>>().join(",")
                }
                other => plain(other),
            };
            query.append_pair(name, &text);
        }
        if self.parameters.get("filter").is_some_and(Value::is_object)
            && !self.parameters.contains_key("filter-lang")
        {
            query.append_pair("filter-lang", "cql2-json");
        }
        let (name, value) = self.position(offset, paging);
        query.append_pair(name, &plain(&value));
        query.finish()
    }

    fn position(&self, offset: usize, paging: Paging) -> (&'static str, Value) {
        match paging {
            Paging::PageNumber => ("page", (offset / self.limit.max(1) + 1).into()),
            _ => ("token", format!("after:{offset}").into()),
        }
    }

    fn read(
        &mut self,
        name: &str,
        value: &Value,
        all: &Map<String, Value>,
        largest_page: usize,
    ) -> Result<(), String> {
        match name {
            "bbox" => {
                let numbers = value
                    .as_array()
                    .and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>());
                self.area = Some(read_bbox(&numbers.ok_or("`bbox` is not a list of numbers")?)?);
            }
            "intersects" => self.area = Some(read_geometry(value)?),
            "datetime" => {
                let text = value.as_str().ok_or("`datetime` is not a string")?;
                self.interval = Some(read_interval(text)?);
            }
            "collections" => self.collections = Some(strings(name, value)?),
            "ids" => self.ids = Some(strings(name, value)?),
            "limit" => {
                let limit = value.as_u64().filter(|limit| *limit > 0);
                let limit = limit.ok_or("`limit` is not a number above 0")?;
                self.limit = usize::try_from(limit).unwrap_or(usize::MAX).min(largest_page);
            }
            "filter" => {
                let is_json = all.get("filter-lang").is_some_and(|lang| lang == "cql2-json");
                self.filter = Some(match value {
                    Value::String(text) if !is_json => filter::parse_text(text)?,
                    Value::Object(_) => value.clone(),
                    _ => return Err("`filter` is not in the language of `filter-lang`".to_owned()),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn matches(&self, item: &Item) -> Result<bool, String> {
        let among = |list: &Option<Vec<String>>, id: &String| {
            list.as_ref().is_none_or(|list| list.is_empty() || list.contains(id))
        };
        Ok(among(&self.collections, &item.collection)
            && among(&self.ids, &item.id)
            && self.area.as_ref().is_none_or(|area| item.intersects(area))
            && self.interval.is_none_or(|(from, to)| item.is_within(from, to))
            && self.filter.as_ref().map_or(Ok(true), |filter| filter::matches(filter, item))?)
    }
}

fn strings(name: &str, value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().and_then(|list| {
        list.iter().map(|entry| entry.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    list.ok_or_else(|| format!("`{name}` is not a list of strings"))
}

/// A time, or two joined by `/` of which one may be open: empty or `..`.
fn read_interval(text: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let read = |text: &str| match text {
        "" | ".." => Ok(None),
        time => time
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|cause| format!("`datetime`: `{time}` is not an RFC 3339 time: {cause}")),
    };
    let (from, to) = match text.split_once('/') {
        Some((from, to)) => (read(from)?, read(to)?),
        None => (read(text)?, read(text)?),
    };
    match (from, to) {
        (None, None) => Err(format!("`datetime`: `{text}` is open on both sides")),
        (Some(from), Some(to)) if from > to => {
            Err(format!("`datetime`: `{text}` ends before it starts"))
        }
        interval => Ok(interval),
    }
}
