//! The STAC documents of the archive.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terracube_demo::tiles::{self, NamedTile};
use terracube_grid::{Bounds, Region};

/// Marks pixels without a height; there are none, but a reader is told.
pub(crate) const NODATA: f64 = -9999.0;
pub(crate) const COLLECTION: &str = "greenland-relief";
const PROJECTION: &str = "https://stac-extensions.github.io/projection/v2.0.0/schema.json";
const FILE: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";
/// When ETOPO5 came out.
const DATETIME: &str = "1988-01-01T00:00:00Z";

/// A tile's item. `size` is that of its file in bytes; `range` its lowest and highest height.
pub(crate) fn item(tile: &NamedTile, size: u64, range: (f64, f64)) -> Result<Value> {
    let geobox = &tile.geobox;
    let region = Region::from_geobox(geobox)?;
    let bounds = region.bbox_wgs84();
    let around = union(&bounds).context("a tile without bounds")?;
    let affine = geobox.affine;
    Ok(json!({
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [PROJECTION, FILE],
        "id": tile.id,
        "collection": COLLECTION,
        "geometry": geometry(&region)?,
        "bbox": [around.min_x, around.min_y, around.max_x, around.max_y],
        "properties": {
            "datetime": DATETIME,
            "title": "Relief of Greenland",
            "gsd": tiles::RESOLUTION,
            "proj:code": "EPSG:3413",
            "proj:shape": [geobox.height, geobox.width],
            "proj:transform": [affine.a, affine.b, affine.c, affine.d, affine.e, affine.f],
        },
        "assets": { "dem": {
            "href": format!("data/{}.tif", tile.id),
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": "Height above the sea",
            "roles": ["data"],
            "file:size": size,
            "bands": [{
                "name": "elevation",
                "description": "Height of land, ice surface and sea floor",
                "data_type": "float32",
                "nodata": NODATA,
                "unit": "m",
                "statistics": { "minimum": range.0, "maximum": range.1 },
            }],
        }},
        "links": [],
    }))
}

/// The collection of these items.
pub(crate) fn collection(items: &[Value]) -> Result<Value> {
    let bounds: Vec<Bounds> = items.iter().filter_map(bbox).collect();
    let around = union(&bounds).context("a collection needs items")?;
    Ok(json!({
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": COLLECTION,
        "title": "Relief of Greenland",
        "description": "ETOPO5 (National Geophysical Data Center, 1988) on the polar plane, refined \
            with made-up fractal detail. Not for use as a map.",
        "license": "CC0-1.0",
        "extent": {
            "spatial": { "bbox": [[around.min_x, around.min_y, around.max_x, around.max_y]] },
            "temporal": { "interval": [[DATETIME, DATETIME]] },
        },
        "links": [],
    }))
}

fn geometry(region: &Region) -> Result<Value> {
    let json = region.to_geojson();
    let found = match json["type"].as_str() {
        Some("Feature") => json["geometry"].clone(),
        Some("FeatureCollection") => json["features"][0]["geometry"].clone(),
        _ => json,
    };
    anyhow::ensure!(found["coordinates"].is_array(), "a tile without a geometry");
    Ok(found)
}

fn bbox(item: &Value) -> Option<Bounds> {
    let number = |i: usize| item["bbox"][i].as_f64();
    Some(Bounds { min_x: number(0)?, min_y: number(1)?, max_x: number(2)?, max_y: number(3)? })
}

fn union(bounds: &[Bounds]) -> Option<Bounds> {
    bounds.iter().copied().reduce(|a, b| a.union(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_says_where_its_pixels_are() {
        let tile = &tiles::tiles().unwrap()[4];
        let item = item(tile, 12, (-1.0, 2.0)).unwrap();
        assert_eq!(item["properties"]["proj:transform"][2], -128_000.0);
        assert_eq!(item["properties"]["proj:transform"][5], -960_000.0);
        // The tile's middle, x = 128 km, y = -1216 km, is at 78.8° N 39.0° W.
        let bbox = bbox(&item).unwrap();
        assert!(bbox.contains_point(-39.0, 78.8));
        assert!(matches!(item["geometry"]["type"].as_str(), Some("Polygon" | "MultiPolygon")));
        assert_eq!(collection(&[item]).unwrap()["extent"]["spatial"]["bbox"][0][0], bbox.min_x);
    }
}
