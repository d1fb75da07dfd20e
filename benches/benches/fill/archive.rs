//! The archive that is filled from: COGs of made relief side by side, served with their STAC items.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use terracube_benches::{Relief, collection, item};
use terracube_cube::{Band, Schema};
use terracube_grid::{Affine, Crs, GeoBox};
use terracube_raster::{DType, GeoTiff, Pixels, Raster};
use terracube_testbed::Server;

/// Rows and columns of a patch of the cube.
pub(crate) const PATCH: usize = 512;
const METRES: f64 = 10.0;
const NODATA: f64 = -9999.0;

/// COGs in a square, without gaps and overlaps, in UTM 33N.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// COGs along each side.
    pub(crate) across: usize,
    /// Pixels along each side of a COG.
    pub(crate) side: usize,
}

/// Where another process finds an archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) archive: Archive,
    pub(crate) stac: String,
    pub(crate) folder: PathBuf,
}

/// An archive while it is served.
pub(crate) struct Served {
    pub(crate) place: Place,
    /// Bytes of all COGs.
    pub(crate) compressed: u64,
    _server: Server,
    _folder: TempDir,
}

impl Archive {
    pub(crate) const fn new(across: usize, side: usize) -> Self {
        Self { across, side }
    }

    /// The cube over all of it, in the same grid.
    pub(crate) fn schema(&self) -> Result<Schema> {
        let geobox = self.whole()?;
        let b = geobox.bounds();
        let extent = [b.min_x, b.min_y, b.max_x, b.max_y];
        Ok(Schema::new("relief", geobox.crs, extent, METRES)
            .band(Band::new("height", DType::F32).asset("dem"))
            .chunks(PATCH, PATCH))
    }

    /// The COGs: column, row and name.
    pub(crate) fn cogs(&self) -> impl Iterator<Item = (usize, usize, String)> {
        let across = self.across;
        (0..across * across).map(move |i| {
            let (col, row) = (i % across, i / across);
            (col, row, format!("cog-{row}-{col}.tif"))
        })
    }

    /// Pixels along each side of all.
    pub(crate) const fn pixels(&self) -> usize {
        self.across * self.side
    }

    pub(crate) const fn pixel_bytes(&self) -> u64 {
        4 * (self.pixels() * self.pixels()) as u64
    }

    /// Makes the COGs and serves them on loopback until dropped.
    pub(crate) fn serve(self) -> Result<Served> {
        let folder = TempDir::new()?;
        let (mut items, mut compressed) = (Vec::new(), 0);
        for (col, row, name) in self.cogs() {
            let geobox = self.geobox(col, row)?;
            let corner = (i32::try_from(col * self.side)?, i32::try_from(row * self.side)?);
            let pixels = Pixels::F32(Relief::new(1).window(corner, self.side, self.side));
            let raster = Raster::new(self.side, self.side, pixels)?;
            let path = folder.path().join(&name);
            GeoTiff::new(geobox.clone()).nodata(NODATA).band(raster).write(&path)?;
            compressed += path.metadata()?.len();
            items.push(item("relief", &geobox, &name)?);
        }
        let server = Server::builder()
            .files_at("relief", folder.path())
            .collection(collection("relief"), items)
            .start()?;
        let place =
            Place { archive: self, stac: server.stac_url(), folder: folder.path().to_owned() };
        Ok(Served { place, compressed, _server: server, _folder: folder })
    }

    fn whole(&self) -> Result<GeoBox> {
        let mut geobox = self.geobox(0, 0)?;
        (geobox.width, geobox.height) = (self.pixels(), self.pixels());
        Ok(geobox)
    }

    fn geobox(&self, col: usize, row: usize) -> Result<GeoBox> {
        let metres = self.side as f64 * METRES;
        let (x, y) = (400_000.0 + col as f64 * metres, 5_200_000.0 - row as f64 * metres);
        let affine = Affine::new(METRES, 0.0, x, 0.0, -METRES, y);
        Ok(GeoBox::new(Crs::epsg(32633)?, affine, self.side, self.side)?)
    }
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { across, side } = self;
        let fit = if side % PATCH == 0 { "tiles on patches" } else { "tiles straddle patches" };
        write!(f, "{} COGs of {side} × {side} float32, {fit}", across * across)
    }
}
