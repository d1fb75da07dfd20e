//! One front for rasters of every format.

use terracube_grid::{GeoBox, Window};

use crate::cog::FetchedWindow;
use crate::{Cog, DType, Gcps, Geolocation, Level, LocalFile, Raster, Result};

/// A raster of any format: a GeoTIFF over byte ranges, or a whole file on disk that a library of
/// the system reads. Cloning is cheap. Bands and levels count from 0.
#[derive(Debug, Clone)]
pub enum RasterFile {
    /// A GeoTIFF over byte ranges.
    Cog(Cog),
    /// A whole file on disk.
    Local(LocalFile),
}

/// A window on its way to be decoded.
#[derive(Debug)]
pub enum RasterWindow {
    /// Compressed tiles.
    Fetched(FetchedWindow),
    /// A window of a file on disk, not read yet.
    Local {
        /// The file.
        file: LocalFile,
        /// The level.
        level: usize,
        /// The band.
        band: usize,
        /// The window, in pixels of the level.
        window: Window,
    },
}

impl RasterFile {
    /// How many bands it has.
    #[must_use]
    pub fn bands(&self) -> usize {
        match self {
            Self::Cog(cog) => cog.bands(),
            Self::Local(file) => file.bands().len(),
        }
    }

    /// The pixel type of a band.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) without such a band.
    pub fn dtype(&self, band: usize) -> Result<DType> {
        match self {
            Self::Cog(cog) => cog.dtype(band),
            Self::Local(file) => Ok(file.band(band)?.dtype),
        }
    }

    /// The value that marks pixels without data.
    #[must_use]
    pub fn nodata(&self, band: usize) -> Option<f64> {
        match self {
            Self::Cog(cog) => cog.nodata(),
            Self::Local(file) => file.band(band).ok()?.nodata,
        }
    }

    /// Whether the file says which pixels of a band are valid.
    #[must_use]
    pub fn says_validity(&self, band: usize) -> bool {
        match self {
            Self::Cog(cog) => cog.says_validity(band),
            Self::Local(file) => {
                self.nodata(band).is_some() || file.levels().first().is_some_and(|l| l.has_mask)
            }
        }
    }

    /// Whether the file itself says which pixels of a band are valid: the values that a library
    /// takes for missing where the file names none do not count.
    #[must_use]
    pub fn declares_validity(&self, band: usize) -> bool {
        let is_assumed = matches!(self, Self::Local(file) if file.is_nodata_assumed());
        !is_assumed && self.says_validity(band)
    }

    /// Scale and offset of a band: physical value = stored value * scale + offset.
    #[must_use]
    pub fn scale_offset(&self, band: usize) -> (f64, f64) {
        match self {
            Self::Cog(cog) => cog.scale_offset(band),
            Self::Local(file) => file.band(band).map_or((1.0, 0.0), |b| (b.scale, b.offset)),
        }
    }

    /// Where the full image lies, or `None` without a grid that is understood.
    #[must_use]
    pub fn geobox(&self) -> Option<&GeoBox> {
        match self {
            Self::Cog(cog) => cog.geobox(),
            Self::Local(file) => file.geobox(),
        }
    }

    /// Why there is no [`geobox`](Self::geobox).
    #[must_use]
    pub fn geobox_missing(&self) -> Option<&str> {
        match self {
            Self::Cog(cog) => cog.geobox_missing(),
            Self::Local(file) => file.geobox_missing(),
        }
    }

    /// The ground control points, of an image without a grid.
    #[must_use]
    pub fn gcps(&self) -> Option<&Gcps> {
        match self {
            Self::Cog(cog) => cog.gcps(),
            Self::Local(file) => file.gcps(),
        }
    }

    /// The geolocation arrays, of an image without a grid.
    #[must_use]
    pub fn geolocation(&self) -> Option<&Geolocation> {
        match self {
            Self::Cog(_) => None,
            Self::Local(file) => file.geolocation(),
        }
    }

    /// The full image first, then the overviews from fine to coarse.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        match self {
            Self::Cog(cog) => cog.levels(),
            Self::Local(file) => file.levels(),
        }
    }

    /// The level to read for pixels `scale` times as large as the full image's, by
    /// [`Level::choose`].
    #[must_use]
    pub fn level_for(&self, scale: (f64, f64)) -> usize {
        Level::choose(self.levels(), scale)
    }

    /// The file as one over byte ranges, which may be read ahead.
    #[must_use]
    pub fn as_cog(&self) -> Option<&Cog> {
        match self {
            Self::Cog(cog) => Some(cog),
            Self::Local(_) => None,
        }
    }

    /// Bytes that decoding this window takes at its end: pixels and validity.
    #[must_use]
    pub fn decoded_bytes_for(&self, window: &Window) -> u64 {
        let size = self.dtype(0).map_or(8, DType::size) as u64;
        window.width as u64 * window.height as u64 * (size + 1)
    }

    /// Fetches what a window of one band needs; nothing for a file on disk, which is read when it
    /// is decoded.
    ///
    /// # Errors
    /// As [`Cog::fetch`].
    pub async fn fetch(&self, level: usize, band: usize, window: Window) -> Result<RasterWindow> {
        match self {
            Self::Cog(cog) => cog.fetch(level, band, window).await.map(RasterWindow::Fetched),
            Self::Local(file) => {
                Ok(RasterWindow::Local { file: file.clone(), level, band, window })
            }
        }
    }
}

impl RasterWindow {
    /// Decodes the window; synchronous.
    ///
    /// # Errors
    /// As [`FetchedWindow::decode`] and [`LocalFile::read`].
    pub fn decode(&self) -> Result<Raster> {
        match self {
            Self::Fetched(window) => window.decode(),
            Self::Local { file, level, band, window } => file.read(*level, *band, *window),
        }
    }
}
