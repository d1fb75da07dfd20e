//! Our own format of grid files.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::{GridSet, bad};
use crate::crs::Crs;
use crate::error::Result;
use crate::tile_grid::{TileGrid, TileLimits};
use crate::tile_name::TileName;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    source: String,
    grids: Vec<Entry>,
}

/// One grid, or one for each of `resolutions` or `levels`, or of both, level by level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    crs: String,
    upper_left: [f64; 2],
    resolution: Option<Resolution>,
    #[serde(default)]
    resolutions: Vec<f64>,
    /// Rows and columns of pixels.
    tile_shape: Option<[usize; 2]>,
    /// Extent along x and y.
    tile_size: Option<[f64; 2]>,
    /// Rows and columns of tiles.
    tiles: Option<[i64; 2]>,
    /// First level and how many; each has half the pixel and twice the tiles of the one before.
    levels: Option<[u32; 2]>,
    tile_name: Option<String>,
    also_named: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Resolution {
    Both(f64),
    Each([f64; 2]),
}

pub(super) fn read(json: &Value, zone: Option<u32>) -> Result<GridSet> {
    let mut set: Set = serde_json::from_value(json.clone()).map_err(|e| bad(e.to_string()))?;
    if let Some(zone) = zone {
        let fill = |text: &mut String| *text = with(text, "zone", f64::from(zone));
        fill(&mut set.name);
        fill(&mut set.title);
        set.grids.iter_mut().for_each(|entry| fill(&mut entry.crs));
    }
    let (mut grids, mut crss) = (Vec::new(), HashMap::new());
    for entry in &set.grids {
        entry
            .expand(&mut crss, &mut grids)
            .map_err(|error| bad(format!("grid {:?} of {:?}: {error}", entry.name, set.name)))?;
    }
    if grids.is_empty() {
        return Err(bad(format!("{:?} has no grids", set.name)));
    }
    Ok(GridSet::plain(&set.name, &set.title, &set.source, grids))
}

/// `SET:GRID` for each entry, as it stands.
pub(super) fn grid_names(json: &Value) -> Vec<String> {
    let Ok(set) = serde_json::from_value::<Set>(json.clone()) else { return Vec::new() };
    let name = set.name.replace("{zone:02}", "{zone}");
    set.grids.iter().map(|entry| format!("{name}:{}", entry.name)).collect()
}

impl Entry {
    fn expand(
        &self,
        crss: &mut HashMap<String, Crs>,
        grids: &mut Vec<(String, TileGrid)>,
    ) -> Result<()> {
        let crs = match crss.get(&self.crs) {
            Some(crs) => crs.clone(),
            None => crss.entry(self.crs.clone()).or_insert(Crs::parse(&self.crs)?).clone(),
        };
        for (i, resolution) in self.resolutions.iter().enumerate() {
            let (level, number) = match self.levels {
                Some([first, _]) => (i as u32, f64::from(first) + i as f64),
                None => (0, f64::NAN),
            };
            if level > 31 {
                return Err(bad("more than 32 levels"));
            }
            let one = |text: &str| with(&with(text, "res", *resolution), "z", number);
            grids.push((one(&self.name), self.grid(&crs, [*resolution; 2], level, one)?));
        }
        if !self.resolutions.is_empty() {
            return Ok(());
        }
        let resolution = match (self.resolution, self.tile_size, self.tile_shape) {
            (Some(Resolution::Both(size)), ..) => [size; 2],
            (Some(Resolution::Each(sizes)), ..) => sizes,
            (None, Some([x, y]), Some([rows, cols])) => [x / cols as f64, y / rows as f64],
            _ => return Err(bad("resolution, or tile_size and tile_shape, are missing")),
        };
        let [first, count] = self.levels.unwrap_or([0, 1]);
        if count > 32 || first > 32 {
            return Err(bad(format!("{count} levels from {first} on are too many")));
        }
        for level in 0..count {
            let one = |text: &str| with(text, "z", f64::from(first + level));
            let size = resolution.map(|size| size / f64::from(1_u32 << level.min(31)));
            grids.push((one(&self.name), self.grid(&crs, size, level, one)?));
        }
        Ok(())
    }

    fn grid(
        &self,
        crs: &Crs,
        [x, y]: [f64; 2],
        level: u32,
        fill: impl Fn(&str) -> String,
    ) -> Result<TileGrid> {
        let shape = match (self.tile_shape, self.tile_size) {
            (Some([rows, cols]), _) => (rows, cols),
            (None, Some([width, height])) => {
                let whole = |size: f64| (size.fract().abs() < 1e-6).then_some(size as usize);
                match (whole(height / y), whole(width / x)) {
                    (Some(rows), Some(cols)) => (rows, cols),
                    _ => return Err(bad(format!("{x} by {y} does not divide the tile"))),
                }
            }
            (None, None) => return Err(bad("tile_shape or tile_size is missing")),
        };
        let limits = self.tiles.map(|[rows, cols]| TileLimits {
            cols: 0..cols.saturating_mul(1 << level),
            rows: 0..rows.saturating_mul(1 << level),
        });
        let corner = (self.upper_left[0], self.upper_left[1]);
        let mut grid = TileGrid::new(crs.clone(), corner, (x, y), shape, limits)?;
        for text in [&self.tile_name, &self.also_named].into_iter().flatten() {
            grid.tile_names.push(fill(text).parse::<TileName>()?);
        }
        Ok(grid)
    }
}

/// A text with `{WORD}` and `{WORD:0n}` replaced by a number.
fn with(text: &str, word: &str, value: f64) -> String {
    let mut filled = text.replace(&format!("{{{word}}}"), &value.to_string());
    for width in 2..=4 {
        filled = filled.replace(&format!("{{{word}:0{width}}}"), &format!("{value:0width$}"));
    }
    filled
}
