//! Reading a whole array.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use terracube_benches::{median, peak_bytes};
use terracube_store::{OpenOptions, ZarrArray, open_repository};

use crate::dataset::Dataset;
use crate::round::{Cores, Found, Work, answer, on};

/// One of those that are compared, whose number is prime: see `order`.
struct Contender {
    name: &'static str,
    /// A work, or the script for Python.
    how: Result<Work, &'static str>,
    place: String,
}

pub(crate) fn compare(dataset: &Dataset, rounds: usize) -> Result<()> {
    let (directory, icechunk) = (dataset.path("a.zarr"), dataset.path("a.icechunk"));
    let ours = |name, place: &String| Contender { name, how: Ok(Work::Ours), place: place.clone() };
    let python = |name, place: &String| Contender { name, how: Err(PYTHON), place: place.clone() };
    let mut contenders = vec![
        Contender { name: "zarrs, files", how: Ok(Work::Zarrs), place: directory.clone() },
        ours("ours, directory", &directory),
        ours("ours, Icechunk", &icechunk),
    ];
    if std::env::var("TERRACUBE_PYTHON").is_ok() {
        contenders.push(python("zarr-python, files", &directory));
        contenders.push(python("zarr-python, Icechunk", &icechunk));
    } else {
        println!("without zarr-python: TERRACUBE_PYTHON is not set");
    }
    let gib = dataset.bytes() as f64 / (1 << 30) as f64;
    println!(
        "\nreading {gib:.2} GiB of float32 in chunks of 1024² (blosc lz4), medians of {rounds}"
    );
    let mut walls = vec![[Vec::new(), Vec::new()]; contenders.len()];
    for round in 0..rounds {
        for (cores, which) in [(Cores::One, 0), (Cores::All, 1)] {
            for index in order(contenders.len(), round) {
                let contender = &contenders[index];
                let found = contender.run(cores)?;
                ensure!(found.amount == dataset.bytes(), "{}: {found:?}", contender.name);
                walls[index][which].push(found.wall);
            }
        }
    }
    let medians: Vec<_> = walls.into_iter().map(|both| both.map(median)).collect();
    println!("                         1 core s  all cores s  scaling   × zarrs  × directory");
    for (contender, [one, all]) in contenders.iter().zip(&medians) {
        let (zarrs, directory) = (medians[0][1] / all, medians[1][1] / all);
        let scaling = one / all;
        println!(
            "{:<24} {one:>8.3} {all:>12.3} {scaling:>8.2} {zarrs:>9.2} {directory:>12.2}",
            contender.name
        );
    }
    Ok(())
}

/// An order in which each comes after another one in every round: what a process leaves behind,
/// in caches and freed memory, is felt by the next.
fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    let step = 1 + round % (count - 1);
    (0..count).map(move |position| (round + position * step) % count)
}

/// Reads the array of a plain directory with zarrs.
pub(crate) fn with_zarrs(place: &str) -> Result<Found> {
    use zarrs::array::Array;
    let store = Arc::new(zarrs::filesystem::FilesystemStore::new(place)?);
    let array = Array::open(store, "/a")?;
    timed(|| Ok(array.retrieve_array_subset::<Vec<f32>>(&array.subset_all())?.len() as u64 * 4))
}

/// Reads the array of a repository.
pub(crate) fn with_ours(place: &str) -> Result<Found> {
    let runtime = tokio::runtime::Runtime::new()?;
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    runtime.block_on(async {
        let store = open_repository(place, &options).await?.latest().await?;
        let array = ZarrArray::open(store, "a").await?;
        let window: Vec<_> = array.shape().iter().map(|size| 0..*size).collect();
        let began = Instant::now();
        let bytes = array.read(&window).await?;
        let wall = began.elapsed().as_secs_f64();
        Ok(Found { wall, first: wall, amount: bytes.len() as u64, grown: peak_bytes()? })
    })
}

fn timed(read: impl FnOnce() -> Result<u64>) -> Result<Found> {
    let began = Instant::now();
    let amount = read()?;
    let wall = began.elapsed().as_secs_f64();
    Ok(Found { wall, first: wall, amount, grown: peak_bytes()? })
}

const PYTHON: &str = r"
import json, os, sys, time
import zarr
place = sys.argv[1]
zarr.config.set({'threading.max_workers': len(os.sched_getaffinity(0))})
store = place
if place.endswith('.icechunk'):
    import icechunk
    repo = icechunk.Repository.open(icechunk.local_filesystem_storage(place))
    store = repo.readonly_session('main').store
array = zarr.open_array(store, path='a', mode='r')
began = time.perf_counter()
values = array[:]
wall = time.perf_counter() - began
print(json.dumps({'wall': wall, 'first': wall, 'amount': values.nbytes, 'grown': 0}))
";

impl Contender {
    fn run(&self, cores: Cores) -> Result<Found> {
        match self.how {
            Ok(work) => work.in_a_process(&self.place, cores),
            Err(script) => {
                let python = std::env::var("TERRACUBE_PYTHON").context("no Python")?;
                answer(on(cores, &python).args(["-c", script, &self.place]))
            }
        }
    }
}
