//! A granule: one thing a source offers, with its assets.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use terracube_grid::{Region, Time, TimeRange};

use crate::{Asset, Error, Result};

/// One thing a source offers: a STAC item, a file, the result of an order.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Granule {
    /// The name, unique within its collection.
    pub id: String,
    /// The collection it belongs to.
    pub collection: Option<String>,
    /// When it was observed; a moment starts and ends at the same time.
    pub time: TimeRange,
    /// The footprint as a GeoJSON geometry in degrees of longitude and latitude on WGS 84.
    pub geometry: Option<Value>,
    /// West, south, east, north in degrees on WGS 84; west > east means across 180°.
    pub bbox: Option<[f64; 4]>,
    /// The assets by name.
    pub assets: BTreeMap<String, Asset>,
    /// Everything else the source says.
    pub properties: Map<String, Value>,
    /// The version, where the source has versions.
    pub version: Option<String>,
    /// When the source last changed it, as the source writes it.
    pub updated: Option<String>,
}

impl Granule {
    /// A granule without assets, anywhere on Earth.
    #[must_use]
    pub fn new(id: impl Into<String>, time: TimeRange) -> Self {
        Self {
            id: id.into(),
            collection: None,
            time,
            geometry: None,
            bbox: None,
            assets: BTreeMap::new(),
            properties: Map::new(),
            version: None,
            updated: None,
        }
    }

    /// Adds an asset under its name.
    #[must_use]
    pub fn with_asset(mut self, asset: Asset) -> Self {
        self.assets.insert(asset.name.clone(), asset);
        self
    }

    /// Sets the collection.
    #[must_use]
    pub fn with_collection(mut self, collection: impl Into<String>) -> Self {
        self.collection = Some(collection.into());
        self
    }

    /// Sets the footprint to a rectangle: west, south, east, north in degrees.
    #[must_use]
    pub fn with_bbox(mut self, bbox: [f64; 4]) -> Self {
        self.bbox = Some(bbox);
        self
    }

    /// Sets the footprint to a GeoJSON geometry in degrees.
    #[must_use]
    pub fn with_geometry(mut self, geometry: Value) -> Self {
        self.geometry = Some(geometry);
        self
    }

    /// An asset by name.
    ///
    /// # Errors
    /// [`Error::UnknownAsset`] with the names there are.
    pub fn asset(&self, name: &str) -> Result<&Asset> {
        self.assets.get(name).ok_or_else(|| Error::UnknownAsset {
            granule: self.id.clone(),
            asset: name.to_owned(),
            known: self.assets.keys().cloned().collect(),
        })
    }

    /// The time it goes by: its `datetime` where the source says one, else the start of
    /// [`time`](Self::time).
    #[must_use]
    pub fn nominal_time(&self) -> Time {
        let datetime = self.properties.get("datetime").and_then(Value::as_str);
        datetime.and_then(|text| Time::parse(text).ok()).unwrap_or(self.time.start)
    }

    /// The area it covers: its geometry, else its bbox; `None` when it has neither.
    ///
    /// # Errors
    /// [`Error::Item`] when its geometry and bbox are no areas.
    pub fn footprint(&self) -> Result<Option<Region>> {
        let of_geometry = self.geometry.as_ref().map(Region::from_geojson);
        let of_bbox = || {
            self.bbox.map(|[west, south, east, north]| Region::from_bbox(west, south, east, north))
        };
        match of_geometry {
            Some(Ok(region)) => Ok(Some(region)),
            Some(Err(cause)) => match of_bbox() {
                Some(Ok(region)) => Ok(Some(region)),
                _ => Err(self.no_area(&cause)),
            },
            None => of_bbox().transpose().map_err(|cause| self.no_area(&cause)),
        }
    }

    fn no_area(&self, cause: &terracube_grid::Error) -> Error {
        Error::Item { item: self.id.clone(), reason: format!("its footprint is no area: {cause}") }
    }
}
