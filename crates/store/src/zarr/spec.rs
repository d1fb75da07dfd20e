//! What a new array is to be.

use serde_json::{Map, Value, json};

use super::Codecs;

/// What a new Zarr v3 array is to be. Shapes are in array order, slowest axis first.
#[derive(Debug, Clone, PartialEq)]
pub struct ArraySpec {
    /// Elements along each axis.
    pub shape: Vec<u64>,
    /// Elements of a chunk along each axis; with shards, of a chunk within its shard.
    pub chunk_shape: Vec<u64>,
    /// Elements of a shard along each axis, multiples of the chunk's; `None` for one object per
    /// chunk.
    pub shard_shape: Option<Vec<u64>>,
    /// The Zarr v3 name of the data type, as `float32`.
    pub data_type: String,
    /// The fill value as Zarr v3 writes it: a number, a boolean, `"NaN"`, `"Infinity"`,
    /// `"-Infinity"` or the bits as `"0x…"`.
    pub fill_value: Value,
    /// How chunks are compressed.
    pub codecs: Codecs,
    /// A name for each axis; empty for none.
    pub dimension_names: Vec<String>,
    /// The user's attributes.
    pub attributes: Map<String, Value>,
}

impl ArraySpec {
    /// An array without shards, names and attributes, filled with 0, with the default codecs.
    #[must_use]
    pub fn new(shape: Vec<u64>, chunk_shape: Vec<u64>, data_type: impl Into<String>) -> Self {
        let data_type = data_type.into();
        let fill_value = if data_type == "bool" { json!(false) } else { json!(0) };
        Self {
            shape,
            chunk_shape,
            shard_shape: None,
            data_type,
            fill_value,
            codecs: Codecs::Default,
            dimension_names: Vec::new(),
            attributes: Map::new(),
        }
    }

    /// The document `zarr.json`, or what is wrong with the codecs.
    pub(super) fn document(&self, element_size: usize) -> Result<Value, String> {
        let chunk_codecs = self.codecs.list(element_size)?;
        let (outer, codecs) = match &self.shard_shape {
            None => (&self.chunk_shape, chunk_codecs),
            Some(shard_shape) => (shard_shape, vec![self.sharding(chunk_codecs)]),
        };
        let mut document = json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": self.data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": outer}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill_value,
            "codecs": codecs,
            "attributes": self.attributes,
        });
        if !self.dimension_names.is_empty() {
            document["dimension_names"] = json!(self.dimension_names);
        }
        Ok(document)
    }

    fn sharding(&self, chunk_codecs: Vec<Value>) -> Value {
        json!({"name": "sharding_indexed", "configuration": {
            "chunk_shape": self.chunk_shape,
            "codecs": chunk_codecs,
            "index_codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}},
                {"name": "crc32c"},
            ],
            "index_location": "end",
        }})
    }
}
