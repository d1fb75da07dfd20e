//! An area of interest.

mod clip;
mod edge_index;
mod geojson;
mod longitude;
mod projected;
mod ring;

use std::fmt;

use geo::{
    BoundingRect, Centroid, Coord, Intersects, LineString, MultiPolygon, Polygon, Translate,
};
use serde_json::Value;

pub use projected::ProjectedRegion;

use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::error::{Error, Result};
use crate::geobox::GeoBox;
use crate::transform::Transform;
use ring::Tracer;

/// One or more polygons on the Earth, in any CRS, across 180° and around the poles as well.
///
/// ```
/// use terracube_grid::Region;
/// // Fiji: the west edge is greater than the east edge.
/// let fiji = Region::from_bbox(176.0, -20.0, -178.0, -12.0)?;
/// assert_eq!(fiji.bbox_wgs84().len(), 2);
/// assert!(fiji.contains(179.9, -17.0) && fiji.contains(-179.9, -17.0));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Region {
    crs: Crs,
    /// In `crs`, straight edges; longitudes of a geographic CRS run on beyond ±180.
    own: MultiPolygon,
    /// In degrees on WGS 84, longitudes running on beyond ±180, closed over the poles.
    lonlat: MultiPolygon,
}

impl Region {
    /// From west, south, east and north in degrees; `west > east` means across 180°.
    ///
    /// # Errors
    /// [`Error::BadRegion`] when it is empty, not finite, beyond a pole, or wider than the Earth.
    pub fn from_bbox(west: f64, south: f64, east: f64, north: f64) -> Result<Self> {
        Self::in_crs(Bounds::new(west, south, east, north), &Crs::wgs84())
    }

    /// From a rectangle in any CRS; in a geographic one `min_x > max_x` means across 180°.
    ///
    /// # Errors
    /// [`Error::BadRegion`] when it is empty or cannot be placed on the Earth; see also
    /// [`Transform::new`].
    pub fn in_crs(bounds: Bounds, crs: &Crs) -> Result<Self> {
        let mut b = bounds;
        if ![b.min_x, b.min_y, b.max_x, b.max_y].iter().all(|v| v.is_finite()) {
            return Err(Error::region(format!("{b:?} is not finite")));
        }
        if crs.is_geographic() {
            let turn = std::f64::consts::TAU / crs.angular_unit();
            if b.min_x > b.max_x {
                b.max_x += turn;
            }
            let pole = turn / 4.0;
            if b.min_y < -pole - 1e-9 || b.max_y > pole + 1e-9 {
                return Err(Error::region(format!(
                    "latitudes {} to {} go beyond a pole",
                    b.min_y, b.max_y
                )));
            }
            if b.width() > turn * (1.0 + 1e-12) {
                return Err(Error::region(format!(
                    "longitudes {} to {} go round more than once",
                    bounds.min_x, bounds.max_x
                )));
            }
        }
        if b.min_x > b.max_x || b.min_y > b.max_y {
            return Err(Error::region(format!("{bounds:?} has its edges the wrong way round")));
        }
        if b.width() == 0.0 || b.height() == 0.0 {
            return Err(Error::region(format!("{bounds:?} has no area")));
        }
        Self::of_own(crs, MultiPolygon(vec![rectangle(&b)]), false)
    }

    /// From the outline of a grid.
    ///
    /// # Errors
    /// As [`in_crs`](Self::in_crs).
    pub fn from_geobox(geobox: &GeoBox) -> Result<Self> {
        if geobox.affine.is_axis_aligned() {
            return Self::in_crs(geobox.bounds(), &geobox.crs);
        }
        let ring = geobox.outline(1).into_iter().map(Coord::from).collect();
        Self::of_own(
            &geobox.crs,
            MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())]),
            false,
        )
    }

    /// From GeoJSON: Polygon, MultiPolygon, GeometryCollection, Feature or FeatureCollection, holes
    /// included. An edge of more than 180° of longitude is taken to cross the antimeridian, unless it
    /// is exactly 360°. A `crs` member, as old writers have it, is obeyed.
    ///
    /// # Errors
    /// [`Error::BadRegion`] for anything else, or without any polygon.
    pub fn from_geojson(json: &Value) -> Result<Self> {
        let (crs, polygons) = geojson::read(json)?;
        Self::of_own(&crs, polygons, true)
    }

    /// From GeoJSON text.
    ///
    /// # Errors
    /// As [`from_geojson`](Self::from_geojson), and for text that is no JSON.
    pub fn from_geojson_str(text: &str) -> Result<Self> {
        let json = serde_json::from_str(text)
            .map_err(|cause| Error::region(format!("not JSON: {cause}")))?;
        Self::from_geojson(&json)
    }

    /// The CRS it was given in.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The rectangles around it in longitude and latitude: one, or two when it crosses 180°, the
    /// western part of the map first to start east of it. A pole inside is reached.
    #[must_use]
    pub fn bbox_wgs84(&self) -> Vec<Bounds> {
        longitude::boxes(&self.lonlat)
    }

    /// The longitude of its centre of area in the plane of longitude and latitude, in degrees from
    /// −180 to 180; of one across 180° it lies there, and not on the other side of the Earth.
    #[must_use]
    pub fn middle_longitude(&self) -> Option<f64> {
        // Parts on both sides of 180° are brought together first.
        let start = self.bbox_wgs84().first()?.min_x;
        let parts = self.lonlat.iter().map(|part| {
            let west = bounds_of(part).map_or(start, |b| b.min_x);
            let turns = ((west - start) / 360.0 + 1e-9).floor();
            part.translate(-360.0 * turns, 0.0)
        });
        let x = MultiPolygon(parts.collect()).centroid()?.x();
        Some((x + 180.0).rem_euclid(360.0) - 180.0)
    }

    /// As a GeoJSON Polygon or MultiPolygon in longitude and latitude by RFC 7946: split at 180°,
    /// outer rings counter-clockwise.
    #[must_use]
    pub fn to_geojson(&self) -> Value {
        geojson::write(&clip::to_world(&self.lonlat))
    }

    /// Whether it holds a point, in degrees on WGS 84; its edge belongs to it.
    #[must_use]
    pub fn contains(&self, lon: f64, lat: f64) -> bool {
        (-2..=2)
            .any(|turn| self.lonlat.intersects(&Coord { x: lon + 360.0 * f64::from(turn), y: lat }))
    }

    /// In the plane of a CRS, ready for many questions.
    ///
    /// # Errors
    /// See [`Transform::new`]; [`Error::BadRegion`] when no part lies in the CRS's domain.
    pub fn project(&self, crs: &Crs) -> Result<ProjectedRegion> {
        ProjectedRegion::new(self, crs)
    }

    /// Whether it overlaps a rectangle of a CRS. For many rectangles [`project`](Self::project) once.
    ///
    /// # Errors
    /// As [`project`](Self::project).
    pub fn intersects_bounds(&self, bounds: &Bounds, crs: &Crs) -> Result<bool> {
        Ok(self.project(crs)?.intersects(bounds))
    }

    /// Whether it overlaps a grid.
    ///
    /// # Errors
    /// As [`project`](Self::project).
    pub fn intersects_geobox(&self, geobox: &GeoBox) -> Result<bool> {
        self.intersects_bounds(&geobox.bounds(), &geobox.crs)
    }

    /// The rectangles around it in a CRS: more than one when the CRS's edge of the map cuts it.
    ///
    /// # Errors
    /// As [`project`](Self::project).
    pub fn bounds_in(&self, crs: &Crs) -> Result<Vec<Bounds>> {
        Ok(self.project(crs)?.parts().to_vec())
    }

    fn of_own(crs: &Crs, own: MultiPolygon, unroll: bool) -> Result<Self> {
        let wgs84 = Crs::wgs84();
        let own = if crs.is_geographic() && unroll { longitude::unrolled(&own, crs)? } else { own };
        if !own
            .0
            .iter()
            .any(|p| p.bounding_rect().is_some_and(|r| r.width() > 0.0 && r.height() > 0.0))
        {
            return Err(Error::region("it has no area"));
        }
        let transform = Transform::new(crs, &wgs84)?;
        if transform.is_identity() {
            return Ok(Self { crs: crs.clone(), lonlat: own.clone(), own });
        }
        let lonlat = if crs.is_geographic() {
            Tracer::turning(&transform).trace(&own).ok_or_else(|| outside(crs))?
        } else {
            longitude::of_projected(&own, &transform).ok_or_else(|| outside(crs))?
        };
        Ok(Self { crs: crs.clone(), own, lonlat })
    }
}

fn outside(crs: &Crs) -> Error {
    Error::region(format!("it lies outside the domain of {crs}"))
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vertices: usize = self.own.0.iter().map(|p| p.exterior().0.len()).sum();
        f.debug_struct("Region")
            .field("crs", &self.crs)
            .field("polygons", &self.own.0.len())
            .field("vertices", &vertices)
            .field("bbox_wgs84", &self.bbox_wgs84())
            .finish()
    }
}

/// A rectangle as a counter-clockwise polygon.
fn rectangle(b: &Bounds) -> Polygon {
    let ring = [
        (b.min_x, b.min_y),
        (b.max_x, b.min_y),
        (b.max_x, b.max_y),
        (b.min_x, b.max_y),
        (b.min_x, b.min_y),
    ];
    Polygon::new(LineString(ring.map(Coord::from).to_vec()), Vec::new())
}

fn bounds_of(polygon: &Polygon) -> Option<Bounds> {
    let r = polygon.bounding_rect()?;
    Some(Bounds::new(r.min().x, r.min().y, r.max().x, r.max().y))
}
