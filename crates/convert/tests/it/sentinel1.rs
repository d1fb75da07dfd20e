//! Sentinel-1: small products beside what the reference program made of them.
//!
//! `python/make_sentinel1.py` made the products in `sentinel1/`, and `sentinel1/expected.json` with
//! idf-converter 0.1.458.

use std::path::{Path, PathBuf};

use netcdf::AttributeValue;
use serde_json::Value;
use terracube_convert::{
    Conversion, Converter, Dataset, Idf, Outcome, Parameters, Readers, Result, convert,
};

use crate::case::{faults, shared};

/// Attributes that tell of the run, not of the data.
const VOLATILE: [&str; 3] = ["history", "processing_software", "netcdf_version_id"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sentinel1")
}

/// What the reference made of a case.
fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    cases.into_iter().find(|case| case["case"] == name).unwrap()
}

fn run(
    input: &Path,
    reader: &str,
    options: (&str, &str),
    out: &Path,
    compat: bool,
) -> Result<Outcome> {
    let (of_input, of_output) = options;
    let text = format!("-t {reader} -i {of_input} -o collection = c {of_output}");
    let parameters = Parameters::parse(&text, Path::new("."))?;
    let (input, out) = (input.to_owned(), out.to_owned());
    convert(&Conversion { input, out, parameters, is_compat: compat }, &Readers::built_in())
}

fn convert_case(case: &Value, out: &Path, is_compat: bool) -> Result<Outcome> {
    let text = |key: &str| case[key].as_str().unwrap();
    let input = folder().join(text("input"));
    run(&input, text("reader"), (text("of_input"), text("of_output")), out, is_compat)
}

/// All files of a case are those of the reference.
fn is_like_the_reference(name: &str, is_compat: bool) {
    let case = expected(name);
    let out = tempfile::tempdir().unwrap();
    let Outcome::Converted(granules) = convert_case(&case, out.path(), is_compat).unwrap() else {
        panic!("{name} was skipped");
    };
    let files = case["files"].as_object().unwrap();
    let folders: std::collections::BTreeSet<_> =
        files.keys().map(|file| Path::new("c").join(Path::new(file).parent().unwrap())).collect();
    assert_eq!(granules.into_iter().collect::<std::collections::BTreeSet<_>>(), folders);
    for (file, expected) in files {
        same(&out.path().join("c").join(file), expected);
    }
    if let Some(shared) = shared()
        && let Some(faults) = faults(&shared, out.path(), None)
    {
        assert_eq!(faults, Vec::<String>::new());
    }
}

fn same(path: &Path, expected: &Value) {
    let file = netcdf::open(path).unwrap();
    let what = path.file_name().unwrap().to_string_lossy().into_owned();
    let dimensions = expected["dimensions"].as_object().unwrap();
    assert_eq!(file.dimensions().count(), dimensions.len(), "{what}");
    for (name, size) in dimensions {
        assert_eq!(file.dimension_len(name), size.as_u64().map(|size| size as usize), "{what}");
    }
    same_attributes(file.attributes(), &expected["attributes"], &what);
    let integers =
        |name: &str| -> Vec<i32> { file.variable(name).unwrap().get_values(..).unwrap() };
    assert_eq!(serde_json::json!(integers("index_row_gcp")), expected["rows"], "{what}");
    assert_eq!(serde_json::json!(integers("index_cell_gcp")), expected["cells"], "{what}");
    let floats = |name: &str| -> Vec<f64> { file.variable(name).unwrap().get_values(..).unwrap() };
    for (name, key) in [("lat_gcp", "lat"), ("lon_gcp", "lon")] {
        let expected = expected[key].as_array().unwrap();
        assert_eq!(floats(name).len(), expected.len());
        for (found, expected) in floats(name).iter().zip(expected) {
            let away = (found - expected.as_f64().unwrap()).abs();
            assert!(away < 4e-5, "{what}: {name} is {found}, not {expected}");
        }
    }
    assert_eq!(Some(floats("time")[0]), expected["time"].as_f64(), "{what}");
    for (name, field) in expected["fields"].as_object().unwrap() {
        let variable = file.variable(name).unwrap_or_else(|| panic!("{what} has no {name}"));
        same_attributes(variable.attributes(), &field["attributes"], &format!("{what}: {name}"));
        let stored = hexadecimal(field["values"].as_str().unwrap());
        if field["type"] == "uint8" {
            let found: Vec<u8> = variable.get_values(..).unwrap();
            assert_eq!(found.len(), stored.len());
            for (at, (found, stored)) in found.iter().zip(&stored).enumerate() {
                // 255 is missing.
                let is_same = (*found == 255) == (*stored == 255) && found.abs_diff(*stored) <= 1;
                assert!(is_same, "{what}: {name}[{at}] is {found}, not {stored}");
            }
        } else {
            let found: Vec<f32> = variable.get_values(..).unwrap();
            let stored =
                stored.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
            for (at, (found, stored)) in found.iter().zip(stored).enumerate() {
                let is_same = (found - stored).abs() <= 1e-5 * stored.abs();
                assert!(is_same, "{what}: {name}[{at}] is {found}, not {stored}");
            }
        }
    }
    let ours = file.variables().filter(|variable| variable.dimensions().len() == 3).count();
    assert_eq!(ours, expected["fields"].as_object().unwrap().len(), "{what}");
}

fn same_attributes<'a>(
    found: impl Iterator<Item = netcdf::Attribute<'a>>,
    expected: &Value,
    what: &str,
) {
    let mut known = expected.as_object().unwrap().clone();
    for attribute in found.filter(|attribute| !VOLATILE.contains(&attribute.name())) {
        let name = attribute.name();
        let expected = known.remove(name);
        let value = attribute.value().unwrap();
        let is_same = match (&value, expected.as_ref()) {
            (AttributeValue::Str(text), Some(Value::String(expected))) => text == expected,
            (_, Some(Value::Number(expected))) => {
                let expected = expected.as_f64().unwrap();
                let found = f64::try_from(value.clone()).unwrap();
                (found - expected).abs() <= 2e-5 * expected.abs().max(1e-3)
            }
            _ => false,
        };
        assert!(is_same, "{what}: {name} is {value:?}, not {expected:?}");
    }
    assert!(known.is_empty(), "{what} lacks {known:?}");
}

fn hexadecimal(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn sub_swaths_of_velocity_are_granules_each() {
    is_like_the_reference("rvl", false);
    is_like_the_reference("rvl", true);
}

#[test]
fn a_single_sub_swath_needs_no_dimension() {
    is_like_the_reference("rvl-flat", false);
}

/// The reference keeps the row, and has no places in its lattice.
#[test]
fn winds_are_cut_to_their_places() {
    let to = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let input = ocean("owi", to.path(), |file| {
        for name in ["owiLat", "owiLon"] {
            let mut variable = file.variable_mut(name).unwrap();
            variable.put_values(&[-999f32; 10], [0..1, 0..10]).unwrap();
        }
    });
    let outcome = run(&input, "sentinel1/L2/owi", ("", ""), out.path(), false).unwrap();
    let Outcome::Converted(granules) = outcome else { panic!("{outcome:?}") };
    let name = granules[0].file_name().unwrap().to_string_lossy().into_owned();
    let path = out.path().join(&granules[0]).join(format!("{name}_idf_00.nc"));
    let file = netcdf::open(path).unwrap();
    assert_eq!((file.dimension_len("row"), file.dimension_len("cell")), (Some(11), Some(10)));
    let lat: Vec<f32> = file.variable("lat_gcp").unwrap().get_values(..).unwrap();
    // Half a cell before the second row and the first cell.
    assert!((lat[0] - (60.0 - 0.0045 + 0.0005)).abs() < 1e-4, "{}", lat[0]);
    let velocity: Vec<u8> = file.variable("owiRadVel").unwrap().get_values(..).unwrap();
    // 0.4 m/s of −2.5 to 2.5 in 254 steps.
    assert_eq!(velocity[0], 147);
}

/// The reference counts missing velocities as -999, and gives values where there are none.
#[test]
fn missing_velocities_stay_missing_and_times_are_of_the_source() {
    is_like_the_reference("rvl-old", true);
    let case = expected("rvl-old");
    let out = tempfile::tempdir().unwrap();
    convert_case(&case, out.path(), false).unwrap();
    for (file, of_reference) in case["files"].as_object().unwrap() {
        let file = netcdf::open(out.path().join("c").join(file)).unwrap();
        let variable = file.variable("rvlRadVelExp").unwrap();
        let level: Vec<u8> = variable.get_values(..).unwrap();
        let velocity: Vec<u8> = file.variable("rvlRadVel").unwrap().get_values(..).unwrap();
        let number =
            |name: &str| f64::try_from(variable.attribute_value(name).unwrap().unwrap()).unwrap();
        // Radial velocities of up to 1.3 m/s, seen at 30° to 41°.
        let least = number("add_offset");
        assert!(least > -3.0 && number("scale_factor") < 6.0 / 254.0, "{least}");
        let told = &of_reference["fields"]["rvlRadVelExp"]["attributes"]["add_offset"];
        assert!(told.as_f64().unwrap().abs() > 1000.0 || number("scale_factor") < 1.0);
        let missing = |values: &[u8]| values.iter().filter(|value| **value == 255).count();
        // One more where only the sweep is missing.
        assert_eq!(missing(&level), missing(&velocity) + 1);
        for (level, velocity) in level.iter().zip(&velocity) {
            assert!(*velocity != 255 || *level == 255);
        }
    }
}

#[test]
fn winds_are_eastward_and_northward() {
    is_like_the_reference("owi", true);
    is_like_the_reference("owi-old", true);
}

/// Winds over land do not make the range; ice of the later variable is masked too.
#[test]
fn ranges_of_winds_are_of_what_is_not_masked() {
    for name in ["owi", "owi-old"] {
        let case = expected(name);
        let out = tempfile::tempdir().unwrap();
        convert_case(&case, out.path(), false).unwrap();
        let file = case["files"].as_object().unwrap().keys().next().unwrap();
        let file = netcdf::open(out.path().join("c").join(file)).unwrap();
        let wind = file.variable("eastward_wind").unwrap();
        let offset = f64::try_from(wind.attribute_value("add_offset").unwrap().unwrap()).unwrap();
        // 3 + 0.5·9 + 0.2·8 m/s is the fastest of rows 0 to 9, cells 0 to 8.
        assert!((offset + 9.1).abs() < 1e-5, "{offset}");
        let bytes: Vec<u8> = wind.get_values(..).unwrap();
        // 20 of land, 10 of ice, 6 without a speed.
        assert_eq!(bytes.iter().filter(|byte| **byte == 255).count(), 36);
    }
}

#[test]
fn a_horizontal_image_lies_across_180_degrees() {
    is_like_the_reference("hh", false);
}

#[test]
fn cross_sections_and_incidences_are_given_when_asked() {
    is_like_the_reference("variables", false);
}

/// The reference counts missing values as 0, which widens relative ranges.
#[test]
fn relative_ranges_are_of_what_is_there() {
    is_like_the_reference("strict", true);
    let case = expected("strict");
    let out = tempfile::tempdir().unwrap();
    convert_case(&case, out.path(), false).unwrap();
    let file = case["files"].as_object().unwrap().keys().next().unwrap();
    let file = netcdf::open(out.path().join("c").join(file)).unwrap();
    for name in ["sea_surface_roughness", "sigma0"] {
        let variable = file.variable(name).unwrap();
        let least = variable.attribute_value("add_offset").unwrap().unwrap();
        assert!(f64::try_from(least).unwrap() > 0.005);
        let bytes: Vec<u8> = variable.get_values(..).unwrap();
        // 2 by 5 pixels are 0; the others use the range.
        assert_eq!(bytes.iter().filter(|byte| **byte == 255).count(), 10);
        assert!(bytes.contains(&0) && bytes.contains(&254));
    }
}

#[test]
fn ranges_and_names_can_be_told() {
    is_like_the_reference("override", false);
}

#[test]
fn a_crossed_image_of_ice_has_its_range_and_spacings_in_metres() {
    is_like_the_reference("cross-ice", false);
}

#[test]
fn waves_of_complex_pixels_have_a_range_of_their_own() {
    is_like_the_reference("wave", false);
    is_like_the_reference("wave-float", false);
}

#[test]
fn a_single_look_stripmap_gets_pixels_of_15_metres() {
    is_like_the_reference("stripmap", false);
}

/// Copies a product, with its files changed.
fn changed(case: &str, to: &Path, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let case = expected(case);
    let input = Path::new(case["input"].as_str().unwrap());
    let product = input.parent().and_then(Path::parent).unwrap();
    let mut left = vec![product.to_owned()];
    while let Some(below) = left.pop() {
        std::fs::create_dir_all(to.join(&below)).unwrap();
        for entry in std::fs::read_dir(folder().join(&below)).unwrap() {
            let path = below.join(entry.unwrap().file_name());
            if folder().join(&path).is_dir() {
                left.push(path);
            } else if let Some(bytes) =
                change(&path.to_string_lossy(), std::fs::read(folder().join(&path)).unwrap())
            {
                std::fs::write(to.join(path), bytes).unwrap();
            }
        }
    }
    to.join(input)
}

/// Texts of the product's XML files replaced.
fn replaced(from: &'static str, to: &'static str) -> impl Fn(&str, Vec<u8>) -> Option<Vec<u8>> {
    move |path, bytes| {
        let is_text = path.ends_with(".xml");
        Some(if is_text {
            String::from_utf8(bytes).unwrap().replace(from, to).into_bytes()
        } else {
            bytes
        })
    }
}

/// The text with an element of 2^60.
fn larger(text: &str, tag: &str) -> String {
    let (before, rest) = text.split_once(&format!("<{tag}>")).unwrap();
    let (_, after) = rest.split_once('<').unwrap();
    format!("{before}<{tag}>{}<{after}", 1u64 << 60)
}

/// The error names the words, and nothing was left.
fn fails(input: &Path, reader: &str, of_input: &str, words: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let new = out.path().join("new");
    let error = run(input, reader, (of_input, ""), &new, false).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn images_that_cannot_be_read_are_named() {
    const L1: &str = "sentinel1/L1";
    let to = tempfile::tempdir().unwrap();
    let make = |from, text| changed("wave", to.path(), replaced(from, text));
    fails(&make("<mode>WV<", "<mode>IW<"), L1, "", &["SLC", "mode IW", "GRD"]);
    fails(&make("<mode>WV<", "<mode>EW<"), L1, "", &["SLC", "mode EW", "GRD"]);
    fails(&make("<productType>SLC<", "<productType>RAW<"), L1, "", &["RAW", "GRD and SLC"]);
    fails(&make("<polarisation>VV<", "<polarisation>RH<"), L1, "", &["RH", "VV, HH, VH, HV"]);
    fails(&make("<productType>SLC<", "<productType>GRD<"), L1, "", &["s1a-wv1", "complex"]);
    fails(&make("sigmaNought", "gamma"), L1, "", &["calibration-s1a-wv1", "sigmaNought"]);
    let input = make("", "");
    fails(&input, L1, "contrast = high", &["contrast", "high", "sea, ice, relative"]);
    fails(&input, L1, "variables = wind", &["wind", "roughness, sigma0, incidence"]);
    fails(&input, L1, "spacing = 2.5", &["spacing"]);
    fails(&input, L1, "mspacing = far", &["mspacing", "far"]);
    fails(&input, L1, "spacing = 40", &["spacing", "2 by 2"]);
    let cut = changed("wave", to.path(), |path, bytes| {
        Some(if path.ends_with(".tiff") { bytes[..2000].to_vec() } else { bytes })
    });
    fails(&cut, L1, "", &["s1a-wv1", "TIFF of complex pixels"]);
    // Sizes that only the annotation says, or only the TIFF.
    let huge = |case: &str, tag: &'static str| {
        changed(case, to.path(), move |path, bytes| {
            let text = |bytes| String::from_utf8(bytes).unwrap();
            let is_image = path.ends_with(".xml") && !path.contains("calibration-");
            Some(if is_image { larger(&text(bytes), tag).into_bytes() } else { bytes })
        })
    };
    for (case, name) in [("wave", "s1a-wv1"), ("hh", "s1a-ew")] {
        fails(&huge(case, "numberOfLines"), L1, "", &[name, "fewer than the annotation"]);
        fails(&huge(case, "numberOfSamples"), L1, "", &[name, "fewer than the annotation"]);
    }
    let lone = tempfile::tempdir().unwrap();
    let without = changed("wave", lone.path(), |path, bytes| {
        (!path.contains("calibration-")).then_some(bytes)
    });
    fails(&without, L1, "", &["calibration-s1a-wv1", "No such file"]);
    let detected = changed("hh", to.path(), replaced("<productType>GRD<", "<productType>SLC<"));
    fails(&detected, L1, "", &["mode EW"]);
}

/// A product of ocean without what a closure takes away.
fn ocean(name: &str, to: &Path, change: impl FnOnce(&mut netcdf::FileMut)) -> PathBuf {
    let path = changed(name, to, |_, bytes| Some(bytes));
    change(&mut netcdf::append(&path).unwrap());
    path
}

#[test]
fn oceans_that_cannot_be_read_are_named() {
    let to = tempfile::tempdir().unwrap();
    let (rvl, owi) = ("sentinel1/L2/rvl", "sentinel1/L2/owi");
    let winds = ocean("owi", to.path(), |_| {});
    fails(&winds, rvl, "", &["`rvlLat`", "owiWindSpeed"]);
    let velocities = ocean("rvl", to.path(), |_| {});
    fails(&velocities, owi, "", &["`owiLat`", "rvlRadVel"]);
    let path = ocean("rvl", to.path(), |file| {
        file.add_attribute("IPFversion", "new").unwrap();
    });
    fails(&path, rvl, "", &["IPFversion", "new"]);
    let path = ocean("rvl", to.path(), |file| {
        file.add_attribute("IPFversion", "3.10").unwrap();
        file.add_attribute("sourceProduct", "nothing").unwrap();
    });
    fails(&path, rvl, "", &["sourceProduct", "nothing"]);
    let path = ocean("rvl", to.path(), |file| {
        file.add_attribute("lastMeasurementTime", "soon").unwrap();
    });
    fails(&path, rvl, "", &["lastMeasurementTime", "soon"]);
    // A corner that the lattice needs.
    let path = ocean("rvl", to.path(), |file| {
        file.variable_mut("rvlLat").unwrap().put_value(-999f32, [0, 0, 1]).unwrap();
    });
    fails(&path, rvl, "", &["place", "masked"]);
}

#[test]
fn a_product_without_places_is_skipped() {
    let to = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    for (case, reader, name) in
        [("rvl", "sentinel1/L2/rvl", "rvlLat"), ("owi", "sentinel1/L2/owi", "owiLat")]
    {
        let input = ocean(case, to.path(), |file| {
            let mut lat = file.variable_mut(name).unwrap();
            lat.put_values(&vec![-999f32; lat.len()], ..).unwrap();
        });
        let outcome = run(&input, reader, ("", ""), out.path(), false).unwrap();
        assert!(matches!(&outcome, Outcome::Skipped(why) if why.contains("2 by 2")), "{outcome:?}");
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
    }
}

#[test]
fn the_rules_of_sentinel_1_convert_what_a_product_holds() {
    let idf = Idf::built_in().unwrap();
    for (case, id, granules) in [
        ("rvl", "S1A_IW_OCN__2SDV_20230105T060000_20230105T060025_046655_059790_ABCD", 3),
        ("hh", "S1A_EW_GRDH_1SDH_20230105T060000_20230105T060025_046655_059790_ABCD", 1),
    ] {
        let rule = idf.rules().select(&Dataset::named(id)).unwrap();
        for name in &rule.parameters {
            let parameters = idf.rules().parameters(name).unwrap().clone();
            let out = tempfile::tempdir().unwrap();
            let input = folder().join(expected(case)["input"].as_str().unwrap());
            let conversion =
                Conversion { input, out: out.path().into(), parameters, is_compat: false };
            let Outcome::Converted(found) = convert(&conversion, &Readers::built_in()).unwrap()
            else {
                panic!("{id} was skipped");
            };
            assert_eq!(found.len(), granules);
            assert!(found.iter().all(|granule| granule.starts_with(name)));
        }
    }
}
