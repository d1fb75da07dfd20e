//! Arrays: metadata, codecs, windows.

use std::sync::Arc;

use serde_json::{Value, json};
use terracube_store::{
    ArraySpec, ByteRequest, Codecs, Directory, Error, Key, Memory, ReadStore, Store, ZarrArray,
    create_group, read_group_attributes, write_consolidated, write_group_attributes,
};

fn memory() -> Arc<dyn Store> {
    Arc::new(Memory::new())
}

#[tokio::test]
async fn every_data_type_comes_back() {
    for (data_type, size, fill) in [
        ("bool", 1, json!(false)),
        ("int8", 1, json!(-1)),
        ("uint8", 1, json!(255)),
        ("int16", 2, json!(-9999)),
        ("uint16", 2, json!(0)),
        ("int32", 4, json!(-1)),
        ("uint32", 4, json!(1)),
        ("int64", 8, json!(i64::MIN)),
        ("uint64", 8, json!(u64::MAX)),
        ("float16", 2, json!("NaN")),
        ("float32", 4, json!("NaN")),
        ("float64", 8, json!("-Infinity")),
        ("complex64", 8, json!([0.0, "NaN"])),
    ] {
        let mut spec = ArraySpec::new(vec![5, 7], vec![3, 4], data_type);
        spec.fill_value = fill;
        let array = ZarrArray::create(memory(), "a/b", &spec).await.unwrap();
        assert_eq!(array.element_size(), size, "{data_type}");
        let native: Vec<u8> = (0..12 * size).map(|i| (i % 2) as u8).collect();
        array.write_chunk(&[1, 1], native.clone()).await.unwrap();
        assert_eq!(array.read_chunk(&[1, 1]).await.unwrap(), native, "{data_type}");
        let missing = array.read_chunk(&[0, 0]).await.unwrap();
        assert_eq!(missing, array.fill_value().repeat(12), "{data_type}");
    }
}

#[tokio::test]
async fn every_codec_comes_back() {
    let native: Vec<u8> = (0..4096_u32).flat_map(|i| (i / 3).to_ne_bytes()).collect();
    for text in [
        r#""default""#,
        r#""none""#,
        r#"{"name": "blosc", "cname": "zstd", "clevel": 1, "shuffle": "bitshuffle"}"#,
        r#"{"name": "zstd", "level": 3}"#,
        r#"{"name": "gzip"}"#,
        r#"[{"name": "transpose", "configuration": {"order": [1, 0]}},
            {"name": "bytes", "configuration": {"endian": "big"}}, {"name": "crc32c"}]"#,
    ] {
        for shard_shape in [None, Some(vec![64, 64])] {
            let mut spec = ArraySpec::new(vec![64, 64], vec![64, 64], "uint32");
            spec.codecs = serde_json::from_str(text).unwrap();
            if shard_shape.is_some() {
                spec.chunk_shape = vec![16, 32];
            }
            spec.shard_shape = shard_shape;
            let array = ZarrArray::create(memory(), "", &spec).await.unwrap();
            assert_eq!(array.chunk_shape(), [64, 64]);
            assert_eq!(array.inner_chunk_shape(), spec.chunk_shape);
            array.write_chunk(&[0, 0], native.clone()).await.unwrap();
            assert_eq!(array.read_chunk(&[0, 0]).await.unwrap(), native, "{text}");
        }
    }
}

#[test]
fn codecs_in_toml() {
    #[derive(serde::Deserialize)]
    struct Declared {
        codecs: Codecs,
    }
    let parse = |text: &str| toml::from_str::<Declared>(text).map(|declared| declared.codecs);
    assert_eq!(parse("codecs = 'default'").unwrap(), Codecs::Default);
    assert_eq!(
        parse("codecs = { name = 'blosc', cname = 'zstd', clevel = 1 }").unwrap(),
        Codecs::Blosc { cname: "zstd".into(), clevel: 1, shuffle: "shuffle".into() }
    );
    assert_eq!(
        parse("codecs = [{ name = 'bytes' }]").unwrap(),
        Codecs::Raw(vec![json!({"name": "bytes"})])
    );
    for (text, named) in [
        ("codecs = 'lz77'", "zstd"),
        ("codecs = { name = 'lz77' }", "blosc"),
        ("codecs = { name = 'zstd', levle = 1 }", "level"),
        ("codecs = 3", "default"),
    ] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.contains(named), "{text}: {message}");
    }
}

#[tokio::test]
async fn a_chunk_of_fill_values_is_not_stored() {
    let store = memory();
    let mut spec = ArraySpec::new(vec![4], vec![2], "float32");
    spec.fill_value = json!("NaN");
    let array = ZarrArray::create(store.clone(), "a", &spec).await.unwrap();
    let key = array.chunk_key(&[1]).unwrap();
    assert_eq!(key.as_str(), "a/c/1");
    array.write_chunk(&[1], 1.5_f32.to_ne_bytes().repeat(2)).await.unwrap();
    assert!(store.get(&key, ByteRequest::All).await.unwrap().is_some());
    array.write_chunk(&[1], f32::NAN.to_ne_bytes().repeat(2)).await.unwrap();
    assert!(store.get(&key, ByteRequest::All).await.unwrap().is_none());
}

#[tokio::test]
async fn any_window_is_read_and_written() {
    let shape = [5_u64, 7, 6];
    let array =
        ZarrArray::create(memory(), "a", &ArraySpec::new(shape.to_vec(), vec![2, 3, 4], "uint16"))
            .await
            .unwrap();
    let mut model = vec![0_u16; 5 * 7 * 6];
    let windows = [
        [0..5, 0..7, 0..6],
        [1..4, 2..5, 3..6],
        [0..2, 0..3, 0..4],
        [4..5, 6..7, 5..6],
        [2..2, 0..7, 0..6],
        [0..5, 1..2, 0..6],
    ];
    let mut next = 1_u16;
    for window in &windows {
        let mut native = Vec::new();
        for at in indices(window) {
            native.extend(next.to_ne_bytes());
            model[flat(&at, &shape)] = next;
            next += 1;
        }
        array.write(window, &native).await.unwrap();
        for window in &windows {
            let expected: Vec<u8> = indices(window)
                .iter()
                .flat_map(|at| model[flat(at, &shape)].to_ne_bytes())
                .collect();
            assert_eq!(array.read(window).await.unwrap(), expected, "{window:?}");
            // What was in a buffer before is gone, also where no chunk is stored.
            let used = vec![0xaa; expected.len()];
            assert_eq!(array.read_into(window, used).await.unwrap(), expected, "{window:?}");
            let large = array.read_into(window, vec![0; expected.len() + 1]).await;
            assert!(matches!(large, Err(Error::OutOfBounds { .. })), "{large:?}");
        }
    }
    for outside in [vec![0..5, 0..7], vec![0..6, 0..7, 0..6]] {
        let refused = array.read(&outside).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })), "{refused:?}");
    }
}

fn indices(window: &[std::ops::Range<u64>; 3]) -> Vec<[u64; 3]> {
    let mut all = Vec::new();
    for i in window[0].clone() {
        for j in window[1].clone() {
            for k in window[2].clone() {
                all.push([i, j, k]);
            }
        }
    }
    all
}

fn flat(at: &[u64; 3], shape: &[u64; 3]) -> usize {
    ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) as usize
}

#[tokio::test]
async fn scalars_and_empty_axes() {
    let scalar =
        ZarrArray::create(memory(), "s", &ArraySpec::new(vec![], vec![], "int32")).await.unwrap();
    scalar.write(&[], &7_i32.to_ne_bytes()).await.unwrap();
    assert_eq!(scalar.read(&[]).await.unwrap(), 7_i32.to_ne_bytes());
    assert_eq!(scalar.chunk_key(&[]).unwrap().as_str(), "s/c");
    let spec = ArraySpec::new(vec![0, 4], vec![2, 2], "int32");
    let empty = ZarrArray::create(memory(), "e", &spec).await.unwrap();
    assert_eq!(empty.chunk_shape(), [2, 2]);
    assert!(empty.read(&[0..0, 0..4]).await.unwrap().is_empty());
}

#[tokio::test]
async fn metadata_is_what_was_asked_for() {
    let store = memory();
    let mut spec = ArraySpec::new(vec![4, 4], vec![2, 2], "float32");
    spec.dimension_names = vec!["y".into(), "x".into()];
    spec.attributes.insert("units".into(), json!("m"));
    ZarrArray::create(store.clone(), "a", &spec).await.unwrap();
    let array = ZarrArray::open(store.clone(), "/a").await.unwrap();
    assert_eq!(array.shape(), [4, 4]);
    assert_eq!(array.dimension_names(), ["y", "x"]);
    assert_eq!(array.data_type(), "float32");
    assert_eq!(array.attributes()["units"], json!("m"));
    let key = Key::new("a/zarr.json").unwrap();
    let bytes = store.get(&key, ByteRequest::All).await.unwrap().unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["attributes"], json!({"units": "m"}));
    assert_eq!(document["codecs"][1]["configuration"]["typesize"], json!(4));
    let again = ZarrArray::create(store.clone(), "a", &spec).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    let missing = ZarrArray::open(store, "b").await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}

#[tokio::test]
async fn contradictions_are_refused() {
    let ok = ArraySpec::new(vec![4, 4], vec![2, 2], "float32");
    let blosc =
        |cname: &str| Codecs::Blosc { cname: cname.into(), clevel: 5, shuffle: "shuffle".into() };
    for (spec, named) in [
        (ArraySpec { data_type: "float33".into(), ..ok.clone() }, "float32"),
        (ArraySpec { chunk_shape: vec![2], ..ok.clone() }, "chunk_shape"),
        (ArraySpec { chunk_shape: vec![0, 2], ..ok.clone() }, "chunk_shape"),
        (ArraySpec { shard_shape: Some(vec![3, 4]), ..ok.clone() }, "multiple"),
        (ArraySpec { codecs: blosc("lz77"), ..ok.clone() }, "lz4hc"),
        (ArraySpec { fill_value: json!("blue"), ..ok.clone() }, "blue"),
        (ArraySpec { dimension_names: vec!["x".into()], ..ok.clone() }, "imension"),
    ] {
        let error = ZarrArray::create(memory(), "a", &spec).await.unwrap_err();
        assert!(matches!(error, Error::Metadata { .. }), "{error:?}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn damaged_chunks_and_metadata_are_errors() {
    let store = memory();
    let array =
        ZarrArray::create(store.clone(), "a", &ArraySpec::new(vec![64], vec![64], "float32"))
            .await
            .unwrap();
    array.write_chunk(&[0], 1.5_f32.to_ne_bytes().repeat(64)).await.unwrap();
    let key = array.chunk_key(&[0]).unwrap();
    let whole = store.get(&key, ByteRequest::All).await.unwrap().unwrap();
    store.set(&key, whole.slice(..whole.len() / 2)).await.unwrap();
    let damaged = array.read_chunk(&[0]).await;
    assert!(matches!(damaged, Err(Error::Codec { .. })), "{damaged:?}");
    let short = array.write_chunk(&[0], vec![0; 3]).await;
    assert!(matches!(short, Err(Error::Codec { .. })), "{short:?}");
    let outside = array.read_chunk(&[1]).await;
    assert!(matches!(outside, Err(Error::OutOfBounds { .. })), "{outside:?}");
    store.set(&Key::new("b/zarr.json").unwrap(), "{".into()).await.unwrap();
    let malformed = ZarrArray::open(store, "b").await;
    assert!(matches!(malformed, Err(Error::Metadata { .. })), "{malformed:?}");
}

#[tokio::test]
async fn groups_and_consolidated_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Directory::new(folder.path()).unwrap());
    assert_eq!(read_group_attributes(&store, "").await.unwrap(), None);
    create_group(&store, "", serde_json::Map::new()).await.unwrap();
    let attributes = serde_json::Map::from_iter([("a".to_owned(), json!(1))]);
    write_group_attributes(&store, "", attributes.clone()).await.unwrap();
    assert_eq!(read_group_attributes(&store, "").await.unwrap(), Some(attributes.clone()));
    ZarrArray::create(store.clone(), "x", &ArraySpec::new(vec![2], vec![2], "int8")).await.unwrap();
    write_consolidated(&store, "").await.unwrap();
    let bytes =
        store.get(&Key::new("zarr.json").unwrap(), ByteRequest::All).await.unwrap().unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["consolidated_metadata"]["metadata"]["x"]["data_type"], json!("int8"));
    assert_eq!(read_group_attributes(&store, "").await.unwrap(), Some(attributes));
    let array = read_group_attributes(&store, "x").await;
    assert!(matches!(array, Err(Error::Metadata { .. })), "{array:?}");
}
