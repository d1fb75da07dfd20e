//! Points along straight edges.

/// `n + 1` points from `from` to `to`, both included.
pub(crate) fn edge_points(
    from: (f64, f64),
    to: (f64, f64),
    n: usize,
) -> impl Iterator<Item = (f64, f64)> {
    let n = n.max(1);
    (0..=n).map(move |i| {
        if i == n {
            return to;
        }
        let t = i as f64 / n as f64;
        (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
    })
}
