//! Tests of the transforms that PROJ does, which take what grids there are on this machine.

use terracube_grid::{Crs, Error, Transform};

/// Written by `make_by_proj_reference.py`, which says how.
const REFERENCE: &str = include_str!("data/by_proj.tsv");
const DHDN: &str = "+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0 +ellps=bessel \
                    +nadgrids=BETA2007.gsb +units=m";
/// A grid that is not distributed.
const NOWHERE: &str = "terracube_there_is_no_such_grid.gsb";

fn crs(text: &str) -> Crs {
    Crs::parse(text).unwrap()
}

/// The transform, unless this machine has not its grid.
fn transform(src: &Crs, dst: &Crs) -> Option<Transform> {
    match Transform::new(src, dst) {
        Ok(made) => Some(made),
        Err(Error::DatumGrid { grid, .. }) => {
            println!("skipped: {src} to {dst}: there is no {grid}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

fn metres(crs: &Crs, a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1) * crs.metres_per_unit()
}

#[test]
fn grids_and_projections_are_projs() {
    for line in REFERENCE.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [src, dst] = [crs(fields[0]), crs(fields[1])];
        let [x, y, a, b] = [2, 3, 4, 5].map(|i| fields[i].parse::<f64>().unwrap());
        let Some(made) = transform(&src, &dst) else { continue };
        assert!(made.by_proj().is_some(), "{line}");
        let off = metres(&dst, made.forward(x, y).unwrap(), (a, b));
        assert!(off < 1e-4, "{line}: {off} m");
        // A Helmert there and back is not the same place, in PROJ neither: heights are lost.
        let off = metres(&src, made.inverse(a, b).unwrap(), (x, y));
        assert!(off < 1e-2, "{line}: {off} m back");
        let turned = made.reversed();
        assert_eq!(turned.forward(a, b), made.inverse(a, b), "{line}");
        assert_eq!(turned.inverse(x, y), made.forward(x, y), "{line}");
    }
}

#[test]
fn what_is_computed_here_is_not_left_to_proj() {
    for code in ["EPSG:31467", "EPSG:27572", "EPSG:21781", "EPSG:32633", "EPSG:3857"] {
        let made = Transform::new(&Crs::wgs84(), &crs(code)).unwrap();
        assert!(made.by_proj().is_none(), "{code}");
    }
}

#[test]
fn the_reason_is_the_error_of_a_build_without_it() {
    let made = Transform::new(&Crs::wgs84(), &crs("ESRI:54042")).unwrap();
    let Some(Error::UnsupportedProjection { projection, .. }) = made.by_proj() else {
        panic!("{:?}", made.by_proj())
    };
    assert_eq!(projection, "wintri");
    assert!(format!("{made:?}").contains("Proj"), "{made:?}");
}

#[test]
fn a_grid_that_is_not_there_is_refused_by_name() {
    let lonlat = format!("+proj=longlat +ellps=bessel +nadgrids={NOWHERE}");
    let optional = format!("+proj=longlat +ellps=bessel +nadgrids=@{NOWHERE}");
    let second = format!("+proj=longlat +ellps=bessel +nadgrids=BETA2007.gsb,{NOWHERE}");
    for text in [&lonlat, &optional, &second] {
        for (src, dst) in [(Crs::wgs84(), crs(text)), (crs(text), Crs::wgs84())] {
            let error = Transform::new(&src, &dst).unwrap_err();
            assert!(matches!(error, Error::DatumGrid { .. }), "{text}: {error}");
            let said = error.to_string();
            if text != &second {
                assert!(said.contains(NOWHERE), "{said}");
            }
            assert!(said.contains("PROJ_NETWORK") && said.contains("proj-data"), "{said}");
        }
    }
    // Within one datum, and from a CRS to itself, none is needed.
    let [a, b] = [crs(&lonlat), crs("EPSG:4267")];
    assert!(Transform::new(&a, &a).unwrap().is_identity());
    assert!(Transform::new(&b, &crs("EPSG:26717")).unwrap().by_proj().is_none());
}

/// Without its grids PROJ itself shifts Ohio by a Helmert for Cuba, and says nothing.
#[test]
fn a_crs_chooses_no_file_but_a_grid_and_no_address() {
    for text in [
        "+proj=hgridshift +grids=BETA2007.gsb +ellps=bessel",
        "+proj=defmodel +model=/etc/hostname +ellps=GRS80",
        "+proj=helmert +x=1 +ellps=GRS80",
        "+proj=there_is_none +ellps=GRS80",
    ] {
        let error = Transform::new(&Crs::wgs84(), &crs(text)).unwrap_err();
        assert!(matches!(error, Error::UnsupportedProjection { .. }), "{text}: {error}");
    }
    let text = "+proj=longlat +ellps=bessel +nadgrids=https://example.com/BETA2007.gsb";
    let error = Transform::new(&Crs::wgs84(), &crs(text)).unwrap_err();
    assert!(matches!(error, Error::DatumGrid { .. }), "{error}");
}

#[test]
fn no_shift_is_taken_from_elsewhere() {
    let Err(error) = Transform::new(&Crs::wgs84(), &crs("EPSG:32017")) else {
        println!("skipped: the grids of North American Datum 1927 are on this machine");
        return;
    };
    let text = error.to_string();
    assert!(matches!(error, Error::DatumGrid { .. }), "{text}");
    assert!(text.contains("North American Datum 1927") && text.contains(".tif"), "{text}");
}

#[test]
fn a_datum_with_gaps_works_where_the_other_side_has_none() {
    let error = Transform::new(&crs("EPSG:4230"), &Crs::wgs84()).unwrap_err().to_string();
    assert!(error.contains("European Datum 1950") && error.contains("of the region"), "{error}");
    let Some(made) = transform(&crs("EPSG:4230"), &crs("EPSG:25830")) else { return };
    // pyproj 3.8.0: Transformer.from_crs(4230, 25830, always_xy=True).transform(-3.7, 40.4); unshifted it
    // is 171 m away, and Spain's shifts differ by their accuracy.
    let (x, y) = made.forward(-3.7, 40.4).unwrap();
    let off = (x - 440_486.284).hypot(y - 4_472_259.810);
    assert!(off < 3.0, "{off}");
}

#[test]
fn a_grid_of_which_some_are_optional_does_what_it_can() {
    let text = DHDN.replace("BETA2007.gsb", &format!("@{NOWHERE},BETA2007.gsb"));
    let Some(made) = transform(&Crs::epsg(25832).unwrap(), &crs(&text)) else { return };
    let plain = Transform::new(&Crs::epsg(25832).unwrap(), &crs(DHDN)).unwrap();
    assert_eq!(made.forward(550_000.0, 5_800_000.0), plain.forward(550_000.0, 5_800_000.0));
}

#[test]
fn beyond_a_grid_there_is_nothing() {
    let Some(made) = transform(&Crs::wgs84(), &crs(DHDN)) else { return };
    assert_eq!(made.forward(-30.0, 50.0), None);
    assert_eq!(made.forward(9.0, 91.0), None);
    assert_eq!(made.forward(f64::NAN, 50.0), None);
    assert_eq!(made.inverse(f64::INFINITY, 5.8e6), None);
    let (mut xs, mut ys) = ([9.7, 100.0], [52.4, 52.4]);
    made.forward_slices(&mut xs, &mut ys);
    assert!(xs[0] > 3.5e6 && xs[1].is_nan() && ys[1].is_nan(), "{xs:?} {ys:?}");
}

#[test]
fn wkt_and_projjson_say_which_grid_as_well() {
    let wkt = r#"PROJCS["DHDN by its grid",GEOGCS["unknown",DATUM["unknown",SPHEROID["Bessel 1841",
        6377397.155,299.1528128]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],
        PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],
        PARAMETER["central_meridian",9],PARAMETER["scale_factor",1],PARAMETER["false_easting",3500000],
        PARAMETER["false_northing",0],UNIT["metre",1],EXTENSION["PROJ4","+proj=tmerc +lat_0=0 +lon_0=9
        +k=1 +x_0=3500000 +y_0=0 +ellps=bessel +nadgrids=BETA2007.gsb +units=m"]]"#;
    // By the code of the geographic CRS under it.
    let json = serde_json::json!({
        "type": "ProjectedCRS", "name": "RD/83 without a code of its own",
        "base_crs": {"name": "RD/83", "id": {"authority": "EPSG", "code": 4745}, "datum": {
            "type": "GeodeticReferenceFrame", "name": "Rauenberg Datum/83",
            "ellipsoid": {"name": "Bessel 1841", "semi_major_axis": 6_377_397.155,
                "inverse_flattening": 299.152_812_8}}},
        "conversion": {"name": "zone 4", "method": {"name": "Transverse Mercator",
            "id": {"authority": "EPSG", "code": 9807}}, "parameters": [
            {"name": "Latitude of natural origin", "value": 0, "unit": "degree",
                "id": {"authority": "EPSG", "code": 8801}},
            {"name": "Longitude of natural origin", "value": 12, "unit": "degree",
                "id": {"authority": "EPSG", "code": 8802}},
            {"name": "Scale factor at natural origin", "value": 1, "unit": "unity",
                "id": {"authority": "EPSG", "code": 8805}},
            {"name": "False easting", "value": 4_500_000, "unit": "metre",
                "id": {"authority": "EPSG", "code": 8806}},
            {"name": "False northing", "value": 0, "unit": "metre",
                "id": {"authority": "EPSG", "code": 8807}}]},
        "coordinate_system": {"subtype": "Cartesian", "axis": [
            {"name": "Easting", "abbreviation": "E", "direction": "east", "unit": "metre"},
            {"name": "Northing", "abbreviation": "N", "direction": "north", "unit": "metre"}]}
    });
    let texts = [
        (crs(wkt), crs(DHDN), (9.7, 52.4)),
        (crs(&json.to_string()), crs("EPSG:3398"), (13.7, 51.05)),
    ];
    for (read, plain, (lon, lat)) in texts {
        let Some(made) = transform(&Crs::wgs84(), &read) else { continue };
        let plain = Transform::new(&Crs::wgs84(), &plain).unwrap();
        let (a, b) = (made.forward(lon, lat).unwrap(), plain.forward(lon, lat).unwrap());
        assert!(metres(&read, a, b) < 1e-6, "{read}: {a:?} {b:?}");
    }
}

/// Written by `make_rare_texts.py`, which says how.
#[test]
fn texts_without_codes_have_the_coordinates_of_the_code() {
    // Without a datum, so that only the projection counts.
    let base = crs("+proj=longlat +ellps=WGS84");
    for line in include_str!("data/rare_texts.tsv").lines() {
        let (code, text) = line.split_once('\t').unwrap();
        let [read, plain] = [crs(text), crs(code)];
        let area = plain.area_of_use().unwrap();
        let (lon, lat) = (area.min_x * 0.6 + area.max_x * 0.4, area.min_y * 0.6 + area.max_y * 0.4);
        let made = Transform::new(&base, &read).unwrap();
        let expected = Transform::new(&base, &plain).unwrap().forward(lon, lat).unwrap();
        assert!(made.by_proj().is_some(), "{text}");
        let off = metres(&plain, made.forward(lon, lat).unwrap(), expected);
        assert!(off < 1e-3, "{code}: {off} m\n{text}");
    }
}

#[test]
fn threads_that_share_a_transform_get_the_same_values() {
    let projected = Transform::new(&Crs::wgs84(), &crs("ESRI:54042")).unwrap();
    let mut all = vec![(projected, (0.0, 0.0))];
    all.extend(transform(&Crs::wgs84(), &crs(DHDN)).map(|made| (made, (9.0, 51.0))));
    let place =
        |(lon, lat): (f64, f64), i: usize| (lon + 0.001 * i as f64, lat - 0.0007 * i as f64);
    for (made, at) in all {
        let there: Vec<_> =
            (0..1000).map(|i| made.forward(place(at, i).0, place(at, i).1)).collect();
        let back: Vec<_> = there.iter().map(|p| p.and_then(|(x, y)| made.inverse(x, y))).collect();
        assert!(there.iter().chain(&back).all(Option::is_some));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let made = made.clone();
                let (there, back) = (&there, &back);
                scope.spawn(move || {
                    for i in 0..1000 {
                        let (lon, lat) = place(at, i);
                        assert_eq!(made.forward(lon, lat), there[i]);
                        assert_eq!(there[i].and_then(|(x, y)| made.inverse(x, y)), back[i]);
                    }
                });
            }
        });
    }
}
