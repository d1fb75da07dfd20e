//! Listing very many keys.

use std::time::Instant;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use terracube_benches::{median, peak_bytes};
use terracube_store::{
    ArraySpec, Codecs, Directory, Key, Memory, OpenOptions, Prefix, Store, ZarrArray,
    create_repository, open_repository,
};

use crate::round::{Cores, Found, Work};

pub(crate) fn compare(keys: usize, rounds: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let place = |name: &str| folder.path().join(name).display().to_string();
    // in Icechunk even opening a version takes memory: what listing adds is told by a shorter one
    let places = [
        ("memory", format!("memory {keys}"), format!("memory {}", keys / 10)),
        ("directory", place("all.zarr"), place("few.zarr")),
        ("Icechunk", place("all.icechunk"), place("few.icechunk")),
    ];
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        for (name, count) in [("all", keys), ("few", keys / 10)] {
            write_directory(&place(&format!("{name}.zarr")), count)?;
            write_icechunk(&place(&format!("{name}.icechunk")), count).await?;
        }
        anyhow::Ok(())
    })?;
    println!("\nlisting {keys} keys, medians of {rounds}");
    println!(
        "              first key ms   all keys ms   memory grown MB   for a tenth of the keys"
    );
    for (name, all, few) in &places {
        let (mut of_all, mut of_few) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            of_all.push(Work::List.in_a_process(all, Cores::All)?);
            of_few.push(Work::List.in_a_process(few, Cores::All)?);
        }
        let of = |found: &[Found], what: fn(&Found) -> f64| median(found.iter().map(what));
        println!(
            "{name:<12} {:>13.2} {:>13.1} {:>17.1} {:>25.1}",
            1e3 * of(&of_all, |f| f.first),
            1e3 * of(&of_all, |f| f.wall),
            of(&of_all, |f| f.grown as f64 / 1e6),
            of(&of_few, |f| f.grown as f64 / 1e6),
        );
    }
    Ok(())
}

/// Lists the chunks of an array.
pub(crate) fn list(place: &str) -> Result<Found> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let store: std::sync::Arc<dyn Store> = match place.strip_prefix("memory ") {
            Some(count) => std::sync::Arc::new(in_memory(count.parse()?).await?),
            None if place.ends_with(".zarr") => std::sync::Arc::new(Directory::new(place)?),
            None => open_repository(place, &OpenOptions::default()).await?.latest().await?,
        };
        let (before, began) = (peak_bytes()?, Instant::now());
        let mut keys = store.list_prefix(&Prefix::new("a/c")?);
        keys.try_next().await?.context("no keys")?;
        let first = began.elapsed().as_secs_f64();
        let mut amount = 1;
        while keys.try_next().await?.is_some() {
            amount += 1;
        }
        let wall = began.elapsed().as_secs_f64();
        Ok(Found { wall, first, amount, grown: peak_bytes()? - before })
    })
}

async fn in_memory(count: usize) -> Result<Memory> {
    let store = Memory::new();
    for key in names(count) {
        store.set(&Key::new(key)?, "1".into()).await?;
    }
    Ok(store)
}

fn write_directory(place: &str, count: usize) -> Result<()> {
    for key in names(count) {
        let file = std::path::Path::new(place).join(key);
        std::fs::create_dir_all(file.parent().context("no folder")?)?;
        std::fs::write(file, "1")?;
    }
    Ok(())
}

async fn write_icechunk(place: &str, count: usize) -> Result<()> {
    let options = OpenOptions { fsync: Some(false), ..OpenOptions::default() };
    let session = create_repository(place, &options).await?.begin().await?;
    let side = side(count) as u64;
    let mut spec = ArraySpec::new(vec![side, side], vec![1, 1], "uint8");
    spec.codecs = Codecs::None;
    ZarrArray::create(session.store(), "a", &spec).await?;
    for key in names(count) {
        session.store().set(&Key::new(key)?, "1".into()).await?;
    }
    session.commit("the chunks").await?;
    Ok(())
}

/// The keys of chunks in a square.
fn names(count: usize) -> impl Iterator<Item = String> {
    let side = side(count);
    (0..count).map(move |i| format!("a/c/{}/{}", i / side, i % side))
}

fn side(count: usize) -> usize {
    (count as f64).sqrt().ceil() as usize
}
