//! A small world: four COGs, a STAC API that offers them, a folder, and the command to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use terracube::grid::{Affine, Crs, GeoBox, Region};
use terracube::raster::{DType, Pixels, Raster};
use terracube::raster::{GeoTiff, GeoTiffBand};
use terracube::store::{S3Credentials, S3Options};
use terracube_testbed::Server;

/// The cube: 256 × 256 pixels of 100 m in EPSG:3413, in 4 × 4 patches of 64 × 64.
pub(crate) const SIDE: usize = 256;
pub(crate) const WEST: f64 = -200_000.0;
pub(crate) const NORTH: f64 = -2_000_000.0;
pub(crate) const RESOLUTION: f64 = 100.0;
/// The four granules, each a quarter of the cube: first column and row.
pub(crate) const GRANULES: [(&str, usize, usize); 4] =
    [("nw", 0, 0), ("ne", 128, 0), ("sw", 0, 128), ("se", 128, 128)];

/// The granule whose size is not announced, so that anything may stand in its place.
const UNANNOUNCED: &str = "nw";

pub(crate) struct World {
    pub(crate) server: Server,
    folder: TempDir,
}

/// What signs requests to a bucket; never to be shown.
const BUCKET_SECRET: &str = "c4n4ry-of-the-bucket";

/// What a run of the command gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The height at a pixel of the cube: exact in float32, different everywhere, hard to compress.
pub(crate) fn height(col: usize, row: usize) -> f32 {
    let mixed = (col as u32).wrapping_mul(0x9E37_79B1) ^ (row as u32).wrapping_mul(0x85EB_CA77);
    (mixed.wrapping_mul(0xC2B2_AE3D) >> 9) as f32 * 0.25
}

pub(crate) fn geobox(col: usize, row: usize, width: usize, height: usize) -> GeoBox {
    let (x, y) = (WEST + col as f64 * RESOLUTION, NORTH - row as f64 * RESOLUTION);
    let affine = Affine::new(RESOLUTION, 0.0, x, 0.0, -RESOLUTION, y);
    GeoBox::new(Crs::epsg(3413).unwrap(), affine, width, height).unwrap()
}

/// A COG with the heights of a quarter of the cube.
pub(crate) fn cog(folder: &Path, name: &str, col: usize, row: usize, dtype: DType) -> Vec<u8> {
    square(folder, name, [col, row, 128], dtype)
}

/// A COG with the heights of a square of the cube: first column and row, and its side.
fn square(folder: &Path, name: &str, [col, row, side]: [usize; 3], dtype: DType) -> Vec<u8> {
    let values = (row..row + side).flat_map(|r| (col..col + side).map(move |c| height(c, r)));
    let raster = Raster::new(side, side, Pixels::F32(values.collect())).unwrap();
    let path = folder.join(format!("{name}.tif"));
    GeoTiff::new(geobox(col, row, side, side))
        .band(GeoTiffBand::new(raster.cast(dtype)))
        .write(&path)
        .unwrap();
    std::fs::read(path).unwrap()
}

fn item(name: &str, [col, row, side]: [usize; 3], size: usize) -> Value {
    let geobox = geobox(col, row, side, side);
    let affine = [RESOLUTION, 0.0, geobox.bounds().min_x, 0.0, -RESOLUTION, geobox.bounds().max_y];
    let region = Region::from_geobox(&geobox).unwrap();
    let bbox = region.bbox_wgs84()[0];
    let mut item = json!({
        "type": "Feature", "stac_version": "1.1.0", "id": name,
        "stac_extensions": ["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        "geometry": region.to_geojson(),
        "bbox": [bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y],
        "properties": {"datetime": "2024-06-01T12:00:00Z", "proj:code": "EPSG:3413"},
        "links": [],
        "assets": {"data": {
            "href": format!("{name}.tif"), "type": "image/tiff; application=geotiff", "roles": ["data"],
            "proj:shape": [side, side], "proj:transform": affine,
        }},
    });
    if name != UNANNOUNCED {
        item["assets"]["data"]["file:size"] = json!(size);
    }
    item
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|server| server)
    }

    pub(crate) fn with(
        configure: impl FnOnce(terracube_testbed::Builder) -> terracube_testbed::Builder,
    ) -> Self {
        let quarters = GRANULES.map(|(name, col, row)| (name.to_owned(), [col, row, 128]));
        Self::of(&quarters, configure)
    }

    /// A world in which every patch has a granule of its own: `ROW-COLUMN`.
    pub(crate) fn of_patches() -> Self {
        let places = (0..4).flat_map(|row| (0..4).map(move |col| (row, col)));
        let granules: Vec<_> =
            places.map(|(row, col)| (format!("{row}-{col}"), [64 * col, 64 * row, 64])).collect();
        Self::of(&granules, |server| server)
    }

    /// A world of one granule that has so many pixels along each side.
    pub(crate) fn of_one(side: usize) -> Self {
        Self::of(&[("all".to_owned(), [0, 0, side])], |server| server)
    }

    fn of(
        granules: &[(String, [usize; 3])],
        configure: impl FnOnce(terracube_testbed::Builder) -> terracube_testbed::Builder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::builder();
        let mut items = Vec::new();
        for (name, place) in granules {
            let bytes = square(folder.path(), name, *place, DType::F32);
            items.push(item(name, *place, bytes.len()));
            server = server.bytes(&format!("relief/{name}.tif"), bytes);
        }
        let collection = json!({
            "type": "Collection", "stac_version": "1.1.0", "id": "relief", "description": "relief",
            "license": "CC0-1.0", "links": [],
            "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                "temporal": {"interval": [["2024-01-01T00:00:00Z", null]]}},
        });
        let server = configure(server.collection(collection, items)).start().unwrap();
        let world = Self { server, folder };
        world.write("cube.toml", &world.declaration());
        world
    }

    /// The declaration of the cube.
    pub(crate) fn declaration(&self) -> String {
        format!(
            r#"name = "relief"
crs = "EPSG:3413"
resolution = {RESOLUTION:?}
extent = [-200000.0, -2025600.0, -174400.0, -2000000.0]
chunks = {{ shape = [64, 64] }}

[source]
connector = "stac-api"
url = "{}"
collections = ["relief"]

[[bands]]
name = "elevation"
asset = "data"
dtype = "float32"
units = "m"
"#,
            self.server.stac_url()
        )
    }

    /// A world whose cube is created.
    pub(crate) fn created() -> Self {
        let world = Self::new();
        world.create();
        world
    }

    pub(crate) fn create(&self) {
        self.ok(&["cube", "create", "cube.toml", "cube.icechunk"]);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The command, to be run in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_terracube"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        // No backtrace may show, even where somebody asks for one.
        command.env("RUST_BACKTRACE", "1").env("NO_PROXY", "127.0.0.1");
        if let Ok(endpoint) = std::env::var("TERRACUBE_S3_ENDPOINT") {
            command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ALLOW_HTTP", "true");
            command.env("AWS_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", "test");
            command.env("AWS_SECRET_ACCESS_KEY", BUCKET_SECRET);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Runs a command that must succeed; gives its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {run:?}");
        run.stdout
    }

    /// Runs a command that must fail with this code and say all of this on its standard error.
    pub(crate) fn fails(&self, args: &[&str], code: i32, said: &[&str]) -> Run {
        let run = self.run(args);
        run.must_fail(code, said);
        run
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// Filled, empty, missing and failed patches of the cube.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let state = self.json(&["cube", "state", "cube.icechunk", "--json"]);
        ["filled", "empty", "missing", "failed"].map(|name| state["counts"][name].as_u64().unwrap())
    }

    /// Requests for the bytes of assets so far.
    pub(crate) fn asset_requests(&self) -> usize {
        self.server.count("/files/")
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let run = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!format!("{run:?}").contains(BUCKET_SECRET), "{run:?}");
        run
    }

    pub(crate) fn must_fail(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for words in said {
            assert!(self.stderr.contains(words), "`{words}` is missing: {}", self.stderr);
        }
        for never in ["backtrace", "panicked", "RUST_BACKTRACE"] {
            assert!(!self.stderr.contains(never), "`{never}`: {}", self.stderr);
        }
    }
}

/// A location in the bucket `terracube` that nothing is at.
pub(crate) fn bucket(format: &str) -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if std::env::var("TERRACUBE_S3_ENDPOINT").is_err() {
        assert!(
            std::env::var("TERRACUBE_TEST_STRICT").is_err(),
            "TERRACUBE_S3_ENDPOINT must be set"
        );
        println!("skipped: TERRACUBE_S3_ENDPOINT is not set");
        return None;
    }
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Some(format!("s3://terracube/cli/{pid}-{next}.{format}"))
}

/// How the bucket is reached.
pub(crate) fn bucket_options() -> S3Options {
    let credentials = S3Credentials {
        access_key_id: "test".to_owned(),
        secret_access_key: BUCKET_SECRET.to_owned(),
        session_token: None,
    };
    S3Options {
        endpoint: std::env::var("TERRACUBE_S3_ENDPOINT").ok(),
        region: Some("us-east-1".to_owned()),
        allow_http: true,
        credentials: Some(credentials),
        ..S3Options::default()
    }
}

/// The boxes of EPSG:3413 that cover whole patches: columns and rows of patches, the end not
/// included.
pub(crate) fn bbox(cols: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> String {
    let x = |col: usize| WEST + col as f64 * 64.0 * RESOLUTION;
    let y = |row: usize| NORTH - row as f64 * 64.0 * RESOLUTION;
    format!("{},{},{},{}", x(cols.start), y(rows.end), x(cols.end), y(rows.start))
}
