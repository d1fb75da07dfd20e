//! CF-1.11 grid mapping attributes.

use serde_json::{Map, Value, json};

use super::Crs;

/// The attributes, or `None` where CF has no such mapping.
pub(super) fn attributes(crs: &Crs) -> Option<Map<String, Value>> {
    let p = crs.params();
    let metre = p.to_metre();
    let number = |key: &str| p.number_or(key, 0.0);
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    let mut name = |name: &str| put("grid_mapping_name", json!(name));
    let (lat_0, lon_0) = (number("lat_0"), number("lon_0"));
    let parallels = || match (p.number("lat_1"), p.number("lat_2")) {
        (Some(one), Some(two)) if one != two => json!([one, two]),
        (one, two) => json!(one.or(two).unwrap_or(lat_0)),
    };
    let mut projected = true;
    match p.projection() {
        "longlat" | "latlong" | "lonlat" | "latlon" => {
            name("latitude_longitude");
            projected = false;
        }
        "ob_tran" if p.is_geographic() => {
            name("rotated_latitude_longitude");
            let pole = number("lon_0");
            put("grid_north_pole_latitude", json!(number("o_lat_p")));
            put(
                "grid_north_pole_longitude",
                json!(if pole > 0.0 { pole - 180.0 } else { pole + 180.0 }),
            );
            put("north_pole_grid_longitude", json!(number("o_lon_p")));
            projected = false;
        }
        "utm" => {
            name("transverse_mercator");
            put("longitude_of_central_meridian", json!(number("zone").mul_add(6.0, -183.0)));
            put("latitude_of_projection_origin", json!(0.0));
            put("scale_factor_at_central_meridian", json!(0.9996));
            put("false_easting", json!(500_000.0));
            put("false_northing", json!(if p.has("south") { 10_000_000.0 } else { 0.0 }));
            projected = false;
        }
        "tmerc" | "etmerc" => {
            name("transverse_mercator");
            put("longitude_of_central_meridian", json!(lon_0));
            put("latitude_of_projection_origin", json!(lat_0));
            put("scale_factor_at_central_meridian", json!(p.scale_factor().unwrap_or(1.0)));
        }
        "stere" if lat_0.abs() == 90.0 => {
            name("polar_stereographic");
            put("straight_vertical_longitude_from_pole", json!(lon_0));
            put("latitude_of_projection_origin", json!(lat_0));
            match p.number("lat_ts") {
                Some(parallel) => put("standard_parallel", json!(parallel)),
                None => {
                    put("scale_factor_at_projection_origin", json!(p.scale_factor().unwrap_or(1.0)))
                }
            };
        }
        "laea" => {
            name("lambert_azimuthal_equal_area");
            put("longitude_of_projection_origin", json!(lon_0));
            put("latitude_of_projection_origin", json!(lat_0));
        }
        "aea" => {
            name("albers_conical_equal_area");
            put("standard_parallel", parallels());
            put("longitude_of_central_meridian", json!(lon_0));
            put("latitude_of_projection_origin", json!(lat_0));
        }
        // CF has no scale factor for the one-parallel form.
        "lcc" if p.scale_factor().unwrap_or(1.0) == 1.0 => {
            name("lambert_conformal_conic");
            put("standard_parallel", parallels());
            put("longitude_of_central_meridian", json!(lon_0));
            put("latitude_of_projection_origin", json!(lat_0));
        }
        "sinu" => {
            name("sinusoidal");
            put("longitude_of_projection_origin", json!(lon_0));
        }
        "merc" => {
            name("mercator");
            put("longitude_of_projection_origin", json!(lon_0));
            match p.number("lat_ts") {
                Some(parallel) => put("standard_parallel", json!(parallel)),
                None => {
                    put("scale_factor_at_projection_origin", json!(p.scale_factor().unwrap_or(1.0)))
                }
            };
        }
        "cea" => {
            name("lambert_cylindrical_equal_area");
            put("longitude_of_central_meridian", json!(lon_0));
            put("standard_parallel", json!(number("lat_ts")));
        }
        "geos" => {
            name("geostationary");
            put("longitude_of_projection_origin", json!(lon_0));
            put("latitude_of_projection_origin", json!(0.0));
            put("perspective_point_height", json!(number("h")));
            put("sweep_angle_axis", json!(p.get("sweep").unwrap_or("y")));
        }
        _ => return None,
    }
    if projected {
        put("false_easting", json!(number("x_0") / metre));
        put("false_northing", json!(number("y_0") / metre));
    }
    let ellipsoid = crs.ellipsoid();
    put("semi_major_axis", json!(ellipsoid.a));
    put("semi_minor_axis", json!(ellipsoid.semi_minor()));
    put("inverse_flattening", json!(ellipsoid.inverse_flattening));
    put("longitude_of_prime_meridian", json!(p.prime_meridian()));
    Some(out)
}
