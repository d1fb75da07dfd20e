//! Grids that a community made and named, with their tiles by name.

mod definition;
mod shipped;
mod tile_matrix_set;
mod tile_specs;

use serde_json::Value;

pub(crate) use shipped::grid_names;

use crate::error::{Error, Result};
use crate::geobox::GeoBox;
use crate::mgrs::MgrsTile;
use crate::region::Region;
use crate::tile::Tile;
use crate::tile_grid::TileGrid;

/// A family of grids: the continents of Equi7, the resolutions of MODIS, the levels of an OGC tile
/// matrix set, or Sentinel-2's tiles in all UTM zones.
///
/// A grid of it is written `SET:GRID`, as in `modis:500m` or `webmercatorquad:12`.
///
/// ```
/// use terracube_grid::{GridSet, Region};
/// let (set, grid) = GridSet::find("arcticdem:2m")?;
/// let reykjavik = Region::from_bbox(-22.0, 64.1, -21.8, 64.2)?;
/// let names: Vec<String> =
///     set.tiles_of_region(&grid, &reykjavik)?.into_iter().map(|tile| tile.name).collect();
/// assert_eq!(names, ["14_52_2_1"]);
/// assert_eq!(set.tile("14_52_2_1")?.geobox.shape(), (25_000, 25_000));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GridSet {
    name: String,
    title: String,
    source: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// By their names.
    Plain(Vec<(String, TileGrid)>),
    /// Tiles of MGRS; names and pixel sizes in metres.
    Mgrs(&'static [(&'static str, f64)]),
}

/// A tile of a [`GridSet`].
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTile {
    /// As its community writes it.
    pub name: String,
    /// The name of its grid in the set.
    pub grid: String,
    /// Its pixels.
    pub geobox: GeoBox,
}

impl GridSet {
    /// A set that is shipped, e.g. `modis`, `equi7`, `sentinel2` or `utm33wgs84quad`; letters' case
    /// does not count.
    ///
    /// # Errors
    /// [`Error::UnknownName`], which lists the known ones.
    pub fn named(name: &str) -> Result<Self> {
        let lower = name.trim().to_ascii_lowercase();
        match shipped::find(&lower) {
            Some(set) => set,
            None => Err(Error::UnknownName {
                what: "grid set",
                name: name.to_owned(),
                known: Self::names().join(", "),
            }),
        }
    }

    /// A shipped set and the grid of it that `SET:GRID` names; a set of one grid needs none.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for either.
    pub fn find(name: &str) -> Result<(Self, String)> {
        let (set, grid) = name.split_once(':').unwrap_or((name, ""));
        let set = match (Self::named(set), set.split_once('-')) {
            (Err(_), Some((family, member))) if grid.is_empty() => {
                return Self::find(&format!("{family}:{member}")).map_err(|_| unknown_grid(name));
            }
            (set, _) => set.map_err(|_| unknown_grid(name))?,
        };
        let grid = set.member(grid)?;
        Ok((set, grid))
    }

    /// From the text of a file: our own format, an OGC TileMatrixSet (OGC 17-083, version 1 or 2), or
    /// tile specifications by name as `tilezilla`, `stems` and `cedar` have them. See the crate's
    /// README for the formats.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be read, and errors of the CRS.
    pub fn from_json(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        if json.get("grids").is_some() {
            definition::read(&json, None)
        } else if json.get("tileMatrices").or_else(|| json.get("tileMatrix")).is_some() {
            tile_matrix_set::read(&json)
        } else if json.get("upper_left").is_some() {
            let grid: TileGrid = serde_json::from_value(json).map_err(|e| bad(e.to_string()))?;
            Ok(Self::plain("", "", "", vec![("grid".to_owned(), grid.checked()?)]))
        } else {
            tile_specs::read(&json)
        }
    }

    /// The shipped sets; `{zone}` stands for a UTM zone, 1 to 60.
    #[must_use]
    pub fn names() -> Vec<String> {
        shipped::names()
    }

    /// The set's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in a line.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it is defined.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of its grids.
    #[must_use]
    pub fn grids(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Plain(grids) => grids.iter().map(|(name, _)| name.as_str()).collect(),
            Kind::Mgrs(grids) => grids.iter().map(|(name, _)| *name).collect(),
        }
    }

    /// One of its grids as a [`TileGrid`]; those of Sentinel-2 and HLS overlap and are none.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a grid that the set has not, or [`Error::Invalid`] for those.
    pub fn grid(&self, name: &str) -> Result<&TileGrid> {
        let name = self.member(name)?;
        match &self.kind {
            Kind::Plain(grids) => {
                let found = grids.iter().find(|(known, _)| *known == name);
                found.map(|(_, grid)| grid).ok_or_else(|| self.unknown(&name))
            }
            Kind::Mgrs(_) => Err(Error::invalid(
                "tile grid",
                format!(
                    "the tiles of {} overlap: ask the set for them by name or region",
                    self.name
                ),
            )),
        }
    }

    /// A tile by its name, in the first grid that has a tile of this name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no grid has.
    pub fn tile(&self, name: &str) -> Result<NamedTile> {
        let first = match &self.kind {
            Kind::Plain(grids) => grids.iter().find(|(_, g)| g.tile_named(name).is_some()),
            Kind::Mgrs(grids) => return self.tile_of(grids[0].0, name),
        };
        match first {
            Some((grid, _)) => self.tile_of(grid, name),
            None => Err(Error::invalid("tile", format!("{} has no tile {name:?}", self.name))),
        }
    }

    /// A tile of one of its grids by its name.
    ///
    /// # Errors
    /// As [`grid`](Self::grid), and [`Error::Invalid`] when it has no such tile.
    pub fn tile_of(&self, grid: &str, name: &str) -> Result<NamedTile> {
        let member = self.member(grid)?;
        match &self.kind {
            Kind::Mgrs(grids) => self.mgrs_tile(grids, &member, name.parse()?),
            Kind::Plain(_) => {
                let grid = self.grid(&member)?;
                let Some(tile) = grid.tile_named(name) else {
                    let reason = format!("{}:{member} has no tile {name:?}", self.name);
                    return Err(Error::invalid("tile", reason));
                };
                named_tile(grid, member, tile)
            }
        }
    }

    /// The tiles of one of its grids that a region overlaps.
    ///
    /// # Errors
    /// As [`grid`](Self::grid), and when the region cannot be brought to the grid's CRS.
    pub fn tiles_of_region(&self, grid: &str, region: &Region) -> Result<Vec<NamedTile>> {
        let member = self.member(grid)?;
        match &self.kind {
            Kind::Mgrs(grids) => {
                let tiles = MgrsTile::of_region(region)?.into_iter();
                tiles.map(|tile| self.mgrs_tile(grids, &member, tile)).collect()
            }
            Kind::Plain(_) => {
                let grid = self.grid(&member)?;
                let tiles = grid.tiles_of_region(region)?.into_iter();
                tiles.map(|tile| named_tile(grid, member.clone(), tile)).collect()
            }
        }
    }

    fn plain(name: &str, title: &str, source: &str, grids: Vec<(String, TileGrid)>) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            source: source.into(),
            kind: Kind::Plain(grids),
        }
    }

    /// The name of a grid as the set has it; the only one, when nothing is asked for.
    fn member(&self, name: &str) -> Result<String> {
        let grids = self.grids();
        let found = match grids[..] {
            [only] if name.is_empty() => Some(only),
            _ => grids.into_iter().find(|known| known.eq_ignore_ascii_case(name)),
        };
        found.map(str::to_owned).ok_or_else(|| self.unknown(name))
    }

    fn mgrs_tile(
        &self,
        grids: &[(&'static str, f64)],
        member: &str,
        tile: MgrsTile,
    ) -> Result<NamedTile> {
        let found = grids.iter().find(|(name, _)| *name == member);
        let (grid, resolution) = found.ok_or_else(|| self.unknown(member))?;
        let geobox = tile.geobox(*resolution)?;
        Ok(NamedTile { name: format!("T{tile}"), grid: (*grid).to_owned(), geobox })
    }

    fn unknown(&self, name: &str) -> Error {
        Error::UnknownName {
            what: "grid of the set",
            name: format!("{}:{name}", self.name),
            known: self.grids().join(", "),
        }
    }
}

fn named_tile(grid: &TileGrid, member: String, tile: Tile) -> Result<NamedTile> {
    let geobox = grid.tile_geobox(tile)?;
    Ok(NamedTile { name: grid.tile_name(tile), grid: member, geobox })
}

fn unknown_grid(name: &str) -> Error {
    Error::UnknownName {
        what: "tile grid",
        name: name.to_owned(),
        known: TileGrid::names().join(", "),
    }
}

fn bad(reason: impl Into<String>) -> Error {
    Error::invalid("grid file", reason)
}
