//! The granules on disk.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde_json::Value;
use terracube_demo::Relief;
use terracube_demo::tiles::{self, NamedTile};
use terracube_raster::{GeoTiff, GeoTiffBand};
use terracube_raster::{Pixels, Raster};

use crate::{item, say};

/// Makes the archive as `folder` unless it is there. It is made beside and renamed when whole, so a
/// making that was interrupted is redone.
pub(crate) fn make(folder: &Path) -> Result<()> {
    if folder.join("collection.json").is_file() {
        say(&format!("the granules are in {}", folder.display()));
        return Ok(());
    }
    let name = folder.file_name().context("the folder needs a name")?.to_string_lossy();
    let making = folder.with_file_name(format!(".{name}.making"));
    if making.exists() {
        fs::remove_dir_all(&making)
            .with_context(|| format!("cannot remove {}", making.display()))?;
    }
    let started = Instant::now();
    let (count, bytes) = fill(&making)?;
    fs::rename(&making, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    say(&format!(
        "made {count} granules, {:.1} MiB, in {:.1} s: {}",
        bytes as f64 / f64::from(1 << 20),
        started.elapsed().as_secs_f64(),
        folder.display()
    ));
    Ok(())
}

fn fill(folder: &Path) -> Result<(usize, u64)> {
    let (data, items) = (folder.join("data"), folder.join("items"));
    for part in [&data, &items] {
        fs::create_dir_all(part).with_context(|| format!("cannot make {}", part.display()))?;
    }
    let relief = Relief::new()?;
    let granule = |tile: &NamedTile| -> Result<(Value, u64)> {
        let raster = relief.draw(&tile.geobox)?;
        let range = range(&raster);
        let file = data.join(format!("{}.tif", tile.id));
        write_cog(&file, raster, tile)?;
        let size = fs::metadata(&file)?.len();
        let item = item::item(tile, size, range)?;
        write_json(&items.join(format!("{}.json", tile.id)), &item)?;
        Ok((item, size))
    };
    let made: Vec<_> = tiles::tiles()?.par_iter().map(granule).collect::<Result<_>>()?;
    let bytes = made.iter().map(|(_, size)| size).sum();
    let items: Vec<_> = made.into_iter().map(|(item, _)| item).collect();
    write_json(&folder.join("collection.json"), &item::collection(&items)?)?;
    Ok((items.len(), bytes))
}

fn range(raster: &Raster) -> (f64, f64) {
    let Pixels::F32(values) = &raster.pixels else { return (0.0, 0.0) };
    values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(f64::from(*value)), high.max(f64::from(*value)))
    })
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, serde_json::to_vec_pretty(value)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn write_cog(path: &Path, raster: Raster, tile: &NamedTile) -> Result<()> {
    let band = GeoTiffBand::new(raster).description("elevation").unit("m");
    Ok(GeoTiff::new(tile.geobox.clone()).nodata(item::NODATA).band(band).write(path)?)
}
