//! Straight edges followed through a transform.

use geo::{Coord, LineString, MultiPolygon, Polygon};

use crate::bounds::Bounds;
use crate::transform::Transform;

/// Follows edges through a transform, putting in points where the image bends.
pub(super) struct Tracer<'a> {
    transform: &'a Transform,
    /// Pieces an edge is cut into at first: one per this length.
    coarse: f64,
    /// Longest way between a chord and its arc, in destination units.
    tolerance: f64,
    /// The source is geographic with longitudes that may run on, and so shall the destination's.
    turning: bool,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(transform: &'a Transform, coarse: f64, tolerance: f64) -> Self {
        Self { transform, coarse, tolerance, turning: false }
    }

    /// Between geographic CRSs: longitudes that run on keep running.
    pub(super) fn turning(transform: &'a Transform) -> Self {
        Self { transform, coarse: f64::INFINITY, tolerance: 1e-6, turning: true }
    }

    /// `None` when any point falls outside the domain.
    pub(super) fn trace(&self, shape: &MultiPolygon) -> Option<MultiPolygon> {
        shape
            .0
            .iter()
            .map(|polygon| self.trace_polygon(polygon))
            .collect::<Option<Vec<_>>>()
            .map(MultiPolygon)
    }

    pub(super) fn trace_polygon(&self, polygon: &Polygon) -> Option<Polygon> {
        let holes = polygon
            .interiors()
            .iter()
            .map(|ring| self.trace_ring(ring))
            .collect::<Option<Vec<_>>>()?;
        Some(Polygon::new(self.trace_ring(polygon.exterior())?, holes))
    }

    pub(super) fn trace_ring(&self, ring: &LineString) -> Option<LineString> {
        let mut out: Vec<Coord> = Vec::with_capacity(ring.0.len());
        out.push(self.point(*ring.0.first()?)?);
        for edge in ring.0.windows(2) {
            let length = (edge[1].x - edge[0].x).abs().max((edge[1].y - edge[0].y).abs());
            let pieces = (length / self.coarse).ceil().clamp(1.0, 256.0) as usize;
            let mut from = (edge[0], *out.last()?);
            for i in 1..=pieces {
                let to = if i == pieces {
                    edge[1]
                } else {
                    between(edge[0], edge[1], i as f64 / pieces as f64)
                };
                let image = self.point(to)?;
                self.refine(from, (to, image), 0, &mut out)?;
                out.push(image);
                from = (to, image);
            }
        }
        Some(LineString(out))
    }

    fn refine(
        &self,
        a: (Coord, Coord),
        b: (Coord, Coord),
        depth: usize,
        out: &mut Vec<Coord>,
    ) -> Option<()> {
        const DEEPEST: usize = 9;
        if depth >= DEEPEST {
            return Some(());
        }
        let middle = between(a.0, b.0, 0.5);
        let image = self.point(middle)?;
        let chord = between(a.1, b.1, 0.5);
        if (image.x - chord.x).abs() <= self.tolerance
            && (image.y - chord.y).abs() <= self.tolerance
        {
            return Some(());
        }
        self.refine(a, (middle, image), depth + 1, out)?;
        out.push(image);
        self.refine((middle, image), b, depth + 1, out)
    }

    fn point(&self, c: Coord) -> Option<Coord> {
        let (x, y) = self.transform.forward(c.x, c.y)?;
        let x = if self.turning { x + 360.0 * ((c.x - x) / 360.0).round() } else { x };
        Some(Coord { x, y })
    }
}

/// Points over the inside of a rectangle, edges included.
pub(super) fn lattice(b: &Bounds, n: usize) -> impl Iterator<Item = (f64, f64)> + use<> {
    let b = *b;
    let at = move |i: usize| i as f64 / n as f64;
    (0..=n).flat_map(move |row| {
        (0..=n).map(move |col| (b.min_x + b.width() * at(col), b.min_y + b.height() * at(row)))
    })
}

fn between(a: Coord, b: Coord, t: f64) -> Coord {
    Coord { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }
}
