//! Files written, read back by this crate and by GDAL.

use std::process::Command;

use serde_json::Value;
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{DType, GeoTiff, GeoTiffBand, Pixels, Png, Ramp, Raster, Resampling};

use crate::folder::{open_bytes, python};

const WIDTH: usize = 1300;
const HEIGHT: usize = 700;

fn grid(crs: Crs) -> GeoBox {
    let affine = Affine::new(30.0, 0.0, 399_960.0, 0.0, -30.0, 4_900_020.0);
    GeoBox::new(crs, affine, WIDTH, HEIGHT).unwrap()
}

fn raster(dtype: DType) -> Raster {
    let mut pixels = Pixels::zeroed(dtype, WIDTH * HEIGHT);
    for i in 0..pixels.len() {
        pixels.set_f64(i, ((i % 251) as f64) - if dtype.range().0 < 0.0 { 100.0 } else { 0.0 });
    }
    let mut raster = Raster::new(WIDTH, HEIGHT, pixels).unwrap();
    raster.invalidate(7.0);
    raster
}

#[tokio::test]
async fn every_type_survives_a_round_trip() {
    for dtype in DType::ALL {
        let raster = raster(dtype);
        let geobox = grid(Crs::epsg(32633).unwrap());
        let mut other = raster.clone();
        other.pixels.set_f64(3, 99.0);
        for cog in [true, false] {
            let bytes = GeoTiff::new(geobox.clone())
                .nodata(7.0)
                .cog(cog)
                .band(GeoTiffBand::new(raster.clone()).description("a & b").scale_offset(0.5, 1.0))
                .band(GeoTiffBand::new(other.clone()))
                .to_bytes()
                .unwrap();
            let file = open_bytes(bytes).await.unwrap();
            assert!(file.geobox().unwrap().is_same(&geobox));
            assert_eq!((file.bands(), file.dtype(1).unwrap()), (2, dtype));
            assert_eq!(file.nodata(), Some(7.0));
            assert_eq!(file.description(0), Some("a & b"));
            assert_eq!(file.scale_offset(0), (0.5, 1.0));
            assert_eq!(file.scale_offset(1), (1.0, 0.0));
            assert_eq!(file.levels().len(), if cog { 3 } else { 1 });
            let window = Window::new(0, 0, WIDTH, HEIGHT);
            let fetched = file.fetch(0, 0, window).await.unwrap();
            let both = fetched.decode_bands(&[0, 1]).unwrap();
            assert_eq!(both[0], raster, "{dtype}");
            assert_eq!(both[1], other, "{dtype}");
            if cog {
                let level = file.levels()[1].clone();
                assert_eq!((level.width, level.height), (650, 350));
                let window = Window::new(10, 20, 100, 50);
                let half = file.fetch(1, 0, window).await.unwrap().decode().unwrap();
                if dtype.is_integer() {
                    assert_eq!(half.value(5, 6), raster.value(30, 52), "{dtype}");
                }
                let place = file.level_geobox(1).unwrap();
                assert_eq!(place.resolution(), (60.0, 60.0));
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let geobox = grid(Crs::epsg(32633).unwrap());
    let error = |tiff: GeoTiff| tiff.to_bytes().unwrap_err().to_string();
    let band = |dtype| GeoTiffBand::new(raster(dtype));
    let tiff = GeoTiff::new(geobox.clone());
    assert!(error(tiff.clone()).contains("at least one"));
    assert!(error(tiff.clone().band(band(DType::U8))).contains("set one"));
    assert!(error(tiff.clone().nodata(-1.0).band(band(DType::U8))).contains("-1 and uint8"));
    let two = tiff.nodata(7.0).band(band(DType::U8)).band(band(DType::I8));
    assert!(error(two).contains("do not agree"));
}

#[test]
fn gdal_reads_what_is_written() {
    let Some(python) = python("reading our GeoTIFFs with rasterio") else { return };
    let folder = tempfile::tempdir().unwrap();
    let crss = [
        "EPSG:32633",
        "EPSG:4326",
        "EPSG:3413",
        "ESRI:54009",
        "+proj=sinu +lon_0=0 +R=6371007.181 +units=m +no_defs",
        "+proj=laea +lat_0=45 +lon_0=12 +x_0=100 +y_0=200 +ellps=GRS80 +units=m +no_defs",
        "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +x_0=0 +y_0=0 +datum=NAD83",
        "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 +ellps=GRS80",
        "+proj=stere +lat_0=-90 +lat_ts=-70 +lon_0=10 +x_0=0 +y_0=0 +ellps=WGS84 +units=m",
        "+proj=utm +zone=5 +south +ellps=intl +units=m",
        "+proj=tmerc +lat_0=10 +lon_0=20 +k=0.9998 +x_0=1 +y_0=2 +datum=WGS84 +units=m",
    ];
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/describe.py"));
    let raster = raster(DType::F32);
    for (i, crs) in crss.iter().enumerate() {
        let mut geobox = grid(Crs::parse(crs).unwrap());
        if geobox.crs.is_geographic() {
            geobox.affine = Affine::new(0.01, 0.0, 10.0, 0.0, -0.01, 50.0);
        }
        let path = folder.path().join(format!("{i}.tif"));
        GeoTiff::new(geobox)
            .nodata(7.0)
            .band(GeoTiffBand::new(raster.clone()).description("height").unit("m"))
            .band(GeoTiffBand::new(raster.clone()).scale_offset(0.1, -3.0))
            .write(&path)
            .unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let sum: f64 = (0..WIDTH * HEIGHT).map(|i| raster.pixels.get_f64(i).unwrap()).sum();
    for (entry, crs) in all.iter().zip(crss) {
        println!("{crs}: {} {}", entry["epsg"], entry["proj4"]);
        let ours = Crs::parse(crs).unwrap();
        match ours.epsg_code() {
            Some(code) => assert_eq!(entry["epsg"].as_u64(), Some(u64::from(code))),
            None => {
                let theirs = entry["proj4"].as_str().unwrap().replace("=True", "");
                let theirs = Crs::from_proj4(&theirs).unwrap();
                same_place(&ours, &theirs);
            }
        }
        assert_eq!(entry["shape"], serde_json::json!([HEIGHT, WIDTH]));
        assert_eq!(entry["dtype"], "float32");
        assert_eq!(entry["nodata"], "7.0");
        assert_eq!(entry["overviews"], serde_json::json!([2, 4]));
        assert_eq!(entry["layout"], "COG");
        assert_eq!(entry["descriptions"], serde_json::json!(["height", null]));
        assert_eq!(entry["units"], serde_json::json!(["m", null]));
        assert_eq!(entry["scales"], serde_json::json!([1.0, 0.1]));
        assert_eq!(entry["offsets"], serde_json::json!([0.0, -3.0]));
        for band in 0..2 {
            assert_eq!(entry["sums"][band].as_f64(), Some(sum));
            assert_eq!(entry["valid"][band].as_u64(), Some(raster.count_valid() as u64));
        }
        let levels = entry["offsets_of_levels"].as_array().unwrap();
        let at = |level: usize, what: usize| levels[level][what].as_u64().unwrap();
        assert!(at(0, 1) < at(1, 1) && at(1, 1) < at(2, 1) && at(2, 1) < at(2, 0));
        assert!(at(2, 0) < at(1, 0) && at(1, 0) < at(0, 0));
    }
}

fn same_place(ours: &Crs, theirs: &Crs) {
    let wgs84 = Crs::wgs84();
    let centre = terracube_grid::Transform::new(ours, &wgs84).unwrap();
    let back = terracube_grid::Transform::new(theirs, &wgs84).unwrap();
    let (x, y) = (399_960.0, 900_020.0);
    let (a, b) = (centre.forward(x, y).unwrap(), back.forward(x, y).unwrap());
    assert!((a.0 - b.0).abs() < 1e-8 && (a.1 - b.1).abs() < 1e-8, "{a:?} {b:?}");
}

#[test]
fn pictures_have_transparent_holes() {
    let mut raster = Raster::new(3, 1, Pixels::F32(vec![0.0, 5.0, 10.0])).unwrap();
    raster.invalidate(5.0);
    let bytes = Png::new(&raster).ramp(Ramp::Viridis).to_bytes().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert_eq!(pixels[..4], [68, 1, 84, 255]);
    assert_eq!(pixels[7], 0);
    assert_eq!(pixels[8..12], [253, 231, 37, 255]);
    assert!(Png::rgb(&raster, &raster, &raster).unwrap().to_bytes().is_ok());
    assert!("gauss".parse::<Resampling>().unwrap_err().to_string().contains("nearest, bilinear"));
}
