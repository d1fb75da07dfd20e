//! Which pixel of a swath lies at a place, by the places of its pixels.

use std::f64::consts::TAU;

use super::positions::Point;
use crate::{Error, Geolocation, Result};

type Vector = [f64; 3];

/// Points of a swath with a tree of balls around blocks of them.
///
/// Points are on the unit sphere for longitudes and latitudes, else in the plane. A cell lies between
/// four neighbours; around the outermost points is a ring of points laid out straight on.
#[derive(Debug, Clone)]
pub(super) struct Swath {
    points: Vec<Vector>,
    width: usize,
    height: usize,
    /// Radians per unit of longitude; `None` in the plane.
    sphere: Option<f64>,
    offset: (f64, f64),
    step: (f64, f64),
    /// The square of a cell's longest side.
    longest: f64,
    /// Whether cells turn from columns to rows clockwise.
    clockwise: bool,
    /// From leaves to the root.
    levels: Vec<Level>,
}

#[derive(Debug, Clone)]
struct Level {
    across: usize,
    balls: Vec<Option<Ball>>,
}

#[derive(Debug, Clone, Copy)]
struct Ball {
    center: Vector,
    radius: f64,
}

/// Cells along the side of a leaf.
const LEAF: usize = 8;
/// How far outside a cell, in cells, a place still is in it, so that none is lost between two.
const HAIR: f64 = 1e-9;
const EARTH: f64 = 6_371_008.8;

impl Swath {
    pub(super) fn new(places: &Geolocation, longest: Option<f64>) -> Result<Self> {
        let bad = |reason: String| Err(Error::Geolocation { reason });
        let (width, height) = (places.width, places.height);
        if width < 2 || height < 2 {
            return bad(format!("{width} by {height} points span nothing: two by two are needed"));
        }
        let count = width.checked_mul(height);
        if Some(places.x.len()) != count || Some(places.y.len()) != count {
            let found = (places.x.len(), places.y.len());
            return bad(format!("arrays of {found:?} values are not {width} by {height}"));
        }
        let positive = |v: f64| v > 0.0 && v.is_finite();
        if !positive(places.step.0) || !positive(places.step.1) {
            return bad(format!("steps {:?} are not positive", places.step));
        }
        let sphere = places.crs.is_geographic().then(|| {
            if places.crs.unit_name() == "grad" {
                std::f64::consts::PI / 200.0
            } else {
                1_f64.to_radians()
            }
        });
        let points = places.x.iter().zip(&places.y);
        let unit = if sphere.is_some() { EARTH } else { 1.0 };
        let mut made = Self {
            points: points.map(|(x, y)| vector(*x, *y, sphere)).collect(),
            width,
            height,
            sphere,
            offset: places.offset,
            step: places.step,
            longest: longest.map_or(f64::INFINITY, |metres| (metres / unit).powi(2)),
            clockwise: false,
            levels: Vec::new(),
        };
        made.clockwise = match made.turns() {
            0 => return bad("no four neighbouring points are known".to_owned()),
            turns => turns < 0,
        };
        made.levels = made.tree();
        Ok(made)
    }

    pub(super) fn bytes(&self) -> u64 {
        let balls: usize = self.levels.iter().map(|level| level.balls.len()).sum();
        (self.points.len() * size_of::<Vector>() + balls * size_of::<Option<Ball>>()) as u64
    }

    /// Column and row in the image, 0 at its left and upper edge.
    pub(super) fn position(&self, x: f64, y: f64) -> Option<Point> {
        let view = View::new(vector(x, y, self.sphere), self.sphere.is_some());
        let mut best: Option<(usize, usize, Point)> = None;
        let mut open = vec![(self.levels.len().checked_sub(1)?, 0, 0)];
        while let Some((depth, col, row)) = open.pop() {
            let level = &self.levels[depth];
            let Some(ball) = level.balls[row * level.across + col] else { continue };
            let is_near = distance2(&ball.center, &view.at) <= ball.radius * ball.radius;
            if !is_near {
                continue;
            }
            if depth == 0 {
                self.look(&view, (col * LEAF, row * LEAF), &mut best);
                continue;
            }
            let below = &self.levels[depth - 1];
            let down = below.balls.len() / below.across;
            for row in (2 * row..2 * row + 2).filter(|row| *row < down) {
                for col in (2 * col..2 * col + 2).filter(|col| *col < below.across) {
                    open.push((depth - 1, col, row));
                }
            }
        }
        let (row, col, at) = best?;
        let ((col, row), (u, v)) = self.refined((x, y), (col, row), at);
        // The first cell begins with the ring, a step before the first point.
        let along = |cell: usize, part: f64, offset: f64, step: f64| {
            offset + 0.5 + (cell as f64 - 1.0 + part) * step
        };
        Some((along(col, u, self.offset.0, self.step.0), along(row, v, self.offset.1, self.step.1)))
    }

    /// Looks through the cells of a leaf for the first one that holds the place.
    fn look(&self, view: &View, first: (usize, usize), best: &mut Option<(usize, usize, Point)>) {
        const SIDE: usize = LEAF + 1;
        let mut flat = [[None; SIDE]; SIDE];
        for (j, line) in flat.iter_mut().enumerate() {
            for (i, slot) in line.iter_mut().enumerate() {
                let point = self.point(first.0 + i, first.1 + j);
                *slot = point.and_then(|point| view.flat(&point));
            }
        }
        for j in 0..LEAF {
            for i in 0..LEAF {
                let key = (first.1 + j, first.0 + i);
                if best.is_some_and(|(row, col, _)| (row, col) <= key) {
                    return;
                }
                let (Some(a), Some(b)) = (flat[j][i], flat[j][i + 1]) else { continue };
                let (Some(c), Some(d)) = (flat[j + 1][i], flat[j + 1][i + 1]) else { continue };
                let Some(at) = within([a, b, c, d], self.clockwise) else { continue };
                if self.is_short(key.1, key.0) {
                    *best = Some((key.0, key.1, at));
                    return;
                }
            }
        }
    }

    /// A cell and the place in it by interpolating longitudes and latitudes, as GDAL does it. That
    /// differs little from doing it on the sphere, but may lead into a neighbouring cell.
    fn refined(
        &self,
        place: Point,
        mut cell: (usize, usize),
        mut at: Point,
    ) -> ((usize, usize), Point) {
        const MOST_STEPS: usize = 4;
        let beside = |t: f64, cell: usize, last: usize| match t {
            t if t < -HAIR && cell > 0 => -1_isize,
            t if t > 1.0 + HAIR && cell < last => 1,
            _ => 0,
        };
        for _ in 0..MOST_STEPS {
            let Some(found) = self.in_plane(place, cell, at) else { break };
            at = found;
            let (i, j) = (beside(at.0, cell.0, self.width), beside(at.1, cell.1, self.height));
            let next = (cell.0.saturating_add_signed(i), cell.1.saturating_add_signed(j));
            let there = (at.0 - i as f64, at.1 - j as f64);
            if next == cell || self.in_plane(place, next, there).is_none() {
                break;
            }
            (cell, at) = (next, there);
        }
        (cell, at)
    }

    /// A place in a cell in the plane of longitudes and latitudes, near another; `None` close to a
    /// pole, where that plane means nothing. Cells of the ring go on as the next ones inside.
    fn in_plane(&self, (x, y): Point, (col, row): (usize, usize), near: Point) -> Option<Point> {
        const NEAR_POLE: f64 = 85.0;
        const SAME: f64 = 0.1;
        let unit = self.sphere?;
        let inner = (col.clamp(1, self.width - 1), row.clamp(1, self.height - 1));
        let flat = |i: usize, j: usize| {
            let p = self.point(inner.0 + i, inner.1 + j)?;
            let lat = p[2].atan2(p[0].hypot(p[1]));
            let across = p[1].atan2(p[0]) - x * unit;
            let across = across - (across / TAU).round() * TAU;
            (lat.to_degrees().abs() < NEAR_POLE).then_some((across, lat - y * unit))
        };
        let corners = [flat(0, 0)?, flat(1, 0)?, flat(0, 1)?, flat(1, 1)?];
        let back = (inner.0 as f64 - col as f64, inner.1 as f64 - row as f64);
        let found = bilinear_roots(corners).map(|(u, v)| (u + back.0, v + back.1));
        let off = |found: &Point| (found.0 - near.0).abs().max((found.1 - near.1).abs());
        found.into_iter().find(|found| off(found) < SAME)
    }

    /// Whether no side of a cell is a gap.
    fn is_short(&self, col: usize, row: usize) -> bool {
        if self.longest == f64::INFINITY {
            return true;
        }
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)];
        let corners = corners.map(|(i, j)| self.point(col + i, row + j));
        corners.windows(2).all(|side| match side {
            [Some(a), Some(b)] => distance2(a, b) <= self.longest,
            _ => false,
        })
    }

    /// A point by its place among the points and their ring, which has the indices 0 and `width + 1`
    /// or `height + 1`.
    fn point(&self, col: usize, row: usize) -> Option<Vector> {
        let inner = |at: usize, size: usize| match at {
            0 => (0, Some(1)),
            at if at == size + 1 => (size - 1, Some(size - 2)),
            at => (at - 1, None),
        };
        if col > self.width + 1 || row > self.height + 1 {
            return None;
        }
        let get = |col: usize, row: usize| {
            let point = self.points[row * self.width + col];
            (!point[0].is_nan()).then_some(point)
        };
        let on = |a: Vector, b: Vector| [0, 1, 2].map(|k| 2.0 * a[k] - b[k]);
        let ((i, i2), (j, j2)) = (inner(col, self.width), inner(row, self.height));
        let in_row = |j: usize| {
            let edge = get(i, j)?;
            i2.map_or(Some(edge), |i2| Some(on(edge, get(i2, j)?)))
        };
        let point = match j2 {
            None => in_row(j)?,
            Some(j2) => on(in_row(j)?, in_row(j2)?),
        };
        if self.sphere.is_none() || (i2.is_none() && j2.is_none()) {
            return Some(point);
        }
        let length = point.iter().map(|k| k * k).sum::<f64>().sqrt();
        (length > 0.5).then(|| point.map(|k| k / length))
    }

    /// How many more cells turn counter-clockwise than clockwise, seen from above.
    fn turns(&self) -> i64 {
        let mut turns = 0;
        for row in 1..self.height {
            for col in 1..self.width {
                let Some(a) = self.point(col, row) else { continue };
                let view = View::new(a, self.sphere.is_some());
                let flat = |i, j| view.flat(&self.point(col + i, row + j)?);
                let (Some(b), Some(c), Some(_)) = (flat(1, 0), flat(0, 1), flat(1, 1)) else {
                    continue;
                };
                let cross = b.0 * c.1 - b.1 * c.0;
                turns += i64::from(cross > 0.0) - i64::from(cross < 0.0);
            }
        }
        turns
    }

    fn tree(&self) -> Vec<Level> {
        let (across, down) = ((self.width + 1).div_ceil(LEAF), (self.height + 1).div_ceil(LEAF));
        let leaf = |n: usize| {
            let (col, row) = (n % across * LEAF, n / across * LEAF);
            let cells = (row..=row + LEAF).flat_map(|j| (col..=col + LEAF).map(move |i| (i, j)));
            let points: Vec<Vector> = cells.filter_map(|(i, j)| self.point(i, j)).collect();
            Ball::around(&points, self.sphere.is_some())
        };
        let mut levels = vec![Level { across, balls: (0..across * down).map(leaf).collect() }];
        while let Some(last) = levels.last().filter(|level| level.balls.len() > 1) {
            let (wide, high) = (last.across, last.balls.len() / last.across);
            let across = wide.div_ceil(2);
            let parent = |n: usize| {
                let (col, row) = (n % across * 2, n / across * 2);
                let all = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| (col + i, row + j));
                let inside = all.into_iter().filter(|(i, j)| *i < wide && *j < high);
                Ball::of_balls(inside.filter_map(|(i, j)| last.balls[j * wide + i]))
            };
            let balls = (0..across * high.div_ceil(2)).map(parent).collect();
            levels.push(Level { across, balls });
        }
        levels
    }
}

impl Ball {
    fn around(points: &[Vector], is_sphere: bool) -> Option<Self> {
        let first = points.first()?;
        let (mut low, mut high) = (*first, *first);
        for point in points {
            for k in 0..3 {
                low[k] = low[k].min(point[k]);
                high[k] = high[k].max(point[k]);
            }
        }
        let center = [0, 1, 2].map(|k| f64::midpoint(low[k], high[k]));
        let radius = points.iter().map(|p| distance2(p, &center)).fold(0.0, f64::max).sqrt();
        // What four points of a sphere enclose is in the ball around them, if that is less than half
        // of the sphere. Half a cell more, for the hair.
        let is_wide = is_sphere && radius > 0.7;
        Some(Self { center, radius: if is_wide { f64::INFINITY } else { radius * (1.0 + 1e-6) } })
    }

    fn of_balls(balls: impl Iterator<Item = Self> + Clone) -> Option<Self> {
        let balls: Vec<Self> = balls.collect();
        let centers: Vec<Vector> = balls.iter().map(|ball| ball.center).collect();
        let mut made = Self::around(&centers, false)?;
        let reach = balls.iter().map(|b| distance2(&b.center, &made.center).sqrt() + b.radius);
        made.radius = reach.fold(0.0, f64::max) * (1.0 + 1e-12);
        Some(made)
    }
}

/// What points look like from the place asked for: in the plane that touches the sphere there, to
/// which great circles are straight.
struct View {
    at: Vector,
    /// East and north.
    axes: Option<[Vector; 2]>,
}

impl View {
    fn new(at: Vector, is_sphere: bool) -> Self {
        let axes = is_sphere.then(|| {
            let across = at[0].hypot(at[1]);
            let east =
                if across > 0.0 { [-at[1] / across, at[0] / across, 0.0] } else { [0.0, 1.0, 0.0] };
            let north = [
                at[1] * east[2] - at[2] * east[1],
                at[2] * east[0] - at[0] * east[2],
                at[0] * east[1] - at[1] * east[0],
            ];
            [east, north]
        });
        Self { at, axes }
    }

    fn flat(&self, point: &Vector) -> Option<Point> {
        let Some([east, north]) = &self.axes else {
            return Some((point[0] - self.at[0], point[1] - self.at[1]));
        };
        let up = dot(point, &self.at);
        (up > 0.1).then(|| (dot(point, east) / up, dot(point, north) / up))
    }
}

/// Where the origin lies between four points, along columns and rows; `None` outside them or where
/// they are turned the other way.
fn within([a, b, c, d]: [Point; 4], clockwise: bool) -> Option<Point> {
    let all = [a, b, c, d];
    let size = all.iter().fold(0.0_f64, |size, p| size.max(p.0.abs()).max(p.1.abs()));
    let near = HAIR * size;
    let beyond = |of: fn(&Point) -> f64| {
        all.iter().all(|p| of(p) > near) || all.iter().all(|p| of(p) < -near)
    };
    if beyond(|p| p.0) || beyond(|p| p.1) {
        return None;
    }
    let diagonals = cross((d.0 - a.0, d.1 - a.1), (c.0 - b.0, c.1 - b.1));
    if diagonals == 0.0 || (diagonals < 0.0) != clockwise {
        return None;
    }
    let inside = |t: f64| (-HAIR..=1.0 + HAIR).contains(&t);
    bilinear_roots(all).into_iter().find(|(u, v)| inside(*u) && inside(*v))
}

/// Where bilinear interpolation between four points gives the origin; NaN where there is no answer.
fn bilinear_roots([a, b, c, d]: [Point; 4]) -> [Point; 2] {
    let across = (b.0 - a.0, b.1 - a.1);
    let down = (c.0 - a.0, c.1 - a.1);
    let twist = (a.0 - b.0 - c.0 + d.0, a.1 - b.1 - c.1 + d.1);
    // a + u across + v (down + u twist) = 0: what is along `down + u twist` has no cross product with it.
    let (q0, q1, q2) =
        (cross(a, down), cross(a, twist) + cross(across, down), cross(across, twist));
    let roots = if q2.abs() <= 1e-12 * q1.abs() {
        [-q0 / q1, f64::NAN]
    } else {
        let half = q1.mul_add(q1, -4.0 * q2 * q0).max(0.0).sqrt().copysign(q1);
        let sum = -0.5 * (q1 + half);
        [q0 / sum, sum / q2]
    };
    roots.map(|u| {
        let (x, y) = (down.0 + u * twist.0, down.1 + u * twist.1);
        (u, -((a.0 + u * across.0) * x + (a.1 + u * across.1) * y) / (x * x + y * y))
    })
}

fn cross(p: Point, q: Point) -> f64 {
    p.0 * q.1 - p.1 * q.0
}

fn vector(x: f64, y: f64, sphere: Option<f64>) -> Vector {
    let Some(unit) = sphere else {
        return [x, y, if x.is_finite() && y.is_finite() { 0.0 } else { f64::NAN }];
    };
    let (lon, lat) = (x * unit, y * unit);
    if !lon.is_finite() || lat.is_nan() || lat.abs() > std::f64::consts::FRAC_PI_2 + 1e-9 {
        return [f64::NAN; 3];
    }
    let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (lon.sin_cos(), lat.sin_cos());
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn distance2(a: &Vector, b: &Vector) -> f64 {
    let d = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    dot(&d, &d)
}
