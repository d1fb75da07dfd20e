//! Files that are broken on purpose: an error each, no panic, no hang, no large allocation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use proptest::prelude::*;
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{BlockCache, Cog, Error, GeoTiff, GeoTiffBand, Pixels, Raster};
use terracube_store::{ByteRequest, Key, ReadStore};

use crate::folder::{Folder, open_bytes};

fn sound() -> Vec<u8> {
    let values = (0..600 * 520).map(|i| (i % 977) as f32).collect();
    let raster = Raster::new(600, 520, Pixels::F32(values)).unwrap();
    let affine = Affine::new(1.0, 0.0, 0.0, 0.0, -1.0, 0.0);
    let geobox = GeoBox::new(Crs::epsg(3857).unwrap(), affine, 600, 520).unwrap();
    GeoTiff::new(geobox).nodata(-1.0).band(GeoTiffBand::new(raster)).to_bytes().unwrap()
}

/// A little-endian TIFF of one directory with these tags (tag, kind, count, value).
fn tiff(tags: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut out = b"II\x2a\0\x08\0\0\0".to_vec();
    out.extend_from_slice(&(tags.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&next.to_le_bytes());
    out.resize(1024, 0);
    out
}

fn image(width: u32, height: u32, compression: u32, bytes: u32) -> [(u16, u16, u32, u32); 6] {
    [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (273, 4, 1, 512),
        (279, 4, 1, bytes),
    ]
}

#[tokio::test]
async fn what_is_no_tiff_is_said_to_be_none() {
    for (bytes, said) in [
        (&b""[..], "empty"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"{\"error\": 404}", "JSON"),
        (b"II\x2a\0", "only 4 bytes"),
        (b"\x89PNG\r\n\x1a\n", "starts with"),
    ] {
        let error = open_bytes(bytes.to_vec()).await.unwrap_err();
        assert!(matches!(error, Error::NotATiff { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("`a.tif`") && text.contains(said), "{text}");
    }
    let folder = Folder::new(std::env::temp_dir());
    let key = Key::new("not-there.tif").unwrap();
    let error = terracube_raster::Cog::open(folder, key).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }) && error.to_string().contains("not-there"));
}

#[tokio::test]
async fn headers_that_lie_are_refused() {
    let refused = async |bytes: Vec<u8>| open_bytes(bytes).await.unwrap_err().to_string();
    // The directory's next points at itself.
    let said = refused(tiff(&image(8, 8, 1, 64), 8)).await;
    assert!(said.contains("cycle"), "{said}");
    let said = refused(tiff(&image(4_000_000_000, 8, 1, 64), 0)).await;
    assert!(said.contains("the width is 4000000000"), "{said}");
    // One strip of 100000 squared bytes out of 64.
    let said = refused(tiff(&image(100_000, 100_000, 8, 64), 0)).await;
    assert!(said.contains("decoded size of a block"), "{said}");
    let said = refused(tiff(&image(0, 8, 1, 64), 0)).await;
    assert!(said.contains("0 by 8"), "{said}");
    let mut tags = image(8, 8, 1, 64);
    tags[4] = (273, 4, 4_000_000_000, 512);
    assert!(refused(tiff(&tags, 0)).await.contains("claims"));
    let mut tags = image(8, 8, 1, 64);
    tags[4] = (273, 4, 1000, 512);
    let said = refused(tiff(&tags, 0)).await;
    assert!(said.contains("truncated"), "{said}");
    let said = refused(tiff(&image(8, 8, 9999, 64), 0)).await;
    assert!(said.contains("compression 9999"), "{said}");
}

#[tokio::test]
async fn blocks_that_lie_are_refused() {
    let window = Window::new(0, 0, 8, 8);
    // Garbage in place of deflate, then a block beyond the end, then one absurdly long.
    let file = open_bytes(tiff(&image(8, 8, 8, 64), 0)).await.unwrap();
    let error = file.fetch(0, 0, window).await.unwrap().decode().unwrap_err();
    assert!(matches!(error, Error::Decode { block: 0, codec: "deflate", .. }), "{error}");
    let file = open_bytes(tiff(&image(8, 8, 1, 100_000), 0)).await.unwrap();
    let error = file.fetch(0, 0, window).await.unwrap_err();
    assert!(matches!(error, Error::Truncated { have: 512, .. }), "{error}");
    let file = open_bytes(tiff(&image(8, 8, 1, 4_000_000_000), 0)).await.unwrap();
    assert_eq!(file.bytes_for(0, 0, &window), 4_000_000_000);
    let error = file.fetch(0, 0, window).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    for outside in
        [Window::new(4, 0, 8, 8), Window::new(0, 0, 0, 1), Window::new(usize::MAX, 0, 2, 2)]
    {
        let error = file.fetch(0, 0, outside).await.unwrap_err();
        assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
        assert!(file.tiles(0, 0, &outside).is_empty());
    }
    assert!(file.fetch(0, 1, window).await.unwrap_err().to_string().contains("no band 1"));
    assert!(file.fetch(3, 0, window).await.unwrap_err().to_string().contains("no level 3"));
}

/// A little-endian TIFF of 64 × 64 pixels of one byte in 16 tiles of 16 × 16, uncompressed, whose
/// tiles begin at these offsets and have so many bytes each.
fn tiles(offsets: [u32; 16], bytes: u32, next: u32) -> Vec<u8> {
    let tags = [
        (256, 4, 1, 64),
        (257, 4, 1, 64),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (322, 4, 1, 16),
        (323, 4, 1, 16),
        (324, 4, 16, 512),
        (325, 4, 16, 576),
    ];
    let mut out = tiff(&tags, next);
    for (index, offset) in offsets.into_iter().enumerate() {
        out[512 + 4 * index..][..4].copy_from_slice(&offset.to_le_bytes());
        out[576 + 4 * index..][..4].copy_from_slice(&bytes.to_le_bytes());
    }
    // Pixels: each byte of the file behind 1024 is its place, modulo 251.
    out.extend((0..4096).map(|place| (place % 251) as u8));
    out
}

/// The pixel at a column and row when its tile begins at this offset.
fn expected(offset: u32, col: usize, row: usize) -> u8 {
    ((offset as usize - 1024 + 16 * (row % 16) + col % 16) % 251) as u8
}

#[tokio::test]
async fn tiles_that_lie_over_each_other_are_read_once_and_right() {
    let same = [1024; 16];
    let shifted = std::array::from_fn(|index| 1024 + 37 * index as u32);
    let backwards = std::array::from_fn(|index| 1024 + 101 * (15 - index as u32));
    for offsets in [same, shifted, backwards] {
        let bytes = tiles(offsets, 256, 0);
        let asked = Arc::new(Counted { bytes: bytes.into(), asked: AtomicU64::new(0) });
        let key = Key::new("a.tif").unwrap();
        let alone = Cog::open(asked.clone(), key.clone()).await.unwrap();
        let cache = BlockCache::new(1 << 20);
        let cached = Cog::open_cached(asked.clone(), key.clone(), cache).await.unwrap();
        // Tiles at the edge of the second window are kept for others, the rest is not.
        for (file, window, times) in
            [(alone, Window::new(0, 0, 64, 64), 1), (cached, Window::new(8, 8, 48, 48), 2)]
        {
            assert_eq!(file.bytes_for(0, 0, &window), 16 * 256);
            asked.asked.store(0, Ordering::SeqCst);
            let fetched = file.fetch(0, 0, window).await.unwrap();
            let span = offsets.iter().max().unwrap() - offsets.iter().min().unwrap() + 256;
            assert!(asked.asked.load(Ordering::SeqCst) <= times * u64::from(span));
            let raster = fetched.decode().unwrap();
            let Pixels::U8(pixels) = &raster.pixels else { panic!("not bytes") };
            for (place, pixel) in pixels.iter().enumerate() {
                let col = window.col + place % window.width;
                let row = window.row + place / window.width;
                let offset = offsets[row / 16 * 4 + col / 16];
                assert_eq!(*pixel, expected(offset, col, row), "column {col}, row {row}");
            }
        }
    }
}

#[tokio::test]
async fn directories_that_share_bytes_are_read_within_bounds() {
    // The next directory begins within the first, and so has a next one far beyond the end.
    let error = open_bytes(tiles([1024; 16], 256, 10)).await.unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    // Two directories with the same tiles: an overview of half the size that is the image's own.
    let mut bytes = tiles([1024; 16], 256, 700);
    let mut overview = tiff(
        &[
            (254, 4, 1, 1),
            (256, 4, 1, 32),
            (257, 4, 1, 32),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (322, 4, 1, 16),
            (323, 4, 1, 16),
            (324, 4, 4, 512),
            (325, 4, 4, 576),
        ],
        0,
    );
    let directory = overview.drain(8..8 + 2 + 9 * 12 + 4);
    bytes.splice(700..700 + directory.len(), directory);
    let file = open_bytes(bytes).await.unwrap();
    assert_eq!(file.levels().len(), 2);
    for (level, side) in [(0, 64), (1, 32)] {
        let fetched = file.fetch(level, 0, Window::new(0, 0, side, side)).await.unwrap();
        let raster = fetched.decode().unwrap();
        let Pixels::U8(pixels) = &raster.pixels else { panic!("not bytes") };
        for (place, pixel) in pixels.iter().enumerate() {
            assert_eq!(*pixel, expected(1024, place % side, place / side), "level {level}");
        }
    }
}

/// Bytes as a store that counts how many were asked for.
#[derive(Debug)]
struct Counted {
    bytes: Bytes,
    asked: AtomicU64,
}

#[async_trait]
impl ReadStore for Counted {
    async fn get(
        &self,
        key: &Key,
        request: ByteRequest,
    ) -> Result<Option<Bytes>, terracube_store::Error> {
        let range = request.resolve(key, self.bytes.len() as u64)?;
        self.asked.fetch_add(range.end - range.start, Ordering::SeqCst);
        Ok(Some(self.bytes.slice(range.start as usize..range.end as usize)))
    }
}

#[tokio::test]
async fn every_truncation_is_an_error() {
    let whole = sound();
    let window = Window::new(0, 0, 600, 520);
    for len in (0..whole.len()).step_by(whole.len() / 60) {
        let Ok(file) = open_bytes(whole[..len].to_vec()).await else { continue };
        let error = file.fetch(0, 0, window).await.unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{error}");
    }
    let file = open_bytes(whole).await.unwrap();
    assert!(file.fetch(0, 0, window).await.unwrap().decode().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Bytes flipped anywhere: an error or pixels, never a panic.
    #[test]
    fn flipped_bytes_never_panic(flips in prop::collection::vec((0usize..2200, any::<u8>()), 1..12)) {
        static SOUND: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(sound);
        let mut bytes = SOUND.clone();
        for (at, value) in flips {
            bytes[at] = value;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            if let Ok(file) = open_bytes(bytes).await {
                for level in 0..file.levels().len() {
                    let found = &file.levels()[level];
                    let window = Window::new(0, 0, found.width.min(600), found.height.min(520));
                    if let Ok(fetched) = file.fetch(level, 0, window).await {
                        let _ = fetched.decode();
                    }
                }
            }
        });
    }
}
