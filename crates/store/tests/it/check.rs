//! The contract tried on stores that are in use, and on stores that break it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use terracube_store::conformance::{Check, Outcome, rules};
use terracube_store::{
    ArraySpec, ByteRequest, Capability, Directory, Error, Key, Keys, Memory, Names, OpenOptions,
    Prefix, ReadOnly, ReadStore, Repository, Result, Store, StoreExt, Unversioned, ZarrArray,
    create_group, create_repository, open_repository,
};
use terracube_testbed::{Fault as ServerFault, FaultKind};

use crate::clouds::web;
use crate::s3::fresh;

/// The rules that were kept, those that did not apply, and those broken with the reason.
async fn tried(
    check: &Check,
) -> (Vec<&'static str>, Vec<&'static str>, BTreeMap<&'static str, String>) {
    let (mut kept, mut not_applicable, mut broken) = (Vec::new(), Vec::new(), BTreeMap::new());
    for rule in rules() {
        match check.run(&rule).await {
            Outcome::Kept => kept.push(rule.name()),
            Outcome::NotApplicable => not_applicable.push(rule.name()),
            Outcome::Broken(error) => drop(broken.insert(rule.name(), error.to_string())),
        }
    }
    (kept, not_applicable, broken)
}

async fn filled(repository: &Arc<dyn Repository>) {
    let session = repository.begin().await.unwrap();
    let store = session.store();
    create_group(&store, "", serde_json::Map::new()).await.unwrap();
    let spec = ArraySpec::new(vec![1, 900], vec![1, 300], "uint16");
    let array = ZarrArray::create(store, "a", &spec).await.unwrap();
    let values: Vec<u8> = (1..901_u16).flat_map(u16::to_ne_bytes).collect();
    array.write(&[0..1, 0..900], &values).await.unwrap();
    session.commit("900 numbers").await.unwrap();
}

/// All keys and values.
async fn content(store: &Arc<dyn Store>) -> BTreeMap<Key, Bytes> {
    let mut content = BTreeMap::new();
    for key in store.list().try_collect::<Vec<_>>().await.unwrap() {
        let value = store.get(&key, ByteRequest::All).await.unwrap().unwrap();
        content.insert(key, value);
    }
    content
}

#[tokio::test]
async fn a_store_in_use_is_checked_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let local =
        |name: &str| Some((folder.path().join(name).display().to_string(), OpenOptions::default()));
    let places = [local("a.zarr"), local("a.icechunk"), fresh("zarr"), fresh("icechunk")];
    for (location, options) in places.into_iter().flatten() {
        let repository = create_repository(&location, &options).await.unwrap();
        filled(&repository).await;
        let before = content(&repository.latest().await.unwrap()).await;
        assert_eq!(before.len(), 5);
        let commits = repository.history(10).await.unwrap();

        let check = Check::of(Arc::clone(&repository), None).await.unwrap();
        let (kept, not_applicable, broken) = tried(&check).await;
        assert_eq!(broken, BTreeMap::new(), "{location}");
        assert_eq!(
            not_applicable,
            ["a_store_without_writes_refuses_them", "a_store_without_deletes_refuses_them"],
            "{location}"
        );
        assert_eq!(kept.len(), rules().len() - 2);
        assert_eq!(content(&repository.latest().await.unwrap()).await, before, "{location}");
        assert_eq!(repository.history(10).await.unwrap(), commits);
        if location.ends_with("a.zarr") {
            let names = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
            let mut left: Vec<_> = std::fs::read_dir(&location).unwrap().map(names).collect();
            left.sort();
            assert_eq!(left, ["a", "zarr.json"]);
        }
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.icechunk").display().to_string();
    filled(&create_repository(&location, &OpenOptions::default()).await.unwrap()).await;
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    let repository = open_repository(&location, &options).await.unwrap();
    let check = Check::of(repository, None).await.unwrap();
    assert!(check.value().is_some() && check.folder().is_none());
    let (kept, _, broken) = tried(&check).await;
    assert_eq!(broken, BTreeMap::new());
    for rule in [
        "a_suffix_reads_the_last_bytes",
        "names_are_listed_one_level_deep",
        "a_store_without_writes_refuses_them",
    ] {
        assert!(kept.contains(&rule), "{rule}: {kept:?}");
    }
    assert!(!kept.contains(&"set_makes_and_replaces"));

    let (_, server) = web().await;
    let options = OpenOptions::default();
    let repository = open_repository(&server.file_url("a.zarr"), &options).await.unwrap();
    let check = Check::of(Arc::clone(&repository), None).await.unwrap();
    assert_eq!(check.value().unwrap().as_str(), "zarr.json");
    let (kept, _, broken) = tried(&check).await;
    assert_eq!(broken, BTreeMap::new());
    assert!(kept.contains(&"a_range_is_read_and_clipped"));
    assert!(!kept.contains(&"all_keys_are_listed"));
    let check = Check::of(repository, Some(Key::new("a/c/0").unwrap())).await.unwrap();
    server.fault(ServerFault::on("/a/c/0", FaultKind::IgnoreRange));
    let (_, _, broken) = tried(&check).await;
    assert!(broken.contains_key("a_range_is_read_and_clipped"), "{broken:?}");
    assert!(!broken.contains_key("a_value_is_read_whole"), "{broken:?}");

    let empty = Arc::new(Unversioned::new(ReadOnly::new(Memory::new())));
    let nothing = Check::of(empty, None).await.unwrap_err();
    assert!(matches!(nothing, Error::NotFound { .. }), "{nothing}");
}

#[tokio::test]
async fn a_check_that_is_given_up_leaves_nothing_when_cleaned() {
    let inner = Memory::new();
    let slow = terracube_store::Latency::new(inner.clone(), std::time::Duration::from_millis(20));
    let check = Check::of(Arc::new(Unversioned::new(slow)), None).await.unwrap();
    let rule = rules().into_iter().find(|rule| rule.name() == "clear_removes_all").unwrap();
    let wait = std::time::Duration::from_millis(70);
    assert!(tokio::time::timeout(wait, check.run(&rule)).await.is_err());
    let left: Vec<_> = inner.list().try_collect().await.unwrap();
    assert!(!left.is_empty());
    assert!(left.iter().all(|key| check.folder().unwrap().contains(key)), "{left:?}");
    check.clean().await.unwrap();
    assert!(inner.is_empty(&Prefix::root()).await.unwrap());
}

#[tokio::test]
async fn the_rule_that_a_store_breaks_is_named() {
    let cases: [(Defect, &[&str]); 7] = [
        (Defect::IgnoresRanges, &["a_range_is_read_and_clipped", "an_offset_reads_to_the_end"]),
        (Defect::SizeIsOneMore, &["sizes_are_told"]),
        (Defect::DeletesNothing, &["delete_removes"]),
        (Defect::CreatesOverOthers, &["set_if_not_exists_keeps_what_is_there"]),
        (Defect::ListsByText, &["a_name_that_begins_alike_is_not_below"]),
        (Defect::MissingIsEmpty, &["a_missing_key_is_none"]),
        (Defect::DropsEmpty, &["empty_values_are_as_declared"]),
    ];
    for (defect, expected) in cases {
        let inner = Memory::new();
        inner.set(&Key::new("zarr.json").unwrap(), "{}".into()).await.unwrap();
        let broken = Broken { inner: inner.clone(), defect };
        let check = Check::of(Arc::new(Unversioned::new(broken)), None).await.unwrap();
        let (_, _, broken) = tried(&check).await;
        for rule in expected {
            let reason = broken.get(rule).unwrap_or_else(|| panic!("{defect:?}: {broken:?}"));
            assert!(reason.contains("breaks the contract"), "{defect:?}: {reason}");
        }
        assert!(broken.len() < rules().len() / 2, "{defect:?}: {broken:?}");
        let left: Vec<_> = inner.list().try_collect().await.unwrap();
        assert_eq!(left, [Key::new("zarr.json").unwrap()], "{defect:?}");
    }
}

#[tokio::test]
async fn a_store_that_writes_though_it_says_it_cannot_is_found_out() {
    let inner = Memory::new();
    inner.set(&Key::new("zarr.json").unwrap(), "{}".into()).await.unwrap();
    let broken = Broken { inner: inner.clone(), defect: Defect::WritesInSecret };
    let check = Check::of(Arc::new(Sloppy(broken)), None).await.unwrap();
    let (_, _, broken) = tried(&check).await;
    assert!(broken["a_store_without_writes_refuses_them"].contains("set is not refused"));
    assert!(broken.contains_key("a_store_without_deletes_refuses_them"));
    let value = inner.get(&Key::new("zarr.json").unwrap(), ByteRequest::All).await.unwrap();
    assert_eq!(value.unwrap(), "{}", "what is somebody's is not tried on");
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Defect {
    IgnoresRanges,
    SizeIsOneMore,
    DeletesNothing,
    CreatesOverOthers,
    ListsByText,
    MissingIsEmpty,
    DropsEmpty,
    WritesInSecret,
}

/// A store with one defect.
#[derive(Debug, Clone)]
struct Broken {
    inner: Memory,
    defect: Defect,
}

#[async_trait]
impl ReadStore for Broken {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let request = match self.defect {
            Defect::IgnoresRanges => ByteRequest::All,
            _ => request,
        };
        let found = self.inner.get(key, request).await?;
        Ok(if self.defect == Defect::MissingIsEmpty {
            found.or_else(|| Some(Bytes::new()))
        } else {
            found
        })
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        let extra = u64::from(self.defect == Defect::SizeIsOneMore);
        Ok(self.inner.size(key).await?.map(|size| size + extra))
    }
}

#[async_trait]
impl Store for Broken {
    fn capability(&self) -> Capability {
        match self.defect {
            Defect::WritesInSecret => Capability::read_only(),
            _ => self.inner.capability(),
        }
    }

    async fn set(&self, key: &Key, value: Bytes) -> Result<()> {
        if value.is_empty() && self.defect == Defect::DropsEmpty {
            return Ok(());
        }
        self.inner.set(key, value).await
    }

    async fn set_if_not_exists(&self, key: &Key, value: Bytes) -> Result<bool> {
        if self.defect == Defect::CreatesOverOthers {
            return self.inner.set(key, value).await.map(|()| true);
        }
        self.inner.set_if_not_exists(key, value).await
    }

    async fn set_partial_values(&self, values: &[(Key, u64, Bytes)]) -> Result<()> {
        self.inner.set_partial_values(values).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        if self.defect == Defect::DeletesNothing {
            return Ok(());
        }
        self.inner.delete(key).await
    }

    async fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        self.inner.delete_dir(prefix).await
    }

    fn list_prefix(&self, prefix: &Prefix) -> Keys {
        if self.defect != Defect::ListsByText {
            return self.inner.list_prefix(prefix);
        }
        let beginning = prefix.to_string();
        let keys = self.inner.list();
        Box::pin(
            keys.try_filter(move |key| std::future::ready(key.as_str().starts_with(&beginning))),
        )
    }

    fn list_dir(&self, prefix: &Prefix) -> Names {
        self.inner.list_dir(prefix)
    }
}

/// A repository whose latest version is the store itself.
#[derive(Debug)]
struct Sloppy(Broken);

#[async_trait]
impl Repository for Sloppy {
    fn capability(&self) -> Capability {
        self.0.capability()
    }
    async fn begin(&self) -> Result<Box<dyn terracube_store::Session>> {
        Unversioned::new(self.0.clone()).begin().await
    }
    async fn latest(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(self.0.clone()))
    }
    async fn at(&self, _: &terracube_store::Version) -> Result<Arc<dyn Store>> {
        self.latest().await
    }
    async fn history(&self, _: usize) -> Result<Vec<terracube_store::VersionInfo>> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_folder_without_marks_is_opened_when_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().display().to_string();
    let unmarked = OpenOptions { unmarked: true, ..OpenOptions::default() };
    let nothing = open_repository(&location, &unmarked).await.unwrap_err();
    assert!(matches!(nothing, Error::NotFound { .. }), "{nothing}");
    std::fs::create_dir(folder.path().join("notes")).unwrap();
    std::fs::write(folder.path().join("notes/a.txt"), "hello").unwrap();
    let refused = open_repository(&location, &OpenOptions::default()).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
    let store = open_repository(&location, &unmarked).await.unwrap().latest().await.unwrap();
    let keys: Vec<_> = store.list().try_collect().await.unwrap();
    assert_eq!(keys, [Key::new("notes/a.txt").unwrap()]);
    assert_eq!(
        Directory::new(&location).unwrap().list().try_collect::<Vec<_>>().await.unwrap(),
        keys
    );
}
