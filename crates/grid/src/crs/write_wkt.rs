//! WKT2:2019 written from a PROJ string.

use super::datum::Shift;
use super::ellipsoid::Ellipsoid;
use super::method::{self, Kind};
use super::{Definition, ProjString};

const DEGREE: &str = "ANGLEUNIT[\"degree\",0.0174532925199433]";

/// WKT2 of a CRS without a code; `None` for a shifted datum or a method without a name.
pub(super) fn of(crs: &Definition) -> Option<String> {
    let p = &crs.params;
    if matches!(crs.datum.shift, Shift::Helmert(_) | Shift::Regional(_) | Shift::Grid(_))
        || p.has("axis")
    {
        return None;
    }
    let name = if crs.name.is_empty() { "unknown" } else { &crs.name };
    let name = name.replace('"', "\"\"");
    let frame = frame(crs, p.ellipsoid()?);
    if matches!(p.projection(), "longlat" | "latlong" | "lonlat" | "latlon") {
        return Some(format!(
            "GEOGCRS[\"{name}\",{frame},CS[ellipsoidal,2],AXIS[\"longitude\",east,ORDER[1],{DEGREE}],\
             AXIS[\"latitude\",north,ORDER[2],{DEGREE}]]"
        ));
    }
    let method = method::of_proj(p)?;
    let parameters: String = method
        .parameters
        .iter()
        .map(|parameter| {
            let unit = match parameter.kind {
                Kind::Angle => DEGREE,
                Kind::Length => "LENGTHUNIT[\"metre\",1]",
                Kind::Scale => "SCALEUNIT[\"unity\",1]",
            };
            let value = method::value_of(p, parameter);
            format!(",PARAMETER[\"{}\",{value},{unit}{}]", parameter.name, id(parameter.code))
        })
        .collect();
    let unit = format!("LENGTHUNIT[\"{}\",{}]", p.unit_name(), p.to_metre());
    Some(format!(
        "PROJCRS[\"{name}\",BASEGEOGCRS[\"unknown\",{frame}],CONVERSION[\"unknown\",METHOD[\"{}\"{}]{parameters}],\
         CS[Cartesian,2],AXIS[\"(E)\",east,ORDER[1],{unit}],AXIS[\"(N)\",north,ORDER[2],{unit}]]",
        method.name,
        id(method.code),
    ))
}

fn frame(crs: &Definition, ellipsoid: Ellipsoid) -> String {
    let meridian = crs.params.prime_meridian();
    let datum = if crs.datum.name.is_empty() { "unknown" } else { &crs.datum.name };
    let datum = datum.replace('"', "\"\"");
    let meridian_name = if meridian == 0.0 { "Greenwich" } else { "unknown" };
    format!(
        "DATUM[\"{datum}\",ELLIPSOID[\"{}\",{},{},LENGTHUNIT[\"metre\",1]]],PRIMEM[\"{meridian_name}\",{meridian},{DEGREE}]",
        ellipsoid_name(&crs.params),
        ellipsoid.a,
        ellipsoid.inverse_flattening,
    )
}

fn ellipsoid_name(p: &ProjString) -> &str {
    match (p.get("ellps"), p.get("datum")) {
        (Some("WGS84"), _) | (_, Some("WGS84")) => "WGS 84",
        (Some("GRS80"), _) | (_, Some("NAD83")) => "GRS 1980",
        (Some(name), _) => name,
        _ => "unknown",
    }
}

fn id(code: u32) -> String {
    if code == 0 { String::new() } else { format!(",ID[\"EPSG\",{code}]") }
}
