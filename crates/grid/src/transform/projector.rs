//! One CRS's way to and from longitude and latitude on its own datum.

use std::f64::consts::FRAC_PI_2;
use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;

use super::closed_form::{Equirectangular, Mollweide, RotatedPole, WebMercator};
use crate::bounds::Bounds;
use crate::crs::{Crs, ProjString, Shift};
use crate::error::{Error, Result};

/// Longitude and latitude are radians, east of Greenwich.
#[derive(Clone)]
pub(super) enum Projector {
    LonLat { unit: f64, meridian: f64 },
    WebMercator(WebMercator),
    RotatedPole { pole: RotatedPole, unit: f64 },
    Mollweide(Mollweide),
    Equirectangular(Equirectangular),
    Engine(Arc<Engine>),
}

pub(super) struct Engine {
    projected: Proj,
    geographic: Proj,
    /// The central meridian of a transverse Mercator, whose poles lie on the equator 90° from it.
    meridian: Option<f64>,
}

impl Engine {
    /// Within 84° of a transverse Mercator's central meridian: beyond it the series give any number.
    fn holds(&self, (lon, lat): (f64, f64)) -> bool {
        const SIN_84: f64 = 0.994_521_895_368_273_3;
        self.meridian.is_none_or(|lon_0| lat.cos() * (lon - lon_0).sin().abs() <= SIN_84)
    }
}

impl Projector {
    pub(super) fn new(crs: &Crs) -> Result<Self> {
        let params = crs.params();
        let plain = params.without_datum();
        match params.projection() {
            "longlat" | "latlong" | "lonlat" | "latlon" => {
                return Ok(Self::LonLat {
                    unit: crs.angular_unit(),
                    meridian: params.prime_meridian().to_radians(),
                });
            }
            "ob_tran" => {
                return RotatedPole::new(params)
                    .map(|pole| Self::RotatedPole { pole, unit: crs.angular_unit() })
                    .ok_or_else(|| unsupported(crs, "ob_tran other than o_proj=longlat"));
            }
            "merc" => {
                if let Some(form) = WebMercator::new(params) {
                    return Ok(Self::WebMercator(form));
                }
            }
            "eqc" => {
                if let Some(form) = Equirectangular::new(params) {
                    return Ok(Self::Equirectangular(form));
                }
            }
            "moll" => return Ok(Self::Mollweide(Mollweide::new(params))),
            _ => {}
        }
        let engine = |text: &str| {
            Proj::from_proj_string(text).map_err(|cause| match cause {
                proj4rs::errors::Error::ProjectionNotFound => unsupported(crs, params.projection()),
                other => Error::BadProjection {
                    crs: crs.to_string(),
                    proj4: crs.proj4().to_owned(),
                    source: Box::new(std::io::Error::other(other.to_string())),
                },
            })
        };
        let projected = engine(&plain.to_string())?;
        let geographic = engine(&geographic_text(crs))?;
        Ok(Self::Engine(Arc::new(Engine {
            meridian: central_meridian(params),
            projected,
            geographic,
        })))
    }

    pub(super) fn unproject(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let found = match self {
            Self::LonLat { unit, meridian } => (x * unit + meridian, y * unit),
            Self::WebMercator(form) => form.inverse(x, y),
            Self::RotatedPole { pole, unit } => pole.inverse(x * unit, y * unit),
            Self::Mollweide(form) => form.inverse(x, y)?,
            Self::Equirectangular(form) => form.inverse(x, y),
            Self::Engine(engine) => {
                let found = convert(&engine.projected, &engine.geographic, (x, y))?;
                engine.holds(found).then_some(found)?
            }
        };
        valid(found)
    }

    pub(super) fn project(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (lon, lat) = valid((lon, lat))?;
        let (x, y) = match self {
            Self::LonLat { unit, meridian } => ((lon - meridian) / unit, lat / unit),
            Self::WebMercator(form) => form.forward(lon, lat),
            Self::RotatedPole { pole, unit } => {
                let (x, y) = pole.forward(lon, lat);
                (x / unit, y / unit)
            }
            Self::Mollweide(form) => form.forward(lon, lat),
            Self::Equirectangular(form) => form.forward(lon, lat),
            Self::Engine(engine) => {
                engine.holds((lon, lat)).then_some(())?;
                convert(&engine.geographic, &engine.projected, (lon, lat))?
            }
        };
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

impl fmt::Debug for Projector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LonLat { .. } => "LonLat",
            Self::WebMercator(_) => "WebMercator",
            Self::RotatedPole { .. } => "RotatedPole",
            Self::Mollweide(_) => "Mollweide",
            Self::Equirectangular(_) => "Equirectangular",
            Self::Engine(_) => "Engine",
        })
    }
}

/// A Helmert shift between two datums, on radians.
#[derive(Clone)]
pub(super) struct DatumShift {
    src: Ways,
    dst: Ways,
}

/// The way from a datum to WGS 84, or several, each for an area in longitude and latitude.
type Ways = Arc<[(Bounds, Proj)]>;

impl DatumShift {
    /// `None` when coordinates pass unchanged.
    pub(super) fn between(src: &Crs, dst: &Crs) -> Result<Option<Self>> {
        let (a, b) = (&src.inner().datum.shift, &dst.inner().datum.shift);
        if matches!(a, Shift::Unknown) || matches!(b, Shift::Unknown) {
            return Ok(None);
        }
        let moves = |shift: &Shift| matches!(shift, Shift::Helmert(_) | Shift::Regional(_));
        if !moves(a) && !moves(b) {
            return Ok(None);
        }
        Ok(Some(Self { src: ways(src, a)?, dst: ways(dst, b)? }))
    }

    pub(super) fn reversed(&self) -> Self {
        Self { src: Arc::clone(&self.dst), dst: Arc::clone(&self.src) }
    }

    pub(super) fn forward(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        convert(at(&self.src, point)?, at(&self.dst, point)?, point)
    }

    pub(super) fn inverse(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        convert(at(&self.dst, point)?, at(&self.src, point)?, point)
    }
}

/// The way at a place: the first whose area holds it, else the last.
fn at(ways: &Ways, (lon, lat): (f64, f64)) -> Option<&Proj> {
    let (lon, lat) = (lon.to_degrees(), lat.to_degrees());
    let holds = |b: &Bounds| {
        let inside = (b.min_x <= lon, lon <= b.max_x);
        let across = if b.min_x <= b.max_x { inside.0 && inside.1 } else { inside.0 || inside.1 };
        across && b.min_y <= lat && lat <= b.max_y
    };
    let found = ways.iter().find(|(bounds, _)| holds(bounds)).or_else(|| ways.last());
    found.map(|(_, way)| way)
}

fn ways(crs: &Crs, shift: &Shift) -> Result<Ways> {
    const EVERYWHERE: Bounds = Bounds::new(-180.0, -90.0, 180.0, 90.0);
    let way = |bounds: Bounds, numbers: &[f64; 7]| {
        let words: Vec<String> = numbers.iter().map(f64::to_string).collect();
        let text = format!("{} +towgs84={}", geographic_text(crs), words.join(","));
        let proj = Proj::from_proj_string(&text).map_err(|cause| Error::BadProjection {
            crs: crs.to_string(),
            proj4: text,
            source: Box::new(std::io::Error::other(cause.to_string())),
        })?;
        Ok((bounds, proj))
    };
    match shift {
        Shift::Regional(parts) => parts.iter().map(|(b, numbers)| way(*b, numbers)).collect(),
        Shift::Helmert(numbers) => Ok(Arc::new([way(EVERYWHERE, numbers)?])),
        _ => Ok(Arc::new([way(EVERYWHERE, &[0.0; 7])?])),
    }
}

impl fmt::Debug for DatumShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatumShift")
    }
}

fn convert(src: &Proj, dst: &Proj, mut point: (f64, f64)) -> Option<(f64, f64)> {
    proj4rs::transform::transform(src, dst, &mut point).ok()?;
    Some(point)
}

fn central_meridian(p: &ProjString) -> Option<f64> {
    let lon_0 = match p.projection() {
        "utm" => p.number("zone")?.mul_add(6.0, -183.0),
        "tmerc" | "etmerc" => p.number_or("lon_0", 0.0),
        _ => return None,
    };
    Some((lon_0 + p.prime_meridian()).to_radians())
}

/// Longitude and latitude on the CRS's ellipsoid, from Greenwich.
fn geographic_text(crs: &Crs) -> String {
    let e = crs.ellipsoid();
    if e.inverse_flattening == 0.0 {
        format!("+proj=longlat +a={} +b={}", e.a, e.a)
    } else {
        format!("+proj=longlat +a={} +rf={}", e.a, e.inverse_flattening)
    }
}

/// Rounding may leave a latitude a hair beyond the pole.
fn valid((lon, lat): (f64, f64)) -> Option<(f64, f64)> {
    const HAIR: f64 = 1e-11;
    if !lon.is_finite() || lat.is_nan() || lat.abs() > FRAC_PI_2 + HAIR {
        return None;
    }
    Some((lon, lat.clamp(-FRAC_PI_2, FRAC_PI_2)))
}

fn unsupported(crs: &Crs, projection: &str) -> Error {
    Error::UnsupportedProjection {
        crs: crs.to_string(),
        projection: projection.to_owned(),
        known: "aea, aeqd, cass, cea, eqc, eqdc, eqearth, etmerc, geos, gnom, krovak, laea, lcc, longlat, merc, \
                mill, moll, ob_tran (o_proj=longlat), omerc, ortho, poly, robin, sinu, somerc, stere, sterea, \
                tmerc, tpers, utm"
            .to_owned(),
    }
}
