//! Blocks read ahead: few requests, each block once, and nothing kept that nobody needs.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{BlockCache, Cog, GeoTiff, Pixels, Raster, WindowRef};
use terracube_store::{ByteRequest, Error, Key, ReadStore};

const SIDE: usize = 2048;

/// A file that remembers what was asked of it, and answers so many times.
#[derive(Debug)]
struct Asked {
    bytes: Bytes,
    ranges: Mutex<Vec<Range<u64>>>,
    answers: Mutex<usize>,
}

impl Asked {
    fn ranges(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.ranges.lock().unwrap())
    }
}

#[async_trait]
impl ReadStore for Asked {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>, Error> {
        let range = request.resolve(key, self.bytes.len() as u64)?;
        self.ranges.lock().unwrap().push(range.clone());
        let mut answers = self.answers.lock().unwrap();
        if *answers == 0 {
            return Ok(None);
        }
        *answers -= 1;
        Ok(Some(self.bytes.slice(range.start as usize..range.end as usize)))
    }
}

fn value(col: usize, row: usize) -> u16 {
    (col * 31 + row * 17 + col * row) as u16
}

/// A file of 4 by 4 tiles, opened with a cache.
async fn open(cache: &BlockCache) -> (Arc<Asked>, Cog) {
    let crs: Crs = "EPSG:32633".parse().unwrap();
    let geobox = GeoBox::new(crs, Affine::new(10.0, 0.0, 5e5, 0.0, -10.0, 5e6), SIDE, SIDE);
    let pixels = (0..SIDE * SIDE).map(|i| value(i % SIDE, i / SIDE)).collect();
    let raster = Raster::new(SIDE, SIDE, Pixels::U16(pixels)).unwrap();
    let bytes = GeoTiff::new(geobox.unwrap()).band(raster).cog(true).to_bytes().unwrap();
    let (ranges, answers) = (Mutex::default(), Mutex::new(usize::MAX));
    let file = Arc::new(Asked { bytes: bytes.into(), ranges, answers });
    let cog =
        Cog::open_cached(file.clone(), Key::new("a.tif").unwrap(), cache.clone()).await.unwrap();
    file.ranges();
    (file, cog)
}

fn window(col: usize, row: usize, width: usize, height: usize) -> WindowRef {
    WindowRef { level: 0, band: 0, window: Window::new(col, row, width, height) }
}

async fn assert_right(cog: &Cog, wanted: &WindowRef) {
    let WindowRef { level, band, window } = *wanted;
    let raster = cog.fetch(level, band, window).await.unwrap().decode().unwrap();
    let rows = window.row..window.row_end();
    let expected =
        rows.flat_map(|row| (window.col..window.col_end()).map(move |col| value(col, row)));
    assert_eq!(raster.pixels, Pixels::U16(expected.collect()));
}

#[tokio::test]
async fn neighbours_are_read_in_one_request() {
    let cache = BlockCache::new(64 << 20);
    let (file, cog) = open(&cache).await;
    // Four patches side by side that straddle tiles: the two upper rows of tiles in all.
    let patches: Vec<_> = (0..4).map(|i| window(i * 512, 256, 512, 512)).collect();
    let needed: u64 = cog
        .tiles(0, 0, &Window::new(0, 0, SIDE, 1024))
        .iter()
        .filter_map(|tile| tile.range.as_ref())
        .map(|range| range.end - range.start)
        .sum();
    assert_eq!(cog.missing_bytes(&patches), needed);
    let mut ahead = cog.read_ahead(&patches);
    assert_eq!((ahead.bytes(), cog.missing_bytes(&patches)), (needed, 0));
    let (reading, decoding) = (ahead.run(), async {
        for patch in &patches {
            assert_right(&cog, patch).await;
        }
    });
    tokio::join!(reading, decoding);
    let asked = file.ranges();
    assert!(asked.len() <= needed.div_ceil(3 << 20) as usize, "{asked:?}");
    assert!(asked.iter().map(|range| range.end - range.start).sum::<u64>() <= needed + 4096);
    drop(ahead);
    // The next row finds the tiles it shares.
    let next = window(0, 768, 512, 512);
    let tile = cog.tiles(0, 0, &Window::new(0, 1024, 512, 512))[0].range.clone().unwrap();
    assert_eq!(cog.missing_bytes(&[next]), tile.end - tile.start);
    assert_right(&cog, &next).await;
    assert_eq!(file.ranges(), [tile]);
}

#[tokio::test]
async fn what_is_announced_outlives_what_is_not() {
    // Room for two decoded tiles.
    let cache = BlockCache::new(2 * 512 * 512 * 2);
    let (file, cog) = open(&cache).await;
    let (first, second) = (window(0, 0, 300, 300), window(512, 0, 300, 300));
    let mut ahead = cog.read_ahead(&[first]);
    ahead.run().await;
    assert_right(&cog, &first).await;
    for other in [second, window(1024, 0, 300, 300), window(1536, 0, 300, 300)] {
        assert_right(&cog, &other).await;
    }
    file.ranges();
    assert_right(&cog, &first).await;
    assert_eq!(file.ranges(), []);
    assert!(cache.held() <= 2 * 512 * 512 * 2, "{}", cache.held());
    drop(ahead);
    for other in [window(1024, 0, 300, 300), second] {
        assert_right(&cog, &other).await;
    }
    assert_eq!(file.ranges().len(), 2, "they had to go for it");
    assert_right(&cog, &first).await;
    assert_eq!(file.ranges().len(), 1, "nobody announced it any more");
}

#[tokio::test]
async fn blocks_that_one_window_covers_do_not_stay() {
    let cache = BlockCache::new(64 << 20);
    let (file, cog) = open(&cache).await;
    let patch = window(512, 512, 512, 512);
    let mut ahead = cog.read_ahead(&[patch]);
    ahead.run().await;
    assert_right(&cog, &patch).await;
    drop(ahead);
    assert_eq!((file.ranges().len(), cache.held()), (1, 0));
}

#[tokio::test]
async fn nothing_read_ahead_counts_twice_or_stays_for_ever() {
    let cache = BlockCache::new(1 << 20);
    let (_, cog) = open(&cache).await;
    for col in 0..4 {
        let before = cache.held();
        let mut ahead = cog.read_ahead(&[window(col * 512 + 1, 0, 300, 2000)]);
        ahead.run().await;
        assert_eq!(cache.held(), before, "it is accounted for by who reads ahead");
        drop(ahead);
        assert!(cache.held() <= 1 << 20);
    }
}

#[tokio::test]
async fn what_cannot_be_read_ahead_is_told_by_the_fetch() {
    let cache = BlockCache::new(64 << 20);
    let (file, cog) = open(&cache).await;
    let patch = window(0, 0, 700, 300);
    *file.answers.lock().unwrap() = 0;
    let mut ahead = cog.read_ahead(&[patch]);
    ahead.run().await;
    let error = cog.fetch(0, 0, patch.window).await.unwrap_err();
    assert!(error.to_string().contains("a.tif"), "{error}");
    *file.answers.lock().unwrap() = 9;
    assert_right(&cog, &patch).await;
}

#[tokio::test]
async fn a_read_that_is_dropped_leaves_the_blocks_to_others() {
    let cache = BlockCache::new(64 << 20);
    let (_, cog) = open(&cache).await;
    let patch = window(0, 0, 700, 300);
    let mut ahead = cog.read_ahead(&[patch]);
    let reading = ahead.run();
    drop((reading, ahead));
    assert_right(&cog, &patch).await;
}
