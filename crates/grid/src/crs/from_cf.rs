//! A CRS out of CF-1.11 grid mapping attributes.

use serde_json::{Map, Value};

use super::Crs;
use crate::{Error, Result};

/// Reads WKT if there is any, else the parameters.
pub(super) fn parse(attributes: &Map<String, Value>) -> Result<Crs> {
    for name in ["crs_wkt", "spatial_ref"] {
        if let Some(crs) = attributes.get(name).and_then(Value::as_str).map(Crs::from_wkt)
            && let Ok(crs) = crs
        {
            return Ok(crs);
        }
    }
    let mapping = Mapping(attributes);
    Crs::from_proj4(&format!("{} {} +no_defs", mapping.projection()?, mapping.datum()))
}

struct Mapping<'a>(&'a Map<String, Value>);

impl Mapping<'_> {
    /// A number, the first of several, or one written as text.
    fn get(&self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Value::Array(values) => values.first()?.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        }
    }

    fn or(&self, name: &str, default: f64) -> f64 {
        self.get(name).unwrap_or(default)
    }

    fn first(&self, names: &[&str]) -> f64 {
        names.iter().find_map(|name| self.get(name)).unwrap_or(0.0)
    }

    fn projection(&self) -> Result<String> {
        let name = self.0.get("grid_mapping_name").and_then(Value::as_str).unwrap_or_default();
        let lon = self.first(&["longitude_of_central_meridian", "longitude_of_projection_origin"]);
        let lat = self.or("latitude_of_projection_origin", 0.0);
        let offset = format!(
            "+x_0={} +y_0={} +units=m",
            self.or("false_easting", 0.0),
            self.or("false_northing", 0.0)
        );
        let (one, two) = self.parallels();
        let scaled = |at: &str| match (self.get("standard_parallel"), self.get(at)) {
            (Some(parallel), _) => format!("+lat_ts={parallel}"),
            (None, k) => format!("+k={}", k.unwrap_or(1.0)),
        };
        Ok(match name {
            "latitude_longitude" => "+proj=longlat".into(),
            "rotated_latitude_longitude" => {
                let pole = self.or("grid_north_pole_longitude", 0.0);
                format!(
                    "+proj=ob_tran +o_proj=longlat +o_lon_p={} +o_lat_p={} +lon_0={}",
                    self.or("north_pole_grid_longitude", 0.0),
                    self.or("grid_north_pole_latitude", 90.0),
                    if pole > 0.0 { pole - 180.0 } else { pole + 180.0 },
                )
            }
            "albers_conical_equal_area" => {
                format!("+proj=aea +lat_0={lat} +lon_0={lon} +lat_1={one} +lat_2={two} {offset}")
            }
            "azimuthal_equidistant" => format!("+proj=aeqd +lat_0={lat} +lon_0={lon} {offset}"),
            "geostationary" => {
                let h = self.or("perspective_point_height", 0.0);
                let sweep = match (self.text("sweep_angle_axis"), self.text("fixed_angle_axis")) {
                    (Some(axis), _) => axis,
                    // The axis that moves is the other of the one that is fixed.
                    (None, Some("x")) => "y",
                    (None, Some("y")) => "x",
                    _ => "y",
                };
                format!("+proj=geos +h={h} +lon_0={lon} +sweep={sweep} {offset}")
            }
            "lambert_azimuthal_equal_area" => {
                format!("+proj=laea +lat_0={lat} +lon_0={lon} {offset}")
            }
            "lambert_conformal_conic" => {
                format!("+proj=lcc +lat_0={lat} +lon_0={lon} +lat_1={one} +lat_2={two} {offset}")
            }
            "lambert_cylindrical_equal_area" => {
                let parallel = self.or("standard_parallel", 0.0);
                format!("+proj=cea +lat_ts={parallel} +lon_0={lon} {offset}")
            }
            "mercator" => {
                format!(
                    "+proj=merc +lon_0={lon} {} {offset}",
                    scaled("scale_factor_at_projection_origin")
                )
            }
            "orthographic" => format!("+proj=ortho +lat_0={lat} +lon_0={lon} {offset}"),
            "polar_stereographic" => {
                let lon = self.first(&[
                    "straight_vertical_longitude_from_pole",
                    "longitude_of_projection_origin",
                ]);
                let pole = if lat < 0.0 || one < 0.0 { -90 } else { 90 };
                let scale = scaled("scale_factor_at_projection_origin");
                format!("+proj=stere +lat_0={pole} {scale} +lon_0={lon} {offset}")
            }
            "sinusoidal" => format!("+proj=sinu +lon_0={lon} {offset}"),
            "stereographic" => {
                let k = self.or("scale_factor_at_projection_origin", 1.0);
                format!("+proj=stere +lat_0={lat} +lon_0={lon} +k={k} {offset}")
            }
            "transverse_mercator" => {
                let k = self.or("scale_factor_at_central_meridian", 1.0);
                format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k={k} {offset}")
            }
            _ => {
                return Err(Error::BadCrs {
                    form: "CF grid mapping",
                    text: name.to_owned(),
                    reason: "no such grid_mapping_name is known".into(),
                });
            }
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Both standard parallels; the same one twice where there is one.
    fn parallels(&self) -> (f64, f64) {
        let one = self.or("standard_parallel", 0.0);
        let two = self.0.get("standard_parallel").and_then(|v| v.as_array()?.get(1)?.as_f64());
        (one, two.unwrap_or(one))
    }

    fn datum(&self) -> String {
        let pm = match self.get("longitude_of_prime_meridian") {
            Some(pm) if pm != 0.0 => format!(" +pm={pm}"),
            _ => String::new(),
        };
        let flattening = self.get("inverse_flattening").filter(|rf| *rf != 0.0);
        match (self.get("semi_major_axis"), self.get("semi_minor_axis"), flattening) {
            (Some(a), _, Some(rf)) => format!("+a={a} +rf={rf}{pm}"),
            (Some(a), Some(b), None) => format!("+a={a} +b={b}{pm}"),
            (Some(a), None, None) => format!("+R={a}{pm}"),
            _ => match self.get("earth_radius") {
                Some(radius) => format!("+R={radius}{pm}"),
                None => format!("+datum=WGS84{pm}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let crss = [
            "EPSG:32633",
            "EPSG:3413",
            "EPSG:3031",
            "EPSG:3035",
            "EPSG:5070",
            "EPSG:2154",
            "EPSG:4326",
            "+proj=sinu +lon_0=0 +R=6371007.181 +units=m",
            "EPSG:6933",
            "+proj=geos +lon_0=0 +h=35785831 +a=6378169 +b=6356583.8 +sweep=y +units=m",
            "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229",
        ];
        for text in crss {
            let crs = Crs::parse(text).unwrap();
            let attributes = crs.cf().unwrap();
            let again = parse(&attributes).unwrap();
            let (a, b) = (again.cf().unwrap(), attributes);
            for (name, value) in &b {
                let near = match (value.as_f64(), a.get(name).and_then(Value::as_f64)) {
                    (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(1.0),
                    _ => a.get(name) == Some(value),
                };
                assert!(near, "{text}: {name} {value} {:?}", a.get(name));
            }
        }
        let unknown = Map::from_iter([("grid_mapping_name".into(), "healpix".into())]);
        assert!(parse(&unknown).unwrap_err().to_string().contains("healpix"));
    }
}
