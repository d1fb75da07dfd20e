//! A band of pixels with a shape and a validity mask.

use terracube_grid::Window;

use crate::pixels::{each, typed};
use crate::sample::Sample;
use crate::{DType, Error, Pixels, Result};

/// One band: `height` rows of `width` pixels, row-major, first row as stored first (the north one
/// in a north-up file).
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` pixels.
    pub pixels: Pixels,
    /// Which pixels hold a value; `None` when all do. The value of an invalid pixel means nothing.
    pub valid: Option<Vec<bool>>,
}

impl Raster {
    /// A raster without a valid pixel.
    #[must_use]
    pub fn empty(width: usize, height: usize, dtype: DType) -> Self {
        let n = width * height;
        Self { width, height, pixels: Pixels::zeroed(dtype, n), valid: Some(vec![false; n]) }
    }

    /// A raster of valid pixels.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when there are not `width * height` pixels.
    pub fn new(width: usize, height: usize, pixels: Pixels) -> Result<Self> {
        if pixels.len() != width * height {
            return Err(Error::Mismatch {
                what: "pixels and shape",
                left: format!("{} pixels", pixels.len()),
                right: format!("{width} columns by {height} rows"),
            });
        }
        Ok(Self { width, height, pixels, valid: None })
    }

    /// The pixel type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.pixels.dtype()
    }

    /// Whether the pixel holds a value; a pixel outside does not.
    #[must_use]
    pub fn is_valid(&self, col: usize, row: usize) -> bool {
        col < self.width
            && row < self.height
            && self.valid.as_ref().is_none_or(|v| v[row * self.width + col])
    }

    /// The value of a valid pixel as `f64`.
    #[must_use]
    pub fn value(&self, col: usize, row: usize) -> Option<f64> {
        if self.is_valid(col, row) { self.pixels.get_f64(row * self.width + col) } else { None }
    }

    /// How many pixels hold a value.
    #[must_use]
    pub fn count_valid(&self) -> usize {
        self.valid
            .as_ref()
            .map_or(self.width * self.height, |v| v.iter().filter(|valid| **valid).count())
    }

    /// Bytes this raster takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.pixels.len() * self.dtype().size() + self.valid.as_ref().map_or(0, Vec::len)
    }

    /// Makes the pixels equal to `nodata` invalid as well: NaN matches NaN; a value that the type
    /// cannot hold matches nothing (for `float32` it is rounded to `float32` first).
    pub fn invalidate(&mut self, nodata: f64) {
        fn mark<T: Sample>(values: &[T], nodata: f64, valid: &mut Option<Vec<bool>>) {
            let Some(nodata_value) = T::nodata(nodata) else { return };
            let is_nodata = |v: T| {
                if nodata.is_nan() { v.partial_cmp(&v).is_none() } else { v == nodata_value }
            };
            // mostly there is none, which is found out sooner than a mask is made
            if !values
                .chunks(1024)
                .any(|some| some.iter().fold(false, |any, v| any | is_nodata(*v)))
            {
                return;
            }
            let mask = valid.get_or_insert_with(|| vec![true; values.len()]);
            for (slot, value) in mask.iter_mut().zip(values) {
                *slot &= !is_nodata(*value);
            }
        }
        let valid = &mut self.valid;
        each!(&self.pixels, v => mark(v, nodata, valid));
    }

    /// Writes `nodata` (rounded and clamped to the type) into the invalid pixels. Their validity
    /// stays as it is.
    pub fn fill_invalid(&mut self, nodata: f64) {
        fn fill<T: Sample>(values: &mut [T], valid: &[bool], nodata: f64) {
            let nodata = T::nodata(nodata).unwrap_or_else(|| T::from_f64(nodata));
            for (value, _) in values.iter_mut().zip(valid).filter(|(_, valid)| !**valid) {
                *value = nodata;
            }
        }
        if let Some(valid) = &self.valid {
            each!(&mut self.pixels, v => fill(v, valid, nodata));
        }
    }

    /// Replaces every value by `value × scale + offset`, rounded half up and clamped to the type.
    pub fn rescale(&mut self, scale: f64, offset: f64) {
        fn each_value<T: Sample>(values: &mut [T], scale: f64, offset: f64) {
            for value in values {
                *value = T::from_f64(value.to_f64() * scale + offset);
            }
        }
        each!(&mut self.pixels, v => each_value(v, scale, offset));
    }

    /// Makes the pixels invalid that a mask has `false` for.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when the mask has another number of pixels.
    pub fn mask(&mut self, keep: &[bool]) -> Result<()> {
        if keep.len() != self.pixels.len() {
            return Err(Error::Mismatch {
                what: "pixels and mask",
                left: format!("{} pixels", self.pixels.len()),
                right: format!("{} in the mask", keep.len()),
            });
        }
        match &mut self.valid {
            Some(valid) => valid.iter_mut().zip(keep).for_each(|(valid, keep)| *valid &= keep),
            None => self.valid = Some(keep.to_vec()),
        }
        Ok(())
    }

    /// Moves every valid pixel that equals `nodata` to its neighbouring value: integers down by one
    /// (up at the minimum), floats to the next above.
    pub fn avoid(&mut self, nodata: f64) {
        sidestep_nodata(self, nodata);
    }

    /// The part in `window`, clipped to the raster.
    #[must_use]
    pub fn crop(&self, window: &Window) -> Self {
        let (c0, r0) = (window.col.min(self.width), window.row.min(self.height));
        let width = window.width.min(self.width - c0);
        let height = window.height.min(self.height - r0);
        let mut out = Self {
            width,
            height,
            pixels: Pixels::zeroed(self.dtype(), width * height),
            valid: self.valid.as_ref().map(|_| vec![false; width * height]),
        };
        copy_rect(self, (c0, r0), &mut out, (0, 0), (width, height));
        out
    }

    /// Pastes `src` with its validity, its first pixel at (`col`, `row`), which may lie outside;
    /// what overhangs is dropped. Pixels are copied as they are, without resampling.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when the types differ.
    pub fn paste(&mut self, src: &Self, col: i64, row: i64) -> Result<()> {
        if src.dtype() != self.dtype() {
            return Err(Error::Mismatch {
                what: "types of the rasters pasted",
                left: src.dtype().to_string(),
                right: self.dtype().to_string(),
            });
        }
        let (dst_c, src_c, width) = overlap(col, src.width, self.width);
        let (dst_r, src_r, height) = overlap(row, src.height, self.height);
        copy_rect(src, (src_c, src_r), self, (dst_c, dst_r), (width, height));
        Ok(())
    }

    /// The same raster with another pixel type, rounded half up and clamped.
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        Self { pixels: self.pixels.cast(dtype), valid: self.valid.clone(), ..*self }
    }
}

/// The aligned read: the pixels of `src` that fall on a raster of `width` by `height` whose first
/// pixel is pixel (`-col`, `-row`) of `src`, as `dtype`, without resampling. Everything else is
/// invalid. A valid pixel equal to `nodata` after a change of type is moved to its neighbour.
///
/// # Errors
/// None at present; kept for symmetry with [`warp`](crate::warp::warp).
pub fn copy_window(
    src: Raster,
    (col, row): (i64, i64),
    (width, height): (usize, usize),
    dtype: DType,
    nodata: Option<f64>,
) -> Result<Raster> {
    let same = if src.dtype() == dtype { src } else { src.cast(dtype) };
    let mut out = if (col, row, same.width, same.height) == (0, 0, width, height) {
        same
    } else {
        let mut out = Raster::empty(width, height, dtype);
        out.paste(&same, col, row)?;
        out
    };
    if let Some(nodata) = nodata {
        sidestep_nodata(&mut out, nodata);
    }
    Ok(out)
}

/// Moves every valid pixel that equals `nodata` to its neighbouring value: integers down by one (up
/// at the minimum), floats to the next above.
pub(crate) fn sidestep_nodata(raster: &mut Raster, nodata: f64) {
    fn sidestep<T: Sample>(values: &mut [T], valid: Option<&[bool]>, nodata: f64) {
        let Some(nodata) = T::nodata(nodata) else { return };
        for (start, some) in (0..).step_by(1024).zip(values.chunks_mut(1024)) {
            // mostly there is none, which is found out without looking at them one by one
            if !some.iter().fold(false, |any, v| any | (*v == nodata)) {
                continue;
            }
            for (i, value) in (start..).zip(some) {
                if *value == nodata && valid.is_none_or(|v| v[i]) {
                    *value = value.sidestep();
                }
            }
        }
    }
    if nodata.is_nan() {
        // it equals nothing
        return;
    }
    let valid = raster.valid.as_deref();
    each!(&mut raster.pixels, v => sidestep(v, valid, nodata));
}

fn overlap(at: i64, src: usize, dst: usize) -> (usize, usize, usize) {
    let (src, dst) = (src as i64, dst as i64);
    let start = at.clamp(0, dst);
    let end = at.saturating_add(src).clamp(0, dst);
    (start as usize, (start - at).clamp(0, src) as usize, (end - start).max(0) as usize)
}

fn copy_rect(
    src: &Raster,
    (sc, sr): (usize, usize),
    dst: &mut Raster,
    (dc, dr): (usize, usize),
    (width, height): (usize, usize),
) {
    fn rows<T: Copy>(
        (src, sw, sc, sr): (&[T], usize, usize, usize),
        (dst, dw, dc, dr): (&mut [T], usize, usize, usize),
        (width, height): (usize, usize),
    ) {
        for row in 0..height {
            let s = (sr + row) * sw + sc;
            let d = (dr + row) * dw + dc;
            dst[d..d + width].copy_from_slice(&src[s..s + width]);
        }
    }
    if width == 0 || height == 0 {
        return;
    }
    let (sw, dw, shape) = (src.width, dst.width, (width, height));
    typed!(src.dtype(), T => {
        if let (Some(s), Some(d)) = (T::slice(&src.pixels), T::slice_mut(&mut dst.pixels)) {
            rows((s, sw, sc, sr), (d, dw, dc, dr), shape);
        }
    });
    match (&src.valid, &mut dst.valid) {
        (Some(s), d) => {
            let n = dst.width * dst.height;
            let d = d.get_or_insert_with(|| vec![true; n]);
            rows((s, sw, sc, sr), (d, dw, dc, dr), shape);
        }
        (None, Some(d)) => {
            for row in 0..height {
                d[(dr + row) * dw + dc..][..width].fill(true);
            }
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Raster {
        Raster::new(width, height, Pixels::I16((0..(width * height) as i16).collect())).unwrap()
    }

    #[test]
    fn nodata_is_exact_and_knows_nan() {
        let mut raster = Raster::new(3, 1, Pixels::F32(vec![1.0, f32::NAN, -9999.0])).unwrap();
        raster.invalidate(f64::NAN);
        assert_eq!(raster.valid, Some(vec![true, false, true]));
        raster.invalidate(-9999.0);
        assert_eq!(raster.count_valid(), 1);
        raster.fill_invalid(5.0);
        assert_eq!(raster.pixels, Pixels::F32(vec![1.0, 5.0, 5.0]));

        let mut bytes = Raster::new(2, 1, Pixels::U8(vec![0, 1])).unwrap();
        bytes.invalidate(-1.0);
        bytes.invalidate(0.5);
        assert_eq!(bytes.count_valid(), 2);
    }

    #[test]
    fn paste_clips_on_every_side() {
        let src = ramp(3, 2);
        for (col, row, expected) in [(-1, -1, vec![4, 5]), (3, 1, vec![0]), (-9, 0, vec![])] {
            let out = copy_window(src.clone(), (col, row), (4, 2), DType::I16, None).unwrap();
            let values: Vec<_> = (0..8)
                .filter(|i| out.is_valid(i % 4, i / 4))
                .map(|i| out.pixels.get_f64(i).unwrap() as i32)
                .collect();
            assert_eq!(values, expected);
        }
    }

    #[test]
    fn crop_keeps_validity() {
        let mut src = ramp(4, 4);
        src.invalidate(5.0);
        let out = src.crop(&Window::new(1, 1, 2, 9));
        assert_eq!((out.width, out.height), (2, 3));
        assert_eq!(out.pixels, Pixels::I16(vec![5, 6, 9, 10, 13, 14]));
        assert_eq!(out.count_valid(), 5);
    }
}
