//! Writing ZIP archives: by one session, whole or not at all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures::TryStreamExt;
use terracube_store::{
    ByteRequest, Copy, Error, Fault, FaultKind, Faulty, Key, Memory, OpenOptions, Prefix,
    ReadStore, Repository, Session, Store, StoreExt, StorePath, Version, Zip, conformance,
    create_repository, open_repository,
};

use crate::python::python;

/// A repository for an archive that is not there yet.
async fn fresh(folder: &Path, name: &str) -> Arc<dyn Repository> {
    let location = folder.join(name).display().to_string();
    create_repository(&location, &OpenOptions::default()).await.unwrap()
}

async fn set(store: &impl Store, key: &str, value: &[u8]) {
    store.set(&Key::new(key).unwrap(), value.to_vec().into()).await.unwrap();
}

async fn value(store: &impl ReadStore, key: &str) -> Option<Vec<u8>> {
    let value = store.get(&Key::new(key).unwrap(), ByteRequest::All).await.unwrap();
    value.map(|value| value.to_vec())
}

async fn keys(store: &impl Store) -> Vec<String> {
    store.list().map_ok(|key| key.to_string()).try_collect().await.unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn an_archive_is_there_when_it_is_committed_and_read_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let repository = fresh(folder.path(), "new/folder/a.zarr.zip").await;
    assert_eq!(files(folder.path()), [""; 0], "nothing is made before a session begins");
    let capability = repository.capability();
    assert!(capability.writes && capability.atomic_commit && capability.written_once);
    assert!(repository.latest().await.unwrap().is_empty(&Prefix::root()).await.unwrap());

    let session = repository.begin().await.unwrap();
    let store = session.store();
    assert!(!session.is_dirty());
    set(&store, "a/b", b"value").await;
    assert!(session.is_dirty());
    assert_eq!(value(&store, "a/b").await.unwrap(), b"value");
    let place = folder.path().join("new/folder");
    assert!(!place.join("a.zarr.zip").exists());
    let version = session.commit("a message").await.unwrap();
    assert_eq!(files(&place), ["a.zarr.zip"]);

    assert_eq!(value(&repository.latest().await.unwrap(), "a/b").await.unwrap(), b"value");
    assert_eq!(value(&repository.at(&version).await.unwrap(), "a/b").await.unwrap(), b"value");
    let unknown = repository.at(&Version("other".into())).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    let capability = repository.capability();
    assert!(!capability.writes && capability.written_once);

    let location = place.join("a.zarr.zip").display().to_string();
    let again = create_repository(&location, &OpenOptions::default()).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    let opened = open_repository(&location, &OpenOptions::default()).await.unwrap();
    for repository in [repository, opened] {
        let refused = repository.begin().await.unwrap_err();
        assert!(matches!(refused, Error::ReadOnly { .. }), "{refused:?}");
        let text = refused.to_string();
        assert!(text.contains("a.zarr.zip") && text.contains("written once"), "{text}");
        assert!(text.contains("copy"), "{text}");
    }
    // who still has the store of the session can read
    assert_eq!(value(&store, "a/b").await.unwrap(), b"value");
    let key = Key::new("a/b").unwrap();
    for refused in [
        store.set(&key, "late".into()).await,
        store.set_if_not_exists(&key, "late".into()).await.map(|_| ()),
        store.delete(&key).await,
        store.clear().await,
    ] {
        assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn what_was_replaced_or_deleted_is_not_in_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let repository = fresh(folder.path(), "a.zip").await;
    let session = repository.begin().await.unwrap();
    let store = session.store();
    let large = |byte| vec![byte; 3_000_000];
    for (key, value) in [
        ("a", b"secret-1".to_vec()),
        ("large", large(1)),
        ("deleted", b"secret-2".to_vec()),
        ("a", b"now".to_vec()),
        ("gone/1", b"secret-3".to_vec()),
        ("kept", large(2)),
        ("large", large(3)),
        ("empty", vec![]),
    ] {
        set(&store, key, &value).await;
    }
    store.delete(&Key::new("deleted").unwrap()).await.unwrap();
    store.delete_dir(&Prefix::new("gone").unwrap()).await.unwrap();
    session.commit("").await.unwrap();

    let bytes = std::fs::read(folder.path().join("a.zip")).unwrap();
    assert!(!holds(&bytes, b"secret") && !holds(&bytes, b"deleted") && !holds(&bytes, b"gone"));
    let names: usize = ["a", "large", "kept", "empty"].iter().map(|name| name.len()).sum();
    // two headers for each value, and the end
    let expected = 3 + 6_000_000 + 4 * (30 + 46) + 2 * names + 22;
    assert_eq!(bytes.len(), expected);
    let store = repository.latest().await.unwrap();
    assert_eq!(keys(&store).await, ["a", "empty", "kept", "large"]);
    assert_eq!(value(&store, "a").await.unwrap(), b"now");
    assert_eq!(value(&store, "empty").await.unwrap(), b"");
    assert!(value(&store, "kept").await.unwrap() == large(2));
    assert!(value(&store, "large").await.unwrap() == large(3));
    // moved when the gaps were closed, and still found by who had it open
    assert!(value(&store, "large").await.unwrap() == large(3));
}

#[tokio::test]
async fn the_same_values_make_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for name in ["a.zip", "b.zip"] {
        let session = fresh(folder.path(), name).await.begin().await.unwrap();
        for key in ["zarr.json", "c/0", "ü/1"] {
            set(&session.store(), key, key.as_bytes()).await;
        }
        session.commit(name).await.unwrap();
        made.push(std::fs::read(folder.path().join(name)).unwrap());
    }
    assert!(made[0] == made[1]);
    let session = fresh(folder.path(), "empty.zip").await.begin().await.unwrap();
    session.commit("nothing").await.unwrap();
    // the shortest archive there is
    let empty = std::fs::read(folder.path().join("empty.zip")).unwrap();
    assert_eq!(empty, [&b"PK\x05\x06"[..], &[0; 18]].concat());
    let empty = Zip::open(folder.path().join("empty.zip")).await.unwrap();
    assert!(keys(&empty).await.is_empty());
}

#[tokio::test]
async fn of_two_sessions_the_first_to_commit_wins() {
    let folder = tempfile::tempdir().unwrap();
    let repositories = [fresh(folder.path(), "a.zip").await, fresh(folder.path(), "a.zip").await];
    let mut sessions = Vec::new();
    for (n, repository) in repositories.iter().enumerate() {
        let session = repository.begin().await.unwrap();
        set(&session.store(), "a", &[n as u8]).await;
        sessions.push(session);
    }
    let second = sessions.remove(1);
    second.commit("second").await.unwrap();
    let refused = sessions.remove(0).commit("first").await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    for repository in repositories {
        assert_eq!(value(&repository.latest().await.unwrap(), "a").await.unwrap(), [1]);
    }
    assert_eq!(files(folder.path()), ["a.zip"]);
}

#[tokio::test]
async fn abandoned_sessions_leave_nothing_and_what_is_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let repository = fresh(folder.path(), "a.zip").await;
    let session = repository.begin().await.unwrap();
    set(&session.store(), "a", b"1").await;
    assert_eq!(files(folder.path()).len(), 1);
    drop(session);
    assert_eq!(files(folder.path()), [""; 0]);

    // as a killed process leaves it; of another archive; of none
    for left in [".terracube-a.zip-dead.part", ".terracube-b.zip-dead.part", "a.zip-mine.part"] {
        std::fs::write(folder.path().join(left), "left").unwrap();
    }
    let alive = repository.begin().await.unwrap();
    set(&alive.store(), "a", b"2").await;
    let other = repository.begin().await.unwrap();
    assert_eq!(files(folder.path()).len(), 4, "{:?}", files(folder.path()));
    drop(other);
    alive.commit("").await.unwrap();
    assert_eq!(files(folder.path()), [".terracube-b.zip-dead.part", "a.zip", "a.zip-mine.part"]);
}

#[tokio::test]
async fn what_no_archive_can_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let session = fresh(folder.path(), "a.zip").await.begin().await.unwrap();
    let long = Key::new("a".repeat(65_536)).unwrap();
    let refused = session.store().set(&long, "x".into()).await;
    assert!(matches!(refused, Err(Error::InvalidKey { .. })), "{refused:?}");
    let longest = "ö".repeat(32_767);
    set(&session.store(), &longest, b"x").await;
    session.commit("").await.unwrap();
    let zip = Zip::open(folder.path().join("a.zip")).await.unwrap();
    assert_eq!(keys(&zip).await, [longest]);

    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    let location = folder.path().join("b.zip").display().to_string();
    let refused = create_repository(&location, &options).await.unwrap().begin().await;
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    std::fs::create_dir(folder.path().join("c.zip")).unwrap();
    let location = folder.path().join("c.zip").display().to_string();
    let refused = create_repository(&location, &OpenOptions::default()).await;
    assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
    // the kernel refuses files there even to the superuser
    let repository = fresh(Path::new("/sys"), "a.zip").await;
    let refused = repository.begin().await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_write_and_read_through_one_session() {
    let folder = tempfile::tempdir().unwrap();
    let repository = fresh(folder.path(), "a.zip").await;
    let session = repository.begin().await.unwrap();
    let tasks: Vec<_> = (0..16_u8)
        .map(|task| {
            let store = session.store();
            tokio::spawn(async move {
                for round in 0..20_u8 {
                    let own = format!("task/{task}/{}", round % 5);
                    set(&store, &own, &vec![task ^ round; 1000 + usize::from(round)]).await;
                    let found = value(&store, &own).await.unwrap();
                    assert_eq!(found, vec![task ^ round; 1000 + usize::from(round)]);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    session.commit("").await.unwrap();
    let store = repository.latest().await.unwrap();
    assert_eq!(keys(&store).await.len(), 16 * 5);
    for task in 0..16_u8 {
        for last in 15..20_u8 {
            let found = value(&store, &format!("task/{task}/{}", last % 5)).await.unwrap();
            assert_eq!(found, vec![task ^ last; 1000 + usize::from(last)]);
        }
    }
}

#[tokio::test]
async fn python_counts_the_entries_of_a_large_archive() {
    let folder = tempfile::tempdir().unwrap();
    let session = fresh(folder.path(), "many.zip").await.begin().await.unwrap();
    let store = session.store();
    for i in 0..70_000 {
        set(&store, &format!("c/{i}"), i.to_string().as_bytes()).await;
    }
    // a value that was replaced makes the others move
    set(&store, "c/7", b"seven").await;
    session.commit("").await.unwrap();
    let zip = Zip::open(folder.path().join("many.zip")).await.unwrap();
    assert_eq!(keys(&zip).await.len(), 70_000);
    assert_eq!(value(&zip, "c/69999").await.unwrap(), b"69999");

    let session = fresh(folder.path(), "small.zip").await.begin().await.unwrap();
    set(&session.store(), "zarr.json", b"{}").await;
    set(&session.store(), "ünï/cödé", &[0; 1000]).await;
    session.commit("").await.unwrap();
    python(
        r"
import stat, sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/many.zip') as many:
    assert len(many.infolist()) == 70_000
    assert many.testzip() is None
    assert many.read('c/7') == b'seven' and many.read('c/65536') == b'65536'
with zipfile.ZipFile(sys.argv[1] + '/small.zip') as small:
    assert small.namelist() == ['zarr.json', 'ünï/cödé'], small.namelist()
    assert small.testzip() is None
    for info in small.infolist():
        assert info.compress_type == zipfile.ZIP_STORED and info.flag_bits & 8 == 0, info
        assert info.date_time == (1980, 1, 1, 0, 0, 0), info
        assert stat.filemode(info.external_attr >> 16) == '-rw-r--r--', info
",
        folder.path(),
    );
}

#[tokio::test]
async fn a_copy_goes_into_an_archive_and_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let content: Arc<dyn Store> = Arc::new(Memory::new());
    conformance::prepare(&content).await.unwrap();
    let archive = fresh(folder.path(), "a.zarr.zip").await;
    let from = StorePath::new(content.clone(), "").unwrap();
    let copied = Copy::into_repository(from, archive.clone(), "below").unwrap().run(|_| {}).await;
    assert!(copied.unwrap().is_whole());
    let back: Arc<dyn Store> = Arc::new(Memory::new());
    let from = StorePath::new(archive.latest().await.unwrap(), "below").unwrap();
    let to = StorePath::new(back.clone(), "").unwrap();
    assert!(Copy::new(from, to).run(|_| {}).await.unwrap().is_whole());
    assert_eq!(keys(&back).await, keys(&content).await);
    for key in keys(&content).await {
        assert_eq!(value(&back, &key).await, value(&content, &key).await, "{key}");
    }

    // a key that fails leaves no archive rather than a part of one
    let every_fifth = Fault::new(FaultKind::Permanent).every_nth(5);
    let faulty: Arc<dyn Store> = Arc::new(Faulty::new(content).with(every_fifth));
    let archive = fresh(folder.path(), "b.zarr.zip").await;
    let from = StorePath::new(faulty, "").unwrap();
    let copied = Copy::into_repository(from, archive, "").unwrap().run(|_| {}).await;
    assert!(!copied.is_ok_and(|report| report.is_whole()));
    assert_eq!(files(folder.path()), ["a.zarr.zip"]);
}

/// Kills a writer at the n-th of each kind of system call: afterwards there is no archive, or all
/// of it, and another can be written.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_writer_may_be_killed_at_any_system_call() {
    if Command::new("strace").arg("--version").output().is_err() {
        assert!(std::env::var("TERRACUBE_TEST_STRICT").is_err(), "strace must be installed");
        println!("skipped: strace is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut killed) = (0, 0);
    for (call, count) in [
        ("pwrite64", 14),
        ("pread64", 3),
        ("ftruncate", 1),
        ("fsync", 2),
        ("flock", 3),
        ("renameat2", 1),
    ] {
        for when in 1..=count {
            let name = format!("{call}-{when}.zip");
            let mut strace = Command::new("strace");
            let inject = format!("inject={call}:signal=KILL:when={when}");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            strace.args(["-e", &inject]).arg(std::env::current_exe().unwrap());
            let status = strace
                .args(["archives::a_writer", "--exact", "--ignored"])
                .env("TERRACUBE_TEST_LOCATION", folder.path().join(&name))
                .stdout(Stdio::null())
                .status()
                .unwrap();
            killed += u32::from(!status.success());
            if folder.path().join(&name).exists() {
                whole += 1;
            } else {
                write(&folder.path().join(&name)).await;
            }
            assert_eq!(files(folder.path()), std::slice::from_ref(&name));
            is_whole(&folder.path().join(&name)).await;
            std::fs::remove_file(folder.path().join(&name)).unwrap();
        }
    }
    assert!(killed > 15 && whole > 0, "{killed} were killed, {whole} archives were there");
}

#[test]
#[ignore = "started by the test above, as a process of its own"]
fn a_writer() {
    let Ok(location) = std::env::var("TERRACUBE_TEST_LOCATION") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(write(Path::new(&location)));
}

async fn write(path: &Path) {
    let repository = fresh(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
    let session: Box<dyn Session> = repository.await.begin().await.unwrap();
    for n in 0..5_u8 {
        // the first is replaced
        set(&session.store(), &format!("c/{}", n % 4), &vec![n; 100_000]).await;
    }
    session.commit("").await.unwrap();
}

async fn is_whole(path: &Path) {
    let zip = Zip::open(path).await.unwrap();
    assert_eq!(keys(&zip).await, ["c/0", "c/1", "c/2", "c/3"]);
    for n in 0..4_u8 {
        let expected = if n == 0 { 4 } else { n };
        assert!(value(&zip, &format!("c/{n}")).await.unwrap() == vec![expected; 100_000]);
    }
}
