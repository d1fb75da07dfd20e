//! Polygons cut into bands, for many questions about rectangles.

use geo::{Coord, MultiPolygon};

use crate::bounds::Bounds;

/// The edges of polygons by the bands of y that they touch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EdgeIndex {
    low: f64,
    high: f64,
    bands: Vec<Vec<(Coord, Coord)>>,
}

impl EdgeIndex {
    pub(super) fn new(shape: &MultiPolygon) -> Self {
        let rings = shape.0.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let edges: Vec<(Coord, Coord)> =
            rings.flat_map(|ring| ring.0.windows(2).map(|e| (e[0], e[1]))).collect();
        let ends = edges.iter().flat_map(|(a, b)| [a.y, b.y]);
        let (low, high) =
            ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
        let count = edges.len().div_ceil(4).clamp(1, 4096);
        let mut index = Self { low, high, bands: vec![Vec::new(); count] };
        for (a, b) in edges {
            for band in index.range(a.y.min(b.y), a.y.max(b.y)) {
                index.bands[band].push((a, b));
            }
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
        if inner.max_y < self.low || inner.min_y > self.high {
            return false;
        }
        let edges = self.bands[self.range(inner.min_y, inner.max_y)].iter().flatten();
        let crossed = edges.into_iter().any(|(a, b)| passes(*a, *b, &inner));
        let (x, y) = inner.center();
        crossed || self.contains(x, y)
    }

    /// By counting the edges to the west.
    pub(super) fn contains(&self, x: f64, y: f64) -> bool {
        if !(self.low <= y && y <= self.high) {
            return false;
        }
        let band = &self.bands[self.range(y, y).start];
        let west = band.iter().filter(|(a, b)| {
            (a.y > y) != (b.y > y) && a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y) < x
        });
        west.count() % 2 == 1
    }

    fn range(&self, low: f64, high: f64) -> std::ops::Range<usize> {
        let count = self.bands.len();
        let height = (self.high - self.low).max(f64::MIN_POSITIVE);
        let band =
            |y: f64| (((y - self.low) / height * count as f64).max(0.0) as usize).min(count - 1);
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
