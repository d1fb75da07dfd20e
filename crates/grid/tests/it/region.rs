//! Tests of the region against reference values and properties.

use proptest::prelude::*;
use serde_json::{Value, json};
use terracube_grid::{Bounds, Crs, Region, Transform};

fn polygon(ring: &[(f64, f64)]) -> Region {
    let ring: Vec<[f64; 2]> = ring.iter().map(|p| [p.0, p.1]).collect();
    Region::from_geojson(&json!({"type": "Polygon", "coordinates": [ring]})).unwrap()
}

fn rings(json: &Value) -> Vec<Vec<(f64, f64)>> {
    let polygons = match json["type"].as_str() {
        Some("Polygon") => vec![json["coordinates"].clone()],
        _ => json["coordinates"].as_array().unwrap().clone(),
    };
    let point = |p: &Value| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap());
    polygons.iter().map(|p| p[0].as_array().unwrap().iter().map(point).collect()).collect()
}

#[test]
fn a_plain_box() {
    let region = Region::from_bbox(10.0, 45.0, 12.0, 47.0).unwrap();
    assert_eq!(region.bbox_wgs84(), [Bounds::new(10.0, 45.0, 12.0, 47.0)]);
    assert!(
        region.contains(11.0, 46.0) && region.contains(371.0, 46.0) && !region.contains(13.0, 46.0)
    );
    assert_eq!(
        rings(&region.to_geojson()),
        [[(10.0, 45.0), (12.0, 45.0), (12.0, 47.0), (10.0, 47.0), (10.0, 45.0)]]
    );
    assert!(region.intersects_bounds(&Bounds::new(11.9, 46.9, 20.0, 50.0), &Crs::wgs84()).unwrap());
    assert!(
        !region.intersects_bounds(&Bounds::new(12.0, 45.0, 13.0, 47.0), &Crs::wgs84()).unwrap()
    );
    // A grid from 0 to 360 sees a western region too.
    let west = Region::from_bbox(-20.0, 0.0, -10.0, 5.0).unwrap();
    assert!(west.intersects_bounds(&Bounds::new(345.0, 1.0, 346.0, 2.0), &Crs::wgs84()).unwrap());
}

#[test]
fn across_the_antimeridian() {
    let fiji = Region::from_bbox(176.0, -20.0, -178.0, -12.0).unwrap();
    let both = [Bounds::new(176.0, -20.0, 180.0, -12.0), Bounds::new(-180.0, -20.0, -178.0, -12.0)];
    assert_eq!(fiji.bbox_wgs84(), both);
    let json = fiji.to_geojson();
    assert_eq!(json["type"], "MultiPolygon");
    // Read back from its two halves it is the same area.
    let again = Region::from_geojson(&json).unwrap();
    assert_eq!(again.bbox_wgs84(), both);
    // Unsplit rings, with a jump or running on, mean the same.
    for ring in [
        [(176.0, -20.0), (-178.0, -20.0), (-178.0, -12.0), (176.0, -12.0), (176.0, -20.0)],
        [(176.0, -20.0), (182.0, -20.0), (182.0, -12.0), (176.0, -12.0), (176.0, -20.0)],
    ] {
        assert_eq!(polygon(&ring).bbox_wgs84(), both);
    }
    let web = fiji.bounds_in(&Crs::epsg(3857).unwrap()).unwrap();
    assert_eq!(web.len(), 2);
    assert!(web[0].min_x < -2.0e7 && web[1].max_x > 2.0e7, "{web:?}");
    let utm = fiji.bounds_in(&Crs::epsg(32701).unwrap()).unwrap();
    assert_eq!(utm.len(), 1);
    assert!(utm[0].width() > 550_000.0 && utm[0].width() < 700_000.0, "{utm:?}");
}

#[test]
fn the_whole_earth() {
    let earth = Region::from_bbox(-180.0, -90.0, 180.0, 90.0).unwrap();
    assert_eq!(earth.bbox_wgs84(), [Bounds::new(-180.0, -90.0, 180.0, 90.0)]);
    assert_eq!(earth.to_geojson()["type"], "Polygon");
    let ring = [(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0), (-180.0, -90.0)];
    assert_eq!(polygon(&ring).bbox_wgs84(), earth.bbox_wgs84());
    for code in [
        "EPSG:3857",
        "EPSG:3413",
        "EPSG:3031",
        "EPSG:3035",
        "EPSG:32633",
        "ESRI:54009",
        "EPSG:6933",
        "EPSG:5070",
        "EPSG:2154",
        "+proj=sinu +R=6371007.181",
        "EPSG:27700",
        "EPSG:2193",
    ] {
        let crs = Crs::parse(code).unwrap();
        let projected = earth.project(&crs).unwrap();
        let place = Transform::new(&Crs::wgs84(), &crs).unwrap();
        let a = crs.area_of_use().unwrap_or(Bounds::new(-100.0, -60.0, 100.0, 60.0));
        for (u, v) in [(0.1, 0.2), (0.5, 0.5), (0.9, 0.8)] {
            let (x, y) = place.forward(a.min_x + u * a.width(), a.min_y + v * a.height()).unwrap();
            let patch = Bounds::new(x, y, x + 1000.0, y + 1000.0);
            assert!(projected.intersects(&patch), "{code} {patch:?}");
            assert!(
                projected.bounds().intersects(&patch),
                "{code} {patch:?} {:?}",
                projected.bounds()
            );
        }
    }
}

#[test]
fn around_a_pole() {
    let polar = Crs::epsg(3413).unwrap();
    let square = Region::in_crs(Bounds::new(-1e6, -1e6, 1e6, 1e6), &polar).unwrap();
    let bbox = square.bbox_wgs84();
    assert_eq!((bbox.len(), bbox[0].min_x, bbox[0].max_x, bbox[0].max_y), (1, -180.0, 180.0, 90.0));
    // pyproj: Transformer.from_crs(3413, 4326, always_xy=True).transform(1e6, 1e6) -> (90.0, 76.9988)
    assert!((bbox[0].min_y - 76.9988).abs() < 0.001, "{bbox:?}");
    assert!(
        square.contains(0.0, 90.0) && square.contains(123.0, 89.0) && !square.contains(0.0, 70.0)
    );
    let json = square.to_geojson();
    assert!(rings(&json).iter().flatten().all(|p| p.0.abs() <= 180.0 && p.1 <= 90.0));
    let back = Region::from_geojson(&json).unwrap().bounds_in(&polar).unwrap();
    assert_eq!(back.len(), 1);
    assert!((back[0].min_x + 1e6).abs() < 50.0 && (back[0].max_y - 1e6).abs() < 50.0, "{back:?}");
    // A GeoJSON ring around the pole, as footprints have it.
    let ring = [(0.0, 80.0), (90.0, 80.0), (180.0, 80.0), (-90.0, 80.0), (0.0, 80.0)];
    let cap = polygon(&ring);
    assert!(cap.contains(45.0, 85.0) && cap.contains(-45.0, 89.9) && !cap.contains(0.0, 75.0));
    let south =
        Region::in_crs(Bounds::new(-1e6, -1e6, 1e6, 1e6), &Crs::epsg(3031).unwrap()).unwrap();
    assert_eq!(south.bbox_wgs84()[0].min_y, -90.0);
    // Beside the pole it is not reached.
    let beside = Region::in_crs(Bounds::new(5e5, 5e5, 1e6, 1e6), &polar).unwrap();
    assert!(beside.bbox_wgs84()[0].max_y < 85.0);
}

#[test]
fn geojson_of_all_kinds() {
    let square = |x: f64| json!([[x, 0.0], [x + 1.0, 0.0], [x + 1.0, 1.0], [x, 1.0], [x, 0.0]]);
    let one = json!({"type": "Polygon", "coordinates": [square(0.0)]});
    let feature = json!({"type": "Feature", "properties": null, "geometry": one});
    let collection = json!({"type": "FeatureCollection", "features": [feature, {"type": "Feature", "geometry": null},
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[square(4.0)], [square(8.0)]]}}]});
    let region = Region::from_geojson(&collection).unwrap();
    assert_eq!(region.bbox_wgs84(), [Bounds::new(0.0, 0.0, 9.0, 1.0)]);
    assert!(region.contains(4.5, 0.5) && !region.contains(2.0, 0.5));
    let gathered = json!({"type": "GeometryCollection", "geometries": [one]});
    assert!(Region::from_geojson(&gathered).unwrap().contains(0.5, 0.5));
    for (bad, word) in [
        (json!({"type": "Point", "coordinates": [1.0, 2.0]}), "Point has no area"),
        (json!({"type": "Polygon"}), "without coordinates"),
        (json!({"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0]]]}), "fewer than three"),
        (
            json!({"type": "Polygon", "coordinates": [[["a", 0.0], [1.0, 0.0], [1.0, 1.0]]]}),
            "no position",
        ),
        (
            json!({"type": "Polygon", "coordinates": [[[0.0, 95.0], [1.0, 0.0], [1.0, 1.0], [0.0, 95.0]]]}),
            "no longitude",
        ),
        (json!({"type": "FeatureCollection", "features": []}), "no polygon"),
        (json!({"type": "Blob"}), "no GeoJSON type"),
        (json!([1, 2]), "no GeoJSON type"),
    ] {
        let error = Region::from_geojson(&bad).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(Region::from_geojson_str("{").unwrap_err().to_string().contains("not JSON"));
}

#[test]
fn holes_are_holes() {
    let outer = json!([[170.0, 0.0], [-170.0, 0.0], [-170.0, 20.0], [170.0, 20.0], [170.0, 0.0]]);
    let hole = json!([[-175.0, 5.0], [-175.0, 15.0], [-172.0, 15.0], [-172.0, 5.0], [-175.0, 5.0]]);
    let region =
        Region::from_geojson(&json!({"type": "Polygon", "coordinates": [outer, hole]})).unwrap();
    assert!(
        region.contains(-179.0, 10.0)
            && !region.contains(-173.0, 10.0)
            && region.contains(175.0, 10.0)
    );
    let projected = region.project(&Crs::epsg(32602).unwrap()).unwrap();
    let place = Transform::new(&Crs::wgs84(), &Crs::epsg(32602).unwrap()).unwrap();
    let (x, y) = place.forward(-173.5, 10.0).unwrap();
    assert!(!projected.intersects(&Bounds::new(x, y, x + 100.0, y + 100.0)));
    let (x, y) = place.forward(-171.0, 10.0).unwrap();
    assert!(projected.intersects(&Bounds::new(x, y, x + 100.0, y + 100.0)));
    let json = region.to_geojson();
    assert_eq!(Region::from_geojson(&json).unwrap().bbox_wgs84().len(), 2);
}

/// A strip narrower than any lattice is found in national grids and satellite views all the same.
#[test]
fn thin_strips_are_found() {
    let strip = polygon(&[(6.0, 46.5), (10.0, 47.0), (10.0, 47.001), (6.0, 46.501), (6.0, 46.5)]);
    for code in [
        "EPSG:2056",
        "EPSG:3035",
        "+proj=geos +h=35785831 +lon_0=0 +sweep=y +ellps=WGS84",
        "+proj=ortho +lat_0=40 +lon_0=5",
    ] {
        let crs = Crs::parse(code).unwrap();
        let projected = strip.project(&crs).unwrap();
        let (x, y) = Transform::new(&Crs::wgs84(), &crs).unwrap().forward(8.0, 46.7505).unwrap();
        assert!(projected.intersects(&Bounds::new(x - 2e4, y - 2e4, x + 2e4, y + 2e4)), "{code}");
        assert!(!projected.intersects(&Bounds::new(x - 2e4, y - 9e4, x + 2e4, y - 5e4)), "{code}");
    }
}

#[test]
fn overlapping_features_are_joined() {
    let square = |x: f64| json!([[[x, 0.0], [x + 2.0, 0.0], [x + 2.0, 2.0], [x, 2.0], [x, 0.0]]]);
    let both = json!({"type": "MultiPolygon", "coordinates": [square(0.0), square(1.0)]});
    let region = Region::from_geojson(&both).unwrap();
    assert!(region.contains(1.5, 1.0));
    let projected = region.project(&Crs::epsg(3857).unwrap()).unwrap();
    assert!(projected.contains(1.5 * 111_319.5, 111_319.5));
    assert!(projected.intersects(&Bounds::new(1.7e5, 1.1e5, 1.71e5, 1.11e5)));
}

/// A star of many corners: the picture of it must not change any answer.
#[test]
fn many_corners_give_the_same_answers() {
    let star: Vec<(f64, f64)> = (0..=3000)
        .map(|i| {
            let a = f64::from(i % 3000) / 3000.0 * std::f64::consts::TAU;
            let r = 10.0 + 2.0 * (a * 37.0).sin();
            (20.0 + r * a.cos(), 50.0 + r * a.sin())
        })
        .collect();
    let region = polygon(&star);
    let projected = region.project(&Crs::wgs84()).unwrap();
    let inside = |x: f64, y: f64| {
        let (dx, dy) = (x - 20.0, y - 50.0);
        dx.hypot(dy) - (10.0 + 2.0 * (dy.atan2(dx) * 37.0).sin())
    };
    let (mut hits, n) = (0, 120);
    for i in 0..n {
        for j in 0..n {
            let (x, y) = (
                7.0 + 26.0 * f64::from(i) / f64::from(n),
                37.0 + 26.0 * f64::from(j) / f64::from(n),
            );
            let d = inside(x, y);
            let patch = Bounds::new(x - 0.01, y - 0.01, x + 0.01, y + 0.01);
            let found = projected.intersects(&patch);
            hits += usize::from(found);
            // The star's edge is at most about eight times as steep as a circle's.
            assert!(d > 0.0 || d > -1e-3 || found, "({x}, {y}) {d}");
            assert!(d < 0.2 || !found, "({x}, {y}) {d}");
            assert_eq!(projected.contains(x, y), region.contains(x, y));
        }
    }
    assert!(hits > 6000, "{hits}");
}

#[test]
fn nonsense_is_refused() {
    for (w, s, e, n) in [
        (0.0, 1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0, 1.0),
        (0.0, -91.0, 1.0, 0.0),
        (-181.0, 0.0, 180.0, 1.0),
        (f64::NAN, 0.0, 1.0, 1.0),
    ] {
        assert!(Region::from_bbox(w, s, e, n).is_err(), "{w} {s} {e} {n}");
    }
    let far = Region::from_bbox(10.0, -50.0, 20.0, -40.0).unwrap();
    assert!(
        Region::in_crs(Bounds::new(5.0e7, 5.0e7, 6.0e7, 6.0e7), &Crs::parse("ESRI:54009").unwrap())
            .is_err()
    );
    assert!(
        !far.intersects_bounds(&Bounds::new(0.0, 0.0, 1e5, 1e5), &Crs::epsg(3413).unwrap())
            .unwrap_or(false)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// A patch that holds a point of the region is found; one far from it is not.
    #[test]
    fn patches_are_found(which in 0usize..9, lon in -180.0..180.0f64, lat in -75.0..80.0f64, w in 0.5..30.0f64, h in 0.5..10.0f64,
                         u in 0.01..0.99f64, v in 0.01..0.99f64) {
        let code = ["EPSG:3857", "EPSG:3413", "EPSG:3031", "EPSG:3035", "EPSG:6933", "ESRI:54009", "EPSG:4326", "+proj=sinu +R=6371007.181", "EPSG:5070"][which];
        let crs = Crs::parse(code).unwrap();
        let east = if lon + w > 180.0 { lon + w - 360.0 } else { lon + w };
        let north = (lat + h).min(89.0);
        let region = Region::from_bbox(lon, lat, east, north).unwrap();
        let inner = lon + u * w;
        let (plon, plat) = (if inner > 180.0 { inner - 360.0 } else { inner }, lat + v * (north - lat));
        let place = Transform::new(&Crs::wgs84(), &crs).unwrap();
        let Ok(projected) = region.project(&crs) else { return Ok(()) };
        // Far on the other side of the Earth is nobody's business.
        if let Some((x, y)) = place.forward(plon, plat).filter(|p| p.0.abs() < 2.1e7 && p.1.abs() < 2.1e7) {
            let half = if crs.is_geographic() { 1e-3 } else { 200.0 };
            let patch = Bounds::new(x - half, y - half, x + half, y + half);
            let opposite = (code == "EPSG:3413" && plat < -75.0) || (code == "EPSG:3031" && plat > 75.0);
            prop_assert!(projected.intersects(&patch) || opposite, "{} {} {:?}", plon, plat, patch);
        }
        let (alon, alat) = (if plon > 0.0 { plon - 180.0 } else { plon + 180.0 }, -plat);
        if plat.abs() > 20.0
            && let Some((x, y)) = place.forward(alon, alat).filter(|p| p.0.abs() < 1e7 && p.1.abs() < 1e7) {
                let half = if crs.is_geographic() { 1e-3 } else { 200.0 };
                let patch = Bounds::new(x - half, y - half, x + half, y + half);
                prop_assert!(!projected.intersects(&patch), "{} {} {:?}", alon, alat, patch);
            }
        let boxes = region.bbox_wgs84();
        prop_assert!(boxes.iter().any(|b| b.contains_point(plon, plat)), "{:?}", boxes);
        let again = Region::from_geojson(&region.to_geojson()).unwrap();
        prop_assert!(again.contains(plon, plat));
    }
}
