//! Granules of several assets, served over loopback: COGs made here and the items that describe them.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use terracube_cube::{Cube, LoadOptions, Loaded, Report, Request, Schema};
use terracube_grid::{GeoBox, Region};
use terracube_raster::{GeoTiff, GeoTiffBand, Pixels, Raster};
use terracube_store::{Memory, Unversioned};
use terracube_testbed::Server;

use crate::archive::source;

/// One granule.
pub(crate) struct Shot {
    pub(crate) id: String,
    pub(crate) datetime: &'static str,
    pub(crate) layers: Vec<Layer>,
    pub(crate) properties: Value,
}

/// One asset of a granule.
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    pub(crate) geobox: GeoBox,
    pub(crate) pixels: Pixels,
    pub(crate) nodata: Option<f64>,
    /// What the item says of it.
    pub(crate) says: Value,
}

impl Shot {
    pub(crate) fn new(id: &str, datetime: &'static str) -> Self {
        Self { id: id.to_owned(), datetime, layers: Vec::new(), properties: json!({}) }
    }

    pub(crate) fn says(mut self, properties: Value) -> Self {
        self.properties = properties;
        self
    }

    pub(crate) fn layer(
        self,
        name: &'static str,
        geobox: &GeoBox,
        nodata: Option<f64>,
        pixels: Pixels,
    ) -> Self {
        self.layer_that_says(name, geobox, nodata, pixels, json!({}))
    }

    pub(crate) fn layer_that_says(
        mut self,
        name: &'static str,
        geobox: &GeoBox,
        nodata: Option<f64>,
        pixels: Pixels,
        says: Value,
    ) -> Self {
        let geobox = geobox.clone();
        self.layers.push(Layer { name, geobox, pixels, nodata, says });
        self
    }
}

/// Pixels by column and row.
pub(crate) fn u16s(geobox: &GeoBox, value: impl Fn(usize, usize) -> u16) -> Pixels {
    let n = geobox.width * geobox.height;
    Pixels::U16((0..n).map(|i| value(i % geobox.width, i / geobox.width)).collect())
}

/// Pixels by column and row.
pub(crate) fn u8s(geobox: &GeoBox, value: impl Fn(usize, usize) -> u8) -> Pixels {
    let n = geobox.width * geobox.height;
    Pixels::U8((0..n).map(|i| value(i % geobox.width, i / geobox.width)).collect())
}

/// Serves granules as collection `shots`.
pub(crate) fn serve(shots: &[Shot]) -> Server {
    let mut builder = Server::builder();
    let mut items = Vec::new();
    for shot in shots {
        for layer in &shot.layers {
            let path = format!("shots/{}_{}.tif", shot.id, layer.name);
            builder = builder.bytes(&path, geotiff(layer));
        }
        items.push(item(shot));
    }
    let collection = json!({
        "type": "Collection", "stac_version": "1.0.0", "id": "shots", "license": "CC0-1.0",
        "description": "granules of a test", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2000-01-01T00:00:00Z", null]]}},
    });
    builder.collection(collection, items).start().expect("the server starts")
}

/// An empty cube over the granules of a server.
pub(crate) async fn cube(schema: &Schema, server: &Server) -> Cube {
    let (source, access) = source(server);
    let repository = Arc::new(Unversioned::new(Memory::new()));
    let created = Cube::create(repository, schema).await.expect("the cube is created");
    created.with_source(source, access)
}

/// A cube filled whole, and its pixels.
pub(crate) async fn filled(schema: &Schema, server: &Server) -> (Cube, Report, Loaded) {
    let cube = cube(schema, server).await;
    let plan = cube.plan(&Request::all()).await.expect("it plans");
    let report = cube.fill(plan).await.expect("it fills");
    let options = LoadOptions { fill: None, ..LoadOptions::default() };
    let loaded = cube.load(&Request::all(), &options).await.expect("it loads");
    (cube, report, loaded)
}

fn geotiff(layer: &Layer) -> Vec<u8> {
    let GeoBox { width, height, .. } = layer.geobox;
    let mut raster = Raster::new(width, height, layer.pixels.clone()).expect("shapes agree");
    let mut file = GeoTiff::new(layer.geobox.clone());
    if let Some(nodata) = layer.nodata {
        raster.invalidate(nodata);
        file = file.nodata(nodata);
    }
    file.band(GeoTiffBand::new(raster)).to_bytes().expect("a file")
}

fn item(shot: &Shot) -> Value {
    let region = Region::from_geobox(&shot.layers[0].geobox).expect("it has a place");
    let boxes = region.bbox_wgs84();
    let (first, last) = (&boxes[0], &boxes[boxes.len() - 1]);
    let mut properties = json!({"datetime": shot.datetime});
    extend(&mut properties, &shot.properties);
    let assets: Map<String, Value> = shot.layers.iter().map(|l| asset(&shot.id, l)).collect();
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": shot.id, "collection": "shots",
        "geometry": region.to_geojson(), "links": [],
        "bbox": [first.min_x, first.min_y, last.max_x, last.max_y],
        "properties": properties, "assets": assets,
    })
}

fn asset(id: &str, layer: &Layer) -> (String, Value) {
    let t = layer.geobox.affine;
    let code = layer.geobox.crs.authority().map(|(a, c)| format!("{a}:{c}"));
    let mut says = json!({
        "href": format!("{id}_{}.tif", layer.name), "type": "image/tiff; application=geotiff",
        "proj:code": code, "proj:shape": [layer.geobox.height, layer.geobox.width],
        "proj:transform": [t.a, t.b, t.c, t.d, t.e, t.f],
    });
    extend(&mut says, &layer.says);
    (layer.name.to_owned(), says)
}

fn extend(all: &mut Value, more: &Value) {
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
}
