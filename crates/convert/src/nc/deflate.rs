//! Images deflated in strips on all cores, to be stored as they are.

use std::path::Path;

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;

use super::stored::Stored;

/// Bytes of a strip before it is deflated, about.
const STRIP: usize = 1 << 20;
/// The level, the one that the variable says.
pub(super) const LEVEL: i32 = 4;

/// The chunks of a variable of one image.
pub(super) struct Strips {
    variable: String,
    shape: [usize; 3],
    rows: usize,
    chunks: Vec<Vec<u8>>,
}

impl Strips {
    /// Rows of a strip, when an image is large enough to be worth it.
    pub(super) fn rows(path: &Path, shape: &[usize], bytes: usize) -> Option<usize> {
        let [1, rows, cols] = *shape else { return None };
        let is_large = rows * cols * bytes > STRIP && path.to_str().is_some();
        is_large.then(|| (STRIP / (cols * bytes)).clamp(1, rows))
    }

    /// Deflates; the last strip is as long as the others. `None` where the library cannot.
    pub(super) fn of<T: Copy + Sync, const N: usize>(
        variable: &str,
        shape: &[usize],
        rows: usize,
        (values, fill): (&[T], T),
        bytes: impl Fn(T) -> [u8; N] + Sync,
    ) -> Option<Self> {
        let &[1, height, cols] = shape else { return None };
        let strip = rows * cols;
        let deflated = |part: &[T]| {
            let mut shuffled = vec![0; strip * N];
            for byte in 0..N {
                let plane = &mut shuffled[byte * strip..(byte + 1) * strip];
                for (out, value) in plane.iter_mut().zip(part) {
                    *out = bytes(*value)[byte];
                }
                plane[part.len()..].fill(bytes(fill)[byte]);
            }
            let mut compressor = Compressor::new(CompressionLvl::new(LEVEL).ok()?);
            let mut out = vec![0; compressor.zlib_compress_bound(shuffled.len())];
            let len = compressor.zlib_compress(&shuffled, &mut out).ok()?;
            out.truncate(len);
            out.shrink_to_fit();
            Some(out)
        };
        let chunks = values.par_chunks(strip).map(deflated).collect::<Option<_>>()?;
        Some(Self { variable: variable.to_owned(), shape: [1, height, cols], rows, chunks })
    }

    /// Stores them in a file that the library has open: HDF5 then takes no second lock.
    pub(super) fn store(self, path: &Path) -> Result<(), String> {
        let stored = || {
            let set = Stored::open(path, &self.variable, true)?;
            set.extend(&self.shape)?;
            for (index, chunk) in self.chunks.iter().enumerate() {
                set.put(&[0, index * self.rows, 0], chunk)?;
            }
            set.close()
        };
        stored().ok_or_else(|| format!("variable `{}`: HDF5 did not store it", self.variable))
    }
}
