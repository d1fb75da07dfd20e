//! From places to pixels by ground control points: polynomials and thin plate splines.

use super::located::GcpMethod;
use super::positions::Point;
use crate::{Error, Gcp, Result};

/// Functions of a place for column and row.
#[derive(Debug, Clone)]
pub(super) struct GcpFit {
    /// The middle of the places, and half their extent.
    middle: Point,
    half: Point,
    /// Units of longitude all around.
    turn: Option<f64>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Coefficients of the terms of [`terms`], for column and row.
    Polynomial { order: u8, col: Vec<f64>, row: Vec<f64> },
    /// From places to pixels, nearly, and from pixels to places.
    Spline { guess: Spline, back: Spline },
}

/// Two thin plate splines through the same points.
#[derive(Debug, Clone)]
struct Spline {
    points: Vec<Point>,
    /// Weights of the points, then of 1 and the two coordinates.
    weights: [Vec<f64>; 2],
}

/// More make a spline too slow.
const MOST_SPLINE_POINTS: usize = 2000;

impl GcpFit {
    pub(super) fn new(points: &[Gcp], method: GcpMethod, turn: Option<f64>) -> Result<Self> {
        let bad = |reason: String| Err(Error::Geolocation { reason });
        if points.iter().any(|p| ![p.col, p.row, p.x, p.y].iter().all(|v| v.is_finite())) {
            return bad("a ground control point is not finite".to_owned());
        }
        let Some(first) = points.first() else {
            return bad("there are no ground control points".to_owned());
        };
        let near = |x: f64| wrapped(x, first.x, turn);
        let (middle_x, half_x) = middle(points.iter().map(|p| near(p.x)));
        let (middle_y, half_y) = middle(points.iter().map(|p| p.y));
        let mut fit = Self {
            middle: (middle_x, middle_y),
            half: (half_x, half_y),
            turn,
            kind: Kind::Polynomial { order: 1, col: Vec::new(), row: Vec::new() },
        };
        let places: Vec<Point> = points.iter().map(|p| fit.scaled(near(p.x), p.y)).collect();
        let order = match method {
            GcpMethod::Auto if points.len() < 6 => 1,
            GcpMethod::Auto => 2,
            GcpMethod::Polynomial(order) if (1..=3).contains(&order) => order,
            GcpMethod::Polynomial(order) => return bad(format!("order {order} is not 1, 2 or 3")),
            GcpMethod::ThinPlateSpline => 0,
        };
        let needed = if order == 0 { 3 } else { terms(order, (0.0, 0.0)).len() };
        if points.len() < needed {
            return bad(format!(
                "{} ground control points are less than the {needed} needed",
                points.len()
            ));
        }
        let pixels: Vec<Point> = points.iter().map(|p| (p.col, p.row)).collect();
        let kind = if order == 0 {
            if points.len() > MOST_SPLINE_POINTS {
                return bad(format!(
                    "a thin plate spline of {} points is too slow: at most {MOST_SPLINE_POINTS}",
                    points.len()
                ));
            }
            let guess = Spline::new(&places, &pixels);
            guess
                .zip(Spline::new(&pixels, &places))
                .map(|(guess, back)| Kind::Spline { guess, back })
        } else {
            let solved = polynomial(order, &places, &pixels);
            solved.map(|[col, row]| Kind::Polynomial { order, col, row })
        };
        let Some(kind) = kind else {
            return bad("the ground control points lie on a line or a curve".to_owned());
        };
        fit.kind = kind;
        Ok(fit)
    }

    pub(super) fn bytes(&self) -> u64 {
        let of = |spline: &Spline| {
            let weights = &spline.weights;
            spline.points.len() * size_of::<Point>()
                + (weights[0].len() + weights[1].len()) * size_of::<f64>()
        };
        let bytes = match &self.kind {
            Kind::Polynomial { col, row, .. } => (col.len() + row.len()) * size_of::<f64>(),
            Kind::Spline { guess, back } => of(guess) + of(back),
        };
        bytes as u64
    }

    pub(super) fn position(&self, x: f64, y: f64) -> Point {
        let at = self.scaled(wrapped(x, self.middle.0, self.turn), y);
        let sum =
            |weights: &[f64], terms: &[f64]| weights.iter().zip(terms).map(|(w, t)| w * t).sum();
        match &self.kind {
            Kind::Polynomial { order, col, row } => {
                let terms = terms(*order, at);
                (sum(col, &terms), sum(row, &terms))
            }
            Kind::Spline { guess, back } => back.inverse(at, guess.at(at)),
        }
    }

    fn scaled(&self, x: f64, y: f64) -> Point {
        ((x - self.middle.0) / self.half.0, (y - self.middle.1) / self.half.1)
    }
}

/// The polynomials with the least squares.
fn polynomial(order: u8, places: &[Point], pixels: &[Point]) -> Option<[Vec<f64>; 2]> {
    let n = terms(order, (0.0, 0.0)).len();
    let mut matrix = vec![vec![0.0; n]; n];
    let (mut col, mut row) = (vec![0.0; n], vec![0.0; n]);
    for (place, (c, r)) in places.iter().zip(pixels) {
        let terms = terms(order, *place);
        for (i, a) in terms.iter().enumerate() {
            col[i] += a * c;
            row[i] += a * r;
            for (j, b) in terms.iter().enumerate() {
                matrix[i][j] += a * b;
            }
        }
    }
    solve(matrix, [col, row])
}

impl Spline {
    /// `None` for points on a line.
    fn new(points: &[Point], values: &[Point]) -> Option<Self> {
        let line = |at: &Point| {
            let near = points.iter().map(|point| bump(*point, *at));
            near.chain([1.0, at.0, at.1]).collect::<Vec<f64>>()
        };
        let mut matrix: Vec<Vec<f64>> = points.iter().map(line).collect();
        for term in [|_: &Point| 1.0, |p: &Point| p.0, |p: &Point| p.1] {
            matrix.push(points.iter().map(term).chain([0.0; 3]).collect());
        }
        let (mut first, mut second): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
        first.extend([0.0; 3]);
        second.extend([0.0; 3]);
        Some(Self { points: points.to_vec(), weights: solve(matrix, [first, second])? })
    }

    fn at(&self, at: Point) -> Point {
        let near = self.points.iter().map(|point| bump(*point, at));
        let terms: Vec<f64> = near.chain([1.0, at.0, at.1]).collect();
        let [first, second] = &self.weights;
        (sum(first, &terms), sum(second, &terms))
    }

    /// How the two change with the first coordinate, and with the second.
    fn slopes(&self, at: Point) -> [Point; 2] {
        let steepness = |point: &Point| {
            let (dx, dy) = (at.0 - point.0, at.1 - point.1);
            let r2 = dx * dx + dy * dy;
            let factor = if r2 == 0.0 { 0.0 } else { 2.0 * (r2.ln() + 1.0) };
            (factor * dx, factor * dy)
        };
        let (mut across, mut down): (Vec<f64>, Vec<f64>) =
            self.points.iter().map(steepness).unzip();
        across.extend([0.0, 1.0, 0.0]);
        down.extend([0.0, 0.0, 1.0]);
        let [first, second] = &self.weights;
        [(sum(first, &across), sum(second, &across)), (sum(first, &down), sum(second, &down))]
    }

    /// Where the spline gives a value, by Newton's method; NaN where it does not get there.
    fn inverse(&self, value: Point, guess: Point) -> Point {
        const STEPS: usize = 30;
        const CLOSE: f64 = 1e-10;
        let mut at = guess;
        for _ in 0..STEPS {
            let found = self.at(at);
            let off = (value.0 - found.0, value.1 - found.1);
            let [(a, c), (b, d)] = self.slopes(at);
            let determinant = a * d - b * c;
            let step =
                ((off.0 * d - off.1 * b) / determinant, (off.1 * a - off.0 * c) / determinant);
            at = (at.0 + step.0, at.1 + step.1);
            let size = at.0.abs().max(at.1.abs()).max(1.0);
            if step.0.abs().max(step.1.abs()) <= CLOSE * size {
                return at;
            }
        }
        (f64::NAN, f64::NAN)
    }
}

fn sum(weights: &[f64], terms: &[f64]) -> f64 {
    weights.iter().zip(terms).map(|(w, t)| w * t).sum()
}

/// The thin plate spline's function of the distance.
fn bump(a: Point, b: Point) -> f64 {
    let r2 = (a.0 - b.0).powi(2) + (a.1 - b.1).powi(2);
    if r2 == 0.0 { 0.0 } else { r2 * r2.ln() }
}

/// The products of powers up to an order.
fn terms(order: u8, (x, y): Point) -> Vec<f64> {
    let mut terms = vec![1.0, x, y];
    if order >= 2 {
        terms.extend([x * x, x * y, y * y]);
    }
    if order >= 3 {
        terms.extend([x * x * x, x * x * y, x * y * y, y * y * y]);
    }
    terms
}

/// Solves a system for two right sides by elimination; `None` when it is singular.
fn solve(mut matrix: Vec<Vec<f64>>, mut sides: [Vec<f64>; 2]) -> Option<[Vec<f64>; 2]> {
    let n = matrix.len();
    let largest = matrix.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| matrix[*a][k].abs().total_cmp(&matrix[*b][k].abs()))?;
        let size = matrix[pivot][k].abs();
        if size.is_nan() || size <= 1e-13 * largest {
            return None;
        }
        matrix.swap(k, pivot);
        sides.iter_mut().for_each(|side| side.swap(k, pivot));
        let (above, below) = matrix.split_at_mut(k + 1);
        let line = &above[k];
        for (i, other) in below.iter_mut().enumerate() {
            let factor = other[k] / line[k];
            if factor == 0.0 {
                continue;
            }
            for (a, b) in other[k..].iter_mut().zip(&line[k..]) {
                *a -= factor * b;
            }
            for side in &mut sides {
                side[k + 1 + i] -= factor * side[k];
            }
        }
    }
    for side in &mut sides {
        for k in (0..n).rev() {
            let known: f64 = (k + 1..n).map(|j| matrix[k][j] * side[j]).sum();
            side[k] = (side[k] - known) / matrix[k][k];
        }
    }
    Some(sides)
}

/// The middle of some numbers and half their extent, at least something.
fn middle(values: impl Iterator<Item = f64> + Clone) -> Point {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    let half = (high - low) / 2.0;
    (f64::midpoint(low, high), if half > 0.0 { half } else { 1.0 })
}

/// A longitude within half a turn of another.
pub(super) fn wrapped(x: f64, near: f64, turn: Option<f64>) -> f64 {
    turn.map_or(x, |turn| x - ((x - near) / turn).round() * turn)
}
