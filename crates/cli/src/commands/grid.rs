//! `terracube grid`: the tiles of a grid by name, or those that touch an area.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use terracube::grid::{GridSet, NamedTile, Region, Tile, TileGrid};

use crate::args::GridArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(context: &Context, args: GridArgs) -> Result<Outcome, Failure> {
    let (false, Some(name)) = (args.list, &args.grid) else {
        return list(&args);
    };
    let region = args.place.region(args.area.as_deref())?;
    let tiles = match (find(name, args.tile.is_some())?, &args.tile, region) {
        (Found::Set(set, member), Some(tile), _) => match member.as_str() {
            "" => Tiles::Named(vec![set.tile(tile)?]),
            member => Tiles::Named(vec![set.tile_of(member, tile)?]),
        },
        (Found::Set(set, member), None, region) => match (set.grid(&member), region) {
            (Ok(grid), region) => of_grid(name, grid.clone(), region)?,
            (Err(_), Some(region)) => Tiles::Named(set.tiles_of_region(&member, &region)?),
            (Err(error), None) => return Err(error.into()),
        },
        (Found::Grid(grid), Some(text), _) => {
            let tile = grid.tile_named(text);
            let missing = || Failure::usage(format!("grid `{name}` has no tile `{text}`"));
            let tile = tile.ok_or_else(missing)?;
            Tiles::Of(grid, vec![tile])
        }
        (Found::Grid(grid), None, region) => of_grid(name, grid, region)?,
    };
    tiles.print(context, &args)?;
    Ok(Outcome::Done)
}

fn list(args: &GridArgs) -> Result<Outcome, Failure> {
    let mut names = TileGrid::names();
    for set in ["hls", "sentinel2"] {
        names.extend(GridSet::named(set)?.grids().iter().map(|grid| format!("{set}:{grid}")));
    }
    if args.json {
        output::json(&names)?;
    } else {
        output::line(&names.join("\n"))?;
    }
    Ok(Outcome::Done)
}

enum Found {
    /// A set, and a grid of it.
    Set(GridSet, String),
    /// Of a file, without a name.
    Grid(TileGrid),
}

/// A grid by name, or from a file where there is one; in a file with several, `FILE:GRID`. For one
/// tile a set will do.
fn find(name: &str, is_for_tile: bool) -> Result<Found, Failure> {
    let (file, member) = match name.rsplit_once(':') {
        Some((file, member)) if Path::new(file).is_file() => (file, member),
        _ if Path::new(name).is_file() => (name, ""),
        _ => {
            if let (true, Ok(set)) = (is_for_tile, GridSet::named(name)) {
                return Ok(Found::Set(set, String::new()));
            }
            let (set, member) = GridSet::find(name)?;
            return Ok(Found::Set(set, member));
        }
    };
    let path = Path::new(file);
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{file}`"))?;
    let what = || format!("`{file}` defines no tile grid");
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let set = GridSet::from_json(&text).with_context(what)?;
        return Ok(Found::Set(set, member.to_owned()));
    }
    let grid: TileGrid = toml::from_str(&text).with_context(what)?;
    Ok(Found::Grid(grid.checked()?))
}

/// Those that touch the region; without one, all.
fn of_grid(name: &str, grid: TileGrid, region: Option<Region>) -> Result<Tiles, Failure> {
    let tiles = match region {
        Some(region) => grid.tiles_of_region(&region)?,
        None => grid.tiles().ok_or_else(|| {
            Failure::usage(format!("grid `{name}` goes on without end: give --bbox or --area"))
        })?,
    };
    Ok(Tiles::Of(grid, tiles))
}

enum Tiles {
    Named(Vec<NamedTile>),
    Of(TileGrid, Vec<Tile>),
}

impl Tiles {
    fn print(&self, context: &Context, args: &GridArgs) -> Result<(), Failure> {
        let is_empty = match self {
            Self::Named(tiles) => tiles.is_empty(),
            Self::Of(_, tiles) => tiles.is_empty(),
        };
        if is_empty {
            context.note("no tile of the grid touches the area");
        }
        match self {
            Self::Named(tiles) if args.geojson => {
                let features = tiles.iter().map(feature).collect::<Result<Vec<_>, Failure>>()?;
                output::json(&json!({ "type": "FeatureCollection", "features": features }))
            }
            Self::Of(grid, tiles) if args.geojson => output::json(&grid.to_geojson(tiles)?),
            Self::Named(tiles) if args.json => {
                output::json(&tiles.iter().map(record).collect::<Vec<_>>())
            }
            Self::Of(grid, tiles) if args.json => {
                output::json(&tiles.iter().map(|tile| place(grid, *tile)).collect::<Vec<_>>())
            }
            Self::Named(tiles) => tiles.iter().try_for_each(|tile| output::line(&tile.name)),
            Self::Of(grid, tiles) => {
                tiles.iter().try_for_each(|tile| output::line(&grid.tile_name(*tile)))
            }
        }
    }
}

fn record(tile: &NamedTile) -> Value {
    let (b, grid) = (tile.geobox.bounds(), &tile.geobox);
    json!({
        "name": tile.name,
        "crs": grid.crs.to_string(),
        "bounds": [b.min_x, b.min_y, b.max_x, b.max_y],
        "shape": [grid.height, grid.width],
    })
}

fn feature(tile: &NamedTile) -> Result<Value, Failure> {
    Ok(json!({
        "type": "Feature",
        "id": tile.name,
        "properties": { "name": tile.name },
        "geometry": Region::from_geobox(&tile.geobox)?.to_geojson(),
    }))
}

fn place(grid: &TileGrid, tile: Tile) -> Value {
    let bounds = grid.tile_bounds(tile);
    json!({
        "name": grid.tile_name(tile),
        "col": tile.col,
        "row": tile.row,
        "crs": grid.crs.to_string(),
        "bounds": [bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y],
    })
}
