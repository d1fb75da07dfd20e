//! Longitudes that run on: unrolling rings, closing them over poles, boxes across 180°.

use geo::{Contains, Coord, LineString, MultiPolygon, Polygon};

use super::ring::{Tracer, lattice};
use super::{bounds_of, rectangle};
use crate::bounds::Bounds;
use crate::crs::Crs;
use crate::error::{Error, Result};
use crate::transform::Transform;

/// Rings as written, with edges of more than half a turn taken the short way round.
pub(super) fn unrolled(shape: &MultiPolygon, crs: &Crs) -> Result<MultiPolygon> {
    let turn = std::f64::consts::TAU / crs.angular_unit();
    let polygons = shape.0.iter().map(|polygon| {
        for c in polygon.exterior() {
            if !c.x.is_finite() || c.y.is_nan() || c.y.abs() > turn / 4.0 + 1e-9 {
                return Err(Error::region(format!(
                    "({}, {}) is no longitude and latitude",
                    c.x, c.y
                )));
            }
        }
        let (outer, net) = unroll(polygon.exterior(), turn, true);
        let outer = if net == 0.0 { outer } else { over_pole(outer, net, turn, north_of(polygon)) };
        Ok(with_holes(
            outer,
            polygon.interiors().iter().map(|hole| unroll(hole, turn, true).0),
            turn,
        ))
    });
    polygons.collect::<Result<Vec<_>>>().map(MultiPolygon)
}

/// Longitudes and latitudes of polygons of a projected CRS. `None` when nothing lies in the domain.
pub(super) fn of_projected(shape: &MultiPolygon, transform: &Transform) -> Option<MultiPolygon> {
    let polygons: Vec<Polygon> =
        shape.0.iter().filter_map(|polygon| one_projected(polygon, transform)).collect();
    (!polygons.is_empty()).then_some(MultiPolygon(polygons))
}

/// The rectangles around polygons, cut at 180°: those around the smallest arc that holds all.
pub(super) fn boxes(shape: &MultiPolygon) -> Vec<Bounds> {
    let parts: Vec<Bounds> = shape.0.iter().filter_map(bounds_of).collect();
    let Some(all) = parts.iter().copied().reduce(|a, b| a.union(&b)) else { return Vec::new() };
    let whole = vec![Bounds::new(-180.0, all.min_y, 180.0, all.max_y)];
    let mut arcs: Vec<(f64, f64)> = parts
        .iter()
        .map(|b| {
            let west = wrapped(b.min_x);
            (west, west + b.width())
        })
        .collect();
    arcs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(&(first, _)) = arcs.first() else { return whole };
    // The widest gap on the circle is what the box leaves out.
    let (mut reach, mut gap, mut start) = (f64::NEG_INFINITY, f64::NEG_INFINITY, first);
    let mut end = first;
    for (west, east) in arcs.iter().copied() {
        if reach.is_finite() && west - reach > gap {
            (gap, start, end) = (west - reach, west, reach);
        }
        reach = reach.max(east);
    }
    if first + 360.0 - reach >= gap {
        (gap, start, end) = (first + 360.0 - reach, first, reach);
    }
    if gap <= 1e-9 {
        return whole;
    }
    if end < start {
        end += 360.0;
    }
    if end <= 180.0 + 1e-9 {
        return vec![Bounds::new(start, all.min_y, end.min(180.0), all.max_y)];
    }
    vec![
        Bounds::new(start, all.min_y, 180.0, all.max_y),
        Bounds::new(-180.0, all.min_y, end - 360.0, all.max_y),
    ]
}

fn one_projected(polygon: &Polygon, transform: &Transform) -> Option<Polygon> {
    const TURN: f64 = 360.0;
    let bounds = bounds_of(polygon)?;
    let coarse = bounds.width().max(bounds.height()) / 32.0;
    // A degree's hundred-thousandth is about a metre.
    let tracer = Tracer::new(transform, coarse, 1e-5);
    let Some(traced) = tracer.trace_ring(polygon.exterior()) else {
        return around(&bounds, transform);
    };
    let poles = [90.0, -90.0].map(|lat| {
        let place =
            transform.inverse(0.0, lat).or_else(|| transform.inverse(0.0, lat * (1.0 - 1e-9)));
        place.is_some_and(|(x, y)| polygon.contains(&Coord { x, y }))
    });
    let (outer, net) = unroll(&traced, TURN, false);
    let outer = match (net != 0.0, poles) {
        (true, [true, false]) => over_pole(outer, net, TURN, true),
        (true, [false, true]) => over_pole(outer, net, TURN, false),
        (false, [false, false]) => outer,
        // A pole on the edge, both inside, or the seam inside: only the rectangle is safe.
        _ => return around(&bounds, transform),
    };
    let holes = polygon.interiors().iter().filter_map(|hole| {
        let (ring, net) = unroll(&tracer.trace_ring(hole)?, TURN, false);
        (net == 0.0).then_some(ring)
    });
    Some(with_holes(outer, holes, TURN))
}

/// The rectangle around all of it that has a longitude and latitude.
fn around(bounds: &Bounds, transform: &Transform) -> Option<Polygon> {
    const LINES: usize = 96;
    let places: Vec<(f64, f64)> =
        lattice(bounds, LINES).filter_map(|(x, y)| transform.forward(x, y)).collect();
    let found = Bounds::of_points(places.iter().copied())?;
    let margin = 2.0 * found.height() / LINES as f64;
    let mut lons: Vec<f64> = places.iter().map(|p| wrapped(p.0)).collect();
    lons.sort_by(f64::total_cmp);
    let (first, last) = (*lons.first()?, *lons.last()?);
    let mut widest = (first + 360.0 - last, first, last);
    for pair in lons.windows(2) {
        if pair[1] - pair[0] > widest.0 {
            widest = (pair[1] - pair[0], pair[1], pair[0] + 360.0);
        }
    }
    let pole =
        |lat: f64| transform.inverse(0.0, lat).is_some_and(|(x, y)| bounds.contains_point(x, y));
    let (north, south) = (pole(90.0), pole(-90.0));
    let (west, east) = if north || south || widest.0 < 30.0 {
        (-180.0, 180.0)
    } else {
        let side = 2.0 * (widest.2 - widest.1) / LINES as f64;
        (widest.1 - side, widest.2 + side)
    };
    Some(rectangle(&Bounds::new(
        west,
        if south { -90.0 } else { (found.min_y - margin).max(-90.0) },
        east,
        if north { 90.0 } else { (found.max_y + margin).min(90.0) },
    )))
}

/// The ring with continuous longitudes, and how far its end is from its start: 0 or a turn.
///
/// `as_written`: an edge of exactly one turn is meant so, as in a box around the Earth.
fn unroll(ring: &LineString, turn: f64, as_written: bool) -> (LineString, f64) {
    let mut out: Vec<Coord> = Vec::with_capacity(ring.0.len());
    let mut offset = 0.0;
    for (i, c) in ring.0.iter().enumerate() {
        if i > 0 {
            let step = c.x - ring.0[i - 1].x;
            if step.abs() > turn / 2.0 && !(as_written && step.abs() == turn) {
                offset -= turn * (step / turn).round();
            }
        }
        out.push(Coord { x: c.x + offset, y: c.y });
    }
    let net = match (out.first(), out.last()) {
        (Some(first), Some(last)) => ((last.x - first.x) / turn).round() * turn,
        _ => 0.0,
    };
    (LineString(out), net)
}

/// Closes a ring that goes once round the Earth along a pole.
fn over_pole(ring: LineString, net: f64, turn: f64, north: bool) -> LineString {
    let pole = if north { turn / 4.0 } else { -turn / 4.0 };
    let mut out = ring.0;
    let Some(first) = out.first().copied() else { return LineString(out) };
    out.push(Coord { x: first.x + net, y: pole });
    out.push(Coord { x: first.x, y: pole });
    out.push(first);
    LineString(out)
}

fn north_of(polygon: &Polygon) -> bool {
    polygon.exterior().0.iter().map(|c| c.y).sum::<f64>() > 0.0
}

/// Holes are moved by whole turns to where the outer ring is.
fn with_holes(outer: LineString, holes: impl Iterator<Item = LineString>, turn: f64) -> Polygon {
    let alone = Polygon::new(outer, Vec::new());
    let inside = |hole: &LineString| {
        let first = hole.0.first()?;
        (-2..=2)
            .map(|k| f64::from(k) * turn)
            .find(|dx| alone.contains(&Coord { x: first.x + dx, y: first.y }))
    };
    let moved = holes.map(|hole| {
        let dx = inside(&hole).unwrap_or(0.0);
        LineString(hole.0.into_iter().map(|c| Coord { x: c.x + dx, y: c.y }).collect())
    });
    let holes = moved.collect();
    Polygon::new(alone.into_inner().0, holes)
}

/// Into −180…180, 180 itself to −180.
pub(super) fn wrapped(lon: f64) -> f64 {
    if (-180.0..180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}
