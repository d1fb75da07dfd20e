//! Windows of real files: the same pixels as the whole, few requests, right levels.

use terracube_grid::Window;
use terracube_raster::Cog;
use terracube_store::Key;

use crate::folder::{Folder, shared};

async fn open(folder: &std::sync::Arc<Folder>, path: &str) -> Cog {
    Cog::open(folder.clone(), Key::new(path).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_window_is_a_crop_of_the_whole() {
    let Some(data) = shared("data", "windows of real files") else { return };
    let folder = Folder::new(data);
    for path in [
        "derived/dem_deflate_pred3_bigendian.tif",
        "derived/landsat_zstd_pred2_tiled.tif",
        "derived/landsat_nbits12.tif",
        "geotiff/rasterio/rgb_lzw.tif",
        "geotiff/rasterio/rgb_deflate.tif",
        "geotiff/rio-tiler/cog_rgb_mask.tif",
        "geotiff/rio-cogeo/image_no_overview.tif",
    ] {
        let file = open(&folder, path).await;
        let full = file.levels()[0].clone();
        let band = file.bands() - 1;
        let window = Window::new(0, 0, full.width, full.height);
        let whole = file.fetch(0, band, window).await.unwrap().decode().unwrap();
        for (col, row, width, height) in
            [(0, 0, 1, 1), (63, 63, 2, 2), (100, 17, 131, 129), (full.width - 3, 0, 3, full.height)]
        {
            let window = Window::new(col, row, width, height);
            let fetched = file.fetch(0, band, window).await.unwrap();
            assert_eq!(fetched.compressed_bytes(), file.bytes_for(0, band, &window), "{path}");
            let (part, expected) = (fetched.decode().unwrap(), whole.crop(&window));
            // Bytes, since NaN is not equal to itself.
            assert!(part.pixels.as_bytes() == expected.pixels.as_bytes(), "{path} {window:?}");
            assert_eq!(part.valid, expected.valid, "{path} {window:?}");
        }
    }
}

#[tokio::test]
async fn tiles_are_fetched_in_few_requests() {
    let Some(data) = shared("data", "counting requests") else { return };
    let folder = Folder::new(data);
    let file = open(&folder, "geotiff/rio-tiler/cog.tif").await;
    assert_eq!(folder.count(), 1);
    let level = file.levels()[0].clone();
    let window = Window::new(0, 0, level.width, level.height);
    assert_eq!(file.tiles(0, 0, &window).len(), 11 * 11);
    file.fetch(0, 0, window).await.unwrap();
    assert!(folder.count() <= 3, "{}", folder.count());
}

#[tokio::test]
async fn levels_follow_the_resolution_asked() {
    let Some(data) = shared("data", "choosing overviews") else { return };
    let file = open(&Folder::new(data), "geotiff/rio-tiler/cog.tif").await;
    let factors: Vec<_> = file.levels().iter().map(|l| l.factor.0.round()).collect();
    assert_eq!(factors, [1.0, 2.0, 4.0, 8.0, 16.0]);
    for (scale, level) in [(0.3, 0), (1.0, 0), (1.9, 0), (2.0, 1), (3.9, 1), (4.0, 2), (99.0, 4)] {
        assert_eq!(file.level_for((scale, scale)), level, "{scale}");
    }
    assert_eq!(file.level_for((8.0, 2.5)), 1);
}
