//! Files by GDAL: the same pixels as read natively, and what only it reads.

use std::path::{Path, PathBuf};

use terracube_grid::{GeoBox, Window};
use terracube_raster::{Cog, DType, LocalFile, LocalOptions, Raster};
use terracube_store::Key;
use terracube_testbed::made_table;

use crate::folder::{Folder, shared};
use crate::formats::{reference, same_pixels};

/// GeoTIFFs that GDAL 3.6 reads in another way, or not at all.
const OTHER: [&str; 2] = ["own/int8_deflate_predictor2.tif", "geotiff/image-tiff/int8.tif"];

#[tokio::test]
async fn native_decoding_and_gdal_agree_pixel_by_pixel() {
    let data = shared("data", "real GeoTIFFs by GDAL beside our own decoding");
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geotiff");
    let (mut compared, mut wrong) = (0, Vec::new());
    for (path, entry) in &reference() {
        let (root, rest) = path.split_once('/').unwrap();
        let folder = match (root, &data) {
            ("own", _) => PathBuf::from(own),
            (root, Some(data)) => data.join(root),
            _ => continue,
        };
        if OTHER.contains(&path.as_str()) || entry["error"].is_string() {
            continue;
        }
        let Ok(cog) = Cog::open(Folder::new(&folder), Key::new(rest).unwrap()).await else {
            continue;
        };
        let lossy = entry["lossy"] == true;
        match agree(&cog, &folder.join(rest), lossy).await {
            Ok(()) => compared += 1,
            Err(why) => wrong.push(format!("{path}: {why}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(compared > 40);
    println!("{compared} files agree");
}

async fn agree(cog: &Cog, path: &Path, lossy: bool) -> Result<(), String> {
    let file = LocalFile::open(path, &LocalOptions::default()).map_err(|e| e.to_string())?;
    if file.bands().len() != cog.bands() {
        return Err(format!("{} bands, GDAL has {}", cog.bands(), file.bands().len()));
    }
    // As large as the image, an overview is none to us.
    if file.levels().len() != cog.levels().len() && !path.ends_with("image_dec.tif") {
        return Err(format!("{} levels, GDAL has {:?}", cog.levels().len(), file.levels()));
    }
    if let (Some(ours), Some(theirs)) = (cog.geobox(), file.geobox())
        && !near(ours, theirs)
    {
        return Err(format!("{ours:?}, GDAL has {theirs:?}"));
    }
    if cog.gcps().map(|g| &g.points) != file.gcps().map(|g| &g.points) {
        return Err(format!("{:?}, GDAL has {:?}", cog.gcps(), file.gcps()));
    }
    for band in 0..cog.bands() {
        let info = file.band(band).unwrap();
        let ours = (cog.dtype(band).unwrap(), cog.nodata().map(f64::to_bits));
        if ours != (info.dtype, info.nodata.map(f64::to_bits)) {
            return Err(format!("{ours:?}, GDAL has {info:?}"));
        }
        for (level, size) in cog.levels().iter().enumerate() {
            // Not from the corner, so that blocks are cut.
            let (col, row) = (size.width / 5, size.height / 3);
            let window = Window::new(col, row, size.width - col, size.height - row);
            let fetched = cog.fetch(level, band, window).await.map_err(|e| e.to_string())?;
            let ours = fetched.decode().map_err(|e| e.to_string())?;
            let theirs = file.read(level, band, window).map_err(|e| e.to_string())?;
            same(&ours, &theirs, lossy).map_err(|e| format!("band {band} level {level}: {e}"))?;
        }
    }
    Ok(())
}

fn same(ours: &Raster, theirs: &Raster, lossy: bool) -> Result<(), String> {
    let n = ours.pixels.len();
    let valid = |raster: &Raster, i| raster.valid.as_ref().is_none_or(|v| v[i]);
    for i in 0..n {
        let (a, b) = (ours.pixels.get_f64(i).unwrap(), theirs.pixels.get_f64(i).unwrap());
        let differs =
            if lossy { (a - b).abs() > 4.0 } else { a != b && !(a.is_nan() && b.is_nan()) };
        if differs || (!lossy && valid(ours, i) != valid(theirs, i)) {
            return Err(format!(
                "pixel {i} is {a} ({}), GDAL has {b} ({})",
                valid(ours, i),
                valid(theirs, i)
            ));
        }
    }
    Ok(())
}

#[test]
fn what_only_gdal_reads_is_as_rasterio_reads_it() {
    let Some(data) = shared("data", "the table of formats by GDAL") else { return };
    let text = include_str!("../fixtures/other_formats.json");
    let reference: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    let mut rows =
        vec!["| file | size | place | read |".to_owned(), "|---|---|---|---|".to_owned()];
    for (path, entry) in &reference {
        let options = LocalOptions { allow_vrt: true, ..LocalOptions::default() };
        let row = |size: &str, place: &str, read: &str| {
            format!("| `{path}` | {size} | {place} | {read} |")
        };
        let file = match LocalFile::open(&data.join(path), &options) {
            Ok(file) => file,
            Err(error) => {
                let text = error.to_string();
                let text = text.rsplit("cannot be read: ").next().unwrap_or_default();
                rows.push(row("", "", &format!("refused: {text}")));
                continue;
            }
        };
        let full = &file.levels()[0];
        assert_eq!(file.levels().len(), entry["levels"].as_array().unwrap().len(), "{path}");
        for (level, expected) in entry["levels"].as_array().unwrap().iter().enumerate() {
            for (band, expected) in expected["bands"].as_array().unwrap().iter().enumerate() {
                let size = &file.levels()[level];
                let window = Window::new(0, 0, size.width, size.height);
                let raster = file.read(level, band, window).unwrap();
                same_pixels(&raster, expected, false).unwrap_or_else(|e| panic!("{path}: {e}"));
            }
        }
        let size = format!("{}×{}×{}", full.width, full.height, file.bands().len());
        let place = match (file.geobox(), file.gcps()) {
            (Some(geobox), _) => {
                let epsg = geobox.crs.epsg_code();
                assert_eq!(epsg.map(u64::from), entry["epsg"].as_u64(), "{path}");
                geobox.crs.to_string()
            }
            (None, Some(gcps)) => format!("{} GCPs", gcps.points.len()),
            _ => file.geobox_missing().unwrap_or_default().to_owned(),
        };
        let levels = file.levels().len();
        rows.push(row(
            &size,
            &place,
            &format!("equal, {levels} levels, {}", file.bands()[0].dtype),
        ));
    }
    made_table::check("docs/formats.md", "gdal", &rows.join("\n"));
}

#[test]
fn what_leads_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let source = |name: &str| {
        format!(
            "<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"><VRTRasterBand dataType=\"Byte\" \
             band=\"1\"><SimpleSource><SourceFilename relativeToVRT=\"1\">{name}</SourceFilename>\
             <SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
        )
    };
    let open = |path: &Path, allow_vrt: bool| {
        LocalFile::open(path, &LocalOptions { variable: None, allow_vrt }).unwrap_err().to_string()
    };
    let vrt = write("a.vrt", &source("a.tif"));
    assert!(open(&vrt, false).contains("allow it explicitly"));
    for name in ["/etc/passwd", "../a.tif", "/vsicurl/http://h/a.tif", "http://h/a.tif"] {
        let vrt = write("b.vrt", &source(name));
        assert!(open(&vrt, true).contains("not below its own folder"), "{name}");
    }
    let vrt = write("b.vrt", &source("b.vrt"));
    assert!(open(&vrt, true).contains("may name others"));
    // By its content a service or a virtual raster, whatever it is called.
    let hidden = write("c.tif", &source("/vsicurl/http://127.0.0.1:9/a.tif"));
    assert!(open(&hidden, true).contains("could not read"));
    let service = "<GDAL_WMS><Service name=\"TMS\"><ServerUrl>http://127.0.0.1:9/\
                   </ServerUrl></Service></GDAL_WMS>";
    assert!(open(&write("d.xml", service), false).contains("could not read"));
    for name in ["/vsicurl/http://127.0.0.1:9/a.tif", "http://127.0.0.1:9/a.tif", "NETCDF:a.nc:x"] {
        assert!(open(Path::new(name), false).contains("is not there"), "{name}");
    }
}

/// What GDAL takes for the name of a file, however it is written. GDAL 3.6 reads the first five.
#[test]
fn virtual_rasters_reach_nothing_outside_their_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    std::fs::create_dir(&folder).unwrap();
    let fixture = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/geotiff/uint8_deflate_predictor2.tif"
    ));
    std::fs::copy(fixture, folder.join("a.tif")).unwrap();
    std::fs::copy(fixture, outer.path().join("outside.tif")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("outside.tif"), folder.join("link.tif")).unwrap();
    let outside = outer.path().join("outside.tif").display().to_string();
    let opened = |band: &str, more: &str| {
        let path = folder.join("a.vrt");
        let text = format!(
            "<VRTDataset rasterXSize=\"37\" rasterYSize=\"29\">{more}<VRTRasterBand \
             dataType=\"Byte\" band=\"1\">{band}</VRTRasterBand></VRTDataset>"
        );
        std::fs::write(&path, text).unwrap();
        LocalFile::open(&path, &LocalOptions { variable: None, allow_vrt: true })
    };
    let simple =
        |tag: &str| format!("<SimpleSource>{tag}<SourceBand>1</SourceBand></SimpleSource>");
    let named = |name: &str| {
        simple(&format!("<SourceFilename relativeToVRT=\"1\">{name}</SourceFilename>"))
    };
    // As `gdal_translate -of VRT` writes it.
    let plain = "<ColorInterp>Gray</ColorInterp><SimpleSource><SourceFilename relativeToVRT=\"1\" \
        shared=\"0\">a.tif</SourceFilename><SourceBand>1</SourceBand><SourceProperties \
        RasterXSize=\"37\" RasterYSize=\"29\" DataType=\"Byte\" BlockXSize=\"37\" \
        BlockYSize=\"29\" /><SrcRect xOff=\"0\" yOff=\"0\" xSize=\"37\" ySize=\"29\" /><DstRect \
        xOff=\"0\" yOff=\"0\" xSize=\"37\" ySize=\"29\" /></SimpleSource>";
    let window = Window::new(0, 0, 37, 29);
    let crc =
        |file: &LocalFile| libdeflater::crc32(file.read(0, 0, window).unwrap().pixels.as_bytes());
    let itself = LocalFile::open(fixture, &LocalOptions::default()).unwrap();
    assert_eq!(crc(&opened(plain, "").unwrap()), crc(&itself));
    assert!(opened(&named("a.tif"), "").is_ok());

    for band in [
        simple(&format!("<sourcefilename relativetovrt=\"0\">{outside}</sourcefilename>")),
        simple(&format!("<SourceFilename\n relativeToVRT=\"0\">{outside}</SourceFilename>")),
        simple(&format!("<SourceFilename>&#47;{}</SourceFilename>", &outside[1..])),
        named("&#46;&#46;/outside.tif"),
        simple("<SourceFilename relativeToVRT=\"0\">a.tif</SourceFilename>"),
        simple("<SourceFilename relativeToVRT=\"1\" RelativeToVRT=\"0\">a.tif</SourceFilename>"),
        named("link.tif"),
        named("/vsicurl/http&#58;//127.0.0.1:9/a.tif"),
        named("missing.tif"),
        named("a<!-- -->.tif"),
        named("<![CDATA[a.tif]]>"),
        format!("<SimpleSource SourceFilename=\"{outside}\"></SimpleSource>"),
        format!("{}<PixelFunctionType>sum</PixelFunctionType>", named("a.tif")),
        format!("{}<DEMPath>{outside}</DEMPath>", named("a.tif")),
        "<SimpleSource><SourceFilename relativeToVRT=\"1\">a.tif</SourceFilename><OpenOptions>\
         <OOI key=\"X\">y</OOI></OpenOptions></SimpleSource>"
            .to_owned(),
    ] {
        let error = opened(&band, "").expect_err(&band).to_string();
        assert!(error.contains("the virtual raster"), "{band}: {error}");
    }
    // Sources that name others in their turn, and metadata that does.
    std::fs::copy(folder.join("a.vrt"), folder.join("virtual.tif")).unwrap();
    assert!(opened(&named("virtual.tif"), "").unwrap_err().to_string().contains("may name others"));
    for domain in ["SUBDATASETS", "GEOLOCATION", "geolocation"] {
        let more = format!("<Metadata domain=\"{domain}\"><MDI key=\"X\">y</MDI></Metadata>");
        assert!(opened(&named("a.tif"), &more).is_err(), "{domain}");
    }
}

/// `gdalwarp -of VRT -t_srs EPSG:4326` of GDAL 3.6.2 wrote `warped.vrt`; `gdal_translate -of ENVI`
/// gives pixels of this CRC-32.
#[test]
fn warped_virtual_rasters_are_read_as_gdalwarp_writes_them() {
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    let folder = tempfile::tempdir().unwrap();
    let image = fixtures.join("geotiff/uint8_deflate_predictor2.tif");
    std::fs::copy(image, folder.path().join("a.tif")).unwrap();
    let written = std::fs::read_to_string(fixtures.join("warped.vrt")).unwrap();
    let opened = |from: &str, to: &str| {
        assert!(written.contains(from), "{from}");
        let path = folder.path().join("a.vrt");
        std::fs::write(&path, written.replace(from, to)).unwrap();
        LocalFile::open(&path, &LocalOptions { variable: None, allow_vrt: true })
    };
    let file = opened("<Options>", "<Options>").unwrap();
    assert_eq!(file.geobox().unwrap().crs.epsg_code(), Some(4326));
    let raster = file.read(0, 0, Window::new(0, 0, 41, 23)).unwrap();
    assert_eq!(libdeflater::crc32(raster.pixels.as_bytes()), 635_694_542);

    let area = "<Option key=\"AREA_OF_INTEREST\">";
    let longitude = "<Option key=\"CENTER_LONG\">13</Option><Option key=\"AREA_OF_INTEREST\">";
    assert!(opened(area, longitude).is_ok());
    for (from, to) in [
        (area, "<Option key=\"COORDINATE_OPERATION\">"),
        (area, "<Option key=\"AREA_OF_INTEREST\" KEY=\"COORDINATE_OPERATION\">"),
        ("<MaxError>", "<Options></Options><MaxError>"),
        // GDAL 3.6 asks for these.
        ("<SourceSRS>", "<SourceSRS>http://127.0.0.1:9/a</SourceSRS><SourceSRS>"),
        ("<SourceSRS>", "<SourceSRS>/vsicurl/http://127.0.0.1:9/a</SourceSRS><SourceSRS>"),
        ("<TargetSRS>", "<TargetSRS>+proj=longlat +nadgrids=/tmp/a</TargetSRS><TargetSRS>"),
        ("<SRS ", "<GCPList Projection=\"http://127.0.0.1:9/a\" /><SRS "),
    ] {
        let error = opened(from, to).expect_err(to).to_string();
        assert!(error.contains("the virtual raster"), "{to}: {error}");
    }
}

/// Made by `gdal_translate` 3.6 with `BAND_n_IDS` and `BAND_n_PDS_TEMPLATE_ASSEMBLED_VALUES`: the
/// forecasts for 6 and 12 hours after two midnights; gdalinfo gives these times.
#[test]
fn bands_of_grib_have_the_time_that_they_are_valid_at() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/two_times.grb2"));
    let file = LocalFile::open(path, &LocalOptions::default()).unwrap();
    let times: Vec<_> = file.bands().iter().map(|band| band.time.unwrap().seconds()).collect();
    assert_eq!(times, [1_590_991_200, 1_591_099_200]);
    assert_eq!(file.times_missing(), None);
}

#[test]
fn signed_bytes_are_signed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geotiff/");
    let path = Path::new(path).join("int8_deflate_predictor2.tif");
    let file = LocalFile::open(&path, &LocalOptions::default()).unwrap();
    assert_eq!(file.bands()[0].dtype, DType::I8);
    let raster = file.read(0, 0, Window::new(0, 0, 37, 29)).unwrap();
    let crc = libdeflater::crc32(raster.pixels.as_bytes());
    let expected = &reference()["own/int8_deflate_predictor2.tif"]["levels"][0]["bands"][0]["crc"];
    assert_eq!(Some(u64::from(crc)), expected.as_u64());
}

fn near(a: &GeoBox, b: &GeoBox) -> bool {
    let values =
        |g: &GeoBox| [g.affine.a, g.affine.b, g.affine.c, g.affine.d, g.affine.e, g.affine.f];
    values(a).iter().zip(values(b)).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1.0))
}
