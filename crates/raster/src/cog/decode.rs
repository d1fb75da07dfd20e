//! Compressed blocks to pixels, in parallel, straight into the window.

use std::cell::Cell;

use bytes::Bytes;
use half::f16;
use rayon::prelude::*;
use terracube_grid::Window;

use super::fetch::{Data, FetchedWindow, Tile, Validity};
use super::image::{Compression, Image, Storage};
use super::predictor::{WrappingAdd, undo_floating, undo_horizontal};
use super::{codec, image};
use crate::pixels::typed;
use crate::sample::Sample;
use crate::{DType, Error, Pixels, Raster, Result};

impl FetchedWindow {
    /// Decodes the band that was fetched. Synchronous; tiles are spread over the current rayon
    /// pool. Tiles left out of the file read as nodata, or 0 without one.
    ///
    /// # Errors
    /// [`Error::Decode`] naming key, block and codec.
    pub fn decode(&self) -> Result<Raster> {
        self.decode_bands(&[self.band])?.pop().ok_or_else(|| Error::OutOfRange {
            key: self.inner.key.to_string(),
            what: "band",
            asked: self.band.to_string(),
            has: "nothing was decoded".into(),
        })
    }

    /// Decodes several bands out of the same tiles, in the order asked.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a band that was not fetched: other bands than the one fetched are
    /// only there when the file [is interleaved](crate::Cog::is_interleaved). Else as
    /// [`decode`](Self::decode).
    pub fn decode_bands(&self, bands: &[usize]) -> Result<Vec<Raster>> {
        let inner = &self.inner;
        let key = inner.key.as_str();
        let image = &inner.images[self.level];
        for band in bands {
            inner.check_band(*band)?;
            if image.planar && *band != self.band {
                return Err(Error::OutOfRange {
                    key: key.to_owned(),
                    what: "band among those fetched",
                    asked: band.to_string(),
                    has: format!("band {} was fetched", self.band),
                });
            }
        }
        let window = &self.window;
        let in_block = |band: usize| if image.planar { 0 } else { band };
        let mut wanted: Vec<_> = bands.iter().map(|b| in_block(*b)).collect();
        let validity = inner.validity(self.level, self.band);
        if let Validity::AlphaBeside(alpha) = validity {
            wanted.push(alpha);
        }
        let fill = inner.nodata.unwrap_or(0.0);
        let mut decoded = decode_blocks(key, image, &wanted, window, &self.tiles, fill)?;
        let valid = match (&validity, &self.mask, &self.alpha) {
            (Validity::AlphaBeside(_), ..) => decoded.pop().map(|alpha| opaque(&alpha)),
            (Validity::AlphaApart(_), _, Some(tiles)) => {
                decode_blocks(key, image, &[0], window, tiles, 0.0)?.pop().map(|a| opaque(&a))
            }
            (Validity::Mask, Some(tiles), _) => match &inner.masks[self.level] {
                Some(mask) => {
                    decode_blocks(key, mask, &[0], window, tiles, 0.0)?.pop().map(|m| opaque(&m))
                }
                None => None,
            },
            _ => None,
        };
        let rasters = decoded.into_iter().map(|pixels| {
            let (width, height) = (window.width, window.height);
            let mut raster = Raster { width, height, pixels, valid: valid.clone() };
            if let Validity::Nodata(nodata) = validity {
                raster.invalidate(nodata);
            }
            raster
        });
        Ok(rasters.collect())
    }
}

/// Which pixels of a mask or alpha band are not 0.
fn opaque(pixels: &Pixels) -> Vec<bool> {
    (0..pixels.len()).map(|i| pixels.get_f64(i).is_some_and(|v| v != 0.0)).collect()
}

fn decode_blocks(
    key: &str,
    image: &Image,
    bands: &[usize],
    window: &Window,
    tiles: &[Tile],
    fill: f64,
) -> Result<Vec<Pixels>> {
    fn run<T: Sample>(
        key: &str,
        image: &Image,
        bands: &[usize],
        window: &Window,
        tiles: &[Tile],
        fill: f64,
    ) -> Result<Vec<Pixels>> {
        let n = window.width * window.height;
        let mut outs: Vec<Vec<T>> = bands.iter().map(|_| vec![T::zeroed(); n]).collect();
        let fill = T::nodata(fill).unwrap_or_else(|| T::from_f64(fill));
        let mut jobs: Vec<Job<'_, T>> =
            tiles.iter().map(|tile| Job { tile, bands: Vec::new() }).collect();
        for out in &mut outs {
            share_out(out, image, window, &mut jobs);
        }
        jobs.into_par_iter().try_for_each_init(Scratch::default, |scratch, job| {
            let block = job.tile.index;
            job.run(image, bands, window, fill, scratch).map_err(|reason| Error::Decode {
                key: key.to_owned(),
                block,
                codec: codec::name(image.compression),
                reason,
            })
        })?;
        Ok(outs.into_iter().map(T::wrap).collect())
    }
    typed!(image.dtype, T => run::<T>(key, image, bands, window, tiles, fill))
}

/// One block to be decoded and where its rows go, for each band.
struct Job<'a, T> {
    tile: &'a Tile,
    bands: Vec<Vec<&'a mut [T]>>,
}

/// Buffers of a thread that decodes.
struct Scratch<T> {
    block: Vec<u8>,
    line: Vec<T>,
    halves: Vec<u16>,
}

/// A larger buffer is not kept from one block to the next.
const SCRATCH_KEPT: usize = 8 << 20;

thread_local! {
    // Making and clearing a buffer takes as long as a quarter of an inflated block.
    static BLOCK: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { block: BLOCK.take(), line: Vec::new(), halves: Vec::new() }
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        if self.block.capacity() <= SCRATCH_KEPT {
            BLOCK.set(std::mem::take(&mut self.block));
        }
    }
}

/// Cuts a window's buffer into the rows of each block, so that blocks can be written in parallel.
fn share_out<'a, T>(out: &'a mut [T], image: &Image, window: &Window, jobs: &mut [Job<'a, T>]) {
    let first = (window.col / image.block_width, window.row / image.block_height);
    let across = (window.col_end() - 1) / image.block_width - first.0 + 1;
    for job in jobs.iter_mut() {
        job.bands.push(Vec::with_capacity(image.block_height.min(window.height)));
    }
    for (row, mut line) in out.chunks_exact_mut(window.width).enumerate() {
        let down = (window.row + row) / image.block_height - first.1;
        for col in 0..across {
            let end = ((first.0 + col + 1) * image.block_width).min(window.col_end());
            let start = ((first.0 + col) * image.block_width).max(window.col);
            let (part, rest) = line.split_at_mut(end - start);
            line = rest;
            if let Some(rows) = jobs[down * across + col].bands.last_mut() {
                rows.push(part);
            }
        }
    }
}

impl<T: Sample> Job<'_, T> {
    fn run(
        self,
        image: &Image,
        bands: &[usize],
        window: &Window,
        fill: T,
        scratch: &mut Scratch<T>,
    ) -> Result<(), String> {
        match &self.tile.data {
            None => self.bands.into_iter().flatten().for_each(|row| row.fill(fill)),
            Some(Data::Own(bytes)) => {
                let rows = image.block_rows(self.tile.row);
                let Scratch { block, line, halves } = scratch;
                let is_final = decompress(image, bytes, rows, block)?;
                let row_bytes = image.row_bytes();
                line.resize(image.block_width * image.block_bands(), T::zeroed());
                let (first, count) = (self.first_row(image, window), self.rows());
                let wanted = block.chunks_exact_mut(row_bytes).skip(first).take(count);
                let mut place = self.placing(image, bands, window);
                for stored in wanted {
                    row_samples(image, stored, is_final, line, halves);
                    place(line);
                }
            }
            Some(Data::Kept(kept)) => {
                let rows = image.block_rows(self.tile.row);
                let samples = image.block_width * image.block_bands();
                let pixels = kept.pixels(|bytes| whole_block::<T>(image, bytes, rows, scratch))?;
                let values = T::slice(pixels).ok_or("a block was kept as another type")?;
                let (first, count) = (self.first_row(image, window), self.rows());
                let mut place = self.placing(image, bands, window);
                values.chunks_exact(samples).skip(first).take(count).for_each(&mut place);
            }
        }
        Ok(())
    }

    /// Rows of the window that the block covers.
    fn rows(&self) -> usize {
        self.bands.first().map_or(0, Vec::len)
    }

    /// The block's first row within the window.
    fn first_row(&self, image: &Image, window: &Window) -> usize {
        window.row.saturating_sub(self.tile.row * image.block_height)
    }

    /// What puts the rows of the block, one after the other, where they go.
    fn placing(self, image: &Image, bands: &[usize], window: &Window) -> impl FnMut(&[T]) {
        let samples = image.block_bands();
        let col = window.col.saturating_sub(self.tile.col * image.block_width);
        let targets = self.bands.into_iter().map(Vec::into_iter);
        let mut targets: Vec<_> = targets.zip(bands.iter().copied()).collect();
        move |line| {
            for (target, band) in &mut targets {
                let Some(target) = target.next() else { continue };
                if samples == 1 {
                    target.copy_from_slice(&line[col..col + target.len()]);
                } else {
                    let values = line[col * samples + *band..].iter().step_by(samples);
                    target.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

/// All pixels of a block, bands beside each other.
fn whole_block<T: Sample>(
    image: &Image,
    bytes: &Bytes,
    rows: usize,
    scratch: &mut Scratch<T>,
) -> Result<Pixels, String> {
    let Scratch { block, halves, .. } = scratch;
    let is_final = decompress(image, bytes, rows, block)?;
    let samples = image.block_width * image.block_bands();
    let mut out = vec![T::zeroed(); rows * samples];
    for (stored, line) in
        block.chunks_exact_mut(image.row_bytes()).zip(out.chunks_exact_mut(samples))
    {
        row_samples(image, stored, is_final, line, halves);
    }
    Ok(T::wrap(out))
}

/// Decompresses a block into `block`; says whether its samples are final already.
fn decompress(
    image: &Image,
    bytes: &Bytes,
    rows: usize,
    block: &mut Vec<u8>,
) -> Result<bool, String> {
    if matches!(image.compression, Compression::Jpeg | Compression::Webp) {
        block.clear();
    }
    block.resize(rows * image.row_bytes(), 0);
    let decoded = codec::decompress(image, bytes, rows, block)?;
    if decoded.is_final && image.storage != image::Storage::Plain {
        return Err("samples of this size are not read".into());
    }
    Ok(decoded.is_final)
}

fn row_samples<T: Sample>(
    image: &Image,
    stored: &mut [u8],
    is_final: bool,
    line: &mut [T],
    halves: &mut Vec<u16>,
) {
    if is_final {
        bytemuck::cast_slice_mut(line).copy_from_slice(stored);
    } else {
        to_samples(image, stored, line, halves);
    }
}

/// A decompressed row to native samples: predictor undone, byte order native.
fn to_samples<T: Sample>(image: &Image, stored: &mut [u8], line: &mut [T], halves: &mut Vec<u16>) {
    let stride = image.block_bands();
    match image.storage {
        Storage::Plain if image.predictor == 3 => match T::DTYPE {
            DType::F32 => undo_floating::<4>(stored, stride, bytemuck::cast_slice_mut(line)),
            _ => undo_floating::<8>(stored, stride, bytemuck::cast_slice_mut(line)),
        },
        Storage::Plain => {
            bytemuck::cast_slice_mut(line).copy_from_slice(stored);
            match size_of::<T>() {
                1 => finish::<u8>(image, bytemuck::cast_slice_mut(line), |v| v),
                2 => finish(image, bytemuck::cast_slice_mut(line), u16::swap_bytes),
                4 => finish(image, bytemuck::cast_slice_mut(line), u32::swap_bytes),
                _ => finish(image, bytemuck::cast_slice_mut(line), u64::swap_bytes),
            }
        }
        Storage::Half => {
            halves.resize(line.len(), 0);
            if image.predictor == 3 {
                undo_floating::<2>(stored, stride, bytemuck::cast_slice_mut(halves));
            } else {
                bytemuck::cast_slice_mut(halves).copy_from_slice(stored);
                finish(image, halves, u16::swap_bytes);
            }
            for (to, from) in line.iter_mut().zip(halves) {
                *to = T::from_f64(f16::from_bits(*from).to_f64());
            }
        }
        Storage::Bits(bits) => {
            let bits = u32::from(bits);
            let (mut held, mut have) = (0u64, 0);
            let mut bytes = stored.iter();
            for value in line {
                while have < bits {
                    held = (held << 8) | u64::from(*bytes.next().unwrap_or(&0));
                    have += 8;
                }
                have -= bits;
                *value = T::from_f64(((held >> have) & ((1 << bits) - 1)) as f64);
            }
        }
    }
}

fn finish<U: bytemuck::Pod + WrappingAdd>(image: &Image, line: &mut [U], swap: fn(U) -> U) {
    if !image.order.is_native() && size_of::<U>() > 1 {
        line.iter_mut().for_each(|v| *v = swap(*v));
    }
    if image.predictor == 2 {
        undo_horizontal(line, image.block_bands());
    }
}
