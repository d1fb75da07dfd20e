//! Hits of the read cache beside a store in memory.

use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use terracube_benches::median;
use terracube_store::{ByteRequest, Cached, Key, Memory, ReadStore, Store};

/// Keys read in turn, each several times a round.
const KEYS: usize = 1000;
const TIMES: usize = 100;

pub(crate) fn compare(rounds: usize) -> Result<()> {
    println!("\na read of a key, from memory and from the cache, medians of {rounds}");
    println!("                       memory ns   cache ns   ratio");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for size in [100, 100_000] {
        for (name, request) in [
            ("whole value", ByteRequest::All),
            ("range", ByteRequest::Range { start: 10, end: 90 }),
        ] {
            let [memory, cache] = runtime.block_on(both(size, request, rounds))?;
            println!("{name:<12} {size:>7} B {memory:>10.0} {cache:>10.0} {:>7.2}", cache / memory);
        }
    }
    Ok(())
}

async fn both(size: usize, request: ByteRequest, rounds: usize) -> Result<[f64; 2]> {
    let memory = Memory::new();
    let keys = (0..KEYS).map(|i| Key::new(format!("a/c/{}/{}", i / 32, i % 32)));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    for key in &keys {
        memory.set(key, Bytes::from(vec![7; size])).await?;
    }
    let cached = Cached::in_memory(memory.clone(), 1 << 30);
    read(&cached, &keys, request).await?;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        times[0].push(read(&memory, &keys, request).await?);
        times[1].push(read(&cached, &keys, request).await?);
    }
    Ok(times.map(median))
}

/// Nanoseconds a read.
async fn read(store: &impl ReadStore, keys: &[Key], request: ByteRequest) -> Result<f64> {
    let began = Instant::now();
    for _ in 0..TIMES {
        for key in keys {
            std::hint::black_box(store.get(key, request).await?.context("missing")?);
        }
    }
    Ok(began.elapsed().as_nanos() as f64 / (TIMES * KEYS) as f64)
}
