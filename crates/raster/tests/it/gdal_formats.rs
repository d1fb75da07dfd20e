//! HDF, GRIB, netCDF and what else GDAL alone reads, beside what GDAL's own programs say.

use std::path::{Path, PathBuf};

use serde_json::Value;
use terracube_grid::{Crs, Transform, Window};
use terracube_raster::{Error, LocalFile, LocalOptions};
use terracube_testbed::made_table;

use crate::folder::shared;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn variable(name: &str) -> LocalOptions {
    LocalOptions { variable: Some(name.to_owned()), ..LocalOptions::default() }
}

/// Made by `tests/python/gdal_reference.py`.
#[test]
fn arrays_of_hdf_grib_and_netcdf_are_as_gdal_says() {
    let reference: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/gdal.json")).unwrap();
    let data = shared("data", "real files of HDF and netCDF by GDAL");
    let folder = tempfile::tempdir().unwrap();
    let mut rows = vec!["| file | variable | size | pixels | place | read |".to_owned()];
    rows.push("|---|---|---|---|---|---|".to_owned());
    let mut is_whole = true;
    for entry in &reference {
        let file = entry["file"].as_str().unwrap();
        let path = match (file.split_once('/').unwrap(), &data) {
            (("own", rest), _) => Path::new(FIXTURES).join(rest),
            ((_, rest), Some(data)) => data.join(rest),
            _ => {
                is_whole = false;
                continue;
            }
        };
        let name = entry["opened"].as_str().unwrap();
        let is_netcdf = name.ends_with(".nc");
        if is_netcdf && cfg!(feature = "netcdf") {
            println!("skipped: {file} by GDAL: the feature `netcdf` reads it");
            continue;
        }
        let opened = folder.path().join(name);
        std::fs::copy(path, &opened).unwrap();
        let options = entry["variable"].as_str().map_or_else(LocalOptions::default, variable);
        match LocalFile::open(&opened, &options) {
            Ok(file) => {
                let place = same(&file, entry).unwrap_or_else(|why| panic!("{entry}: {why}"));
                if !is_netcdf {
                    rows.push(row(entry, &file, &place));
                }
            }
            // Debian's GDAL has it, others need not.
            Err(Error::Read { source, .. }) if file.ends_with(".hdf") => {
                println!("skipped: {file}: {source}");
                is_whole = false;
            }
            Err(error) => panic!("{entry}: {error}"),
        }
    }
    if is_whole {
        made_table::check("docs/formats.md", "gdal-arrays", &rows.join("\n"));
    }
}

fn row(entry: &Value, file: &LocalFile, place: &str) -> String {
    let (level, band) = (&file.levels()[0], &file.bands()[0]);
    let name = entry["file"].as_str().unwrap().trim_start_matches("data/").replace("own/", "");
    let name = match name.rsplit('/').next() == entry["opened"].as_str() {
        true => format!("`{name}`"),
        false => format!("`{name}` as `{}`", entry["opened"].as_str().unwrap()),
    };
    let mut pixels = band.dtype.name().to_owned();
    if let Some(nodata) = band.nodata {
        pixels += &format!(", nodata {nodata}");
    }
    if (band.scale, band.offset) != (1.0, 0.0) {
        pixels += &format!(", scale {}, offset {}", band.scale, band.offset);
    }
    let (width, height, count) = (level.width, level.height, file.bands().len());
    let variable = entry["variable"].as_str().map_or(String::new(), |name| format!("`{name}`"));
    format!("| {name} | {variable} | {width}×{height}×{count} | {pixels} | {place} | equal |")
}

/// Where it lies, or in what it differs.
fn same(file: &LocalFile, entry: &Value) -> Result<String, String> {
    let full = &file.levels()[0];
    let check = |what: &str, ours: String, theirs: String| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours}, there {theirs}")) }
    };
    check("size", format!("[{},{}]", full.width, full.height), entry["size"].to_string())?;
    let bands = entry["bands"].as_array().unwrap();
    check("bands", file.bands().len().to_string(), bands.len().to_string())?;
    for (band, expected) in bands.iter().enumerate() {
        let info = file.band(band).unwrap();
        let dtype = match expected["dtype"].as_str().unwrap() {
            "Byte" => "uint8".to_owned(),
            other => other.to_lowercase(),
        };
        check("dtype", info.dtype.name().to_owned(), dtype)?;
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        // The program prints six digits.
        let is_near = match (info.nodata, number(&expected["nodata"])) {
            (Some(a), Some(b)) => (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-6 * b.abs(),
            (a, b) => a == b,
        };
        if !is_near {
            return Err(format!("nodata {:?}, there {}", info.nodata, expected["nodata"]));
        }
        for (what, ours) in [("scale", info.scale), ("offset", info.offset)] {
            let theirs = expected[what].as_f64().unwrap();
            // The program prints fifteen digits.
            if (ours - theirs).abs() > 1e-12 * theirs.abs() {
                return Err(format!("{what} {ours}, there {theirs}"));
            }
        }
        let window = Window::new(0, 0, full.width, full.height);
        let raster = file.read(0, band, window).map_err(|error| error.to_string())?;
        let crc = libdeflater::crc32(raster.pixels.as_bytes());
        check("CRC", crc.to_string(), expected["crc"].to_string())?;
        // NaN is no pixel here, also where GDAL's mask does not say so.
        check("valid", raster.count_valid().to_string(), expected["valid"].to_string())?;
    }
    place(file, entry)
}

/// The affine as GDAL has it, and the outline in longitudes and latitudes.
fn place(file: &LocalFile, entry: &Value) -> Result<String, String> {
    let missing = file.geobox_missing().unwrap_or_default().to_owned();
    // Without a CRS there is no outline.
    let (Some(affine), Some(outline)) = (entry["affine"].as_array(), entry["outline"].as_array())
    else {
        return file.geobox().map_or(Ok(missing), |found| Err(format!("it has {found:?}")));
    };
    let geobox = file.geobox().ok_or(missing)?;
    let a = &geobox.affine;
    for (ours, theirs) in [a.c, a.a, a.b, a.f, a.d, a.e].iter().zip(affine) {
        let theirs = theirs.as_f64().unwrap();
        if (ours - theirs).abs() > 1e-12 * theirs.abs().max(1e3) {
            return Err(format!("{a:?}, there {affine:?}"));
        }
    }
    let (width, height) = (geobox.width as f64, geobox.height as f64);
    let to_degrees = Transform::new(&geobox.crs, &Crs::wgs84()).map_err(|e| e.to_string())?;
    let corners = [(0.0, 0.0), (0.0, height), (width, height), (width, 0.0)];
    for ((col, row), expected) in corners.into_iter().zip(outline) {
        let (x, y) = a.apply(col, row);
        let expected = [0, 1].map(|i| expected[i].as_f64().unwrap());
        // At a pole any longitude will do.
        let Some((lon, lat)) = to_degrees.forward(x, y) else {
            if expected[1].abs() > 89.9 {
                continue;
            }
            return Err(format!("no place of corner {x} {y}"));
        };
        let is_near = (lon - expected[0]).abs() < 2e-7 && (lat - expected[1]).abs() < 2e-7;
        if !is_near && expected[1].abs() < 89.9 {
            return Err(format!("corner {lon} {lat}, there {expected:?}"));
        }
    }
    Ok(geobox
        .crs
        .epsg_code()
        .map_or("CRS without a code".to_owned(), |code| format!("EPSG:{code}")))
}

#[test]
fn a_variable_that_is_not_there_names_those_that_are() {
    let hdf = Path::new(FIXTURES).join("gdal/two.hdf");
    match LocalFile::open(&hdf, &variable("Band2")) {
        Err(Error::Read { source, .. }) => println!("skipped: HDF4: {source}"),
        other => {
            let error = other.unwrap_err().to_string();
            assert!(error.contains("unknown variable `Band2`"), "{error}");
            assert!(error.contains("known are Band0, Band1"), "{error}");
            let error = LocalFile::open(&hdf, &LocalOptions::default()).unwrap_err().to_string();
            assert!(error.contains("several rasters, name one of Band0, Band1"), "{error}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.h5");
    std::fs::copy(Path::new(FIXTURES).join("gdal/two.nc"), &path).unwrap();
    let error = LocalFile::open(&path, &variable("Band3")).unwrap_err().to_string();
    assert!(error.contains("known are Band1, Band2"), "{error}");
}

/// A virtual raster over 4 by 3 bytes of two bands: 0 to 11, and 12 to 23.
fn virtual_raster(folder: &Path, parts: &str, bands: [&str; 2]) -> PathBuf {
    let pixels: Vec<u8> = (0..24).collect();
    std::fs::write(folder.join("a.bin"), pixels).unwrap();
    let header = "ENVI\nsamples = 4\nlines = 3\nbands = 2\nheader offset = 0\nfile type = ENVI \
                  Standard\ndata type = 1\ninterleave = bsq\nbyte order = 0\n";
    std::fs::write(folder.join("a.hdr"), header).unwrap();
    let band = |n: usize| {
        format!(
            "<VRTRasterBand dataType=\"Byte\" band=\"{n}\">{}<SimpleSource><SourceFilename \
             relativeToVRT=\"1\">a.bin</SourceFilename><SourceBand>{n}</SourceBand>\
             </SimpleSource></VRTRasterBand>",
            bands[n - 1]
        )
    };
    let text = format!(
        "<VRTDataset rasterXSize=\"4\" rasterYSize=\"3\">{parts}{}{}</VRTDataset>",
        band(1),
        band(2)
    );
    let path = folder.join("a.vrt");
    std::fs::write(&path, text).unwrap();
    path
}

fn opened(path: &Path) -> LocalFile {
    LocalFile::open(path, &LocalOptions { variable: None, allow_vrt: true }).unwrap()
}

/// Positions of the pixels that are not valid.
fn invalid(file: &LocalFile, band: usize) -> Vec<usize> {
    let raster = file.read(0, band, Window::new(0, 0, 4, 3)).unwrap();
    let valid = raster.valid.unwrap_or_else(|| vec![true; 12]);
    (0..12).filter(|i| !valid[*i]).collect()
}

#[test]
fn each_band_has_a_nodata_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let bands = ["<NoDataValue>5</NoDataValue>", "<NoDataValue>14</NoDataValue>"];
    let file = opened(&virtual_raster(folder.path(), "", bands));
    assert_eq!((file.bands()[0].nodata, file.bands()[1].nodata), (Some(5.0), Some(14.0)));
    // gdal_translate -b mask,1 (and mask,2) -of XYZ a.vrt /vsistdout/
    assert_eq!((invalid(&file, 0), invalid(&file, 1)), (vec![5], vec![2]));
    let bands = ["<NoDataValue>5</NoDataValue>", ""];
    let file = opened(&virtual_raster(folder.path(), "", bands));
    assert_eq!((invalid(&file, 0), invalid(&file, 1)), (vec![5], vec![]));
}

#[test]
fn each_band_has_a_mask_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    // The first band is its own mask: 0 is not valid.
    let mask = "<MaskBand><VRTRasterBand dataType=\"Byte\"><SimpleSource><SourceFilename \
                relativeToVRT=\"1\">a.bin</SourceFilename><SourceBand>1</SourceBand>\
                </SimpleSource></VRTRasterBand></MaskBand>";
    let file = opened(&virtual_raster(folder.path(), "", [mask, ""]));
    // gdal_translate -b mask,1 (and mask,2) -of XYZ a.vrt /vsistdout/
    assert_eq!((invalid(&file, 0), invalid(&file, 1)), (vec![0], vec![]));
    assert!(file.levels()[0].has_mask);
}

#[test]
fn rational_polynomials_alone_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = |name: &str| format!("<MDI key=\"{name}\">{}</MDI>", ["1"; 20].join(" "));
    let ones = ["LINE_OFF", "SAMP_OFF", "LAT_OFF", "LONG_OFF", "HEIGHT_OFF", "LINE_SCALE"]
        .iter()
        .chain(&["SAMP_SCALE", "LAT_SCALE", "LONG_SCALE", "HEIGHT_SCALE"])
        .map(|name| format!("<MDI key=\"{name}\">1</MDI>"))
        .collect::<String>();
    let of = ["LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF"];
    let polynomials = of.map(numbers).concat();
    let domain = format!("<Metadata domain=\"RPC\">{ones}{polynomials}</Metadata>");
    let file = opened(&virtual_raster(folder.path(), &domain, ["", ""]));
    let missing = file.geobox_missing().unwrap();
    assert!(missing.contains("rational polynomials (RPC)"), "{missing}");
    // With an affine beside them it has a place.
    let both = format!("<SRS>EPSG:4326</SRS><GeoTransform>1,0.5,0,2,0,-0.5</GeoTransform>{domain}");
    let file = opened(&virtual_raster(folder.path(), &both, ["", ""]));
    assert_eq!(file.geobox().unwrap().affine.c, 1.0);
}
