//! An array on a store: its metadata and where its chunks are.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use zarrs::array::{Array, ArrayMetadata, DataType};
use zarrs::metadata::v3::MetadataV3;

use super::shard::Shards;
use super::{ArraySpec, metadata_error, node};
use crate::{ByteRequest, Error, Key, Prefix, Result, Store};

/// A Zarr array on a store. Cheap to clone; metadata is read once.
///
/// Chunk indices and windows are in array order, slowest axis first. Chunks at the upper edges
/// have the full chunk shape, as the regular grid of Zarr v3 wants; what lies outside the array is
/// the fill value. Elements are native-endian and C-contiguous.
#[derive(Clone)]
pub struct ZarrArray {
    pub(super) store: Arc<dyn Store>,
    pub(super) node: Arc<Node>,
}

/// What is known of an array without its store.
pub(super) struct Node {
    pub(super) path: Prefix,
    /// Codecs, grid and key encoding; its storage is never asked.
    pub(super) zarrs: Array<()>,
    pub(super) chunk_shape: Vec<u64>,
    inner_chunk_shape: Vec<u64>,
    pub(super) shards: Option<Shards>,
    data_type: String,
    element_size: usize,
    attributes: Map<String, Value>,
    dimension_names: Vec<String>,
}

impl ZarrArray {
    /// Writes the metadata of a new array at `path`.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] when there is a node at `path`; [`Error::Metadata`] when `spec`
    /// contradicts itself or names something unknown; what the store says.
    pub async fn create(store: Arc<dyn Store>, path: &str, spec: &ArraySpec) -> Result<Self> {
        let path = node(path)?;
        let element_size = element_size(&path, &spec.data_type)?;
        check_ranks(spec).map_err(|reason| metadata_error(&path, reason))?;
        let document =
            spec.document(element_size).map_err(|reason| metadata_error(&path, reason))?;
        let node = Node::parse(path.clone(), document.clone())?;
        super::group::create_document(&*store, &path, &document).await?;
        Ok(Self { store, node: Arc::new(node) })
    }

    /// Reads the metadata of the array at `path`, of Zarr v3 or v2.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no node at `path`; [`Error::Metadata`] when it is no
    /// array, or one that is malformed or uses something unknown; what the store says.
    pub async fn open(store: Arc<dyn Store>, path: &str) -> Result<Self> {
        let path = node(path)?;
        let key = path.join("zarr.json")?;
        let document = match read_json(&*store, &key).await? {
            Some(document) => document,
            None => v2_document(&*store, &path).await?.ok_or_else(|| Error::NotFound {
                key: key.to_string(),
                store: format!("{store:?}"),
            })?,
        };
        Ok(Self { store, node: Arc::new(Node::parse(path, document)?) })
    }

    /// The same array through another store, as that of a new session.
    #[must_use]
    pub fn with_store(&self, store: Arc<dyn Store>) -> Self {
        Self { store, node: Arc::clone(&self.node) }
    }

    /// The path of the array, without a leading slash; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        self.node.path.as_str()
    }

    /// Elements along each axis.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        self.node.zarrs.shape()
    }

    /// Elements of a stored object along each axis: of a shard, or of a chunk without shards.
    #[must_use]
    pub fn chunk_shape(&self) -> &[u64] {
        &self.node.chunk_shape
    }

    /// Elements of a chunk along each axis; within shards, of their chunks.
    #[must_use]
    pub fn inner_chunk_shape(&self) -> &[u64] {
        &self.node.inner_chunk_shape
    }

    /// Stored objects along each axis when all are there.
    #[must_use]
    pub fn chunk_grid_shape(&self) -> &[u64] {
        self.node.zarrs.chunk_grid_shape()
    }

    /// The Zarr v3 name of the data type, as `float32`.
    #[must_use]
    pub fn data_type(&self) -> &str {
        &self.node.data_type
    }

    /// Bytes of an element.
    #[must_use]
    pub fn element_size(&self) -> usize {
        self.node.element_size
    }

    /// The fill value as native-endian bytes of one element.
    #[must_use]
    pub fn fill_value(&self) -> &[u8] {
        self.node.zarrs.fill_value().as_ne_bytes()
    }

    /// The name of each axis, `""` for one without; empty when none has a name.
    #[must_use]
    pub fn dimension_names(&self) -> &[String] {
        &self.node.dimension_names
    }

    /// The user's attributes.
    #[must_use]
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.node.attributes
    }

    /// The key of a stored chunk (or shard).
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] when there is no such chunk.
    pub fn chunk_key(&self, chunk: &[u64]) -> Result<Key> {
        self.check_chunk(chunk)?;
        Key::new(self.node.zarrs.chunk_key(chunk).to_string())
    }

    pub(super) fn check_chunk(&self, chunk: &[u64]) -> Result<()> {
        let grid = self.chunk_grid_shape();
        if chunk.len() == grid.len() && chunk.iter().zip(grid).all(|(index, size)| index < size) {
            return Ok(());
        }
        Err(Error::OutOfBounds {
            path: self.node.shown(),
            asked: format!("chunk {chunk:?}"),
            shape: grid.to_vec(),
        })
    }
}

impl fmt::Debug for ZarrArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZarrArray")
            .field("store", &self.store)
            .field("path", &self.path())
            .field("shape", &self.shape())
            .field("chunk_shape", &self.chunk_shape())
            .field("data_type", &self.data_type())
            .finish_non_exhaustive()
    }
}

impl Node {
    fn parse(path: Prefix, document: Value) -> Result<Self> {
        let failed = |reason: &dyn fmt::Display| metadata_error(&path, reason);
        if document.get("node_type").and_then(Value::as_str) == Some("group") {
            return Err(failed(&"it is a group, not an array"));
        }
        let metadata: ArrayMetadata = serde_json::from_value(document).map_err(|e| failed(&e))?;
        let zarrs_path = if path.as_str().is_empty() { "/".into() } else { format!("/{path}") };
        let zarrs = Array::new_with_metadata(Arc::new(()), &zarrs_path, metadata)
            .map_err(|e| failed(&e))?;
        let element_size = zarrs
            .data_type()
            .fixed_size()
            .ok_or_else(|| failed(&"its elements have no fixed size, which is not supported"))?;
        let origin = vec![0; zarrs.shape().len()];
        let chunk_shape: Vec<u64> = match zarrs.chunk_grid().chunk_shape(&origin) {
            Ok(Some(shape)) => shape.iter().map(|n| n.get()).collect(),
            // an axis of length 0 has no chunk at its origin
            _ => declared_chunk_shape(&zarrs).ok_or_else(|| failed(&"it has no chunk shape"))?,
        };
        let inner_chunk_shape = inner_chunk_shape(&zarrs).unwrap_or_else(|| chunk_shape.clone());
        let shards = Shards::of(&zarrs, &chunk_shape);
        let data_type = data_type_name(&zarrs);
        let attributes = zarrs.attributes().clone();
        let dimension_names = match zarrs.dimension_names() {
            Some(names) => names.iter().map(|n| n.clone().unwrap_or_default()).collect(),
            None => Vec::new(),
        };
        Ok(Self {
            path,
            zarrs,
            chunk_shape,
            inner_chunk_shape,
            shards,
            data_type,
            element_size,
            attributes,
            dimension_names,
        })
    }

    pub(super) fn shown(&self) -> String {
        format!("/{}", self.path)
    }
}

pub(super) async fn read_json(store: &dyn Store, key: &Key) -> Result<Option<Value>> {
    let Some(bytes) = store.get(key, ByteRequest::All).await? else { return Ok(None) };
    parse_json(key, &bytes).map(Some)
}

fn parse_json(key: &Key, bytes: &Bytes) -> Result<Value> {
    serde_json::from_slice(bytes)
        .map_err(|cause| Error::Metadata { path: key.to_string(), reason: cause.to_string() })
}

/// The metadata of a Zarr v2 array, its attributes included.
async fn v2_document(store: &dyn Store, path: &Prefix) -> Result<Option<Value>> {
    let Some(mut document) = read_json(store, &path.join(".zarray")?).await? else {
        return Ok(None);
    };
    if let Some(attributes) = read_json(store, &path.join(".zattrs")?).await?
        && let Some(document) = document.as_object_mut()
    {
        document.insert("attributes".to_owned(), attributes);
    }
    Ok(Some(document))
}

fn element_size(path: &Prefix, data_type: &str) -> Result<usize> {
    DataType::from_metadata(&MetadataV3::new(data_type))
        .map_err(|_| {
            metadata_error(
                path,
                format!(
                    "unknown data type `{data_type}`; known are bool, int8 to int64, uint8 to \
                     uint64, float16, bfloat16, float32, float64, complex64, complex128, r8, r16, …"
                ),
            )
        })?
        .fixed_size()
        .ok_or_else(|| metadata_error(path, format!("`{data_type}` has no fixed size")))
}

fn check_ranks(spec: &ArraySpec) -> Result<(), String> {
    let rank = spec.shape.len();
    for (what, shape) in
        [("chunk_shape", Some(&spec.chunk_shape)), ("shard_shape", spec.shard_shape.as_ref())]
    {
        if let Some(shape) = shape
            && (shape.len() != rank || shape.contains(&0))
        {
            return Err(format!("{what} {shape:?} must have {rank} numbers, none of them 0"));
        }
    }
    if let Some(shard) = &spec.shard_shape
        && shard.iter().zip(&spec.chunk_shape).any(|(shard, chunk)| shard % chunk != 0)
    {
        let chunk = &spec.chunk_shape;
        return Err(format!("shard_shape {shard:?} is not a multiple of chunk_shape {chunk:?}"));
    }
    Ok(())
}

fn declared_chunk_shape(zarrs: &Array<()>) -> Option<Vec<u64>> {
    match zarrs.metadata() {
        ArrayMetadata::V3(v3) => numbers(v3.chunk_grid.configuration()?.get("chunk_shape")?),
        ArrayMetadata::V2(v2) => Some(v2.chunks.iter().map(|n| n.get()).collect()),
    }
}

fn inner_chunk_shape(zarrs: &Array<()>) -> Option<Vec<u64>> {
    let ArrayMetadata::V3(v3) = zarrs.metadata() else { return None };
    let sharding = v3.codecs.iter().find(|codec| codec.name() == "sharding_indexed")?;
    numbers(sharding.configuration()?.get("chunk_shape")?)
}

fn numbers(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(Value::as_u64).collect()
}

fn data_type_name(zarrs: &Array<()>) -> String {
    match zarrs.metadata() {
        ArrayMetadata::V3(v3) => v3.data_type.name().to_owned(),
        ArrayMetadata::V2(_) => match zarrs.builder().build_metadata() {
            Ok(v3) => v3.data_type.name().to_owned(),
            Err(_) => format!("{:?}", zarrs.data_type()),
        },
    }
}
