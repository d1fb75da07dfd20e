//! A file that says it is a COG: it opens and decodes, or is refused, and windows agree.
#![no_main]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use terracube_grid::Window;
use terracube_raster::{BlockCache, Cog, Pixels, Raster};
use terracube_store::{ByteRequest, Key, ReadStore, Result};

/// Windows whose blocks decode to more are left alone: a fill asks for this before it reads.
const LARGEST: u64 = 16 << 20;
/// Columns and rows of a window.
const SIDE: usize = 96;

#[derive(Debug)]
struct File(Bytes);

#[async_trait]
impl ReadStore for File {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        let range = request.resolve(key, self.0.len() as u64)?;
        Ok(Some(self.0.slice(range.start as usize..range.end as usize)))
    }
}

fuzz_target!(|data: &[u8]| block_on(read(Bytes::copy_from_slice(data))));

async fn read(bytes: Bytes) {
    let key = Key::new("a.tif").unwrap();
    let Ok(file) = Cog::open(Arc::new(File(bytes.clone())), key.clone()).await else { return };
    let cache = BlockCache::new(1 << 20);
    let cached = Cog::open_cached(Arc::new(File(bytes)), key, cache).await.unwrap();
    let _ = (file.geobox(), file.nodata(), file.alpha_band(), file.description(0));
    for level in 0..file.levels().len().min(3) {
        let (width, height) = (file.levels()[level].width, file.levels()[level].height);
        let _ = file.level_geobox(level);
        for band in 0..file.bands().min(2) {
            let whole = Window::new(0, 0, width.min(SIDE), height.min(SIDE));
            let Some(pixels) = window(&file, level, band, whole).await else { continue };
            let (col, row) = (whole.width / 3, whole.height / 3);
            let part = Window::new(col, row, whole.width - col, whole.height - row);
            // What is decoded does not depend on the window, nor on a cache.
            let alone = window(&file, level, band, part).await.unwrap();
            assert_eq!(shown(&alone), shown(&pixels.crop(&part)), "{level} {band}");
            let kept = window(&cached, level, band, part).await.unwrap();
            assert_eq!(shown(&alone), shown(&kept), "{level} {band}");
            let end =
                Window::new(width - whole.width, height - whole.height, whole.width, whole.height);
            let _ = window(&file, level, band, end).await;
        }
    }
}

async fn window(file: &Cog, level: usize, band: usize, window: Window) -> Option<Raster> {
    let of_block = |level: usize| {
        let level = &file.levels()[level];
        (level.tile_width as u64).saturating_mul(level.tile_height as u64)
    };
    let blocks = file.tiles(level, band, &window).len() as u64;
    let decoded = of_block(level).saturating_mul(8 * file.bands() as u64);
    if decoded.saturating_mul(blocks.max(1)) > LARGEST
        || file.bytes_for(level, band, &window) > LARGEST
    {
        return None;
    }
    file.fetch(level, band, window).await.ok()?.decode().ok()
}

/// The pixels' bits, for NaN is not itself, and which are valid.
fn shown(raster: &Raster) -> (String, Vec<bool>) {
    let bits = match &raster.pixels {
        Pixels::F32(values) => {
            format!("{:?}", values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        }
        Pixels::F64(values) => {
            format!("{:?}", values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        }
        others => format!("{others:?}"),
    };
    let valid = (0..raster.height).flat_map(|row| (0..raster.width).map(move |col| (col, row)));
    (bits, valid.map(|(col, row)| raster.is_valid(col, row)).collect())
}
