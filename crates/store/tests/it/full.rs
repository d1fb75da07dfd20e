//! Places that cannot be written: a full file system, and one that refuses.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use terracube_store::{
    ArraySpec, ByteRequest, Codecs, Error, Key, OpenOptions, ReadStore, Result, ZarrArray,
    create_group, create_repository, open_repository,
};

/// A file system of 1 MiB; `None` where none may be mounted.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: no file system may be mounted here");
        }
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0.path()).status().unwrap();
    }
}

#[tokio::test]
async fn a_full_file_system_is_said_and_what_is_committed_stays() {
    for name in ["a.icechunk", "a.zarr"] {
        let Some(small) = Small::mount() else { return };
        let location = small.path().join(name).display().to_string();
        let options = OpenOptions::default();
        let repository = create_repository(&location, &options).await.unwrap();
        let session = repository.begin().await.unwrap();
        create_group(&session.store(), "", serde_json::Map::new()).await.unwrap();
        let mut spec = ArraySpec::new(vec![100, 100_000], vec![1, 100_000], "uint8");
        spec.codecs = Codecs::None;
        let array = ZarrArray::create(session.store(), "a", &spec).await.unwrap();
        array.write_chunk(&[0, 0], vec![1; 100_000]).await.unwrap();
        session.commit("one row").await.unwrap();

        let session = repository.begin().await.unwrap();
        let full = fill(&array.with_store(session.store())).await;
        assert!(matches!(full, Err(Error::NoSpace { .. })), "{name}: {full:?}");
        // on a file system that is full to the last byte the commit fails too
        let page = vec![0; 4096];
        let filler = std::fs::File::create(small.path().join("filler")).unwrap();
        while std::io::Write::write_all(&mut &filler, &page).is_ok() {}
        if name == "a.icechunk" {
            let full = session.commit("many rows").await;
            assert!(matches!(full, Err(Error::NoSpace { .. })), "{full:?}");
        }
        let repository = open_repository(&location, &options).await.unwrap();
        let array = array.with_store(repository.latest().await.unwrap());
        assert_eq!(array.read_chunk(&[0, 0]).await.unwrap(), vec![1; 100_000]);
    }
}

#[tokio::test]
async fn a_full_file_system_leaves_no_archive_and_no_part_of_one() {
    let Some(small) = Small::mount() else { return };
    let location = small.path().join("a.zip").display().to_string();
    let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    let store = session.store();
    let key = |n: u32| Key::new(format!("c/{n}")).unwrap();
    let value = |n: u32| vec![n as u8; 100_000];
    let mut full = 0;
    while let Ok(()) = store.set(&key(full), value(full).into()).await {
        full += 1;
    }
    assert!((1..11).contains(&full), "{full}");
    let refused = store.set(&key(full), value(full).into()).await;
    assert!(matches!(refused, Err(Error::NoSpace { .. })), "{refused:?}");
    // what was written before is there, and may be committed when there is room for the directory
    store.delete(&key(0)).await.unwrap();
    session.commit("what fits").await.unwrap();
    let store = repository.latest().await.unwrap();
    for n in 0..full {
        let found = store.get(&key(n), ByteRequest::All).await.unwrap();
        assert!(found == (n > 0).then(|| value(n).into()), "{n}");
    }

    let location = small.path().join("b.zip").display().to_string();
    let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    session.store().set(&key(0), value(0)[..4000].to_vec().into()).await.unwrap();
    let page = vec![0; 4096];
    let filler = std::fs::File::create(small.path().join("filler")).unwrap();
    while std::io::Write::write_all(&mut &filler, &page).is_ok() {}
    let refused = session.commit("no room").await;
    assert!(matches!(refused, Err(Error::NoSpace { .. })), "{refused:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(small.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.zip", "filler"]);
}

async fn fill(array: &ZarrArray) -> Result<()> {
    for row in 1..100 {
        array.write_chunk(&[row, 0], vec![2; 100_000]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_place_that_refuses_is_said() {
    // the kernel refuses folders there even to the superuser
    for location in ["/sys/a.icechunk", "/sys/a.zarr"] {
        let repository = match create_repository(location, &OpenOptions::default()).await {
            Ok(repository) => repository,
            Err(error) => {
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error:?}");
                continue;
            }
        };
        let session = repository.begin().await.unwrap();
        let refused = create_group(&session.store(), "", serde_json::Map::new()).await;
        assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
    }
}
