//! STAC documents of made rasters.

use anyhow::Result;
use serde_json::{Value, json};
use terracube_grid::{GeoBox, Region};

/// A collection of this id, of everywhere since 2000.
#[must_use]
pub fn collection(id: &str) -> Value {
    json!({
        "type": "Collection", "stac_version": "1.1.0", "id": id, "license": "CC0-1.0",
        "description": "made relief", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2000-01-01T00:00:00Z", null]]}},
    })
}

/// The item of a file `name` on a grid, its asset named `dem`.
///
/// # Errors
/// When the grid has no place in longitude and latitude.
pub fn item(collection: &str, geobox: &GeoBox, name: &str) -> Result<Value> {
    let region = Region::from_geobox(geobox)?;
    let around = region.bbox_wgs84().into_iter().reduce(|a, b| a.union(&b));
    let bbox = around.map(|b| [b.min_x, b.min_y, b.max_x, b.max_y]);
    let t = geobox.affine;
    Ok(json!({
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": collection,
        "stac_extensions": ["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        "geometry": region.to_geojson(), "links": [], "bbox": bbox,
        "properties": {
            "datetime": "2020-06-01T10:00:00Z", "proj:code": geobox.crs.to_string(),
            "proj:shape": [geobox.height, geobox.width],
            "proj:transform": [t.a, t.b, t.c, t.d, t.e, t.f],
        },
        "assets": {"dem": {"href": name, "type": "image/tiff; application=geotiff",
                           "roles": ["data"]}},
    }))
}
