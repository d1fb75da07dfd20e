//! Reading parts of shards.

use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use terracube_store::{
    ArraySpec, ByteRequest, Codecs, Error, Key, Measured, Memory, Operation, ReadStore, Store,
    ZarrArray,
};

const SHAPE: [u64; 2] = [50, 70];

/// Element `i` in C order is `i`, but the upper left shard and one chunk are fill values.
async fn array(store: Arc<dyn Store>, codecs: Codecs, index_location: &str) -> ZarrArray {
    let mut spec = ArraySpec::new(SHAPE.to_vec(), vec![24, 40], "uint32");
    let inner = match codecs {
        Codecs::Raw(list) => list,
        _ => vec![json!({"name": "bytes", "configuration": {"endian": "little"}})],
    };
    spec.fill_value = json!(7);
    spec.codecs = Codecs::Raw(vec![json!({"name": "sharding_indexed", "configuration": {
        "chunk_shape": [4, 8],
        "codecs": inner,
        "index_codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}
        ],
        "index_location": index_location,
    }})]);
    let array = ZarrArray::create(store, "a", &spec).await.unwrap();
    array.write(&[0..50, 0..70], &values(&[0..50, 0..70])).await.unwrap();
    array
}

fn value(row: u64, col: u64) -> u32 {
    let is_absent = (row < 24 && col < 40) || (row / 4 == 10 && col / 8 == 6);
    if is_absent { 7 } else { (row * SHAPE[1] + col) as u32 }
}

fn values(window: &[Range<u64>; 2]) -> Vec<u8> {
    let [rows, cols] = window;
    let all = rows.clone().flat_map(|row| cols.clone().map(move |col| value(row, col)));
    all.flat_map(u32::to_ne_bytes).collect()
}

fn zstd_transposed() -> Codecs {
    Codecs::Raw(vec![
        json!({"name": "transpose", "configuration": {"order": [1, 0]}}),
        json!({"name": "bytes", "configuration": {"endian": "big"}}),
        json!({"name": "zstd", "configuration": {"level": 1, "checksum": true}}),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_window_has_its_values(
        row in 0..50_u64, col in 0..70_u64, height in 0..50_u64, width in 0..70_u64,
        is_first: bool, is_compressed: bool,
    ) {
        let window = [row..(row + height).min(50), col..(col + width).min(70)];
        let codecs = if is_compressed { zstd_transposed() } else { Codecs::None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Arc::new(Memory::new());
            let array = array(store, codecs, if is_first { "start" } else { "end" }).await;
            assert_eq!(array.read(&window).await.unwrap(), values(&window), "{window:?}");
        });
    }
}

#[tokio::test]
async fn only_the_index_and_the_chunks_touched_are_read() {
    let store = Arc::new(Measured::new(Memory::new()));
    let array = array(store.clone(), Codecs::None, "end").await;
    let read = |window: [Range<u64>; 2]| {
        let (array, store) = (array.clone(), Arc::clone(&store));
        async move {
            let before = [Operation::Get, Operation::GetPartialValues]
                .map(|operation| store.metrics().of(operation).bytes);
            assert_eq!(array.read(&window).await.unwrap(), values(&window));
            let after = [Operation::Get, Operation::GetPartialValues]
                .map(|operation| store.metrics().of(operation).bytes);
            [after[0] - before[0], after[1] - before[1]]
        }
    };
    // 6 × 5 chunks of 4 × 8 elements of 4 bytes in a shard; 16 bytes a chunk and a checksum
    let (index, chunk) = (30 * 16 + 4, 4 * 8 * 4);
    assert_eq!(read([25..27, 41..43]).await, [index, chunk]);
    assert_eq!(read([27..29, 47..49]).await, [index, 4 * chunk]);
    // no shard there
    assert_eq!(read([0..1, 0..1]).await, [0, 0]);
    // a chunk of fill values is in the index only
    assert_eq!(read([41..42, 49..50]).await, [index, 0]);
    // more than half of a shard is read at once
    let [whole, parts] = read([24..48, 40..70]).await;
    assert!(whole > 15 * chunk && parts == 0, "{whole} {parts}");
}

#[tokio::test]
async fn a_damaged_shard_is_an_error() {
    let store = Arc::new(Memory::new());
    let array = array(store.clone(), Codecs::None, "end").await;
    let key = Key::new("a/c/1/1").unwrap();
    let whole = store.get(&key, ByteRequest::All).await.unwrap().unwrap();
    let mut flipped = whole.to_vec();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    for damaged in [whole.slice(..100), flipped.into()] {
        store.set(&key, damaged).await.unwrap();
        let error = array.read(&[25..27, 41..43]).await.unwrap_err();
        assert!(matches!(error, Error::Codec { .. }), "{error}");
        assert!(error.to_string().contains("/a"), "{error}");
    }
}
