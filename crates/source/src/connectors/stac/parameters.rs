//! The parameters of a search, for POST and for GET.

use geo::{Area, CoordsIter};
use serde_json::{Map, Value, json};
use terracube_grid::{Region, TimeRange};
use url::Url;

use super::api::StacApi;
use super::landing::Landing;
use crate::selection::polygons;
use crate::{Connector, Error, Query, Result};

/// Areas with more corners are asked for by their rectangles, and cut out on this side.
const MOST_CORNERS: usize = 1000;

/// The searches that together answer a query.
#[derive(Debug)]
pub(super) struct Searches {
    /// The body of each search.
    pub(super) bodies: Vec<Map<String, Value>>,
    /// Whether they ask for exactly the region.
    pub(super) is_exact: bool,
}

impl Searches {
    pub(super) fn new(api: &StacApi, query: &Query, landing: &Landing, post: bool) -> Result<Self> {
        let mut body = Map::new();
        let collections =
            if query.collections.is_empty() { &api.collections } else { &query.collections };
        if !collections.is_empty() {
            body.insert("collections".to_owned(), json!(collections));
        }
        if !query.ids.is_empty() {
            body.insert("ids".to_owned(), json!(query.ids));
        }
        if let Some(time) = query.time.filter(|time| *time != TimeRange::ALL) {
            body.insert("datetime".to_owned(), json!(time.to_interval()));
        }
        if let Some(filter) = both(api.filter.as_ref(), query.filter.as_ref())? {
            if !landing.has_filter() {
                return Err(refused(
                    "it has no filters by its conformance classes; leave `filter` out",
                ));
            }
            let language = if filter.is_string() { "cql2-text" } else { "cql2-json" };
            body.insert("filter".to_owned(), filter);
            body.insert("filter-lang".to_owned(), json!(language));
        }
        let page = query.limit.map_or(api.page_size, |limit| limit.clamp(1, api.page_size));
        body.insert("limit".to_owned(), json!(page));
        let Some(region) = &query.region else {
            return Ok(Self { bodies: vec![body], is_exact: true });
        };
        let (areas, is_exact) = areas(region, post);
        let with = |(name, area): (&str, Value)| {
            let mut body = body.clone();
            body.insert(name.to_owned(), area);
            body
        };
        Ok(Self { bodies: areas.into_iter().map(with).collect(), is_exact })
    }
}

/// The URL of a GET with the parameters of a body.
pub(super) fn get_url(search: &Url, body: &Map<String, Value>) -> Url {
    let mut url = search.clone();
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for (name, value) in body {
        let text = match value {
            Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(","),
            other => plain(other),
        };
        url.query_pairs_mut().append_pair(name, &text);
    }
    url
}

/// How to ask for a region: parameters, and whether they are exactly it. Rectangles across 180°
/// are two searches: servers differ in what they make of west > east.
fn areas(region: &Region, post: bool) -> (Vec<(&'static str, Value)>, bool) {
    let boxes = region.bbox_wgs84();
    let polygons = polygons(region);
    let of_boxes: f64 = boxes.iter().map(|bounds| bounds.width() * bounds.height()).sum();
    let is_rectangular = (polygons.unsigned_area() - of_boxes).abs() <= of_boxes * 1e-9;
    if post && !is_rectangular && polygons.coords_count() <= MOST_CORNERS {
        return (vec![("intersects", region.to_geojson())], true);
    }
    let bbox = |b: &terracube_grid::Bounds| ("bbox", json!([b.min_x, b.min_y, b.max_x, b.max_y]));
    (boxes.iter().map(bbox).collect(), is_rectangular)
}

/// Both filters at once.
fn both(ours: Option<&Value>, theirs: Option<&Value>) -> Result<Option<Value>> {
    Ok(match (ours, theirs) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(Value::String(a)), Some(Value::String(b))) => Some(json!(format!("({a}) AND ({b})"))),
        (Some(a @ Value::Object(_)), Some(b @ Value::Object(_))) => {
            Some(json!({ "op": "and", "args": [a, b] }))
        }
        _ => return Err(refused("one filter is CQL2-text, the other CQL2-JSON; use one language")),
    })
}

fn refused(reason: &str) -> Error {
    Error::Query { source_name: StacApi::NAME.to_owned(), reason: reason.to_owned() }
}
