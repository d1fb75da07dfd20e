//! Rasters as IDF.

use std::path::Path;

use terracube_convert::{
    Attributes, Conversion, Field, Granule, Options, Outcome, Parameters, Readers, Reading, Result,
    convert, write_granules,
};
use terracube_grid::{Affine, Crs, GeoBox, Time};
use terracube_raster::{DType, GeoTiff, GeoTiffBand, Pixels, Raster};

use crate::case;

fn run(input: &Path, out: &Path, text: &str) -> Result<Outcome> {
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let (input, out) = (input.to_owned(), out.to_owned());
    let _files = case::files();
    convert(&Conversion { input, out, parameters, is_compat: false }, &Readers::built_in())
}

fn is_sound(out: &Path) {
    let Some(shared) = case::shared() else { return };
    if let Some(faults) = case::faults(&shared, out, None) {
        assert_eq!(faults, Vec::<String>::new());
    }
}

/// 0, 1, 2 … of 40 columns and 30 rows; the value 7 is nodata.
fn ramp() -> Raster {
    let mut pixels = Pixels::zeroed(DType::I16, 1200);
    (0..1200).for_each(|index| pixels.set_f64(index, index as f64));
    let mut raster = Raster::new(40, 30, pixels).unwrap();
    raster.invalidate(7.0);
    raster
}

fn values<T: netcdf::NcTypeDescriptor + Copy>(file: &netcdf::File, name: &str) -> Vec<T> {
    file.variable(name).unwrap().get_values(..).unwrap()
}

fn is_near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} is not {expected}");
    }
}

/// Places by pyproj 3.8: `Transformer.from_crs(32633, 4326, always_xy=True)`.
#[test]
fn a_geotiff_of_a_projection_is_a_grid_yx() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("relief.tif"), folder.path().join("out"));
    let affine = Affine::new(100.0, 0.0, 500_000.0, 0.0, -100.0, 5_763_000.0);
    let geobox = GeoBox::new(Crs::epsg(32633).unwrap(), affine, 40, 30).unwrap();
    let band = GeoTiffBand::new(ramp()).description("height").unit("m").scale_offset(0.5, -10.0);
    GeoTiff::new(geobox).band(band).nodata(7.0).write(&input).unwrap();
    let text = "-t raster -i indicative_time = 2023-01-01T12:00:00Z \
                variables = height override(height) = valid_min:-10,valid_max:244 \
                -o collection = c gcp_spacing = 32";
    let expected = vec![Path::new("c").join("relief")];
    assert_eq!(run(&input, &out, text).unwrap(), Outcome::Converted(expected));
    is_sound(&out);
    let file = netcdf::open(out.join("c/relief/relief_idf_00.nc")).unwrap();
    // 254 steps of 1: value 0.5 n - 10 is byte n / 2, to even.
    let bytes: Vec<u8> = values(&file, "height");
    assert_eq!(bytes[..9], [0, 0, 1, 2, 2, 2, 3, 255, 4]);
    assert_eq!((bytes[508], bytes[1199]), (254, 254));
    assert_eq!(values::<i32>(&file, "index_x_gcp"), [0, 32, 40]);
    assert_eq!(values::<i32>(&file, "index_y_gcp"), [0, 30]);
    let (lat, lon): (Vec<f32>, Vec<f32>) = (values(&file, "lat_gcp"), values(&file, "lon_gcp"));
    is_near(&lat, &LAT);
    is_near(&lon, &LON);
    let resolution = file.attribute("idf_spatial_resolution").unwrap().value().unwrap();
    assert_eq!(resolution, netcdf::AttributeValue::Float(100.0));
    let units = file.variable("height").unwrap().attribute_value("units").unwrap().unwrap();
    assert_eq!(units, netcdf::AttributeValue::Str("m".to_owned()));
}

const LAT: [f64; 6] =
    [52.017638323, 52.017629095, 52.017623904, 51.990665466, 51.990656247, 51.990651061];
const LON: [f64; 6] =
    [15.000000000, 15.046631207, 15.058289002, 15.000000000, 15.046603185, 15.058253975];

#[test]
fn a_geotiff_of_latitudes_is_a_grid_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("a.tif"), folder.path().join("out"));
    let affine = Affine::new(0.5, 0.0, -10.0, 0.0, -0.25, 60.0);
    let geobox = GeoBox::new(Crs::wgs84(), affine, 40, 30).unwrap();
    GeoTiff::new(geobox).band(ramp()).nodata(7.0).write(&input).unwrap();
    let text = "-t raster -i global_overrides = time_coverage_start:20230101,\
                time_coverage_end:20230102 -o collection = c";
    run(&input, &out, text).unwrap();
    is_sound(&out);
    let file = netcdf::open(out.join("c/a/a_idf_00.nc")).unwrap();
    assert_eq!(values::<f32>(&file, "lat_gcp"), [60.0, 52.5]);
    assert_eq!(values::<f32>(&file, "lon_gcp"), [-10.0, 6.0, 10.0]);
    // Seconds of 2023-01-01T12.
    assert_eq!(values::<f64>(&file, "time"), [1_672_574_400.0]);
    assert_eq!(values::<u8>(&file, "band_1")[7], 255);
}

/// Corners by `rasterio.transform.GCPTransformer(gcps).xy(row, col, offset="ul")` (GDAL 3.12.2).
#[test]
fn an_image_with_ground_control_points_is_a_swath() {
    let Some(shared) = case::shared() else { return };
    let out = tempfile::tempdir().unwrap();
    let input = shared.join("data/geotiff/georust-gdal/gcp.tif");
    let outcome = run(&input, out.path(), "-t raster -o collection = c").unwrap();
    // The image may be empty: it is the corner of a radar's scene.
    let Outcome::Converted(_) = outcome else { panic!("{outcome:?}") };
    is_sound(out.path());
    let file = netcdf::open(out.path().join("c/gcp/gcp_idf_00.nc")).unwrap();
    is_near(
        &values::<f32>(&file, "lat_gcp"),
        &[45.0213475, 45.422_421_18, 43.522_242_08, 43.924_402_61],
    );
    is_near(
        &values::<f32>(&file, "lon_gcp"),
        &[-107.423_665_47, -110.688_683_73, -107.837_942_66, -111.027_011_17],
    );
    // TIFFTAG_DATETIME is 2021:01:03 17:03:04.
    assert_eq!(values::<f64>(&file, "time"), [1_609_693_384.0]);
}

#[test]
fn a_raster_without_a_time_a_band_or_a_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("a.tif"), folder.path().join("out"));
    let affine = Affine::new(0.5, 0.0, -10.0, 0.0, -0.25, 60.0);
    let geobox = GeoBox::new(Crs::wgs84(), affine, 40, 30).unwrap();
    GeoTiff::new(geobox)
        .band(GeoTiffBand::new(ramp()).description("height"))
        .nodata(7.0)
        .write(&input)
        .unwrap();
    let fails = |input: &Path, options: &str, words: &[&str]| {
        let text = format!("-t raster -i {options} -o collection = c");
        let error = run(input, &out, &text).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
        assert!(!out.exists());
    };
    fails(&input, "", &["a.tif", "indicative_time"]);
    let day = "indicative_time = 20230101";
    fails(&input, &format!("{day} variables = depth"), &["`depth`", "band_1 (height)"]);
    let masked = format!("{day} override(band_1) = flag_variable:quality,flag_min:4");
    fails(&input, &masked, &["override(band_1)", "`quality` cannot mask"]);
    let sparse = folder.path().join("c.tif");
    std::fs::write(&sparse, sparse_tiff()).unwrap();
    fails(&sparse, day, &["c.tif", "32768 by 65536", "the most"]);
    let text = folder.path().join("b.tif");
    std::fs::write(&text, "nothing").unwrap();
    fails(&text, day, &["b.tif", "not readable as a raster"]);
}

/// 32768 rows of 65536 bytes, all of whose tiles are missing.
fn sparse_tiff() -> Vec<u8> {
    let tiles = 32 * 64u32;
    let entries = [
        (256u16, 65_536u32),
        (257, 32_768),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, 1024),
        (323, 1024),
        (324, 0),
        (325, 0),
    ];
    let behind = 8 + 2 + 12 * entries.len() as u32 + 4;
    let mut file = b"II\x2a\0\x08\0\0\0".to_vec();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        let (count, value) = match tag {
            324 => (tiles, behind),
            325 => (tiles, behind + 4 * tiles),
            _ => (1, value),
        };
        file.extend(tag.to_le_bytes());
        file.extend(4u16.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend(vec![0; 4 + 8 * tiles as usize]);
    file
}

#[test]
fn a_field_of_another_size_than_its_image_is_named() {
    let out = tempfile::tempdir().unwrap();
    let affine = Affine::new(0.5, 0.0, -10.0, 0.0, -0.25, 60.0);
    let geobox = GeoBox::new(Crs::wgs84(), affine, 40, 31).unwrap();
    let output = Options::of([("collection", "c")]);
    let at = Time::parse("2023-06-01T00:00:00Z").unwrap();
    let error = write_granules(out.path(), &output, false, |sink| {
        let mut granule = Granule::on_grid("own", &geobox, (at, at), &output)?;
        granule.fields.push(Field::of_raster("n", &ramp(), (1.0, 0.0)));
        sink(granule)?;
        Ok(Reading::Done)
    });
    let error = error.unwrap_err().to_string();
    for word in ["`own`", "`n`", "1200 values", "1240 pixels"] {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

/// A program's own pixels: what a window of a cube is written with.
#[test]
fn granules_of_ones_own_are_written() {
    let out = tempfile::tempdir().unwrap();
    let crs = Crs::epsg(3413).unwrap();
    // Turned by 90°: rows run along x.
    let affine = Affine::new(0.0, 1000.0, -20_000.0, 1000.0, 0.0, -15_000.0);
    let geobox = GeoBox::new(crs, affine, 40, 30).unwrap();
    let output = Options::of([("collection", "c"), ("gcp_spacing", "100")]);
    let at = Time::parse("2023-06-01T00:00:00Z").unwrap();
    let outcome = write_granules(out.path(), &output, false, |sink| {
        let mut granule = Granule::on_grid("own", &geobox, (at, at), &output)?;
        granule.attributes = Attributes::default();
        granule.fields.push(Field::of_raster("n", &ramp(), (1.0, 0.0)).ranged(0.0, 254.0));
        sink(granule)?;
        Ok(Reading::Done)
    });
    assert_eq!(outcome.unwrap(), Outcome::Converted(vec![Path::new("c").join("own")]));
    is_sound(out.path());
    let file = netcdf::open(out.path().join("c/own/own_idf_00.nc")).unwrap();
    assert_eq!(values::<u8>(&file, "n")[..9], [0, 1, 2, 3, 4, 5, 6, 255, 8]);
    is_near(&values::<f32>(&file, "lat_gcp"), &TURNED_LAT);
    is_near(&values::<f32>(&file, "lon_gcp"), &TURNED_LON);
}

/// By pyproj 3.8, `Transformer.from_crs(3413, 4326, always_xy=True)`.
const TURNED_LAT: [f64; 4] = [89.769218260, 89.704455415, 89.833580817, 89.751440511];
const TURNED_LON: [f64; 4] = [-98.130102354, 173.659808254, -11.309932474, 113.198590514];
