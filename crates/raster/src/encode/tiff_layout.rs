//! The bytes of a TIFF around its tiles: header, directories, offsets.

/// A value of a tag.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Ascii(String),
    Shorts(Vec<u16>),
    /// Offsets and lengths: 4 bytes each, 8 in BigTIFF.
    Words(Vec<u64>),
    Doubles(Vec<f64>),
}

/// One image: its tags without those of tiles, and its compressed tiles in order.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) tags: Vec<(u16, Value)>,
    pub(super) tiles: Vec<Vec<u8>>,
}

const TILE_OFFSETS: u16 = 324;
const TILE_COUNTS: u16 = 325;
/// Above this the file becomes a BigTIFF.
const CLASSIC_LIMIT: u64 = 0xf000_0000;
/// What GDAL writes into a cloud-optimised file, so that readers know its layout.
const STRUCTURE: &str = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\n\
    BLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\n\
    KNOWN_INCOMPATIBLE_EDITION=NO\n ";

/// The bytes of a file: header and all directories first, then the tiles of the last directory to
/// the first. With `cog` every tile has its size before it and its last four bytes again behind.
pub(super) fn layout(mut directories: Vec<Directory>, cog: bool) -> Vec<u8> {
    let padding = if cog { 8 } else { 0 };
    let data: u64 =
        directories.iter().flat_map(|d| &d.tiles).map(|tile| tile.len() as u64 + padding).sum();
    let words: u64 = directories.iter().map(|d| d.tiles.len() as u64 * 16 + 65_536).sum();
    let big = data + words > CLASSIC_LIMIT;

    let mut out = header(big, cog);
    for directory in &mut directories {
        let n = directory.tiles.len();
        directory.tags.push((TILE_OFFSETS, Value::Words(vec![0; n])));
        directory.tags.push((TILE_COUNTS, Value::Words(vec![0; n])));
        directory.tags.sort_by_key(|(tag, _)| *tag);
    }
    let sizes: Vec<_> = directories.iter().map(|d| directory_size(&d.tags, big)).collect();
    let mut at = out.len() as u64 + sizes.iter().sum::<u64>();
    for directory in directories.iter_mut().rev() {
        let mut offsets = Vec::with_capacity(directory.tiles.len());
        for tile in &directory.tiles {
            offsets.push(at + padding / 2);
            at += tile.len() as u64 + padding;
        }
        let counts = directory.tiles.iter().map(|t| t.len() as u64).collect();
        for (tag, value) in &mut directory.tags {
            match *tag {
                TILE_OFFSETS => *value = Value::Words(std::mem::take(&mut offsets)),
                TILE_COUNTS => *value = Value::Words(Vec::clone(&counts)),
                _ => {}
            }
        }
    }
    out.reserve((at - out.len() as u64) as usize);
    let last = directories.len().saturating_sub(1);
    for (i, (directory, size)) in directories.iter().zip(&sizes).enumerate() {
        let next = if i == last { 0 } else { out.len() as u64 + size };
        write_directory(&mut out, &directory.tags, next, big);
    }
    for tile in directories.iter().rev().flat_map(|d| &d.tiles) {
        if cog {
            out.extend_from_slice(&(tile.len() as u32).to_le_bytes());
        }
        out.extend_from_slice(tile);
        if cog {
            let tail = tile.len().saturating_sub(4);
            out.extend_from_slice(&tile[tail..]);
            out.resize(out.len() + 4 - (tile.len() - tail), 0);
        }
    }
    out
}

fn header(big: bool, cog: bool) -> Vec<u8> {
    let structure = if cog {
        format!("GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{STRUCTURE}", STRUCTURE.len())
    } else {
        String::new()
    };
    let mut out = b"II".to_vec();
    if big {
        out.extend_from_slice(&[43, 0, 8, 0, 0, 0]);
        out.extend_from_slice(&(16 + structure.len() as u64).next_multiple_of(8).to_le_bytes());
    } else {
        out.extend_from_slice(&[42, 0]);
        out.extend_from_slice(&(8 + structure.len() as u32).next_multiple_of(8).to_le_bytes());
    }
    out.extend_from_slice(structure.as_bytes());
    out.resize(out.len().next_multiple_of(8), 0);
    out
}

fn parts(value: &Value, big: bool) -> (u16, u64, Vec<u8>) {
    match value {
        Value::Ascii(text) => {
            let mut bytes = text.clone().into_bytes();
            bytes.push(0);
            (2, bytes.len() as u64, bytes)
        }
        Value::Shorts(v) => (3, v.len() as u64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Value::Words(v) if big => {
            (16, v.len() as u64, v.iter().flat_map(|x| x.to_le_bytes()).collect())
        }
        Value::Words(v) => {
            (4, v.len() as u64, v.iter().flat_map(|x| (*x as u32).to_le_bytes()).collect())
        }
        Value::Doubles(v) => (12, v.len() as u64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
    }
}

/// Bytes of the fixed part of a directory, rounded up so that its values start aligned.
fn table_size(tags: usize, big: bool) -> u64 {
    let size = if big { 8 + 20 * tags as u64 + 8 } else { 2 + 12 * tags as u64 + 4 };
    size.next_multiple_of(8)
}

fn directory_size(tags: &[(u16, Value)], big: bool) -> u64 {
    let inline = if big { 8 } else { 4 };
    let outside = tags.iter().map(|(_, value)| parts(value, big).2.len() as u64);
    let outside = outside.filter(|len| *len > inline).map(|len| len.next_multiple_of(8));
    table_size(tags.len(), big) + outside.sum::<u64>()
}

fn write_directory(out: &mut Vec<u8>, tags: &[(u16, Value)], next: u64, big: bool) {
    let start = out.len() as u64;
    let word = |v: u64| {
        let bytes = v.to_le_bytes();
        if big { bytes.to_vec() } else { bytes[..4].to_vec() }
    };
    let inline = if big { 8 } else { 4 };
    let mut outside = Vec::new();
    let values_at = start + table_size(tags.len(), big);
    let count = (tags.len() as u64).to_le_bytes();
    out.extend_from_slice(&count[..if big { 8 } else { 2 }]);
    for (tag, value) in tags {
        let (kind, count, mut bytes) = parts(value, big);
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&word(count));
        if bytes.len() <= inline {
            bytes.resize(inline, 0);
            out.extend_from_slice(&bytes);
        } else {
            out.extend_from_slice(&word(values_at + outside.len() as u64));
            outside.append(&mut bytes);
            outside.resize(outside.len().next_multiple_of(8), 0);
        }
    }
    out.extend_from_slice(&word(next));
    out.resize(values_at as usize, 0);
    out.append(&mut outside);
}
