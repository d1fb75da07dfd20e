//! The tiles of a JPEG 2000 image, each as an image of its own: a whole one is not decoded at once.

use std::collections::BTreeMap;
use std::ops::Range;

/// Where tiles are in a codestream (ISO/IEC 15444-1, annex A), of one component.
#[derive(Debug)]
pub(super) struct Codestream {
    /// Pixels.
    pub(super) rows: usize,
    pub(super) cols: usize,
    grid: Grid,
    /// The main header behind SIZ, without pointers to what is moved.
    markers: Vec<u8>,
    /// SIZ, marker and all.
    siz: Vec<u8>,
    /// The parts of each tile.
    tiles: BTreeMap<usize, Vec<Range<usize>>>,
}

/// The reference grid: ends, origin, tile size and tile origin, x and y each.
#[derive(Debug, Clone, Copy)]
struct Grid {
    end: [u32; 2],
    origin: [u32; 2],
    tile: [u32; 2],
    tile_origin: [u32; 2],
}

/// A tile as a codestream, and the pixels it is: first row and column, and how many.
#[derive(Debug)]
pub(super) struct TileStream {
    pub(super) bytes: Vec<u8>,
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

/// Pixels of an image above which it is none of a tile of 110 km.
const MOST_PIXELS: u64 = 1 << 28;
/// Tiles are numbered in 16 bits.
const MOST_TILES: u64 = 65_535;

const SOC: u16 = 0xff4f;
const SIZ: u16 = 0xff51;
const TLM: u16 = 0xff55;
const PLM: u16 = 0xff57;
const PPM: u16 = 0xff60;
const SOT: u16 = 0xff90;
const EOC: u16 = 0xffd9;

impl Codestream {
    /// Of the bytes of a file or of a bare codestream.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let truncated = || "it ends too early".to_owned();
        let mut at = start(bytes).ok_or("it holds no codestream")?;
        if u16_at(bytes, at) != Some(SOC) || u16_at(bytes, at + 2) != Some(SIZ) {
            return Err("its codestream does not begin with SOC and SIZ".to_owned());
        }
        at += 2;
        let siz = segment(bytes, at).ok_or_else(truncated)?;
        let number = |index: usize| u32_at(siz, 6 + index * 4).ok_or_else(truncated);
        let pair = |index: usize| Ok::<_, String>([number(index)?, number(index + 1)?]);
        let grid = Grid { end: pair(0)?, origin: pair(2)?, tile: pair(4)?, tile_origin: pair(6)? };
        if u16_at(siz, 38) != Some(1) || siz.get(41..43) != Some(&[1, 1]) {
            return Err("it has not one component of full resolution".to_owned());
        }
        let is_sound = (0..2).all(|axis| {
            let (tile, from) = (grid.tile[axis], grid.tile_origin[axis]);
            from <= grid.origin[axis]
                && grid.origin[axis] < grid.end[axis]
                && from.checked_add(tile).is_some_and(|end| end > grid.origin[axis])
        });
        if !is_sound {
            return Err("its tiles are not around its pixels".to_owned());
        }
        let span = |axis: usize| u64::from(grid.end[axis] - grid.origin[axis]);
        let [across, down] = [0, 1].map(|axis| grid.count(axis) as u64);
        if span(0).saturating_mul(span(1)) > MOST_PIXELS || across.saturating_mul(down) > MOST_TILES
        {
            return Err("it has more pixels, or tiles, than an image of the product".to_owned());
        }
        at += siz.len();
        let mut markers = Vec::new();
        while u16_at(bytes, at) != Some(SOT) {
            let found = segment(bytes, at).ok_or_else(truncated)?;
            match u16_at(bytes, at) {
                Some(TLM | PLM) => {}
                Some(PPM) => return Err("its packet headers are apart from packets".to_owned()),
                _ => markers.extend_from_slice(found),
            }
            at += found.len();
        }
        Ok(Self {
            rows: span(1) as usize,
            cols: span(0) as usize,
            grid,
            markers,
            siz: siz.to_owned(),
            tiles: parts(bytes, at)?,
        })
    }

    /// How many tiles there are.
    pub(super) fn len(&self) -> usize {
        self.grid.across() * self.grid.count(1)
    }

    /// A tile, with its parts cut from the bytes; none where the image has no such tile.
    pub(super) fn tile(&self, bytes: &[u8], index: usize) -> Option<TileStream> {
        let parts = self.tiles.get(&index)?;
        let across = self.grid.across();
        let place = [index % across, index / across];
        let [(x, left, width), (y, top, height)] =
            [0, 1].map(|axis| self.grid.extent(axis, place[axis]));
        let mut out = SOC.to_be_bytes().to_vec();
        let mut siz = self.siz.clone();
        let numbers =
            [left + width, top + height, left, top, self.grid.tile[0], self.grid.tile[1], x, y];
        for (index, number) in numbers.into_iter().enumerate() {
            siz.get_mut(6 + index * 4..10 + index * 4)?.copy_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&siz);
        out.extend_from_slice(&self.markers);
        for part in parts {
            let begin = out.len();
            out.extend_from_slice(bytes.get(part.clone())?);
            // It is the only tile now.
            out.get_mut(begin + 4..begin + 6)?.fill(0);
        }
        out.extend_from_slice(&EOC.to_be_bytes());
        Some(TileStream {
            bytes: out,
            row: (top - self.grid.origin[1]) as usize,
            col: (left - self.grid.origin[0]) as usize,
            rows: height as usize,
            cols: width as usize,
        })
    }
}

impl Grid {
    fn across(&self) -> usize {
        self.count(0)
    }

    fn count(&self, axis: usize) -> usize {
        (self.end[axis] - self.tile_origin[axis]).div_ceil(self.tile[axis].max(1)) as usize
    }

    /// Along an axis: where a tile begins, where its pixels do, and how many.
    fn extent(&self, axis: usize, index: usize) -> (u32, u32, u32) {
        let from = self.tile_origin[axis] + self.tile[axis] * index as u32;
        let first = from.max(self.origin[axis]);
        let end = from.saturating_add(self.tile[axis]).min(self.end[axis]);
        (from, first, end.saturating_sub(first))
    }
}

/// Where the codestream begins: at once, or in the box `jp2c`.
fn start(bytes: &[u8]) -> Option<usize> {
    if u16_at(bytes, 0) == Some(SOC) {
        return Some(0);
    }
    let mut at = 0;
    loop {
        let (len, kind) = (u32_at(bytes, at)? as usize, bytes.get(at + 4..at + 8)?);
        let (header, len) = match len {
            1 => {
                let high = u32_at(bytes, at + 8)? as u64;
                (16, usize::try_from(high << 32 | u64::from(u32_at(bytes, at + 12)?)).ok()?)
            }
            0 => (8, bytes.len() - at),
            len => (8, len),
        };
        if kind == b"jp2c" {
            return Some(at + header);
        }
        at = at.checked_add(len.max(header))?;
    }
}

/// Parts of tiles, from SOT to the next one, by tile.
fn parts(bytes: &[u8], mut at: usize) -> Result<BTreeMap<usize, Vec<Range<usize>>>, String> {
    let mut tiles: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    while u16_at(bytes, at) == Some(SOT) {
        let (Some(tile), Some(len)) = (u16_at(bytes, at + 4), u32_at(bytes, at + 6)) else { break };
        // A length of 0 is: up to the end of the codestream.
        let end = if len == 0 { bytes.len().saturating_sub(2) } else { at + len as usize };
        if end > bytes.len() || end < at + 12 {
            return Err("a tile ends too early".to_owned());
        }
        tiles.entry(usize::from(tile)).or_default().push(at..end);
        at = end;
    }
    match u16_at(bytes, at) {
        Some(EOC) => Ok(tiles),
        _ => Err("it ends too early".to_owned()),
    }
}

/// A marker with its segment.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let len = usize::from(u16_at(bytes, at + 2)?);
    bytes.get(at..at + 2 + len)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(found.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(found.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Codestream;

    /// SOC, SIZ with these numbers for one component, and nothing behind.
    fn parsed(numbers: [u32; 8]) -> String {
        let mut bytes = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
        numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
        bytes.extend([0, 1, 15, 1, 1]);
        Codestream::parse(&bytes).unwrap_err()
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused() {
        let most = u32::MAX;
        assert!(parsed([most, most, 0, 0, most, most, 0, 0]).contains("more pixels"));
        assert!(parsed([10_980, 10_980, 0, 0, 1, 1, 0, 0]).contains("more pixels"));
        assert!(parsed([10_980, 10_980, 0, 0, 0, 0, 0, 0]).contains("around"));
        assert!(parsed([10, 10, 9, 9, 5, 5, 0, 0]).contains("around"));
        assert!(parsed([10_980, 10_980, 0, 0, 1024, 1024, 0, 0]).contains("too early"));
    }
}
