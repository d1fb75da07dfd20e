//! Arrays and groups of zarrs on our stores, and storage of zarrs as our store.

use std::sync::Arc;

use serde_json::json;
use terracube_store::zarrs_interop::zarrs::array::{Array, ArrayBuilder, ArraySubset, data_type};
use terracube_store::zarrs_interop::zarrs::filesystem::FilesystemStore;
use terracube_store::zarrs_interop::zarrs::group::{Group, GroupBuilder};
use terracube_store::zarrs_interop::zarrs::storage::byte_range::ByteRange;
use terracube_store::zarrs_interop::zarrs::storage::store::MemoryStore;
use terracube_store::zarrs_interop::zarrs::storage::{
    AsyncReadableStorageTraits, AsyncWritableStorageTraits, ListableStorageTraits,
    ReadableStorageTraits, StorageError, StoreKey, StorePrefix, WritableStorageTraits,
};
use terracube_store::zarrs_interop::{AsyncStorage, BlockingStorage, ZarrsStore};
use terracube_store::{
    ArraySpec, Directory, Error, Memory, OpenOptions, ReadOnly, Store, StoreExt, ZarrArray,
    conformance, create_repository, store_conformance,
};

store_conformance!(zarrs_memory, async {
    Some((ZarrsStore::blocking("zarrs in memory", Arc::new(MemoryStore::new())), ()))
});
store_conformance!(zarrs_read_only, async {
    let storage = Arc::new(MemoryStore::new());
    conformance::prepare(&ZarrsStore::blocking("a", storage.clone())).await.unwrap();
    Some((ZarrsStore::blocking_read_only("zarrs, read-only", storage), ()))
});
store_conformance!(zarrs_filesystem, async {
    let folder = tempfile::tempdir().unwrap();
    let storage = FilesystemStore::new(folder.path()).unwrap();
    Some((ZarrsStore::blocking("zarrs on files", Arc::new(storage)), folder))
});
// there and back again
store_conformance!(ours_as_theirs_as_ours, async {
    let storage = Arc::new(AsyncStorage::new(Arc::new(Memory::new())));
    Some((ZarrsStore::new("both ways", storage), ()))
});
store_conformance!(ours_as_theirs_blocking_as_ours, async {
    let folder = tempfile::tempdir().unwrap();
    let storage = BlockingStorage::new(Arc::new(Directory::new(folder.path()).unwrap())).unwrap();
    Some((ZarrsStore::blocking("both ways, blocking", Arc::new(storage)), folder))
});

/// A group and an array of 5 × 7 in it, written by zarrs, read by zarrs and by us.
async fn arrays_of_zarrs_live_on(
    store: Arc<dyn Store>,
    read_later: impl AsyncFn() -> Arc<dyn Store>,
) {
    let storage = Arc::new(AsyncStorage::new(store.clone()));
    let mut group = GroupBuilder::new().build(storage.clone(), "/").unwrap();
    group.attributes_mut().insert("k".to_owned(), json!("v"));
    group.async_store_metadata().await.unwrap();
    let values: Vec<f32> = (0..35).map(|i| i as f32).collect();
    let array = ArrayBuilder::new(vec![5, 7], vec![2, 3], data_type::float32(), -1.0_f32)
        .build(storage.clone(), "/a")
        .unwrap();
    array.async_store_metadata().await.unwrap();
    array.async_store_array_subset(&array.subset_all(), values.clone()).await.unwrap();

    // written by us, read by zarrs
    let mut spec = ArraySpec::new(vec![4, 6], vec![2, 3], "uint16");
    spec.shard_shape = Some(vec![4, 6]);
    let ours = ZarrArray::create(store.clone(), "b", &spec).await.unwrap();
    let native: Vec<u8> = (0..24_u16).flat_map(u16::to_ne_bytes).collect();
    ours.write(&[0..4, 0..6], &native).await.unwrap();

    let store = read_later().await;
    let storage = Arc::new(AsyncStorage::new(store.clone()));
    let group = Group::async_open(storage.clone(), "/").await.unwrap();
    assert_eq!(group.attributes()["k"], json!("v"));
    let mut names: Vec<_> = group
        .async_child_array_paths()
        .await
        .unwrap()
        .into_iter()
        .map(|path| path.as_str().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["/a", "/b"]);
    let array = Array::async_open(storage.clone(), "/a").await.unwrap();
    let found: Vec<f32> = array.async_retrieve_array_subset(&array.subset_all()).await.unwrap();
    assert_eq!(found, values);
    let array = Array::async_open(storage, "/b").await.unwrap();
    let found: Vec<u16> = array
        .async_retrieve_array_subset(&ArraySubset::new_with_ranges(&[1..3, 2..5]))
        .await
        .unwrap();
    assert_eq!(found, [8, 9, 10, 14, 15, 16]);
    let ours = ZarrArray::open(store.clone(), "a").await.unwrap();
    let native: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    assert_eq!(ours.read(&[0..5, 0..7]).await.unwrap(), native);

    // the same through blocking storage, as zarrs reads from threads of its own
    let blocking = Arc::new(BlockingStorage::new(store).unwrap());
    let found: Vec<f32> = tokio::task::spawn_blocking(move || {
        let array = Array::open(blocking, "/a").unwrap();
        array.retrieve_array_subset(&array.subset_all()).unwrap()
    })
    .await
    .unwrap();
    assert_eq!(found, values);
}

#[tokio::test]
async fn arrays_of_zarrs_in_memory() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    arrays_of_zarrs_live_on(store.clone(), async || store.clone()).await;
}

#[tokio::test]
async fn arrays_of_zarrs_in_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Directory::new(folder.path()).unwrap());
    arrays_of_zarrs_live_on(store.clone(), async || store.clone()).await;
}

#[tokio::test]
async fn arrays_of_zarrs_in_icechunk() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.icechunk").display().to_string();
    let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
    let session = tokio::sync::Mutex::new(Some(repository.begin().await.unwrap()));
    let store = session.lock().await.as_ref().unwrap().store();
    arrays_of_zarrs_live_on(store, async || {
        let session = session.lock().await.take().unwrap();
        session.commit("zarrs was here").await.unwrap();
        repository.latest().await.unwrap()
    })
    .await;
    assert_eq!(repository.history(9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn our_arrays_on_their_storage() {
    let store: Arc<dyn Store> = Arc::new(ZarrsStore::blocking("m", Arc::new(MemoryStore::new())));
    let spec = ArraySpec::new(vec![1, 5], vec![1, 2], "int16");
    let array = ZarrArray::create(store.clone(), "x", &spec).await.unwrap();
    let native: Vec<u8> = [1_i16, -2, 3, -4, 5].iter().flat_map(|v| v.to_ne_bytes()).collect();
    array.write(&[0..1, 0..5], &native).await.unwrap();
    assert_eq!(
        ZarrArray::open(store, "x").await.unwrap().read(&[0..1, 0..5]).await.unwrap(),
        native
    );
}

#[tokio::test]
async fn ranges_as_zarrs_means_them() {
    let storage = AsyncStorage::new(Arc::new(Memory::new()));
    let key = StoreKey::new("k").unwrap();
    storage.set(&key, "0123456789".into()).await.unwrap();
    let get = async |range| storage.get_partial(&key, range).await;
    let part = async |range| get(range).await.unwrap().unwrap();
    assert_eq!(part(ByteRange::FromStart(2, Some(3))).await, "234");
    assert_eq!(part(ByteRange::FromStart(7, None)).await, "789");
    assert_eq!(part(ByteRange::Suffix(2)).await, "89");
    assert_eq!(part(ByteRange::FromStart(3, Some(0))).await, "");
    assert_eq!(part(ByteRange::FromStart(10, Some(0))).await, "");
    for outside in
        [ByteRange::FromStart(8, Some(3)), ByteRange::FromStart(11, Some(0)), ByteRange::Suffix(11)]
    {
        let error = get(outside).await.unwrap_err();
        assert!(matches!(error, StorageError::InvalidByteRangeError(_)), "{outside}: {error:?}");
    }
    let missing = StoreKey::new("missing").unwrap();
    assert_eq!(
        storage.get_partial(&missing, ByteRange::FromStart(3, Some(0))).await.unwrap(),
        None
    );
    assert_eq!(storage.get_partial(&missing, ByteRange::Suffix(3)).await.unwrap(), None);
}

#[test]
fn blocking_storage_lists_and_writes_parts() {
    let folder = tempfile::tempdir().unwrap();
    let storage = BlockingStorage::new(Arc::new(Directory::new(folder.path()).unwrap())).unwrap();
    let key = |text: &str| StoreKey::new(text).unwrap();
    for name in ["zarr.json", "a/zarr.json", "a/c/0"] {
        storage.set(&key(name), "four".into()).unwrap();
    }
    // a directory cannot write parts: they are put into the whole
    assert!(!storage.supports_set_partial());
    storage.set_partial(&key("a/c/0"), 2, "xyz".into()).unwrap();
    assert_eq!(storage.get(&key("a/c/0")).unwrap().unwrap(), "foxyz");
    assert_eq!(storage.list().unwrap(), ["a/c/0", "a/zarr.json", "zarr.json"].map(key));
    let found = storage.list_dir(&StorePrefix::new("a/").unwrap()).unwrap();
    assert_eq!(found.keys(), &[key("a/zarr.json")]);
    assert_eq!(found.prefixes(), &[StorePrefix::new("a/c/").unwrap()]);
    assert_eq!(storage.size().unwrap(), 13);
    storage.erase_prefix(&StorePrefix::new("a/").unwrap()).unwrap();
    assert_eq!(storage.list().unwrap(), [key("zarr.json")]);
}

#[tokio::test]
async fn errors_keep_their_meaning() {
    let read_only = AsyncStorage::new(Arc::new(ReadOnly::new(Memory::new())));
    let key = StoreKey::new("k").unwrap();
    let refused = AsyncWritableStorageTraits::set(&read_only, &key, "v".into()).await;
    assert!(matches!(refused, Err(StorageError::ReadOnly)), "{refused:?}");
    // and through to ours again
    let back = ZarrsStore::new("back", Arc::new(read_only));
    let refused = back.set_many(vec![(terracube_store::Key::new("k").unwrap(), "v".into())]).await;
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    let outside = ZarrsStore::new("k", Arc::new(AsyncStorage::new(Arc::new(Memory::new()))));
    assert_eq!(outside, outside.clone());
    assert_eq!(format!("{outside:?}"), "k");
}
