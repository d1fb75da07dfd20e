//! A CRS and affine as GeoTIFF tags.

use std::collections::BTreeMap;

use terracube_grid::{Crs, GeoBox};

use super::tiff_layout::Value;

const USER_DEFINED: u16 = 32_767;

/// The tags that place an image: affine and GeoKeys (OGC GeoTIFF 1.1).
pub(super) fn tags(geobox: &GeoBox) -> Vec<(u16, Value)> {
    let a = &geobox.affine;
    let mut tags = if a.b == 0.0 && a.d == 0.0 && a.e < 0.0 && a.a > 0.0 {
        vec![
            (33_550, Value::Doubles(vec![a.a, -a.e, 0.0])),
            (33_922, Value::Doubles(vec![0.0, 0.0, 0.0, a.c, a.f, 0.0])),
        ]
    } else {
        let zero = 0.0;
        let matrix = [
            [a.a, a.b, zero, a.c],
            [a.d, a.e, zero, a.f],
            [zero, zero, zero, zero],
            [zero, zero, zero, 1.0],
        ];
        vec![(34_264, Value::Doubles(matrix.concat()))]
    };
    let keys = Keys::of(&geobox.crs);
    let mut directory = vec![1, 1, 0, (keys.shorts.len() + keys.doubles.len()) as u16];
    let mut doubles = Vec::new();
    let mut ascii = String::new();
    let mut entries: BTreeMap<u16, [u16; 3]> = BTreeMap::new();
    for (key, value) in keys.shorts {
        entries.insert(key, [0, 1, value]);
    }
    for (key, value) in keys.doubles {
        entries.insert(key, [34_736, 1, doubles.len() as u16]);
        doubles.push(value);
    }
    for (key, text) in keys.texts {
        entries.insert(key, [34_737, text.len() as u16 + 1, ascii.len() as u16]);
        ascii.push_str(&text);
        ascii.push('|');
    }
    directory[3] = entries.len() as u16;
    for (key, rest) in entries {
        directory.push(key);
        directory.extend(rest);
    }
    tags.push((34_735, Value::Shorts(directory)));
    if !doubles.is_empty() {
        tags.push((34_736, Value::Doubles(doubles)));
    }
    if !ascii.is_empty() {
        tags.push((34_737, Value::Ascii(ascii)));
    }
    tags
}

#[derive(Default)]
struct Keys {
    shorts: Vec<(u16, u16)>,
    doubles: Vec<(u16, f64)>,
    texts: Vec<(u16, String)>,
}

impl Keys {
    fn of(crs: &Crs) -> Self {
        let mut keys = Self::default();
        keys.shorts.extend([(1024, if crs.is_geographic() { 2 } else { 1 }), (1025, 1)]);
        let code = crs.epsg_code().and_then(|c| u16::try_from(c).ok());
        match code.filter(|c| *c < USER_DEFINED) {
            Some(code) if crs.is_geographic() => keys.shorts.push((2048, code)),
            Some(code) => keys.shorts.push((3072, code)),
            None => keys.define(crs),
        }
        keys
    }

    /// A user-defined CRS by its projection's parameters, with its PROJ string as citation.
    fn define(&mut self, crs: &Crs) {
        let text = crs.proj4();
        let parameters: BTreeMap<&str, &str> = text
            .split_whitespace()
            .map(|t| t.trim_start_matches('+'))
            .map(|t| t.split_once('=').unwrap_or((t, "")))
            .collect();
        let number = |name: &str| parameters.get(name).and_then(|v| v.parse::<f64>().ok());
        self.texts.push((1026, ascii(text)));
        self.datum(&parameters, &number);
        if crs.is_geographic() {
            return;
        }
        self.shorts.extend([(3072, USER_DEFINED), (3074, USER_DEFINED)]);
        match (parameters.get("units"), number("to_meter")) {
            (Some(&"ft"), _) => self.shorts.push((3076, 9002)),
            (Some(&"us-ft"), _) => self.shorts.push((3076, 9003)),
            (Some(&"km"), _) => self.unit(1000.0),
            (_, Some(size)) if size != 1.0 => self.unit(size),
            _ => self.shorts.push((3076, 9001)),
        }
        if !self.projection(&parameters, &number)
            && let Some(wkt) = esri_wkt(&parameters, &number)
        {
            // GDAL looks there only when the kind of model is user-defined as well.
            self.shorts.retain(|(key, _)| !matches!(key, 1024 | 3072 | 3074));
            self.shorts.push((1024, USER_DEFINED));
            self.texts.push((3073, format!("ESRI PE String = {wkt}")));
        }
    }

    fn unit(&mut self, metres: f64) {
        self.shorts.push((3076, USER_DEFINED));
        self.doubles.push((3077, metres));
    }

    fn datum(&mut self, parameters: &BTreeMap<&str, &str>, number: &dyn Fn(&str) -> Option<f64>) {
        let known = match (parameters.get("datum"), parameters.get("ellps")) {
            (Some(&"WGS84"), _) => Some(4326),
            (Some(&"NAD83"), _) => Some(4269),
            (Some(&"NAD27"), _) => Some(4267),
            _ => None,
        };
        if let Some(code) = known {
            self.shorts.push((2048, code));
            return;
        }
        self.shorts.extend([(2048, USER_DEFINED), (2050, USER_DEFINED), (2054, 9102)]);
        let ellipsoid = match parameters.get("ellps") {
            Some(&"WGS84") => Some(7030),
            Some(&"GRS80") => Some(7019),
            Some(&"clrk66") => Some(7008),
            Some(&"bessel") => Some(7004),
            Some(&"intl") => Some(7022),
            Some(&"airy") => Some(7001),
            Some(&"krass") => Some(7024),
            Some(&"WGS72") => Some(7043),
            _ => None,
        };
        if let Some(code) = ellipsoid {
            self.shorts.push((2056, code));
            return;
        }
        self.shorts.push((2056, USER_DEFINED));
        let a = number("R").or_else(|| number("a")).unwrap_or(6_378_137.0);
        self.doubles.push((2057, a));
        match (number("R"), number("rf"), number("b")) {
            (Some(_), ..) => self.doubles.push((2058, a)),
            (_, Some(rf), _) => self.doubles.push((2059, rf)),
            (_, _, Some(b)) => self.doubles.push((2058, b)),
            _ => self.doubles.push((2059, 298.257_223_563)),
        }
    }

    /// Whether GeoTIFF has a code for the projection.
    fn projection(
        &mut self,
        parameters: &BTreeMap<&str, &str>,
        number: &dyn Fn(&str) -> Option<f64>,
    ) -> bool {
        let or0 = |name: &str| number(name).unwrap_or(0.0);
        let k = number("k").or_else(|| number("k_0")).unwrap_or(1.0);
        let (lon, lat) = (or0("lon_0"), or0("lat_0"));
        let (lat1, lat2, lat_ts) = (or0("lat_1"), or0("lat_2"), or0("lat_ts"));
        let (mut x, mut y) = (or0("x_0"), or0("y_0"));
        let (code, numbers) = match parameters.get("proj").copied().unwrap_or_default() {
            "utm" => {
                let zone = or0("zone");
                (x, y) = (500_000.0, if parameters.contains_key("south") { 1e7 } else { 0.0 });
                (1, vec![(3080, zone * 6.0 - 183.0), (3081, 0.0), (3092, 0.9996)])
            }
            "tmerc" => (1, vec![(3080, lon), (3081, lat), (3092, k)]),
            "merc" if number("lat_ts").is_some() => (7, vec![(3080, lon), (3078, lat_ts)]),
            "merc" => (7, vec![(3080, lon), (3081, 0.0), (3092, k)]),
            "lcc" if number("lat_2").is_none_or(|v| v == lat1) && lat == lat1 => {
                (9, vec![(3080, lon), (3081, lat), (3092, k)])
            }
            "lcc" => {
                self.doubles.extend([(3084, lon), (3085, lat), (3078, lat1), (3079, lat2)]);
                self.doubles.extend([(3086, x), (3087, y)]);
                self.shorts.push((3075, 8));
                return true;
            }
            "laea" => {
                self.doubles.extend([(3088, lon), (3089, lat), (3082, x), (3083, y)]);
                self.shorts.push((3075, 10));
                return true;
            }
            "aea" => (11, vec![(3080, lon), (3081, lat), (3078, lat1), (3079, lat2)]),
            "stere" if lat.abs() == 90.0 => {
                let of_scale = number("lat_ts").unwrap_or(lat);
                (15, vec![(3095, lon), (3081, of_scale), (3092, k)])
            }
            "stere" => (14, vec![(3088, lon), (3089, lat), (3092, k)]),
            "sterea" => (16, vec![(3080, lon), (3081, lat), (3092, k)]),
            "eqc" => (17, vec![(3088, lon), (3089, lat), (3078, lat_ts)]),
            "robin" => (23, vec![(3088, lon)]),
            "sinu" => (24, vec![(3088, lon)]),
            "cea" => (28, vec![(3080, lon), (3078, lat_ts)]),
            _ => return false,
        };
        self.shorts.push((3075, code));
        self.doubles.extend(numbers);
        self.doubles.extend([(3082, x), (3083, y)]);
        true
    }
}

/// Projections without a code in GeoTIFF, as text that GDAL and Esri's programs read from a
/// citation.
fn esri_wkt(
    parameters: &BTreeMap<&str, &str>,
    number: &dyn Fn(&str) -> Option<f64>,
) -> Option<String> {
    let projection = match *parameters.get("proj")? {
        "moll" => "Mollweide",
        "eqearth" => "Equal_Earth",
        _ => return None,
    };
    let or0 = |name: &str| number(name).unwrap_or(0.0);
    let is_wgs84 = [parameters.get("datum"), parameters.get("ellps")].contains(&Some(&"WGS84"));
    let (name, ellipsoid, a, rf) = match number("R") {
        Some(radius) => ("Sphere", "Sphere", radius, 0.0),
        None if is_wgs84 => ("WGS_1984", "WGS_1984", 6_378_137.0, 298.257_223_563),
        None => return None,
    };
    Some(format!(
        "PROJCS[\"{projection}\",GEOGCS[\"GCS_{name}\",DATUM[\"D_{name}\",\
         SPHEROID[\"{ellipsoid}\",{a:?},{rf:?}]],PRIMEM[\"Greenwich\",0.0],\
         UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"{projection}\"],\
         PARAMETER[\"False_Easting\",{:?}],PARAMETER[\"False_Northing\",{:?}],\
         PARAMETER[\"Central_Meridian\",{:?}],UNIT[\"Meter\",1.0]]",
        or0("x_0"),
        or0("y_0"),
        or0("lon_0"),
    ))
}

fn ascii(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii() && *c != '|').collect()
}
