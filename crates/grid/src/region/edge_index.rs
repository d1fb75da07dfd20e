//! Polygons cut into bands, for many questions about rectangles.

use geo::{Coord, MultiPolygon};

use crate::bounds::Bounds;

/// The edges of polygons by the bands of y that they touch, and a coarse picture of what is inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EdgeIndex {
    bounds: Bounds,
    bands: Vec<Vec<Edge>>,
    /// `PICTURE`² cells row by row from the south west; empty for few edges.
    picture: Vec<Cell>,
}

/// Edges of one polygon follow each other in a band.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edge {
    polygon: usize,
    a: Coord,
    b: Coord,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Outside,
    Inside,
    Mixed,
}

impl EdgeIndex {
    const PICTURE: usize = 256;
    /// With fewer edges the picture does not pay.
    const FEW: usize = 64;

    pub(super) fn new(shape: &MultiPolygon) -> Self {
        let mut edges: Vec<Edge> = Vec::new();
        for (polygon, p) in shape.0.iter().enumerate() {
            for ring in std::iter::once(p.exterior()).chain(p.interiors()) {
                edges.extend(ring.0.windows(2).map(|e| Edge { polygon, a: e[0], b: e[1] }));
            }
        }
        let ends = edges.iter().flat_map(|e| [(e.a.x, e.a.y), (e.b.x, e.b.y)]);
        let bounds = Bounds::of_points(ends).unwrap_or(Bounds::new(0.0, 0.0, 0.0, 0.0));
        // Bands are chosen so that an edge lies in about eight of them at most on average.
        let spans: f64 = edges
            .iter()
            .map(|e| (e.b.y - e.a.y).abs() / bounds.height().max(f64::MIN_POSITIVE))
            .sum();
        let count = (edges.len() / 4)
            .min((8.0 * edges.len() as f64 / spans.max(1e-9)) as usize)
            .clamp(1, 4096);
        let mut index = Self { bounds, bands: vec![Vec::new(); count], picture: Vec::new() };
        for edge in &edges {
            for band in index.range(edge.a.y.min(edge.b.y), edge.a.y.max(edge.b.y)) {
                index.bands[band].push(*edge);
            }
        }
        if edges.len() > Self::FEW {
            index.picture = index.pictured();
        }
        index
    }

    /// Whether the insides overlap; contact along edges is none.
    pub(super) fn intersects(&self, bounds: &Bounds) -> bool {
        const HAIR: f64 = 1e-9;
        let inner = Bounds::new(
            bounds.min_x + HAIR * bounds.width(),
            bounds.min_y + HAIR * bounds.height(),
            bounds.max_x - HAIR * bounds.width(),
            bounds.max_y - HAIR * bounds.height(),
        );
        if !self.bounds.intersects(&inner) {
            return false;
        }
        self.seen(&inner).unwrap_or_else(|| self.overlaps(&inner))
    }

    /// By counting each polygon's edges to the west.
    pub(super) fn contains(&self, x: f64, y: f64) -> bool {
        if !self.bounds.contains_point(x, y) {
            return false;
        }
        let (mut polygon, mut odd) = (usize::MAX, false);
        for Edge { polygon: own, a, b } in &self.bands[self.range(y, y).start] {
            if *own != polygon {
                if odd {
                    return true;
                }
                (polygon, odd) = (*own, false);
            }
            if (a.y > y) != (b.y > y) && a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y) < x {
                odd = !odd;
            }
        }
        odd
    }

    /// What the picture alone tells.
    fn seen(&self, r: &Bounds) -> Option<bool> {
        const MANY: usize = 64;
        if self.picture.is_empty() {
            return None;
        }
        let (cols, rows) =
            (self.cells(r.min_x, r.max_x, true), self.cells(r.min_y, r.max_y, false));
        if cols.len() * rows.len() > MANY {
            return None;
        }
        let mut cells = rows.flat_map(|row| cols.clone().map(move |col| row * Self::PICTURE + col));
        let mut mixed = false;
        let inside = cells.any(|i| {
            mixed |= self.picture[i] == Cell::Mixed;
            self.picture[i] == Cell::Inside
        });
        if inside { Some(true) } else { (!mixed).then_some(false) }
    }

    fn overlaps(&self, r: &Bounds) -> bool {
        let edges = self.bands[self.range(r.min_y, r.max_y)].iter().flatten();
        let crossed = edges.into_iter().any(|e| {
            e.a.x.max(e.b.x) >= r.min_x && e.a.x.min(e.b.x) <= r.max_x && passes(e.a, e.b, r)
        });
        let (x, y) = r.center();
        crossed || self.contains(x, y)
    }

    fn pictured(&self) -> Vec<Cell> {
        let n = Self::PICTURE;
        let (width, height) = (self.bounds.width() / n as f64, self.bounds.height() / n as f64);
        let mut picture = vec![Cell::Outside; n * n];
        for row in 0..n {
            let south = self.bounds.min_y + row as f64 * height;
            // A hair more than the row, so that rounding cannot hide an edge.
            let (low, high) = (south - 1e-6 * height, south + (1.0 + 1e-6) * height);
            let cells = &mut picture[row * n..(row + 1) * n];
            for Edge { a, b, .. } in self.bands[self.range(low, high)].iter().flatten() {
                if a.y.max(b.y) < low || a.y.min(b.y) > high {
                    continue;
                }
                let at = |y: f64| {
                    let t =
                        if a.y == b.y { 0.0 } else { ((y - a.y) / (b.y - a.y)).clamp(0.0, 1.0) };
                    a.x + (b.x - a.x) * t
                };
                let (one, two) = if a.y == b.y { (a.x, b.x) } else { (at(low), at(high)) };
                let margin = 1e-6 * width;
                cells[self.cells(one.min(two) - margin, one.max(two) + margin, true)]
                    .fill(Cell::Mixed);
            }
            let mut last = None;
            for (col, cell) in cells.iter_mut().enumerate() {
                if *cell == Cell::Mixed {
                    last = None;
                    continue;
                }
                let x = self.bounds.min_x + (col as f64 + 0.5) * width;
                *cell = *last.get_or_insert_with(|| {
                    if self.contains(x, south + 0.5 * height) {
                        Cell::Inside
                    } else {
                        Cell::Outside
                    }
                });
            }
        }
        picture
    }

    /// The picture's columns or rows that a span touches.
    fn cells(&self, low: f64, high: f64, across: bool) -> std::ops::Range<usize> {
        let (start, size) = if across {
            (self.bounds.min_x, self.bounds.width())
        } else {
            (self.bounds.min_y, self.bounds.height())
        };
        let n = Self::PICTURE;
        let cell = |v: f64| (((v - start) / size * n as f64).max(0.0) as usize).min(n - 1);
        cell(low)..cell(high) + 1
    }

    fn range(&self, low: f64, high: f64) -> std::ops::Range<usize> {
        let count = self.bands.len();
        let height = self.bounds.height().max(f64::MIN_POSITIVE);
        let band = |y: f64| {
            (((y - self.bounds.min_y) / height * count as f64).max(0.0) as usize).min(count - 1)
        };
        band(low)..band(high) + 1
    }
}

/// Whether a segment has a point in a rectangle (Liang and Barsky).
fn passes(a: Coord, b: Coord, r: &Bounds) -> bool {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (p, q) in
        [(-dx, a.x - r.min_x), (dx, r.max_x - a.x), (-dy, a.y - r.min_y), (dy, r.max_y - a.y)]
    {
        if p == 0.0 {
            if q < 0.0 {
                return false;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    enter <= leave
}
