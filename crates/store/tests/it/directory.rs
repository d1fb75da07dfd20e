//! What a directory store owes beyond the contract.

use std::sync::Arc;

use futures::TryStreamExt;
use terracube_store::{
    ByteRequest, Directory, Error, Key, Memory, Prefix, ReadStore, Store, StoreExt,
};

#[cfg(unix)]
#[tokio::test]
async fn links_out_of_the_directory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("in"), folder.path().join("alias")).unwrap();
    let store = Directory::new(folder.path()).unwrap();
    let secret = Key::new("out/secret").unwrap();
    let read = store.get(&secret, ByteRequest::All).await;
    assert!(matches!(read, Err(Error::PermissionDenied { .. })), "{read:?}");
    let written = store.set(&secret, "mine".into()).await;
    assert!(matches!(written, Err(Error::PermissionDenied { .. })), "{written:?}");
    let deleted = store.delete(&secret).await;
    assert!(matches!(deleted, Err(Error::PermissionDenied { .. })), "{deleted:?}");
    let deleted = store.delete_dir(&Prefix::new("out").unwrap()).await;
    assert!(matches!(deleted, Err(Error::PermissionDenied { .. })), "{deleted:?}");
    assert_eq!(std::fs::read(outside.path().join("secret")).unwrap(), b"secret");
    store.set(&Key::new("alias/0").unwrap(), "inside".into()).await.unwrap();
    assert_eq!(std::fs::read(folder.path().join("in/0")).unwrap(), b"inside");
}

#[test]
fn keys_cannot_leave_the_directory() {
    for bad in ["..", "a/../../b", "/etc/passwd", "a//b", "./a", "a\\..\\b", "a\0b", "", "a/"] {
        assert!(matches!(Key::new(bad), Err(Error::InvalidKey { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn unfinished_files_are_never_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/.terracube-1-2"), "half").unwrap();
    let store = Directory::new(folder.path()).unwrap();
    assert!(store.is_empty(&Prefix::root()).await.unwrap());
    let names: Vec<_> = store.list_dir(&Prefix::root()).try_collect().await.unwrap();
    assert_eq!(names, []);
    let key = Key::new("a/.terracube-1-2").unwrap();
    assert_eq!(store.get(&key, ByteRequest::All).await.unwrap(), None);
    let refused = store.set(&key, "x".into()).await;
    assert!(matches!(refused, Err(Error::InvalidKey { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_full_write_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = Directory::new(folder.path()).unwrap();
    // a value where a folder would have to be
    store.set(&Key::new("a").unwrap(), "value".into()).await.unwrap();
    let refused = store.set(&Key::new("a/b").unwrap(), "value".into()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_and_deleters_of_one_folder_do_not_fail() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Directory::new(folder.path()).unwrap());
    let tasks: Vec<_> = (0..8_u32)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..20 {
                    let key = Key::new(format!("a/b/{}", (task + round) % 4)).unwrap();
                    store.set(&key, vec![1; 1000].into()).await?;
                    store.delete(&key).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(store.is_empty(&Prefix::root()).await.unwrap());
}

/// The first key comes before the listing ends: what is deleted meanwhile is not listed.
#[tokio::test]
async fn keys_are_listed_as_they_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for row in 0..40 {
        let row = folder.path().join(format!("a/c/{row}"));
        std::fs::create_dir_all(&row).unwrap();
        (0..50).for_each(|col| std::fs::write(row.join(col.to_string()), "1").unwrap());
    }
    let store = Directory::new(folder.path()).unwrap();
    let all: Vec<_> = store.list().try_collect().await.unwrap();
    assert_eq!(all.len(), 2000);
    let mut keys = store.list_prefix(&Prefix::new("a").unwrap());
    keys.try_next().await.unwrap().unwrap();
    store.clear().await.unwrap();
    let rest: Vec<_> = keys.try_collect().await.unwrap();
    assert!(rest.len() < 1000, "{}", rest.len());
}

#[tokio::test]
async fn a_memory_is_listed_while_it_is_written_to() {
    let store = Memory::new();
    for i in 0..3000 {
        store.set(&Key::new(format!("a/{i:04}")).unwrap(), "1".into()).await.unwrap();
    }
    store.set(&Key::new("a-b/0").unwrap(), "1".into()).await.unwrap();
    let mut keys = store.list_prefix(&Prefix::new("a").unwrap());
    assert_eq!(keys.try_next().await.unwrap().unwrap().as_str(), "a/0000");
    store.delete(&Key::new("a/2999").unwrap()).await.unwrap();
    let rest: Vec<_> = keys.try_collect().await.unwrap();
    assert_eq!(rest.len(), 2998);
    assert_eq!(rest.last().unwrap().as_str(), "a/2998");
}
