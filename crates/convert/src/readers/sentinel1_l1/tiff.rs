//! The image of a product, as means of blocks, through the raster crate.

use std::path::Path;
use std::sync::Arc;

use terracube_grid::Window;
use terracube_raster::Cog;
use terracube_store::{Directory, Key};

use crate::error::{Error, Result};
use crate::pixels;

/// Most pixels decoded at once.
const STRIP: usize = 1 << 24;

/// Means of squared values of blocks, row by row.
pub(super) fn block_means(
    path: &Path,
    (height, width): (usize, usize),
    (rows, cells): (usize, usize),
) -> Result<Vec<f64>> {
    let failed = |cause: &dyn std::fmt::Display| Error::NotReadable {
        path: path.to_owned(),
        format: "GeoTIFF",
        reason: cause.to_string(),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let store = Directory::new(folder).map_err(|cause| failed(&cause))?;
    let key = Key::new(name.as_ref()).map_err(|cause| failed(&cause))?;
    // The rest of the crate is synchronous; the store's calls need a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| failed(&cause))?;
    let cog = runtime.block_on(Cog::open(Arc::new(store), key)).map_err(|cause| failed(&cause))?;
    let (lines, samples) = cog.levels().first().map_or((0, 0), |level| (level.height, level.width));
    let is_there = rows.checked_mul(height).is_some_and(|wanted| wanted <= lines)
        && cells.checked_mul(width).is_some_and(|wanted| wanted <= samples);
    if !is_there {
        let reason = "pixels, fewer than the annotation says";
        return Err(failed(&format!("it has {lines} by {samples} {reason}")));
    }
    pixels::counted(path, "the image", &[rows, cells])?;
    pixels::counted(path, "a row of blocks", &[height, cells * width])?;
    let at_once = (STRIP / (cells * width * height).max(1)).clamp(1, rows);
    let mut means = Vec::with_capacity(rows * cells);
    for first in (0..rows).step_by(at_once) {
        let count = at_once.min(rows - first);
        let window = Window::new(0, first * height, cells * width, count * height);
        let fetched = runtime.block_on(cog.fetch(0, 0, window)).map_err(|cause| failed(&cause))?;
        let raster = fetched.decode().map_err(|cause| failed(&cause))?;
        for row in 0..count {
            for cell in 0..cells {
                let mut sum = 0.0;
                for line in row * height..(row + 1) * height {
                    for pixel in cell * width..(cell + 1) * width {
                        let index = line * raster.width + pixel;
                        let value = raster.pixels.get_f64(index).unwrap_or(0.0);
                        sum += value * value;
                    }
                }
                means.push(sum / (width * height) as f64);
            }
        }
    }
    Ok(means)
}
