//! Tests of the transform against reference values and properties.

use proptest::prelude::*;
#[cfg(not(feature = "gdal"))]
use terracube_grid::Error;
use terracube_grid::{Crs, Transform};

const POINTS: &str = include_str!("data/points.tsv");

/// PROJ's coordinates from EPSG:4326 (from their own geographic CRS for 3411 and 3412).
#[test]
fn agrees_with_proj() {
    let mut last = (String::new(), None);
    for line in POINTS.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [code, rest @ ..] = &fields[..] else { panic!("{line}") };
        let [lon, lat, x, y] =
            rest.iter().map(|f| f.parse::<f64>().unwrap()).collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        if last.0 != *code {
            let crs = Crs::parse(code).unwrap();
            last = ((*code).to_owned(), Some(Transform::new(&Crs::wgs84(), &crs).unwrap()));
        }
        let transform = last.1.as_ref().unwrap();
        if !x.is_finite() {
            assert_eq!(transform.forward(lon, lat), None, "{line}");
            continue;
        }
        let (a, b) = transform.forward(lon, lat).unwrap_or_else(|| panic!("{line}"));
        // Where PROJ takes a shift grid or a regional shift of its own choice metres are all one can ask.
        let shifted =
            ["EPSG:27700", "EPSG:31467", "EPSG:2056", "EPSG:4807", "EPSG:5514"].contains(code);
        let metre = transform.dst().metres_per_unit();
        let off = (a - x).hypot(b - y) * metre;
        assert!(off < if shifted { 3.0 } else { 1e-5 }, "{line}: {off} m");
        let (c, d) = transform.inverse(x, y).unwrap_or_else(|| panic!("{line}"));
        let off = ((c - lon) * lat.to_radians().cos()).hypot(d - lat) * 111_320.0;
        assert!(off < if shifted { 3.0 } else { 1e-5 }, "{line}: {off} m back");
    }
}

#[test]
fn mollweide_is_right_at_the_poles() {
    let moll = Transform::new(&Crs::wgs84(), &Crs::esri(54009).unwrap()).unwrap();
    let top = std::f64::consts::SQRT_2 * 6_378_137.0;
    for (lon, lat, x, y) in [
        (0.0, 90.0, 0.0, top),
        (120.0, -90.0, 0.0, -top),
        // pyproj 3.8.0: Transformer.from_crs(4326, "ESRI:54009", always_xy=True).transform(45, 89.999)
        (45.0, 89.999, 3_204.970_967, 9_020_045.570_516),
        (45.0, 89.9, 69_047.387_930, 9_018_990.687_123),
    ] {
        let (a, b) = moll.forward(lon, lat).unwrap();
        assert!((a - x).abs() < 1e-2 && (b - y).abs() < 1e-2, "{lon} {lat}: {a} {b}");
    }
}

#[test]
fn outside_the_domain_is_none() {
    let polar = Transform::new(&Crs::wgs84(), &Crs::epsg(3413).unwrap()).unwrap();
    assert_eq!(polar.forward(0.0, -90.0), None);
    assert_eq!(polar.forward(0.0, 91.0), None);
    assert_eq!(polar.forward(f64::NAN, 80.0), None);
    let web = Transform::new(&Crs::wgs84(), &Crs::epsg(3857).unwrap()).unwrap();
    assert_eq!(web.forward(0.0, 90.0), None);
    assert!(web.forward(180.0, 85.06).unwrap().0 > 2.0e7);
    let disk = Crs::parse("+proj=geos +h=35785831 +lon_0=0 +sweep=y +ellps=WGS84").unwrap();
    let disk = Transform::new(&Crs::wgs84(), &disk).unwrap();
    assert_eq!(disk.forward(170.0, 0.0), None);
    assert_eq!(disk.inverse(5.4e6, 5.4e6), None);
    let (mut xs, mut ys) = (vec![0.0, 0.0], vec![91.0, 60.0]);
    polar.forward_slices(&mut xs, &mut ys);
    assert!(xs[0].is_nan() && ys[1] < 0.0);
}

#[test]
fn identity_is_noticed() {
    let a = Crs::epsg(32633).unwrap();
    let b = Crs::parse("+proj=utm +zone=33 +datum=WGS84").unwrap();
    let same = Transform::new(&a, &b).unwrap();
    assert!(same.is_identity());
    assert_eq!(same.forward(1.5, 2.5), Some((1.5, 2.5)));
    assert!(!Transform::new(&Crs::wgs84(), &a).unwrap().is_identity());
}

#[cfg(not(feature = "gdal"))]
#[test]
fn a_needed_grid_is_refused_by_name() {
    let error = Transform::new(&Crs::wgs84(), &Crs::epsg(26717).unwrap()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::DatumGrid { .. }), "{text}");
    assert!(text.contains("North American Datum 1927") && text.contains(".tif"), "{text}");
    assert!(text.contains("feature `gdal`"), "{text}");
    // Within one datum none is needed.
    let own = Transform::new(&Crs::epsg(4267).unwrap(), &Crs::epsg(26717).unwrap()).unwrap();
    assert!(own.forward(-81.0, 40.0).is_some());
}

#[cfg(not(feature = "gdal"))]
#[test]
fn an_unsupported_projection_is_named() {
    let error = Transform::new(&Crs::wgs84(), &Crs::esri(54042).unwrap()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("wintri") && text.contains("laea"), "{text}");
    assert!(text.contains("feature `gdal`"), "{text}");
}

proptest! {
    #[test]
    fn back_and_forth(lon in -179.9..179.9f64, lat in -84.0..84.0f64) {
        for code in ["EPSG:3857", "ESRI:54009", "ESRI:54008", "EPSG:6933", "EPSG:8857", "EPSG:4087", "ESRI:54030"] {
            let transform = Transform::new(&Crs::wgs84(), &Crs::parse(code).unwrap()).unwrap();
            let (x, y) = transform.forward(lon, lat).unwrap();
            let (a, b) = transform.inverse(x, y).unwrap();
            prop_assert!((a - lon).abs() < 1e-8 && (b - lat).abs() < 1e-8, "{} {} {}", code, a - lon, b - lat);
            prop_assert_eq!(transform.reversed().forward(x, y), Some((a, b)));
        }
    }
}
