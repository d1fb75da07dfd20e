//! A STAC item, of any version from 0.8 to 1.1, as a granule.

use std::cell::OnceCell;

use serde_json::{Map, Value};
use terracube_grid::{Crs, Time, TimeRange};
use url::Url;

use super::{base_url, texts};
use crate::connectors::stac::{bands, projection};
use crate::{Asset, Error, Granule, Result};

impl Granule {
    /// The granule of a STAC item, version 0.8 to 1.1. Relative hrefs are resolved against
    /// `base`, the URL or path of the item.
    ///
    /// ```
    /// use terracube_source::Granule;
    /// let item = serde_json::json!({
    ///     "type": "Feature", "stac_version": "1.1.0", "id": "a", "geometry": null,
    ///     "properties": { "datetime": "2020-06-01T10:00:00Z" },
    ///     "assets": { "b1": { "href": "./b1.tif" } }
    /// });
    /// let granule = Granule::from_stac(&item, "https://data.example/items/a.json")?;
    /// assert_eq!(granule.asset("b1")?.href, "https://data.example/items/b1.tif");
    /// # Ok::<(), terracube_source::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Item`] saying why it is no item: no id, no time, no assets.
    pub fn from_stac(item: &Value, base: &str) -> Result<Self> {
        granule(item, Some(&base_url(base)?), None)
    }
}

/// The granule of an item; `templates` are the `item_assets` of its collection.
pub(super) fn granule(
    item: &Value,
    base: Option<&Url>,
    templates: Option<&Map<String, Value>>,
) -> Result<Granule> {
    let id = item["id"].as_str().map(str::to_owned).or_else(|| {
        // Old writers have numbers.
        item["id"].as_u64().map(|id| id.to_string())
    });
    let shown = id.clone().unwrap_or_else(|| "without an id".to_owned());
    let refuse = |reason: String| Error::Item { item: shown.clone(), reason };
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| refuse("it has no `id`".to_owned()))?;
    if item["type"] != "Feature" {
        let found = item["type"].as_str().unwrap_or("nothing");
        return Err(refuse(format!("its `type` is {found}, expected Feature")));
    }
    let properties = item["properties"]
        .as_object()
        .ok_or_else(|| refuse("it has no `properties`".to_owned()))?;
    let assets =
        item["assets"].as_object().ok_or_else(|| refuse("it has no `assets`".to_owned()))?;
    let mut granule = Granule::new(id, time(properties).map_err(&refuse)?);
    granule.collection = item["collection"]
        .as_str()
        .or_else(|| properties.get("collection")?.as_str())
        .map(str::to_owned);
    granule.geometry = Some(&item["geometry"]).filter(|geometry| geometry.is_object()).cloned();
    granule.bbox = bbox(&item["bbox"]);
    granule.version = text(properties.get("version"));
    granule.updated = text(properties.get("updated"));
    let of_item = OnceCell::new();
    for (name, asset) in assets {
        let merged = merged(asset, templates.and_then(|all| all.get(name)));
        if let Some(asset) = asset_of(name, &merged, properties, &of_item, base) {
            granule.assets.insert(name.clone(), asset);
        }
    }
    granule.properties = properties.clone();
    Ok(granule)
}

/// The granule with each asset at the place that comes first in `names`.
pub(super) fn preferring(mut granule: Granule, names: &[String]) -> Granule {
    if !names.is_empty() {
        let assets = std::mem::take(&mut granule.assets).into_iter();
        granule.assets = assets.map(|(name, asset)| (name, asset.preferring(names))).collect();
    }
    granule
}

/// West, south, east, north of a bbox of two or three dimensions.
pub(super) fn bbox(value: &Value) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => {
            Some([west, south, east, north])
        }
        _ => None,
    }
}

fn time(properties: &Map<String, Value>) -> Result<TimeRange, String> {
    let read = |names: &[&str]| {
        let found = names.iter().find_map(|name| Some((*name, properties.get(*name)?.as_str()?)));
        found
            .map(|(name, text)| Time::parse(text).map_err(|cause| format!("`{name}`: {cause}")))
            .transpose()
    };
    let start = read(&["start_datetime", "dtr:start_datetime"])?;
    let end = read(&["end_datetime", "dtr:end_datetime"])?;
    if let (Some(start), Some(end)) = (start, end) {
        return TimeRange::new(start, end).map_err(|cause| cause.to_string());
    }
    let moment = read(&["datetime"])?.or(start).or(end);
    let moment = moment
        .ok_or("it has no time: neither `datetime` nor `start_datetime` and `end_datetime`")?;
    TimeRange::new(moment, moment).map_err(|cause| cause.to_string())
}

/// The asset with what only its template says added.
fn merged(asset: &Value, template: Option<&Value>) -> Value {
    let mut merged = asset.clone();
    if let (Some(own), Some(template)) =
        (merged.as_object_mut(), template.and_then(Value::as_object))
    {
        for (key, value) in template {
            if !own.contains_key(key) {
                own.insert(key.clone(), value.clone());
            }
        }
    }
    merged
}

/// The asset, or `None` without an href.
fn asset_of(
    name: &str,
    json: &Value,
    properties: &Map<String, Value>,
    of_item: &OnceCell<Option<Crs>>,
    base: Option<&Url>,
) -> Option<Asset> {
    let href = json["href"].as_str().map(str::trim).filter(|href| !href.is_empty())?;
    let mut asset = Asset::new(name, absolute(href, base));
    asset.media_type = text(json.get("type"));
    asset.title = text(json.get("title"));
    asset.roles = texts(&json["roles"]);
    asset.size = json["file:size"].as_u64();
    asset.checksum =
        text(json.get("file:checksum")).or_else(|| text(json.get("checksum:multihash")));
    asset.bands = bands::bands(json, properties);
    // By the key, and by the name that an alternate, or the asset itself, is given.
    let own = [(name, json)].into_iter().filter(|(_, one)| one["alternate:name"].is_string());
    let others = json["alternate"].as_object().into_iter().flatten();
    for (key, one) in own.chain(others.map(|(key, one)| (key.as_str(), one))) {
        let Some(href) = one["href"].as_str().map(str::trim).filter(|href| !href.is_empty()) else {
            continue;
        };
        let given = one["alternate:name"].as_str();
        for name in given.into_iter().chain((key != name).then_some(key)) {
            asset.alternates.entry(name.to_owned()).or_insert_with(|| absolute(href, base));
        }
    }
    // What the item says of its pixels is not meant for its pictures and documents.
    let is_aside = asset
        .roles
        .iter()
        .any(|role| matches!(role.as_str(), "thumbnail" | "overview" | "metadata"));
    let inherited = if is_aside { None } else { Some(properties) };
    let inherited_crs = || {
        let map = inherited?;
        of_item.get_or_init(|| projection::crs_of(map)).clone()
    };
    asset.crs = projection::crs(json, inherited_crs);
    asset.geobox = projection::geobox(json, inherited, asset.crs.as_ref());
    Some(asset)
}

fn absolute(href: &str, base: Option<&Url>) -> String {
    match (Url::parse(href), base) {
        // As it is written: a signed URL must not change.
        (Ok(_), _) | (_, None) => href.to_owned(),
        (Err(_), Some(base)) => {
            base.join(href).map_or_else(|_| href.to_owned(), |url| url.to_string())
        }
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}
