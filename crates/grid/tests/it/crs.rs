//! Tests of the CRS against reference values and properties.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use terracube_grid::{Crs, Error, Transform};

const TEXTS: &str = include_str!("data/texts.tsv");
const CF: &str = include_str!("data/cf.json");
const MODIS: &str = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs +type=crs";

#[test]
fn every_form_of_a_code_is_the_same() {
    let utm = Crs::epsg(32633).unwrap();
    for text in [
        "EPSG:32633",
        "epsg:32633",
        "32633",
        "urn:ogc:def:crs:EPSG::32633",
        "urn:ogc:def:crs:EPSG:9.8.1:32633",
        "http://www.opengis.net/def/crs/EPSG/0/32633",
        "https://www.opengis.net/def/crs/EPSG/0/32633",
        "http://www.opengis.net/gml/srs/epsg.xml#32633",
        "+init=epsg:32633",
        "EPSG:32633+5773",
        &utm.wkt2().unwrap(),
    ] {
        assert_eq!(Crs::parse(text).unwrap(), utm, "{text}");
    }
    assert_eq!(utm.to_string(), "EPSG:32633");
    assert_eq!(utm.proj4(), "+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs +type=crs");
    assert_eq!(utm.authority(), Some(("EPSG", 32633)));
    assert_eq!((utm.unit_name(), utm.metres_per_unit()), ("metre", 1.0));
    let area = utm.area_of_use().unwrap();
    assert_eq!((area.min_x, area.min_y, area.max_x, area.max_y), (12.0, 0.0, 18.0, 84.0));
}

#[test]
fn wgs84_is_the_tables_4326() {
    let table = Crs::parse("EPSG:4326").unwrap();
    let made = Crs::wgs84();
    assert_eq!(made, table);
    assert_eq!((made.name(), made.proj4()), (table.name(), table.proj4()));
    assert_eq!(made.area_of_use(), table.area_of_use());
    assert_eq!(made.wkt2(), table.wkt2());
    assert!(made.is_northing_first() && table.is_northing_first());
    assert!(made.is_geographic() && made.unit_name() == table.unit_name());
    assert!((made.metres_per_unit() - 111_319.490_793).abs() < 1e-5);
    assert_eq!(Crs::parse("OGC:CRS84").unwrap(), made);
}

#[test]
fn unknown_codes_say_so() {
    let error = Crs::epsg(99999).unwrap_err();
    assert!(matches!(error, Error::UnknownCrs { .. }));
    assert!(error.to_string().contains("EPSG:99999"), "{error}");
    assert!(Crs::parse("IAU:30100").unwrap_err().to_string().contains("only EPSG and ESRI"));
    for text in [
        "",
        "hello",
        "+lat_0=3",
        "+proj=utm +zone=33 +ellps=nonsense",
        "PROJCRS[\"x\"",
        "{\"a\":",
        "{}",
    ] {
        assert!(matches!(Crs::parse(text), Err(Error::BadCrs { .. })), "{text}");
    }
}

#[test]
fn table_is_whole() {
    let epsg = Crs::epsg_codes();
    assert!(epsg.len() > 6_300, "{}", epsg.len());
    assert!(epsg.is_sorted());
    let esri = Crs::esri_codes();
    assert!([54009, 54030, 54052, 102_001, 102_008].iter().all(|c| esri.contains(c)));
    for code in epsg.iter().step_by(97) {
        let crs = Crs::epsg(*code).unwrap();
        assert!(!crs.name().is_empty() && crs.proj4().contains("+proj="), "{code}");
        let wkt = crs.wkt2().unwrap();
        assert!(wkt.contains(&format!("ID[\"EPSG\",{code}]")), "{code}: {wkt}");
        assert_eq!(Crs::parse(&wkt).unwrap(), crs);
    }
}

/// Texts whose codes were taken out must mean the same as the code.
#[test]
fn texts_without_codes_mean_what_the_code_means() {
    let mut refused = Vec::new();
    let mut seen = 0;
    for line in TEXTS.lines() {
        let [code, form, text] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let expected = Crs::parse(code).unwrap();
        let crs = match Crs::parse(text) {
            Ok(crs) => crs,
            Err(error) => {
                refused.push(format!("{code} {form}: {error}"));
                continue;
            }
        };
        seen += 1;
        assert_eq!(crs.epsg_code(), None, "{code} {form}");
        assert_eq!(crs.is_geographic(), expected.is_geographic(), "{code} {form}");
        let area = expected.area_of_use().map_or((3.0, 40.0), |a| {
            let east = if a.max_x < a.min_x { a.max_x + 360.0 } else { a.max_x };
            (a.min_x + 0.4 * (east - a.min_x), a.min_y + 0.6 * a.height())
        });
        // Both from the same geographic CRS without a datum, so that only the projection counts.
        let base = Crs::from_proj4("+proj=longlat +ellps=WGS84").unwrap();
        let a = Transform::new(&base, &expected).unwrap().forward(area.0, area.1).unwrap();
        let b = Transform::new(&base, &crs).unwrap().forward(area.0, area.1).unwrap();
        let off = (a.0 - b.0).hypot(a.1 - b.1);
        assert!(off < 1e-4, "{code} {form}: {off}\n{}\n{}", expected.proj4(), crs.proj4());
        let again = Crs::parse(&String::from(crs.clone())).unwrap();
        assert_eq!(again, crs, "{code} {form}");
    }
    assert!(seen > 140, "{seen}");
    assert!(refused.len() <= 4, "{refused:#?}");
}

#[test]
fn cf_attributes_are_pyprojs() {
    let reference: serde_json::Map<String, Value> = serde_json::from_str(CF).unwrap();
    let mut seen = 0;
    for (code, expected) in &reference {
        // Swiss oblique Mercator has no CF mapping that readers agree on; 4807's meridian is in grads there.
        if code == "EPSG:2056" || code == "EPSG:4807" {
            continue;
        }
        let cf = Crs::parse(code).unwrap().cf().unwrap_or_else(|| panic!("{code}"));
        for (key, value) in expected.as_object().unwrap() {
            let mine = cf.get(key).unwrap_or_else(|| panic!("{code}: no {key} in {cf:?}"));
            let same = match (mine, value) {
                (Value::Array(a), Value::Array(b)) => {
                    a.iter().map(Value::as_f64).eq(b.iter().map(Value::as_f64))
                }
                (a, b) if a.is_number() => {
                    (a.as_f64().unwrap() - b.as_f64().unwrap()).abs()
                        <= 1e-9 * b.as_f64().unwrap().abs()
                }
                (a, b) => a == b,
            };
            assert!(same, "{code} {key}: {mine} instead of {value}");
        }
        seen += 1;
    }
    assert!(seen >= 28, "{seen}");
    assert_eq!(Crs::parse("ESRI:54009").unwrap().cf(), None);
}

#[test]
fn a_proj_string_is_kept_and_written_as_wkt() {
    let modis = Crs::parse(MODIS).unwrap();
    assert_eq!(String::from(modis.clone()), MODIS);
    assert_eq!(modis.epsg_code(), None);
    let wkt = modis.wkt2().unwrap();
    assert!(wkt.contains("METHOD[\"Sinusoidal\"]") && wkt.contains("6371007.181,0"), "{wkt}");
    assert!(Crs::parse(&wkt).unwrap().is_same(&modis), "{}", Crs::parse(&wkt).unwrap().proj4());
    assert!(modis.is_same(&Crs::parse("+R=6371007.181 +proj=sinu").unwrap()));
    let json = serde_json::to_string(&modis).unwrap();
    assert_eq!(serde_json::from_str::<Crs>(&json).unwrap(), modis);
}

#[test]
fn alike_in_all_but_name() {
    let code = Crs::epsg(32633).unwrap();
    let text = Crs::parse("+proj=utm +zone=33 +datum=WGS84").unwrap();
    assert!(code.is_same(&text) && code != text);
    assert!(Crs::epsg(4326).unwrap().is_same(&Crs::parse("+proj=longlat +datum=WGS84").unwrap()));
    assert!(!Crs::epsg(4326).unwrap().is_same(&Crs::epsg(4267).unwrap()));
    assert!(!Crs::epsg(32633).unwrap().is_same(&Crs::epsg(32634).unwrap()));
    let set: HashSet<Crs> =
        [code.clone(), Crs::parse("epsg:32633").unwrap(), text].into_iter().collect();
    assert_eq!(set.len(), 2);
}

#[test]
fn compound_and_bound_give_the_horizontal_part() {
    let utm = Crs::epsg(32633).unwrap();
    let compound = format!(
        "COMPD_CS[\"x\",{},VERT_CS[\"EGM96 height\",VERT_DATUM[\"EGM96\",2005],UNIT[\"metre\",1]]]",
        utm.wkt2().unwrap()
    );
    assert_eq!(Crs::parse(&compound).unwrap(), utm);
}

/// What is written for a PROJ string is read back as the same; the values of the written texts were
/// compared with pyproj's `CRS(wkt)` against `CRS(proj)`: equal to 1e-6 m.
#[test]
fn written_wkt_means_the_same() {
    for text in [
        "+proj=tmerc +lat_0=1 +lon_0=2 +k=0.9996 +x_0=300 +y_0=6 +ellps=GRS80 +units=us-ft",
        "+proj=utm +zone=33 +south +datum=WGS84",
        "+proj=laea +lat_0=50 +lon_0=-100 +datum=WGS84",
        "+proj=laea +lat_0=90 +lon_0=10 +R=6371228",
        "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=7 +datum=WGS84",
        "+proj=stere +lat_0=90 +k=0.994 +lon_0=7 +datum=WGS84",
        "+proj=sterea +lat_0=52.1 +lon_0=5.3 +k=0.9999 +x_0=155000 +ellps=bessel",
        "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +datum=NAD83",
        "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 +ellps=GRS80",
        "+proj=merc +lat_ts=30 +lon_0=3 +datum=WGS84",
        "+proj=cea +lat_ts=30 +datum=WGS84",
        "+proj=eqearth +lon_0=4 +datum=WGS84",
        "+proj=moll +lon_0=4 +datum=WGS84",
        "+proj=sinu +lon_0=4 +R=6371007.181",
        "+proj=robin +lon_0=4 +datum=WGS84",
        "+proj=longlat +R=6371229",
        "+proj=longlat +ellps=clrk80ign +pm=paris",
    ] {
        let crs = Crs::parse(text).unwrap();
        let wkt = crs.wkt2().unwrap_or_else(|| panic!("{text}"));
        let again = Crs::parse(&wkt).unwrap();
        assert!(again.is_same(&crs), "{text}\n{wkt}\n{}", again.proj4());
        assert_eq!(again.wkt2(), Some(wkt), "{text}");
    }
    // A shift has no place in it.
    assert_eq!(Crs::parse("+proj=longlat +ellps=bessel +towgs84=1,2,3").unwrap().wkt2(), None);
}

/// Written by `make_bound_reference.py`, which says how.
#[test]
fn a_shift_beside_a_crs_is_taken() {
    let mut refused = 0;
    for line in include_str!("data/bound.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [text, x, y] = fields[..] else { panic!("{line}") };
        let crs = Crs::parse(text).unwrap();
        assert_eq!(Crs::parse(&String::from(crs.clone())).unwrap(), crs, "{text}");
        if text.starts_with("BOUNDCRS") {
            assert_eq!(Crs::parse(&crs.wkt2().unwrap()).unwrap(), crs, "{text}");
        }
        let made = match Transform::new(&Crs::wgs84(), &crs) {
            Ok(made) => made,
            Err(Error::DatumGrid { grid, .. }) => {
                assert!(grid.contains("BETA2007"), "{text}: {grid}");
                refused += 1;
                continue;
            }
            Err(other) => panic!("{text}: {other}"),
        };
        let (a, b) = made.forward(9.7, 52.4).unwrap();
        let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
        let off = (a - x).hypot(b - y) * crs.metres_per_unit();
        assert!(off < 1e-3, "{text}: {off} m");
    }
    assert!([0, 6].contains(&refused), "{refused}");
}

/// Written by `make_rare_texts.py`, which says how.
#[test]
fn texts_of_projections_that_only_proj_computes_mean_what_the_code_means() {
    for line in include_str!("data/rare_texts.tsv").lines() {
        let (code, text) = line.split_once('\t').unwrap();
        let [read, code] = [text, code].map(|text| Crs::parse(text).unwrap());
        assert!(read.authority().is_none() && code.authority().is_some(), "{text}");
        assert_eq!(read.metres_per_unit(), code.metres_per_unit(), "{text}");
        let [own, table] = [&read, &code].map(parameters);
        assert_eq!(own.0, table.0, "{code}\n{text}");
        assert_eq!(own.1.keys().collect::<Vec<_>>(), table.1.keys().collect::<Vec<_>>(), "{code}");
        for (key, value) in &own.1 {
            assert!((value - table.1[key]).abs() < 1e-8, "{code} {key}: {value} {text}");
        }
        assert_eq!(read.proj4().contains("+R_A"), code.proj4().contains("+R_A"), "{text}");
        let again = read.wkt2().map(|wkt| Crs::parse(&wkt).unwrap());
        assert!(again.is_none_or(|again| again.is_same(&read)), "{code}");
    }
}

/// The projection, and its numbers without units, datum and those that are nought.
fn parameters(crs: &Crs) -> (String, BTreeMap<String, f64>) {
    let number = |word: &str| {
        let (key, value) = word.trim_start_matches('+').split_once('=')?;
        let key = if key == "k_0" { "k" } else { key };
        let is_other = ["a", "b", "rf", "pm", "to_meter"].contains(&key);
        let value = value.parse().ok().filter(|v| *v != 0.0 && !is_other)?;
        Some((key.to_owned(), value))
    };
    let name = crs.proj4().split_whitespace().next().unwrap().to_owned();
    (name, crs.proj4().split_whitespace().filter_map(number).collect())
}
