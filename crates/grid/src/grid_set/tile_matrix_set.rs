//! Reading an OGC Two Dimensional Tile Matrix Set, versions 1 and 2 (OGC 17-083r2 and r4).

use serde_json::Value;

use super::{GridSet, bad};
use crate::crs::Crs;
use crate::error::Result;
use crate::tile_grid::{TileGrid, TileLimits};

pub(super) fn read(json: &Value) -> Result<GridSet> {
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = ["id", "identifier"].map(text).into_iter().find(|t| !t.is_empty());
    let name = name.unwrap_or_else(|| "tile matrix set".to_owned());
    let crs = crs(json).map_err(|e| bad(format!("{name}: {e}")))?;
    let yx = is_northing_first(json, &crs);
    let matrices = ["tileMatrices", "tileMatrix"].iter().find_map(|key| json.get(key));
    let matrices = matrices.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let grids = matrices
        .iter()
        .map(|matrix| self::matrix(matrix, &crs, yx).map_err(|e| bad(format!("{name}: {e}"))))
        .collect::<Result<Vec<_>>>()?;
    if grids.is_empty() {
        return Err(bad(format!("{name} has no tile matrices")));
    }
    let uri = text("uri");
    Ok(GridSet::plain(&name, &text("title"), &uri, grids))
}

/// Given as a URI, `{"uri": …}`, `{"wkt": …}` (WKT or PROJJSON), or in version 1 as `supportedCRS`.
fn crs(json: &Value) -> Result<Crs> {
    let given = ["crs", "supportedCRS"].iter().find_map(|key| json.get(key));
    let given = given.ok_or_else(|| bad("it has no crs"))?;
    match given.get("uri").or_else(|| given.get("wkt")).unwrap_or(given) {
        Value::String(text) => Crs::parse(text),
        json => Crs::from_projjson(json),
    }
}

fn is_northing_first(json: &Value, crs: &Crs) -> bool {
    let axes = json.get("orderedAxes").and_then(Value::as_array);
    match axes.and_then(|axes| axes.first()).and_then(Value::as_str) {
        Some(axis) => matches!(axis.to_ascii_lowercase().as_str(), "y" | "lat" | "n" | "northing"),
        // CRS84 is EPSG:4326 with longitude first.
        None => crs.is_northing_first() && !json.to_string().contains("CRS84"),
    }
}

fn matrix(json: &Value, crs: &Crs, yx: bool) -> Result<(String, TileGrid)> {
    /// A pixel in metres at the scale of 1:1.
    const PIXEL: f64 = 0.000_28;
    let id = ["id", "identifier"].iter().find_map(|key| json.get(key)).and_then(Value::as_str);
    let id = id.ok_or_else(|| bad("a tile matrix has no id"))?.to_owned();
    let fault = |what: &str| bad(format!("tile matrix {id:?} {what}"));
    if json.get("variableMatrixWidths").is_some_and(|v| v.as_array().is_none_or(|a| !a.is_empty()))
    {
        return Err(fault("has rows of unequal tiles (variableMatrixWidths), which are not read"));
    }
    let number = |key: &str| json.get(key).and_then(Value::as_f64);
    let whole = |key: &str| {
        let count = json.get(key).and_then(Value::as_u64).filter(|n| (1..=1 << 31).contains(n));
        count.ok_or_else(|| fault(&format!("has no {key}")))
    };
    let scale = number("scaleDenominator").map(|scale| scale * PIXEL / crs.metres_per_unit());
    let size = number("cellSize").or(scale).ok_or_else(|| fault("has no cellSize"))?;
    let point = ["pointOfOrigin", "topLeftCorner"].iter().find_map(|key| json.get(key));
    let [a, b] = point
        .and_then(|p| Some([p.get(0)?.as_f64()?, p.get(1)?.as_f64()?]))
        .ok_or_else(|| fault("has no pointOfOrigin"))?;
    let (x, y) = if yx { (b, a) } else { (a, b) };
    let (rows, cols) = (whole("matrixHeight")?, whole("matrixWidth")?);
    let (height, width) = (whole("tileHeight")? as usize, whole("tileWidth")? as usize);
    let (top, row) = match json.get("cornerOfOrigin").and_then(Value::as_str) {
        None | Some("topLeft") => (y, "row"),
        Some("bottomLeft") => (y + rows as f64 * height as f64 * size, "south"),
        Some(other) => return Err(fault(&format!("has the unknown cornerOfOrigin {other:?}"))),
    };
    let limits = TileLimits { cols: 0..cols as i64, rows: 0..rows as i64 };
    let mut grid =
        TileGrid::new(crs.clone(), (x, top), (size, size), (height, width), Some(limits))?;
    grid.tile_names.push(format!("{id}/{{col}}/{{{row}}}").parse()?);
    Ok((id, grid))
}
