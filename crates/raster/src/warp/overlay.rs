//! Sums that keep totals: each source pixel is shared out among the destination pixels over it.

use super::kernel::{LEAST_WEIGHT, Source};
use super::positions::Point;
use crate::sample::Sample;

/// A quadrilateral that was cut by four lines has eight corners at most.
const MOST_CORNERS: usize = 8;

/// The sum of the valid pixels under a destination pixel, whose four corners are given in turn,
/// each times the part of it that is covered.
pub(super) fn covered_sum<T: Sample>(source: &Source<'_, T>, corners: [Point; 4]) -> Option<f64> {
    if !corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
        return None;
    }
    let whole = Polygon::new(&corners);
    let (cols, rows) =
        (span(corners.map(|c| c.0), source.image.0), span(corners.map(|c| c.1), source.image.1));
    let (mut total, mut covered) = (0.0, 0.0);
    for row in rows {
        let strip = whole.between(|(_, y)| y, row as f64);
        for col in cols.clone() {
            let Some(value) = source.get(col, row) else { continue };
            let area = strip.between(|(x, _)| x, col as f64).area();
            // A pixel that is only met must not let NaN in.
            if area > 0.0 {
                total += value.to_f64() * area;
                covered += area;
            }
        }
    }
    (covered > LEAST_WEIGHT * whole.area()).then_some(total)
}

/// The pixels that four positions span, clipped to the image.
fn span(ends: [f64; 4], size: i64) -> std::ops::Range<i64> {
    let low = ends.into_iter().fold(f64::INFINITY, f64::min);
    let high = ends.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (low.floor() as i64).max(0)..(high.ceil() as i64).min(size)
}

#[derive(Clone, Copy)]
struct Polygon {
    corners: [Point; MOST_CORNERS],
    len: usize,
}

impl Polygon {
    fn new(corners: &[Point]) -> Self {
        let mut polygon = Self { corners: [(0.0, 0.0); MOST_CORNERS], len: 0 };
        corners.iter().for_each(|corner| polygon.push(*corner));
        polygon
    }

    fn push(&mut self, corner: Point) {
        if let Some(slot) = self.corners.get_mut(self.len) {
            *slot = corner;
            self.len += 1;
        }
    }

    /// The part of it where a coordinate is between a number and the next.
    fn between(&self, coordinate: impl Fn(Point) -> f64, low: f64) -> Self {
        self.keep(|point| coordinate(point) - low).keep(|point| low + 1.0 - coordinate(point))
    }

    /// The part of it where a linear function isn't negative (Sutherland and Hodgman's clip).
    fn keep(&self, inside: impl Fn(Point) -> f64) -> Self {
        let mut kept = Self::new(&[]);
        let corners = &self.corners[..self.len];
        let before = corners.iter().cycle().skip(self.len.saturating_sub(1));
        for (a, b) in before.zip(corners) {
            let (da, db) = (inside(*a), inside(*b));
            if (da < 0.0) != (db < 0.0) {
                let t = da / (da - db);
                kept.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
            }
            if db >= 0.0 {
                kept.push(*b);
            }
        }
        kept
    }

    fn area(&self) -> f64 {
        let corners = &self.corners[..self.len];
        let Some(&(x0, y0)) = corners.first() else { return 0.0 };
        let after = corners.iter().skip(1);
        let twice: f64 = corners
            .iter()
            .zip(after)
            .map(|(a, b)| (a.0 - x0) * (b.1 - y0) - (b.0 - x0) * (a.1 - y0))
            .sum();
        twice.abs() / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diamond_is_cut_into_its_parts() {
        let diamond = Polygon::new(&[(1.0, 0.0), (2.0, 1.0), (1.0, 2.0), (0.0, 1.0)]);
        assert_eq!(diamond.area(), 2.0);
        let parts = [0.0, 1.0].map(|y| diamond.between(|p| p.1, y).between(|p| p.0, 1.0).area());
        assert_eq!(parts, [0.5, 0.5]);
        assert_eq!(diamond.between(|p| p.0, 2.0).area(), 0.0);
        assert_eq!(diamond.between(|p| p.0, 3.0).area(), 0.0);
    }
}
