//! A region in the plane of one CRS.

use geo::{Coord, MultiPolygon};

use super::edge_index::EdgeIndex;
use super::ring::{Tracer, lattice};
use super::{Region, bounds_of, clip, outside};
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::densify::edge_points;
use crate::error::Result;
use crate::transform::Transform;

/// A [`Region`] in the plane of a CRS, for questions about many rectangles of it.
///
/// Edges are followed to a metre or a millionth of the region's extent, whichever is more. In a CRS that
/// cannot show the region in one piece only what lies near its area of use counts; without an area of
/// use, rectangles are probed at a lattice of points.
#[derive(Debug, Clone)]
pub struct ProjectedRegion {
    crs: Crs,
    parts: Vec<Bounds>,
    bounds: Bounds,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// In a plane.
    Plane(EdgeIndex),
    /// In longitude and latitude, asked at any turn.
    Turning { index: EdgeIndex, turn: f64 },
    /// The outline cannot be brought to the plane in one piece: points of a rectangle are asked on the
    /// Earth, with points along the region's edges beside them.
    Sampled { lonlat: EdgeIndex, to_lonlat: Transform, corners: Vec<(f64, f64)> },
}

impl ProjectedRegion {
    pub(super) fn new(region: &Region, crs: &Crs) -> Result<Self> {
        if !crs.is_geographic() && region.crs.is_same(crs) {
            return Self::plane(crs, &region.own).ok_or_else(|| outside(crs));
        }
        let transform = Transform::new(&Crs::wgs84(), crs)?;
        if crs.is_geographic() && crs.params().projection() != "ob_tran" {
            let own = if transform.is_identity() {
                Some(region.lonlat.clone())
            } else {
                Tracer::turning(&transform).trace(&region.lonlat)
            };
            let turn = std::f64::consts::TAU / crs.angular_unit();
            return own.and_then(|own| Self::turning(crs, &own, turn)).ok_or_else(|| outside(crs));
        }
        let traced = window_of(crs, region).and_then(|window| {
            let cut = clip::to_window(&region.lonlat, &window);
            trace(&cut, &transform)
        });
        if let Some(made) = traced.and_then(|shape| Self::plane(crs, &shape)) {
            return Ok(made);
        }
        Self::sampled(region, crs, &transform).ok_or_else(|| outside(crs))
    }

    /// Its CRS.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The rectangle around all of it.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The rectangles around its parts; cut by the CRS's edge of the map it has several.
    #[must_use]
    pub fn parts(&self) -> &[Bounds] {
        &self.parts
    }

    /// Whether it overlaps a rectangle of its CRS. Contact along an edge is no overlap.
    #[must_use]
    pub fn intersects(&self, bounds: &Bounds) -> bool {
        match &self.kind {
            Kind::Plane(index) => self.near(bounds) && index.intersects(bounds),
            Kind::Turning { index, turn } => (-2..=2).any(|k| {
                let dx = f64::from(k) * turn;
                index.intersects(&Bounds::new(
                    bounds.min_x + dx,
                    bounds.min_y,
                    bounds.max_x + dx,
                    bounds.max_y,
                ))
            }),
            Kind::Sampled { lonlat, to_lonlat, corners } => {
                const LINES: usize = 12;
                corners.iter().any(|(x, y)| bounds.contains_point(*x, *y))
                    || lattice(bounds, LINES)
                        .filter_map(|(x, y)| to_lonlat.forward(x, y))
                        .any(|(lon, lat)| contains_turning(lonlat, lon, lat))
            }
        }
    }

    /// Whether it holds a point of its CRS.
    #[must_use]
    pub fn contains(&self, x: f64, y: f64) -> bool {
        match &self.kind {
            Kind::Plane(index) => index.contains(x, y),
            Kind::Turning { index, turn } => {
                (-2..=2).any(|k| index.contains(x + f64::from(k) * turn, y))
            }
            Kind::Sampled { lonlat, to_lonlat, .. } => {
                to_lonlat.forward(x, y).is_some_and(|(lon, lat)| contains_turning(lonlat, lon, lat))
            }
        }
    }

    fn near(&self, bounds: &Bounds) -> bool {
        self.bounds.intersects(bounds)
    }

    fn plane(crs: &Crs, shape: &MultiPolygon) -> Option<Self> {
        let parts: Vec<Bounds> = shape.0.iter().filter_map(bounds_of).collect();
        let bounds = parts.iter().copied().reduce(|a, b| a.union(&b))?;
        Some(Self {
            crs: crs.clone(),
            parts: merged(parts),
            bounds,
            kind: Kind::Plane(EdgeIndex::new(shape)),
        })
    }

    fn turning(crs: &Crs, shape: &MultiPolygon, turn: f64) -> Option<Self> {
        let scale = 360.0 / turn;
        let degrees = if scale == 1.0 {
            super::longitude::boxes(shape)
        } else {
            shape.0.iter().filter_map(bounds_of).collect()
        };
        let bounds = degrees.iter().copied().reduce(|a, b| a.union(&b))?;
        let kind = Kind::Turning { index: EdgeIndex::new(shape), turn };
        Some(Self { crs: crs.clone(), parts: degrees, bounds, kind })
    }

    fn sampled(region: &Region, crs: &Crs, transform: &Transform) -> Option<Self> {
        const LINES: usize = 180;
        // Degrees between the points of an edge.
        const STEP: f64 = 0.25;
        let lonlat = EdgeIndex::new(&region.lonlat);
        let rings =
            region.lonlat.0.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let edges = rings.flat_map(|ring| ring.0.windows(2));
        let corners: Vec<(f64, f64)> = edges
            .flat_map(|e| {
                let length = (e[1].x - e[0].x).abs().max((e[1].y - e[0].y).abs());
                edge_points(e[0].x_y(), e[1].x_y(), (length / STEP).ceil() as usize)
            })
            .filter_map(|(lon, lat)| transform.forward(lon, lat))
            .collect();
        let areas = region.lonlat.0.iter().filter_map(bounds_of);
        let inside = areas.flat_map(|area| lattice(&area, LINES).collect::<Vec<_>>());
        let held = inside
            .filter(|(lon, lat)| contains_turning(&lonlat, *lon, *lat))
            .filter_map(|(lon, lat)| transform.forward(lon, lat));
        let bounds = Bounds::of_points(held.chain(corners.iter().copied()))?;
        let margin = 2.0 * bounds.width().max(bounds.height()) / LINES as f64;
        let bounds = bounds.buffered(margin);
        let kind = Kind::Sampled { lonlat, to_lonlat: transform.reversed(), corners };
        Some(Self { crs: crs.clone(), parts: vec![bounds], bounds, kind })
    }
}

fn contains_turning(lonlat: &EdgeIndex, lon: f64, lat: f64) -> bool {
    (-2..=2).any(|k| lonlat.contains(lon + 360.0 * f64::from(k), lat))
}

fn trace(shape: &MultiPolygon, transform: &Transform) -> Option<MultiPolygon> {
    const COARSE: f64 = 4.0;
    if shape.0.is_empty() {
        return None;
    }
    let metre = 1.0 / transform.dst().metres_per_unit();
    let rough = Tracer::new(transform, COARSE, f64::INFINITY).trace(shape)?;
    let extent = rough.0.iter().filter_map(bounds_of).reduce(|a, b| a.union(&b))?;
    let tolerance = metre.max(extent.width().max(extent.height()) * 1e-6);
    Tracer::new(transform, COARSE, tolerance).trace(shape)
}

/// The longitudes and latitudes that the CRS shows in one piece, if there is such a window and the
/// region can be brought through it.
fn window_of(crs: &Crs, region: &Region) -> Option<Bounds> {
    let p = crs.params();
    let lon_0 = match p.projection() {
        "utm" => p.number("zone")?.mul_add(6.0, -183.0),
        _ => p.number_or("lon_0", 0.0),
    } + p.prime_meridian();
    let lat_0 = p.number_or("lat_0", 0.0);
    let around = |half: f64, south: f64, north: f64| {
        Some(Bounds::new(lon_0 - half, south, lon_0 + half, north))
    };
    match p.projection() {
        "merc" => around(180.0, -89.5, 89.5),
        "sinu" | "moll" | "robin" | "eqearth" | "cea" | "eqc" | "mill" => {
            around(180.0, -90.0, 90.0)
        }
        "aea" | "eqdc" => around(180.0, -90.0, 90.0),
        "lcc" => {
            let north = p.number_or("lat_1", lat_0)
                + p.number_or("lat_2", p.number_or("lat_1", lat_0))
                > 0.0;
            if north { around(180.0, -80.0, 90.0) } else { around(180.0, -90.0, 80.0) }
        }
        "utm" | "tmerc" | "etmerc" => around(80.0, -90.0, 90.0),
        "stere" | "laea" | "aeqd" if lat_0 == 90.0 => around(180.0, -80.0, 90.0),
        "stere" | "laea" | "aeqd" if lat_0 == -90.0 => around(180.0, -90.0, 80.0),
        "stere" | "sterea" | "laea" | "aeqd" if within_hemisphere(region, lon_0, lat_0) => {
            around(180.0, -90.0, 90.0)
        }
        _ => area_around(crs),
    }
}

/// The area of use and ten degrees more, if it is no world map.
fn area_around(crs: &Crs) -> Option<Bounds> {
    const MARGIN: f64 = 10.0;
    const WIDEST: f64 = 120.0;
    let area = crs.area_of_use()?;
    let east = if area.max_x < area.min_x { area.max_x + 360.0 } else { area.max_x };
    (east - area.min_x <= WIDEST).then(|| {
        Bounds::new(
            area.min_x - MARGIN,
            (area.min_y - MARGIN).max(-90.0),
            east + MARGIN,
            (area.max_y + MARGIN).min(90.0),
        )
    })
}

/// Whether all corners are within a right angle of a place, and its antipode is not inside.
fn within_hemisphere(region: &Region, lon_0: f64, lat_0: f64) -> bool {
    let (sin_0, cos_0) = lat_0.to_radians().sin_cos();
    let near = |c: &Coord| {
        let (sin, cos) = c.y.to_radians().sin_cos();
        sin * sin_0 + cos * cos_0 * (c.x - lon_0).to_radians().cos() > 0.0
    };
    region.lonlat.0.iter().all(|p| p.exterior().0.iter().all(near))
        && !region.contains(lon_0 + 180.0, -lat_0)
}

/// Rectangles joined where they overlap.
fn merged(mut parts: Vec<Bounds>) -> Vec<Bounds> {
    const MANY: usize = 64;
    if parts.len() > MANY {
        return parts.into_iter().reduce(|a, b| a.union(&b)).into_iter().collect();
    }
    let mut out: Vec<Bounds> = Vec::new();
    while let Some(mut part) = parts.pop() {
        while let Some(i) = out.iter().position(|o| o.intersects(&part)) {
            part = part.union(&out.swap_remove(i));
        }
        out.push(part);
    }
    out.sort_by(|a, b| a.min_x.total_cmp(&b.min_x));
    out
}
