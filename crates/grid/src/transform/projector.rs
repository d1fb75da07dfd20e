//! One CRS's way to and from longitude and latitude on its own datum.

use std::f64::consts::FRAC_PI_2;
use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;

use super::closed_form::{Equirectangular, Mollweide, RotatedPole, WebMercator};
use super::datum_shift::{convert, geographic_text};
#[cfg(feature = "gdal")]
use super::operation::Operation;
use crate::crs::{Crs, ProjString};
use crate::error::{Error, Result};

/// Longitude and latitude are radians, east of Greenwich.
#[derive(Clone)]
pub(super) enum Projector {
    LonLat {
        unit: f64,
        meridian: f64,
    },
    WebMercator(WebMercator),
    RotatedPole {
        pole: RotatedPole,
        unit: f64,
    },
    Mollweide(Mollweide),
    Equirectangular(Equirectangular),
    Engine(Arc<Engine>),
    #[cfg(feature = "gdal")]
    Proj(Arc<ByProj>),
}

/// A projection of PROJ's in the place of an error.
#[cfg(feature = "gdal")]
pub(super) struct ByProj {
    operation: Operation,
    refused: Error,
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
                return match RotatedPole::new(params) {
                    Some(pole) => Ok(Self::RotatedPole { pole, unit: crs.angular_unit() }),
                    None => {
                        let refused = unsupported(crs, "ob_tran other than o_proj=longlat");
                        Self::by_proj(&plain, refused)
                    }
                };
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
        let bad = |cause: proj4rs::errors::Error| Error::BadProjection {
            crs: crs.to_string(),
            proj4: crs.proj4().to_owned(),
            source: Box::new(std::io::Error::other(cause.to_string())),
        };
        let projected = match Proj::from_proj_string(&plain.to_string()) {
            Err(proj4rs::errors::Error::ProjectionNotFound) => {
                return Self::by_proj(&plain, unsupported(crs, params.projection()));
            }
            found => found.map_err(bad)?,
        };
        let geographic = Proj::from_proj_string(&geographic_text(crs)).map_err(bad)?;
        Ok(Self::Engine(Arc::new(Engine {
            meridian: central_meridian(params),
            projected,
            geographic,
        })))
    }

    /// The projection by PROJ, where that is there and knows it.
    #[cfg(feature = "gdal")]
    fn by_proj(plain: &ProjString, refused: Error) -> Result<Self> {
        // A projection reads no files, and whoever wrote the CRS is not to name any.
        const FILES: [&str; 7] =
            ["catalog", "file", "grids", "init", "model", "xy_grids", "z_grids"];
        let is_pure = !FILES.iter().any(|key| plain.has(key));
        match is_pure.then(|| Operation::projection(&plain.to_string())).flatten() {
            Some(operation) => Ok(Self::Proj(Arc::new(ByProj { operation, refused }))),
            None => Err(refused),
        }
    }

    #[cfg(not(feature = "gdal"))]
    fn by_proj(_plain: &ProjString, refused: Error) -> Result<Self> {
        Err(refused)
    }

    /// The error in whose place PROJ does it.
    pub(super) fn refused(&self) -> Option<&Error> {
        match self {
            #[cfg(feature = "gdal")]
            Self::Proj(proj) => Some(&proj.refused),
            _ => None,
        }
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
            #[cfg(feature = "gdal")]
            Self::Proj(proj) => proj.operation.inverse((x, y))?,
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
            #[cfg(feature = "gdal")]
            Self::Proj(proj) => proj.operation.forward((lon, lat))?,
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
            #[cfg(feature = "gdal")]
            Self::Proj(_) => "Proj",
        })
    }
}

fn central_meridian(p: &ProjString) -> Option<f64> {
    let lon_0 = match p.projection() {
        "utm" => p.number("zone")?.mul_add(6.0, -183.0),
        "tmerc" | "etmerc" => p.number_or("lon_0", 0.0),
        _ => return None,
    };
    Some((lon_0 + p.prime_meridian()).to_radians())
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
    const REST: &str = if cfg!(feature = "gdal") {
        "and those of the PROJ that is installed, which does not have it"
    } else {
        "and with feature `gdal` all of PROJ's"
    };
    Error::UnsupportedProjection {
        crs: crs.to_string(),
        projection: projection.to_owned(),
        known: format!(
            "aea, aeqd, cass, cea, eqc, eqdc, eqearth, etmerc, geos, gnom, krovak, laea, lcc, longlat, \
             merc, mill, moll, ob_tran (o_proj=longlat), omerc, ortho, poly, robin, sinu, somerc, stere, \
             sterea, tmerc, tpers, utm, {REST}"
        ),
    }
}
