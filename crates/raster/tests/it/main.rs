//! The tests of the crate that need files.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod ahead;
#[cfg(feature = "netcdf")]
mod classic;
mod files;
mod folder;
#[cfg(all(feature = "jpeg", feature = "lerc", feature = "lzma", feature = "lzw"))]
#[cfg(all(feature = "webp", feature = "zstd"))]
mod formats;
#[cfg(all(
    feature = "gdal",
    feature = "jpeg",
    feature = "lerc",
    feature = "lzma",
    feature = "lzw"
))]
#[cfg(all(feature = "webp", feature = "zstd"))]
mod gdal_files;
#[cfg(feature = "gdal")]
mod gdal_formats;
mod hostile;
#[cfg(feature = "netcdf")]
mod netcdf_files;
mod real;
#[cfg(feature = "gdal")]
mod shifted;
#[cfg(feature = "netcdf")]
mod standard_error;
mod swath;
mod warped;
mod windows;
