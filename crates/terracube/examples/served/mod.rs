//! A STAC API on loopback that offers two COGs of made-up hills, so that the examples need no
//! network.

use serde_json::{Value, json};
use terracube::grid::Affine;
use terracube::prelude::*;
use terracube::raster::{GeoTiff, GeoTiffBand};
use terracube::raster::{Pixels, Raster};
use terracube_testbed::Server;

/// Side of a COG in pixels of 100 m.
const SIDE: usize = 128;

/// Starts the server; it stops when dropped.
pub(crate) fn hills() -> Result<Server, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::builder();
    let mut items = Vec::new();
    for (id, west) in [("west", -200_000.0), ("east", -187_200.0)] {
        let affine = Affine::new(100.0, 0.0, west, 0.0, -100.0, -2_000_000.0);
        let geobox = GeoBox::new(Crs::epsg(3413)?, affine, SIDE, SIDE)?;
        let height = |i: usize| ((i % SIDE) as f32 / 20.0).sin() * ((i / SIDE) as f32 / 30.0).cos();
        let pixels = Pixels::F32((0..SIDE * SIDE).map(|i| 500.0 + 400.0 * height(i)).collect());
        let path = folder.path().join("hills.tif");
        GeoTiff::new(geobox.clone())
            .band(GeoTiffBand::new(Raster::new(SIDE, SIDE, pixels)?))
            .write(&path)?;
        server = server.bytes(&format!("hills/{id}.tif"), std::fs::read(&path)?);
        items.push(item(id, &geobox)?);
    }
    let collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "hills", "description": "hills",
        "license": "CC0-1.0", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[null, null]]}},
    });
    Ok(server.collection(collection, items).start()?)
}

fn item(id: &str, geobox: &GeoBox) -> Result<Value, Box<dyn std::error::Error>> {
    let region = Region::from_geobox(geobox)?;
    let bounds = geobox.bounds();
    Ok(json!({
        "type": "Feature", "stac_version": "1.1.0", "id": id, "links": [],
        "stac_extensions": ["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        "geometry": region.to_geojson(),
        "properties": {"datetime": "2024-06-01T12:00:00Z", "proj:code": "EPSG:3413"},
        "assets": {"data": {
            "href": format!("{id}.tif"), "type": "image/tiff; application=geotiff",
            "proj:shape": [SIDE, SIDE],
            "proj:transform": [100.0, 0.0, bounds.min_x, 0.0, -100.0, bounds.max_y],
        }},
    }))
}
