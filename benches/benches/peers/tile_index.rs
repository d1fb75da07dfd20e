//! Where the full-resolution tiles of a COG lie in its file, read here apart from the reader that
//! is judged by it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use terracube_grid::Window;

/// Bytes at the start of a file that hold its first directory.
const HEAD: u64 = 64 * 1024;

/// Tiles closer than this are neighbours.
const GAP: u64 = 64 * 1024;

/// The first directory of a little-endian classic TIFF.
#[derive(Debug, Clone)]
pub(crate) struct TileIndex {
    width: usize,
    tile: usize,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

/// One tile of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TilePlace {
    pub(crate) col: usize,
    pub(crate) row: usize,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl TileIndex {
    /// The full-resolution tiles of a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self::all(path)?.swap_remove(0))
    }

    /// The first byte of a file that belongs to a tile, of an overview or not.
    pub(crate) fn first_tile(path: &Path) -> Result<u64> {
        let all = Self::all(path)?;
        let offsets = all.iter().flat_map(|level| &level.offsets).copied();
        offsets.min().context("a file without tiles")
    }

    /// All levels of a file, the full resolution first.
    fn all(path: &Path) -> Result<Vec<Self>> {
        let mut head = Vec::new();
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(HEAD).read_to_end(&mut head)?;
        ensure!(head.starts_with(b"II\x2a\0"), "{} is no classic TIFF", path.display());
        let mut at = number(&head, 4, 4)? as usize;
        let mut levels = Vec::new();
        while at != 0 {
            levels.push(Self::parse(&head, at).context("a directory is not as written here")?);
            let entries = number(&head, at, 2)? as usize;
            at = number(&head, at + 2 + 12 * entries, 4)? as usize;
        }
        ensure!(!levels.is_empty(), "{} has no directory", path.display());
        Ok(levels)
    }

    fn parse(head: &[u8], directory: usize) -> Result<Self> {
        let count = number(head, directory, 2)? as usize;
        let values = |tag: u64| -> Result<Vec<u64>> {
            for at in (0..count).map(|i| directory + 2 + 12 * i) {
                if number(head, at, 2)? == tag {
                    let size = if number(head, at + 2, 2)? == 3 { 2 } else { 4 };
                    let n = number(head, at + 4, 4)? as usize;
                    let inline = n * size <= 4;
                    let first = if inline { at + 8 } else { number(head, at + 8, 4)? as usize };
                    return (0..n).map(|i| number(head, first + i * size, size)).collect();
                }
            }
            bail!("no tag {tag}")
        };
        let one =
            |tag| -> Result<usize> { Ok(*values(tag)?.first().context("no value")? as usize) };
        let (offsets, lengths) = (values(324)?, values(325)?);
        ensure!(offsets.len() == lengths.len(), "offsets and lengths differ");
        Ok(Self { width: one(256)?, tile: one(322)?, offsets, lengths })
    }

    /// Pixels along each side of a tile.
    pub(crate) fn tile(&self) -> usize {
        self.tile
    }

    /// The first byte that belongs to no directory.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = TilePlace> {
        let across = self.width.div_ceil(self.tile);
        self.offsets.iter().zip(&self.lengths).enumerate().map(move |(i, (offset, length))| {
            TilePlace { col: i % across, row: i / across, offset: *offset, length: *length }
        })
    }

    /// Bytes of the tiles that a window of the file's pixels touches, and in how many runs of
    /// neighbours they lie.
    pub(crate) fn under(&self, window: &Window) -> (u64, usize) {
        let side = self.tile;
        let meets = |t: &TilePlace| {
            Window::new(t.col * side, t.row * side, side, side).intersection(window).is_some()
        };
        let mut tiles: Vec<_> = self.tiles().filter(meets).collect();
        tiles.sort_by_key(|tile| tile.offset);
        let runs = tiles.chunk_by(|a, b| b.offset <= a.offset + a.length + GAP).count();
        (tiles.iter().map(|tile| tile.length).sum(), runs)
    }
}

fn number(bytes: &[u8], at: usize, size: usize) -> Result<u64> {
    let end = at.checked_add(size).context("an offset beyond all")?;
    let field = bytes.get(at..end).context("the directory is not at the start")?;
    Ok(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
