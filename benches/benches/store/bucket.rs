//! Reading a whole array from a bucket whose every answer comes late.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use terracube_benches::{median, peak_bytes};
use terracube_store::{
    ByteRequest, OpenOptions, ReadStore, S3Options, Store, ZarrArray, open_repository,
};
use terracube_testbed::{Fault, FaultKind, Server};

use crate::dataset::Dataset;
use crate::round::{Cores, Found, Work};

const LATENCY: Duration = Duration::from_millis(20);
/// So many requests the store has under way.
const CONCURRENCY: u64 = 16;
/// Bytes per second of a connection, where there is a network between.
const PACE: u64 = 10_000_000;

pub(crate) fn compare(dataset: &Dataset, rounds: usize) -> Result<()> {
    let folder = dataset.path("");
    let near = Server::builder().files(&folder).start()?;
    let far = Server::builder().files(&folder).latency(LATENCY).start()?;
    let paced = Server::builder().files(&folder).latency(LATENCY).start()?;
    paced.fault(Fault::on("/files", FaultKind::Drip { bytes_per_s: PACE }));
    let mut walls = [const { Vec::new() }; 5];
    for _ in 0..rounds {
        let works = [
            (Work::BucketBytes, &near),
            (Work::Bucket, &near),
            (Work::Bucket, &far),
            (Work::BucketBytes, &paced),
            (Work::Bucket, &paced),
        ];
        for ((work, server), walls) in works.into_iter().zip(&mut walls) {
            let found = work.in_a_process(server.url(), Cores::All)?;
            let expected = if work == Work::Bucket { dataset.bytes() } else { dataset.stored };
            ensure!(found.amount == expected, "{work:?}: {found:?}");
            walls.push(found.wall);
        }
    }
    let [bytes, without, with, network, at_pace] = walls.map(median);
    let requests = dataset.chunks();
    let waiting = requests as f64 * LATENCY.as_secs_f64() / CONCURRENCY as f64;
    println!(
        "\nthe same from a bucket on loopback, {requests} requests of {:.1} MB, {CONCURRENCY} at a time\n\
         its bytes, not decoded       {bytes:.3} s\n\
         read at once                 {without:.3} s\n\
         read with {LATENCY:?} a request   {with:.3} s, {:.2} × the larger of bytes ({bytes:.3} s) \
         and latency ({waiting:.3} s)\n\
         and {:.0} MB/s a connection   {at_pace:.3} s, {:.2} × the larger of bytes ({network:.3} s) \
         and latency ({waiting:.3} s)",
        dataset.stored as f64 / requests as f64 / 1e6,
        with / bytes.max(waiting),
        PACE as f64 / 1e6,
        at_pace / network.max(waiting)
    );
    Ok(())
}

/// Reads the array.
pub(crate) fn read(endpoint: &str) -> Result<Found> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let array = open(endpoint).await?.1;
        let window: Vec<_> = array.shape().iter().map(|size| 0..*size).collect();
        let began = Instant::now();
        let bytes = array.read(&window).await?;
        found(began, bytes.len() as u64)
    })
}

/// Reads the stored chunks and forgets them.
pub(crate) fn read_bytes(endpoint: &str) -> Result<Found> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let (store, array) = open(endpoint).await?;
        let [rows, cols] = array.chunk_grid_shape() else { anyhow::bail!("not of two axes") };
        let chunks = (0..*rows).flat_map(|row| (0..*cols).map(move |col| [row, col]));
        let keys = chunks.map(|chunk| array.chunk_key(&chunk)).collect::<Result<Vec<_>, _>>()?;
        let began = Instant::now();
        let amount = stream::iter(keys)
            .map(|key| {
                let store = store.clone();
                tokio::spawn(async move { store.get(&key, ByteRequest::All).await })
            })
            .buffer_unordered(CONCURRENCY as usize)
            .map(|joined| anyhow::Ok(joined??.context("a chunk is missing")?.len() as u64))
            .try_fold(0, async |sum, size| Ok(sum + size))
            .await?;
        found(began, amount)
    })
}

async fn open(endpoint: &str) -> Result<(std::sync::Arc<dyn Store>, ZarrArray)> {
    let s3 = S3Options {
        endpoint: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        allow_http: true,
        anonymous: true,
        ..S3Options::default()
    };
    let options = OpenOptions { read_only: true, s3, ..OpenOptions::default() };
    // the testbed serves its folder under this name
    let store = open_repository("s3://files/a.zarr", &options).await?.latest().await?;
    let array = ZarrArray::open(store.clone(), "a").await?;
    Ok((store, array))
}

fn found(began: Instant, amount: u64) -> Result<Found> {
    let wall = began.elapsed().as_secs_f64();
    Ok(Found { wall, first: wall, amount, grown: peak_bytes()? })
}
