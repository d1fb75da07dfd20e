//! Bands written as a tiled GeoTIFF, cloud optimised or not.

use std::path::Path;

use rayon::prelude::*;
use terracube_grid::GeoBox;

use super::file::write_whole;
use super::geokeys;
use super::overview::halve;
use super::tiff_layout::{Directory, Value, layout};
use crate::{DType, Error, Raster, Resampling, Result};

const TILE: usize = 512;
const DEFLATE_LEVEL: i32 = 6;

/// A GeoTIFF to be written: deflate with predictor, tiles of 512 by 512, pixels interleaved.
///
/// ```
/// use terracube_grid::{Affine, Crs, GeoBox};
/// use terracube_raster::{GeoTiff, GeoTiffBand, Pixels, Raster};
///
/// let affine = Affine::new(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0);
/// let geobox = GeoBox::new(Crs::epsg(32633)?, affine, 2, 1)?;
/// let heights = Raster::new(2, 1, Pixels::F32(vec![1.0, 2.0]))?;
/// let band = GeoTiffBand::new(heights).description("height").unit("m");
/// let bytes = GeoTiff::new(geobox).nodata(-9999.0).band(band).to_bytes()?;
/// assert_eq!(&bytes[..2], b"II");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GeoTiff {
    geobox: GeoBox,
    bands: Vec<GeoTiffBand>,
    nodata: Option<f64>,
    cog: bool,
    overviews: Option<Resampling>,
}

/// One band of a [`GeoTiff`] with what is said about it.
#[derive(Debug, Clone)]
pub struct GeoTiffBand {
    raster: Raster,
    description: Option<String>,
    unit: Option<String>,
    scale_offset: Option<(f64, f64)>,
}

impl GeoTiffBand {
    /// A band without description.
    #[must_use]
    pub fn new(raster: Raster) -> Self {
        Self { raster, description: None, unit: None, scale_offset: None }
    }

    /// Sets the description, commonly the band's name.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the unit of the physical value.
    #[must_use]
    pub fn unit(mut self, text: impl Into<String>) -> Self {
        self.unit = Some(text.into());
        self
    }

    /// Sets scale and offset: physical value = pixel * scale + offset.
    #[must_use]
    pub fn scale_offset(mut self, scale: f64, offset: f64) -> Self {
        self.scale_offset = Some((scale, offset));
        self
    }
}

impl From<Raster> for GeoTiffBand {
    fn from(raster: Raster) -> Self {
        Self::new(raster)
    }
}

impl GeoTiff {
    /// A cloud-optimised file on a grid, still without bands.
    #[must_use]
    pub fn new(geobox: GeoBox) -> Self {
        Self { geobox, bands: Vec::new(), nodata: None, cog: true, overviews: None }
    }

    /// Adds a band; all bands have the same pixel type and the shape of the GeoBox.
    #[must_use]
    pub fn band(mut self, band: impl Into<GeoTiffBand>) -> Self {
        self.bands.push(band.into());
        self
    }

    /// Sets the value of invalid pixels. Without one, floats use NaN where pixels are invalid.
    #[must_use]
    pub fn nodata(mut self, nodata: f64) -> Self {
        self.nodata = Some(nodata);
        self
    }

    /// Whether to add overviews and lay the file out cloud optimised; yes unless told.
    #[must_use]
    pub fn cog(mut self, cog: bool) -> Self {
        self.cog = cog;
        self
    }

    /// How overviews are made: [`Resampling::Nearest`] takes pixels, any other the mean of the
    /// valid ones. Unless told, integers are taken and floats averaged.
    #[must_use]
    pub fn overviews(mut self, resampling: Resampling) -> Self {
        self.overviews = Some(resampling);
        self
    }

    /// Writes the file under a temporary name, then renames it.
    ///
    /// # Errors
    /// As [`to_bytes`](Self::to_bytes), and [`Error::Write`].
    pub fn write(self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), &[&self.to_bytes()?])
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`Error::Mismatch`] without bands, when bands differ in shape or type, when the nodata
    /// value does not fit the type, or when integers have invalid pixels and no nodata value.
    pub fn to_bytes(mut self) -> Result<Vec<u8>> {
        let dtype = self.check()?;
        let resampling = self.overviews.unwrap_or(if dtype.is_float() {
            Resampling::Average
        } else {
            Resampling::Nearest
        });
        let mut tags = geokeys::tags(&self.geobox);
        if let Some(xml) = self.metadata() {
            tags.push((42_112, Value::Ascii(xml)));
        }
        let mut bands: Vec<_> = self.bands.drain(..).map(|b| b.raster).collect();
        let mut directories = Vec::new();
        loop {
            let first = directories.is_empty();
            let mut tags = if first { std::mem::take(&mut tags) } else { Vec::new() };
            tags.extend(image_tags(&bands[0], bands.len(), !first));
            if let Some(nodata) = self.nodata {
                let text = if nodata.is_nan() { "nan".to_owned() } else { nodata.to_string() };
                tags.push((42_113, Value::Ascii(text)));
            }
            let tiles = tiles(&mut bands, self.nodata)?;
            directories.push(Directory { tags, tiles });
            if !self.cog || (bands[0].width <= TILE && bands[0].height <= TILE) {
                break;
            }
            bands = bands.iter().map(|band| halve(band, resampling)).collect();
        }
        Ok(layout(directories, self.cog))
    }

    fn check(&mut self) -> Result<DType> {
        let mismatch = |what, left: String, right: String| Error::Mismatch { what, left, right };
        let Some(first) = self.bands.first() else {
            return Err(mismatch("bands of a GeoTIFF", "none".into(), "at least one".into()));
        };
        let dtype = first.raster.dtype();
        let wanted = (dtype, self.geobox.width, self.geobox.height);
        for band in &self.bands {
            let r = &band.raster;
            let found = (r.dtype(), r.width, r.height);
            if found != wanted {
                return Err(mismatch(
                    "bands of a GeoTIFF and its grid",
                    format!("{found:?}"),
                    format!("{wanted:?}"),
                ));
            }
        }
        let has_invalid =
            self.bands.iter().any(|b| b.raster.count_valid() < b.raster.width * b.raster.height);
        match self.nodata {
            None if has_invalid && dtype.is_float() => self.nodata = Some(f64::NAN),
            None if has_invalid => {
                return Err(mismatch(
                    "invalid pixels and nodata value",
                    format!("{dtype} with invalid pixels"),
                    "no nodata value: set one".into(),
                ));
            }
            Some(nodata) if dtype.is_integer() && !dtype.holds(nodata) => {
                return Err(mismatch("nodata and type", nodata.to_string(), dtype.to_string()));
            }
            _ => {}
        }
        Ok(dtype)
    }

    /// What GDAL reads about bands.
    fn metadata(&self) -> Option<String> {
        let mut items = String::new();
        for (i, band) in self.bands.iter().enumerate() {
            let mut item = |name: &str, role: &str, text: &str| {
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                items.push_str(&format!(
                    "  <Item name=\"{name}\" sample=\"{i}\" role=\"{role}\">{text}</Item>\n"
                ));
            };
            if let Some((scale, offset)) = band.scale_offset.filter(|so| *so != (1.0, 0.0)) {
                item("OFFSET", "offset", &offset.to_string());
                item("SCALE", "scale", &scale.to_string());
            }
            if let Some(unit) = &band.unit {
                item("UNITTYPE", "unittype", unit);
            }
            if let Some(text) = &band.description {
                item("DESCRIPTION", "description", text);
            }
        }
        (!items.is_empty()).then(|| format!("<GDALMetadata>\n{items}</GDALMetadata>\n"))
    }
}

fn image_tags(raster: &Raster, bands: usize, is_overview: bool) -> Vec<(u16, Value)> {
    let dtype = raster.dtype();
    let format = match dtype {
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => 1,
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => 2,
        DType::F32 | DType::F64 => 3,
    };
    let short = |v: u16| Value::Shorts(vec![v]);
    let mut tags = vec![
        (256, Value::Words(vec![raster.width as u64])),
        (257, Value::Words(vec![raster.height as u64])),
        (258, Value::Shorts(vec![dtype.size() as u16 * 8; bands])),
        (259, short(8)),
        (262, short(1)),
        (277, short(bands as u16)),
        (284, short(1)),
        (317, short(if dtype.is_float() { 3 } else { 2 })),
        (322, short(TILE as u16)),
        (323, short(TILE as u16)),
        (339, Value::Shorts(vec![format; bands])),
    ];
    if is_overview {
        tags.push((254, Value::Words(vec![1])));
    }
    if bands > 1 {
        tags.push((338, Value::Shorts(vec![0; bands - 1])));
    }
    tags
}

/// The compressed tiles of interleaved bands; invalid pixels are set to nodata first.
fn tiles(bands: &mut [Raster], nodata: Option<f64>) -> Result<Vec<Vec<u8>>> {
    if let Some(nodata) = nodata {
        bands.iter_mut().for_each(|band| band.fill_invalid(nodata));
    }
    let (across, down) = (bands[0].width.div_ceil(TILE), bands[0].height.div_ceil(TILE));
    let bands = &*bands;
    let compress = |index: usize| {
        let (col, row) = (index % across * TILE, index / across * TILE);
        let pixels = interleave(bands, col, row);
        let mut compressor = libdeflater::Compressor::new(
            libdeflater::CompressionLvl::new(DEFLATE_LEVEL).unwrap_or_default(),
        );
        let mut out = vec![0; compressor.zlib_compress_bound(pixels.len())];
        let n = compressor
            .zlib_compress(&pixels, &mut out)
            .map_err(|e| Error::Write { path: "a tile".into(), source: Box::new(e) })?;
        out.truncate(n);
        Ok(out)
    };
    (0..across * down).into_par_iter().map(compress).collect()
}

/// One tile's bytes, little endian, predictor applied. Beyond the image its last pixels repeat.
fn interleave(bands: &[Raster], col: usize, row: usize) -> Vec<u8> {
    let first = &bands[0];
    let (size, n) = (first.dtype().size(), bands.len());
    let row_bytes = TILE * n * size;
    let mut out = vec![0; TILE * row_bytes];
    let width = TILE.min(first.width - col);
    for (r, line) in out.chunks_exact_mut(row_bytes).enumerate() {
        let source_row = (row + r).min(first.height - 1);
        for (b, band) in bands.iter().enumerate() {
            let bytes = band.pixels.as_bytes();
            let at = (source_row * first.width + col) * size;
            let source = &bytes[at..at + width * size];
            if n == 1 {
                line[..source.len()].copy_from_slice(source);
            } else {
                for (to, from) in
                    line[b * size..].chunks_mut(n * size).zip(source.chunks_exact(size))
                {
                    to[..size].copy_from_slice(from);
                }
            }
        }
        let filled = width * n * size;
        for at in (filled..row_bytes).step_by(n * size) {
            line.copy_within(filled - n * size..filled, at);
        }
        if cfg!(target_endian = "big") {
            line.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        predict(line, n, &first.pixels);
    }
    out
}

/// Applies predictor 2 to integers and 3 to floats, on one little-endian row.
fn predict(line: &mut [u8], stride: usize, like: &crate::Pixels) {
    let size = like.dtype().size();
    if like.dtype().is_float() {
        let count = line.len() / size;
        let values = line.to_vec();
        for (i, value) in values.chunks_exact(size).enumerate() {
            for (plane, byte) in value.iter().rev().enumerate() {
                line[plane * count + i] = *byte;
            }
        }
        for i in (stride..line.len()).rev() {
            line[i] = line[i].wrapping_sub(line[i - stride]);
        }
        return;
    }
    for i in (stride..line.len() / size).rev() {
        let mut borrow = 0;
        for byte in 0..size {
            let (at, before) = (i * size + byte, (i - stride) * size + byte);
            let value = i16::from(line[at]) - i16::from(line[before]) - borrow;
            borrow = i16::from(value < 0);
            line[at] = value as u8;
        }
    }
}
