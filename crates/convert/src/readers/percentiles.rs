//! Percentiles of values: ranges that outliers do not stretch.

use crate::samples::Samples;

/// The values below which `low` and `high` hundredths of the finite values lie, linear between
/// neighbours; none of no values.
pub(super) fn percentiles(values: &Samples, low: f64, high: f64) -> Option<(f64, f64)> {
    let mut known: Vec<f64> = values.to_f64();
    known.retain(|value| value.is_finite());
    let last = known.len().checked_sub(1)?;
    let mut at = |hundredths: f64| {
        let place = hundredths / 100.0 * last as f64;
        let (_, below, after) =
            known.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
        let below = *below;
        let above = after.iter().copied().fold(f64::INFINITY, f64::min);
        if place.fract() > 0.0 { (above - below).mul_add(place.fract(), below) } else { below }
    };
    Some((at(low), at(high)))
}

#[cfg(test)]
mod tests {
    use super::percentiles;
    use crate::samples::Samples;

    /// By numpy.percentile.
    #[test]
    fn percentiles_lie_between_neighbours() {
        let values = Samples::F32(vec![5.0, f32::NAN, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(percentiles(&values, 10.0, 99.0), Some((1.4, 4.96)));
        assert_eq!(percentiles(&values, 0.0, 100.0), Some((1.0, 5.0)));
        assert_eq!(percentiles(&Samples::missing(3), 1.0, 99.0), None);
    }
}
