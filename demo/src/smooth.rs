//! Moving means over rasters of heights.

/// Heights, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Field {
    /// The field of `f(value here, value of `other` here)`.
    pub(crate) fn zip(&self, other: &Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(a, b)| f(*a, *b)).collect();
        Self { values, ..*self }
    }

    /// The value at a place in pixels, linear between their centres. Edges repeat.
    pub(crate) fn at(&self, col: f64, row: f64) -> f32 {
        let col = col.clamp(0.0, (self.width - 1) as f64);
        let row = row.clamp(0.0, (self.height - 1) as f64);
        let (c, r) = (col as usize, row as usize);
        let (c1, r1) = ((c + 1).min(self.width - 1), (r + 1).min(self.height - 1));
        let (fc, fr) = ((col - c as f64) as f32, (row - r as f64) as f32);
        let value = |c: usize, r: usize| self.values[r * self.width + c];
        let top = value(c, r) * (1.0 - fc) + value(c1, r) * fc;
        top * (1.0 - fr) + (value(c, r1) * (1.0 - fc) + value(c1, r1) * fc) * fr
    }

    /// Three moving means over `2 radius + 1` pixels each way, which is close to a Gaussian of
    /// standard deviation `radius`. Edges repeat.
    pub(crate) fn blurred(&self, radius: usize) -> Self {
        let mut values = self.values.clone();
        for _ in 0..3 {
            for row in values.chunks_mut(self.width) {
                moving_mean(row, radius);
            }
            for column in 0..self.width {
                let mut line: Vec<f32> =
                    values.iter().skip(column).step_by(self.width).copied().collect();
                moving_mean(&mut line, radius);
                for (slot, value) in values.iter_mut().skip(column).step_by(self.width).zip(line) {
                    *slot = value;
                }
            }
        }
        Self { values, ..*self }
    }
}

fn moving_mean(line: &mut [f32], radius: usize) {
    let source: Vec<f64> = line.iter().map(|v| f64::from(*v)).collect();
    let Some(last) = source.len().checked_sub(1) else { return };
    let at = |i: isize| source[i.clamp(0, last as isize) as usize];
    let radius = radius as isize;
    let mut sum: f64 = (-radius..=radius).map(at).sum();
    for (i, slot) in line.iter_mut().enumerate() {
        let i = i as isize;
        *slot = (sum / (2 * radius + 1) as f64) as f32;
        sum += at(i + radius + 1) - at(i - radius);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_three_repeats_the_edge() {
        let mut line = [3.0, 0.0, 6.0, 9.0];
        moving_mean(&mut line, 1);
        assert_eq!(line, [2.0, 3.0, 5.0, 8.0]);
    }

    #[test]
    fn a_blur_keeps_a_plane_flat() {
        let field = Field { width: 5, height: 4, values: vec![7.0; 20] };
        assert_eq!(field.blurred(2).values, field.values);
        assert_eq!(field.height, 4);
    }
}
