//! Cutting polygons of longitude and latitude at meridians and parallels.

use geo::{BooleanOps, Coord, LineString, MapCoords, MultiPolygon, Polygon};

use super::{bounds_of, rectangle};
use crate::bounds::Bounds;

/// Within −180…180.
pub(super) fn to_world(shape: &MultiPolygon) -> MultiPolygon {
    to_window(shape, &Bounds::new(-180.0, -90.0, 180.0, 90.0))
}

/// What lies in a window at most one turn wide, from whichever turn.
pub(super) fn to_window(shape: &MultiPolygon, window: &Bounds) -> MultiPolygon {
    let mut parts = Vec::new();
    for polygon in &shape.0 {
        let Some(b) = bounds_of(polygon) else { continue };
        let first = ((window.min_x - b.max_x) / 360.0).ceil() as i32;
        let last = ((window.max_x - b.min_x) / 360.0).floor() as i32;
        for turn in first..=last {
            let dx = 360.0 * f64::from(turn);
            let moved = if turn == 0 {
                polygon.clone()
            } else {
                polygon.map_coords(|c| Coord { x: c.x + dx, y: c.y })
            };
            parts.extend(cut(&moved, window));
        }
    }
    MultiPolygon(parts)
}

fn cut(polygon: &Polygon, window: &Bounds) -> Vec<Polygon> {
    let Some(b) = bounds_of(polygon) else { return Vec::new() };
    if window.contains(&b) {
        return vec![polygon.clone()];
    }
    if !window.intersects(&b) {
        return Vec::new();
    }
    if polygon.interiors().is_empty() && is_simple_cut(polygon.exterior(), window) {
        let ring = half_planes(polygon.exterior().0.clone(), window);
        return if ring.len() < 4 {
            Vec::new()
        } else {
            vec![Polygon::new(LineString(ring), Vec::new())]
        };
    }
    let MultiPolygon(parts) = polygon.intersection(&rectangle(window));
    parts.into_iter().map(|part| part.map_coords(|c| snapped(c, window))).collect()
}

/// Whether each side of the window cuts the ring at most twice, so that one piece remains.
fn is_simple_cut(ring: &LineString, window: &Bounds) -> bool {
    let crossings = |side: &dyn Fn(&Coord) -> bool| {
        ring.0.windows(2).filter(|e| side(&e[0]) != side(&e[1])).count()
    };
    crossings(&|c| c.x < window.min_x) <= 2
        && crossings(&|c| c.x > window.max_x) <= 2
        && crossings(&|c| c.y < window.min_y) <= 2
        && crossings(&|c| c.y > window.max_y) <= 2
}

/// Sutherland and Hodgman's clipping, one side after the other.
fn half_planes(ring: Vec<Coord>, window: &Bounds) -> Vec<Coord> {
    let cut_x = |x: f64| {
        move |a: Coord, b: Coord| Coord { x, y: a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x) }
    };
    let cut_y = |y: f64| {
        move |a: Coord, b: Coord| Coord { x: a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y), y }
    };
    let ring = half_plane(ring, |c| c.x >= window.min_x, cut_x(window.min_x));
    let ring = half_plane(ring, |c| c.x <= window.max_x, cut_x(window.max_x));
    let ring = half_plane(ring, |c| c.y >= window.min_y, cut_y(window.min_y));
    half_plane(ring, |c| c.y <= window.max_y, cut_y(window.max_y))
}

fn half_plane(
    ring: Vec<Coord>,
    inside: impl Fn(&Coord) -> bool,
    cut: impl Fn(Coord, Coord) -> Coord,
) -> Vec<Coord> {
    let mut out: Vec<Coord> = Vec::with_capacity(ring.len() + 4);
    for edge in ring.windows(2) {
        let (a, b) = (edge[0], edge[1]);
        match (inside(&a), inside(&b)) {
            (true, true) => out.push(b),
            (true, false) => out.push(cut(a, b)),
            (false, true) => out.extend([cut(a, b), b]),
            (false, false) => {}
        }
    }
    out.dedup();
    if let (Some(first), Some(last)) = (out.first().copied(), out.last().copied())
        && first != last
    {
        out.push(first);
    }
    out
}

/// The polygon operations compute on a raster of about a ten-millionth of the extent.
fn snapped(c: Coord, window: &Bounds) -> Coord {
    const NEAR: f64 = 2e-6;
    let snap = |v: f64, low: f64, high: f64| {
        if (v - low).abs() < NEAR {
            low
        } else if (v - high).abs() < NEAR {
            high
        } else {
            v
        }
    };
    Coord { x: snap(c.x, window.min_x, window.max_x), y: snap(c.y, window.min_y, window.max_y) }
}
