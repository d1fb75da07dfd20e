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
    if stride == 1 {
        sum_bytes(row);
    } else {
        undo_horizontal(row, stride);
    }
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

/// Adds to each byte the one before: predictor 2 for bytes of one band.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "sixteen bytes at a time are four times as fast")]
fn sum_bytes(row: &mut [u8]) {
    // SAFETY: every x86-64 has SSE2.
    unsafe { sum_bytes_sse2(row) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
fn sum_bytes_sse2(row: &mut [u8]) {
    use std::arch::x86_64::{
        _mm_add_epi8, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_setzero_si128, _mm_shufflelo_epi16,
        _mm_slli_si128, _mm_srli_si128, _mm_unpackhi_epi64, _mm_unpacklo_epi8, _mm_unpacklo_epi64,
    };
    let (blocks, rest) = row.as_chunks_mut::<16>();
    let mut before = _mm_setzero_si128();
    for block in blocks {
        let (halves, _) = block.as_chunks_mut::<8>();
        let [low, high] = halves else { continue };
        let mut sums = _mm_set_epi64x(i64::from_le_bytes(*high), i64::from_le_bytes(*low));
        sums = _mm_add_epi8(sums, _mm_slli_si128::<1>(sums));
        sums = _mm_add_epi8(sums, _mm_slli_si128::<2>(sums));
        sums = _mm_add_epi8(sums, _mm_slli_si128::<4>(sums));
        sums = _mm_add_epi8(sums, _mm_slli_si128::<8>(sums));
        // the last sum in every byte
        let last = _mm_srli_si128::<15>(sums);
        let last = _mm_shufflelo_epi16::<0>(_mm_unpacklo_epi8(last, last));
        sums = _mm_add_epi8(sums, before);
        before = _mm_add_epi8(before, _mm_unpacklo_epi64(last, last));
        *low = _mm_cvtsi128_si64(sums).to_le_bytes();
        *high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)).to_le_bytes();
    }
    let mut sum = _mm_cvtsi128_si64(before).to_le_bytes()[0];
    for value in rest {
        sum = sum.wrapping_add(*value);
        *value = sum;
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn sum_bytes(row: &mut [u8]) {
    undo_horizontal(row, 1);
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
    fn bytes_are_summed_as_one_by_one() {
        for length in (0..70).chain([1000]) {
            let row: Vec<u8> = (0..length).map(|i| (i * i * 31 + 7) as u8).collect();
            let (mut one_by_one, mut together) = (row.clone(), row);
            undo_horizontal(&mut one_by_one, 1);
            sum_bytes(&mut together);
            assert_eq!(together, one_by_one, "{length}");
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
