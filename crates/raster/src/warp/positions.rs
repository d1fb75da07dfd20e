//! Where the pixels of a destination lie in a source image: exactly, or interpolated within cells.

use std::ops::Range;

use terracube_grid::{Affine, Transform};

/// From destination pixels to source pixels of the whole image.
pub(super) struct Position<'a> {
    pub(super) dst: Affine,
    pub(super) transform: &'a Transform,
    pub(super) is_identity: bool,
    pub(super) to_image: Affine,
}

/// Positions of many pixels. Each lies within `tolerance` source pixels of the exact one, along
/// columns and rows; with 0 all are exact.
///
/// The destination's grid is cut into cells, anchored to the grid and not to the window of it that
/// is computed, so that a pixel's position does not depend on the window. Within a cell positions
/// are biquadratic functions through nine exact ones, and compared with exact ones halfway between
/// those; a cell where they differ by more is cut into four.
pub(super) struct Positions<'a> {
    exact: Position<'a>,
    tolerance: f64,
    /// Column and row of the destination's first pixel in its grid.
    at: (usize, usize),
}

/// Cells that cover some rows of a destination.
pub(super) struct Band {
    pub(super) rows: Range<usize>,
    cells: Vec<Cell>,
}

/// A square of pixels, perhaps beginning before the destination does.
struct Cell {
    col: i64,
    row: i64,
    side: i64,
    /// `None` where every pixel is transformed for itself.
    curve: Option<[Curve; 2]>,
}

/// The coefficients of a biquadratic function over the unit square, by power of v, then of u.
type Curve = [[f64; 3]; 3];
/// A position in the source image; NaN where there is none.
pub(super) type Point = (f64, f64);

/// Pixels along a cell: as large as they come, and as small as is worth it.
const SIDE: i64 = 32;
const LEAST_SIDE: i64 = 8;
const NOWHERE: Point = (f64::NAN, f64::NAN);

impl Position<'_> {
    /// Whether pixels of the destination are pixels of the image, as well as affines can tell.
    pub(super) fn is_aligned(&self) -> bool {
        let whole = |v: f64| (v - v.round()).abs() < 1e-8;
        let t = self.to_image.compose(&self.dst);
        let off = (t.a - 1.0).abs().max(t.b.abs()).max(t.d.abs()).max((t.e - 1.0).abs());
        self.is_identity && off < 1e-12 && whole(t.c) && whole(t.f)
    }

    fn at(&self, col: f64, row: f64) -> Option<Point> {
        let (x, y) = self.dst.apply(col, row);
        let (x, y) = if self.is_identity { (x, y) } else { self.transform.forward(x, y)? };
        let (x, y) = self.to_image.apply(x, y);
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

impl<'a> Positions<'a> {
    pub(super) fn new(exact: Position<'a>, tolerance: f64, at: (usize, usize)) -> Self {
        Self { exact, tolerance, at }
    }

    /// The rows of a destination in bands, each with the cells that cover it.
    pub(super) fn bands(&self, height: usize) -> Vec<Range<usize>> {
        let side = SIDE as usize;
        let first = side - self.at.1 % side;
        let starts = std::iter::once(0).chain((first..height).step_by(side));
        let ends = (first..height).step_by(side).chain(std::iter::once(height));
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }

    /// The cells of a band.
    pub(super) fn band(&self, rows: Range<usize>, width: usize) -> Band {
        let mut cells = Vec::new();
        if self.tolerance > 0.0 && !self.exact.is_identity {
            let side = SIDE as usize;
            let row = rows.start as i64 - ((self.at.1 + rows.start) % side) as i64;
            let first = -((self.at.0 % side) as i64);
            for col in (first..width as i64).step_by(side) {
                self.cut((col, row), SIDE, (width, &rows), &mut cells);
            }
        }
        Band { rows, cells }
    }

    /// The positions of a row of pixels, or rather of a point of each: (0.5, 0.5) is its centre.
    pub(super) fn row(&self, band: &Band, row: usize, (dx, dy): (f64, f64), out: &mut [Point]) {
        let exact = |col: usize| self.exact.at(col as f64 + dx, row as f64 + dy).unwrap_or(NOWHERE);
        if band.cells.is_empty() {
            out.iter_mut().enumerate().for_each(|(col, point)| *point = exact(col));
            return;
        }
        for cell in &band.cells {
            let down = row as i64 - cell.row;
            if !(0..cell.side).contains(&down) {
                continue;
            }
            let from = cell.col.max(0) as usize;
            let to = ((cell.col + cell.side).max(0) as usize).min(out.len());
            let points = (from..to).zip(&mut out[from.min(to)..to]);
            match &cell.curve {
                None => points.for_each(|(col, point)| *point = exact(col)),
                Some([x, y]) => {
                    let step = 1.0 / cell.side as f64;
                    let (x, y) =
                        (along(x, (down as f64 + dy) * step), along(y, (down as f64 + dy) * step));
                    for (col, point) in points {
                        let u = ((col as i64 - cell.col) as f64 + dx) * step;
                        *point = (powers(&x, u), powers(&y, u));
                        if self.is_at_edge(*point) {
                            *point = exact(col);
                        }
                    }
                }
            }
        }
    }

    /// Whether the exact position may lie in another pixel.
    fn is_at_edge(&self, (x, y): Point) -> bool {
        let to_edge = |x: f64| {
            let part = (x - (x as i64) as f64).abs();
            part.min(1.0 - part)
        };
        to_edge(x).min(to_edge(y)) <= self.tolerance
    }

    fn cut(
        &self,
        (col, row): (i64, i64),
        side: i64,
        (width, rows): (usize, &Range<usize>),
        cells: &mut Vec<Cell>,
    ) {
        let is_outside = col >= width as i64
            || col + side <= 0
            || row >= rows.end as i64
            || row + side <= rows.start as i64;
        if is_outside {
            return;
        }
        let curve = self.curve((col, row), side);
        if curve.is_some() || side <= LEAST_SIDE {
            cells.push(Cell { col, row, side, curve });
            return;
        }
        let half = side / 2;
        for (right, down) in [(0, 0), (half, 0), (0, half), (half, half)] {
            self.cut((col + right, row + down), half, (width, rows), cells);
        }
    }

    /// What gives the positions in a cell; `None` when that would not be good enough.
    fn curve(&self, (col, row): (i64, i64), side: i64) -> Option<[Curve; 2]> {
        let at = |u: f64, v: f64| {
            let side = side as f64;
            self.exact.at(col as f64 + u * side, row as f64 + v * side)
        };
        let (mut xs, mut ys) = ([[0.0; 3]; 3], [[0.0; 3]; 3]);
        for (j, v) in [0.0, 0.5, 1.0].into_iter().enumerate() {
            for (i, u) in [0.0, 0.5, 1.0].into_iter().enumerate() {
                (xs[j][i], ys[j][i]) = at(u, v)?;
            }
        }
        let curves = [biquadratic(&xs), biquadratic(&ys)];
        for v in [0.25, 0.75] {
            for u in [0.25, 0.75] {
                let (x, y) = at(u, v)?;
                let [cx, cy] = &curves;
                let off =
                    (powers(&along(cx, v), u) - x).abs().max((powers(&along(cy, v), u) - y).abs());
                // Between these points the curve may be off by a little more than at them.
                if off.is_nan() || off > self.tolerance / 2.0 {
                    return None;
                }
            }
        }
        Some(curves)
    }
}

/// The function through nine values at 0, 0.5 and 1 along both axes; rows are v.
fn biquadratic(values: &[[f64; 3]; 3]) -> Curve {
    let rows = values.map(quadratic);
    let columns: [[f64; 3]; 3] =
        std::array::from_fn(|i| quadratic([rows[0][i], rows[1][i], rows[2][i]]));
    std::array::from_fn(|power| std::array::from_fn(|i| columns[i][power]))
}

/// Coefficients of the parabola through values at 0, 0.5 and 1.
fn quadratic([a, b, c]: [f64; 3]) -> [f64; 3] {
    [a, -3.0 * a + 4.0 * b - c, 2.0 * (a - 2.0 * b + c)]
}

/// The parabola in u at a v.
fn along(curve: &Curve, v: f64) -> [f64; 3] {
    std::array::from_fn(|i| curve[0][i] + v * (curve[1][i] + v * curve[2][i]))
}

fn powers([a, b, c]: &[f64; 3], u: f64) -> f64 {
    a + u * (b + u * c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use terracube_grid::Crs;

    use super::*;

    /// A grid of `res` units in one CRS over an image of 30 m pixels in UTM 33.
    fn positions(
        transform: &Transform,
        origin: (f64, f64),
        res: f64,
        at: (usize, usize),
        tolerance: f64,
    ) -> Positions<'_> {
        let whole = Affine::new(res, 0.0, origin.0, 0.0, -res, origin.1);
        let dst = whole.compose(&Affine::translate(at.0 as f64, at.1 as f64));
        let image = Affine::new(30.0, 0.0, 400_000.0, 0.0, -30.0, 5_800_000.0);
        let to_image = image.inverse().unwrap();
        let exact = Position { dst, transform, is_identity: false, to_image };
        Positions::new(exact, tolerance, at)
    }

    fn all(positions: &Positions<'_>, width: usize, height: usize, part: (f64, f64)) -> Vec<Point> {
        let mut out = vec![NOWHERE; width * height];
        for rows in positions.bands(height) {
            let band = positions.band(rows.clone(), width);
            for row in rows {
                positions.row(&band, row, part, &mut out[row * width..(row + 1) * width]);
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn positions_are_as_near_as_asked_and_independent_of_the_window(
            code in prop::sample::select(vec![(3857, 1.2e6, 6.8e6, 1.0), (4326, 10.5, 52.0, 1e-5), (3035, 4.1e6, 3.3e6, 1.0), (3413, 2.5e6, -2.6e6, 1.0)]),
            res in prop::sample::select(vec![3.0, 30.0, 300.0, 20_000.0]),
            at in (0..500_usize, 0..500_usize),
            size in (1..90_usize, 1..90_usize),
            shift in (0..40_usize, 0..40_usize),
        ) {
            let (code, x, y, unit) = code;
            let transform = Transform::new(&Crs::epsg(code).unwrap(), &Crs::epsg(32633).unwrap()).unwrap();
            let tolerance = 1e-4;
            for part in [(0.5, 0.5), (1.0, 1.0)] {
                let near = positions(&transform, (x, y), res * unit, at, tolerance);
                let exact = positions(&transform, (x, y), res * unit, at, 0.0);
                let (near, exact) = (all(&near, size.0, size.1, part), all(&exact, size.0, size.1, part));
                for (a, b) in near.iter().zip(&exact) {
                    let is_same = a.0.is_nan() && b.0.is_nan();
                    prop_assert!(is_same || (a.0 - b.0).abs().max((a.1 - b.1).abs()) <= tolerance, "{a:?} {b:?}");
                }
                let other = (at.0 + shift.0, at.1 + shift.1);
                let moved = positions(&transform, (x, y), res * unit, other, tolerance);
                let moved = all(&moved, size.0, size.1, part);
                for row in shift.1..size.1 {
                    for col in shift.0..size.0 {
                        let (a, b) = (near[row * size.0 + col], moved[(row - shift.1) * size.0 + col - shift.0]);
                        let is_same = a.0.is_nan() && b.0.is_nan();
                        // What is left is the rounding of the window's own affine.
                        prop_assert!(is_same || (a.0 - b.0).abs().max((a.1 - b.1).abs()) < 1e-6, "{a:?} {b:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bands_begin_where_cells_do() {
        let transform = Transform::new(&Crs::wgs84(), &Crs::wgs84()).unwrap();
        let of = |at, height| positions(&transform, (0.0, 0.0), 1.0, (0, at), 0.1).bands(height);
        assert_eq!(of(0, 70), [0..32, 32..64, 64..70]);
        assert_eq!(of(30, 40), [0..2, 2..34, 34..40]);
        assert_eq!(of(31, 2), [0..1, 1..2]);
    }

    #[test]
    fn a_parabola_goes_through_its_values() {
        let curve = quadratic([3.0, -1.0, 7.0]);
        assert_eq!([0.0, 0.5, 1.0].map(|u| powers(&curve, u)), [3.0, -1.0, 7.0]);
    }
}
