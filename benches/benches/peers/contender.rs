//! Who is measured: this project, its floor, and the peers as shipped and tuned.

use std::path::PathBuf;

/// One way to do a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Contender {
    /// This project, into Icechunk.
    Icechunk,
    /// This project, into a plain Zarr directory.
    Zarr,
    /// Receive, decode, encode, write, and nothing else.
    Floor,
    /// smart-geocubes with blosc zstd level 3.
    Smart,
    /// smart-geocubes with its default codec.
    SmartShipped,
    /// odc-stac, dask, into plain Zarr; with the codec of our cubes.
    OdcZarr,
    /// odc-stac, dask, into Icechunk; with the codec of our cubes.
    OdcIcechunk,
    /// odc-stac, into memory only.
    OdcMemory,
    /// rasterio's `WarpedVRT` in threads, into plain Zarr; with the codec of our cubes.
    Rasterio,
    /// gdalwarp with all cores, into an uncompressed GeoTIFF.
    GdalWarp,
    /// xarray on the Icechunk cube that odc-stac made: a chunk is a file.
    XarrayOdc,
    /// xarray on the Icechunk cube that this project made.
    XarrayOurs,
}

/// What runs a contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// This program.
    Own,
    /// A script beside this file, in the environment of most peers.
    Python(&'static str),
    /// A script beside this file, in the environment of smart-geocubes.
    Smart(&'static str),
}

/// The interpreters and programs of the peers; those that are not there are left out.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) python: Option<PathBuf>,
    pub(crate) smart: Option<PathBuf>,
    pub(crate) gdalwarp: bool,
}

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Icechunk => "terracube into Icechunk",
            Self::Zarr => "terracube into Zarr",
            Self::Floor => "floor",
            Self::Smart => "smart-geocubes, zstd 3",
            Self::SmartShipped => "smart-geocubes as shipped",
            Self::OdcZarr => "odc-stac into Zarr",
            Self::OdcIcechunk => "odc-stac into Icechunk",
            Self::OdcMemory => "odc-stac, nothing kept",
            Self::Rasterio => "rasterio WarpedVRT, Zarr",
            Self::GdalWarp => "gdalwarp, all cores",
            Self::XarrayOdc => "xarray on odc-stac's cube",
            Self::XarrayOurs => "xarray on terracube's cube",
        }
    }

    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Icechunk | Self::Zarr)
    }

    /// Whether it is somebody else's, at its best.
    pub(crate) const fn is_tuned_peer(self) -> bool {
        !self.is_ours() && !matches!(self, Self::Floor | Self::SmartShipped)
    }

    pub(crate) const fn runner(self) -> Runner {
        match self {
            Self::Icechunk | Self::Zarr | Self::Floor => Runner::Own,
            Self::Smart | Self::SmartShipped => Runner::Smart("with_smart_geocubes.py"),
            Self::OdcZarr | Self::OdcIcechunk | Self::OdcMemory => Runner::Python("with_odc.py"),
            Self::Rasterio => Runner::Python("with_rasterio.py"),
            Self::GdalWarp => Runner::Python("with_gdalwarp.py"),
            Self::XarrayOdc | Self::XarrayOurs => Runner::Python("with_xarray.py"),
        }
    }

    /// The kind of store that it leaves behind.
    pub(crate) const fn store(self) -> &'static str {
        match self {
            Self::Icechunk
            | Self::Smart
            | Self::SmartShipped
            | Self::OdcIcechunk
            | Self::XarrayOdc
            | Self::XarrayOurs => "icechunk",
            Self::Zarr | Self::Floor | Self::OdcZarr | Self::Rasterio => "zarr",
            Self::GdalWarp => "tif",
            Self::OdcMemory => "",
        }
    }

    pub(crate) const fn codec(self) -> &'static str {
        match self {
            Self::Smart => "zstd-3",
            Self::SmartShipped => "default",
            _ => "lz4-5",
        }
    }
}

impl Programs {
    /// As the task that starts the benchmark names them.
    pub(crate) fn from_environment() -> Self {
        let file = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_file());
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            python: file("TERRACUBE_PEERS_PYTHON"),
            smart: file("TERRACUBE_SMART_PYTHON"),
            gdalwarp: std::env::split_paths(&path).any(|dir| dir.join("gdalwarp").is_file()),
        }
    }

    pub(crate) fn has(&self, contender: Contender) -> bool {
        let gdalwarp = contender != Contender::GdalWarp || self.gdalwarp;
        gdalwarp
            && match contender.runner() {
                Runner::Own => true,
                Runner::Python(_) => self.python.is_some(),
                Runner::Smart(_) => self.smart.is_some(),
            }
    }

    /// What is missing, in words.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.python.is_none() {
            missing.push("odc-stac, rasterio and xarray: no Python 3.12 or later with them");
        }
        if self.smart.is_none() {
            missing.push("smart-geocubes: its threads need Python 3.13, which was not found");
        }
        if !self.gdalwarp {
            missing.push("gdalwarp: not on PATH (Debian: gdal-bin)");
        }
        missing
    }
}
