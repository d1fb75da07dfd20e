//! What IDF files hold, as JSON; bytes of images as digits.

use std::fmt::Write;
use std::path::Path;

use netcdf::AttributeValue;
use netcdf::types::{IntType, NcVariableType};
use serde_json::{Map, Value, json};

/// Attributes that are of a run, not of its result.
const OF_A_RUN: [&str; 6] = [
    "history",
    "processing_software",
    "netcdf_version_id",
    "date_created",
    "crs_wkt",
    "standard_name_vocabulary",
];

/// Degrees, as in the reference's own float32.
const PLACE: f64 = 2e-4;

/// All files below a folder.
pub(super) fn tree(folder: &Path) -> Value {
    let mut found = Map::new();
    collect(folder, folder, &mut found);
    Value::Object(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Map<String, Value>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.insert(name, file(&path));
        }
    }
}

fn file(path: &Path) -> Value {
    let file = netcdf::open(path).unwrap();
    let mut variables = Map::new();
    for variable in file.variables() {
        let dims: Vec<_> =
            variable.dimensions().iter().map(|d| format!("{}={}", d.name(), d.len())).collect();
        let values = match variable.vartype() {
            NcVariableType::Int(IntType::U8) => {
                let mut digits = String::new();
                for byte in variable.get_values::<u8, _>(..).unwrap() {
                    write!(digits, "{byte:02x}").unwrap();
                }
                json!(digits)
            }
            // Never set.
            _ if variable.name() == "crs" => json!([]),
            _ => json!(variable.get_values::<f64, _>(..).unwrap()),
        };
        let about = json!({
            "kind": format!("{:?}", variable.vartype()),
            "dims": dims.join(" "),
            "attributes": attributes(variable.attributes()),
            "values": values,
        });
        variables.insert(variable.name(), about);
    }
    json!({"attributes": attributes(file.attributes()), "variables": variables})
}

fn attributes<'a>(all: impl Iterator<Item = netcdf::Attribute<'a>>) -> Value {
    let mut found = Map::new();
    for attribute in all.filter(|attribute| !OF_A_RUN.contains(&attribute.name())) {
        let value = match attribute.value().unwrap() {
            AttributeValue::Str(text) => json!(text),
            AttributeValue::Float(number) => json!(number),
            AttributeValue::Double(number) => json!(number),
            AttributeValue::Uchar(number) => json!(number),
            AttributeValue::Int(number) => json!(number),
            other => json!(format!("{other:?}")),
        };
        found.insert(attribute.name().to_owned(), value);
    }
    Value::Object(found)
}

/// Where two trees differ by more than a step of the packing, or the place of a point.
pub(super) fn differences(found: &Value, expected: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    compare("", found, expected, &mut faults);
    faults
}

fn compare(at: &str, found: &Value, expected: &Value, faults: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, theirs) in theirs {
                let at = format!("{at}/{key}");
                // A projection is told in many ways; the points show that it is the same.
                if at.ends_with("/crs/attributes") {
                    continue;
                }
                match ours.get(key) {
                    Some(ours) => compare(&at, ours, theirs, faults),
                    None => faults.push(format!("{at} is missing: {theirs}")),
                }
            }
            let more = ours.keys().filter(|key| !theirs.contains_key(*key));
            faults.extend(more.map(|key| format!("{at}/{key} is too much: {}", ours[key])));
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let apart = ours.iter().zip(theirs).map(|(a, b)| (number(a) - number(b)).abs());
            let most = apart.fold(0.0, f64::max);
            if most > PLACE {
                faults.push(format!("{at} is up to {most} away"));
            }
        }
        (Value::Number(_), Value::Number(_)) => {
            let (ours, theirs) = (number(found), number(expected));
            if (ours - theirs).abs() > 1e-6 * theirs.abs() {
                faults.push(format!("{at} is {ours}, not {theirs}"));
            }
        }
        (Value::String(ours), Value::String(theirs)) if at.ends_with("/values") => {
            if ours.len() != theirs.len()
                || !bytes(ours).zip(bytes(theirs)).all(|(a, b)| is_near(a, b))
            {
                faults.push(format!("{at} is\n{ours}, not\n{theirs}"));
            }
        }
        _ if found == expected => {}
        _ => faults.push(format!("{at} is {found}, not {expected}")),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn bytes(digits: &str) -> impl Iterator<Item = u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

/// The same within a step; missing in both or none.
fn is_near(a: u8, b: u8) -> bool {
    (a == 255) == (b == 255) && a.abs_diff(b) <= 1
}
