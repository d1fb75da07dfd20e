//! Reading ZIP archives: what others write, and what nobody should.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use futures::TryStreamExt;
use proptest::prelude::*;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, Crc32Option, DataDescriptorOutput, ZipArchiveWriter};
use tempfile::TempDir;
use terracube_store::{
    ByteRequest, Entry, Error, Key, Memory, OpenOptions, Prefix, ReadStore, Store, StoreExt, Zip,
    conformance, create_repository, open_repository,
};

use crate::python::python;

/// An archive made entry by entry, by another writer than ours.
pub(crate) struct Made {
    writer: ZipArchiveWriter<Vec<u8>>,
}

impl Made {
    pub(crate) fn new() -> Self {
        Self { writer: ZipArchiveWriter::new(Vec::new()) }
    }

    fn stored(self, name: &str, value: &[u8]) -> Self {
        self.entry(name.as_bytes(), CompressionMethod::STORE, value, value, value.len() as u64)
    }

    fn deflated(self, name: &str, value: &[u8]) -> Self {
        let method = CompressionMethod::DEFLATE;
        self.entry(name.as_bytes(), method, &deflate(value), value, value.len() as u64)
    }

    /// An entry with these bytes, that says to be `value` and so many bytes long.
    fn entry(
        mut self,
        name: &[u8],
        method: CompressionMethod,
        bytes: &[u8],
        value: &[u8],
        size: u64,
    ) -> Self {
        let file = self.writer.new_file(EntryPath::verbatim(name)).compression_method(method);
        let (mut entry, _) = file.crc32(Crc32Option::Skip).start().unwrap();
        entry.write_all(bytes).unwrap();
        entry.finish(DataDescriptorOutput::new(rawzip::crc32(value), size)).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.writer.finish().unwrap()
    }

    async fn open(self) -> (Zip, TempDir) {
        opened(&self.bytes()).await
    }
}

fn deflate(value: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(value).unwrap();
    encoder.finish().unwrap()
}

fn written(bytes: &[u8]) -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    std::fs::write(&path, bytes).unwrap();
    (path, folder)
}

pub(crate) async fn opened(bytes: &[u8]) -> (Zip, TempDir) {
    let (path, folder) = written(bytes);
    (Zip::open(&path).await.unwrap(), folder)
}

/// An archive with what the rules of the contract expect.
pub(crate) async fn prepared(deflated: bool) -> (Zip, TempDir) {
    let content = Memory::new();
    conformance::prepare(&content).await.unwrap();
    // folders are entries of many archives
    let mut made = Made::new().stored("a/", b"").stored("ab/", b"").stored("a/c/", b"");
    for key in content.list().try_collect::<Vec<_>>().await.unwrap() {
        let value = content.get(&key, ByteRequest::All).await.unwrap().unwrap();
        made = if deflated {
            made.deflated(key.as_str(), &value)
        } else {
            made.stored(key.as_str(), &value)
        };
    }
    made.open().await
}

pub(crate) fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

pub(crate) async fn value(store: &impl ReadStore, name: &str) -> Vec<u8> {
    store.get(&key(name), ByteRequest::All).await.unwrap().unwrap().to_vec()
}

pub(crate) async fn keys(store: &impl Store) -> Vec<String> {
    store.list().map_ok(|key| key.to_string()).try_collect().await.unwrap()
}

async fn names(store: &impl Store, folder: &str) -> Vec<Entry> {
    store.list_dir(&Prefix::new(folder).unwrap()).try_collect().await.unwrap()
}

/// What is said when a value is read whole.
pub(crate) async fn fault(store: &impl ReadStore, name: &str) -> String {
    let error = store.get(&key(name), ByteRequest::All).await.unwrap_err();
    assert!(matches!(error, Error::Backend { transient: false, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("`{name}`")) && text.contains("a.zip"), "{text}");
    text
}

pub(crate) async fn fault_of_opening(bytes: &[u8]) -> String {
    let (path, _folder) = written(bytes);
    let error = Zip::open(&path).await.unwrap_err();
    assert!(matches!(error, Error::Backend { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("a.zip"), "{text}");
    text
}

#[tokio::test]
async fn what_is_stored_is_read_by_range_and_checked_when_whole() {
    let mut bytes = Made::new().stored("a/b", b"0123456789").bytes();
    let place = bytes.windows(10).position(|w| w == b"0123456789").unwrap();
    bytes[place + 9] = b'!';
    let (zip, _folder) = opened(&bytes).await;
    let request = ByteRequest::Range { start: 2, end: 5 };
    // what is not asked for is not read
    assert_eq!(zip.get(&key("a/b"), request).await.unwrap().unwrap(), "234");
    assert_eq!(zip.get(&key("a/b"), ByteRequest::Suffix(2)).await.unwrap().unwrap(), "8!");
    assert!(fault(&zip, "a/b").await.contains("checksum"));
}

#[tokio::test]
async fn what_is_deflated_is_inflated_and_checked() {
    let long: Vec<u8> = (0..100_000_u32).map(|i| (i / 100 % 256) as u8).collect();
    let (zip, _folder) = Made::new().deflated("long", &long).deflated("empty", b"").open().await;
    assert_eq!(value(&zip, "long").await, long);
    assert_eq!(value(&zip, "empty").await, b"");
    let range = |start, end| (key("long"), ByteRequest::Range { start, end });
    let parts = zip.get_partial_values(&[range(5000, 5005), range(7, 99_000)]).await.unwrap();
    assert_eq!(parts[0].as_deref(), Some(&long[5000..5005]));
    assert_eq!(parts[1].as_deref(), Some(&long[7..99_000]));
    // the value of another
    let made = Made::new().entry(b"a", CompressionMethod::DEFLATE, &deflate(b"there"), b"other", 5);
    let (zip, _folder) = made.open().await;
    assert!(fault(&zip, "a").await.contains("checksum"));
}

#[tokio::test]
async fn of_entries_with_one_name_the_last_counts() {
    let made = Made::new().stored("a/b", b"first").stored("c", b"c").deflated("a/b", b"last");
    let (zip, _folder) = made.open().await;
    assert_eq!(value(&zip, "a/b").await, b"last");
    assert_eq!(keys(&zip).await, ["a/b", "c"]);
    assert_eq!(zip.getsize_prefix(&Prefix::root()).await.unwrap(), 5);
}

#[tokio::test]
async fn names_that_are_no_keys_are_not_seen() {
    let mut made = Made::new().stored("good/value", b"good");
    let bad: [&[u8]; 10] = [
        b"../up",
        b"/etc/passwd",
        b"a/../../b",
        b"a//b",
        b"./a",
        b"folder/",
        b"back\\slash",
        b"",
        b"nul\0",
        b"latin-\xe9",
    ];
    for name in bad {
        made = made.entry(name, CompressionMethod::STORE, b"bad", b"bad", 3);
    }
    let (zip, folder) = made.stored("other", b"too").open().await;
    assert_eq!(keys(&zip).await, ["good/value", "other"]);
    assert_eq!(value(&zip, "good/value").await, b"good");
    assert_eq!(value(&zip, "other").await, b"too");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn names_beside_folders_are_told_apart() {
    let made = Made::new();
    let all = ["a", "a-", "a/b/c", "a/b/d", "a/z", "a0", "ü/ö"];
    let made = all.iter().fold(made, |made, name| made.stored(name, b"x"));
    let (zip, _folder) = made.open().await;
    let (value, dir) = (|n: &str| Entry::Key(n.to_owned()), |n: &str| Entry::Dir(n.to_owned()));
    let root = [value("a"), value("a-"), dir("a"), value("a0"), dir("ü")];
    assert_eq!(names(&zip, "").await, root);
    assert_eq!(names(&zip, "a").await, [dir("b"), value("z")]);
    assert_eq!(names(&zip, "a/b/c").await, []);
    assert_eq!(keys(&zip).await, all);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_with_its_name() {
    let mut bytes = Made::new().stored("a", b"12345").stored("b", b"b").bytes();
    for signature in [b"PK\x03\x04", b"PK\x01\x02"] {
        let place = bytes.windows(4).position(|w| w == signature).unwrap();
        bytes[place + if signature[2] == 3 { 6 } else { 8 }] |= 1;
    }
    let (zip, _folder) = opened(&bytes).await;
    assert!(fault(&zip, "a").await.contains("encrypted"));
    assert_eq!(value(&zip, "b").await, b"b");

    for (method, name) in [(12, "BZIP2"), (93, "ZSTD"), (14, "LZMA"), (99, "AES")] {
        let made = Made::new().entry(b"a", method.into(), b"12345", b"12345", 5);
        let (zip, _folder) = made.open().await;
        let said = fault(&zip, "a").await;
        assert!(said.contains(name) && said.contains("deflated"), "{said}");
        assert_eq!(zip.size(&key("a")).await.unwrap(), Some(5));
    }

    let made = Made::new().entry(b"a", CompressionMethod::STORE, b"12345", b"12345", 6);
    let (zip, _folder) = made.open().await;
    assert!(fault(&zip, "a").await.contains("size"));
}

#[tokio::test]
async fn a_bomb_is_refused() {
    let zeros = vec![0; 1 << 20];
    let bomb = deflate(&zeros);
    assert!(bomb.len() < 2000);
    let deflated = CompressionMethod::DEFLATE;

    // larger than allowed, and says so
    let (zip, _folder) = Made::new().deflated("a", &zeros).deflated("b", b"small").open().await;
    let zip = zip.with_inflated(100_000);
    assert!(fault(&zip, "a").await.contains("100000 are allowed"));
    assert_eq!(value(&zip, "b").await, b"small");

    // larger than it says
    let (zip, _folder) = Made::new().entry(b"a", deflated, &bomb, b"12345", 5).open().await;
    assert!(fault(&zip, "a").await.contains("not the 5 bytes"));

    // says what no memory has, or what its bytes cannot be
    for size in [u64::MAX, 1 << 50, (1 << 30) - 1] {
        let (zip, _folder) = Made::new().entry(b"a", deflated, &bomb, &zeros, size).open().await;
        let said = fault(&zip, "a").await;
        assert!(said.contains("are allowed") || said.contains("never inflate"), "{said}");
    }
    let (zip, _folder) =
        Made::new().entry(b"a", CompressionMethod::STORE, b"1", b"1", 1 << 60).open().await;
    assert!(fault(&zip, "a").await.contains("size"));

    // what is cut off
    let cut = &bomb[..bomb.len() / 2];
    let (zip, _folder) = Made::new().entry(b"a", deflated, cut, &zeros, 1 << 20).open().await;
    fault(&zip, "a").await;
}

#[tokio::test]
async fn many_large_values_are_inflated_one_after_another() {
    let zeros = vec![0; 1 << 20];
    let made = (0..8).fold(Made::new(), |made, n| made.deflated(&n.to_string(), &zeros));
    let (zip, _folder) = made.open().await;
    // room for one
    let zip = zip.with_inflated(1 << 20);
    let all = (0..8).map(|n| {
        let zip = zip.clone();
        async move { value(&zip, &n.to_string()).await }
    });
    assert!(futures::future::join_all(all).await.iter().all(|value| *value == zeros));
}

#[tokio::test]
async fn entries_that_overlap_are_refused() {
    // the second entry of the directory lies within the first
    let inner = Made::new().stored("inner", b"treasure").bytes();
    let end_of_entry = inner.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let outer = Made::new().stored("outer", &inner[..end_of_entry]).stored("inner", b"treasure");
    let mut bytes = outer.bytes();
    let within = bytes.windows(4).skip(1).position(|w| w == b"PK\x03\x04").unwrap() + 1;
    let directory: Vec<_> =
        (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    bytes[directory[1] + 42..][..4].copy_from_slice(&(within as u32).to_le_bytes());
    let (zip, _folder) = opened(&bytes).await;
    assert!(fault(&zip, "outer").await.contains("runs into"));
    assert_eq!(value(&zip, "inner").await, b"treasure");

    // many entries of the directory that are one in the file
    let mut bytes = Made::new().stored("aa", b"12345").stored("bb", b"12345").bytes();
    let directory = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[directory + 42..][..4].copy_from_slice(&0_u32.to_le_bytes());
    let (zip, _folder) = opened(&bytes).await;
    assert_eq!(value(&zip, "aa").await, b"12345");
    assert!(fault(&zip, "bb").await.contains("another name"));
}

#[tokio::test]
async fn what_is_no_archive_or_cut_off_is_said() {
    assert!(fault_of_opening(b"").await.contains("no ZIP archive"));
    assert!(fault_of_opening(b"{\"zarr_format\": 3}").await.contains("no ZIP archive"));
    let whole = Made::new().stored("a/b", b"0123456789").deflated("c", b"cccccccc").bytes();
    for length in 0..whole.len() {
        fault_of_opening(&whole[..length]).await;
    }
    // its beginning is missing: what is there is not where it should be
    let (zip, _folder) = opened(&whole[10..]).await;
    for name in ["a/b", "c"] {
        assert!(fault(&zip, name).await.contains("damaged"));
    }
    // something before it is no harm, as before archives that extract themselves
    let (zip, _folder) = opened(&[b"#!/bin/sh\n", &whole[..]].concat()).await;
    assert_eq!(value(&zip, "a/b").await, b"0123456789");

    let folder = tempfile::tempdir().unwrap();
    let missing = Zip::open(folder.path().join("none.zip")).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert!(Zip::open(folder.path()).await.is_err());
}

#[tokio::test]
async fn an_archive_is_recognised_by_name_or_content() {
    let options = OpenOptions::default();
    let (path, folder) = written(&Made::new().stored("zarr.json", b"{}").bytes());
    let unnamed = folder.path().join("unnamed");
    std::fs::copy(&path, &unnamed).unwrap();
    for path in [&path, &unnamed] {
        let location = path.display().to_string();
        let repository = open_repository(&location, &options).await.unwrap();
        assert_eq!(value(&repository.latest().await.unwrap(), "zarr.json").await, b"{}");
        let capability = repository.capability();
        assert!(!capability.writes && capability.listing && capability.written_once);
        let by_url = open_repository(&format!("file://{location}"), &options).await.unwrap();
        assert!(*by_url.latest().await.unwrap() == *repository.latest().await.unwrap());
    }
    std::fs::write(&path, "no archive").unwrap();
    let refused = open_repository(&path.display().to_string(), &options).await.unwrap_err();
    assert!(refused.to_string().contains("no ZIP archive"), "{refused}");
    std::fs::write(&unnamed, "no archive").unwrap();
    let refused = open_repository(&unnamed.display().to_string(), &options).await;
    assert!(matches!(refused, Err(Error::Location { .. })), "{refused:?}");
    let missing = folder.path().join("none.zip").display().to_string();
    let missing = open_repository(&missing, &options).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}

#[tokio::test]
async fn archives_in_buckets_are_refused() {
    let (location, options) = ("s3://bucket/a.zip", OpenOptions::default());
    let refused = create_repository(location, &options).await;
    assert!(matches!(refused, Err(Error::Location { .. })), "{refused:?}");
}

#[tokio::test]
async fn python_archives_of_many_entries_and_past_4_gib_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let made = python(
        r"
import sys, warnings, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(folder + '/many.zip', 'w') as many:
    for i in range(70_000):
        many.writestr(f'a/c/{i}', str(i))
with open(folder + '/far.zip', 'wb') as file:
    file.seek(5 << 30)
    with zipfile.ZipFile(file, 'w') as far:
        far.writestr('stored', b'far away')
        far.writestr('deflated', b'far away' * 1000, zipfile.ZIP_DEFLATED)
        with far.open(zipfile.ZipInfo('as if large'), 'w', force_zip64=True) as entry:
            entry.write(b'small')
with zipfile.ZipFile(folder + '/odd.zip', 'w') as odd:
    odd.comment = b'what this is' * 5000
    odd.writestr('ünï/cödé', b'by flag')
    odd.mkdir('folder')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for n in range(3):
            odd.writestr('again', str(n))
",
        folder.path(),
    );
    if !made {
        return;
    }
    let many = Zip::open(folder.path().join("many.zip")).await.unwrap();
    assert_eq!(keys(&many).await.len(), 70_000);
    for i in [0, 65_535, 65_536, 69_999] {
        assert_eq!(value(&many, &format!("a/c/{i}")).await, i.to_string().as_bytes());
    }
    assert_eq!(names(&many, "a").await, [Entry::Dir("c".to_owned())]);
    let far = Zip::open(folder.path().join("far.zip")).await.unwrap();
    assert_eq!(value(&far, "stored").await, b"far away");
    assert_eq!(value(&far, "deflated").await, b"far away".repeat(1000));
    assert_eq!(value(&far, "as if large").await, b"small");
    let odd = Zip::open(folder.path().join("odd.zip")).await.unwrap();
    assert_eq!(keys(&odd).await, ["again", "ünï/cödé"]);
    assert_eq!(value(&odd, "again").await, b"2");
    assert_eq!(value(&odd, "ünï/cödé").await, b"by flag");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Whatever is wrong with an archive, the answer is a value or an error.
    #[test]
    fn a_damaged_archive_gives_values_or_errors(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let made = Made::new().stored("a/b", b"0123456789").deflated("c", &[7; 300]);
        let mut bytes = made.stored("d", b"d").bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        let (path, _folder) = written(&bytes);
        runtime.block_on(async {
            let Ok(zip) = Zip::open(&path).await else { return };
            let zip = zip.with_inflated(10_000);
            for name in keys(&zip).await {
                let value = zip.get(&key(&name), ByteRequest::All).await;
                if let Ok(value) = value {
                    let value = value.unwrap();
                    assert!(value == "0123456789" || value == "d" || value == vec![7; 300]);
                }
                zip.get(&key(&name), ByteRequest::Suffix(3)).await.ok();
            }
        });
    }
}
