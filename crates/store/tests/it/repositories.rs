//! Sessions, versions and conflicts.

use std::sync::Arc;

use futures::TryStreamExt;
use terracube_store::{
    ArraySpec, ByteRequest, Codecs, Error, IcechunkSpec, Memory, OpenOptions, Prefix, Repository,
    Session, Store, StorePath, Version, ZarrArray, create_group, create_repository,
    open_repository, read_group_attributes,
};

async fn filled(location: &str, options: &OpenOptions) -> Arc<dyn Repository> {
    let repository = create_repository(location, options).await.unwrap();
    let session = repository.begin().await.unwrap();
    assert!(!session.is_dirty());
    let store = session.store();
    create_group(&store, "", serde_json::Map::new()).await.unwrap();
    let spec = ArraySpec::new(vec![4, 6], vec![2, 2], "uint16");
    let array = ZarrArray::create(store, "a", &spec).await.unwrap();
    array.write_chunk(&[0, 1], vec![7; 8]).await.unwrap();
    assert!(session.is_dirty());
    session.commit("first").await.unwrap();
    repository
}

async fn value(store: Arc<dyn Store>, chunk: &[u64]) -> Vec<u8> {
    ZarrArray::open(store, "a").await.unwrap().read_chunk(chunk).await.unwrap()
}

#[tokio::test]
async fn what_is_committed_is_there_when_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in [
        ("v2.icechunk", OpenOptions::default()),
        ("v1.icechunk", OpenOptions { icechunk_spec: IcechunkSpec::V1, ..Default::default() }),
        ("plain.zarr", OpenOptions::default()),
        ("unnamed", OpenOptions::default()),
    ] {
        let location = folder.path().join(name).display().to_string();
        filled(&location, &options).await;
        let repository = open_repository(&location, &options).await.unwrap();
        let store = repository.latest().await.unwrap();
        assert_eq!(value(store.clone(), &[0, 1]).await, [7; 8], "{name}");
        assert_eq!(value(store.clone(), &[1, 1]).await, [0; 8], "{name}");
        assert_eq!(read_group_attributes(&store, "").await.unwrap().unwrap().len(), 0);
        let again = create_repository(&location, &options).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{name}: {again:?}");
    }
}

#[tokio::test]
async fn an_uncommitted_session_is_forgotten() {
    let repository = filled("memory:", &OpenOptions::default()).await;
    let session = repository.begin().await.unwrap();
    let array = ZarrArray::open(session.store(), "a").await.unwrap();
    array.write_chunk(&[1, 1], vec![1; 8]).await.unwrap();
    assert_eq!(array.read_chunk(&[1, 1]).await.unwrap(), [1; 8]);
    drop(session);
    assert_eq!(value(repository.latest().await.unwrap(), &[1, 1]).await, [0; 8]);
}

#[tokio::test]
async fn disjoint_chunks_are_rebased_and_the_same_chunk_conflicts() {
    let repository = filled("memory:", &OpenOptions::default()).await;
    let first = repository.begin().await.unwrap();
    let second = repository.begin().await.unwrap();
    let third = repository.begin().await.unwrap();
    for (session, chunk, byte) in [(&first, [0, 0], 1), (&second, [0, 2], 2), (&third, [0, 0], 3)] {
        let array = ZarrArray::open(session.store(), "a").await.unwrap();
        array.write_chunk(&chunk, vec![byte; 8]).await.unwrap();
    }
    first.commit("one").await.unwrap();
    second.commit("two").await.unwrap();
    let refused = third.commit("three").await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    let store = repository.latest().await.unwrap();
    assert_eq!(value(store.clone(), &[0, 0]).await, [1; 8]);
    assert_eq!(value(store, &[0, 2]).await, [2; 8]);
}

#[tokio::test]
async fn past_versions_can_be_read() {
    let repository = filled("memory:", &OpenOptions::default()).await;
    let session = repository.begin().await.unwrap();
    let array = ZarrArray::open(session.store(), "a").await.unwrap();
    array.write_chunk(&[0, 1], vec![9; 8]).await.unwrap();
    let newest = session.commit("second").await.unwrap();
    let history = repository.history(2).await.unwrap();
    let messages: Vec<_> = history.iter().map(|commit| commit.message.as_str()).collect();
    assert_eq!(messages, ["second", "first"]);
    assert_eq!(history[0].version, newest);
    assert_eq!(value(repository.at(&newest).await.unwrap(), &[0, 1]).await, [9; 8]);
    assert_eq!(value(repository.at(&history[1].version).await.unwrap(), &[0, 1]).await, [7; 8]);
    let unknown = repository.at(&Version("nonsense".to_owned())).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

#[tokio::test]
async fn many_tasks_write_through_one_session() {
    let repository = create_repository("memory:", &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    let spec = ArraySpec::new(vec![64, 1024], vec![1, 1024], "uint8");
    let array = ZarrArray::create(session.store(), "a", &spec).await.unwrap();
    let tasks: Vec<_> = (0..64_u8)
        .map(|row| {
            let array = array.clone();
            tokio::spawn(async move { array.write_chunk(&[row.into(), 0], vec![row; 1024]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    session.commit("64 rows").await.unwrap();
    let array = array.with_store(repository.latest().await.unwrap());
    let all = array.read(&[0..64, 0..1024]).await.unwrap();
    for (row, values) in all.chunks(1024).enumerate() {
        assert!(values.iter().all(|value| usize::from(*value) == row), "row {row}");
    }
}

#[tokio::test]
async fn a_read_only_repository_begins_no_session() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.icechunk", "a.zarr"] {
        let location = folder.path().join(name).display().to_string();
        filled(&location, &OpenOptions::default()).await;
        let options = OpenOptions { read_only: true, ..Default::default() };
        let repository = open_repository(&location, &options).await.unwrap();
        assert!(!repository.capability().writes);
        let begun = repository.begin().await;
        assert!(matches!(begun, Err(Error::ReadOnly { .. })), "{name}: {begun:?}");
    }
}

#[tokio::test]
async fn bad_locations_say_what_is_known() {
    let options = OpenOptions::default();
    let error = open_repository("gopher://user:secret@host/x?token=1", &options).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("s3:") && text.contains("file:"), "{text}");
    assert!(!text.contains("secret") && !text.contains("token"), "{text}");
    let missing = open_repository("/nonexistent/x.zarr", &options).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = create_repository(&file.path().display().to_string(), &options).await;
    assert!(matches!(file, Err(Error::Location { .. })), "{file:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_unwritable_repository_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.icechunk");
    let shown = location.display().to_string();
    let repository = filled(&shown, &OpenOptions::default()).await;
    // the superuser may write anywhere, but not through a link that leads out
    std::fs::remove_dir_all(location.join("chunks")).ok();
    std::os::unix::fs::symlink(elsewhere.path(), location.join("chunks")).unwrap();
    let session = repository.begin().await.unwrap();
    let mut spec = ArraySpec::new(vec![1024], vec![1024], "uint8");
    // too large to lie in the manifest
    spec.codecs = Codecs::None;
    let array = ZarrArray::create(session.store(), "b", &spec).await.unwrap();
    let refused = array.write_chunk(&[0], vec![1; 1024]).await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn listing_beside_writers_of_one_session_ends() {
    let repository = create_repository("memory:", &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    create_group(&session.store(), "", serde_json::Map::new()).await.unwrap();
    let spec = ArraySpec::new(vec![64, 16], vec![1, 16], "uint8");
    let array = ZarrArray::create(session.store(), "a", &spec).await.unwrap();
    let writers: Vec<_> = (0..16_u64)
        .map(|writer| {
            let array = array.clone();
            tokio::spawn(async move {
                for round in 0..100 {
                    array.write_chunk(&[(writer + round) % 64, 0], vec![1; 16]).await.unwrap();
                }
            })
        })
        .collect();
    let store = session.store();
    for _ in 0..100 {
        let names: Vec<_> = store.list_dir(&Prefix::root()).try_collect().await.unwrap();
        assert_eq!(names.len(), 2);
        let keys: Vec<_> = store.list_prefix(&Prefix::root()).try_collect().await.unwrap();
        assert!(keys.len() >= 2);
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write_chunk(session: Box<dyn Session>, chunk: [u64; 2], byte: u8) -> Version {
    let array = ZarrArray::open(session.store(), "a").await.unwrap();
    array.write_chunk(&chunk, vec![byte; 8]).await.unwrap();
    session.commit(&format!("chunk {chunk:?} is {byte}")).await.unwrap()
}

#[tokio::test]
async fn branches_go_their_own_way_and_tags_stay() {
    for icechunk_spec in [IcechunkSpec::V1, IcechunkSpec::V2] {
        let options = OpenOptions { icechunk_spec, ..OpenOptions::default() };
        let repository = filled("memory:", &options).await;
        assert!(repository.capability().versions);
        let versions = repository.versions().unwrap();
        let first = repository.history(1).await.unwrap()[0].version.clone();
        versions.create_branch("trial", &first).await.unwrap();
        versions.create_tag("v1", &first).await.unwrap();
        assert_eq!(versions.branches().await.unwrap(), ["main", "trial"]);
        assert_eq!(versions.tags().await.unwrap(), ["v1"]);
        assert_eq!(versions.branch("trial").await.unwrap(), first);

        let session = versions.begin_on("trial").await.unwrap();
        let tried = write_chunk(session, [0, 1], 1).await;
        let newest = write_chunk(repository.begin().await.unwrap(), [0, 1], 2).await;
        assert_eq!(versions.branch("trial").await.unwrap(), tried);
        assert_eq!(versions.branch("main").await.unwrap(), newest);
        assert_eq!(versions.tag("v1").await.unwrap(), first);
        for (version, byte) in [(&tried, 1), (&newest, 2), (&first, 7)] {
            assert_eq!(value(repository.at(version).await.unwrap(), &[0, 1]).await, [byte; 8]);
        }

        let again = versions.create_branch("trial", &first).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        let again = versions.create_tag("v1", &newest).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        versions.delete_branch("trial").await.unwrap();
        versions.delete_tag("v1").await.unwrap();
        assert_eq!(versions.branches().await.unwrap(), ["main"]);
        assert!(versions.tags().await.unwrap().is_empty());
        let unknown = Version("nonsense".to_owned());
        for missing in [
            versions.branch("trial").await.map(|_| ()),
            versions.tag("v1").await.map(|_| ()),
            versions.delete_branch("trial").await,
            versions.delete_tag("v1").await,
            versions.begin_on("trial").await.map(|_| ()),
            versions.create_branch("b", &unknown).await,
            versions.create_tag("t", &unknown).await,
        ] {
            assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
        }
        assert!(versions.delete_branch("main").await.is_err());
    }
}

#[tokio::test]
async fn what_is_reachable_survives_expiry_and_collection() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a").display().to_string();
    let repository = filled(&location, &OpenOptions::default()).await;
    let versions = repository.versions().unwrap();
    let mut written = Vec::new();
    for round in 0..4 {
        let session = repository.begin().await.unwrap();
        let spec = ArraySpec::new(vec![1024], vec![1024], "uint8");
        let array = ZarrArray::create(session.store(), &format!("n{round}"), &spec).await.unwrap();
        let bytes: Vec<u8> = (0..1024_u32).map(|i| ((i * i * (7 + round)) >> 3) as u8).collect();
        array.write_chunk(&[0], bytes.clone()).await.unwrap();
        if round > 0 {
            session
                .store()
                .delete_dir(&Prefix::new(format!("n{}", round - 1)).unwrap())
                .await
                .unwrap();
        }
        written.push((session.commit("a round").await.unwrap(), bytes));
    }
    versions.create_tag("kept", &written[1].0).await.unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    // nothing is garbage yet
    assert_eq!(versions.collect_garbage(later).await.unwrap().chunks, 0);
    let expired = versions.expire(later).await.unwrap();
    assert!(expired.contains(&written[0].0) && expired.contains(&written[2].0), "{expired:?}");
    assert!(!expired.contains(&written[1].0) && !expired.contains(&written[3].0), "{expired:?}");
    let collected = versions.collect_garbage(later).await.unwrap();
    assert_eq!((collected.chunks, collected.failed), (2, 0), "{collected:?}");
    assert!(collected.bytes > 0 && collected.versions >= 2, "{collected:?}");

    let repository = open_repository(&location, &OpenOptions::default()).await.unwrap();
    for round in [1, 3] {
        let store = repository.at(&written[round].0).await.unwrap();
        let array = ZarrArray::open(store, &format!("n{round}")).await.unwrap();
        assert_eq!(array.read_chunk(&[0]).await.unwrap(), written[round].1, "{round}");
    }
    for round in [0, 2] {
        assert!(repository.at(&written[round].0).await.is_err(), "{round}");
    }
    assert_eq!(value(repository.latest().await.unwrap(), &[0, 1]).await, [7; 8]);
    write_chunk(repository.begin().await.unwrap(), [1, 1], 5).await;
    assert_eq!(value(repository.latest().await.unwrap(), &[1, 1]).await, [5; 8]);
}

#[tokio::test]
async fn a_read_only_repository_keeps_its_versions() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a").display().to_string();
    filled(&location, &OpenOptions::default()).await;
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    let repository = open_repository(&location, &options).await.unwrap();
    let versions = repository.versions().unwrap();
    let main = versions.branch("main").await.unwrap();
    let now = std::time::SystemTime::now();
    for refused in [
        versions.create_branch("b", &main).await,
        versions.create_tag("t", &main).await,
        versions.delete_branch("b").await,
        versions.delete_tag("t").await,
        versions.begin_on("main").await.map(|_| ()),
        versions.expire(now).await.map(|_| ()),
        versions.collect_garbage(now).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    }
    assert_eq!(*repository.latest().await.unwrap(), *repository.at(&main).await.unwrap());
    let location = folder.path().join("b.zarr").display().to_string();
    let plain = create_repository(&location, &options).await.unwrap();
    assert!(plain.versions().is_none() && !plain.capability().versions);
}

#[tokio::test]
async fn a_path_in_a_store_reads_and_writes_its_value() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let root = StorePath::new(store.clone(), "").unwrap();
    let group = root.join("g/").unwrap();
    let value = group.join("c/0").unwrap();
    assert_eq!((root.path(), group.path(), value.path()), ("", "g", "g/c/0"));
    assert!(!value.exists().await.unwrap() && !root.exists().await.unwrap());
    assert_eq!(value.get(ByteRequest::All).await.unwrap(), None);
    value.set("first".into()).await.unwrap();
    assert!(!value.set_if_not_exists("second".into()).await.unwrap());
    assert_eq!(value.get(ByteRequest::Suffix(2)).await.unwrap().unwrap(), "st");
    value.set_or_delete(Some("third".into())).await.unwrap();
    assert_eq!(value.get(ByteRequest::All).await.unwrap().unwrap(), "third");
    assert!(value.exists().await.unwrap() && !group.is_empty().await.unwrap());
    value.set_or_delete(None).await.unwrap();
    value.delete().await.unwrap();
    assert!(group.is_empty().await.unwrap());
    assert!(value.set_if_not_exists("again".into()).await.unwrap());
    group.delete_dir().await.unwrap();
    assert!(!value.exists().await.unwrap());
    assert!(root.set("nowhere".into()).await.is_err());
    assert!(root.join("../x").is_err());
    assert_eq!(value, StorePath::new(store, "g/c/0").unwrap());
    assert_ne!(value, group);
    assert_ne!(value, StorePath::new(Arc::new(Memory::new()), "g/c/0").unwrap());
    assert_eq!(format!("{value:?}"), "memory:/g/c/0");
}
