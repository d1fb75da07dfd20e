//! Metadata documents: which keys they are, in which order they come, when two are the same.

use std::cmp::Reverse;

use bytes::Bytes;
use serde_json::Value;

use crate::{Key, Prefix, Result};

/// The names of metadata documents, those that others rely on first.
const NAMES: [&str; 5] = [".zattrs", ".zarray", ".zgroup", "zarr.json", ".zmetadata"];

pub(super) fn is_document(key: &Key) -> bool {
    NAMES.contains(&name(key))
}

/// Groups of documents, to be written one after the other: whoever finds a document finds all
/// that it speaks of. What lies deeper comes first, attributes before the node that they belong
/// to, consolidated metadata after all that it repeats.
pub(super) fn in_order(mut documents: Vec<Key>) -> Vec<Vec<Key>> {
    documents.sort_by_key(rank);
    documents.chunk_by(|a, b| rank(a) == rank(b)).map(<[_]>::to_vec).collect()
}

/// The folder of the node that a document describes.
pub(super) fn node(key: &Key) -> Result<Prefix> {
    Prefix::new(key.as_str().rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// Whether two documents say the same.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let parse = |bytes| serde_json::from_slice::<Value>(bytes).ok();
    parse(one).is_some_and(|one| Some(one) == parse(other))
}

/// The document for a store with versions: consolidated metadata would hide what comes later.
pub(super) fn without_consolidated(document: Bytes) -> Bytes {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(&document) else { return document };
    if object.remove("consolidated_metadata").is_none() {
        return document;
    }
    serde_json::to_vec_pretty(&object).map_or(document, Bytes::from)
}

fn name(key: &Key) -> &str {
    key.as_str().rsplit('/').next().unwrap_or_default()
}

fn rank(key: &Key) -> (Reverse<usize>, usize) {
    let depth = key.as_str().matches('/').count();
    let place = match name(key) {
        ".zattrs" => 0,
        ".zmetadata" => 2,
        _ => 1,
    };
    (Reverse(depth), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_speaks_of_comes_before_it() {
        let keys = [
            "zarr.json",
            ".zmetadata",
            "a/zarr.json",
            ".zgroup",
            "a/b/.zarray",
            "a/b/.zattrs",
            "a/zarr.json.bak",
            "c/.zgroup",
            ".zattrs",
        ];
        let keys = keys.map(|key| Key::new(key).unwrap());
        let documents = keys.into_iter().filter(is_document).collect();
        let groups: Vec<Vec<String>> = in_order(documents)
            .into_iter()
            .map(|group| group.iter().map(Key::to_string).collect())
            .collect();
        let expected: [&[&str]; 6] = [
            &["a/b/.zattrs"],
            &["a/b/.zarray"],
            &["a/zarr.json", "c/.zgroup"],
            &[".zattrs"],
            &["zarr.json", ".zgroup"],
            &[".zmetadata"],
        ];
        assert_eq!(groups, expected);
    }

    #[test]
    fn documents_are_compared_by_what_they_say() {
        assert!(is_same(br#"{"a":1,"b":[2]}"#, b"{\"b\": [2],\n\"a\": 1}"));
        assert!(!is_same(br#"{"a":1}"#, br#"{"a":2}"#));
        assert!(!is_same(b"{", b"["));
        assert!(is_same(b"{", b"{"));
    }

    #[test]
    fn only_consolidated_metadata_is_taken_out() {
        let with = br#"{"node_type":"group","consolidated_metadata":{"metadata":{}}}"#;
        let without = without_consolidated(Bytes::from_static(with));
        assert!(is_same(&without, br#"{"node_type":"group"}"#));
        let plain = Bytes::from_static(br#"{ "node_type":"group"}"#);
        assert_eq!(without_consolidated(plain.clone()), plain);
    }
}
