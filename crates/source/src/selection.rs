//! Applying a query to granules on this side.

use geo::{Intersects, LineString, MultiPolygon, Polygon};
use serde_json::Value;
use terracube_grid::Region;

use crate::{Granule, Query};

/// A query ready to be applied to granules; its filter and limit are not.
#[derive(Debug)]
pub(crate) struct Selection {
    query: Query,
    region: Option<MultiPolygon>,
}

impl Selection {
    pub(crate) fn new(query: &Query) -> Self {
        Self { query: query.clone(), region: query.region.as_ref().map(polygons) }
    }

    /// Whether the query matches. What a granule does not tell is taken to match.
    pub(crate) fn admits(&self, granule: &Granule) -> bool {
        let Query { time, collections, ids, .. } = &self.query;
        let of = |wanted: &[String], name: Option<&String>| {
            wanted.is_empty() || name.is_none_or(|name| wanted.contains(name))
        };
        of(ids, Some(&granule.id))
            && of(collections, granule.collection.as_ref())
            && time.is_none_or(|time| time.overlaps(&granule.time))
            && self.meets(granule)
    }

    fn meets(&self, granule: &Granule) -> bool {
        let Some(region) = &self.region else { return true };
        // A footprint that is no area is not a reason to hide a granule.
        let Ok(Some(footprint)) = granule.footprint() else { return true };
        polygons(&footprint).intersects(region)
    }
}

/// The polygons of a region in degrees, split at 180°.
pub(crate) fn polygons(region: &Region) -> MultiPolygon {
    let json = region.to_geojson();
    let coordinates = &json["coordinates"];
    let polygon = |rings: &Value| {
        let mut rings = array(rings).iter().map(ring);
        Polygon::new(rings.next().unwrap_or_else(|| LineString(Vec::new())), rings.collect())
    };
    if json["type"] == "Polygon" {
        MultiPolygon(vec![polygon(coordinates)])
    } else {
        MultiPolygon(array(coordinates).iter().map(polygon).collect())
    }
}

fn ring(points: &Value) -> LineString {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    array(points).iter().map(|point| (number(&point[0]), number(&point[1]))).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
