//! WKT whose method the WKT reader does not know, by our own table of methods.

use super::{Item, Node};
use crate::crs::method;

/// The PROJ string of a projected CRS, of WKT 1 or 2.
pub(super) fn proj_string(node: &Node) -> Option<String> {
    let conversion = node.find("CONVERSION").unwrap_or(node);
    let named = ["METHOD", "PROJECTION"].iter().find_map(|k| conversion.find(k))?;
    let base = ["BASEGEOGCRS", "BASEGEODCRS", "GEOGCS"].iter().find_map(|k| node.find(k))?;
    let degree = unit(base, &["UNIT", "ANGLEUNIT"]).map_or(1.0, f64::to_degrees);
    let metre = axis_unit(node).unwrap_or(1.0);
    let parameters =
        conversion.children.iter().filter_map(Item::node).filter(|n| n.key == "PARAMETER");
    let values: Vec<method::Value> = parameters.filter_map(|p| value(p, degree, metre)).collect();
    let code = named.id().map_or(0, |(_, code)| code);
    let projection = method::to_proj(named.value(0)?, code, &values)?;

    let datum = ["DATUM", "ENSEMBLE"].iter().find_map(|k| base.find(k))?;
    let ellipsoid = ["ELLIPSOID", "SPHEROID"].iter().find_map(|k| datum.find(k))?;
    let (a, rf) = (ellipsoid.value(1)?, ellipsoid.value(2)?);
    let shape = if rf.parse() == Ok(0.0) { format!("+b={a}") } else { format!("+rf={rf}") };
    let mut text = format!("{projection} +a={a} {shape}");
    if metre != 1.0 {
        text.push_str(&format!(" +to_meter={metre}"));
    }
    if let Some(meridian) = base.find("PRIMEM").or_else(|| node.find("PRIMEM")) {
        // Without a unit in degrees, whatever the unit of the CRS: so do GDAL and ESRI.
        let size: f64 = meridian.value(1)?.parse().ok()?;
        let size = size * unit(meridian, &["ANGLEUNIT"]).map_or(1.0, f64::to_degrees);
        if size != 0.0 {
            text.push_str(&format!(" +pm={size}"));
        }
    }
    if let Some(shift) = datum.find("TOWGS84") {
        let numbers: Vec<&str> = (0..shift.children.len()).filter_map(|i| shift.value(i)).collect();
        text.push_str(&format!(" +towgs84={}", numbers.join(",")));
    }
    Some(text)
}

/// In degrees, metres or one: in its own unit, in WKT 1 in that of the geographic CRS or of the axes.
fn value(parameter: &Node, degree: f64, metre: f64) -> Option<method::Value> {
    let name = parameter.value(0)?;
    let number: f64 = parameter.value(1)?.parse().ok()?;
    let lower = name.to_ascii_lowercase();
    let factor = match unit(parameter, &["ANGLEUNIT"]).map(f64::to_degrees) {
        Some(angle) => angle,
        None => match unit(parameter, &["LENGTHUNIT", "SCALEUNIT"]) {
            Some(factor) => factor,
            None if lower.starts_with("false") || lower == "height" => metre,
            None if lower.contains("scale") => 1.0,
            None => degree,
        },
    };
    let code = parameter.id().map_or(0, |(_, code)| code);
    Some(method::Value { name: name.to_owned(), code, size: number * factor })
}

/// Metres of the first axis.
fn axis_unit(node: &Node) -> Option<f64> {
    let names = ["LENGTHUNIT", "UNIT"];
    unit(node, &names).or_else(|| unit(node.find("AXIS")?, &names))
}

fn unit(node: &Node, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|k| node.find(k))?.value(1)?.parse().ok()
}
