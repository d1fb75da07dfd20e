//! The arguments of each command, with their help.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Area, Bytes, Place, Selection};

/// Declare a cube in a store
///
/// Reads the declaration (TOML), checks it and writes an empty cube: its grid, coordinates and
/// arrays. Nothing is downloaded. It is an error when the store holds a cube already, unless
/// --exist-ok is given and that cube is declared the same.
#[derive(Debug, Args)]
#[command(after_help = "\
A declaration:
  name = \"relief\"
  crs = \"EPSG:3413\"
  resolution = 500.0
  extent = [-700000.0, -3400000.0, 900000.0, -600000.0]   # min x, min y, max x, max y
  chunks = { shape = [512, 512] }                         # rows, columns

  [source]
  connector = \"stac-api\"                                  # see `terracube source list`
  url = \"https://stac.example.org\"
  collections = [\"relief\"]

  [[bands]]
  name = \"elevation\"
  dtype = \"float32\"
  asset = \"data\"
  units = \"m\"
  resampling = \"bilinear\"

Examples:
  terracube cube create relief.toml relief.icechunk
  terracube cube create preset:arcticdem-32m arcticdem.icechunk   # see `terracube cube presets`")]
pub(crate) struct CreateArgs {
    /// The declaration, a TOML file; or `preset:NAME`
    #[arg(value_name = "CUBE.TOML")]
    pub(crate) declaration: PathBuf,
    /// Where the cube goes: a directory, s3://… or memory:
    pub(crate) store: String,
    /// A cube that is there already and is declared the same is fine
    #[arg(long)]
    pub(crate) exist_ok: bool,
    /// The format version of a new Icechunk repository; v1 is for readers older than Icechunk 2
    #[arg(long, value_enum, default_value = "v2", value_name = "VERSION")]
    pub(crate) icechunk_spec: IcechunkSpec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IcechunkSpec {
    V1,
    V2,
}

/// List ready-made declarations, or print one to be edited
///
/// Extent, CRS and time often are an example: put yours there. The comments of a declaration say
/// whose the data is, and what the configuration needs for it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  terracube cube presets sentinel-2-l2a-earth-search > s2.toml
  terracube cube create s2.toml s2.icechunk")]
pub(crate) struct PresetsArgs {
    /// The one to print
    pub(crate) name: Option<String>,
    /// Print a JSON list, with the declarations
    #[arg(long, conflicts_with = "name")]
    pub(crate) json: bool,
}

/// Show what a fill would do; write nothing
///
/// Counts the patches that an area and time touch, how many of them are filled or missing, and
/// asks the source which granules the missing ones would be read from. The bytes to read are an
/// estimate from what the source says about its assets.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube cube plan relief.icechunk --bbox -50,60,-40,70
  terracube cube plan s2.icechunk --geojson field.geojson --time 2024-06 --json")]
pub(crate) struct PlanArgs {
    /// The cube
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Print one JSON object, with every granule and patch
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a fill works.
#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkArgs {
    /// Memory that patches in flight may take
    #[arg(long, value_name = "SIZE", default_value = "256M")]
    pub(crate) memory: Bytes,
    /// Patches in flight at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Commit after so many patches; also after 1 GiB, and after 30 seconds
    #[arg(long, value_name = "N", default_value_t = 1024)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) commit_patches: u32,
    /// Others take over the patches of a fill that shows no life for so long; 0: without claims
    ///
    /// Several fills of one cube share its patches by claims, which lie beside the cube while they
    /// run. One whose process has ended on the same machine is seen at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u32).range(..=3600))]
    pub(crate) lease: u32,
}

/// Where to record what the work did.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where the time goes")]
pub(crate) struct WatchArgs {
    /// Write a page: stages over time, who waited for whom, slowest granules and hosts
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Write a trace of all stages of all patches, for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

/// Download what is missing of an area and time
///
/// Patches are downloaded, decoded, warped onto the cube's grid, mosaicked, written and committed
/// in batches. A patch that fails is recorded with its reason and the others go on; the next fill
/// tries it again. What is filled, or known to be empty at the source, is not asked for again.
///
/// Ctrl-C (or SIGTERM) stops it gently: what is whole is committed, and the next fill does the
/// rest. A second Ctrl-C ends it at once; what was committed stays.
///
/// Progress goes to the standard error: a bar on a terminal, else a line about every two seconds
/// and for each commit.
///
/// A program built with the feature `otel` sends traces and metrics to the collector that
/// OTEL_EXPORTER_OTLP_ENDPOINT names.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 all filled, 3 some patches failed (they are listed), 4 stopped before the end.

With --json every event is one line on the standard output:
  {\"event\":\"started\",\"patches\":12,\"bytes_estimate\":3100000}
  {\"event\":\"filled\",\"patch\":{\"time\":0,\"row\":1,\"col\":2},\"stored\":51234,\"bytes_read\":99120}
  {\"event\":\"committed\",\"patches\":12,\"version\":\"…\"}
  {\"event\":\"finished\",\"report\":{\"filled\":12,\"empty\":0,\"failed\":[],…}}

Examples:
  terracube cube fill relief.icechunk --bbox -50,60,-40,70
  terracube cube fill relief.icechunk --retry-failed --memory 1G --jobs 32")]
pub(crate) struct FillArgs {
    /// The cube
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only the patches that failed earlier
    #[arg(long, conflicts_with = "also_empty")]
    pub(crate) retry_failed: bool,
    /// Also the patches for which the source had nothing: it may have something now
    #[arg(long)]
    pub(crate) also_empty: bool,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// Print every event as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Read a window into a GeoTIFF, PNG or Zarr, filling what is missing of it
///
/// The window is the smallest one in the cube's own grid that holds the area; with --like it is
/// the grid of another file, onto which each band is warped with its declared resampling.
///
/// A GeoTIFF gets one band for each band and time step (all of one data type: choose with
/// --bands). A PNG shows one time step: one band in colours, or the first three as red, green and
/// blue. A Zarr is a plain group that xarray opens.
///
/// When some patches cannot be filled the window is written all the same, with nodata there, and
/// the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube cube load relief.icechunk --bbox -50,60,-40,70 -o relief.tif
  terracube cube load s2.icechunk --bands red,green,blue --time 2024-06-03 -o view.png
  terracube cube load relief.icechunk --like scene.tif -o relief_on_scene.tif
  terracube cube load s2.icechunk --bbox 10,50,11,51 --time 2024-06 --to idf -o idf/")]
pub(crate) struct LoadArgs {
    /// The cube
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// The file to write: .tif, .png or .zarr; with --to idf the folder of the collections
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write granules for a viewer instead of a file, one for each time step: idf
    ///
    /// They are `OUTPUT/COLLECTION/GRANULE`, as of `terracube convert`; the collection is the
    /// cube's name if --set says no other. A cube without time needs --time all the same.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) to: Option<String>,
    /// With --to: an option of the output, as collection=NAME, gcp_spacing=64 or
    /// override(BAND)=valid_min:0,valid_max:1
    #[arg(long, value_name = "KEY=VALUE", requires = "to")]
    pub(crate) set: Vec<String>,
    /// The bands, by name; all of them if not given
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) bands: Vec<String>,
    /// Take grid and area of this GeoTIFF
    #[arg(long, value_name = "TIF", conflicts_with_all = ["bbox", "geojson"])]
    pub(crate) like: Option<PathBuf>,
    /// Download nothing: read what is there, nodata elsewhere
    #[arg(long)]
    pub(crate) no_fill: bool,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// Show which patches are filled, empty, missing or failed
///
/// Prints counts and stored bytes, and why patches failed. The PNG is a map of the patches, about
/// 800 pixels along its longer side, in the cube's shape:
///
///   green filled, grey empty (the source has nothing there), white missing, red failed
///
/// With several time steps the map shows the share of steps that are filled or empty, from white
/// (none) to green (all); a place with a failed step is red. Narrow --time to see one step.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  terracube cube state relief.icechunk
  terracube cube state relief.icechunk --png state.png --geojson patches.geojson
  terracube cube state s2.icechunk --bbox 10,50,11,51 --time 2024-06 --json"
)]
pub(crate) struct StateArgs {
    /// The cube
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) area: Area,
    /// Draw a map of the patches
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Write the patches with their states as GeoJSON
    #[arg(long, value_name = "FILE")]
    pub(crate) geojson: Option<PathBuf>,
    /// Print one JSON object: counts, and the patches that failed with the reason
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the declaration of a cube and its latest versions
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  terracube cube info relief.icechunk")]
pub(crate) struct InfoArgs {
    /// The cube
    pub(crate) store: String,
    /// How many versions to list, newest first
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) versions: usize,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the tiles of a tile grid, by name or by the area they touch
///
/// Tiles are called as their community calls them (h18v04, T32TNS, 12/2218/1352), or column/row,
/// counted from the upper left, where they have no names. Without an area all tiles of a grid that
/// has limits are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube grid --list
  terracube grid --grid ease2-north:25km --bbox -50,60,-40,70
  terracube grid --grid sentinel2:10m --tile T32TNS --json
  terracube grid --grid mygrid.toml --area field.geojson --geojson > tiles.geojson

A grid of one's own (mygrid.toml, or the same as JSON):
  crs = \"EPSG:3413\"
  upper_left = [-4000000.0, 4000000.0]   # x, y
  resolution = [10.0, 10.0]              # x, y
  tile_shape = [1000, 1000]              # rows, columns
  tile_names = [\"h{col:02}v{row:02}\"]  # optional

An OGC tile matrix set or another set of grids (JSON): --grid tms.json:12")]
pub(crate) struct GridArgs {
    /// A named grid, or a TOML or JSON file with the definition of one
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "list")]
    pub(crate) grid: Option<String>,
    /// List the named grids
    #[arg(long, conflicts_with_all = ["grid", "bbox", "area", "geojson", "tile"])]
    pub(crate) list: bool,
    /// One tile by its name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["bbox", "area"])]
    pub(crate) tile: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The area as a GeoJSON file, in longitude and latitude (RFC 7946)
    #[arg(long, value_name = "FILE", conflicts_with = "bbox")]
    pub(crate) area: Option<PathBuf>,
    /// Print the tiles as GeoJSON, in longitude and latitude
    #[arg(long, conflicts_with = "json")]
    pub(crate) geojson: bool,
    /// Print the tiles as JSON, with their bounds in the grid's CRS
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the connectors and their configuration keys
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  terracube source list")]
pub(crate) struct SourceListArgs {
    /// Print a JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the granules a source offers for an area and time
///
/// The source is that of a cube (--store), or a connector with its settings.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terracube source search --store relief.icechunk --bbox -50,60,-40,70
  terracube source search --connector stac-api --set url=https://stac.example.org \\
      --set 'collections=[\"sentinel-2-l2a\"]' --bbox 10,50,11,51 --time 2024-06 --limit 5")]
pub(crate) struct SearchArgs {
    /// Ask the source of this cube; without an area and time, for all of it
    #[arg(long, conflicts_with = "connector", required_unless_present = "connector")]
    pub(crate) store: Option<String>,
    /// Ask this connector (see `terracube source list`)
    #[arg(long, value_name = "NAME")]
    pub(crate) connector: Option<String>,
    /// A setting of the connector; the value is JSON or plain text (may be given several times)
    #[arg(long, value_name = "KEY=VALUE", requires = "connector")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// At most so many granules
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one)]
    pub(crate) limit: usize,
    /// Print one granule per line as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number above 0 is needed".to_owned()),
        Ok(n) => Ok(n),
    }
}
