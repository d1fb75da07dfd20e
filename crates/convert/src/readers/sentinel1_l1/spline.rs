//! Curves through values: cubic splines whose first two and last two intervals are one cubic each.

/// A spline through values at rising positions.
#[derive(Debug)]
pub(super) struct Spline<'a> {
    knots: &'a [f64],
    values: &'a [f64],
    /// Second derivatives at the knots.
    bends: Vec<f64>,
}

impl<'a> Spline<'a> {
    /// Through two values or more; of three it is a parabola, of two a line.
    pub(super) fn through(knots: &'a [f64], values: &'a [f64]) -> Self {
        Self { knots, values, bends: bends(knots, values) }
    }

    /// The value at a position; beyond the ends the outermost cubic goes on.
    pub(super) fn at(&self, position: f64) -> f64 {
        let (index, right) = interval(self.knots, position);
        let left = 1.0 - right;
        let step = self.knots[index + 1] - self.knots[index];
        let bent = (left * left * left - left) * self.bends[index]
            + (right * right * right - right) * self.bends[index + 1];
        left * self.values[index] + right * self.values[index + 1] + bent * step * step / 6.0
    }
}

/// The interval of a position, or the outermost one, and how far into it.
pub(super) fn interval(knots: &[f64], at: f64) -> (usize, f64) {
    let after = knots.partition_point(|knot| *knot <= at);
    let index = after.saturating_sub(1).min(knots.len() - 2);
    (index, (at - knots[index]) / (knots[index + 1] - knots[index]))
}

fn bends(knots: &[f64], values: &[f64]) -> Vec<f64> {
    let count = knots.len();
    let steps: Vec<f64> = knots.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let slopes: Vec<f64> =
        values.windows(2).zip(&steps).map(|(pair, step)| (pair[1] - pair[0]) / step).collect();
    match count {
        0..3 => return vec![0.0; count],
        3 => return vec![2.0 * (slopes[1] - slopes[0]) / (steps[0] + steps[1]); 3],
        _ => {}
    }
    // Rows of the inner knots: below, on and above the diagonal, and the right side. The outer
    // bends go on in a line from the two inner ones, which changes the first and the last row.
    let mut rows: Vec<[f64; 4]> = (1..count - 1)
        .map(|at| {
            let (before, after) = (steps[at - 1], steps[at]);
            [before, 2.0 * (before + after), after, 6.0 * (slopes[at] - slopes[at - 1])]
        })
        .collect();
    let (first, last) = (steps[0] / steps[1], steps[count - 2] / steps[count - 3]);
    let end = rows.len() - 1;
    rows[0][1] += steps[0] * (1.0 + first);
    rows[0][2] -= steps[0] * first;
    rows[end][1] += steps[count - 2] * (1.0 + last);
    rows[end][0] -= steps[count - 2] * last;
    for at in 1..rows.len() {
        let [_, on, above, right] = rows[at - 1];
        let factor = rows[at][0] / on;
        rows[at][1] -= factor * above;
        rows[at][3] -= factor * right;
    }
    let mut bends = vec![0.0; count];
    for at in (0..rows.len()).rev() {
        let [_, on, above, right] = rows[at];
        let next = if at == end { 0.0 } else { bends[at + 2] };
        bends[at + 1] = (right - above * next) / on;
    }
    bends[0] = bends[1] - first * (bends[2] - bends[1]);
    bends[count - 1] = bends[count - 2] + last * (bends[count - 2] - bends[count - 3]);
    bends
}

#[cfg(test)]
mod tests {
    use super::Spline;

    /// `scipy.interpolate.CubicSpline([0, 1, 3, 4, 7], [1, 3, 2, 5, 4])(x)` of scipy 1.17.1.
    #[test]
    fn a_spline_is_that_of_scipy() {
        let (knots, values) = ([0.0, 1.0, 3.0, 4.0, 7.0], [1.0, 3.0, 2.0, 5.0, 4.0]);
        let spline = Spline::through(&knots, &values);
        for (at, expected) in [
            (-1.0, -7.466_666_666_7),
            (0.5, 2.583_333_333_3),
            (2.0, 2.133_333_333_3),
            (3.5, 3.183_333_333_3),
            (6.0, 9.6),
            (8.0, -11.666_666_666_7),
        ] {
            assert!((spline.at(at) - expected).abs() < 1e-9, "{at}: {}", spline.at(at));
        }
        // A cubic through four, a parabola through three, a line through two.
        let cube = |x: f64| x * x * x - 2.0 * x;
        let four = [0.0, 1.0, 3.0, 4.0];
        assert!((Spline::through(&four, &four.map(cube)).at(5.0) - cube(5.0)).abs() < 1e-9);
        assert!((Spline::through(&four[..3], &[0.0, 1.0, 9.0]).at(2.0) - 4.0).abs() < 1e-12);
        assert_eq!(Spline::through(&four[..2], &[1.0, 2.0]).at(-1.0), 0.0);
    }
}
