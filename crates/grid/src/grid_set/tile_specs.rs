//! Reading tile specifications by name, as `tilezilla`, `stems` and `cedar` have them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{GridSet, bad};
use crate::crs::Crs;
use crate::error::Result;
use crate::tile_grid::{TileGrid, TileLimits};

/// One specification: `ul` and `res` are x and y, `size` columns and rows of pixels, `limits` the
/// first and last row, then the first and last column of tiles.
#[derive(Deserialize)]
struct Spec {
    crs: String,
    ul: [f64; 2],
    res: [f64; 2],
    size: [usize; 2],
    #[serde(default)]
    limits: Option<[[i64; 2]; 2]>,
}

/// `{"NAME": {…}, …}`, or one specification by itself.
pub(super) fn read(json: &Value) -> Result<GridSet> {
    const WHAT: &str = "expected grids (ours), tileMatrices (OGC) or specifications with ul, crs, \
                        res and size by name";
    let all = json.as_object().ok_or_else(|| bad(WHAT))?;
    let by_name: Map<String, Value> = if all.contains_key("ul") {
        let name = all.get("name").and_then(Value::as_str).unwrap_or("grid");
        [(name.to_owned(), json.clone())].into_iter().collect()
    } else {
        all.clone()
    };
    let grids = by_name
        .into_iter()
        .map(|(name, spec)| {
            let spec: Spec =
                serde_json::from_value(spec).map_err(|e| bad(format!("{name}: {e}; {WHAT}")))?;
            let grid = spec.grid().map_err(|e| bad(format!("{name}: {e}")))?;
            Ok((name, grid))
        })
        .collect::<Result<Vec<_>>>()?;
    if grids.is_empty() {
        return Err(bad(WHAT));
    }
    Ok(GridSet::plain("", "", "", grids))
}

impl Spec {
    fn grid(&self) -> Result<TileGrid> {
        let limits = self.limits.map(|[rows, cols]| TileLimits {
            cols: cols[0]..cols[1].saturating_add(1),
            rows: rows[0]..rows[1].saturating_add(1),
        });
        let mut grid = TileGrid::new(
            Crs::parse(&self.crs)?,
            (self.ul[0], self.ul[1]),
            (self.res[0].abs(), self.res[1].abs()),
            (self.size[1], self.size[0]),
            limits,
        )?;
        grid.tile_names.push("h{col:03}v{row:03}".parse()?);
        Ok(grid)
    }
}
