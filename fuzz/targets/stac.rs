//! A JSON document where STAC is expected: item, page, landing page, catalogue or geometry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use terracube_grid::Region;
use terracube_source::{Granule, fuzzing};

fuzz_target!(|data: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let features = document["features"].as_array();
    for item in features.into_iter().flatten().chain([&document]).take(8) {
        read(item);
    }
    fuzzing::stac_links(&document);
});

fn read(item: &Value) {
    let Ok(granule) = Granule::from_stac(item, "https://data.example/items/a.json") else { return };
    assert!(!granule.id.is_empty());
    for (name, asset) in &granule.assets {
        assert!(granule.asset(name).is_ok());
        if let Some(geobox) = &asset.geobox {
            let _ = (geobox.bounds(), Region::from_geobox(geobox));
        }
    }
    if let Some(Ok(region)) = granule.geometry.as_ref().map(Region::from_geojson) {
        let again = Region::from_geojson(&region.to_geojson());
        assert!(again.is_ok(), "what was written is not read: {again:?}");
        assert!(region.bbox_wgs84().iter().all(|bounds| bounds.min_y <= bounds.max_y));
    }
    // A granule is kept as JSON with the cube.
    assert!(serde_json::to_value(&granule).is_ok());
}
