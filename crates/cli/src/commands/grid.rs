//! `terracube grid`: the tiles of a tile grid that touch an area.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use terracube::grid::{Tile, TileGrid};

use crate::args::GridArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(context: &Context, args: GridArgs) -> Result<Outcome, Failure> {
    let (false, Some(name)) = (args.list, &args.grid) else {
        let names = TileGrid::names();
        if args.json {
            output::json(&names)?;
        } else {
            output::line(&names.join("\n"))?;
        }
        return Ok(Outcome::Done);
    };
    let region = args.place.region(args.area.as_deref())?;
    let grid = find(name)?;
    let tiles = match region {
        Some(region) => grid.tiles_of_region(&region)?,
        None => grid.tiles().ok_or_else(|| {
            Failure::usage(format!("grid `{name}` goes on without end: give --bbox or --area"))
        })?,
    };
    if tiles.is_empty() {
        context.note("no tile of the grid touches the area");
    }
    if args.geojson {
        output::json(&grid.to_geojson(&tiles)?)?;
    } else if args.json {
        output::json(&tiles.iter().map(|tile| record(&grid, *tile)).collect::<Vec<_>>())?;
    } else {
        for tile in tiles {
            output::line(&tile.to_string())?;
        }
    }
    Ok(Outcome::Done)
}

/// A grid by name, or from a file where there is one.
fn find(name: &str) -> Result<TileGrid, Failure> {
    let path = Path::new(name);
    if !path.is_file() {
        return Ok(TileGrid::named(name)?);
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let read: anyhow::Result<TileGrid> = if is_json {
        serde_json::from_str(&text).map_err(Into::into)
    } else {
        toml::from_str(&text).map_err(Into::into)
    };
    let grid = read.with_context(|| format!("`{name}` defines no tile grid"))?;
    let TileGrid { crs, upper_left, resolution, tile_shape, limits } = grid;
    Ok(TileGrid::new(crs, upper_left, resolution, tile_shape, limits)?)
}

fn record(grid: &TileGrid, tile: Tile) -> serde_json::Value {
    let bounds = grid.tile_bounds(tile);
    json!({
        "col": tile.col,
        "row": tile.row,
        "crs": grid.crs.to_string(),
        "bounds": [bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y],
    })
}
