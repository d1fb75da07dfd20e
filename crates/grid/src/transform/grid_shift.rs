//! A datum's shift to WGS 84 by grids.

use std::sync::OnceLock;

use proj4rs::Proj;

use super::datum_shift::{EVERYWHERE, geographic_text, holds};
use super::operation::Operation;
use super::operation_table;
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::error::{Error, Result};

const TOO_LITTLE: &str =
    "PROJ has shifts for less than half of the area of use; go by a CRS of the region";

/// Operations of PROJ, best first, each for an area; on radians, east of Greenwich.
#[derive(Debug)]
pub(super) struct GridShift {
    ways: Vec<Way>,
    wgs84: Proj,
    /// The error in whose place it stands.
    refused: Error,
}

#[derive(Debug)]
struct Way {
    area: Bounds,
    at_sea: bool,
    grids: String,
    text: String,
    /// Whether the shift goes on without it.
    optional: bool,
    operation: OnceLock<Option<Operation>>,
}

impl GridShift {
    /// The shift of `crs` on the way from or to another, or `refused` with the grid that is missing.
    ///
    /// Operations have to be meant for half of the common area of use at least, and wherever one is,
    /// one has to be on this machine.
    pub(super) fn new(crs: &Crs, other: &Crs, refused: Error) -> Result<Self> {
        let wgs84 = Proj::from_proj_string(&geographic_text(&Crs::wgs84()));
        let Ok(wgs84) = wgs84 else { return Err(refused) };
        let shift = Self { ways: ways(crs), wgs84, refused };
        let places = shift.places(crs.area_of_use(), other.area_of_use());
        let mut met = 0;
        for &(lon, lat) in &places {
            let here: Vec<_> = shift.meant_for(lon, lat).collect();
            met += usize::from(!here.is_empty());
            if !here.is_empty() && here.iter().all(|way| way.operation().is_none()) {
                return Err(shift.missing(lon, lat));
            }
        }
        let required = shift.ways.iter().find(|way| !way.optional && way.operation().is_none());
        match required {
            _ if shift.ways.is_empty() => Err(shift.refused),
            _ if 2 * met < places.len() => Err(named(shift.refused, TOO_LITTLE.to_owned())),
            Some(way) => Err(named(shift.refused, way.grids.clone())),
            None => Ok(shift),
        }
    }

    pub(super) fn refused(&self) -> &Error {
        &self.refused
    }

    /// Longitude and latitude on WGS 84.
    pub(super) fn wgs84(&self) -> &Proj {
        &self.wgs84
    }

    pub(super) fn forward(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        self.here(point).find_map(|operation| operation.forward(point))
    }

    pub(super) fn inverse(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        self.here(point).find_map(|operation| operation.inverse(point))
    }

    /// What there is at a place. A grid need not fill its area: then the next one counts.
    fn here(&self, (lon, lat): (f64, f64)) -> impl Iterator<Item = &Operation> {
        let (lon, lat) = (lon.to_degrees(), lat.to_degrees());
        self.ways.iter().filter(move |w| holds(&w.area, lon, lat)).filter_map(Way::operation)
    }

    /// Some places, in degrees, where both CRSs are meant to be used.
    fn places(&self, own: Option<Bounds>, other: Option<Bounds>) -> Vec<(f64, f64)> {
        let areas = match own {
            Some(area) => vec![area],
            None => self.ways.iter().map(|way| way.area).collect(),
        };
        let all: Vec<_> = areas.into_iter().flat_map(spread).collect();
        let Some(other) = other else { return all };
        let common: Vec<_> = all.iter().copied().filter(|p| holds(&other, p.0, p.1)).collect();
        match (common.is_empty(), own) {
            (false, _) => common,
            (true, None) => spread(other),
            (true, Some(_)) => all,
        }
    }

    /// The operations for a place; those for waters only where there are no others.
    fn meant_for(&self, lon: f64, lat: f64) -> impl Iterator<Item = &Way> {
        let here = move |way: &&Way| holds(&way.area, lon, lat);
        let is_land = self.ways.iter().filter(here).any(|way| !way.at_sea);
        self.ways.iter().filter(here).filter(move |way| !(way.at_sea && is_land))
    }

    /// The error for a place: of the operations there, that with the fewest grids is the simplest to get.
    fn missing(self, lon: f64, lat: f64) -> Error {
        let way = self.meant_for(lon, lat).min_by_key(|way| way.grids.matches(',').count());
        match way.map(|way| way.grids.clone()) {
            Some(grids) => named(self.refused, grids),
            None => self.refused,
        }
    }
}

impl Way {
    fn operation(&self) -> Option<&Operation> {
        self.operation.get_or_init(|| Operation::open(&self.text)).as_ref()
    }
}

/// Those of the grids that the CRS itself names, else those of its datum.
fn ways(crs: &Crs) -> Vec<Way> {
    if let Some(grids) = crs.params().get("nadgrids") {
        let named = grids.split(',').filter(|name| !name.is_empty()).map(|name| {
            let plain = name.trim_start_matches('@');
            // Whoever wrote the CRS does not choose what PROJ fetches.
            let is_address = plain.contains("://");
            Way {
                area: EVERYWHERE,
                at_sea: false,
                grids: plain.to_owned(),
                text: format!("+proj=hgridshift +grids={plain}"),
                optional: plain != name,
                operation: if is_address { None.into() } else { OnceLock::new() },
            }
        });
        return named.collect();
    }
    let entries = operation_table::entries(&crs.inner().datum.name).into_iter();
    let way = |entry: operation_table::Entry| Way {
        area: entry.area,
        at_sea: entry.at_sea,
        grids: entry.grids.to_owned(),
        text: entry.operation.to_owned(),
        optional: true,
        operation: OnceLock::new(),
    };
    entries.map(way).collect()
}

/// Six by six places of an area.
fn spread(area: Bounds) -> Vec<(f64, f64)> {
    let turn = if area.max_x < area.min_x { 360.0 } else { 0.0 };
    let (width, height) = (area.max_x + turn - area.min_x, area.max_y - area.min_y);
    let at = |step: i32| 0.03 + 0.94 * f64::from(step) / 5.0;
    let place = |i: i32| {
        let (lon, lat) = (area.min_x + width * at(i % 6), area.min_y + height * at(i / 6));
        (if lon > 180.0 { lon - 360.0 } else { lon }, lat)
    };
    (0..36).map(place).collect()
}

/// The error with the grid that is missing.
fn named(refused: Error, missing: String) -> Error {
    match refused {
        Error::DatumGrid { from, to, datum, .. } => {
            Error::DatumGrid { from, to, datum, grid: missing }
        }
        other => other,
    }
}
