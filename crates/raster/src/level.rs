//! One resolution of a file, and which to read.

use terracube_grid::{Affine, GeoBox, Window};

use crate::{Error, Result};

/// One resolution of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Columns of a tile; the width of the level for strips.
    pub tile_width: usize,
    /// Rows of a tile or strip.
    pub tile_height: usize,
    /// Pixels of the full image per pixel of this level, along columns and rows.
    pub factor: (f64, f64),
    /// Whether it has an internal mask.
    pub has_mask: bool,
}

impl Level {
    /// The level to read for pixels `scale` times (columns, rows) as large as the full image's: the
    /// coarsest whose factor is not above the smaller of the two, so 1.9 is the full image and 2.0
    /// to 3.9 the overview by two, as `gdalwarp -ovr AUTO` chooses. Where columns and rows differ
    /// GDAL compares the diagonals of the two images instead, which depends on how large they are.
    #[must_use]
    pub fn choose(levels: &[Self], scale: (f64, f64)) -> usize {
        let wanted = scale.0.min(scale.1) * (1.0 + 1e-6);
        let fits = |level: &Self| level.factor.0.max(level.factor.1) <= wanted;
        levels.iter().rposition(fits).unwrap_or(0)
    }

    /// Where the level lies, of a full image that lies at `full`.
    #[must_use]
    pub fn geobox(&self, full: &GeoBox) -> Option<GeoBox> {
        let affine = full.affine.compose(&Affine::scale(self.factor.0, self.factor.1));
        GeoBox::new(full.crs.clone(), affine, self.width, self.height).ok()
    }

    /// That there is such a level of the file `key`, and that `window` lies in it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub(crate) fn check_window(
        key: &str,
        levels: &[Self],
        level: usize,
        window: &Window,
    ) -> Result<()> {
        let out_of_range = |what, asked: String, has| {
            Err(Error::OutOfRange { key: key.to_owned(), what, asked, has })
        };
        let Some(found) = levels.get(level) else {
            let has = format!("it has {} levels, counted from 0", levels.len());
            return out_of_range("level", level.to_string(), has);
        };
        let fits = |at: usize, len: usize, limit: usize| {
            len > 0 && at.checked_add(len).is_some_and(|end| end <= limit)
        };
        if !fits(window.col, window.width, found.width)
            || !fits(window.row, window.height, found.height)
        {
            let has = format!("level {level} is {} by {}", found.width, found.height);
            return out_of_range("window", format!("{window:?}"), has);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    // Made by `tests/python/overview_reference.py`.
    #[test]
    fn the_level_is_that_of_gdalwarp() {
        let cases: Vec<Value> =
            serde_json::from_str(include_str!("../tests/fixtures/overviews.json")).unwrap();
        assert!(cases.len() > 90);
        let mut other = Vec::new();
        for case in &cases {
            let size = |level: &Value| (level[0].as_f64().unwrap(), level[1].as_f64().unwrap());
            let full = size(&case["levels"][0]);
            let levels: Vec<_> = case["levels"].as_array().unwrap().iter().map(size).collect();
            let levels: Vec<_> = levels.into_iter().map(|(w, h)| level(full, (w, h))).collect();
            let ratio = size(&case["ratio"]);
            let chosen = Level::choose(&levels, ratio);
            if case["level"].as_u64() != Some(chosen as u64) {
                // Never coarser than asked for, where GDAL may be.
                assert!(ratio.0 != ratio.1 && levels[chosen].factor.0 <= ratio.0.min(ratio.1));
                other.push((ratio, case["level"].as_u64().unwrap(), chosen));
            }
        }
        let turned = ((1.9, 8.0), 1, 0);
        assert!(other.contains(&turned) && other.len() <= 6, "{other:?}");
    }

    fn level(full: (f64, f64), size: (f64, f64)) -> Level {
        Level {
            width: size.0 as usize,
            height: size.1 as usize,
            tile_width: 128,
            tile_height: 128,
            factor: (full.0 / size.0, full.1 / size.1),
            has_mask: false,
        }
    }
}
