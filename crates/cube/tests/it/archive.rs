//! A small archive served over loopback: COGs made here and the STAC items that describe them.

use serde_json::{Value, json};
use terracube_grid::{Affine, Crs, GeoBox};
use terracube_raster::{GeoTiff, GeoTiffBand, Pixels, Raster};
use terracube_source::{Access, Registry, Source, StacApi};
use terracube_testbed::Server;

/// One granule of the archive.
pub(crate) struct Scene {
    pub(crate) id: &'static str,
    pub(crate) datetime: &'static str,
    pub(crate) geobox: GeoBox,
    pub(crate) pixels: Pixels,
    pub(crate) nodata: Option<f64>,
}

/// A grid in UTM 33N with 10 m pixels, whose upper-left corner lies so many pixels right and down
/// of (500000, 5000000).
pub(crate) fn utm(col: i32, row: i32, width: usize, height: usize) -> GeoBox {
    let affine = Affine {
        a: 10.0,
        b: 0.0,
        c: 500_000.0 + 10.0 * f64::from(col),
        d: 0.0,
        e: -10.0,
        f: 5_000_000.0 - 10.0 * f64::from(row),
    };
    GeoBox::new(Crs::epsg(32633).expect("UTM 33N"), affine, width, height).expect("a grid")
}

/// Pixels that say where they lie: column + 1000 × row of the grid of [`utm`].
pub(crate) fn places(geobox: &GeoBox) -> Pixels {
    let col0 = ((geobox.affine.c - 500_000.0) / 10.0).round();
    let row0 = ((5_000_000.0 - geobox.affine.f) / 10.0).round();
    let (w, h) = (geobox.width, geobox.height);
    let value = |i: usize| (col0 + (i % w) as f64 + 1000.0 * (row0 + (i / w) as f64)) as f32;
    Pixels::F32((0..w * h).map(value).collect())
}

/// Serves scenes as collection `scenes` with one asset `dem` each.
pub(crate) fn serve(scenes: &[Scene]) -> Server {
    let mut builder = Server::builder();
    let mut items = Vec::new();
    for scene in scenes {
        let path = format!("{}.tif", scene.id);
        builder = builder.bytes(&format!("scenes/{path}"), geotiff(scene));
        items.push(item(scene, &path));
    }
    let collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "id": "scenes", "license": "CC0-1.0",
        "description": "scenes of a test", "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                   "temporal": {"interval": [["2000-01-01T00:00:00Z", null]]}},
    });
    builder.collection(collection, items).start().expect("the server starts")
}

/// The STAC API of a server as a source, with the access to reach it.
pub(crate) fn source(server: &Server) -> (std::sync::Arc<dyn Source>, Access) {
    let config = json!({"url": server.stac_url()});
    let source = Registry::empty()
        .with::<StacApi>()
        .connect("stac-api", config)
        .expect("the connector exists");
    (source, Access::new().expect("an access"))
}

fn geotiff(scene: &Scene) -> Vec<u8> {
    let GeoBox { width, height, .. } = scene.geobox;
    let mut raster = Raster::new(width, height, scene.pixels.clone()).expect("shapes agree");
    let mut file = GeoTiff::new(scene.geobox.clone());
    if let Some(nodata) = scene.nodata {
        raster.invalidate(nodata);
        file = file.nodata(nodata);
    }
    file.band(GeoTiffBand::new(raster)).to_bytes().expect("a file")
}

fn item(scene: &Scene, href: &str) -> Value {
    let bounds = terracube_grid::Region::from_geobox(&scene.geobox).expect("it has a place");
    let bbox = bounds.bbox_wgs84()[0];
    let t = scene.geobox.affine;
    json!({
        "type": "Feature", "stac_version": "1.1.0", "id": scene.id, "collection": "scenes",
        "geometry": bounds.to_geojson(), "links": [],
        "bbox": [bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y],
        "properties": {
            "datetime": scene.datetime, "proj:code": "EPSG:32633",
            "proj:shape": [scene.geobox.height, scene.geobox.width],
            "proj:transform": [t.a, t.b, t.c, t.d, t.e, t.f],
        },
        "assets": {"dem": {"href": href, "type": "image/tiff; application=geotiff"}},
    })
}
