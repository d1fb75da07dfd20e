//! From one datum to another.

use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;

#[cfg(feature = "gdal")]
use super::grid_shift::GridShift;
use crate::bounds::Bounds;
use crate::crs::{Crs, Shift};
use crate::error::{Error, Result};

/// A shift between two datums by way of WGS 84, on radians.
#[derive(Clone)]
pub(super) struct DatumShift {
    src: Side,
    dst: Side,
}

/// Between a datum and WGS 84.
#[derive(Clone)]
enum Side {
    Helmerts(Helmerts),
    #[cfg(feature = "gdal")]
    Grids(Arc<GridShift>),
}

pub(super) const EVERYWHERE: Bounds = Bounds::new(-180.0, -90.0, 180.0, 90.0);

/// One Helmert shift or several, each for an area in longitude and latitude.
type Helmerts = Arc<[(Bounds, Proj)]>;

impl DatumShift {
    /// `None` when coordinates pass unchanged.
    pub(super) fn between(src: &Crs, dst: &Crs) -> Result<Option<Self>> {
        let (a, b) = (&src.inner().datum, &dst.inner().datum);
        if src.is_same(dst) || a.is_same(b) {
            return Ok(None);
        }
        let stays = |shift: &Shift| matches!(shift, Shift::Null | Shift::Unknown);
        if stays(&a.shift) && stays(&b.shift) {
            return Ok(None);
        }
        Ok(Some(Self { src: side(src, src, dst)?, dst: side(dst, src, dst)? }))
    }

    pub(super) fn reversed(&self) -> Self {
        Self { src: self.dst.clone(), dst: self.src.clone() }
    }

    /// The error in whose place PROJ does it.
    pub(super) fn refused(&self) -> Option<&Error> {
        [&self.src, &self.dst].into_iter().find_map(|side| match side {
            Side::Helmerts(_) => None,
            #[cfg(feature = "gdal")]
            Side::Grids(grids) => Some(grids.refused()),
        })
    }

    pub(super) fn forward(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        between(&self.src, &self.dst, point)
    }

    pub(super) fn inverse(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        between(&self.dst, &self.src, point)
    }
}

impl fmt::Debug for DatumShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatumShift")
    }
}

/// The way of `crs`, which is one of the two.
fn side(crs: &Crs, src: &Crs, dst: &Crs) -> Result<Side> {
    let datum = &crs.inner().datum;
    let Shift::Grid(grid) = &datum.shift else {
        return Ok(Side::Helmerts(helmerts(crs, &datum.shift)?));
    };
    let refused = Error::DatumGrid {
        from: src.to_string(),
        to: dst.to_string(),
        datum: datum.name.clone(),
        grid: grid.clone(),
    };
    by_grids(crs, if crs == src { dst } else { src }, refused)
}

#[cfg(feature = "gdal")]
fn by_grids(crs: &Crs, other: &Crs, refused: Error) -> Result<Side> {
    Ok(Side::Grids(Arc::new(GridShift::new(crs, other, refused)?)))
}

#[cfg(not(feature = "gdal"))]
fn by_grids(_crs: &Crs, _other: &Crs, refused: Error) -> Result<Side> {
    Err(refused)
}

fn between(src: &Side, dst: &Side, point: (f64, f64)) -> Option<(f64, f64)> {
    match (src, dst) {
        (Side::Helmerts(a), Side::Helmerts(b)) => convert(at(a, point)?, at(b, point)?, point),
        #[cfg(feature = "gdal")]
        (Side::Helmerts(a), Side::Grids(b)) => b.inverse(convert(at(a, point)?, b.wgs84(), point)?),
        #[cfg(feature = "gdal")]
        (Side::Grids(a), Side::Helmerts(b)) => {
            let there = a.forward(point)?;
            convert(a.wgs84(), at(b, there)?, there)
        }
        #[cfg(feature = "gdal")]
        (Side::Grids(a), Side::Grids(b)) => b.inverse(a.forward(point)?),
    }
}

/// The Helmert at a place: the first whose area holds it, else the last.
fn at(helmerts: &Helmerts, (lon, lat): (f64, f64)) -> Option<&Proj> {
    let (lon, lat) = (lon.to_degrees(), lat.to_degrees());
    let found = helmerts.iter().find(|(bounds, _)| holds(bounds, lon, lat));
    found.or_else(|| helmerts.last()).map(|(_, way)| way)
}

/// Whether an area, which may lie across 180°, holds a place; in degrees.
pub(super) fn holds(b: &Bounds, lon: f64, lat: f64) -> bool {
    let inside = (b.min_x <= lon, lon <= b.max_x);
    let across = if b.min_x <= b.max_x { inside.0 && inside.1 } else { inside.0 || inside.1 };
    across && b.min_y <= lat && lat <= b.max_y
}

fn helmerts(crs: &Crs, shift: &Shift) -> Result<Helmerts> {
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

pub(super) fn convert(src: &Proj, dst: &Proj, mut point: (f64, f64)) -> Option<(f64, f64)> {
    proj4rs::transform::transform(src, dst, &mut point).ok()?;
    Some(point)
}

/// Longitude and latitude on the CRS's ellipsoid, from Greenwich.
pub(super) fn geographic_text(crs: &Crs) -> String {
    let e = crs.ellipsoid();
    if e.inverse_flattening == 0.0 {
        format!("+proj=longlat +a={} +b={}", e.a, e.a)
    } else {
        format!("+proj=longlat +a={} +rf={}", e.a, e.inverse_flattening)
    }
}
