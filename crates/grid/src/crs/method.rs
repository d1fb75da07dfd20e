//! Projection methods: EPSG's names and codes, and PROJ's.

use super::ProjString;

/// A method and what its parameters are called. Sources: EPSG Geodetic Parameter Dataset, and PROJ
/// for the methods without a code.
pub(super) struct Method {
    pub(super) proj: &'static str,
    pub(super) name: &'static str,
    /// EPSG's code, 0 for none.
    pub(super) code: u32,
    pub(super) parameters: &'static [Parameter],
}

pub(super) struct Parameter {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    /// EPSG's code, 0 for none.
    pub(super) code: u32,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Degrees.
    Angle,
    /// Metres.
    Length,
    Scale,
}

const fn parameter(key: &'static str, name: &'static str, code: u32, kind: Kind) -> Parameter {
    Parameter { key, name, code, kind }
}

const LAT_0: Parameter = parameter("lat_0", "Latitude of natural origin", 8801, Kind::Angle);
const LON_0: Parameter = parameter("lon_0", "Longitude of natural origin", 8802, Kind::Angle);
const SCALE: Parameter = parameter("k", "Scale factor at natural origin", 8805, Kind::Scale);
const X_0: Parameter = parameter("x_0", "False easting", 8806, Kind::Length);
const Y_0: Parameter = parameter("y_0", "False northing", 8807, Kind::Length);
const FALSE_LAT: Parameter = parameter("lat_0", "Latitude of false origin", 8821, Kind::Angle);
const FALSE_LON: Parameter = parameter("lon_0", "Longitude of false origin", 8822, Kind::Angle);
const LAT_1: Parameter = parameter("lat_1", "Latitude of 1st standard parallel", 8823, Kind::Angle);
const LAT_2: Parameter = parameter("lat_2", "Latitude of 2nd standard parallel", 8824, Kind::Angle);
const TRUE_LAT: Parameter =
    parameter("lat_ts", "Latitude of 1st standard parallel", 8823, Kind::Angle);
const FALSE_X: Parameter = parameter("x_0", "Easting at false origin", 8826, Kind::Length);
const FALSE_Y: Parameter = parameter("y_0", "Northing at false origin", 8827, Kind::Length);
const POLAR_LAT: Parameter =
    parameter("lat_ts", "Latitude of standard parallel", 8832, Kind::Angle);
const POLAR_LON: Parameter = parameter("lon_0", "Longitude of origin", 8833, Kind::Angle);
const HEIGHT: Parameter = parameter("h", "Satellite Height", 0, Kind::Length);

const CENTRE_LAT: Parameter =
    parameter("lat_0", "Latitude of projection centre", 8811, Kind::Angle);
const CENTRE_LON: Parameter =
    parameter("lon_0", "Longitude of projection centre", 8812, Kind::Angle);
const AZIMUTH: Parameter = parameter("azi", "Azimuth at projection centre", 8813, Kind::Angle);
const CENTRE_SCALE: Parameter =
    parameter("k", "Scale factor at projection centre", 8815, Kind::Scale);
const PLANE: Parameter = parameter("h_0", "Projection plane origin height", 1039, Kind::Length);
const NATURAL_LAT_1: Parameter =
    parameter("lat_1", "Latitude of natural origin", 8801, Kind::Angle);
const POINT_LAT_1: Parameter = parameter("lat_1", "Latitude of 1st point", 0, Kind::Angle);
const POINT_LON_1: Parameter = parameter("lon_1", "Longitude of 1st point", 0, Kind::Angle);
const POINT_LAT_2: Parameter = parameter("lat_2", "Latitude of 2nd point", 0, Kind::Angle);
const POINT_LON_2: Parameter = parameter("lon_2", "Longitude of 2nd point", 0, Kind::Angle);

const CENTRED: &[Parameter] = &[LAT_0, LON_0, X_0, Y_0];
const SCALED: &[Parameter] = &[LAT_0, LON_0, SCALE, X_0, Y_0];
const CONIC: &[Parameter] = &[FALSE_LAT, FALSE_LON, LAT_1, LAT_2, FALSE_X, FALSE_Y];
const CYLINDER: &[Parameter] = &[TRUE_LAT, LON_0, X_0, Y_0];
const WORLD: &[Parameter] = &[LON_0, X_0, Y_0];
const CENTRAL: &[Parameter] = &[NATURAL_LAT_1, LON_0, X_0, Y_0];
const SATELLITE: &[Parameter] = &[LON_0, HEIGHT, X_0, Y_0];

const fn method(
    proj: &'static str,
    name: &'static str,
    code: u32,
    parameters: &'static [Parameter],
) -> Method {
    Method { proj, name, code, parameters }
}

/// The first one of a PROJ name whose needs are met is written; any can be read.
const METHODS: &[Method] = &[
    method("tmerc", "Transverse Mercator", 9807, SCALED),
    method("laea", "Lambert Azimuthal Equal Area", 9820, CENTRED),
    method("laea", "Lambert Azimuthal Equal Area (Spherical)", 1027, CENTRED),
    method("stere", "Polar Stereographic (variant B)", 9829, &[POLAR_LAT, POLAR_LON, X_0, Y_0]),
    method("stere", "Polar Stereographic (variant A)", 9810, SCALED),
    method("stere", "Stereographic", 0, SCALED),
    method("sterea", "Oblique Stereographic", 9809, SCALED),
    method("aea", "Albers Equal Area", 9822, CONIC),
    method("lcc", "Lambert Conic Conformal (2SP)", 9802, CONIC),
    method("lcc", "Lambert Conic Conformal (1SP)", 9801, SCALED),
    method("eqdc", "Equidistant Conic", 1119, CONIC),
    method("merc", "Mercator (variant B)", 9805, CYLINDER),
    method("merc", "Mercator (variant A)", 9804, SCALED),
    method("cea", "Lambert Cylindrical Equal Area", 9835, CYLINDER),
    method("cea", "Lambert Cylindrical Equal Area (Spherical)", 9834, CYLINDER),
    method("eqc", "Equidistant Cylindrical", 1028, CYLINDER),
    method("eqc", "Equidistant Cylindrical (Spherical)", 1029, CYLINDER),
    method("aeqd", "Azimuthal Equidistant", 1125, CENTRED),
    method("ortho", "Orthographic", 9840, CENTRED),
    method("gnom", "Gnomonic", 0, CENTRED),
    method("cass", "Cassini-Soldner", 9806, CENTRED),
    method("poly", "American Polyconic", 9818, CENTRED),
    method("eqearth", "Equal Earth", 1078, WORLD),
    method("moll", "Mollweide", 0, WORLD),
    method("sinu", "Sinusoidal", 0, WORLD),
    method("robin", "Robinson", 0, WORLD),
    method("mill", "Miller Cylindrical", 0, WORLD),
    method("geos", "Geostationary Satellite (Sweep Y)", 0, SATELLITE),
    method("geos", "Geostationary Satellite (Sweep X)", 0, SATELLITE),
    // Only PROJ computes these.
    method("aitoff", "Aitoff", 0, WORLD),
    method("bonne", "Bonne", 9827, CENTRAL),
    method("col_urban", "Colombia Urban", 1052, &[LAT_0, LON_0, X_0, Y_0, PLANE]),
    method("comill", "Compact Miller", 0, WORLD),
    method("crast", "Craster Parabolic", 0, WORLD),
    method("eck1", "Eckert I", 0, WORLD),
    method("eck2", "Eckert II", 0, WORLD),
    method("eck3", "Eckert III", 0, WORLD),
    method("eck4", "Eckert IV", 0, WORLD),
    method("eck5", "Eckert V", 0, WORLD),
    method("eck6", "Eckert VI", 0, WORLD),
    method("gall", "Gall Stereographic", 0, WORLD),
    method("igh", "Interrupted Goode Homolosine", 0, WORLD),
    method("igh_o", "Interrupted Goode Homolosine Ocean", 0, WORLD),
    method(
        "labrd",
        "Laborde Oblique Mercator",
        9813,
        &[CENTRE_LAT, CENTRE_LON, AZIMUTH, CENTRE_SCALE, X_0, Y_0],
    ),
    method("loxim", "Loximuthal", 0, CENTRAL),
    method("mbtfpq", "Flat Polar Quartic", 0, WORLD),
    method("natearth", "Natural Earth", 0, WORLD),
    method("natearth2", "Natural Earth II", 0, WORLD),
    method("nzmg", "New Zealand Map Grid", 9811, CENTRED),
    method("patterson", "Patterson", 0, WORLD),
    method("qua_aut", "Quartic Authalic", 0, WORLD),
    method("times", "Times", 0, WORLD),
    method(
        "tpeqd",
        "Two Point Equidistant",
        0,
        &[POINT_LAT_1, POINT_LON_1, POINT_LAT_2, POINT_LON_2, X_0, Y_0],
    ),
    method("vandg", "Van Der Grinten", 0, WORLD),
    method("vandg", "Van Der Grinten I", 0, WORLD),
    method("wag7", "Wagner VII", 0, WORLD),
    method("wink1", "Winkel I", 0, CYLINDER),
    method("wink2", "Winkel II", 0, &[LAT_1, LON_0, X_0, Y_0]),
    method("wintri", "Winkel Tripel", 0, &[LAT_1, LON_0, X_0, Y_0]),
];

/// A value of a conversion: name, EPSG code (0 for none), and its size in degrees, metres or one.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) name: String,
    pub(super) code: u32,
    pub(super) size: f64,
}

/// The PROJ string of a conversion, without ellipsoid and units.
pub(super) fn to_proj(name: &str, code: u32, values: &[Value]) -> Option<String> {
    if let Some(text) = rotated_pole(name, values) {
        return Some(text);
    }
    if code == 1024 || key(name) == "popularvisualisationpseudomercator" {
        return Some(format!("+proj=merc +lat_ts=0{}", parameters(WORLD, values)));
    }
    let found = METHODS
        .iter()
        .find(|m| code != 0 && m.code == code)
        .or_else(|| METHODS.iter().find(|m| key(m.name) == key(name)))?;
    let mut text = format!("+proj={}{}", found.proj, parameters(found.parameters, values));
    match found.name {
        "Polar Stereographic (variant B)" => {
            let south = ProjString::parse(&text).number_or("lat_ts", 0.0) < 0.0;
            text.push_str(if south { " +lat_0=-90" } else { " +lat_0=90" });
        }
        "Lambert Conic Conformal (1SP)" => {
            let lat_0 = ProjString::parse(&text).number_or("lat_0", 0.0);
            text.push_str(&format!(" +lat_1={lat_0}"));
        }
        "Geostationary Satellite (Sweep X)" => text.push_str(" +sweep=x"),
        "Geostationary Satellite (Sweep Y)" => text.push_str(" +sweep=y"),
        "Van Der Grinten" | "Van Der Grinten I" => text.push_str(" +R_A"),
        _ => {}
    }
    Some(text)
}

/// The method that says what a PROJ string does, if EPSG or PROJ has a name for it.
pub(super) fn of_proj(p: &ProjString) -> Option<&'static Method> {
    let scale = p.scale_factor().unwrap_or(1.0);
    let lat_0 = p.number_or("lat_0", 0.0);
    let sphere = p.ellipsoid()?.inverse_flattening == 0.0;
    let fits = |m: &Method| match m.name {
        "Polar Stereographic (variant B)" => lat_0.abs() == 90.0 && p.has("lat_ts"),
        "Polar Stereographic (variant A)" => lat_0.abs() == 90.0,
        "Lambert Conic Conformal (2SP)" => p.has("lat_2") && scale == 1.0,
        "Lambert Conic Conformal (1SP)" => p.number_or("lat_1", lat_0) == lat_0,
        "Mercator (variant B)" => p.number("lat_ts").is_some_and(|lat| lat != 0.0),
        "Geostationary Satellite (Sweep X)" => p.get("sweep") == Some("x"),
        "Geostationary Satellite (Sweep Y)" => p.get("sweep") != Some("x"),
        "Van Der Grinten" => sphere || p.has("R_A"),
        name if name.ends_with("(Spherical)") => sphere,
        "Lambert Azimuthal Equal Area"
        | "Lambert Cylindrical Equal Area"
        | "Equidistant Cylindrical" => !sphere,
        _ => true,
    };
    let name = if p.projection() == "utm" { "tmerc" } else { p.projection() };
    METHODS.iter().find(|m| m.proj == name && fits(m))
}

/// A parameter's value in a PROJ string.
pub(super) fn value_of(p: &ProjString, parameter: &Parameter) -> f64 {
    if p.projection() == "utm" {
        return match parameter.key {
            "lon_0" => p.number_or("zone", 0.0).mul_add(6.0, -183.0),
            "k" => 0.9996,
            "x_0" => 500_000.0,
            "y_0" if p.has("south") => 10_000_000.0,
            _ => 0.0,
        };
    }
    match parameter.key {
        "k" => p.scale_factor().unwrap_or(1.0),
        key => p.number_or(key, 0.0),
    }
}

fn parameters(wanted: &[Parameter], values: &[Value]) -> String {
    let find = |p: &Parameter| {
        values
            .iter()
            .find(|v| p.code != 0 && v.code == p.code)
            .or_else(|| values.iter().find(|v| key(&v.name) == key(p.name)))
            .or_else(|| values.iter().find(|v| old_names(p.key).contains(&key(&v.name).as_str())))
    };
    wanted.iter().filter_map(|p| find(p).map(|v| format!(" +{}={}", p.key, v.size))).collect()
}

/// What WKT 1 calls a parameter; several mean the same in one method or another.
fn old_names(key: &str) -> &'static [&'static str] {
    match key {
        "azi" => &["azimuth"],
        "h_0" => &["height"],
        "k" => &["scalefactor"],
        "lat_0" => &["latitudeoforigin", "latitudeofcenter"],
        "lat_1" => &["standardparallel1", "centralparallel", "latitudeoforigin"],
        "lat_ts" => &["standardparallel1"],
        "lon_0" => &["centralmeridian", "longitudeoforigin", "longitudeofcenter"],
        _ => &[],
    }
}

/// The rotated pole under the three names that PROJ has for it.
fn rotated_pole(name: &str, values: &[Value]) -> Option<String> {
    let value = |wanted: &str| values.iter().find(|v| key(&v.name) == key(wanted)).map(|v| v.size);
    let text = |lat: f64, lon: f64, lon_0: f64| {
        Some(format!("+proj=ob_tran +o_proj=longlat +o_lat_p={lat} +o_lon_p={lon} +lon_0={lon_0}"))
    };
    match key(name).as_str() {
        "projobtranoprojlonglat" | "projobtranoprojlatlong" => {
            text(value("o_lat_p")?, value("o_lon_p").unwrap_or(0.0), value("lon_0").unwrap_or(0.0))
        }
        "polerotationnetcdfcfconvention" => {
            let pole = value("Grid north pole longitude (netCDF CF convention)")?;
            text(
                value("Grid north pole latitude (netCDF CF convention)")?,
                value("North pole grid longitude (netCDF CF convention)").unwrap_or(0.0),
                if pole > 0.0 { pole - 180.0 } else { pole + 180.0 },
            )
        }
        "polerotationgribconvention" => text(
            -value("Latitude of the southern pole (GRIB convention)")?,
            value("Axis rotation (GRIB convention)").unwrap_or(0.0),
            value("Longitude of the southern pole (GRIB convention)")?,
        ),
        _ => None,
    }
}

/// Names made comparable.
fn key(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
