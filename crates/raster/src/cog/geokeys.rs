//! The place of a GeoTIFF: its GeoKeys and affine tags as a CRS and an affine.

use std::collections::BTreeMap;

use terracube_grid::{Affine, Crs, GeoBox};

use super::ifd::{Ifd, tag};
use crate::{Gcp, Gcps};

const USER_DEFINED: u64 = 32_767;

/// The GeoBox of the image that `ifd` describes, or why there is none.
///
/// Keys and codes are those of OGC GeoTIFF 1.1 (OGC 19-008r4).
pub(super) fn geobox(ifd: &Ifd, width: usize, height: usize) -> Result<GeoBox, String> {
    let keys = GeoKeys::new(ifd);
    let affine = affine(ifd, keys.short(1025) == Some(2))?;
    let crs = keys.crs()?;
    GeoBox::new(crs, affine, width, height).map_err(|e| e.to_string())
}

/// Whether coordinates are those of pixel centres; `None` without any keys.
pub(super) fn pixel_is_point(ifd: &Ifd) -> Option<bool> {
    let keys = GeoKeys::new(ifd);
    ifd.has(tag::GEO_KEYS).then(|| keys.short(1025) == Some(2))
}

/// The ground control points of an image that has no affine.
pub(super) fn gcps(ifd: &Ifd) -> Option<Gcps> {
    let tie = ifd.floats(tag::TIEPOINT);
    if tie.len() < 6 || ifd.has(tag::PIXEL_SCALE) || ifd.has(tag::TRANSFORMATION) {
        return None;
    }
    let keys = GeoKeys::new(ifd);
    let half = if keys.short(1025) == Some(2) { 0.5 } else { 0.0 };
    let point = |t: &[f64]| Gcp { col: t[0] + half, row: t[1] + half, x: t[3], y: t[4], z: t[5] };
    let points = tie.chunks_exact(6).map(point).collect();
    Some(Gcps { points, crs: keys.crs() })
}

fn affine(ifd: &Ifd, pixel_is_point: bool) -> Result<Affine, String> {
    let scale = ifd.floats(tag::PIXEL_SCALE);
    let tie = ifd.floats(tag::TIEPOINT);
    let matrix = ifd.floats(tag::TRANSFORMATION);
    let mut affine = if let ([sx, sy, ..], true) = (&scale[..], tie.len() >= 6) {
        // A positive vertical scale means that rows run south.
        let (c, f) = (tie[3] - tie[0] * sx, tie[4] + tie[1] * sy);
        Affine::new(*sx, 0.0, c, 0.0, -sy, f)
    } else if let [a, b, _, c, d, e, _, f, ..] = matrix[..] {
        Affine::new(a, b, c, d, e, f)
    } else if tie.len() >= 6 {
        return Err("it is located by ground control points".into());
    } else if ifd.has(tag::RPC) {
        return Err("it is located by rational polynomials (RPC), which are not read".into());
    } else {
        return Err("it has no geotransform".into());
    };
    if pixel_is_point {
        (affine.c, affine.f) = affine.apply(-0.5, -0.5);
    }
    if [affine.a, affine.b, affine.c, affine.d, affine.e, affine.f].iter().any(|v| !v.is_finite()) {
        return Err("its geotransform is not finite".into());
    }
    Ok(affine)
}

struct GeoKeys {
    shorts: BTreeMap<u16, u64>,
    doubles: BTreeMap<u16, f64>,
    texts: BTreeMap<u16, String>,
}

impl GeoKeys {
    fn new(ifd: &Ifd) -> Self {
        let (mut shorts, mut doubles, mut texts) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let numbers = ifd.floats(tag::GEO_DOUBLES);
        let ascii = ifd.bytes(tag::GEO_ASCII).unwrap_or_default();
        for entry in ifd.uints(tag::GEO_KEYS).chunks_exact(4).skip(1) {
            let (key, location) = (entry[0] as u16, entry[1] as u16);
            let (count, at) = (entry[2] as usize, entry[3] as usize);
            match location {
                0 => {
                    shorts.insert(key, entry[3]);
                }
                tag::GEO_DOUBLES => {
                    if let Some(value) = numbers.get(at) {
                        doubles.insert(key, *value);
                    }
                }
                tag::GEO_ASCII => {
                    let text = ascii.get(at..(at + count).min(ascii.len())).unwrap_or_default();
                    let text = String::from_utf8_lossy(text);
                    texts.insert(key, text.trim_end_matches(['|', '\0']).to_owned());
                }
                _ => {}
            }
        }
        Self { shorts, doubles, texts }
    }

    fn short(&self, key: u16) -> Option<u64> {
        self.shorts.get(&key).copied()
    }

    fn code(&self, key: u16) -> Option<u32> {
        self.short(key).filter(|c| (1024..USER_DEFINED).contains(c)).map(|c| c as u32)
    }

    /// The first of some keys that is there, else 0.
    fn number(&self, keys: &[u16]) -> f64 {
        keys.iter().find_map(|k| self.doubles.get(k)).copied().unwrap_or(0.0)
    }

    fn crs(&self) -> Result<Crs, String> {
        if self.shorts.is_empty() {
            return Err("it has no CRS".into());
        }
        let is_projected =
            self.short(1024) == Some(1) || (self.short(1024) != Some(2) && self.has_projection());
        if is_projected {
            if let Some(code) = self.code(3072) {
                return Crs::epsg(code).map_err(|e| e.to_string());
            }
        } else if let Some(code) = self.code(2048) {
            return Crs::epsg(code).map_err(|e| e.to_string());
        }
        if let Some(crs) = self.crs_from_citation() {
            return Ok(crs);
        }
        let text = if is_projected {
            format!("{} {} {} +no_defs +type=crs", self.projection()?, self.datum()?, self.units()?)
        } else if self.short(1024) == Some(2) {
            format!("+proj=longlat {} +no_defs +type=crs", self.datum()?)
        } else {
            return Err("it has no CRS".into());
        };
        Crs::from_proj4(&text).map_err(|e| e.to_string())
    }

    fn has_projection(&self) -> bool {
        [3072, 3074, 3075].iter().any(|key| self.shorts.contains_key(key))
    }

    /// Some writers put the whole definition as text into a citation.
    fn crs_from_citation(&self) -> Option<Crs> {
        self.texts.values().find_map(|text| {
            if let Some(wkt) = text.split("ESRI PE String = ").nth(1) {
                return Crs::from_wkt(wkt.split('|').next()?).ok();
            }
            let text = text.trim();
            let is_wkt = ["PROJCS[", "GEOGCS[", "PROJCRS[", "GEOGCRS[", "GEODCRS["]
                .iter()
                .any(|start| text.starts_with(start));
            if is_wkt {
                Crs::from_wkt(text).ok()
            } else if text.starts_with("+proj=") {
                Crs::from_proj4(text).ok()
            } else {
                None
            }
        })
    }

    fn projection(&self) -> Result<String, String> {
        if let Some(zone @ 16_001..=16_160) = self.short(3074)
            && let n @ 1..=60 = zone % 100
        {
            let south = if zone > 16_100 { " +south" } else { "" };
            return Ok(format!("+proj=utm +zone={n}{south}"));
        }
        let lon = self.number(&[3080, 3088, 3084, 3095]);
        let lat = self.number(&[3081, 3089, 3085]);
        let (lat1, lat2) = (self.number(&[3078]), self.number(&[3079]));
        let x = self.number(&[3082, 3090, 3086]);
        let y = self.number(&[3083, 3091, 3087]);
        let k = self.doubles.get(&3092).or_else(|| self.doubles.get(&3093)).copied().unwrap_or(1.0);
        let offset = format!("+x_0={x} +y_0={y}");
        Ok(match self.short(3075) {
            Some(1) => format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k={k} {offset}"),
            Some(7) if lat != 0.0 => {
                return Err(format!("its GeoKeys have Mercator with latitude of origin {lat}"));
            }
            Some(7) if self.doubles.contains_key(&3078) => {
                format!("+proj=merc +lon_0={lon} +lat_ts={lat1} {offset}")
            }
            Some(7) => format!("+proj=merc +lon_0={lon} +k={k} {offset}"),
            Some(8) => {
                format!("+proj=lcc +lat_0={lat} +lon_0={lon} +lat_1={lat1} +lat_2={lat2} {offset}")
            }
            Some(9) => {
                format!("+proj=lcc +lat_1={lat} +lat_0={lat} +lon_0={lon} +k_0={k} {offset}")
            }
            Some(10) => format!("+proj=laea +lat_0={lat} +lon_0={lon} {offset}"),
            Some(11) => {
                format!("+proj=aea +lat_0={lat} +lon_0={lon} +lat_1={lat1} +lat_2={lat2} {offset}")
            }
            Some(12) => format!("+proj=aeqd +lat_0={lat} +lon_0={lon} {offset}"),
            Some(14) => format!("+proj=stere +lat_0={lat} +lon_0={lon} +k={k} {offset}"),
            Some(15) => {
                // The latitude is that of true scale unless it is the pole itself.
                let lon = self.number(&[3095, 3080]);
                let lat = self.number(&[3081, 3078]);
                let pole = if lat < 0.0 { -90 } else { 90 };
                let scale =
                    if lat.abs() == 90.0 { format!("+k={k}") } else { format!("+lat_ts={lat}") };
                format!("+proj=stere +lat_0={pole} {scale} +lon_0={lon} {offset}")
            }
            Some(16) => format!("+proj=sterea +lat_0={lat} +lon_0={lon} +k={k} {offset}"),
            Some(17) => format!("+proj=eqc +lat_ts={lat1} +lat_0={lat} +lon_0={lon} {offset}"),
            Some(18) => format!("+proj=cass +lat_0={lat} +lon_0={lon} {offset}"),
            Some(20) => format!("+proj=mill +lon_0={lon} {offset}"),
            Some(21) => format!("+proj=ortho +lat_0={lat} +lon_0={lon} {offset}"),
            Some(22) => format!("+proj=poly +lat_0={lat} +lon_0={lon} {offset}"),
            Some(23) => format!("+proj=robin +lon_0={lon} {offset}"),
            Some(24) => format!("+proj=sinu +lon_0={lon} {offset}"),
            Some(25) => format!("+proj=vandg +lon_0={lon} {offset}"),
            Some(28) => format!("+proj=cea +lat_ts={lat1} +lon_0={lon} {offset}"),
            Some(other) => return Err(format!("its GeoKeys have coordinate transform {other}")),
            None => return Err("its GeoKeys name no projection".into()),
        })
    }

    fn datum(&self) -> Result<String, String> {
        if let Some(code) = self.code(2048) {
            let crs = Crs::epsg(code).map_err(|e| e.to_string())?;
            if let Some(shape) = self.other_ellipsoid(&crs) {
                return Ok(shape);
            }
            let wanted = ["+datum", "+ellps", "+a", "+b", "+rf", "+R", "+towgs84", "+pm"];
            let is_wanted = |t: &&str| wanted.contains(&t.split('=').next().unwrap_or(t));
            let parts: Vec<_> = crs.proj4().split_whitespace().filter(is_wanted).collect();
            return Ok(parts.join(" "));
        }
        let shape =
            match (self.doubles.get(&2057), self.doubles.get(&2058), self.doubles.get(&2059)) {
                (Some(a), _, Some(rf)) if *rf != 0.0 => Some(format!("+a={a} +rf={rf}")),
                (Some(a), Some(b), _) if a != b => Some(format!("+a={a} +b={b}")),
                (Some(a), ..) => Some(format!("+R={a}")),
                _ => None,
            };
        let datum = match self.short(2050) {
            Some(6326) => Some("+datum=WGS84"),
            Some(6269) => Some("+datum=NAD83"),
            Some(6267) => Some("+datum=NAD27"),
            Some(6258 | 6283 | 6171) => Some("+ellps=GRS80"),
            _ => None,
        };
        let ellipsoid = match self.short(2056) {
            Some(7001) => Some("+ellps=airy"),
            Some(7004) => Some("+ellps=bessel"),
            Some(7008) => Some("+ellps=clrk66"),
            Some(7019) => Some("+ellps=GRS80"),
            Some(7022) => Some("+ellps=intl"),
            Some(7024) => Some("+ellps=krass"),
            Some(7030) => Some("+ellps=WGS84"),
            Some(7043) => Some("+ellps=WGS72"),
            Some(7035) => Some("+R=6371000"),
            _ => None,
        };
        let pm = self.doubles.get(&2061).filter(|pm| **pm != 0.0);
        let pm = pm.map(|pm| format!(" +pm={pm}")).unwrap_or_default();
        datum
            .map(ToOwned::to_owned)
            .or(shape)
            .or_else(|| ellipsoid.map(ToOwned::to_owned))
            .map(|text| text + &pm)
            .ok_or_else(|| "its GeoKeys name no datum and no ellipsoid".into())
    }

    /// The ellipsoid of the keys where it is not that of the code beside it: GDAL takes the keys'.
    fn other_ellipsoid(&self, crs: &Crs) -> Option<String> {
        let (a, rf) = (self.doubles.get(&2057)?, self.doubles.get(&2059)?);
        let cf = crs.cf()?;
        let differs = |name: &str, value: f64, by: f64| {
            cf.get(name).and_then(|v| v.as_f64()).is_some_and(|known| (known - value).abs() > by)
        };
        let other =
            differs("semi_major_axis", *a, 1e-3) || differs("inverse_flattening", *rf, 1e-6);
        other.then(|| format!("+a={a} +rf={rf}"))
    }

    fn units(&self) -> Result<String, String> {
        match (self.short(3076), self.doubles.get(&3077)) {
            (None | Some(0 | 9001), _) => Ok("+units=m".into()),
            (Some(9002), _) => Ok("+units=ft".into()),
            (Some(9003), _) => Ok("+units=us-ft".into()),
            (Some(9036), _) => Ok("+units=km".into()),
            (_, Some(size)) if *size > 0.0 => Ok(format!("+to_meter={size}")),
            (Some(code), _) => Err(format!("its GeoKeys have linear unit {code}")),
        }
    }
}
