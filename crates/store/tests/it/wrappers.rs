//! What wrappers add to a store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use terracube_store::{
    ByteRequest, Cached, Directory, Error, Fault, FaultKind, Faulty, Key, Latency, Limited,
    Measured, Memory, Operation, Prefix, Prefixed, ReadOnly, ReadStore, Retry, Store, StoreExt,
};

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

async fn with_values(count: usize, bytes: usize) -> Memory {
    let store = Memory::new();
    for i in 0..count {
        store.set(&key(&format!("c/{i}")), vec![i as u8; bytes].into()).await.unwrap();
    }
    store
}

fn at_once<S: Store>(store: S) -> Retry<S> {
    Retry::new(store).with_pauses(Duration::ZERO, Duration::ZERO)
}

#[tokio::test]
async fn only_transient_errors_are_tried_again_and_not_for_ever() {
    for (kind, times, attempts, succeeds, calls) in [
        (FaultKind::Transient, 4, 5, true, 5),
        (FaultKind::Transient, 5, 5, false, 5),
        (FaultKind::Permanent, 1, 5, false, 1),
        (FaultKind::LostAnswer, 1, 1, false, 1),
    ] {
        let fault = Fault::new(kind).of(&[Operation::Get]).times(times);
        let measured = Measured::new(Faulty::new(with_values(1, 3).await).with(fault));
        let store = at_once(measured.clone()).with_attempts(attempts);
        let value = store.get(&key("c/0"), ByteRequest::All).await;
        assert_eq!(value.is_ok(), succeeds, "{kind:?} {times}: {value:?}");
        assert_eq!(measured.metrics().of(Operation::Get).calls, calls, "{kind:?} {times}");
    }
}

#[tokio::test]
async fn a_created_value_is_ours_though_the_answer_was_lost() {
    let fault = Fault::new(FaultKind::LostAnswer).of(&[Operation::SetIfNotExists]).times(1);
    let store = at_once(Faulty::new(Memory::new()).with(fault));
    assert!(store.set_if_not_exists(&key("a"), "ours".into()).await.unwrap());
    assert!(!store.set_if_not_exists(&key("a"), "ours".into()).await.unwrap());

    // not done, and another was faster
    let fault = Fault::new(FaultKind::Transient).of(&[Operation::SetIfNotExists]).times(1);
    let inner = Memory::new();
    inner.set(&key("a"), "theirs".into()).await.unwrap();
    let store = at_once(Faulty::new(inner).with(fault));
    assert!(!store.set_if_not_exists(&key("a"), "ours".into()).await.unwrap());
}

#[tokio::test]
async fn a_listing_is_begun_again() {
    let fault = Fault::new(FaultKind::Transient).of(&[Operation::ListPrefix]).times(2);
    let store = at_once(Faulty::new(with_values(3, 1).await).with(fault));
    let keys: Vec<_> = store.list().try_collect().await.unwrap();
    assert_eq!(keys, ["c/0", "c/1", "c/2"].map(key));

    // a stream that must not be asked again when it has ended
    let folder = tempfile::tempdir().unwrap();
    let empty = at_once(Directory::new(folder.path()).unwrap());
    assert!(empty.list().try_collect::<Vec<_>>().await.unwrap().is_empty());
}

#[tokio::test]
async fn faults_come_as_the_rule_says() {
    let fault = Fault::new(FaultKind::Permanent).of(&[Operation::Get]).every_nth(3).times(2);
    let store = Faulty::new(with_values(1, 1).await).with(fault);
    let mut failed = Vec::new();
    for i in 1..=12 {
        assert!(store.size(&key("c/0")).await.is_ok());
        if let Err(error) = store.get(&key("c/0"), ByteRequest::All).await {
            assert!(!error.is_transient() && error.to_string().contains("c/0"), "{error}");
            failed.push(i);
        }
    }
    assert_eq!(failed, [3, 6]);

    let lost = Faulty::new(Memory::new()).with(Fault::new(FaultKind::LostAnswer).times(1));
    assert!(lost.set(&key("a"), "x".into()).await.unwrap_err().is_transient());
    assert_eq!(lost.get(&key("a"), ByteRequest::All).await.unwrap().unwrap(), "x");
}

#[tokio::test(start_paused = true)]
async fn only_so_many_operations_are_under_way() {
    let slow = Latency::new(with_values(8, 1).await, Duration::from_secs(1));
    for (limit, seconds) in [(1, 8), (2, 4), (3, 3), (8, 1), (100, 1)] {
        let store = Limited::new(slow.clone(), limit);
        let begun = tokio::time::Instant::now();
        let read = join_all((0..8).map(|i| {
            let store = store.clone();
            async move { store.get(&key(&format!("c/{i}")), ByteRequest::All).await }
        }));
        assert!(read.await.iter().all(Result::is_ok));
        assert_eq!(begun.elapsed().as_secs(), seconds, "limit {limit}");
    }
}

#[tokio::test]
async fn a_listing_does_not_keep_others_waiting() {
    let store = Limited::new(with_values(3, 5).await, 1);
    // sizes are asked for while the listing is open
    assert_eq!(store.getsize_prefix(&Prefix::root()).await.unwrap(), 15);
    let _open = store.list().next().await;
    assert!(store.exists(&key("c/0")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn latency_and_bandwidth_take_their_time() {
    let inner = with_values(2, 500).await;
    let store = Latency::new(inner, Duration::from_millis(20)).with_bytes_per_s(1000);
    for (ms, work) in [(520, false), (270, true)] {
        let begun = tokio::time::Instant::now();
        if work {
            store.set(&key("c/9"), vec![0; 250].into()).await.unwrap();
        } else {
            store.get(&key("c/1"), ByteRequest::All).await.unwrap();
        }
        let took = begun.elapsed().as_millis();
        assert!((ms..ms + 5).contains(&took), "{took} instead of {ms} ms");
    }
}

#[tokio::test]
async fn what_is_done_is_counted() {
    let fault = Fault::new(FaultKind::Permanent).of(&[Operation::Get]).every_nth(3);
    let store = Measured::new(Faulty::new(with_values(2, 10).await).with(fault));
    let get = ByteRequest::Range { start: 2, end: 5 };
    for _ in 0..3 {
        store.clone().get(&key("c/0"), get).await.ok();
    }
    store.get_partial_values(&[(key("c/1"), get), (key("none"), get)]).await.unwrap();
    store.set(&key("x"), "four".into()).await.unwrap();
    store.set_partial_values(&[(key("x"), 1, "ab".into())]).await.unwrap();
    assert_eq!(store.list().count().await, 3);
    let metrics = store.metrics();
    let counts = |operation| {
        let of = metrics.of(operation);
        [of.calls, of.errors, of.bytes, of.listed]
    };
    assert_eq!(counts(Operation::Get), [3, 1, 6, 0]);
    assert_eq!(counts(Operation::GetPartialValues), [1, 0, 3, 0]);
    assert_eq!(counts(Operation::Set), [1, 0, 4, 0]);
    assert_eq!(counts(Operation::SetPartialValues), [1, 0, 2, 0]);
    assert_eq!(counts(Operation::ListPrefix), [1, 0, 0, 3]);
    assert!(!metrics.operations.contains_key(&Operation::Delete));
    let json = serde_json::to_value(&metrics).unwrap();
    assert_eq!(json["get"]["calls"], 3);
}

#[tokio::test]
async fn what_was_read_is_not_asked_for_again() {
    let measured = Measured::new(with_values(4, 100).await);
    let folder = tempfile::tempdir().unwrap();
    let on_disk = Cached::in_folder(measured.clone(), folder.path(), 1 << 20, "x").unwrap();
    for store in [Cached::in_memory(measured.clone(), 1 << 20), on_disk] {
        let before = measured.metrics().of(Operation::Get).calls;
        let range = ByteRequest::Range { start: 10, end: 20 };
        for _ in 0..3 {
            let part = store.get(&key("c/2"), range).await.unwrap().unwrap();
            assert_eq!(part, vec![2; 10]);
        }
        assert_eq!(measured.metrics().of(Operation::Get).calls - before, 1);
        for _ in 0..3 {
            assert_eq!(
                store.get(&key("c/1"), ByteRequest::All).await.unwrap().unwrap(),
                vec![1; 100]
            );
            assert_eq!(store.get(&key("c/1"), range).await.unwrap().unwrap(), vec![1; 10]);
            let outside = store.get(&key("c/1"), ByteRequest::Offset(100)).await;
            assert!(matches!(outside, Err(Error::InvalidRange { .. })), "{outside:?}");
            assert_eq!(store.size(&key("c/1")).await.unwrap(), Some(100));
        }
        assert_eq!(measured.metrics().of(Operation::Get).calls - before, 2);
        assert_eq!(measured.metrics().of(Operation::Size).calls, 0);

        let requests = [(key("c/1"), range), (key("c/3"), range), (key("none"), range)];
        let asked = measured.metrics().of(Operation::GetPartialValues).bytes;
        for _ in 0..2 {
            let values = store.get_partial_values(&requests).await.unwrap();
            assert_eq!(values, [Some(vec![1; 10].into()), Some(vec![3; 10].into()), None::<Bytes>]);
        }
        assert_eq!(measured.metrics().of(Operation::GetPartialValues).bytes - asked, 10);
    }
}

#[tokio::test]
async fn writes_through_a_cache_are_seen() {
    let inner = with_values(2, 100).await;
    let store = Cached::in_memory(inner.clone(), 1 << 20);
    let part = ByteRequest::Suffix(2);
    for value in ["one", "two, longer", "3"] {
        store.set(&key("a/b"), value.into()).await.unwrap();
        for _ in 0..2 {
            let read = store.get(&key("a/b"), ByteRequest::All).await.unwrap();
            assert_eq!(read.unwrap(), value);
            let last = value.len().saturating_sub(2);
            assert_eq!(store.get(&key("a/b"), part).await.unwrap().unwrap(), &value[last..]);
        }
    }
    store.set_partial_values(&[(key("a/b"), 1, "xy".into())]).await.unwrap();
    assert_eq!(store.get(&key("a/b"), ByteRequest::All).await.unwrap().unwrap(), "3xy");
    store.delete_dir(&Prefix::new("a").unwrap()).await.unwrap();
    assert_eq!(store.get(&key("a/b"), ByteRequest::All).await.unwrap(), None);
    // a missing key is asked for again
    inner.set(&key("a/b"), "new".into()).await.unwrap();
    assert_eq!(store.get(&key("a/b"), ByteRequest::All).await.unwrap().unwrap(), "new");
}

#[tokio::test]
async fn a_write_whose_end_is_not_known_is_not_cached_over() {
    let fault = Fault::new(FaultKind::Transient).of(&[Operation::Set]).times(1);
    let inner = with_values(1, 4).await;
    let store = Cached::in_memory(Faulty::new(inner.clone()).with(fault), 1 << 20);
    assert!(store.set(&key("c/0"), "new".into()).await.is_err());
    assert_eq!(store.get(&key("c/0"), ByteRequest::All).await.unwrap().unwrap(), vec![0; 4]);
    // it may take place later
    inner.set(&key("c/0"), "new".into()).await.unwrap();
    assert_eq!(store.get(&key("c/0"), ByteRequest::All).await.unwrap().unwrap(), "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cache_never_gives_what_was_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    for store in [
        Cached::in_memory(Memory::new(), 1 << 20),
        Cached::in_memory(Memory::new(), 1000),
        Cached::in_folder(Memory::new(), folder.path(), 1 << 20, "x").unwrap(),
    ] {
        store.set(&key("n"), Bytes::from(0_u32.to_ne_bytes().to_vec())).await.unwrap();
        let latest = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (store, latest) = (store.clone(), Arc::clone(&latest));
                tokio::spawn(async move {
                    for _ in 0..300 {
                        let known = latest.load(std::sync::atomic::Ordering::SeqCst);
                        let read = store.get(&key("n"), ByteRequest::All).await.unwrap().unwrap();
                        let read = u32::from_ne_bytes(read[..].try_into().unwrap());
                        assert!(read >= known, "{read} was read after {known} was written");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for n in 1..300_u32 {
            store.set(&key("n"), Bytes::from(n.to_ne_bytes().to_vec())).await.unwrap();
            latest.store(n, std::sync::atomic::Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
        for reader in readers {
            reader.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_cache_stays_within_its_bytes_and_keeps_what_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let measured = Measured::new(with_values(50, 1000).await);
    let capacity = 10 * 1500;
    for store in [
        Cached::in_memory(measured.clone(), capacity),
        Cached::in_folder(measured.clone(), folder.path(), capacity, "x").unwrap(),
    ] {
        for i in 0..50 {
            for read in [i, 0] {
                store.get(&key(&format!("c/{read}")), ByteRequest::All).await.unwrap();
                assert!(store.bytes() <= capacity, "{}", store.bytes());
            }
        }
        assert!(store.bytes() > capacity / 2, "{}", store.bytes());
        let before = measured.metrics().of(Operation::Get).calls;
        store.get(&key("c/0"), ByteRequest::All).await.unwrap();
        assert_eq!(measured.metrics().of(Operation::Get).calls, before);
        // larger than the cache
        store.set(&key("large"), vec![1; 20_000].into()).await.unwrap();
        assert_eq!(
            store.get(&key("large"), ByteRequest::All).await.unwrap().unwrap().len(),
            20_000
        );
        assert!(store.bytes() <= capacity);
    }
    let on_disk: u64 = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(on_disk <= capacity, "{on_disk}");
}

#[tokio::test]
async fn a_folder_of_a_cache_survives_and_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let inner = with_values(4, 100).await;
    let measured = Measured::new(inner.clone());
    let open =
        |contents: &str| Cached::in_folder(measured.clone(), folder.path(), 1 << 20, contents);
    let store = open("version 1").unwrap();
    let in_use = open("version 1");
    assert!(matches!(in_use, Err(Error::AlreadyExists { .. })), "{in_use:?}");
    for i in 0..4 {
        store.get(&key(&format!("c/{i}")), ByteRequest::All).await.unwrap();
    }
    store.get(&key("c/3"), ByteRequest::Suffix(10)).await.unwrap();
    drop(store);

    // one is damaged, one has another size
    let values = || {
        let mut paths: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "value"))
            .collect();
        paths.sort();
        paths
    };
    let mut damaged = std::fs::read(&values()[1]).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&values()[1], damaged).unwrap();
    inner.set(&key("c/2"), "changed".into()).await.unwrap();
    std::fs::write(folder.path().join("0000000000000099.tmp"), "left").unwrap();

    let store = open("version 1").unwrap();
    let before = measured.metrics().of(Operation::Get).calls;
    for _ in 0..2 {
        for (i, expected) in
            [vec![0; 100], vec![1; 100], b"changed".to_vec(), vec![3; 100]].into_iter().enumerate()
        {
            let read = store.get(&key(&format!("c/{i}")), ByteRequest::All).await.unwrap();
            assert_eq!(read.unwrap(), expected, "{i}");
        }
    }
    assert_eq!(measured.metrics().of(Operation::Get).calls - before, 2);
    drop(store);

    let store = open("version 2").unwrap();
    assert!(values().is_empty());
    assert_eq!(store.bytes(), 0);
}

#[tokio::test]
async fn one_of_many_asks_the_store() {
    let measured = Measured::new(Latency::new(with_values(1, 10).await, Duration::from_millis(20)));
    let store = Cached::in_memory(measured.clone(), 1 << 20);
    let read = join_all((0..20).map(|_| store.get(&C0, ByteRequest::All))).await;
    assert!(read.into_iter().all(|value| value.unwrap().unwrap() == vec![0; 10]));
    assert_eq!(measured.metrics().of(Operation::Get).calls, 1);

    // an error is for who got it; another asks again
    let fault = Fault::new(FaultKind::Permanent).of(&[Operation::Get]).times(1);
    let faulty = Measured::new(Faulty::new(measured.clone()).with(fault));
    let store = Cached::in_memory(faulty.clone(), 1 << 20);
    let read = join_all((0..20).map(|_| store.get(&C0, ByteRequest::All))).await;
    assert_eq!(read.iter().filter(|value| value.is_err()).count(), 1);
    assert_eq!(faulty.metrics().of(Operation::Get).calls, 2);

    // who gives up leaves the others be
    let store = Cached::in_memory(measured.clone(), 1 << 20);
    let other = store.clone();
    let first = tokio::spawn(async move { other.get(&C0, ByteRequest::All).await });
    tokio::time::sleep(Duration::from_millis(5)).await;
    first.abort();
    assert!(store.get(&C0, ByteRequest::All).await.unwrap().is_some());
}

static C0: std::sync::LazyLock<Key> = std::sync::LazyLock::new(|| key("c/0"));

#[tokio::test]
async fn stores_of_the_same_values_are_equal() {
    fn same(a: impl Store, b: impl Store) -> bool {
        let (a, b): (Arc<dyn Store>, Arc<dyn Store>) = (Arc::new(a), Arc::new(b));
        *a == *b
    }
    let (one, other) = (Memory::new(), Memory::new());
    assert!(same(one.clone(), one.clone()));
    assert!(!same(one.clone(), other));
    let folder = tempfile::tempdir().unwrap();
    let directory = |path: &str| Directory::new(folder.path().join(path)).unwrap();
    std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
    assert!(same(directory("a"), directory("a/b/..")));
    assert!(!same(directory("a"), directory("a/b")));
    let below = || Prefixed::new(directory("a"), Prefix::new("b").unwrap());
    assert!(same(below(), directory("a/b")));
    assert!(!same(ReadOnly::new(one.clone()), one.clone()));
    assert!(same(ReadOnly::new(one.clone()), ReadOnly::new(one.clone())));
    let wrapped = Cached::in_memory(Retry::new(Measured::new(one.clone())), 1000);
    assert!(same(wrapped, Limited::new(one.clone(), 2)));
}

#[tokio::test]
async fn hits_are_cheap() {
    // asserts work, not time: what is kept is given without a copy
    let store = Cached::in_memory(with_values(1, 1000).await, 1 << 20);
    let first = store.get(&C0, ByteRequest::All).await.unwrap().unwrap();
    let again = store.get(&C0, ByteRequest::All).await.unwrap().unwrap();
    assert_eq!(first.as_ptr(), again.as_ptr());
}
