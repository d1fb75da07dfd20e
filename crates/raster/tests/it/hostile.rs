//! Files that are broken on purpose: an error each, no panic, no hang, no large allocation.

use proptest::prelude::*;
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{Error, GeoTiff, GeoTiffBand, Pixels, Raster};
use terracube_store::Key;

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
