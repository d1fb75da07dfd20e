//! The keys of a Zarr hierarchy in a store that does not list, as its metadata names them.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};

use super::keys::Wanteds;
use super::transfer::Wanted;
use crate::{ByteRequest, Error, Key, Result, Store, ZarrArray};

/// The documents and chunks that the metadata of the root names. A chunk need not be there.
pub(super) fn keys(store: Arc<dyn Store>) -> Wanteds {
    let nodes = async move {
        let nodes = Nodes::of(&store).await?;
        let documents = nodes
            .documents
            .into_iter()
            .map(|document| Ok(Wanted { key: Key::new(document)?, stat: None, is_listed: true }));
        let chunks = stream::iter(nodes.arrays)
            .then(move |path| {
                let store = Arc::clone(&store);
                async move { ZarrArray::open(store, &path).await }
            })
            .map_ok(chunks)
            .try_flatten();
        Ok::<_, Error>(stream::iter(documents).chain(chunks))
    };
    stream::once(nodes).try_flatten().boxed()
}

/// What the metadata of a root names.
#[derive(Default)]
struct Nodes {
    documents: Vec<String>,
    arrays: Vec<String>,
}

impl Nodes {
    async fn of(store: &Arc<dyn Store>) -> Result<Self> {
        if let Some(root) = read(store, "zarr.json").await? {
            return Self::of_v3(&root).ok_or_else(|| unnamed(store));
        }
        match read(store, ".zmetadata").await? {
            Some(root) => Self::of_v2(&root).ok_or_else(|| unnamed(store)),
            None => Self::of_v2_array(store).await,
        }
    }

    fn of_v3(root: &Map<String, Value>) -> Option<Self> {
        let is_array = |node: &Value| node.get("node_type").is_some_and(|kind| kind == "array");
        let mut nodes = Self { documents: vec!["zarr.json".to_owned()], ..Self::default() };
        if root.get("node_type").is_some_and(|kind| kind == "array") {
            nodes.arrays.push(String::new());
            return Some(nodes);
        }
        for (path, node) in root.get("consolidated_metadata")?.get("metadata")?.as_object()? {
            nodes.documents.push(format!("{path}/zarr.json"));
            if is_array(node) {
                nodes.arrays.push(path.clone());
            }
        }
        Some(nodes)
    }

    fn of_v2(root: &Map<String, Value>) -> Option<Self> {
        let mut documents: Vec<_> = root.get("metadata")?.as_object()?.keys().cloned().collect();
        let arrays = documents
            .iter()
            .filter_map(|document| document.strip_suffix(".zarray"))
            .map(|path| path.trim_end_matches('/').to_owned())
            .collect();
        documents.push(".zmetadata".to_owned());
        Some(Self { documents, arrays })
    }

    async fn of_v2_array(store: &Arc<dyn Store>) -> Result<Self> {
        if read(store, ".zarray").await?.is_none() {
            return Err(unnamed(store));
        }
        let mut nodes = Self { documents: vec![".zarray".to_owned()], arrays: vec![String::new()] };
        if read(store, ".zattrs").await?.is_some() {
            nodes.documents.push(".zattrs".to_owned());
        }
        Ok(nodes)
    }
}

/// The chunks of an array, the last axis fastest.
fn chunks(array: ZarrArray) -> Wanteds {
    let grid = array.chunk_grid_shape().to_vec();
    let count = grid.iter().fold(1_u64, |count, size| count.saturating_mul(*size));
    let keys = (0..count).map(move |place| {
        let (mut chunk, mut rest) = (vec![0; grid.len()], place);
        for (index, size) in chunk.iter_mut().zip(&grid).rev() {
            (*index, rest) = (rest % size, rest / size);
        }
        Ok(Wanted { key: array.chunk_key(&chunk)?, stat: None, is_listed: false })
    });
    stream::iter(keys).boxed()
}

async fn read(store: &Arc<dyn Store>, name: &str) -> Result<Option<Map<String, Value>>> {
    let Some(bytes) = store.get(&Key::new(name)?, ByteRequest::All).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|cause| Error::Metadata { path: format!("/{name}"), reason: cause.to_string() })
}

fn unnamed(store: &Arc<dyn Store>) -> Error {
    Error::Unsupported {
        operation: "be copied: it does not list, and no metadata at its root names what is below",
        store: format!("{store:?}"),
    }
}
