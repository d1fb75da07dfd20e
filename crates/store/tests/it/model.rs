//! Random operations against a map.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use proptest::prelude::*;
use terracube_store::{
    ArraySpec, ByteRequest, Cached, Codecs, Directory, Entry, Fault, FaultKind, Faulty, Key,
    Limited, Measured, Memory, OpenOptions, Prefix, Prefixed, ReadStore, Retry, Store, ZarrArray,
    create_repository, open_repository,
};

use crate::clouds::azure;
use crate::s3::fresh;

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

async fn follows(store: &impl Store, operations: Vec<Operation>, request: ByteRequest) -> Model {
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
    model
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

/// Chunks written (so many bytes) and deleted in sessions that are committed now and then.
async fn follows_chunks(
    location: &str,
    options: &OpenOptions,
    steps: Vec<(u64, Option<usize>)>,
    request: ByteRequest,
) {
    let repository = create_repository(location, options).await.unwrap();
    let mut session = repository.begin().await.unwrap();
    let mut spec = ArraySpec::new(vec![16], vec![1], "uint8");
    spec.codecs = Codecs::None;
    ZarrArray::create(session.store(), "a", &spec).await.unwrap();
    let mut model: BTreeMap<Key, Vec<u8>> = BTreeMap::new();
    for (step, (chunk, bytes)) in steps.into_iter().enumerate() {
        let key = Key::new(format!("a/c/{chunk}")).unwrap();
        match bytes {
            Some(count) => {
                let value = vec![step as u8; count];
                session.store().set(&key, value.clone().into()).await.unwrap();
                model.insert(key, value);
            }
            None => {
                session.store().delete(&key).await.unwrap();
                model.remove(&key);
            }
        }
        if step % 5 == 4 {
            session.commit("some steps").await.unwrap();
            session = repository.begin().await.unwrap();
        }
        let store = session.store();
        for chunk in 0..16 {
            let key = Key::new(format!("a/c/{chunk}")).unwrap();
            let expected = model.get(&key);
            let value = store.get(&key, ByteRequest::All).await.unwrap();
            assert_eq!(value.as_deref(), expected.map(Vec::as_slice));
            let part = store.get(&key, request).await;
            match expected.map(|value| (request.resolve(&key, value.len() as u64), value)) {
                None => assert_eq!(part.unwrap(), None),
                Some((Ok(range), value)) => {
                    let range = range.start as usize..range.end as usize;
                    assert_eq!(part.unwrap().unwrap(), value[range]);
                }
                Some((Err(_), _)) => assert!(part.is_err()),
            }
        }
        let below = Prefix::new("a/c").unwrap();
        let mut keys: Vec<_> = store.list_prefix(&below).try_collect().await.unwrap();
        keys.sort();
        assert!(keys.iter().eq(model.keys()), "{keys:?}");
    }
}

/// Operations in the session of an archive, and what is in it when it is opened again.
async fn follows_in_an_archive(operations: Vec<Operation>, request: ByteRequest) {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.zip").display().to_string();
    let options = OpenOptions { fsync: Some(false), ..OpenOptions::default() };
    let repository = create_repository(&location, &options).await.unwrap();
    let session = repository.begin().await.unwrap();
    let model = follows(&session.store(), operations, request).await;
    session.commit("some operations").await.unwrap();
    let opened = open_repository(&location, &options).await.unwrap();
    for repository in [repository, opened] {
        agrees(&repository.latest().await.unwrap(), &model, request).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
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

    #[test]
    fn a_cache_follows_a_map(
        operations in operations(), request in requests(), capacity in 0..2000_u64
    ) {
        let store = Cached::in_memory(Memory::new(), capacity);
        runtime().block_on(follows(&store, operations, request));
    }

    #[test]
    fn a_cache_in_a_folder_follows_a_map(
        operations in operations(), request in requests(), capacity in 0..2000_u64
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Cached::in_folder(Memory::new(), folder.path(), capacity, "model").unwrap();
        runtime().block_on(follows(&store, operations, request));
    }

    #[test]
    fn wrappers_around_each_other_follow_a_map(operations in operations(), request in requests()) {
        let faults = [FaultKind::Transient, FaultKind::LostAnswer];
        // a write made twice by a lost answer is the same write
        let faulty = faults.iter().fold(Faulty::new(Memory::new()), |store, kind| {
            store.with(Fault::new(*kind).every_nth(3))
        });
        let store = Retry::new(faulty).with_pauses(Duration::ZERO, Duration::ZERO);
        let store = Prefixed::new(Limited::new(store, 2), Prefix::new("below").unwrap());
        runtime().block_on(follows(&Measured::new(store), operations, request));
    }

    #[test]
    fn an_archive_follows_a_map(operations in operations(), request in requests()) {
        runtime().block_on(follows_in_an_archive(operations, request));
    }

    #[test]
    fn an_icechunk_session_follows_a_map_of_chunks(
        steps in proptest::collection::vec((0..16_u64, proptest::option::of(1..50_usize)), 0..40),
        request in requests(),
    ) {
        runtime().block_on(follows_chunks("memory:", &OpenOptions::default(), steps, request));
    }

    #[test]
    fn a_local_icechunk_follows_a_map_of_chunks(
        steps in proptest::collection::vec((0..16_u64, proptest::option::of(1..50_usize)), 0..20),
        request in requests(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let location = folder.path().join("a").display().to_string();
        let options = OpenOptions { fsync: Some(false), ..OpenOptions::default() };
        runtime().block_on(follows_chunks(&location, &options, steps, request));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn a_bucket_follows_a_map(operations in operations(), request in requests()) {
        if let Some((location, options)) = fresh("zarr") {
            runtime().block_on(async {
                let session =
                    create_repository(&location, &options).await.unwrap().begin().await.unwrap();
                follows(&session.store(), operations, request).await;
            });
        }
    }

    #[test]
    fn an_azure_container_follows_a_map(operations in operations(), request in requests()) {
        runtime().block_on(async {
            if let Some((store, _session)) = azure().await {
                follows(&store, operations, request).await;
            }
        });
    }

    #[test]
    fn an_icechunk_bucket_follows_a_map_of_chunks(
        steps in proptest::collection::vec((0..16_u64, proptest::option::of(1..50_usize)), 0..12),
        request in requests(),
    ) {
        if let Some((location, options)) = fresh("icechunk") {
            runtime().block_on(follows_chunks(&location, &options, steps, request));
        }
    }
}
