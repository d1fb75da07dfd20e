//! Reading and writing any window of an array.

use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread::available_parallelism;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

use super::ZarrArray;
use super::copy::{Placed, chunks_touching, copy_window, overlap};
use super::output::Output;
use crate::{Error, Result};

/// So many chunks are asked of the store at a time, at most,
const REQUESTS: usize = 16;
/// and fewer when they have more than so many bytes together, decoded. Where there is room, more
/// are decoded meanwhile.
const IN_FLIGHT: usize = 256 << 20;

/// What one reading may have under way.
struct Limits {
    requests: Semaphore,
    cores: Arc<Semaphore>,
}

impl ZarrArray {
    /// Reads a window, one range of elements per axis: native-endian elements in C order. Chunks
    /// are decoded in parallel, off the async threads. Of a shard only the chunks that the window
    /// touches are read, when they are at most half of it.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when the window leaves the array or has another rank; else as
    /// [`read_chunk`](Self::read_chunk).
    pub async fn read(&self, window: &[Range<u64>]) -> Result<Vec<u8>> {
        let bytes = self.check_window(window)?;
        if let [chunk] = &chunks_touching(window, self.chunk_shape())[..]
            && self.is_whole_chunk(window)
        {
            return self.read_chunk(chunk).await;
        }
        self.read_into(window, vec![0; bytes]).await
    }

    /// As [`read`](Self::read), into a buffer of as many bytes as the window has, which is given
    /// back: bytes that are to be read as something larger need not be copied.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a buffer of another size too; else as [`read`](Self::read). The
    /// buffer is lost then.
    pub async fn read_into<B>(&self, window: &[Range<u64>], mut buffer: B) -> Result<B>
    where
        B: AsMut<[u8]> + Send + Sync + 'static,
    {
        let bytes = self.check_window(window)?;
        let length = buffer.as_mut().len();
        if length != bytes {
            let asked = format!("a buffer of {length} bytes for window {window:?} of {bytes}");
            return Err(self.out_of_bounds(asked));
        }
        let target = Arc::new(Output::of(buffer));
        self.read_all(&target, window).await?;
        // all threads are done: they have let go of it before they answered
        let target = Arc::into_inner(target).and_then(Output::into_owner);
        target.ok_or_else(|| self.codec_error(&[], "the window is in use"))
    }

    /// Writes a window, one range of elements per axis, from native-endian elements in C order.
    /// Chunks that it covers in part are read first, so no one else may write them meanwhile.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when the window leaves the array or `native` has not its size; else
    /// as [`read_chunk`](Self::read_chunk) and [`write_chunk`](Self::write_chunk).
    pub async fn write(&self, window: &[Range<u64>], native: &[u8]) -> Result<()> {
        let bytes = self.check_window(window)?;
        if native.len() != bytes {
            let asked = format!("{} bytes for window {window:?} of {bytes} bytes", native.len());
            return Err(self.out_of_bounds(asked));
        }
        stream::iter(chunks_touching(window, self.chunk_shape()))
            .map(|chunk| self.write_from(native, window, chunk))
            .buffer_unordered(self.in_flight(REQUESTS))
            .try_collect::<()>()
            .await
    }

    async fn read_all(&self, target: &Arc<Output>, window: &[Range<u64>]) -> Result<()> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let limits = Limits {
            requests: Semaphore::new(self.in_flight(REQUESTS)),
            cores: Arc::new(Semaphore::new(cores)),
        };
        stream::iter(chunks_touching(window, self.chunk_shape()))
            .map(|chunk| self.read_one(target, &limits, window, chunk))
            .buffer_unordered(self.in_flight(REQUESTS + 2 * cores))
            .try_collect()
            .await
    }

    async fn read_one(
        &self,
        target: &Arc<Output>,
        limits: &Limits,
        window: &[Range<u64>],
        chunk: Vec<u64>,
    ) -> Result<()> {
        // Never closed, so it can't fail.
        let request = limits.requests.acquire().await;
        if let Some(chunks) = self.part_of_shard(window, &chunk) {
            return self.read_of_shard(target, &limits.cores, window, &chunk, chunks).await;
        }
        let encoded = self.read_encoded(&chunk).await?;
        // The store works on the next while this one is decoded.
        drop(request);
        if self.is_small() {
            let decoded = self.decode_chunk(&chunk, encoded)?;
            self.between(window, &chunk, self.chunk_shape()).copy_out(&decoded, target);
            return Ok(());
        }
        let _core = limits.cores.acquire().await;
        let (array, target, window) = (self.clone(), Arc::clone(target), window.to_vec());
        self.computing(move || {
            let decoded = array.decode_chunk(&chunk, encoded)?;
            array.between(&window, &chunk, array.chunk_shape()).copy_out(&decoded, &target);
            drop(target);
            Ok(())
        })
        .await
    }

    async fn write_from(
        &self,
        native: &[u8],
        window: &[Range<u64>],
        chunk: Vec<u64>,
    ) -> Result<()> {
        let mut whole = if self.covers(window, &chunk) {
            self.decode_chunk(&chunk, None)?
        } else {
            self.read_chunk(&chunk).await?
        };
        self.between(window, &chunk, self.chunk_shape()).copy_in(native, &mut whole);
        self.write_chunk(&chunk, whole).await
    }

    /// So many chunks at a time, or as many as memory bears.
    fn in_flight(&self, most: usize) -> usize {
        let chunk = self.chunk_shape().iter().product::<u64>() as usize * self.element_size();
        (IN_FLIGHT / chunk.max(1)).clamp(2, most)
    }

    /// The size of a window in bytes.
    fn check_window(&self, window: &[Range<u64>]) -> Result<usize> {
        let fits = window.len() == self.shape().len()
            && window.iter().zip(self.shape()).all(|(w, size)| w.start <= w.end && w.end <= *size);
        if !fits {
            return Err(self.out_of_bounds(format!("window {window:?}")));
        }
        let elements: u64 = window.iter().map(|w| w.end - w.start).product();
        Ok(elements as usize * self.element_size())
    }

    fn out_of_bounds(&self, asked: String) -> Error {
        Error::OutOfBounds { path: self.node.shown(), asked, shape: self.shape().to_vec() }
    }

    fn is_whole_chunk(&self, window: &[Range<u64>]) -> bool {
        window
            .iter()
            .zip(self.chunk_shape())
            .all(|(w, size)| w.start % size == 0 && w.end - w.start == *size)
    }

    /// Whether a window holds all elements of a chunk that lie in the array.
    fn covers(&self, window: &[Range<u64>], chunk: &[u64]) -> bool {
        let inside: Vec<_> = self.shape().iter().map(|size| 0..*size).collect();
        overlap(&inside, chunk, self.chunk_shape()) == overlap(window, chunk, self.chunk_shape())
    }

    pub(super) fn between(&self, window: &[Range<u64>], chunk: &[u64], shape: &[u64]) -> Between {
        let common = overlap(window, chunk, shape);
        let chunk_start = chunk.iter().zip(shape).map(|(index, size)| index * size);
        Between {
            element_size: self.element_size(),
            extent: common.iter().map(|c| c.end - c.start).collect(),
            chunk_shape: shape.to_vec(),
            in_chunk: common.iter().zip(chunk_start).map(|(c, start)| c.start - start).collect(),
            window_shape: window.iter().map(|w| w.end - w.start).collect(),
            in_window: common.iter().zip(window).map(|(c, w)| c.start - w.start).collect(),
        }
    }
}

/// Where what a window and a chunk have in common lies in each.
pub(super) struct Between {
    element_size: usize,
    extent: Vec<u64>,
    chunk_shape: Vec<u64>,
    in_chunk: Vec<u64>,
    window_shape: Vec<u64>,
    in_window: Vec<u64>,
}

impl Between {
    #[expect(unsafe_code, reason = "see `Output`")]
    pub(super) fn copy_out(&self, chunk: &[u8], window: &Output) {
        let (at_chunk, at_window) = self.places();
        // SAFETY: chunks do not overlap, and a read decodes each chunk of its window once.
        unsafe { window.fill(chunk, at_chunk, at_window, &self.extent, self.element_size) }
    }

    fn copy_in(&self, window: &[u8], chunk: &mut [u8]) {
        let (at_chunk, at_window) = self.places();
        copy_window(window, at_window, chunk, at_chunk, &self.extent, self.element_size);
    }

    fn places(&self) -> (Placed<'_>, Placed<'_>) {
        (
            Placed { shape: &self.chunk_shape, start: &self.in_chunk },
            Placed { shape: &self.window_shape, start: &self.in_window },
        )
    }
}
