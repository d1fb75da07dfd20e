//! Collections with their items, read from folders or given as JSON.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::TestbedError;
use crate::item::Item;

/// A STAC collection.
#[derive(Debug, Clone)]
pub(crate) struct Collection {
    pub(crate) id: String,
    pub(crate) document: Value,
    pub(crate) items: Vec<Item>,
}

impl Collection {
    /// Reads every collection of a STAC root: the folder itself when it has a `collection.json`,
    /// else those of its folders that have one. Each comes with its folder.
    pub(crate) fn read_root(root: &Path) -> Result<Vec<(Self, PathBuf)>, TestbedError> {
        let mut folders = vec![root.to_owned()];
        if !root.join("collection.json").is_file() {
            folders = list(root)?;
            folders.retain(|folder| folder.join("collection.json").is_file());
        }
        if folders.is_empty() {
            return Err(TestbedError::Document {
                path: root.to_owned(),
                reason: "no `collection.json` here nor in the folders below".to_owned(),
            });
        }
        folders.into_iter().map(|folder| Ok((Self::read_folder(&folder)?, folder))).collect()
    }

    /// A collection from its document and the documents of its items.
    pub(crate) fn from_documents(mut document: Value, items: Vec<Value>) -> Result<Self, String> {
        let id = document["id"].as_str().ok_or("a collection needs an `id` that is a string")?;
        let id = id.to_owned();
        document["type"] = json!("Collection");
        let items =
            items.into_iter().map(|item| Item::read(item, &id)).collect::<Result<_, _>>()?;
        Ok(Self { id, document, items })
    }

    pub(crate) fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    fn read_folder(folder: &Path) -> Result<Self, TestbedError> {
        let mut documents = Vec::new();
        let items = folder.join("items");
        if items.is_dir() {
            for path in list(&items)? {
                if path.extension().is_some_and(|extension| extension == "json") {
                    documents.push(read_json(&path)?);
                }
            }
        }
        let path = folder.join("collection.json");
        Self::from_documents(read_json(&path)?, documents)
            .map_err(|reason| TestbedError::Document { path: folder.to_owned(), reason })
    }
}

/// The entries of a folder by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>, TestbedError> {
    let read = |cause| TestbedError::Read { path: folder.to_owned(), cause };
    let mut paths = std::fs::read_dir(folder)
        .map_err(read)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(read)?;
    paths.sort();
    Ok(paths)
}

fn read_json(path: &Path) -> Result<Value, TestbedError> {
    let text =
        std::fs::read(path).map_err(|cause| TestbedError::Read { path: path.to_owned(), cause })?;
    serde_json::from_slice(&text).map_err(|cause| TestbedError::Document {
        path: path.to_owned(),
        reason: format!("not JSON: {cause}"),
    })
}
