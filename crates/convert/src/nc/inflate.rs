//! Windows of chunked variables, inflated on all cores.

use std::path::Path;

use libdeflater::Decompressor;
use rayon::prelude::*;

use super::NcVariable;
use super::stored::{Layout, Stored};
use crate::attribute::NumberType;
use crate::pixels;

/// Values below which the library is as fast.
const LEAST: usize = 1 << 18;
/// Chunks in a variable, beyond which HDF5 takes long to find one.
const MOST_CHUNKS: usize = 1024;

/// Bytes that deflate makes of one at most are 1032.
const MOST_INFLATED: usize = 1100;

const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;

/// What stored values become.
pub(super) trait Number: Copy + Default + Send {
    fn of<N: Into<f64>>(value: N) -> Self;
    /// Of a float, unchanged where it is one.
    fn of_f32(value: f32) -> Self;
}

impl Number for f32 {
    fn of<N: Into<f64>>(value: N) -> Self {
        value.into() as f32
    }
    fn of_f32(value: f32) -> Self {
        value
    }
}

impl Number for f64 {
    fn of<N: Into<f64>>(value: N) -> Self {
        value.into()
    }
    fn of_f32(value: f32) -> Self {
        f64::from(value)
    }
}

/// Stored values of a window, rows after rows; `None` where it is for the library to read them: few
/// values, other filters, chunks that were never written.
pub(super) fn window<T: Number>(
    path: &Path,
    variable: &NcVariable,
    start: &[usize],
    count: &[usize],
) -> Option<Vec<T>> {
    let total = pixels::count(count)?;
    if total < LEAST || cfg!(target_endian = "big") {
        return None;
    }
    let stored = Stored::open(path, &variable.name, false)?;
    let layout = stored.layout()?;
    if !is_known(&layout, variable) {
        return None;
    }
    let Layout { chunk, .. } = &layout;
    // All axes before this one have a single index in the window: chunks of one index along it give
    // rows that follow each other.
    let axis = count.iter().position(|count| *count > 1)?;
    let touched =
        |axis: usize| start[axis] / chunk[axis]..=(start[axis] + count[axis] - 1) / chunk[axis];
    let mut bands: Vec<Vec<Part>> = Vec::new();
    for band in touched(axis) {
        let mut offsets = vec![Vec::new()];
        for (of, chunk) in chunk.iter().enumerate() {
            let along = if of == axis { band..=band } else { touched(of) };
            let with = |offset: &Vec<usize>, index: usize| {
                offset.iter().copied().chain([index * chunk]).collect()
            };
            let all =
                offsets.iter().flat_map(|offset| along.clone().map(|index| with(offset, index)));
            offsets = all.collect::<Vec<Vec<usize>>>();
        }
        let part = |offset: Vec<usize>| Some(Part { bytes: stored.chunk(&offset)?, offset });
        bands.push(offsets.into_iter().map(part).collect::<Option<_>>()?);
    }
    drop(stored);
    let stride: usize = count[axis + 1..].iter().product();
    let mut out = vec![T::default(); total];
    let mut rest = out.as_mut_slice();
    let mut slices = Vec::with_capacity(bands.len());
    for band in &bands {
        let first = band.first()?.offset[axis].max(start[axis]);
        let end = (band.first()?.offset[axis] + chunk[axis]).min(start[axis] + count[axis]);
        let (slice, after) = rest.split_at_mut((end - first) * stride);
        slices.push((first, slice));
        rest = after;
    }
    let window = Window { layout: &layout, kind: variable.kind, start, count, axis };
    let is_whole = bands.into_par_iter().zip(slices).map(|(band, (first, slice))| {
        let inflated: Option<Vec<Part>> =
            band.into_par_iter().map(|part| window.inflated(part)).collect();
        for part in inflated? {
            window.place(&part, first, slice);
        }
        Some(())
    });
    is_whole.collect::<Option<()>>()?;
    Some(out)
}

/// Whether the layout is one that is read here, and the library sees the same variable.
fn is_known(layout: &Layout, variable: &NcVariable) -> bool {
    let chunks = |(size, chunk): (&usize, &usize)| size.div_ceil((*chunk).max(1));
    let chunks: Vec<usize> = layout.shape.iter().zip(&layout.chunk).map(chunks).collect();
    layout.shape == variable.shape
        && layout.bytes == variable.kind.bytes()
        && layout.is_little_endian
        && pixels::count(&chunks).is_some_and(|count| count <= MOST_CHUNKS)
        && pixels::count(&layout.chunk).is_some_and(|count| count > 0)
        && matches!(layout.filters.as_slice(), [] | [DEFLATE] | [SHUFFLE] | [SHUFFLE, DEFLATE])
}

/// A chunk.
struct Part {
    offset: Vec<usize>,
    bytes: Vec<u8>,
}

/// What is read, and out of what.
struct Window<'a> {
    layout: &'a Layout,
    kind: NumberType,
    start: &'a [usize],
    count: &'a [usize],
    axis: usize,
}

impl Window<'_> {
    fn inflated(&self, part: Part) -> Option<Part> {
        let len = self.layout.chunk.iter().product::<usize>() * self.layout.bytes;
        if !self.layout.filters.contains(&DEFLATE) {
            return (part.bytes.len() == len).then_some(part);
        }
        // No room for what cannot come of so few bytes.
        if len / MOST_INFLATED > part.bytes.len() {
            return None;
        }
        let mut bytes = vec![0; len];
        let found = Decompressor::new().zlib_decompress(&part.bytes, &mut bytes).ok()?;
        (found == len).then_some(Part { bytes, ..part })
    }

    /// Puts the values of a chunk that are in the window into the rows from `first` on.
    fn place<T: Number>(&self, part: &Part, first: usize, out: &mut [T]) {
        let chunk = &self.layout.chunk;
        let rank = chunk.len();
        let last = rank - 1;
        let from = |axis: usize| part.offset[axis].max(self.start[axis]);
        let end = |axis: usize| {
            (part.offset[axis] + chunk[axis]).min(self.start[axis] + self.count[axis])
        };
        let run = end(last) - from(last);
        let mut index: Vec<usize> = (0..rank).map(from).collect();
        loop {
            let (mut of_chunk, mut of_out) = (0, 0);
            for axis in 0..rank {
                of_chunk = of_chunk * chunk[axis] + (index[axis] - part.offset[axis]);
                let origin = if axis == self.axis { first } else { self.start[axis] };
                of_out = of_out * self.count[axis] + (index[axis] - origin);
            }
            self.run(&part.bytes, of_chunk, &mut out[of_out..of_out + run]);
            // The next row: the last axis but one first.
            let Some(axis) = (0..last).rev().find(|axis| index[*axis] + 1 < end(*axis)) else {
                return;
            };
            index[axis] += 1;
            for (after, index) in index.iter_mut().enumerate().take(last).skip(axis + 1) {
                *index = from(after);
            }
        }
    }

    /// Values that follow each other in a chunk.
    fn run<T: Number>(&self, bytes: &[u8], first: usize, out: &mut [T]) {
        let is_shuffled = self.layout.filters.contains(&SHUFFLE);
        let source = Source { bytes, first, is_shuffled };
        match self.kind {
            NumberType::U8 => source.copy(out, |[a]| T::of(a)),
            NumberType::I8 => source.copy(out, |bytes| T::of(i8::from_le_bytes(bytes))),
            NumberType::U16 => source.copy(out, |bytes| T::of(u16::from_le_bytes(bytes))),
            NumberType::I16 => source.copy(out, |bytes| T::of(i16::from_le_bytes(bytes))),
            NumberType::U32 => source.copy(out, |bytes| T::of(u32::from_le_bytes(bytes))),
            NumberType::I32 => source.copy(out, |bytes| T::of(i32::from_le_bytes(bytes))),
            NumberType::U64 => source.copy(out, |bytes| T::of(u64::from_le_bytes(bytes) as f64)),
            NumberType::I64 => source.copy(out, |bytes| T::of(i64::from_le_bytes(bytes) as f64)),
            NumberType::F32 => source.copy(out, |bytes| T::of_f32(f32::from_le_bytes(bytes))),
            NumberType::F64 => source.copy(out, |bytes| T::of(f64::from_le_bytes(bytes))),
        }
    }
}

/// Values in the bytes of a chunk.
struct Source<'a> {
    bytes: &'a [u8],
    first: usize,
    /// Whether the first bytes of all values come first, then all second ones.
    is_shuffled: bool,
}

impl Source<'_> {
    fn copy<const N: usize, T>(&self, out: &mut [T], of: impl Fn([u8; N]) -> T) {
        if self.is_shuffled {
            let plane = self.bytes.len() / N;
            let planes: [&[u8]; N] =
                std::array::from_fn(|byte| &self.bytes[byte * plane + self.first..][..out.len()]);
            for (index, out) in out.iter_mut().enumerate() {
                *out = of(std::array::from_fn(|byte| planes[byte][index]));
            }
        } else {
            let values = self.bytes[self.first * N..].as_chunks::<N>().0;
            for (out, value) in out.iter_mut().zip(values) {
                *out = of(*value);
            }
        }
    }
}
