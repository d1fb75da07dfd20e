//! Encoding and decoding one chunk of 512 by 512 `float32` terrain, one core, per byte of pixels.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

use std::sync::Arc;

use anyhow::{Context, Result};
use criterion::{Criterion, Throughput};
use futures::executor::block_on;
use terracube_benches::{Relief, on_one_core};
use terracube_store::{ArraySpec, Codecs, Memory, ZarrArray};

const SIDE: usize = 512;

fn main() -> Result<()> {
    on_one_core(bench)
}

fn bench(criterion: &mut Criterion) -> Result<()> {
    let relief = Relief::new(1).window((0, 0), SIDE, SIDE);
    let native: Vec<u8> = relief.into_iter().flat_map(f32::to_ne_bytes).collect();
    let blosc = |cname: &str, clevel, shuffle: &str| Codecs::Blosc {
        cname: cname.into(),
        clevel,
        shuffle: shuffle.into(),
    };
    let mut group = criterion.benchmark_group("chunk");
    group.throughput(Throughput::Bytes(native.len() as u64));
    for (name, codecs) in [
        ("default", Codecs::Default),
        ("blosc lz4 5 bitshuffle", blosc("lz4", 5, "bitshuffle")),
        ("blosc zstd 1 shuffle", blosc("zstd", 1, "shuffle")),
        ("none", Codecs::None),
    ] {
        let array = array(codecs)?;
        let encoded = array.encode_chunk(&[0, 0], &native)?.context("the chunk is empty")?;
        println!("{name}: ratio {:.2}", native.len() as f64 / encoded.len() as f64);
        group.bench_function(format!("encode/{name}"), |b| {
            b.iter(|| array.encode_chunk(&[0, 0], &native));
        });
        group.bench_function(format!("decode/{name}"), |b| {
            b.iter(|| array.decode_chunk(&[0, 0], Some(encoded.clone())));
        });
    }
    group.finish();
    Ok(())
}

fn array(codecs: Codecs) -> Result<ZarrArray> {
    let side = SIDE as u64;
    let mut spec = ArraySpec::new(vec![side; 2], vec![side; 2], "float32");
    spec.codecs = codecs;
    Ok(block_on(ZarrArray::create(Arc::new(Memory::new()), "relief", &spec))?)
}
