//! Whole files on disk, read by libraries of the system.

#[cfg(any(feature = "gdal", feature = "netcdf"))]
mod cf_time;
#[cfg(feature = "gdal")]
mod gdal;
#[cfg(feature = "netcdf")]
pub(crate) mod hdf5;
#[cfg(any(feature = "gdal", feature = "netcdf"))]
mod library;
#[cfg(feature = "netcdf")]
mod netcdf;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terracube_grid::{GeoBox, Time, Window};

use crate::{DType, Error, Gcps, Geolocation, Level, Raster, Result};

/// A raster in a file on disk: with the feature `gdal` everything that GDAL opens but what leads
/// elsewhere (virtual rasters, services), with the feature `netcdf` netCDF by the CF conventions.
/// Cloning is cheap.
#[derive(Debug, Clone)]
pub struct LocalFile {
    inner: Arc<Inner>,
}

/// How a file is opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalOptions {
    /// The variable or subdataset, by name; the only one when left out.
    pub variable: Option<String>,
    /// Whether a virtual raster (VRT) may be opened. It names other files: those below its own
    /// folder only, and never addresses.
    pub allow_vrt: bool,
}

/// One band of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct BandInfo {
    /// The pixel type as stored.
    pub dtype: DType,
    /// The value that marks pixels without data, as stored.
    pub nodata: Option<f64>,
    /// Physical value = stored value * scale + offset.
    pub scale: f64,
    /// Physical value = stored value * scale + offset.
    pub offset: f64,
    /// What it is called.
    pub description: Option<String>,
    /// The unit of physical values.
    pub unit: Option<String>,
    /// The instant it is of.
    pub time: Option<Time>,
}

/// What a file was found to be.
#[derive(Debug)]
struct Found {
    bands: Vec<BandInfo>,
    levels: Vec<Level>,
    geobox: Result<GeoBox, String>,
    gcps: Option<Gcps>,
    geolocation: Option<Geolocation>,
    /// Why bands along a dimension of time have no instants, if they have none.
    times_missing: Option<String>,
    /// Whether the bands' nodata is that of the library, as the file names none.
    is_nodata_assumed: bool,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    found: Found,
    reader: Box<dyn Reader>,
}

/// What reads pixels out of an open file.
trait Reader: fmt::Debug + Send + Sync {
    /// A window that is known to be within the level.
    fn read(&self, level: usize, band: usize, window: Window) -> Result<Raster>;
}

impl LocalFile {
    /// Opens a file: netCDF with the feature `netcdf`, anything else (and netCDF without it) with
    /// the feature `gdal`. Blocks.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::UnknownName`] for a variable that is not there,
    /// [`Error::Unsupported`] (naming the feature that would help) and [`Error::Read`].
    pub fn open(path: &Path, options: &LocalOptions) -> Result<Self> {
        let key = || path.display().to_string();
        let read_error = |source: std::io::Error| Error::Read {
            key: key(),
            transient: false,
            source: source.into(),
        };
        // What is no plain path of an existing file could be an address, or a driver's own syntax.
        let path = match path.canonicalize() {
            Ok(path) if path.is_file() => path,
            _ => return Err(Error::NotFound { key: key() }),
        };
        let mut start = Vec::new();
        let file = std::fs::File::open(&path).map_err(read_error)?;
        file.take(8).read_to_end(&mut start).map_err(read_error)?;
        let (found, reader) = open(&path, &start, options)?;
        Ok(Self { inner: Arc::new(Inner { path, found, reader }) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Its bands.
    #[must_use]
    pub fn bands(&self) -> &[BandInfo] {
        &self.inner.found.bands
    }

    /// One band, from 0.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] without such a band.
    pub fn band(&self, band: usize) -> Result<&BandInfo> {
        let bands = self.bands();
        bands.get(band).ok_or_else(|| Error::OutOfRange {
            key: self.key(),
            what: "band",
            asked: band.to_string(),
            has: format!("it has {} bands, counted from 0", bands.len()),
        })
    }

    /// Where the full image lies.
    #[must_use]
    pub fn geobox(&self) -> Option<&GeoBox> {
        self.inner.found.geobox.as_ref().ok()
    }

    /// Why there is no [`geobox`](Self::geobox).
    #[must_use]
    pub fn geobox_missing(&self) -> Option<&str> {
        self.inner.found.geobox.as_ref().err().map(String::as_str)
    }

    /// The ground control points.
    #[must_use]
    pub fn gcps(&self) -> Option<&Gcps> {
        self.inner.found.gcps.as_ref()
    }

    /// The geolocation arrays.
    #[must_use]
    pub fn geolocation(&self) -> Option<&Geolocation> {
        self.inner.found.geolocation.as_ref()
    }

    /// Why its bands have no [`time`](BandInfo::time) although they are slices of several times:
    /// units or a calendar that are not understood, or a dimension of time without coordinates.
    #[must_use]
    pub fn times_missing(&self) -> Option<&str> {
        self.inner.found.times_missing.as_deref()
    }

    /// Whether the bands' nodata is the library's value for what was never written, as the file
    /// itself names none.
    #[must_use]
    pub fn is_nodata_assumed(&self) -> bool {
        self.inner.found.is_nodata_assumed
    }

    /// The full image first, then the overviews from fine to coarse.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.inner.found.levels
    }

    /// Reads a window of one band, in pixels of the level. Blocks; reads of one file wait for each
    /// other.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] or [`Error::Read`].
    pub fn read(&self, level: usize, band: usize, window: Window) -> Result<Raster> {
        self.band(band)?;
        Level::check_window(&self.key(), self.levels(), level, &window)?;
        self.inner.reader.read(level, band, window)
    }

    fn key(&self) -> String {
        self.inner.path.display().to_string()
    }
}

fn open(path: &Path, start: &[u8], options: &LocalOptions) -> Result<(Found, Box<dyn Reader>)> {
    // GDAL alone looks for itself.
    let _ = start;
    #[cfg(feature = "netcdf")]
    if is_netcdf(path, start) {
        return netcdf::open(path, options);
    }
    #[cfg(feature = "gdal")]
    return gdal::open(path, options);
    #[cfg(not(feature = "gdal"))]
    {
        let _ = options;
        let what = if is_netcdf(path, start) {
            "it is netCDF or HDF5: build with the feature `netcdf` or `gdal`"
        } else {
            "it is no GeoTIFF: build with the feature `gdal`"
        };
        Err(Error::Unsupported { key: path.display().to_string(), what: what.into() })
    }
}

/// Whether a file is netCDF: the classic formats by their first bytes, netCDF-4 (which is HDF5)
/// unless it is named as another kind of HDF5.
#[cfg(any(feature = "netcdf", not(feature = "gdal")))]
fn is_netcdf(path: &Path, start: &[u8]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let other = ["h5", "hdf5", "he5", "bag"].iter().any(|e| extension.eq_ignore_ascii_case(e));
    match start {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => true,
        [0x89, b'H', b'D', b'F', ..] => !other,
        _ => false,
    }
}
