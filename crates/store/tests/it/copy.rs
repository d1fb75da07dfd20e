//! Copies between stores: whole, in order, resumed, verified, within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::{Map, json};
use terracube_store::{
    ArraySpec, ByteRequest, Capability, Copy, CopyEvent, CopyOptions, CopyReport, Directory, Error,
    Fault, FaultKind, Faulty, Key, Keys, Latency, Measured, Memory, Names, OpenOptions, Operation,
    Prefix, Prefixed, ReadStore, Repository, Result, Store, StoreExt, StorePath, Verify, ZarrArray,
    create_group, create_repository, open_repository, write_consolidated,
};
use terracube_testbed::Server;

use crate::s3::fresh;

type Content = BTreeMap<String, Bytes>;

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn root(store: impl Store) -> StorePath {
    StorePath::new(Arc::new(store), "").unwrap()
}

async fn content(store: &dyn Store) -> Content {
    let mut content = Content::new();
    for key in store.list_prefix(&Prefix::root()).try_collect::<Vec<_>>().await.unwrap() {
        let value = store.get(&key, ByteRequest::All).await.unwrap().unwrap();
        content.insert(key.to_string(), value);
    }
    content
}

/// A root group with an array `a` of 3 × 2 chunks, a group `g` with an array `b` of 4, all full.
async fn hierarchy() -> Memory {
    let memory = Memory::new();
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    create_group(&store, "", Map::from_iter([("title".to_owned(), json!("made"))])).await.unwrap();
    create_group(&store, "g", Map::new()).await.unwrap();
    for (path, shape, chunks) in [("a", [30, 20], [10, 10]), ("g/b", [4, 600], [1, 600])] {
        let spec = ArraySpec::new(shape.into(), chunks.into(), "float32");
        let array = ZarrArray::create(store.clone(), path, &spec).await.unwrap();
        let values: Vec<u8> =
            (0..shape[0] * shape[1]).flat_map(|i| (i as f32 + 0.5).to_ne_bytes()).collect();
        array.write(&[0..shape[0], 0..shape[1]], &values).await.unwrap();
    }
    memory
}

/// Values and documents of [`hierarchy`].
const VALUES: u64 = 10;
const ALL: u64 = 14;

fn with(change: impl FnOnce(&mut CopyOptions)) -> CopyOptions {
    let mut options = CopyOptions::default();
    change(&mut options);
    options
}

/// Runs a copy, and drops it as soon as so many values are written.
async fn killed_after(copy: Copy, values: usize) -> Option<CopyReport> {
    let (sender, mut receiver) = tokio::sync::watch::channel(0);
    let copied = move |event| {
        if matches!(event, CopyEvent::Copied { .. }) {
            sender.send_modify(|copied| *copied += 1);
        }
    };
    let is_enough = async move {
        if receiver.wait_for(|copied| *copied >= values).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = is_enough => None,
        report = copy.run(copied) => Some(report.unwrap()),
    }
}

#[tokio::test]
async fn a_copy_has_what_its_source_has() {
    let source = hierarchy().await;
    let expected = content(&source).await;
    assert_eq!(expected.len() as u64, ALL);
    let bytes = expected.values().map(|value| value.len() as u64).sum::<u64>();
    let folder = tempfile::tempdir().unwrap();
    let target = Directory::new(folder.path().join("b.zarr")).unwrap();
    let mut told = Vec::new();
    let copy = Copy::new(root(source.clone()), root(target.clone()));
    let report = copy.run(|event| told.push(event)).await.unwrap();
    assert!(report.is_whole());
    assert_eq!((report.copied.keys, report.copied.bytes), (ALL, bytes));
    assert_eq!(told.len() as u64, ALL);
    assert_eq!(content(&target).await, expected);

    // one prefix to another
    let target = Memory::new();
    let from = StorePath::new(Arc::new(source), "g").unwrap();
    let to = StorePath::new(Arc::new(target.clone()), "deep/down").unwrap();
    let report = Copy::new(from, to).run(|_| {}).await.unwrap();
    assert_eq!(report.copied.keys, 6);
    let below = |(key, value): (&String, &Bytes)| {
        Some((format!("deep/down/{}", key.strip_prefix("g/")?), value.clone()))
    };
    assert_eq!(content(&target).await, expected.iter().filter_map(below).collect());
}

#[tokio::test]
async fn a_copy_killed_at_any_moment_looks_like_no_array_and_is_completed() {
    let source = hierarchy().await;
    let store: Arc<dyn Store> = Arc::new(source.clone());
    write_consolidated(&store, "").await.unwrap();
    let expected = content(&source).await;
    for requests in [1, 4] {
        for moment in 0..ALL as usize {
            let target = Memory::new();
            let slow = Latency::new(source.clone(), Duration::from_micros(50));
            let options = with(|options| options.requests = requests);
            let copy = Copy::new(root(slow), root(target.clone())).with_options(options);
            assert!(killed_after(copy, moment).await.is_none());
            let there = content(&target).await;
            assert!(there.len() >= moment && there.len() < ALL as usize, "{moment}: {there:?}");
            for document in there.keys().filter(|key| key.ends_with("zarr.json")) {
                let node = document.strip_suffix("zarr.json").unwrap();
                for key in expected.keys().filter(|key| key.starts_with(node)) {
                    assert!(key == document || there.contains_key(key), "{document} before {key}");
                }
            }
            let report =
                Copy::new(root(source.clone()), root(target.clone())).run(|_| {}).await.unwrap();
            assert_eq!(content(&target).await, expected);
            assert_eq!(report.skipped.keys, there.len() as u64);
            assert_eq!(report.copied.keys, ALL - there.len() as u64, "only the rest");
        }
    }
}

#[tokio::test]
async fn a_copy_is_stopped_gently() {
    let source = hierarchy().await;
    let target = Memory::new();
    let (sender, mut receiver) = tokio::sync::watch::channel(0);
    let options = with(|options| options.requests = 1);
    let copy = Copy::new(root(source.clone()), root(target.clone())).with_options(options);
    let copy = copy.until(async move { drop(receiver.wait_for(|copied| *copied == 3).await) });
    let mut told = Vec::new();
    let report = copy
        .run(|event| {
            sender.send_modify(|copied| *copied += 1);
            told.push(event);
        })
        .await
        .unwrap();
    assert!(report.stopped && !report.is_whole());
    assert!((3..VALUES).contains(&report.copied.keys), "{report:?}");
    assert!(told.contains(&CopyEvent::Stopping));
    let there = content(&target).await;
    assert_eq!(there.len() as u64, report.copied.keys, "what was begun is finished");
    assert!(there.keys().all(|key| !key.ends_with("zarr.json")));
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_the_moment_is_tried_again() {
    let source = hierarchy().await;
    let fails = || Fault::new(FaultKind::Transient).every_nth(3);
    let target = Memory::new();
    let copy = Copy::new(
        root(Faulty::new(source.clone()).with(fails())),
        root(Faulty::new(target.clone()).with(fails())),
    );
    let report =
        copy.with_options(with(|options| options.attempts = 20)).run(|_| {}).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(content(&target).await, content(&source).await);
}

#[tokio::test]
async fn a_key_that_fails_is_named_and_what_lies_above_is_held_back() {
    let source = hierarchy().await;
    // a value that is lost while the copy runs: a failure with its name
    let target = Memory::new();
    let mut is_first = true;
    let options = with(|options| options.requests = 1);
    let copy = Copy::new(root(source.clone()), root(target.clone()));
    let report = copy
        .with_options(options)
        .run(|_| {
            if std::mem::take(&mut is_first) {
                futures::executor::block_on(source.delete(&key("g/b/c/3/0"))).unwrap();
            }
        })
        .await
        .unwrap();
    assert!(!report.is_whole());
    assert_eq!(report.failures, 1);
    assert_eq!(report.failed[0].key, key("g/b/c/3/0"));
    assert!(report.failed[0].reason.contains("g/b/c/3/0"), "{:?}", report.failed);
    let held: Vec<_> = report.held_back.iter().map(Key::as_str).collect();
    assert_eq!(held, ["g/b/zarr.json", "g/zarr.json", "zarr.json"]);
    let there = content(&target).await;
    assert!(there.contains_key("a/zarr.json"), "what is whole is there");
    assert_eq!(there.len() as u64, ALL - 4);

    // it is not listed any more: the same copy again is whole
    let report = Copy::new(root(source.clone()), root(target.clone())).run(|_| {}).await.unwrap();
    assert!(report.is_whole());
    assert_eq!((report.copied.keys, report.skipped.keys), (3, ALL - 4));
    assert_eq!(content(&target).await, content(&source).await);
}

#[tokio::test]
async fn a_target_that_takes_nothing_ends_the_copy() {
    let source = Memory::new();
    for i in 0..500 {
        source.set(&key(&format!("c/{i}")), "x".into()).await.unwrap();
    }
    let faults = Fault::new(FaultKind::Permanent).of(&[Operation::Set]);
    let target = Measured::new(Faulty::new(Memory::new()).with(faults));
    let copy = Copy::new(root(source.clone()), root(target.clone()));
    let error = copy.run(|_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Backend { .. }), "{error}");
    assert!(target.metrics().of(Operation::Set).calls < 150);

    let read_only = terracube_store::ReadOnly::new(Memory::new());
    let error = Copy::new(root(source), root(read_only)).run(|_| {}).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
}

#[tokio::test]
async fn a_second_copy_reads_no_values() {
    let source = Measured::new(hierarchy().await);
    let target = Measured::new(Memory::new());
    let copy = || Copy::new(root(source.clone()), root(target.clone()));
    copy().run(|_| {}).await.unwrap();
    let first = (source.metrics(), target.metrics());
    assert_eq!(first.0.of(Operation::Get).calls, ALL);
    assert_eq!(first.0.of(Operation::Size).calls, 0, "the listing told");
    assert_eq!(first.1.of(Operation::Size).calls, VALUES, "to verify");
    let report = copy().run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (0, ALL));
    let second = (source.metrics(), target.metrics());
    assert_eq!(second.0.of(Operation::Get).calls - ALL, ALL - VALUES, "documents only");
    assert_eq!(second.1.of(Operation::Set).calls, ALL);
}

#[tokio::test]
async fn values_of_the_same_size_are_told_apart_by_hash_or_content() {
    let other = |value: &Bytes| Bytes::from(value.iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
    let source = hierarchy().await;
    let target = Memory::new();
    let copy = || Copy::new(root(source.clone()), root(target.clone()));
    copy().run(|_| {}).await.unwrap();
    let chunk = key("a/c/2/1");
    let right = source.get(&chunk, ByteRequest::All).await.unwrap().unwrap();
    target.set(&chunk, other(&right)).await.unwrap();
    assert_eq!(copy().run(|_| {}).await.unwrap().copied.keys, 0, "the size is the same");
    let by_content = with(|options| options.verify = Verify::Content);
    let report = copy().with_options(by_content).run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (1, ALL - 1));
    assert_eq!(content(&target).await, content(&source).await);

    let (Some((from, options)), Some((to, _))) = (fresh("zarr"), fresh("zarr")) else { return };
    let open = async |location: &str| {
        let repository = create_repository(location, &options).await.unwrap();
        root(repository.begin().await.unwrap().store())
    };
    let (from, to) = (open(&from).await, open(&to).await);
    Copy::new(root(source.clone()), from.clone()).run(|_| {}).await.unwrap();
    Copy::new(from.clone(), to.clone()).run(|_| {}).await.unwrap();
    assert_eq!(content(&**to.store()).await, content(&source).await);
    to.store().set(&chunk, other(&right)).await.unwrap();
    let report = Copy::new(from, to.clone()).run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (1, ALL - 1), "by their hashes");
    assert_eq!(to.store().get(&chunk, ByteRequest::All).await.unwrap().unwrap(), right);
}

#[tokio::test]
async fn what_is_written_is_verified() {
    let source = Memory::new();
    source.set(&key("c/0"), "0123456789".into()).await.unwrap();
    let truncated: fn(Bytes) -> Bytes = |value| value.slice(1..);
    let reversed: fn(Bytes) -> Bytes = |value| value.iter().rev().copied().collect();
    for (verify, damage, is_found) in [
        (Verify::Size, truncated, true),
        (Verify::Size, reversed, false),
        (Verify::Content, reversed, true),
    ] {
        let (read, written): (Change, Change) = (Arc::new(|value| value), Arc::new(damage));
        let target = Tampered { inner: Memory::new(), read, written };
        let options = with(|options| options.verify = verify);
        let copy = Copy::new(root(source.clone()), root(target)).with_options(options);
        let report = copy.run(|_| {}).await.unwrap();
        assert_eq!(report.failures == 1, is_found, "{verify:?}: {report:?}");
        if is_found {
            assert!(report.failed[0].reason.contains("verify `c/0`"), "{:?}", report.failed);
        }
    }
}

#[tokio::test]
async fn values_under_way_are_bounded_in_bytes_and_in_number() {
    let source = Memory::new();
    for i in 0..40 {
        source.set(&key(&format!("c/{i}")), vec![i; 300 << 10].into()).await.unwrap();
    }
    source.set(&key("c/large"), vec![7; 5 << 20].into()).await.unwrap();
    for (memory, requests, most) in [(1 << 20, 32, 5 << 20), (64 << 20, 3, (5 << 20) + (600 << 10))]
    {
        let tide = Tide::default();
        let from = tide.source(source.clone());
        let target = Memory::new();
        let to = tide.target(target.clone());
        let options = with(|options| (options.memory, options.requests) = (memory, requests));
        let copy = Copy::new(root(from), root(to)).with_options(options);
        assert_eq!(copy.run(|_| {}).await.unwrap().copied.keys, 41);
        assert_eq!(tide.now.load(SeqCst), 0);
        let highest = tide.highest.load(SeqCst);
        assert!((5 << 20..=most).contains(&highest), "{highest} bytes under way");
        assert_eq!(content(&target).await, content(&source).await);
    }
    source.delete(&key("c/large")).await.unwrap();
    let tide = Tide::default();
    let from = tide.source(source);
    let to = tide.target(Memory::new());
    let options = with(|options| options.memory = 1 << 20);
    Copy::new(root(from), root(to)).with_options(options).run(|_| {}).await.unwrap();
    let highest = tide.highest.load(SeqCst);
    assert!((600 << 10..=1 << 20).contains(&highest), "{highest} bytes under way");
}

#[tokio::test]
async fn one_side_does_not_lie_in_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| Directory::new(folder.path().join(name)).unwrap();
    at("a.zarr").set(&key("zarr.json"), "{}".into()).await.unwrap();
    let view = terracube_store::ReadOnly::new(at("a.zarr"));
    for (from, to, path) in [
        (root(at("a.zarr")), at("a.zarr"), ""),
        (root(at("a.zarr")), at("a.zarr"), "b"),
        (root(view), at("a.zarr/b"), "c"),
        (root(at("a.zarr/b")), at(""), "a.zarr"),
    ] {
        let to = StorePath::new(Arc::new(to), path).unwrap();
        let error = Copy::new(from, to).run(|_| {}).await.unwrap_err();
        assert!(matches!(error, Error::Location { .. }), "{error}");
    }
    let beside = Copy::new(root(at("a.zarr")), root(at("a.zarr.copy"))).run(|_| {}).await;
    assert_eq!(beside.unwrap().copied.keys, 1);
}

async fn repository(folder: &tempfile::TempDir) -> Arc<dyn Repository> {
    let location = folder.path().join("a.icechunk").display().to_string();
    match open_repository(&location, &OpenOptions::default()).await {
        Ok(repository) => repository,
        Err(_) => create_repository(&location, &OpenOptions::default()).await.unwrap(),
    }
}

fn into(source: &(impl Store + Clone), to: &Arc<dyn Repository>, options: CopyOptions) -> Copy {
    let from = root(source.clone());
    Copy::into_repository(from, Arc::clone(to), "x").unwrap().with_options(options)
}

/// Part after part of three values, one at a time.
fn parts() -> CopyOptions {
    with(|options| (options.commit_keys, options.requests) = (3, 1))
}

async fn latest(repository: &Arc<dyn Repository>) -> Content {
    content(&Prefixed::new(repository.latest().await.unwrap(), Prefix::new("x").unwrap())).await
}

#[tokio::test]
async fn a_repository_gets_one_commit_and_gives_it_back() {
    let source = hierarchy().await;
    let expected = content(&source).await;
    let store: Arc<dyn Store> = Arc::new(source.clone());
    write_consolidated(&store, "").await.unwrap();
    source.set(&key("notes.txt"), "not Zarr".into()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = repository(&folder).await;
    let report = into(&source, &target, CopyOptions::default()).run(|_| {}).await.unwrap();
    assert!(report.is_whole());
    assert_eq!(report.copied.keys, ALL);
    assert_eq!((report.left_out_keys, report.left_out[0].key.as_str()), (1, "notes.txt"));
    let history = target.history(10).await.unwrap();
    assert_eq!((history.len(), history[0].message.as_str()), (2, "copy"));
    assert_eq!(report.version, Some(history[0].version.clone()));
    assert_eq!(target.versions().unwrap().branches().await.unwrap(), ["main"]);
    assert_eq!(latest(&target).await, expected, "without consolidated metadata");

    let report = into(&source, &target, CopyOptions::default()).run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (0, ALL));
    assert_eq!(target.history(10).await.unwrap().len(), 2, "nothing new is no commit");

    // the version before has nothing, this one all
    let back = Memory::new();
    let from = StorePath::new(target.at(&history[1].version).await.unwrap(), "").unwrap();
    Copy::new(from, root(back.clone())).run(|_| {}).await.unwrap();
    assert_eq!(content(&back).await, Content::new());
    let from = StorePath::new(target.at(&history[0].version).await.unwrap(), "x").unwrap();
    Copy::new(from, root(back.clone())).run(|_| {}).await.unwrap();
    assert_eq!(content(&back).await, expected);
}

#[tokio::test]
async fn a_copy_in_parts_shows_nothing_before_it_is_whole_and_goes_on_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let source = Directory::new(folder.path().join("source.zarr")).unwrap();
    Copy::new(root(hierarchy().await), root(source.clone())).run(|_| {}).await.unwrap();
    let target = repository(&folder).await;
    assert!(killed_after(into(&source, &target, parts()), 11).await.is_none());
    assert_eq!(latest(&target).await, Content::new());
    let branches = target.versions().unwrap().branches().await.unwrap();
    assert_eq!(branches.len(), 2, "{branches:?}");

    // as after a kill: everything anew
    let target = repository(&folder).await;
    let mut told = Vec::new();
    let copy = into(&source, &target, parts());
    let report = copy.run(|event| told.push(event)).await.unwrap();
    assert!(report.is_whole());
    // four documents and six values were committed
    assert_eq!((report.copied.keys, report.skipped.keys), (4, 10));
    let commits: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            CopyEvent::Committed { keys, published, .. } => Some((*keys, *published)),
            _ => None,
        })
        .collect();
    assert_eq!(commits, [(3, false), (1, true)]);
    assert_eq!(latest(&target).await, content(&source).await);
    assert_eq!(target.versions().unwrap().branches().await.unwrap(), ["main"]);
    let messages: Vec<_> =
        target.history(10).await.unwrap().into_iter().map(|info| info.message).collect();
    assert_eq!(messages[..4], ["copy", "copy (a part)", "copy (a part)", "copy (a part)"]);
}

#[tokio::test]
async fn a_copy_in_parts_that_is_stopped_or_fails_is_kept_on_its_branch() {
    let folder = tempfile::tempdir().unwrap();
    let source = Directory::new(folder.path().join("source.zarr")).unwrap();
    Copy::new(root(hierarchy().await), root(source.clone())).run(|_| {}).await.unwrap();
    let target = repository(&folder).await;
    let failing = Fault::new(FaultKind::Permanent).of(&[Operation::Get]).every_nth(14);
    let report = into(&Faulty::new(source.clone()).with(failing), &target, parts()).run(|_| {});
    let report = report.await.unwrap();
    assert_eq!((report.failures, report.version, latest(&target).await.len()), (1, None, 0));
    let branch = report.branch.unwrap();
    assert!(target.versions().unwrap().branches().await.unwrap().contains(&branch));

    let stopped = into(&source, &target, parts()).until(std::future::ready(()));
    let report = stopped.run(|_| {}).await.unwrap();
    assert!(report.stopped);
    assert_eq!(report.branch, Some(branch));

    let report = into(&source, &target, parts()).run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (1, ALL - 1));
    assert_eq!(latest(&target).await, content(&source).await);
}

#[tokio::test]
async fn a_copy_in_parts_goes_with_what_others_commit_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let source = Directory::new(folder.path().join("source.zarr")).unwrap();
    Copy::new(root(hierarchy().await), root(source.clone())).run(|_| {}).await.unwrap();
    let target = repository(&folder).await;
    assert!(killed_after(into(&source, &target, parts()), 9).await.is_none());
    let session = target.begin().await.unwrap();
    create_group(&session.store(), "theirs", Map::new()).await.unwrap();
    session.commit("theirs").await.unwrap();

    let measured = Measured::new(source.clone());
    let mut told = Vec::new();
    let report = into(&measured, &target, parts()).run(|event| told.push(event)).await.unwrap();
    assert!(report.is_whole() && told.contains(&CopyEvent::Replaying));
    assert!(measured.metrics().of(Operation::Get).calls < ALL, "what was copied is not read again");
    assert_eq!(latest(&target).await, content(&source).await);
    let store = target.latest().await.unwrap();
    assert!(store.exists(&key("theirs/zarr.json")).await.unwrap());
    assert_eq!(target.versions().unwrap().branches().await.unwrap(), ["main"]);
    assert_eq!(report.version, Some(target.history(1).await.unwrap()[0].version.clone()));
}

#[tokio::test]
async fn a_branch_moves_on_only_to_what_came_of_it() {
    let repository = create_repository("memory:", &OpenOptions::default()).await.unwrap();
    let versions = repository.versions().unwrap();
    let begin = versions.branch("main").await.unwrap();
    versions.create_branch("side", &begin).await.unwrap();
    let session = versions.begin_on("side").await.unwrap();
    create_group(&session.store(), "", Map::new()).await.unwrap();
    let on_side = session.commit("on the side").await.unwrap();
    versions.fast_forward("main", &on_side).await.unwrap();
    versions.fast_forward("main", &on_side).await.unwrap();
    assert_eq!(versions.branch("main").await.unwrap(), on_side);
    let back = versions.fast_forward("main", &begin).await.unwrap_err();
    assert!(matches!(back, Error::Conflict { .. }), "{back}");
    let none = versions.fast_forward("none", &on_side).await.unwrap_err();
    assert!(matches!(none, Error::NotFound { .. }), "{none}");
    assert_eq!(versions.branch("main").await.unwrap(), on_side);
}

#[tokio::test]
async fn what_a_repository_cannot_hold_at_all_is_refused_at_once() {
    let source = Memory::new();
    for (name, value) in [(".zgroup", r#"{"zarr_format":2}"#), ("a/.zarray", "{}"), ("a/0", "x")] {
        source.set(&key(name), value.into()).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let target = repository(&folder).await;
    let error = into(&source, &target, CopyOptions::default()).run(|_| {}).await.unwrap_err();
    assert!(matches!(error, Error::InvalidKey { .. }), "{error}");
    assert!(error.to_string().contains("Zarr v3"), "{error}");
    assert_eq!(target.history(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_web_server_is_copied_by_what_its_metadata_names() {
    let source = hierarchy().await;
    source.delete(&key("a/c/1/1")).await.unwrap();
    let serve = async |source: &Memory| {
        let mut server = Server::builder();
        for (key, value) in content(source).await {
            server = server.bytes(&format!("a.zarr/{key}"), value);
        }
        server.start().unwrap()
    };
    let open = async |server: &Server| {
        let location = server.file_url("a.zarr");
        let repository = open_repository(&location, &OpenOptions::default()).await.unwrap();
        StorePath::new(repository.latest().await.unwrap(), "").unwrap()
    };
    let server = serve(&source).await;
    let refused = Copy::new(open(&server).await, root(Memory::new())).run(|_| {}).await;
    assert!(refused.unwrap_err().to_string().contains("does not list"));
    let array = StorePath::new(open(&server).await.store().clone(), "a").unwrap();
    let report = Copy::new(array, root(Memory::new())).run(|_| {}).await.unwrap();
    assert_eq!(report.copied.keys, 6, "an array names its chunks");

    let store: Arc<dyn Store> = Arc::new(source.clone());
    write_consolidated(&store, "").await.unwrap();
    let server = serve(&source).await;
    let target = Memory::new();
    let from = open(&server).await;
    let report = Copy::new(from.clone(), root(target.clone())).run(|_| {}).await.unwrap();
    assert!(report.is_whole());
    assert_eq!(content(&target).await, content(&source).await);
    let report = Copy::new(from, root(target)).run(|_| {}).await.unwrap();
    assert_eq!((report.copied.keys, report.skipped.keys), (0, ALL - 1));
}

/// Bytes read and not yet written.
#[derive(Clone, Default)]
struct Tide {
    now: Arc<AtomicUsize>,
    highest: Arc<AtomicUsize>,
}

impl Tide {
    fn source(&self, inner: Memory) -> Tampered {
        let tide = self.clone();
        let read = move |value: Bytes| {
            let now = tide.now.fetch_add(value.len(), SeqCst) + value.len();
            tide.highest.fetch_max(now, SeqCst);
            value
        };
        Tampered { inner, read: Arc::new(read), written: Arc::new(|value| value) }
    }

    fn target(&self, inner: Memory) -> Tampered {
        let tide = self.clone();
        let written = move |value: Bytes| {
            tide.now.fetch_sub(value.len(), SeqCst);
            value
        };
        Tampered { inner, read: Arc::new(|value| value), written: Arc::new(written) }
    }
}

type Change = Arc<dyn Fn(Bytes) -> Bytes + Send + Sync>;

/// A store that changes what is read and written.
#[derive(Clone)]
struct Tampered {
    inner: Memory,
    read: Change,
    written: Change,
}

impl std::fmt::Debug for Tampered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tampered")
    }
}

#[async_trait]
impl ReadStore for Tampered {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        Ok(self.inner.get(key, request).await?.map(&*self.read))
    }
    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.inner.size(key).await
    }
}

#[async_trait]
impl Store for Tampered {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }
    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        tokio::task::yield_now().await;
        self.inner.set(key, (self.written)(value)).await
    }
    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        self.inner.set_if_not_exists(key, value).await
    }
    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.inner.set_partial_values(values).await
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        self.inner.delete(key).await
    }
    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.inner.delete_dir(prefix).await
    }
    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        self.inner.list_prefix(prefix)
    }
    fn list_dir(&self, prefix: &Prefix) -> Names {
        self.inner.list_dir(prefix)
    }
}
