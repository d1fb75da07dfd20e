//! TIFFs of every compression to decode; [`GeoTiff`](terracube_raster::GeoTiff) writes deflate only.

use anyhow::{Result, ensure};
use weezl::{BitOrder, encode::Encoder};

/// How the tiles of a [`tiled_tiff`] are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// LZW, as libtiff writes it.
    Lzw,
    /// Deflate in a zlib stream, level 6.
    Deflate,
    /// Zstandard, level 9, libtiff's default.
    Zstd,
}

impl Compression {
    const fn code(self) -> u32 {
        match self {
            Self::Lzw => 5,
            Self::Deflate => 8,
            Self::Zstd => 50_000,
        }
    }

    fn compress(self, tile: &[u8]) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Lzw => Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(tile)?,
            Self::Deflate => {
                let mut compressor = libdeflater::Compressor::new(Default::default());
                let mut out = vec![0; compressor.zlib_compress_bound(tile.len())];
                let len = compressor.zlib_compress(tile, &mut out)?;
                out.truncate(len);
                out
            }
            Self::Zstd => zstd::bulk::compress(tile, 9)?,
        })
    }
}

/// A little-endian classic TIFF of one `uint16` band with predictor 2, `side` pixels square, in
/// square tiles of `tile` pixels that cover it exactly.
///
/// # Errors
/// When the shapes do not agree or a tile cannot be compressed.
pub fn tiled_tiff(
    values: &[u16],
    side: usize,
    tile: usize,
    compression: Compression,
) -> Result<Vec<u8>> {
    ensure!(values.len() == side * side && side.is_multiple_of(tile), "the shapes do not agree");
    let across = side / tile;
    let mut out = b"II\x2a\0\0\0\0\0".to_vec();
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for index in 0..across * across {
        let (col, row) = (index % across * tile, index / across * tile);
        let mut bytes = Vec::with_capacity(tile * tile * 2);
        for line in values.chunks_exact(side).skip(row).take(tile) {
            let mut before = 0;
            for value in &line[col..col + tile] {
                bytes.extend_from_slice(&value.wrapping_sub(before).to_le_bytes());
                before = *value;
            }
        }
        let compressed = compression.compress(&bytes)?;
        offsets.push(u32::try_from(out.len())?);
        counts.push(u32::try_from(compressed.len())?);
        out.extend(compressed);
    }
    let (side, tile) = (u32::try_from(side)?, u32::try_from(tile)?);
    let fields: [(u16, Vec<u32>); 11] = [
        (256, vec![side]),
        (257, vec![side]),
        (258, vec![16]),
        (259, vec![compression.code()]),
        (262, vec![1]),
        (277, vec![1]),
        (317, vec![2]),
        (322, vec![tile]),
        (323, vec![tile]),
        (324, offsets),
        (325, counts),
    ];
    directory(&mut out, &fields)?;
    Ok(out)
}

/// Appends a directory, all fields as 32-bit numbers, and points the header at it.
fn directory(out: &mut Vec<u8>, fields: &[(u16, Vec<u32>)]) -> Result<()> {
    let mut entries = u16::try_from(fields.len())?.to_le_bytes().to_vec();
    for (tag, values) in fields {
        let place = if let [value] = values[..] { value } else { u32::try_from(out.len())? };
        if values.len() > 1 {
            out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        }
        entries.extend(tag.to_le_bytes());
        entries.extend(4u16.to_le_bytes());
        entries.extend(u32::try_from(values.len())?.to_le_bytes());
        entries.extend(place.to_le_bytes());
    }
    let at = u32::try_from(out.len())?.to_le_bytes();
    out[4..8].copy_from_slice(&at);
    out.extend(entries);
    out.extend([0; 4]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use terracube_grid::Window;
    use terracube_raster::Pixels;

    use super::*;
    use crate::open_cog;

    #[test]
    fn every_compression_reads_back() {
        let values: Vec<u16> = (0..128 * 128).map(|i| (i * 7919 % 65_521) as u16).collect();
        for compression in [Compression::Lzw, Compression::Deflate, Compression::Zstd] {
            for tile in [64, 128] {
                let cog = open_cog(tiled_tiff(&values, 128, tile, compression).unwrap()).unwrap();
                let window = Window::new(0, 0, 128, 128);
                let fetched = futures::executor::block_on(cog.fetch(0, 0, window)).unwrap();
                let raster = fetched.decode().unwrap();
                assert_eq!(raster.pixels, Pixels::U16(values.clone()), "{compression:?} {tile}");
            }
        }
    }
}
