//! The works that are measured, each in a process of its own.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use futures::executor::block_on;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;
use terracube_benches::{Meter, Spent, create_cube, open_cog};
use terracube_cube::Request;
use terracube_grid::Window;
use terracube_raster::{Cog, DType, FetchedWindow, Raster};
use terracube_store::{ArraySpec, Memory, ZarrArray};

use crate::archive::{Archive, PATCH, Place};

/// Rows and columns of a tile, as [`GeoTiff`](terracube_raster::GeoTiff) writes them.
const TILE: usize = 512;

/// A work to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Every tile decoded once, then the cube's chunks, put together before, encoded.
    Floor,
    /// Patch by patch as a fill does, in memory: the parts of the tiles under a patch are decoded,
    /// put together and encoded. A tile that straddles patches is decoded for each of them.
    ByPatch,
    /// A fill into a plain Zarr directory.
    Directory,
    /// A fill into a local Icechunk repository.
    Icechunk,
}

/// What a work took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) spent: Spent,
    /// Bytes of encoded chunks.
    pub(crate) stored: u64,
    /// Of the wall time: decoding; 0 where it cannot be told.
    pub(crate) decode: f64,
    /// Of the wall time: encoding; 0 where it cannot be told.
    pub(crate) encode: f64,
}

impl Work {
    pub(crate) const ALL: [Self; 4] = [Self::Floor, Self::ByPatch, Self::Directory, Self::Icechunk];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::ByPatch => "in memory, by patch",
            Self::Directory => "fill into a directory",
            Self::Icechunk => "fill into Icechunk",
        }
    }

    pub(crate) const fn argument(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::ByPatch => "by-patch",
            Self::Directory => "directory",
            Self::Icechunk => "icechunk",
        }
    }
}

/// Does a work and says what it took. Opening what is read and creating what is written is not
/// counted.
pub(crate) fn run(work: Work, place: &Place) -> Result<Measurement> {
    match work {
        Work::Floor => floor(place),
        Work::ByPatch => by_patch(place),
        Work::Directory => fill(place, "cube.zarr"),
        Work::Icechunk => fill(place, "cube.icechunk"),
    }
}

fn floor(place: &Place) -> Result<Measurement> {
    let archive = &place.archive;
    let cogs = Cogs::open(place)?;
    let array = array(archive)?;
    let mut tiles = Vec::new();
    let mut whole = Raster::empty(archive.pixels(), archive.pixels(), DType::F32);
    for Placed { cog, col, row } in &cogs.all {
        for tile in tiles_of(archive.side) {
            let window = fetch(cog, tile)?;
            let (col, row) = ((col + tile.col) as i64, (row + tile.row) as i64);
            whole.paste(&window.decode()?, col, row)?;
            tiles.push(window);
        }
    }
    let chunk = |(row, col): (usize, usize)| {
        draw(|out| Ok(out.paste(&whole, -((col * PATCH) as i64), -((row * PATCH) as i64))?))
    };
    let chunks = patches(archive).into_iter().map(|patch| Ok((patch, chunk(patch)?)));
    let chunks = chunks.collect::<Result<Vec<_>>>()?;
    drop(whole);

    let meter = Meter::start()?;
    tiles.into_par_iter().try_for_each(|tile| tile.decode().map(drop))?;
    let decode = meter.wall();
    let stored = chunks
        .into_par_iter()
        .map(|(patch, native)| encode(&array, patch, native))
        .sum::<Result<u64>>()?;
    let mut measurement = measured(&meter, stored)?;
    (measurement.decode, measurement.encode) = (decode, measurement.spent.wall - decode);
    Ok(measurement)
}

fn by_patch(place: &Place) -> Result<Measurement> {
    let archive = &place.archive;
    let cogs = Cogs::open(place)?;
    let parts = |patch: (usize, usize)| {
        let (row, col) = (patch.0 * PATCH, patch.1 * PATCH);
        let parts = cogs.all.iter().filter_map(move |cog| {
            let (c0, c1) = (col.max(cog.col), (col + PATCH).min(cog.col + archive.side));
            let (r0, r1) = (row.max(cog.row), (row + PATCH).min(cog.row + archive.side));
            (c0 < c1 && r0 < r1).then(|| {
                let window = Window::new(c0 - cog.col, r0 - cog.row, c1 - c0, r1 - r0);
                Ok((fetch(&cog.cog, window)?, (c0 - col) as i64, (r0 - row) as i64))
            })
        });
        parts.collect::<Result<Vec<_>>>()
    };
    let parts: Vec<_> = patches(archive)
        .into_iter()
        .map(|patch| Ok((patch, parts(patch)?)))
        .collect::<Result<_>>()?;
    let array = array(archive)?;

    let meter = Meter::start()?;
    let one = |(patch, parts): (_, Vec<(FetchedWindow, i64, i64)>)| {
        let native = draw(|out| {
            parts.iter().try_for_each(|(w, col, row)| Ok(out.paste(&w.decode()?, *col, *row)?))
        })?;
        encode(&array, patch, native)
    };
    let stored = parts.into_par_iter().map(one).sum::<Result<u64>>()?;
    measured(&meter, stored)
}

fn fill(place: &Place, name: &str) -> Result<Measurement> {
    let folder = TempDir::new()?;
    let location = folder.path().join(name);
    let location = location.to_str().context("a temporary folder whose name is text")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let cube = create_cube(location, &place.archive.schema()?, &place.stac).await?;

        let meter = Meter::start()?;
        let report = cube.fill(cube.plan(&Request::all()).await?).await?;
        let measurement = measured(&meter, report.bytes_stored)?;
        ensure!(report.is_complete(), "the fill is not complete: {report}");
        ensure!(report.filled == patches(&place.archive).len(), "not all is filled: {report}");
        Ok(measurement)
    })
}

/// The archive's COGs in memory.
struct Cogs {
    all: Vec<Placed>,
}

/// A COG and its first pixel among those of all.
struct Placed {
    cog: Cog,
    col: usize,
    row: usize,
}

impl Cogs {
    fn open(place: &Place) -> Result<Self> {
        let side = place.archive.side;
        let open = |(col, row, name): (usize, usize, String)| {
            let cog = open_cog(fs::read(Path::new(&place.folder).join(name))?)?;
            Ok(Placed { cog, col: col * side, row: row * side })
        };
        Ok(Self { all: place.archive.cogs().map(open).collect::<Result<_>>()? })
    }
}

/// Takes a window's compressed tiles out of the file in memory, without copying them.
fn fetch(cog: &Cog, window: Window) -> Result<FetchedWindow> {
    Ok(block_on(cog.fetch(0, 0, window))?)
}

/// The cube's patches, row and column.
fn patches(archive: &Archive) -> Vec<(usize, usize)> {
    let across = archive.pixels().div_ceil(PATCH);
    (0..across * across).map(|i| (i / across, i % across)).collect()
}

/// The cube's array, in memory.
fn array(archive: &Archive) -> Result<ZarrArray> {
    let (pixels, patch) = (archive.pixels() as u64, PATCH as u64);
    let mut spec = ArraySpec::new(vec![pixels; 2], vec![patch; 2], "float32");
    spec.fill_value = json!("NaN");
    Ok(block_on(ZarrArray::create(Arc::new(Memory::new()), "height", &spec))?)
}

/// A patch's pixels as the cube stores them.
fn draw(draw: impl FnOnce(&mut Raster) -> Result<()>) -> Result<Vec<u8>> {
    let mut out = Raster::empty(PATCH, PATCH, DType::F32);
    draw(&mut out)?;
    out.fill_invalid(f64::NAN);
    Ok(out.pixels.into_bytes())
}

/// Encodes a patch; gives the bytes of the chunk.
fn encode(array: &ZarrArray, (row, col): (usize, usize), native: Vec<u8>) -> Result<u64> {
    let encoded = array.encode_chunk(&[row as u64, col as u64], &native)?;
    Ok(encoded.map_or(0, |bytes| bytes.len() as u64))
}

/// The tiles of a COG.
fn tiles_of(side: usize) -> impl Iterator<Item = Window> {
    let across = side.div_ceil(TILE);
    (0..across * across).map(move |i| {
        let (col, row) = (i % across * TILE, i / across * TILE);
        Window::new(col, row, TILE.min(side - col), TILE.min(side - row))
    })
}

fn measured(meter: &Meter, stored: u64) -> Result<Measurement> {
    Ok(Measurement { spent: meter.stop()?, stored, decode: 0.0, encode: 0.0 })
}
