//! The nodes of a Zarr hierarchy, as their metadata says.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use terracube::store::{ByteRequest, Entry, Key, Prefix, Store};

use crate::failure::Failure;

/// So many nodes of a folder are looked at at the same time.
const REQUESTS: usize = 16;

/// A node, and those below it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) children: Vec<Node>,
    /// Of Zarr, 2 or 3; `None` for a folder.
    #[serde(rename = "zarr_format", skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<u8>,
    #[serde(skip)]
    pub(crate) attributes: Map<String, Value>,
    /// Whether what is below was not looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_cut: bool,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "node", rename_all = "snake_case")]
pub(crate) enum Kind {
    Group,
    Array(Array),
    /// A folder without metadata.
    Folder,
}

/// What an array is. Shapes are in array order, slowest axis first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Array {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) chunks: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shards: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dimensions: Vec<String>,
}

impl Node {
    /// The node at a prefix with those below it, at most so many levels deep; `None` when there is
    /// no metadata.
    pub(crate) async fn read(
        store: &Arc<dyn Store>,
        prefix: &Prefix,
        depth: Option<usize>,
    ) -> Result<Option<Self>, Failure> {
        let name = prefix.as_str().to_owned();
        let Some(found) = Document::read(&**store, prefix, 3).await? else { return Ok(None) };
        if store.capability().listing {
            let node = below(Arc::clone(store), prefix.clone(), name, Some(found), 3, depth);
            return node.await.map(Some);
        }
        let consolidated = found.consolidated(&**store, prefix).await?;
        let mut node = found.node(name);
        match consolidated {
            Some(nodes) => node.adopt(nodes, depth),
            None => node.is_cut = node.kind == Kind::Group,
        }
        Ok(Some(node))
    }

    /// How many groups and arrays there are, itself too.
    pub(crate) fn count(&self) -> (usize, usize) {
        let own = match self.kind {
            Kind::Group => (1, 0),
            Kind::Array(_) => (0, 1),
            Kind::Folder => (0, 0),
        };
        self.children.iter().map(Self::count).fold(own, |a, b| (a.0 + b.0, a.1 + b.1))
    }

    /// Takes the nodes of consolidated metadata, by their paths, as those below.
    fn adopt(&mut self, nodes: Vec<(String, Document)>, depth: Option<usize>) {
        for (path, document) in nodes {
            let names: Vec<_> = path.split('/').collect();
            if depth.is_some_and(|depth| names.len() > depth) {
                continue;
            }
            let mut parent = &mut *self;
            for name in &names[..names.len() - 1] {
                let place = parent.children.iter().position(|child| child.name == *name);
                let place = place.unwrap_or_else(|| {
                    parent.children.push(Self::folder((*name).to_owned()));
                    parent.children.len() - 1
                });
                parent = &mut parent.children[place];
            }
            let name = names[names.len() - 1];
            let mut node = document.node(name.to_owned());
            match parent.children.iter_mut().find(|child| child.name == name) {
                Some(child) => {
                    node.children = std::mem::take(&mut child.children);
                    *child = node;
                }
                None => parent.children.push(node),
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.children.sort_by(|a, b| a.name.cmp(&b.name));
        self.children.iter_mut().for_each(Self::sort);
    }

    fn folder(name: String) -> Self {
        let (kind, children, attributes) = (Kind::Folder, Vec::new(), Map::new());
        Self { name, kind, children, format: None, attributes, is_cut: false }
    }
}

/// A node and what is below it, by listing. `known` is its document when it was read already.
fn below(
    store: Arc<dyn Store>,
    prefix: Prefix,
    name: String,
    known: Option<Document>,
    format: u8,
    depth: Option<usize>,
) -> BoxFuture<'static, Result<Node, Failure>> {
    async move {
        let document = match known {
            Some(document) => Some(document),
            None => Document::read(&*store, &prefix, format).await?,
        };
        let mut node =
            document.map_or_else(|| Node::folder(name.clone()), |d| d.node(name.clone()));
        if matches!(node.kind, Kind::Array(_)) {
            return Ok(node);
        }
        if depth == Some(0) {
            node.is_cut = true;
            return Ok(node);
        }
        let entries: Vec<Entry> = store.list_dir(&prefix).try_collect().await?;
        let format = node.format.unwrap_or(format);
        let mut children = Vec::new();
        for entry in entries {
            let Entry::Dir(name) = entry else { continue };
            let place = Prefix::new(prefix.join(&name)?.as_str())?;
            let depth = depth.map(|depth| depth - 1);
            children.push(below(Arc::clone(&store), place, name, None, format, depth));
        }
        node.children = stream::iter(children).buffered(REQUESTS).try_collect().await?;
        node.children.retain(|child| {
            // folders of other things are no part of the hierarchy
            child.kind != Kind::Folder || !child.children.is_empty()
        });
        node.children.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(node)
    }
    .boxed()
}

/// The metadata of a node: of Zarr v3, or of v2 with its attributes beside.
#[derive(Debug, Clone)]
struct Document {
    format: u8,
    object: Map<String, Value>,
    is_array: bool,
    attributes: Map<String, Value>,
}

impl Document {
    /// The document of a node; that of the format of its parent is looked for first.
    async fn read(store: &dyn Store, prefix: &Prefix, format: u8) -> Result<Option<Self>, Failure> {
        let names = match format {
            2 => [".zarray", ".zgroup", "zarr.json"],
            _ => ["zarr.json", ".zarray", ".zgroup"],
        };
        for name in names {
            let Some(object) = object(store, &prefix.join(name)?).await? else { continue };
            let mut document = Self::of(name, object);
            if document.format == 2
                && let Some(attributes) = self::object(store, &prefix.join(".zattrs")?).await?
            {
                document.attributes = attributes;
            }
            return Ok(Some(document));
        }
        Ok(None)
    }

    fn of(name: &str, object: Map<String, Value>) -> Self {
        let format = if name == "zarr.json" { 3 } else { 2 };
        let is_array = name == ".zarray"
            || object.get("node_type").is_some_and(|node_type| node_type == "array");
        let attributes = object.get("attributes").and_then(Value::as_object).cloned();
        Self { format, is_array, attributes: attributes.unwrap_or_default(), object }
    }

    /// The nodes below that consolidated metadata names, if there is any.
    async fn consolidated(
        &self,
        store: &dyn Store,
        prefix: &Prefix,
    ) -> Result<Option<Vec<(String, Self)>>, Failure> {
        if self.is_array {
            return Ok(None);
        }
        if self.format == 3 {
            let nodes = self.object.get("consolidated_metadata").and_then(|c| c.get("metadata"));
            let nodes = nodes.and_then(Value::as_object).map(|nodes| {
                let node = |(path, object): (&String, &Value)| {
                    Some((path.clone(), Self::of("zarr.json", object.as_object()?.clone())))
                };
                nodes.iter().filter_map(node).collect()
            });
            return Ok(nodes);
        }
        let Some(all) = object(store, &prefix.join(".zmetadata")?).await? else { return Ok(None) };
        let all = all.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        let node = |(key, object): (String, Value)| {
            let (path, name) = key.rsplit_once('/')?;
            let is_node = matches!(name, ".zarray" | ".zgroup");
            is_node.then(|| Some((path.to_owned(), Self::of(name, object.as_object()?.clone()))))?
        };
        Ok(Some(all.into_iter().filter_map(node).collect()))
    }

    fn node(self, name: String) -> Node {
        let kind = if self.is_array { Kind::Array(self.array()) } else { Kind::Group };
        let (format, attributes) = (Some(self.format), self.attributes);
        Node { name, kind, children: Vec::new(), format, attributes, is_cut: false }
    }

    fn array(&self) -> Array {
        let get = |name: &str| self.object.get(name);
        let configuration =
            |value: Option<&Value>| value.and_then(|value| value.get("configuration")).cloned();
        let shape = numbers(get("shape"));
        if self.format == 2 {
            let dtype = get("dtype").map(text).unwrap_or_default();
            let chunks = numbers(get("chunks"));
            return Array { dtype, shape, chunks, ..Array::default() };
        }
        let data_type = get("data_type");
        // a string, or an object with a name
        let dtype = data_type.and_then(|d| d.get("name")).or(data_type).map(text);
        let grid = configuration(get("chunk_grid"));
        let outer = numbers(grid.as_ref().and_then(|grid| grid.get("chunk_shape")));
        let codecs = get("codecs").and_then(Value::as_array).map(Vec::as_slice);
        let sharding = codecs
            .unwrap_or_default()
            .iter()
            .find(|codec| codec.get("name").is_some_and(|name| name == "sharding_indexed"));
        let inner = configuration(sharding).map(|sharding| numbers(sharding.get("chunk_shape")));
        let (chunks, shards) = match inner {
            Some(inner) => (inner, Some(outer)),
            None => (outer, None),
        };
        let dimensions = get("dimension_names").and_then(Value::as_array).map(Vec::as_slice);
        let dimensions = dimensions.unwrap_or_default().iter().map(text).collect();
        Array { dtype: dtype.unwrap_or_default(), shape, chunks, shards, dimensions }
    }
}

async fn object(store: &dyn Store, key: &Key) -> Result<Option<Map<String, Value>>, Failure> {
    let Some(bytes) = store.get(key, ByteRequest::All).await? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|cause| anyhow::Error::new(cause).context(format!("`{key}` is malformed")).into())
}

fn numbers(value: Option<&Value>) -> Vec<u64> {
    let all = value.and_then(Value::as_array).map(Vec::as_slice);
    all.unwrap_or_default().iter().filter_map(Value::as_u64).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
