//! The collection that all fill from: elevation models side by side, made once and kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use terracube_benches::{Dem, item};
use terracube_grid::{GeoBox, Window};
use terracube_raster::GeoTiff;

use crate::progress::say;
use crate::tile_index::TileIndex;

/// Counts the ways in which the files have been made; those of another way are made anew.
const EDITION: u32 = 1;
pub(crate) const ID: &str = "relief";
const NODATA: f64 = -9999.0;
const MANIFEST: &str = "manifest.json";

/// COGs in a square, without gaps and overlaps.
#[derive(Debug, Clone)]
pub(crate) struct Collection {
    folder: PathBuf,
    manifest: Manifest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Manifest {
    edition: u32,
    /// COGs along each side of the square.
    across: usize,
    /// Pixels along each side of a COG.
    side: usize,
    /// Bytes of each file; known once it is whole.
    files: BTreeMap<String, u64>,
}

/// One COG of the collection.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its pixels among those of all.
    pub(crate) window: Window,
}

impl Collection {
    /// Finds the collection below `cache`, or makes what is missing of it.
    pub(crate) fn ensure(cache: &Path, across: usize, side: usize) -> Result<Self> {
        let folder = cache.join(format!("cogs-{across}x{across}-{side}"));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let empty = Manifest { edition: EDITION, across, side, files: BTreeMap::new() };
        let manifest = fs::read(folder.join(MANIFEST))
            .ok()
            .and_then(|text| serde_json::from_slice::<Manifest>(&text).ok())
            .filter(|found| Manifest { files: BTreeMap::new(), ..found.clone() } == empty);
        let mut found = Self { folder, manifest: manifest.unwrap_or(empty) };
        let missing: Vec<_> =
            found.members().into_iter().filter(|member| !found.is_whole(&member.name)).collect();
        if !missing.is_empty() {
            say(&format!("making {} COGs of {side} × {side} pixels", missing.len()));
            let dem = Dem::new()?;
            for member in missing {
                found.make(&dem, &member)?;
            }
        }
        Ok(found)
    }

    /// Pixels along each side of all.
    pub(crate) fn pixels(&self) -> usize {
        self.manifest.across * self.manifest.side
    }

    /// Pixels along each side of a COG.
    pub(crate) fn side(&self) -> usize {
        self.manifest.side
    }

    /// Pixels of a square of so many COGs; 4 lie at the coast, where land, ice and sea meet.
    pub(crate) fn block(&self, cogs: usize) -> Window {
        let Manifest { across, side, .. } = self.manifest;
        let width = cogs.isqrt().clamp(1, across);
        let (col, row) = (across.div_ceil(2).min(across - width), (across / 6).min(across - width));
        Window::new(col * side, row * side, width * side, width * side)
    }

    /// The COGs, row by row.
    pub(crate) fn members(&self) -> Vec<Member> {
        let Manifest { across, side, .. } = self.manifest;
        let member = |i: usize| {
            let (col, row) = (i % across, i / across);
            let window = Window::new(col * side, row * side, side, side);
            Member { name: format!("dem-{row}-{col}.tif"), window }
        };
        (0..across * across).map(member).collect()
    }

    /// The COGs that a window of pixels touches.
    pub(crate) fn touched(&self, window: &Window) -> Vec<Member> {
        let meets = |member: &Member| member.window.intersection(window).is_some();
        self.members().into_iter().filter(meets).collect()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The STAC items.
    pub(crate) fn items(&self) -> Result<Vec<Value>> {
        self.members().iter().map(|m| item(ID, &Dem::geobox(&m.window)?, &m.name)).collect()
    }

    /// Compressed bytes: of all files, and of their full-resolution tiles.
    pub(crate) fn compressed(&self) -> Result<(u64, u64)> {
        let full = self.members().into_iter().map(|member| {
            let tiles = TileIndex::read(&self.path(&member.name))?;
            Ok(tiles.tiles().map(|tile| tile.length).sum::<u64>())
        });
        Ok((self.manifest.files.values().sum(), full.sum::<Result<u64>>()?))
    }

    fn is_whole(&self, name: &str) -> bool {
        let length = fs::metadata(self.path(name)).map(|found| found.len()).ok();
        length.is_some() && self.manifest.files.get(name) == length.as_ref()
    }

    fn make(&mut self, dem: &Dem, member: &Member) -> Result<()> {
        let geobox: GeoBox = Dem::geobox(&member.window)?;
        let path = self.path(&member.name);
        GeoTiff::new(geobox).nodata(NODATA).band(dem.draw(&member.window)?).write(&path)?;
        let length = path.metadata()?.len();
        say(&format!("  {} {:.1} MB", member.name, length as f64 / 1e6));
        self.manifest.files.insert(member.name.clone(), length);
        let making = self.path("manifest.making");
        fs::write(&making, serde_json::to_vec_pretty(&self.manifest)?)?;
        Ok(fs::rename(making, self.path(MANIFEST))?)
    }
}
