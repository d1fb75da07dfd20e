//! Random operations against a map.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use proptest::prelude::*;
use terracube_store::{ByteRequest, Directory, Entry, Key, Memory, Prefix, Store};

const KEYS: [&str; 6] = ["x/0", "x/1", "x/y/0", "x/y/z/0", "xy/0", "top"];
const PREFIXES: [&str; 6] = ["", "x", "x/y", "x/y/z", "xy", "none"];

#[derive(Debug, Clone)]
enum Operation {
    Set(usize, Vec<u8>),
    Create(usize, Vec<u8>),
    Delete(usize),
    DeleteDir(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let value = || proptest::collection::vec(any::<u8>(), 0..50);
    let operation = prop_oneof![
        4 => (0..KEYS.len(), value()).prop_map(|(key, value)| Operation::Set(key, value)),
        2 => (0..KEYS.len(), value()).prop_map(|(key, value)| Operation::Create(key, value)),
        2 => (0..KEYS.len()).prop_map(Operation::Delete),
        1 => (0..PREFIXES.len()).prop_map(Operation::DeleteDir),
    ];
    proptest::collection::vec(operation, 0..40)
}

type Model = BTreeMap<&'static str, Vec<u8>>;

async fn follows(store: &impl Store, operations: Vec<Operation>, request: ByteRequest) {
    let mut model = Model::new();
    for operation in operations {
        match operation {
            Operation::Set(key, value) => {
                store.set(&named(key), value.clone().into()).await.unwrap();
                model.insert(KEYS[key], value);
            }
            Operation::Create(key, value) => {
                let created = store.set_if_not_exists(&named(key), value.clone().into()).await;
                assert_eq!(created.unwrap(), !model.contains_key(KEYS[key]));
                model.entry(KEYS[key]).or_insert(value);
            }
            Operation::Delete(key) => {
                store.delete(&named(key)).await.unwrap();
                model.remove(KEYS[key]);
            }
            Operation::DeleteDir(prefix) => {
                let prefix = Prefix::new(PREFIXES[prefix]).unwrap();
                store.delete_dir(&prefix).await.unwrap();
                model.retain(|key, _| !prefix.contains(&Key::new(*key).unwrap()));
            }
        }
        agrees(store, &model, request).await;
    }
}

async fn agrees(store: &impl Store, model: &Model, request: ByteRequest) {
    for key in KEYS {
        let name = Key::new(key).unwrap();
        let expected = model.get(key).map(|value| Bytes::from(value.clone()));
        assert_eq!(store.get(&name, ByteRequest::All).await.unwrap(), expected);
        let part = store.get(&name, request).await;
        match expected.map(|value| (request.resolve(&name, value.len() as u64), value)) {
            None => assert_eq!(part.unwrap(), None),
            Some((Ok(range), value)) => {
                let range = range.start as usize..range.end as usize;
                assert_eq!(part.unwrap(), Some(value.slice(range)));
            }
            Some((Err(_), _)) => assert!(part.is_err()),
        }
    }
    for prefix in PREFIXES {
        let prefix = Prefix::new(prefix).unwrap();
        let below: Vec<_> = model
            .keys()
            .map(|key| Key::new(*key).unwrap())
            .filter(|k| prefix.contains(k))
            .collect();
        let mut keys: Vec<_> = store.list_prefix(&prefix).try_collect().await.unwrap();
        keys.sort();
        assert_eq!(keys, below);
        let mut names: Vec<_> = store.list_dir(&prefix).try_collect().await.unwrap();
        names.sort();
        let mut expected: Vec<_> = below.iter().filter_map(|key| Entry::of(key, &prefix)).collect();
        expected.sort();
        expected.dedup();
        assert_eq!(names, expected);
    }
}

fn named(key: usize) -> Key {
    Key::new(KEYS[key]).unwrap()
}

fn requests() -> impl Strategy<Value = ByteRequest> {
    prop_oneof![
        (0..60_u64, 0..60_u64).prop_map(|(start, end)| ByteRequest::Range { start, end }),
        (0..60_u64).prop_map(ByteRequest::Offset),
        (0..60_u64).prop_map(ByteRequest::Suffix),
    ]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn memory_follows_a_map(operations in operations(), request in requests()) {
        runtime().block_on(follows(&Memory::new(), operations, request));
    }

    #[test]
    fn a_directory_follows_a_map(operations in operations(), request in requests()) {
        let folder = tempfile::tempdir().unwrap();
        let store = Directory::new(folder.path()).unwrap();
        runtime().block_on(follows(&store, operations, request));
    }
}
