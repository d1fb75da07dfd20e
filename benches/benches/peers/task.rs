//! What a process that is measured is told, and what it answers: JSON, the same for Rust and
//! Python.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use terracube_benches::Spent;
use terracube_grid::{GeoBox, Window};

/// One piece of work. What a work does not need is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Task {
    /// What to do; each program knows its own.
    pub(crate) work: String,
    /// The STAC API and the collection in it.
    pub(crate) stac: String,
    pub(crate) collection: String,
    /// The files to read, for programs that know no STAC: addresses, or paths.
    pub(crate) files: Vec<String>,
    /// Pixels along each side of a file.
    pub(crate) side: usize,
    /// The grid to fill.
    pub(crate) grid: Option<Grid>,
    /// The part of the grid to hand over or to compare, in pixels: column, row, width, height.
    pub(crate) window: [usize; 4],
    /// Rows and columns of a chunk.
    pub(crate) chunk: usize,
    pub(crate) resampling: String,
    /// The codec, of programs that have a choice.
    pub(crate) codec: String,
    /// `icechunk`, `zarr` or `tif`.
    pub(crate) store: String,
    /// Where the result goes, or is.
    pub(crate) out: PathBuf,
    /// Bytes that a fill may take.
    pub(crate) memory: u64,
}

/// A grid in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grid {
    pub(crate) crs: String,
    /// Min x, min y, max x, max y.
    pub(crate) extent: [f64; 4],
    pub(crate) resolution: f64,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// What a process that was measured answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    #[serde(flatten)]
    pub(crate) spent: Spent,
    /// The CRC-32 of the window's pixels, float32, little-endian, row by row.
    #[serde(default)]
    pub(crate) digest: Option<u32>,
    /// Bytes of encoded chunks.
    #[serde(default)]
    pub(crate) stored: u64,
    /// Commits made.
    #[serde(default)]
    pub(crate) commits: usize,
}

impl Grid {
    pub(crate) fn of(geobox: &GeoBox) -> Self {
        let b = geobox.bounds();
        Self {
            crs: geobox.crs.to_string(),
            extent: [b.min_x, b.min_y, b.max_x, b.max_y],
            resolution: geobox.resolution().0,
            width: geobox.width,
            height: geobox.height,
        }
    }
}

impl Task {
    pub(crate) fn window(&self) -> Window {
        let [col, row, width, height] = self.window;
        Window::new(col, row, width, height)
    }

    pub(crate) fn with_window(mut self, window: Window) -> Self {
        self.window = [window.col, window.row, window.width, window.height];
        self
    }
}
