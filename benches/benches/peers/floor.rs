//! The floor of a fill: receive, decode, encode and write the same bytes, and nothing else.
//!
//! No search, no plan, no mosaic, no ledger, no commit. Tiles are inflated by libdeflate, their
//! predictor is undone here, chunks are put together and encoded by the codec of the cube and
//! written as files.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use terracube_benches::{Meter, TileDecoder};
use terracube_grid::Window;
use terracube_store::{ArraySpec, Directory, Store, ZarrArray};

use crate::byte_fetch::ByteFetch;
use crate::task::{Answer, Task};
use crate::tile_index::{TileIndex, TilePlace};

/// Bytes of a request, at most, unless a tile is larger.
const RANGE: u64 = 3 << 20;
/// Connections, each with one request at a time.
const CONNECTIONS: usize = 8;

/// A file and where its pixels lie among those of all.
struct Source {
    url: String,
    index: TileIndex,
    window: Window,
}

/// Neighbouring tiles of one file.
struct Run {
    source: Arc<Source>,
    tiles: Vec<TilePlace>,
    bytes: Vec<u8>,
}

/// Chunks that wait for more of their pixels.
struct Chunks {
    array: ZarrArray,
    folder: std::path::PathBuf,
    side: usize,
    whole: Window,
    open: Mutex<OpenChunks>,
}

/// Chunks under way, by row and column.
type OpenChunks = HashMap<(usize, usize), Arc<Mutex<Open>>>;

struct Open {
    values: Vec<f32>,
    left: usize,
}

/// Fills the grid of a task into a plain Zarr directory. `files` are pairs of address and path:
/// the latter tells where tiles lie, so that no header is fetched.
pub(crate) fn run(task: &Task) -> Result<Answer> {
    let grid = task.grid.as_ref().context("the floor needs a grid")?;
    let whole = Window::new(0, 0, grid.width, grid.height);
    let chunks = Arc::new(Chunks::create(task, whole)?);
    let across = grid.width / task.side;
    let mut runs = Vec::new();
    for (i, pair) in task.files.chunks_exact(2).enumerate() {
        let window =
            Window::new(i % across * task.side, i / across * task.side, task.side, task.side);
        let source =
            Source { url: pair[0].clone(), index: TileIndex::read(pair[1].as_ref())?, window };
        runs.extend(split(&Arc::new(source)));
    }
    let meter = Meter::start()?;
    let stored = pump(runs, &chunks)?;
    let spent = meter.stop()?;
    let left = chunks.open.lock().unwrap_or_else(PoisonError::into_inner).len();
    ensure!(left == 0, "{left} chunks are not whole");
    Ok(Answer { spent, digest: None, stored, commits: 0 })
}

fn split(source: &Arc<Source>) -> Vec<Run> {
    let mut tiles: Vec<_> = source.index.tiles().collect();
    tiles.sort_by_key(|tile| tile.offset);
    let mut runs: Vec<Run> = Vec::new();
    for tile in tiles {
        match runs.last_mut() {
            Some(run) if tile.offset + tile.length - run.tiles[0].offset <= RANGE => {
                run.tiles.push(tile);
            }
            _ => runs.push(Run { source: source.clone(), tiles: vec![tile], bytes: Vec::new() }),
        }
    }
    runs
}

/// Fetches on some threads and works on one a core; gives the bytes written.
fn pump(runs: Vec<Run>, chunks: &Arc<Chunks>) -> Result<u64> {
    let waiting = Arc::new(Mutex::new(runs.into_iter()));
    let cores = thread::available_parallelism()?.get();
    let (sender, receiver) = sync_channel(cores);
    let receiver = Arc::new(Mutex::new(receiver));
    thread::scope(|scope| {
        let fetchers: Vec<_> = (0..CONNECTIONS)
            .map(|_| (waiting.clone(), sender.clone()))
            .map(|(waiting, sender)| scope.spawn(move || fetch(&waiting, &sender)))
            .collect();
        drop(sender);
        let workers: Vec<_> = (0..cores)
            .map(|_| (receiver.clone(), chunks.clone()))
            .map(|(receiver, chunks)| scope.spawn(move || work(&receiver, &chunks)))
            .collect();
        drop(receiver);
        let mut stored = 0;
        for worker in workers {
            stored += worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        for fetcher in fetchers {
            fetcher.join().map_err(|_| anyhow::anyhow!("a fetcher panicked"))??;
        }
        Ok(stored)
    })
}

fn fetch(waiting: &Mutex<std::vec::IntoIter<Run>>, sender: &SyncSender<Run>) -> Result<()> {
    let mut connection = ByteFetch::default();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(mut run) = next else { return Ok(()) };
        let (first, last) = (run.tiles[0], run.tiles[run.tiles.len() - 1]);
        let range = first.offset..last.offset + last.length;
        run.bytes = connection.get(&run.source.url, range)?;
        if sender.send(run).is_err() {
            // The workers have ended with an error, which is reported by them.
            return Ok(());
        }
    }
}

fn work(receiver: &Mutex<Receiver<Run>>, chunks: &Chunks) -> Result<u64> {
    let mut stored = 0;
    let mut decoder = None;
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(run) = next else { return Ok(stored) };
        let side = run.source.index.tile();
        let decoder = decoder.get_or_insert_with(|| TileDecoder::new(side));
        for tile in &run.tiles {
            let from = (tile.offset - run.tiles[0].offset) as usize;
            let values = decoder.decode(&run.bytes[from..from + tile.length as usize])?;
            stored += chunks.paste(&run.source, tile, side, values)?;
        }
    }
}

impl Chunks {
    fn create(task: &Task, whole: Window) -> Result<Self> {
        let directory: Arc<dyn Store> = Arc::new(Directory::new(&task.out)?);
        let shape = vec![whole.height as u64, whole.width as u64];
        let mut spec = ArraySpec::new(shape, vec![task.chunk as u64; 2], "float32");
        spec.fill_value = json!("NaN");
        let runtime = tokio::runtime::Runtime::new()?;
        let array = runtime.block_on(ZarrArray::create(directory, "dem", &spec))?;
        let folder = task.out.join("dem/c");
        for row in 0..whole.height.div_ceil(task.chunk) {
            std::fs::create_dir_all(folder.join(row.to_string()))?;
        }
        Ok(Self { array, folder, side: task.chunk, whole, open: Mutex::default() })
    }

    /// Puts a tile where it belongs, and writes the chunks that are whole with it.
    fn paste(&self, source: &Source, tile: &TilePlace, side: usize, values: &[f32]) -> Result<u64> {
        let (col, row) = (tile.col * side, tile.row * side);
        let own = Window::new(source.window.col + col, source.window.row + row, side, side);
        // What of the tile lies in the file's raster; the rest is padding.
        let Some(own_part) = own.intersection(&source.window) else { return Ok(0) };
        let mut stored = 0;
        for chunk_row in own_part.row / self.side..own_part.row_end().div_ceil(self.side) {
            for chunk_col in own_part.col / self.side..own_part.col_end().div_ceil(self.side) {
                let chunk =
                    Window::new(chunk_col * self.side, chunk_row * self.side, self.side, self.side);
                let Some(part) = own_part.intersection(&chunk) else { continue };
                let place = (chunk_row, chunk_col);
                let open = self.opened(place, &chunk);
                let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
                for line in part.rows() {
                    let from = (line - own.row) * side + part.col - own.col;
                    let to = (line - chunk.row) * self.side + part.col - chunk.col;
                    open.values[to..to + part.width]
                        .copy_from_slice(&values[from..from + part.width]);
                }
                open.left -= part.len();
                if open.left == 0 {
                    self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
                    stored += self.write(place, std::mem::take(&mut open.values))?;
                }
            }
        }
        Ok(stored)
    }

    fn opened(&self, place: (usize, usize), chunk: &Window) -> Arc<Mutex<Open>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let left = chunk.intersection(&self.whole).map_or(0, |part| part.len());
            let values = vec![f32::NAN; chunk.len()];
            Arc::new(Mutex::new(Open { values, left }))
        };
        open.entry(place).or_insert_with(new).clone()
    }

    fn write(&self, (row, col): (usize, usize), values: Vec<f32>) -> Result<u64> {
        let native = terracube_raster::Pixels::F32(values).into_bytes();
        let encoded = self.array.encode_chunk(&[row as u64, col as u64], &native)?;
        let Some(bytes) = encoded else { return Ok(0) };
        std::fs::write(self.folder.join(row.to_string()).join(col.to_string()), &bytes)?;
        Ok(bytes.len() as u64)
    }
}
