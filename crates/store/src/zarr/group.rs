//! Groups: their attributes, and the consolidated metadata of plain stores.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::{Map, Value, json};

use super::array::read_json;
use super::{metadata_error, node};
use crate::{Error, Prefix, Result, Store};

const DOCUMENT: &str = "zarr.json";

/// Writes the metadata of a new group at `path` (`""` for the root).
///
/// # Errors
/// [`Error::AlreadyExists`] when there is a node; what the store says.
pub async fn create_group(
    store: &Arc<dyn Store>,
    path: &str,
    attributes: Map<String, Value>,
) -> Result<()> {
    let document = json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
    create_document(&**store, &node(path)?, &document).await
}

/// The attributes of the group at `path`; `None` when there is no node.
///
/// # Errors
/// [`Error::Metadata`] when the node is no group or malformed; what the store says.
pub async fn read_group_attributes(
    store: &Arc<dyn Store>,
    path: &str,
) -> Result<Option<Map<String, Value>>> {
    let Some(mut document) = read_group(&**store, &node(path)?).await? else { return Ok(None) };
    match document.remove("attributes") {
        Some(Value::Object(attributes)) => Ok(Some(attributes)),
        None => Ok(Some(Map::new())),
        Some(_) => Err(metadata_error(&node(path)?, "its attributes are no object")),
    }
}

/// Replaces the attributes of the group at `path`.
///
/// # Errors
/// [`Error::NotFound`] when there is no node; [`Error::Metadata`] when it is no group or malformed;
/// what the store says.
pub async fn write_group_attributes(
    store: &Arc<dyn Store>,
    path: &str,
    attributes: Map<String, Value>,
) -> Result<()> {
    let path = node(path)?;
    let mut document = existing_group(store, &path).await?;
    document.insert("attributes".to_owned(), Value::Object(attributes));
    store.set(&path.join(DOCUMENT)?, pretty(&path, &document.into())?).await
}

/// Writes the metadata of all nodes below the group at `path` into its own, so that readers need
/// one request. To be repeated whenever a node changes.
///
/// # Errors
/// [`Error::Unsupported`] on a versioned store, where it would hide new nodes; [`Error::NotFound`]
/// when there is no group; [`Error::Metadata`] when a node is malformed; what the store says.
pub async fn write_consolidated(store: &Arc<dyn Store>, path: &str) -> Result<()> {
    if store.capability().versions {
        return Err(Error::Unsupported {
            operation: "hold consolidated metadata",
            store: format!("{store:?}"),
        });
    }
    let path = node(path)?;
    let mut document = existing_group(store, &path).await?;
    let keys: Vec<_> = store.list_prefix(&path).try_collect().await?;
    let mut nodes = Map::new();
    for key in keys {
        let Some(child) = path.strip(&key).and_then(|rest| rest.strip_suffix("/zarr.json")) else {
            continue;
        };
        if let Some(mut metadata) = read_json(&**store, &key).await? {
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.remove("consolidated_metadata");
            }
            nodes.insert(child.to_owned(), metadata);
        }
    }
    let consolidated = json!({"kind": "inline", "must_understand": false, "metadata": nodes});
    document.insert("consolidated_metadata".to_owned(), consolidated);
    store.set(&path.join(DOCUMENT)?, pretty(&path, &document.into())?).await
}

pub(super) async fn create_document(
    store: &dyn Store,
    path: &Prefix,
    document: &Value,
) -> Result<()> {
    let key = path.join(DOCUMENT)?;
    if store.set_if_not_exists(&key, pretty(path, document)?).await? {
        return Ok(());
    }
    Err(Error::AlreadyExists { key: key.to_string(), store: format!("{store:?}") })
}

async fn existing_group(store: &Arc<dyn Store>, path: &Prefix) -> Result<Map<String, Value>> {
    read_group(&**store, path)
        .await?
        .ok_or_else(|| Error::NotFound { key: format!("/{path}"), store: format!("{store:?}") })
}

async fn read_group(store: &dyn Store, path: &Prefix) -> Result<Option<Map<String, Value>>> {
    match read_json(store, &path.join(DOCUMENT)?).await? {
        None => Ok(None),
        Some(Value::Object(document)) if document.get("node_type") == Some(&json!("group")) => {
            Ok(Some(document))
        }
        Some(_) => Err(metadata_error(path, "it is no group")),
    }
}

fn pretty(path: &Prefix, document: &Value) -> Result<Bytes> {
    serde_json::to_vec_pretty(document)
        .map(Bytes::from)
        .map_err(|cause| metadata_error(path, cause))
}
