//! Longitudes that go on beyond ±180° instead of jumping.

/// Longitudes of a matrix, continued from row to row.
#[derive(Debug, Clone)]
pub(crate) struct Unwrapped(Vec<f64>);

/// Into −180 (with) to 180 (without).
pub(crate) fn wrapped(lon: f64) -> f64 {
    (lon + 180.0).rem_euclid(360.0) - 180.0
}

impl Unwrapped {
    /// Of a matrix with so many columns: the first value is in −180 to 180, the first row goes on
    /// from it, and each column from the first row.
    pub(crate) fn of(lon: &[f64], cols: usize) -> Self {
        let mut out: Vec<f64> = lon.iter().map(|lon| wrapped(*lon)).collect();
        if cols == 0 || out.is_empty() {
            return Self(out);
        }
        for index in 1..cols.min(out.len()) {
            out[index] = out[index - 1] + wrapped(wrapped(lon[index]) - wrapped(lon[index - 1]));
        }
        for index in cols..out.len() {
            let step = wrapped(wrapped(lon[index]) - wrapped(lon[index - cols]));
            out[index] = out[index - cols] + step;
        }
        Self(out)
    }

    pub(crate) fn into_values(self) -> Vec<f64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Unwrapped, wrapped};

    #[test]
    fn a_swath_goes_on_beyond_the_dateline() {
        let lon = [178.0, 179.5, -179.0, 179.0, -179.5, -178.0];
        let found = Unwrapped::of(&lon, 3).into_values();
        assert_eq!(found, [178.0, 179.5, 181.0, 179.0, 180.5, 182.0]);
        let west = Unwrapped::of(&[-179.0, 179.0, 178.0], 3).into_values();
        assert_eq!(west, [-179.0, -181.0, -182.0]);
        // A row that turns back a little, where the reference jumps by 360°.
        let back = Unwrapped::of(&[-179.5, -179.25, 179.5, 179.0], 4).into_values();
        assert_eq!(back, [-179.5, -179.25, -180.5, -181.0]);
    }

    #[test]
    fn the_far_end_of_the_circle_is_its_beginning() {
        assert_eq!(wrapped(180.0), -180.0);
        assert_eq!(wrapped(540.5), -179.5);
    }
}
