//! The objects that hold chunks, read without the copies that Icechunk makes of them.

use std::sync::Arc;

use bytes::Bytes;
use icechunk::format::manifest::{ChunkPayload, ChunkRef};
use icechunk::format::{ChunkIndices, Path};
use icechunk::session::Session;

use crate::{ByteRequest, Error, Key, ReadStore, Result};

/// The objects of a repository.
#[derive(Clone)]
pub(super) struct Chunks {
    objects: Arc<dyn ReadStore>,
}

impl Chunks {
    pub(super) fn new(objects: Arc<dyn ReadStore>) -> Self {
        Self { objects }
    }

    /// Where the chunk of a key is; `None` when that is for Icechunk to say: for other keys, and
    /// what is virtual, missing or wrong.
    pub(super) async fn find(session: &Session, key: &Key) -> Option<ChunkPayload> {
        let (node, indices) = node_and_indices(key.as_str())?;
        let path = Path::try_from(format!("/{node}").as_str()).ok()?;
        let found = session.get_chunk_ref(&path, &ChunkIndices(indices)).await.ok()??;
        matches!(found, ChunkPayload::Inline(_) | ChunkPayload::Ref(_)).then_some(found)
    }

    pub(super) async fn read(
        &self,
        key: &Key,
        payload: ChunkPayload,
        request: ByteRequest,
    ) -> Result<Option<Bytes>> {
        let ChunkRef { id, offset, length } = match payload {
            ChunkPayload::Ref(object) => object,
            ChunkPayload::Inline(bytes) => {
                let range = request.resolve(key, bytes.len() as u64)?;
                return Ok(Some(bytes.slice(range.start as usize..range.end as usize)));
            }
            _ => return Ok(None),
        };
        let range = request.resolve(key, length)?;
        let object = Key::new(format!("chunks/{id}"))?;
        let within = ByteRequest::from(offset + range.start..offset + range.end);
        match self.objects.get(&object, within).await? {
            Some(bytes) if bytes.len() as u64 == range.end - range.start => Ok(Some(bytes)),
            _ => Err(Error::NotFound {
                key: format!("{object} (the bytes of {key})"),
                store: format!("{:?}", self.objects),
            }),
        }
    }
}

/// The array and the chunk of a key as `a/b/c/0/1`; that of a scalar ends with `c`.
fn node_and_indices(key: &str) -> Option<(&str, Vec<u32>)> {
    let (node, indices) = match (key.rsplit_once("/c/"), key.strip_suffix("/c")) {
        (Some(parts), _) => parts,
        (None, Some(node)) => (node, ""),
        (None, None) if key == "c" => ("", ""),
        (None, None) => ("", key.strip_prefix("c/")?),
    };
    let indices = indices.split('/').filter(|part| !part.is_empty()).map(str::parse);
    Some((node, indices.collect::<Result<_, _>>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_chunks_are_known() {
        assert_eq!(node_and_indices("a/b/c/0/12"), Some(("a/b", vec![0, 12])));
        assert_eq!(node_and_indices("c/3"), Some(("", vec![3])));
        assert_eq!(node_and_indices("a/c"), Some(("a", vec![])));
        assert_eq!(node_and_indices("c"), Some(("", vec![])));
        assert_eq!(node_and_indices("a/c/c/1"), Some(("a/c", vec![1])));
        for other in
            ["zarr.json", "a/zarr.json", "a/c/x", "a/c/-1", "a/cc", "a/c5", "c5", "c/1/c/x"]
        {
            assert_eq!(node_and_indices(other), None, "{other}");
        }
    }
}
