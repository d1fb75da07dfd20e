//! Every kind of array that zarr-python writes, read by us value by value, and the other way round.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use terracube_store::{
    ArraySpec, Codecs, OpenOptions, ZarrArray, create_group, create_repository, open_repository,
    read_group_attributes, write_consolidated,
};

use crate::python::python_with;
use crate::s3::fresh;

const WRITER: &str = include_str!("interop_write.py");
const READER: &str = include_str!("interop_read.py");

/// The last is a local file.
const PLACES: [&str; 3] = ["a.zarr", "a.icechunk", "b.zarr.zip"];

/// A folder, or a prefix in the bucket of the tests; files for comparison are in the folder.
struct World {
    folder: TempDir,
    bucket: Option<String>,
    options: OpenOptions,
}

impl World {
    fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, bucket: None, options: OpenOptions::default() }
    }

    fn bucket() -> Option<Self> {
        let (location, options) = fresh("interop")?;
        Some(Self { bucket: Some(location), options, ..Self::local() })
    }

    fn places(&self) -> &'static [&'static str] {
        if self.bucket.is_some() { &PLACES[..2] } else { &PLACES }
    }

    fn location(&self, place: &str) -> String {
        match &self.bucket {
            Some(bucket) => format!("{bucket}/{place}"),
            None => self.folder.path().join(place).display().to_string(),
        }
    }

    fn python(&self, script: &str) -> bool {
        let prefix = self.bucket.as_deref().and_then(|b| b.strip_prefix("s3://terracube/"));
        let arguments = [Some(self.folder.path().as_os_str()), prefix.map(OsStr::new)];
        python_with(script, &arguments.into_iter().flatten().collect::<Vec<_>>())
    }
}

#[tokio::test]
async fn we_read_every_kind_of_array_python_writes() {
    we_read_python(World::local()).await;
}

#[tokio::test]
async fn we_read_every_kind_of_array_python_writes_in_a_bucket() {
    let Some(world) = World::bucket() else { return };
    we_read_python(world).await;
}

#[tokio::test]
async fn python_reads_every_kind_of_array_we_write() {
    python_reads_us(World::local()).await;
}

#[tokio::test]
async fn python_reads_every_kind_of_array_we_write_in_a_bucket() {
    let Some(world) = World::bucket() else { return };
    python_reads_us(world).await;
}

async fn we_read_python(world: World) {
    if !world.python(WRITER) {
        return;
    }
    let folder = &world.folder;
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("expected.json")).unwrap())
            .unwrap();
    assert!(expected.len() > 100, "{}", expected.len());
    let options = OpenOptions { read_only: true, ..world.options.clone() };
    for array in expected {
        let [place, path, file] = ["place", "path", "file"].map(|k| array[k].as_str().unwrap());
        let location = world.location(place);
        let store = open_repository(&location, &options).await.unwrap().latest().await.unwrap();
        let opened = ZarrArray::open(store, path).await;
        let opened = opened.unwrap_or_else(|error| panic!("{place} {path}: {error}"));
        assert_eq!(json!(opened.shape()), array["shape"], "{place} {path}");
        let window: Vec<_> = opened.shape().iter().map(|size| 0..*size).collect();
        let found = opened.read(&window).await;
        let found = found.unwrap_or_else(|error| panic!("{place} {path}: {error}"));
        let values = std::fs::read(folder.path().join(file)).unwrap();
        assert!(found == values, "{place} {path}: {found:?} is not {values:?}");
        if let Some(fill) = array["fill"].as_str() {
            let shown: String = opened.fill_value().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(shown, fill, "{place} {path}");
        }
    }
    // nested groups
    for place in world.places() {
        let location = world.location(place);
        let store = open_repository(&location, &options).await.unwrap().latest().await.unwrap();
        for (path, level) in [("", 0), ("deep", 1), ("deep/down", 2)] {
            let attributes = read_group_attributes(&store, path).await.unwrap().unwrap();
            assert_eq!(attributes["level"], json!(level), "{place} {path}");
        }
    }
}

/// Names, data types, fill values; what is written is 0 and 1 alternating, bytewise for what has
/// no simpler numbers.
fn kinds() -> Vec<(String, ArraySpec)> {
    let nan = json!("NaN");
    let mut kinds = Vec::new();
    for (data_type, fill) in [
        ("bool", json!(true)),
        ("int8", json!(-1)),
        ("uint8", json!(255)),
        ("int64", json!(i64::MIN)),
        ("uint64", json!(u64::MAX)),
        ("float16", nan.clone()),
        ("float32", json!("Infinity")),
        ("float64", json!("-Infinity")),
        ("complex64", json!([0.0, nan])),
        ("complex128", json!([1.0, "Infinity"])),
    ] {
        for (name, codecs, shard) in [
            ("default", Codecs::Default, false),
            ("zstd-sharded", Codecs::Zstd { level: 1 }, true),
            (
                "transposed",
                Codecs::Raw(vec![
                    json!({"name": "transpose", "configuration": {"order": [1, 0]}}),
                    json!({"name": "bytes", "configuration": {"endian": "big"}}),
                    json!({"name": "gzip", "configuration": {"level": 1}}),
                    json!({"name": "crc32c"}),
                ]),
                false,
            ),
        ] {
            let mut spec = ArraySpec::new(vec![5, 7], vec![2, 3], data_type);
            spec.fill_value = fill.clone();
            spec.codecs = codecs;
            spec.shard_shape = shard.then(|| vec![4, 6]);
            kinds.push((format!("{data_type}-{name}"), spec));
        }
        let mut scalar = ArraySpec::new(vec![], vec![], data_type);
        scalar.codecs = Codecs::Zstd { level: 1 };
        scalar.fill_value = fill;
        kinds.push((format!("deep/down/{data_type}-scalar"), scalar));
    }
    kinds
}

async fn python_reads_us(world: World) {
    let folder = &world.folder;
    for place in world.places() {
        let location = world.location(place);
        let repository = create_repository(&location, &world.options).await.unwrap();
        let session = repository.begin().await.unwrap();
        let store = session.store();
        for path in ["", "deep", "deep/down"] {
            create_group(&store, path, serde_json::Map::new()).await.unwrap();
        }
        for (path, spec) in kinds() {
            let array = ZarrArray::create(store.clone(), &path, &spec).await.unwrap();
            // the first rows only: the others are the fill value
            let window: Vec<_> = spec.shape.iter().map(|n| 0..*n.min(&3)).collect();
            let size = array.element_size();
            let elements = window.iter().map(|w| w.end).product::<u64>() as usize;
            let native: Vec<u8> = (0..elements * size).map(|i| (i / size % 2) as u8).collect();
            array.write(&window, &native).await.unwrap();
            let whole: Vec<_> = spec.shape.iter().map(|n| 0..*n).collect();
            write(folder.path(), place, &path, &array.read(&whole).await.unwrap());
        }
        if *place != "a.icechunk" {
            write_consolidated(&store, "").await.unwrap();
        }
        session.commit("for Python").await.unwrap();
    }
    world.python(READER);
}

fn write(folder: &Path, place: &str, path: &str, values: &[u8]) {
    let name = format!("{place}.{}.bin", path.replace('/', "~"));
    std::fs::write(folder.join(name), values).unwrap();
}
