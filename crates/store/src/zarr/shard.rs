//! Reading of a shard only the chunks that a window needs.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Semaphore;
use zarrs::array::codec::CodecChain;
use zarrs::array::{
    Array, ArrayMetadata, ArrayToBytesCodecTraits, BytesRepresentation, ChunkShape, CodecOptions,
    FillValue, data_type,
};
use zarrs::metadata::v3::MetadataV3;

use super::ZarrArray;
use super::copy::{chunks_touching, overlap};
use super::output::Output;
use crate::{ByteRequest, Error, Key, Result};

/// What the index says of a chunk that is not in the shard.
const ABSENT: u64 = u64::MAX;

/// How the shards of an array are made, by the `sharding_indexed` codec of Zarr v3.
pub(super) struct Shards {
    chunk_shape: Vec<u64>,
    codec_shape: ChunkShape,
    codecs: CodecChain,
    index_shape: ChunkShape,
    index_codecs: CodecChain,
    index_bytes: u64,
    is_index_first: bool,
}

impl Shards {
    /// `None` for an array without shards, or with codecs around them: those are read whole.
    pub(super) fn of(zarrs: &Array<()>, shard_shape: &[u64]) -> Option<Self> {
        let ArrayMetadata::V3(v3) = zarrs.metadata() else { return None };
        let [sharding] = &v3.codecs[..] else { return None };
        if sharding.name() != "sharding_indexed" {
            return None;
        }
        let said = sharding.configuration()?;
        let chunk_shape: Vec<u64> =
            serde_json::from_value(said.get("chunk_shape")?.clone()).ok()?;
        let grid = shard_shape.iter().zip(&chunk_shape).map(|(shard, chunk)| shard / chunk);
        let index_shape = shape(grid.chain([2]))?;
        let index_codecs = chain(said.get("index_codecs")?)?;
        let index_bytes = index_codecs.encoded_representation(
            &index_shape,
            &data_type::uint64(),
            &FillValue::from(ABSENT),
        );
        let Ok(BytesRepresentation::FixedSize(index_bytes)) = index_bytes else { return None };
        Some(Self {
            codec_shape: shape(chunk_shape.iter().copied())?,
            chunk_shape,
            codecs: chain(said.get("codecs")?)?,
            index_shape,
            index_codecs,
            index_bytes,
            is_index_first: said.get("index_location").and_then(Value::as_str) == Some("start"),
        })
    }

    fn index_request(&self) -> ByteRequest {
        if self.is_index_first {
            ByteRequest::Range { start: 0, end: self.index_bytes }
        } else {
            ByteRequest::Suffix(self.index_bytes)
        }
    }

    /// Offset and size of each chunk in C order.
    fn decode_index(&self, encoded: &[u8]) -> Result<Vec<u64>, String> {
        let decoded = self.index_codecs.decode(
            Cow::Borrowed(encoded),
            &self.index_shape,
            &data_type::uint64(),
            &FillValue::from(ABSENT),
            &CodecOptions::default().with_concurrent_target(1),
        );
        let decoded =
            decoded.and_then(|bytes| Ok(bytes.into_fixed()?)).map_err(|e| e.to_string())?;
        let (numbers, _) = decoded.as_chunks::<8>();
        Ok(numbers.iter().map(|number| u64::from_ne_bytes(*number)).collect())
    }

    /// Where a chunk of the array is in the index of its shard.
    fn place(&self, chunk: &[u64]) -> usize {
        let grid = self.index_shape.iter().map(|n| n.get());
        chunk.iter().zip(grid).fold(0, |place, (index, n)| place * n + index % n) as usize
    }

    fn count(&self) -> usize {
        self.index_shape.iter().map(|n| n.get() as usize).product::<usize>() / 2
    }
}

impl ZarrArray {
    /// The chunks that a window needs of a shard, when they are so few that the others are better
    /// left unread.
    pub(super) fn part_of_shard(
        &self,
        window: &[Range<u64>],
        shard: &[u64],
    ) -> Option<Vec<Vec<u64>>> {
        let shards = self.node.shards.as_ref()?;
        let within = overlap(window, shard, self.chunk_shape());
        let chunks = chunks_touching(&within, &shards.chunk_shape);
        (chunks.len() * 2 <= shards.count()).then_some(chunks)
    }

    /// Reads chunks of one shard into a window: a request for the index, then one for each run of
    /// chunks that lie close together. Whoever writes the shard anew in between is not noticed,
    /// except in stores with versions.
    pub(super) async fn read_of_shard(
        &self,
        target: &Arc<Output>,
        cores: &Arc<Semaphore>,
        window: &[Range<u64>],
        shard: &[u64],
        chunks: Vec<Vec<u64>>,
    ) -> Result<()> {
        let Some(shards) = self.node.shards.as_ref() else { return Ok(()) };
        let key = self.chunk_key(shard)?;
        let failed = |reason: String| self.codec_error(shard, reason);
        let values = match self.store.get(&key, shards.index_request()).await {
            Ok(Some(index)) => {
                let index = shards.decode_index(&index).map_err(failed)?;
                let requests = requests(shards, &key, &index, &chunks).map_err(failed)?;
                let wanted: Vec<_> = requests.iter().flatten().cloned().collect();
                let mut found = self.store.get_partial_values(&wanted).await?.into_iter();
                let values = requests.iter().map(|request| match request {
                    Some(_) => match found.next() {
                        Some(Some(value)) => Ok(Some(value)),
                        _ => Err(failed("it was deleted while it was read".to_owned())),
                    },
                    None => Ok(None),
                });
                values.collect::<Result<Vec<_>>>()?
            }
            Ok(None) => vec![None; chunks.len()],
            Err(Error::InvalidRange { size, .. }) => {
                return Err(failed(format!("{size} bytes are too few for a shard")));
            }
            Err(error) => return Err(error),
        };
        let _core = cores.acquire().await;
        let (array, target, window) = (self.clone(), Arc::clone(target), window.to_vec());
        let work = move || {
            for (chunk, value) in chunks.iter().zip(values) {
                array.place_chunk_of_shard(&target, &window, chunk, value)?;
            }
            drop(target);
            Ok(())
        };
        self.computing(work).await
    }

    fn place_chunk_of_shard(
        &self,
        target: &Output,
        window: &[Range<u64>],
        chunk: &[u64],
        encoded: Option<Bytes>,
    ) -> Result<()> {
        let Some(shards) = self.node.shards.as_ref() else { return Ok(()) };
        let decoded = match encoded {
            Some(encoded) => {
                self.decode_with(&shards.codecs, &encoded, &shards.codec_shape, chunk)?
            }
            None => {
                let elements = shards.chunk_shape.iter().product::<u64>() as usize;
                self.filled(elements * self.element_size())
            }
        };
        self.between(window, chunk, &shards.chunk_shape).copy_out(&decoded, target);
        Ok(())
    }
}

/// What to ask of the store for each chunk; `None` for those that are not there.
fn requests(
    shards: &Shards,
    key: &Key,
    index: &[u64],
    chunks: &[Vec<u64>],
) -> Result<Vec<Option<(Key, ByteRequest)>>, String> {
    let of = |chunk: &Vec<u64>| {
        let place = 2 * shards.place(chunk);
        match index.get(place..place + 2) {
            Some(&[ABSENT, ABSENT]) => Ok(None),
            Some(&[start, size]) if size > 0 && start.checked_add(size).is_some() => {
                Ok(Some((key.clone(), ByteRequest::Range { start, end: start + size })))
            }
            _ => Err(format!("its index says nothing sensible of chunk {chunk:?}")),
        }
    };
    chunks.iter().map(of).collect()
}

fn chain(codecs: &Value) -> Option<CodecChain> {
    let codecs: Vec<MetadataV3> = serde_json::from_value(codecs.clone()).ok()?;
    CodecChain::from_metadata(&codecs).ok()
}

fn shape(sizes: impl Iterator<Item = u64>) -> Option<ChunkShape> {
    sizes.map(std::num::NonZero::new).collect()
}
