//! Every kind of array that zarr-python writes, read by us value by value, and the other way round.

use std::path::Path;

use serde_json::{Value, json};
use terracube_store::{
    ArraySpec, Codecs, OpenOptions, ZarrArray, create_group, create_repository, open_repository,
    read_group_attributes, write_consolidated,
};

use crate::python::python;

const WRITER: &str = include_str!("interop_write.py");
const READER: &str = include_str!("interop_read.py");

const PLACES: [&str; 2] = ["a.zarr", "a.icechunk"];

#[tokio::test]
async fn we_read_every_kind_of_array_python_writes() {
    let folder = tempfile::tempdir().unwrap();
    if !python(WRITER, folder.path()) {
        return;
    }
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("expected.json")).unwrap())
            .unwrap();
    assert!(expected.len() > 100, "{}", expected.len());
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    for array in expected {
        let [place, path, file] = ["place", "path", "file"].map(|k| array[k].as_str().unwrap());
        let location = folder.path().join(place).display().to_string();
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
    for place in PLACES {
        let location = folder.path().join(place).display().to_string();
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

#[tokio::test]
async fn python_reads_every_kind_of_array_we_write() {
    let folder = tempfile::tempdir().unwrap();
    for place in PLACES {
        let location = folder.path().join(place).display().to_string();
        let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
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
        if place == "a.zarr" {
            write_consolidated(&store, "").await.unwrap();
        }
        session.commit("for Python").await.unwrap();
    }
    python(READER, folder.path());
}

fn write(folder: &Path, place: &str, path: &str, values: &[u8]) {
    let name = format!("{place}.{}.bin", path.replace('/', "~"));
    std::fs::write(folder.join(name), values).unwrap();
}
