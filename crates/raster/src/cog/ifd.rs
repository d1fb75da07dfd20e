//! TIFF headers and image file directories, read with bounds.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;

use super::head::Head;
use crate::{Error, Result};

const MOST_IFDS: usize = 512;
const MOST_ENTRIES: u64 = 4096;
const LARGEST_VALUE: u64 = 128 << 20;

/// Byte order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn is_native(self) -> bool {
        (self == Self::Little) == cfg!(target_endian = "little")
    }

    fn uint(self, bytes: &[u8]) -> u64 {
        let push = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, push),
            Self::Big => bytes.iter().fold(0, push),
        }
    }
}

/// A directory: tag to value.
#[derive(Debug, Default)]
pub(super) struct Ifd {
    values: BTreeMap<u16, Value>,
}

#[derive(Debug)]
struct Value {
    kind: u16,
    order: Order,
    bytes: Bytes,
}

impl Ifd {
    pub(super) fn has(&self, tag: u16) -> bool {
        self.values.contains_key(&tag)
    }

    /// The unsigned integers of a tag; empty when absent or of another kind.
    pub(super) fn uints(&self, tag: u16) -> Vec<u64> {
        let Some(value) = self.values.get(&tag) else { return Vec::new() };
        let size = match value.kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Vec::new(),
        };
        value.bytes.chunks_exact(size).map(|b| value.order.uint(b)).collect()
    }

    pub(super) fn uint(&self, tag: u16) -> Option<u64> {
        self.uints(tag).first().copied()
    }

    /// The floating-point numbers of a tag; empty when absent or of another kind.
    pub(super) fn floats(&self, tag: u16) -> Vec<f64> {
        let Some(value) = self.values.get(&tag) else { return Vec::new() };
        match value.kind {
            11 => value
                .bytes
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_bits(value.order.uint(b) as u32)))
                .collect(),
            12 => {
                value.bytes.chunks_exact(8).map(|b| f64::from_bits(value.order.uint(b))).collect()
            }
            5 => {
                let part = |b: &[u8]| value.order.uint(b) as f64;
                value.bytes.chunks_exact(8).map(|b| part(&b[..4]) / part(&b[4..])).collect()
            }
            _ => self.uints(tag).into_iter().map(|v| v as f64).collect(),
        }
    }

    /// The text of a tag up to its NUL, invalid UTF-8 replaced.
    pub(super) fn text(&self, tag: u16) -> Option<String> {
        let value = self.values.get(&tag).filter(|v| matches!(v.kind, 1 | 2 | 7))?;
        let end = value.bytes.iter().position(|b| *b == 0).unwrap_or(value.bytes.len());
        Some(String::from_utf8_lossy(&value.bytes[..end]).into_owned())
    }

    /// The whole text of a tag with inner NULs, for tags sliced by others.
    pub(super) fn bytes(&self, tag: u16) -> Option<Bytes> {
        self.values.get(&tag).map(|v| v.bytes.clone())
    }
}

/// Reads the header and every directory, sub-directories after their parent.
pub(super) async fn read_ifds(head: &mut Head, key: &str) -> Result<(Order, Vec<Ifd>)> {
    let start = head.start(16).await?;
    let not_a_tiff = |reason: String| Error::NotATiff { key: key.to_owned(), reason };
    let (order, big) = match start.get(..4) {
        Some(b"II\x2a\0") => (Order::Little, false),
        Some(b"MM\0\x2a") => (Order::Big, false),
        Some(b"II\x2b\0") => (Order::Little, true),
        Some(b"MM\0\x2b") => (Order::Big, true),
        _ => return Err(not_a_tiff(describe(&start))),
    };
    let needed = if big { 16 } else { 8 };
    if start.len() < needed {
        return Err(not_a_tiff(format!("it has only {} bytes", start.len())));
    }
    if big && order.uint(&start[4..6]) != 8 {
        return Err(not_a_tiff("its BigTIFF header has offsets of another size than 8".into()));
    }
    let mut next = if big { order.uint(&start[8..16]) } else { order.uint(&start[4..8]) };
    let format = Format { order, big };
    let mut seen = HashSet::new();
    let mut ifds = Vec::new();
    while next != 0 {
        let (ifd, after) = format.read_ifd(head, next, &mut seen).await?;
        let children = ifd.uints(tag::SUB_IFDS);
        ifds.push(ifd);
        for child in children.into_iter().filter(|c| *c != 0) {
            let (ifd, _) = format.read_ifd(head, child, &mut seen).await?;
            ifds.push(ifd);
        }
        next = after;
    }
    if ifds.is_empty() {
        return Err(head.malformed("it has no image"));
    }
    Ok((order, ifds))
}

#[derive(Clone, Copy)]
struct Format {
    order: Order,
    big: bool,
}

impl Format {
    async fn read_ifd(
        self,
        head: &mut Head,
        offset: u64,
        seen: &mut HashSet<u64>,
    ) -> Result<(Ifd, u64)> {
        if !seen.insert(offset) {
            return Err(head.malformed("its directories form a cycle"));
        }
        if seen.len() > MOST_IFDS {
            return Err(head.malformed(format!("it has more than {MOST_IFDS} directories")));
        }
        let (count_size, entry_size, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.order.uint(&head.read(offset, count_size).await?);
        if count == 0 || count > MOST_ENTRIES {
            return Err(head.malformed(format!("a directory at {offset} has {count} entries")));
        }
        let entries = head.read(offset + count_size, count * entry_size + word).await?;
        let mut ifd = Ifd::default();
        for entry in entries.chunks_exact(entry_size as usize).take(count as usize) {
            let tag = self.order.uint(&entry[..2]) as u16;
            if !tag::KNOWN.contains(&tag) {
                continue;
            }
            let kind = self.order.uint(&entry[2..4]) as u16;
            let n = self.order.uint(&entry[4..4 + word as usize]);
            let Some(size) = size_of(kind) else { continue };
            let len = n.checked_mul(size).filter(|len| *len <= LARGEST_VALUE).ok_or_else(|| {
                head.malformed(format!("tag {tag} claims {n} values of {size} bytes"))
            })?;
            let inline = &entry[4 + word as usize..];
            let bytes = if len <= word {
                Bytes::copy_from_slice(&inline[..len as usize])
            } else {
                head.read(self.order.uint(inline), len).await?
            };
            ifd.values.insert(tag, Value { kind, order: self.order, bytes });
        }
        let next = self.order.uint(&entries[(count * entry_size) as usize..]);
        Ok((ifd, next))
    }
}

const fn size_of(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

fn describe(start: &[u8]) -> String {
    let text = start.trim_ascii_start();
    if start.is_empty() {
        "it is empty".into()
    } else if text.starts_with(b"<") {
        "it is HTML or XML, perhaps an error page".into()
    } else if text.starts_with(b"{") {
        "it is JSON, perhaps an error message".into()
    } else {
        format!("it starts with {:02x?}", &start[..start.len().min(4)])
    }
}

/// The tags read; others are skipped unread.
pub(super) mod tag {
    pub(in super::super) const SUBFILE_TYPE: u16 = 254;
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const HEIGHT: u16 = 257;
    pub(in super::super) const BITS: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const DOCUMENT_NAME: u16 = 269;
    pub(in super::super) const IMAGE_DESCRIPTION: u16 = 270;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const SAMPLES: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_COUNTS: u16 = 279;
    pub(in super::super) const MIN_SAMPLE_VALUE: u16 = 280;
    pub(in super::super) const MAX_SAMPLE_VALUE: u16 = 281;
    pub(in super::super) const X_RESOLUTION: u16 = 282;
    pub(in super::super) const Y_RESOLUTION: u16 = 283;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const RESOLUTION_UNIT: u16 = 296;
    pub(in super::super) const SOFTWARE: u16 = 305;
    pub(in super::super) const DATE_TIME: u16 = 306;
    pub(in super::super) const ARTIST: u16 = 315;
    pub(in super::super) const HOST_COMPUTER: u16 = 316;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const COLOR_MAP: u16 = 320;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_HEIGHT: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_COUNTS: u16 = 325;
    pub(in super::super) const SUB_IFDS: u16 = 330;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const JPEG_TABLES: u16 = 347;
    pub(in super::super) const COPYRIGHT: u16 = 33432;
    pub(in super::super) const PIXEL_SCALE: u16 = 33550;
    pub(in super::super) const TIEPOINT: u16 = 33922;
    pub(in super::super) const TRANSFORMATION: u16 = 34264;
    pub(in super::super) const GEO_KEYS: u16 = 34735;
    pub(in super::super) const GEO_DOUBLES: u16 = 34736;
    pub(in super::super) const GEO_ASCII: u16 = 34737;
    pub(in super::super) const GDAL_METADATA: u16 = 42112;
    pub(in super::super) const GDAL_NODATA: u16 = 42113;
    pub(in super::super) const LERC_PARAMETERS: u16 = 50674;
    pub(in super::super) const RPC: u16 = 50844;

    pub(super) const KNOWN: [u16; 44] = [
        SUBFILE_TYPE,
        WIDTH,
        HEIGHT,
        BITS,
        COMPRESSION,
        PHOTOMETRIC,
        FILL_ORDER,
        DOCUMENT_NAME,
        IMAGE_DESCRIPTION,
        STRIP_OFFSETS,
        SAMPLES,
        ROWS_PER_STRIP,
        STRIP_COUNTS,
        MIN_SAMPLE_VALUE,
        MAX_SAMPLE_VALUE,
        X_RESOLUTION,
        Y_RESOLUTION,
        PLANAR,
        RESOLUTION_UNIT,
        SOFTWARE,
        DATE_TIME,
        ARTIST,
        HOST_COMPUTER,
        PREDICTOR,
        COLOR_MAP,
        TILE_WIDTH,
        TILE_HEIGHT,
        TILE_OFFSETS,
        TILE_COUNTS,
        SUB_IFDS,
        EXTRA_SAMPLES,
        SAMPLE_FORMAT,
        JPEG_TABLES,
        COPYRIGHT,
        PIXEL_SCALE,
        TIEPOINT,
        TRANSFORMATION,
        GEO_KEYS,
        GEO_DOUBLES,
        GEO_ASCII,
        GDAL_METADATA,
        GDAL_NODATA,
        LERC_PARAMETERS,
        RPC,
    ];
}
