//! How one image of a TIFF is cut into blocks and how a block is stored.

use bytes::Bytes;
use terracube_grid::Window;

use super::ifd::{Ifd, Order, tag};
use crate::{DType, Error, Result};

/// Decoded size of one block above which a file is refused.
const LARGEST_BLOCK: u64 = 1 << 30;
const LARGEST_SIDE: u64 = 1 << 28;
const MOST_BANDS: u64 = 65_536;

/// How a block is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Lzma,
    Zstd,
    Webp,
    Lerc(LercWrap),
}

/// What is around a LERC blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LercWrap {
    None,
    Deflate,
    Zstd,
}

/// How a sample is stored when that is not simply its [`DType`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Plain,
    /// IEEE half precision, widened to `float32`.
    Half,
    /// So many bits, most significant first, rows padded to bytes.
    Bits(u8),
}

/// One image: the full one, an overview or a mask.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) block_width: usize,
    pub(super) block_height: usize,
    pub(super) tiled: bool,
    pub(super) bands: usize,
    /// Whether each band has blocks of its own.
    pub(super) planar: bool,
    pub(super) dtype: DType,
    pub(super) storage: Storage,
    pub(super) compression: Compression,
    pub(super) predictor: u64,
    pub(super) order: Order,
    pub(super) reversed_bits: bool,
    #[cfg_attr(not(feature = "jpeg"), expect(dead_code, reason = "only JPEG asks"))]
    pub(super) ycbcr: bool,
    #[cfg_attr(not(feature = "jpeg"), expect(dead_code, reason = "only JPEG asks"))]
    pub(super) jpeg_tables: Option<Bytes>,
    /// The band that says which pixels are opaque.
    pub(super) alpha: Option<usize>,
    /// Bits of a sample as stored, and TIFF's photometric interpretation.
    pub(super) bits: u64,
    pub(super) photometric: u64,
    offsets: Vec<u64>,
    counts: Vec<u64>,
}

impl Image {
    pub(super) fn new(ifd: &Ifd, order: Order, key: &str) -> Result<Self> {
        let malformed = |reason: String| Error::Malformed { key: key.to_owned(), reason };
        let unsupported = |what: String| Error::Unsupported { key: key.to_owned(), what };
        let need = |tag, name: &str| {
            ifd.uint(tag).ok_or_else(|| malformed(format!("tag {name} is missing")))
        };
        let bounded = |what, value: u64, limit: u64| {
            if value > limit {
                return Err(Error::TooLarge { key: key.to_owned(), what, value, limit });
            }
            Ok(value as usize)
        };
        let width = bounded("the width", need(tag::WIDTH, "ImageWidth")?, LARGEST_SIDE)?;
        let height = bounded("the height", need(tag::HEIGHT, "ImageLength")?, LARGEST_SIDE)?;
        if width == 0 || height == 0 {
            return Err(malformed(format!("it is {width} by {height} pixels")));
        }
        let bands =
            bounded("the number of bands", ifd.uint(tag::SAMPLES).unwrap_or(1), MOST_BANDS)?;
        if bands == 0 {
            return Err(malformed("it has no bands".into()));
        }

        let tiled = ifd.has(tag::TILE_WIDTH) || ifd.has(tag::TILE_OFFSETS);
        let (block_width, block_height) = if tiled {
            (need(tag::TILE_WIDTH, "TileWidth")?, need(tag::TILE_HEIGHT, "TileLength")?)
        } else {
            let rows = ifd.uint(tag::ROWS_PER_STRIP).unwrap_or(u64::MAX);
            (width as u64, rows.clamp(1, height as u64))
        };
        let block_width = bounded("the tile width", block_width, LARGEST_SIDE)?;
        let block_height = bounded("the tile height", block_height, LARGEST_SIDE)?;
        if block_width == 0 || block_height == 0 {
            return Err(malformed(format!("its tiles are {block_width} by {block_height} pixels")));
        }

        let bits = uniform(&ifd.uints(tag::BITS), 1)
            .ok_or_else(|| unsupported("bands of different sizes".into()))?;
        let format = uniform(&ifd.uints(tag::SAMPLE_FORMAT), 1)
            .ok_or_else(|| unsupported("bands of different sample formats".into()))?;
        let (dtype, storage) = sample_type(format, bits).map_err(unsupported)?;

        let compression = compression(ifd).map_err(unsupported)?;
        let photometric = ifd.uint(tag::PHOTOMETRIC).unwrap_or(1);
        // GDAL shows these converted to red, green, blue and opacity.
        let converted = match photometric {
            6 if !matches!(compression, Compression::Jpeg | Compression::Webp) => {
                Some("YCbCr colours without JPEG compression")
            }
            5 => Some("CMYK colours"),
            8 => Some("CIELab colours"),
            _ => None,
        };
        if let Some(colors) = converted {
            return Err(unsupported(colors.into()));
        }
        if compression == Compression::Jpeg && bits > 8 {
            return Err(unsupported(format!("JPEG with {bits} bits")));
        }
        let predictor = ifd.uint(tag::PREDICTOR).unwrap_or(1);
        check_predictor(predictor, dtype, storage).map_err(unsupported)?;

        let planar = bands > 1 && ifd.uint(tag::PLANAR) == Some(2);
        let (offsets_tag, counts_tag) = if ifd.has(tag::TILE_OFFSETS) {
            (tag::TILE_OFFSETS, tag::TILE_COUNTS)
        } else {
            (tag::STRIP_OFFSETS, tag::STRIP_COUNTS)
        };
        let extras = ifd.uints(tag::EXTRA_SAMPLES);
        let alpha = extras
            .iter()
            .position(|kind| matches!(kind, 1 | 2))
            .and_then(|i| (bands + i).checked_sub(extras.len()));
        let mut image = Self {
            width,
            height,
            block_width,
            block_height,
            tiled,
            bands,
            planar,
            dtype,
            storage,
            compression,
            predictor,
            order,
            reversed_bits: ifd.uint(tag::FILL_ORDER) == Some(2),
            ycbcr: photometric == 6,
            bits,
            photometric,
            jpeg_tables: ifd.bytes(tag::JPEG_TABLES),
            alpha,
            offsets: ifd.uints(offsets_tag),
            counts: ifd.uints(counts_tag),
        };
        bounded("the decoded size of a block", image.block_bytes_checked(), LARGEST_BLOCK)?;
        image.check_blocks().map_err(malformed)?;
        Ok(image)
    }

    /// Blocks across and down.
    pub(super) fn grid(&self) -> (usize, usize) {
        (self.width.div_ceil(self.block_width), self.height.div_ceil(self.block_height))
    }

    /// The index of a block among all.
    pub(super) fn block_index(&self, col: usize, row: usize, band: usize) -> usize {
        let (across, down) = self.grid();
        let plane = if self.planar { band } else { 0 };
        (plane * down + row) * across + col
    }

    /// Where a block's bytes are; `None` when the file leaves it out.
    pub(super) fn block_range(&self, index: usize) -> Option<std::ops::Range<u64>> {
        let (offset, len) = (*self.offsets.get(index)?, *self.counts.get(index)?);
        (offset != 0 && len != 0).then(|| offset..offset.saturating_add(len))
    }

    /// Samples of one pixel within a block.
    pub(super) fn block_bands(&self) -> usize {
        if self.planar { 1 } else { self.bands }
    }

    /// Whether another window or band may need the block too: it is only partly in this window, or
    /// holds several bands.
    pub(super) fn is_shared(&self, col: usize, row: usize, window: &Window) -> bool {
        let cols = col * self.block_width..((col + 1) * self.block_width).min(self.width);
        let rows = row * self.block_height..((row + 1) * self.block_height).min(self.height);
        let is_inside = window.col <= cols.start
            && cols.end <= window.col_end()
            && window.row <= rows.start
            && rows.end <= window.row_end();
        !is_inside || self.block_bands() > 1
    }

    /// Bytes of one stored row of a block, after decompression.
    pub(super) fn row_bytes(&self) -> usize {
        let samples = self.block_width * self.block_bands();
        match self.storage {
            Storage::Plain => samples * self.dtype.size(),
            Storage::Half => samples * 2,
            Storage::Bits(bits) => (samples * bits as usize).div_ceil(8),
        }
    }

    /// Rows that block row `row` holds: tiles are whole, the last strip may be shorter.
    pub(super) fn block_rows(&self, row: usize) -> usize {
        if self.tiled {
            self.block_height
        } else {
            self.block_height.min(self.height - row * self.block_height)
        }
    }

    fn block_bytes_checked(&self) -> u64 {
        let samples = self.block_width as u128 * self.block_height as u128;
        let bytes = samples * self.block_bands() as u128 * self.dtype.size().max(1) as u128;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    fn check_blocks(&mut self) -> Result<(), String> {
        let (across, down) = self.grid();
        let planes = if self.planar { self.bands } else { 1 };
        let expected = across as u128 * down as u128 * planes as u128;
        let (offsets, counts) = (self.offsets.len(), self.counts.len());
        if counts == 0 && expected == 1 && offsets == 1 && self.compression == Compression::None {
            self.counts = vec![(self.row_bytes() * self.block_rows(0)) as u64];
        } else if (offsets.min(counts) as u128) < expected {
            return Err(format!(
                "it needs {expected} blocks, has {offsets} offsets and {counts} lengths"
            ));
        }
        Ok(())
    }
}

/// The one value of all, or the default without any.
fn uniform(values: &[u64], default: u64) -> Option<u64> {
    let first = values.first().copied().unwrap_or(default);
    values.iter().all(|v| *v == first).then_some(first)
}

fn sample_type(format: u64, bits: u64) -> Result<(DType, Storage), String> {
    let plain = |dtype| Ok((dtype, Storage::Plain));
    match (format, bits) {
        (1 | 4, 8) => plain(DType::U8),
        (1 | 4, 16) => plain(DType::U16),
        (1 | 4, 32) => plain(DType::U32),
        (1 | 4, 64) => plain(DType::U64),
        (2, 8) => plain(DType::I8),
        (2, 16) => plain(DType::I16),
        (2, 32) => plain(DType::I32),
        (2, 64) => plain(DType::I64),
        (3, 16) => Ok((DType::F32, Storage::Half)),
        (3, 32) => plain(DType::F32),
        (3, 64) => plain(DType::F64),
        (1 | 4, 1..=7) => Ok((DType::U8, Storage::Bits(bits as u8))),
        (1 | 4, 9..=15) => Ok((DType::U16, Storage::Bits(bits as u8))),
        (1 | 4, 17..=31) => Ok((DType::U32, Storage::Bits(bits as u8))),
        (5 | 6, _) => Err(format!("complex numbers of {bits} bits")),
        _ => Err(format!("samples of format {format} with {bits} bits")),
    }
}

fn compression(ifd: &Ifd) -> Result<Compression, String> {
    let lacks = |codec: &str, feature: &str| {
        Err(format!("{codec} compression: build with the feature `{feature}`"))
    };
    let code = ifd.uint(tag::COMPRESSION).unwrap_or(1);
    match code {
        1 => Ok(Compression::None),
        5 if cfg!(feature = "lzw") => Ok(Compression::Lzw),
        5 => lacks("LZW", "lzw"),
        7 if cfg!(feature = "jpeg") => Ok(Compression::Jpeg),
        7 => lacks("JPEG", "jpeg"),
        8 | 32946 => Ok(Compression::Deflate),
        32773 => Ok(Compression::PackBits),
        34925 if cfg!(feature = "lzma") => Ok(Compression::Lzma),
        34925 => lacks("LZMA", "lzma"),
        50000 if cfg!(feature = "zstd") => Ok(Compression::Zstd),
        50000 => lacks("Zstandard", "zstd"),
        50001 if cfg!(feature = "webp") => Ok(Compression::Webp),
        50001 => lacks("WebP", "webp"),
        34887 if cfg!(feature = "lerc") => match ifd.uints(tag::LERC_PARAMETERS).get(1) {
            None | Some(0) => Ok(Compression::Lerc(LercWrap::None)),
            Some(1) => Ok(Compression::Lerc(LercWrap::Deflate)),
            Some(2) if cfg!(feature = "zstd") => Ok(Compression::Lerc(LercWrap::Zstd)),
            Some(2) => lacks("LERC with Zstandard", "zstd"),
            Some(other) => Err(format!("LERC within compression {other}")),
        },
        34887 => lacks("LERC", "lerc"),
        _ => Err(format!("compression {code}{}", named(code))),
    }
}

fn named(code: u64) -> &'static str {
    match code {
        2..=4 => " (fax)",
        6 => " (old-style JPEG)",
        34676 | 34677 => " (SGI LogLuv)",
        34712 | 33003..=33005 => " (JPEG 2000)",
        50002 | 52546 => " (JPEG XL)",
        _ => "",
    }
}

fn check_predictor(predictor: u64, dtype: DType, storage: Storage) -> Result<(), String> {
    match (predictor, storage) {
        (0 | 1, _) | (2, Storage::Plain | Storage::Half) => Ok(()),
        (2, Storage::Bits(bits)) => Err(format!("predictor 2 with {bits} bits")),
        (3, Storage::Plain) if dtype.is_float() => Ok(()),
        (3, Storage::Half) => Ok(()),
        (3, _) => Err("predictor 3 with integers".into()),
        _ => Err(format!("predictor {predictor}")),
    }
}
