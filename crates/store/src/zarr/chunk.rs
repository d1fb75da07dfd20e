//! Encoding and decoding of whole chunks, apart from reading and writing them.

use std::borrow::Cow;
use std::num::NonZero;

use bytes::Bytes;

use zarrs::array::codec::CodecChain;
use zarrs::array::{ArrayBytes, ArrayToBytesCodecTraits, ChunkShape, CodecOptions};

use super::ZarrArray;
use crate::{ByteRequest, Error, Result};

/// Bytes of a decoded chunk that take less time than handing it to another thread.
const SMALL: usize = 4096;

impl ZarrArray {
    /// Encodes a whole chunk given as native-endian elements in C order. `None` when all of them
    /// are the fill value: then nothing is to be stored. Work for a thread that computes.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when there is no such chunk; [`Error::Codec`] when `native` has not
    /// the chunk's size or cannot be encoded.
    pub fn encode_chunk(&self, chunk: &[u64], native: &[u8]) -> Result<Option<Bytes>> {
        self.check_chunk(chunk)?;
        let expected = self.chunk_bytes();
        if native.len() != expected {
            let reason = format!("{} bytes given, it has {expected}", native.len());
            return Err(self.codec_error(chunk, reason));
        }
        let zarrs = &self.node.zarrs;
        if zarrs.fill_value().equals_all(native) {
            return Ok(None);
        }
        let encoded = zarrs.codecs().encode(
            ArrayBytes::new_flen(native),
            &self.shape_for_codecs(chunk)?,
            zarrs.data_type(),
            zarrs.fill_value(),
            &one_thread(),
        );
        match encoded {
            Ok(bytes) => Ok(Some(bytes.into_owned().into())),
            Err(cause) => Err(self.codec_error(chunk, cause)),
        }
    }

    /// Decodes a whole chunk into native-endian elements in C order; `None` gives the fill value.
    /// Work for a thread that computes.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when there is no such chunk; [`Error::Codec`] when `encoded` is no
    /// chunk of this array.
    pub fn decode_chunk(&self, chunk: &[u64], encoded: Option<Bytes>) -> Result<Vec<u8>> {
        self.check_chunk(chunk)?;
        let Some(encoded) = encoded else { return Ok(self.filled(self.chunk_bytes())) };
        let (codecs, shape) = (self.node.zarrs.codecs(), self.shape_for_codecs(chunk)?);
        self.decode_with(&codecs, &encoded, &shape, chunk)
    }

    pub(super) fn decode_with(
        &self,
        codecs: &CodecChain,
        encoded: &[u8],
        shape: &[NonZero<u64>],
        chunk: &[u64],
    ) -> Result<Vec<u8>> {
        let zarrs = &self.node.zarrs;
        let (data_type, fill_value) = (zarrs.data_type(), zarrs.fill_value());
        let decoded =
            codecs.decode(Cow::Borrowed(encoded), shape, data_type, fill_value, &one_thread());
        let fixed = decoded.and_then(|bytes| Ok(bytes.into_fixed()?.into_owned()));
        fixed.map_err(|cause| self.codec_error(chunk, cause))
    }

    /// Stores an encoded chunk; `None` removes it.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when there is no such chunk; what the store says.
    pub async fn write_encoded(&self, chunk: &[u64], encoded: Option<Bytes>) -> Result<()> {
        let key = self.chunk_key(chunk)?;
        match encoded {
            Some(encoded) => self.store.set(&key, encoded).await,
            None => self.store.delete(&key).await,
        }
    }

    /// Reads an encoded chunk; `None` when it is not stored.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when there is no such chunk; what the store says.
    pub async fn read_encoded(&self, chunk: &[u64]) -> Result<Option<Bytes>> {
        self.store.get(&self.chunk_key(chunk)?, ByteRequest::All).await
    }

    /// Encodes and stores a whole chunk, encoding on a thread that may compute.
    ///
    /// # Errors
    /// As [`encode_chunk`](Self::encode_chunk) and [`write_encoded`](Self::write_encoded).
    pub async fn write_chunk(&self, chunk: &[u64], native: Vec<u8>) -> Result<()> {
        let (array, index) = (self.clone(), chunk.to_vec());
        let encoded = self.computing(move || array.encode_chunk(&index, &native)).await?;
        self.write_encoded(chunk, encoded).await
    }

    /// Reads and decodes a whole chunk, decoding on a thread that may compute.
    ///
    /// # Errors
    /// As [`read_encoded`](Self::read_encoded) and [`decode_chunk`](Self::decode_chunk).
    pub async fn read_chunk(&self, chunk: &[u64]) -> Result<Vec<u8>> {
        let encoded = self.read_encoded(chunk).await?;
        if self.is_small() {
            return self.decode_chunk(chunk, encoded);
        }
        let (array, index) = (self.clone(), chunk.to_vec());
        self.computing(move || array.decode_chunk(&index, encoded)).await
    }

    pub(super) async fn computing<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(cause) => Err(self.codec_error(&[], format!("the codec gave up: {cause}"))),
        }
    }

    pub(super) fn codec_error(&self, chunk: &[u64], reason: impl ToString) -> Error {
        Error::Codec { path: self.node.shown(), chunk: chunk.to_vec(), reason: reason.to_string() }
    }

    /// So many bytes of the fill value.
    pub(super) fn filled(&self, bytes: usize) -> Vec<u8> {
        let fill = self.fill_value();
        match fill.first() {
            Some(&byte) if fill.iter().all(|b| *b == byte) => vec![byte; bytes],
            _ => fill.repeat(bytes / fill.len().max(1)),
        }
    }

    /// Whether chunks are decoded sooner than another thread is asked to.
    pub(super) fn is_small(&self) -> bool {
        self.chunk_bytes() <= SMALL
    }

    fn chunk_bytes(&self) -> usize {
        self.chunk_shape().iter().product::<u64>() as usize * self.element_size()
    }

    fn shape_for_codecs(&self, chunk: &[u64]) -> Result<ChunkShape> {
        self.node.zarrs.chunk_shape(chunk).map_err(|cause| self.codec_error(chunk, cause))
    }
}

/// Chunks are what runs in parallel, not the inside of one.
fn one_thread() -> CodecOptions {
    CodecOptions::default().with_concurrent_target(1)
}
