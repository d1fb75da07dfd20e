//! Small products of Sentinel-2 and -3, beside what the reference program gives of them: see
//! `reference`. Images of Sentinel-2 are by `python/make_sentinel2.py`.

use std::path::{Path, PathBuf};

use terracube_convert::{
    Conversion, Converter, Dataset, Idf, Outcome, Parameters, Readers, Result, convert,
};

use crate::case;
use crate::made_sentinel3::{self, COLS, EFR, RBT, ROWS};
use crate::reference;

const SAFE: &str = "S2A_MSIL1C_20230105T100401_N0509_R122_T32TQM_20230105T120000";
const GRANULE: &str = "L1C_T32TQM_A039400_20230105T100400";

fn run(input: &Path, out: &Path, text: &str) -> Result<Outcome> {
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let (input, out) = (input.to_owned(), out.to_owned());
    convert(&Conversion { input, out, parameters, is_compat: false }, &Readers::built_in())
}

/// The error names the words, and nothing was left.
fn fails(input: &Path, text: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let error = run(input, &folder.path().join("new/out"), text).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A copy of the small SAFE folder: its granule.
fn safe(root: &Path) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/sentinel2");
    for place in ["MTD_MSIL1C.xml".to_owned(), format!("GRANULE/{GRANULE}/MTD_TL.xml")]
        .into_iter()
        .chain([1, 2, 3, 4].map(|band| {
            format!("GRANULE/{GRANULE}/IMG_DATA/T32TQM_20230105T100401_B{band:02}.jp2")
        }))
    {
        let name = Path::new(&format!("{SAFE}.SAFE")).join(place);
        let to = root.join(&name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&name), to).unwrap();
    }
    root.join(format!("{SAFE}.SAFE/GRANULE/{GRANULE}"))
}

fn change(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn is_like_the_reference(name: &str, input: &Path, text: &str) {
    let out = tempfile::tempdir().unwrap();
    run(input, out.path(), text).unwrap();
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    reference::is_same(name, input, out.path(), &parameters);
}

fn bytes(out: &Path, granule: &str, variable: &str) -> Vec<u8> {
    let file = out.join(format!("c/{granule}/{granule}_idf_00.nc"));
    netcdf::open(file).unwrap().variable(variable).unwrap().get_values(..).unwrap()
}

#[test]
fn reflectances_of_blocks_are_like_the_reference() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let text = "-t sentinel2/L1 -o collection = c downscale = yes gcp_spacing = 16";
    is_like_the_reference("sentinel2_l1", &safe(folder.path()), text);
}

/// Without the table of what the air scatters, the reference fails unless the contrast is removed.
#[test]
fn radiances_are_logarithms_like_the_reference() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let text = "-t sentinel3/olci/L1 -i geoloc_spacing = 16 -o collection = c gcp_spacing = 16 \
                downscale = yes remove_variables = Oa17_radiance_bc";
    is_like_the_reference("sentinel3_olci_l1", &made_sentinel3::efr(folder.path()), text);
}

#[test]
fn brightness_temperatures_are_like_the_reference() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let text = "-t sentinel3/slstr/L1/bt -i geoloc_spacing = 16 -o collection = c gcp_spacing = 16";
    is_like_the_reference("sentinel3_slstr_l1_bt", &made_sentinel3::rbt(folder.path()), text);
}

/// One of several granules has its own name; without offsets and with another quantification counts
/// are other reflectances.
#[test]
fn a_granule_among_others_has_its_own_name() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (safe(folder.path()), folder.path().join("out"));
    std::fs::create_dir(input.with_file_name("L1C_T32TQN_A039400_20230105T100400")).unwrap();
    let product = input.join("../../MTD_MSIL1C.xml");
    change(&product, "RADIO_ADD_OFFSET", "NO_OFFSET");
    change(&product, ">10000<", ">5000<");
    let text = "-t sentinel2/L1 -i resolution = 10 variables = B03_TOA_reflectance \
                override(B03_TOA_reflectance) = valid_min:0,valid_max:2.54,name:green \
                -o collection = c";
    run(&input, &out, text).unwrap();
    let green = bytes(&out, &format!("{GRANULE}-10m"), "green");
    assert_eq!(green.len(), 24 * 2520);
    // Row 7, column 1000: 3000 + 30 · 50 + 11 · 2 · 3 of 5000, in hundredths.
    assert_eq!(green[7 * 2520 + 1000], 91);
    // Not seen: the first hundred columns, and a hole in the first rows.
    assert_eq!([green[99], green[4 * 2520 + 305]], [255; 2]);
    assert!(green[100] != 255 && green[5 * 2520 + 305] != 255);
}

#[test]
fn what_is_not_a_granule_is_refused() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let text = "-t sentinel2/L1 -i variables = B02_TOA_reflectance -o collection = c";
    fails(folder.path(), text, &["GRANULE", "MTD_MSIL1C.xml"]);
    let granule = safe(folder.path());
    let with = |from: &str, to: &str| text.replace(from, to);
    fails(&granule, &with("-o ", "rgb_contrast = yes -o "), &["rgb_contrast", "not supported"]);
    fails(&granule, &with("-o ", "resolution = 25 -o "), &["resolution", "25", "10", "B02"]);
    fails(&granule, &with("B02_TOA", "cloud"), &["cloud_reflectance", "B8A_TOA_reflectance"]);
    fails(&granule, &with("B02", "B08"), &["IMG_DATA", "B08"]);
    let image = granule.join("IMG_DATA/T32TQM_20230105T100401_B02.jp2");
    let whole = std::fs::read(&image).unwrap();
    for len in [0, 100, whole.len() / 2, whole.len() - 3] {
        std::fs::write(&image, &whole[..len]).unwrap();
        fails(&granule, text, &["B02.jp2", "JPEG 2000"]);
    }
    std::fs::write(&image, whole).unwrap();
    change(&granule.join("MTD_TL.xml"), "EPSG:32632", "EPSG:0");
    fails(&granule, text, &["projection", "EPSG:0"]);
    change(&granule.join("MTD_TL.xml"), "<ULX>", "<ULX>west");
    fails(&granule, text, &["MTD_TL.xml", "ULX", "west699960"]);
    std::fs::remove_file(granule.join("MTD_TL.xml")).unwrap();
    fails(&granule, text, &["MTD_TL.xml"]);
}

/// The reference aborts.
#[test]
fn a_band_that_saw_nothing_is_missing() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (safe(folder.path()), folder.path().join("out"));
    let both = "-t sentinel2/L1 -i variables = B01_TOA_reflectance,B02_TOA_reflectance \
                -o collection = c";
    run(&input, &out, both).unwrap();
    let of = |band: &str| bytes(&out, &format!("{SAFE}-60m"), &format!("{band}_TOA_reflectance"));
    assert_eq!(of("B01"), [255; 4 * 420]);
    assert!(of("B02").iter().any(|byte| *byte != 255));
    let outcome =
        run(&input, &folder.path().join("none"), &both.replace(",B02_TOA_reflectance", ""));
    assert!(matches!(outcome.unwrap(), Outcome::Skipped(reason) if reason.contains("all are 0")));
}

#[test]
fn a_table_that_is_not_known_is_refused_by_name() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let efr = made_sentinel3::efr(folder.path());
    let text = "-t sentinel3/olci/L1 -i atmospheric_correction_LUT_path = a.txt -o collection = c";
    fails(&efr, text, &["atmospheric_correction_LUT_path", "--set"]);
    let rbt = made_sentinel3::rbt(folder.path());
    let text = "-t sentinel3/slstr/L1/bt -i sst_coeffs_path = a.nc -o collection = c";
    fails(&rbt, text, &["sst_coeffs_path", "--set", "WST"]);
    let none = "-t sentinel3/slstr/L1/bt -o collection = c remove_variables = S7,S8_BT_in,S9";
    fails(&rbt, none, &["remove_variables", "no variable"]);
}

/// As `--set KEY=` does.
#[test]
fn what_a_rule_asks_for_can_be_taken_out() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let idf = Idf::built_in().unwrap();
    for (input, emptied, names) in [
        (
            made_sentinel3::efr(folder.path()),
            &["atmospheric_correction_LUT_path"][..],
            &["Oa04", "Oa06", "Oa09", "Oa17"][..],
        ),
        (
            made_sentinel3::rbt(folder.path()),
            &[
                "sst_coeffs_path",
                "remove_variables",
                "add_variables(anomaly_sea_surface_temperature)",
            ],
            &["S7", "S8", "S9"],
        ),
    ] {
        let rule = idf.rules().select(&Dataset::at(&input, None)).unwrap();
        let mut parameters = idf.rules().parameters(&rule.parameters[0]).unwrap().clone();
        let out = folder.path().join("out").join(&rule.name);
        let run = |parameters: &Parameters| {
            let (input, out, parameters) = (input.clone(), out.clone(), parameters.clone());
            idf.convert(&Conversion { input, out, parameters, is_compat: false })
        };
        assert!(run(&parameters).unwrap_err().to_string().contains(emptied[0]));
        emptied.iter().for_each(|key| parameters.set(key, ""));
        let Outcome::Converted(granules) = run(&parameters).unwrap() else { panic!("skipped") };
        let name = granules[0].file_name().unwrap().to_str().unwrap();
        let file = out.join(&granules[0]).join(format!("{name}_idf_00.nc"));
        let file = netcdf::open(file).unwrap();
        assert!(names.iter().all(|name| file.variable(name).is_some()));
    }
}

#[test]
fn a_file_of_a_folder_that_is_missing_is_named() {
    let _files = case::files();
    for (made, reader, files) in [
        (
            made_sentinel3::efr as fn(&Path) -> PathBuf,
            "sentinel3/olci/L1",
            &["Oa06_radiance.nc", "qualityFlags.nc", "geo_coordinates.nc", "time_coordinates.nc"][..],
        ),
        (made_sentinel3::rbt, "sentinel3/slstr/L1/bt", &["S9_BT_in.nc", "geodetic_in.nc"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let input = made(folder.path());
        for file in files {
            let aside = folder.path().join("aside");
            std::fs::rename(input.join(file), &aside).unwrap();
            fails(&input, &format!("-t {reader} -o collection = c"), &[file]);
            std::fs::rename(aside, input.join(file)).unwrap();
        }
    }
}

/// Where no pixel tells a range, bands have one of their own; what is flagged is told all the same.
#[test]
fn an_image_of_clouds_has_a_range_that_is_known() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (made_sentinel3::efr(folder.path()), folder.path().join("out"));
    let mut file = netcdf::append(input.join("qualityFlags.nc")).unwrap();
    let bright = vec![1u32 << 27; ROWS * COLS];
    file.variable_mut("quality_flags").unwrap().put_values(&bright, ..).unwrap();
    file.close().unwrap();
    run(&input, &out, "-t sentinel3/olci/L1 -o collection = c").unwrap();
    let file = netcdf::open(out.join(format!("c/{EFR}/{EFR}_idf_00.nc"))).unwrap();
    for (name, least, most) in [("Oa04", 3.346f64, 461.616f64), ("Oa17", 3.0, 738.0)] {
        let variable = file.variable(name).unwrap();
        let of =
            |name: &str| f64::try_from(variable.attribute(name).unwrap().value().unwrap()).unwrap();
        assert!((of("add_offset") - least.ln()).abs() < 1e-6);
        assert!((of("scale_factor") * 254.0 - (most / least).ln()).abs() < 1e-4);
        let bytes: Vec<u8> = variable.get_values(..).unwrap();
        assert_eq!((bytes[0], bytes[3 * COLS]), (0, 255));
        assert!(bytes[10] != 0 && bytes[10] != 255);
    }
}

#[test]
fn what_holds_no_value_is_skipped() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (made_sentinel3::rbt(folder.path()), folder.path().join("out"));
    for name in ["S7_BT_in", "S8_BT_in", "S9_BT_in"] {
        let mut file = netcdf::append(input.join(format!("{name}.nc"))).unwrap();
        let missing = vec![i16::MIN; ROWS * COLS];
        file.variable_mut(name).unwrap().put_values(&missing, ..).unwrap();
    }
    let outcome = run(&input, &out, "-t sentinel3/slstr/L1/bt -o collection = c").unwrap();
    assert!(matches!(outcome, Outcome::Skipped(reason) if reason.contains("missing")));
    assert!(!out.join("c").join(RBT).exists());
}

/// Counts as GDAL 3.6 reads them.
#[test]
fn an_image_of_the_agency_is_decoded_whole() {
    let _files = case::files();
    let Some(shared) = case::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (safe(folder.path()), folder.path().join("out"));
    let real = shared.join("data/geotiff/sentinel2/S2A_T32TLS_R60m_B01.jp2");
    std::fs::copy(real, input.join("IMG_DATA/T32TLS_20220620T103629_B01.jp2")).unwrap();
    let text = "-t sentinel2/L1 -i variables = B01_TOA_reflectance \
                override(B01_TOA_reflectance) = valid_min:-1,valid_max:7 \
                -o collection = c use_float32_values = B01_TOA_reflectance";
    run(&input, &out, text).unwrap();
    let file = netcdf::open(out.join(format!("c/{SAFE}-60m/{SAFE}-60m_idf_00.nc"))).unwrap();
    let values: Vec<f32> = file.variable("B01_TOA_reflectance").unwrap().get_values(..).unwrap();
    assert_eq!(values.len(), 1830 * 1830);
    let count = |value: &f32| (f64::from(*value) * 10_000.0 + 1000.0).round() as u64;
    let known: Vec<&f32> = values.iter().filter(|value| **value < 1e30).collect();
    assert_eq!(values.len() - known.len(), 2_815_886);
    assert_eq!(known.into_iter().map(count).sum::<u64>(), 1_782_328_736);
    for (row, col, expected) in [(1829, 1829, 2279), (1536, 1727, 1744), (5, 1800, 1439)] {
        assert_eq!(count(&values[row * 1830 + col]), expected);
    }
}
