//! Copying a window from one n-dimensional buffer to another.

use std::ops::Range;

/// An n-dimensional C-contiguous buffer's shape, and where in it the window begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) shape: &'a [u64],
    pub(super) start: &'a [u64],
}

/// Copies `extent` elements of `element_size` bytes along each axis.
pub(super) fn copy_window(
    from: &[u8],
    from_at: Placed<'_>,
    to: &mut [u8],
    to_at: Placed<'_>,
    extent: &[u64],
    element_size: usize,
) {
    for_each_run(from_at, to_at, extent, element_size, |source, target, run| {
        to[target..target + run].copy_from_slice(&from[source..source + run]);
    });
}

/// Calls `copy` with where each contiguous run begins in either buffer and its length, in bytes.
pub(super) fn for_each_run(
    from_at: Placed<'_>,
    to_at: Placed<'_>,
    extent: &[u64],
    element_size: usize,
    mut copy: impl FnMut(usize, usize, usize),
) {
    if extent.contains(&0) {
        return;
    }
    // the innermost axes that both buffers hold whole are copied at once
    let mut rank = extent.len();
    let mut run = element_size;
    while rank > 0 {
        rank -= 1;
        run *= extent[rank] as usize;
        if extent[rank] != from_at.shape[rank] || extent[rank] != to_at.shape[rank] {
            break;
        }
    }
    let mut index = vec![0; rank];
    loop {
        let source = from_at.offset(&index, element_size);
        let target = to_at.offset(&index, element_size);
        copy(source, target, run);
        if !advance(&mut index, extent) {
            return;
        }
    }
}

/// What `window` and chunk `chunk` of `shape` have in common, in array coordinates.
pub(super) fn overlap(window: &[Range<u64>], chunk: &[u64], shape: &[u64]) -> Vec<Range<u64>> {
    window
        .iter()
        .zip(chunk)
        .zip(shape)
        .map(|((window, index), size)| {
            window.start.max(index * size)..window.end.min((index + 1) * size)
        })
        .collect()
}

/// The chunks that a window touches, in C order.
pub(super) fn chunks_touching(window: &[Range<u64>], shape: &[u64]) -> Vec<Vec<u64>> {
    if window.iter().any(Range::is_empty) {
        return Vec::new();
    }
    let spans: Vec<Range<u64>> = window
        .iter()
        .zip(shape)
        .map(|(window, size)| window.start / size..window.end.div_ceil(*size))
        .collect();
    let extent: Vec<u64> = spans.iter().map(|span| span.end - span.start).collect();
    let mut index = vec![0; spans.len()];
    let mut chunks = Vec::new();
    loop {
        chunks.push(index.iter().zip(&spans).map(|(i, span)| span.start + i).collect());
        if !advance(&mut index, &extent) {
            return chunks;
        }
    }
}

impl Placed<'_> {
    fn offset(&self, index: &[u64], element_size: usize) -> usize {
        let mut offset = 0;
        for (axis, size) in self.shape.iter().enumerate() {
            let within = index.get(axis).copied().unwrap_or(0);
            offset = offset * size + self.start[axis] + within;
        }
        offset as usize * element_size
    }
}

fn advance(index: &mut [u64], extent: &[u64]) -> bool {
    for axis in (0..index.len()).rev() {
        index[axis] += 1;
        if index[axis] < extent[axis] {
            return true;
        }
        index[axis] = 0;
    }
    false
}
