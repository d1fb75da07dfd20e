//! Colours of an image: what its bands mean and its table, as GDAL takes them from TIFF's tags.

use super::gdal_metadata::BandMetadata;
use super::ifd::{Ifd, tag};
use super::image::Image;
use crate::ColorInterpretation;

const MIN_IS_WHITE: u64 = 0;
const MIN_IS_BLACK: u64 = 1;
const RGB: u64 = 2;
const PALETTE: u64 = 3;
const YCBCR: u64 = 6;

/// What each band means: what GDAL wrote of it, else by the photometric interpretation.
pub(super) fn interpretations(image: &Image, bands: &[BandMetadata]) -> Vec<ColorInterpretation> {
    use ColorInterpretation::{Alpha, Blue, Gray, Green, Palette, Red, Undefined};
    let default = |band: usize| match (image.photometric, band) {
        (RGB | YCBCR, 0) => Red,
        (RGB | YCBCR, 1) => Green,
        (RGB | YCBCR, 2) => Blue,
        _ if image.alpha == Some(band) => Alpha,
        (PALETTE, 0) => Palette,
        (MIN_IS_WHITE | MIN_IS_BLACK, 0) if image.bits == 1 && image.bands == 1 => Palette,
        (MIN_IS_BLACK, 0) => Gray,
        _ => Undefined,
    };
    let named = |band: usize| bands.get(band)?.color.as_deref().map(ColorInterpretation::named);
    (0..image.bands).map(|band| named(band).unwrap_or_else(|| default(band))).collect()
}

/// Red, green, blue and opacity of each value.
pub(super) fn color_table(ifd: &Ifd, image: &Image, nodata: Option<f64>) -> Vec<[u8; 4]> {
    if image.bits > 16 || image.bands != 1 {
        return Vec::new();
    }
    let mut table: Vec<[u8; 4]> = match image.photometric {
        PALETTE => stored(&ifd.uints(tag::COLOR_MAP)),
        MIN_IS_WHITE if image.bits <= 8 => grays(image.bits).into_iter().rev().collect(),
        MIN_IS_BLACK if image.bits == 1 => grays(1),
        _ => return Vec::new(),
    };
    let transparent = nodata.filter(|v| *v >= 0.0).and_then(|v| table.get_mut(v as usize));
    if let (PALETTE, Some(entry)) = (image.photometric, transparent) {
        entry[3] = 0;
    }
    table
}

fn grays(bits: u64) -> Vec<[u8; 4]> {
    let last = (1u32 << bits) - 1;
    let gray = |i: u32| (i * 255 / last) as u8;
    (0..=last).map(|i| [gray(i), gray(i), gray(i), 255]).collect()
}

/// TIFF has all reds, then all greens, then all blues, of 16 bits; some writers fill 8 of them.
fn stored(map: &[u64]) -> Vec<[u8; 4]> {
    let n = map.len() / 3;
    let divisor = if map.iter().all(|v| *v < 256) {
        1
    } else if map.iter().all(|v| v % 257 == 0) || !map.iter().all(|v| v % 256 == 0) {
        257
    } else {
        256
    };
    let part = |i: usize| (map[i] / divisor) as u8;
    (0..n).map(|i| [part(i), part(n + i), part(2 * n + i), 255]).collect()
}
