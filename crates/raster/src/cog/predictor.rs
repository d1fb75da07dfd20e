//! TIFF predictors, undone in place.

use bytemuck::Pod;

/// Adds, along a row, the sample `stride` before: predictor 2, for native values.
pub(super) fn undo_horizontal<T: Pod + WrappingAdd>(row: &mut [T], stride: usize) {
    match stride {
        // The common strides as constants let the compiler keep the running sums in registers.
        1 => {
            let mut sum = T::zeroed();
            for value in row {
                sum = sum.plus(*value);
                *value = sum;
            }
        }
        3 => undo_strided::<T, 3>(row),
        4 => undo_strided::<T, 4>(row),
        _ => {
            for i in stride..row.len() {
                row[i] = row[i].plus(row[i - stride]);
            }
        }
    }
}

fn undo_strided<T: Pod + WrappingAdd, const N: usize>(row: &mut [T]) {
    let mut sums = [T::zeroed(); N];
    for pixel in row.chunks_exact_mut(N) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum = sum.plus(*value);
            *value = *sum;
        }
    }
}

/// Undoes predictor 3 for one row: byte differences, then planes of bytes (most significant first)
/// put back together as native values of `N` bytes in `out`.
pub(super) fn undo_floating<const N: usize>(row: &mut [u8], stride: usize, out: &mut [[u8; N]]) {
    undo_horizontal(row, stride);
    let count = out.len();
    let mut planes = [&row[..0]; N];
    for (slot, plane) in planes.iter_mut().zip(row.chunks_exact(count.max(1))) {
        *slot = plane;
    }
    if planes.iter().any(|p| p.len() < count) {
        return;
    }
    if cfg!(target_endian = "little") {
        planes.reverse();
    }
    // With lengths known to be equal the compiler turns this into byte interleaving.
    let planes = planes.map(|plane| &plane[..count]);
    for (i, value) in out.iter_mut().enumerate() {
        *value = std::array::from_fn(|k| planes[k][i]);
    }
}

/// Wrapping addition for the unsigned integers.
pub(super) trait WrappingAdd: Copy {
    fn plus(self, other: Self) -> Self;
}

macro_rules! wrapping {
    ($($t:ty),*) => {$(
        impl WrappingAdd for $t {
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
        }
    )*};
}
wrapping!(u8, u16, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn horizontal_for_every_stride() {
        for stride in 1..6 {
            let values: Vec<u16> = (0..60).map(|i| (i * 7919) as u16).collect();
            let mut row = values.clone();
            for i in (stride..row.len()).rev() {
                row[i] = row[i].wrapping_sub(row[i - stride]);
            }
            undo_horizontal(&mut row, stride);
            assert_eq!(row, values, "stride {stride}");
        }
    }

    #[test]
    fn floating_puts_planes_together() {
        let values = [1.5f32, -2.25, 1e20, 0.0, f32::MIN];
        let mut row: Vec<u8> =
            (0..4).flat_map(|plane| values.iter().map(move |v| v.to_be_bytes()[plane])).collect();
        for i in (1..row.len()).rev() {
            row[i] = row[i].wrapping_sub(row[i - 1]);
        }
        let mut out = [[0u8; 4]; 5];
        undo_floating(&mut row, 1, &mut out);
        assert_eq!(out.map(f32::from_ne_bytes), values);
    }
}
