//! Small folders of Sentinel-3 products.

use std::path::{Path, PathBuf};

pub(crate) const EFR: &str = "S3A_OL_1_EFR____20230105T100000_20230105T100300_20230105T120000_0179_094_122_2160_MAR_O_NR_003.SEN3";
pub(crate) const RBT: &str = "S3A_SL_1_RBT____20230105T100000_20230105T100300_20230105T120000_0179_094_122_2160_MAR_O_NR_004.SEN3";

pub(crate) const ROWS: usize = 30;
pub(crate) const COLS: usize = 40;
const PIXELS: [&str; 2] = ["rows", "columns"];

/// A file of a product, with what all of them say.
fn file(folder: &Path, name: &str, title: &str) -> netcdf::FileMut {
    std::fs::create_dir_all(folder).unwrap();
    let mut file = netcdf::create(folder.join(format!("{name}.nc"))).unwrap();
    file.add_dimension("rows", ROWS).unwrap();
    file.add_dimension("columns", COLS).unwrap();
    for (name, text) in [
        ("title", title),
        ("institution", "MAR"),
        ("source", "IPF"),
        ("references", "none"),
        ("start_time", "2023-01-05T10:00:00.000000Z"),
        ("stop_time", "2023-01-05T10:03:00.000000Z"),
    ] {
        file.add_attribute(name, text).unwrap();
    }
    file
}

fn pixels<T>(of: impl Fn(usize, usize) -> T) -> Vec<T> {
    (0..ROWS * COLS).map(|at| of(at / COLS, at % COLS)).collect()
}

/// Millionths of degrees.
fn places(file: &mut netcdf::FileMut, names: [&str; 2], of: impl Fn(i32, i32) -> [i32; 2]) {
    for (axis, (name, units)) in
        names.into_iter().zip(["degrees_north", "degrees_east"]).enumerate()
    {
        let mut variable = file.add_variable::<i32>(name, &PIXELS).unwrap();
        variable.set_fill_value(i32::MIN).unwrap();
        variable.put_attribute("scale_factor", 1e-6).unwrap();
        variable.put_attribute("units", units).unwrap();
        let wrapped =
            |degrees: i32| if degrees > 180_000_000 { degrees - 360_000_000 } else { degrees };
        let values = pixels(|row, col| wrapped(of(row as i32, col as i32)[axis]));
        variable.put_values(&values, ..).unwrap();
    }
}

/// An EFR folder: a sea, with land that is brighter in a corner, pixels that are saturated, missing
/// or 0, and sun glint.
pub(crate) fn efr(root: &Path) -> PathBuf {
    let folder = root.join(EFR);
    let title = "OLCI Level 1b Product";
    for band in [4u16, 6, 9, 17] {
        let name = format!("Oa{band:02}_radiance");
        let counts = pixels(|row, col| match (row, col) {
            (20.., 30..) => 50_000,
            (..3, ..4) => 0,
            (3..6, ..4) => u16::MAX,
            (10..13, ..5) if band == 9 => 60_000,
            _ => {
                1000 + 100 * band
                    + ((13 * row + 7 * col) % 2000 + 10 * (row / 8) * (col / 8)) as u16
            }
        });
        let mut file = file(&folder, &name, title);
        let mut variable = file.add_variable::<u16>(&name, &PIXELS).unwrap();
        variable.set_fill_value(u16::MAX).unwrap();
        variable.put_attribute("scale_factor", 0.0125f32).unwrap();
        variable.put_attribute("add_offset", 0f32).unwrap();
        variable.put_attribute("coordinates", "time_stamp altitude latitude longitude").unwrap();
        variable.put_attribute("standard_name", "toa_upwelling_spectral_radiance").unwrap();
        variable.put_attribute("units", "mW.m-2.sr-1.nm-1").unwrap();
        let long_name = format!("TOA radiance for OLCI acquisition band Oa{band:02}");
        variable.put_attribute("long_name", long_name).unwrap();
        variable.put_values(&counts, ..).unwrap();
    }
    let mut geo = file(&folder, "geo_coordinates", title);
    places(&mut geo, ["latitude", "longitude"], |row, col| {
        [45_000_000 - 2700 * row - 600 * col, 5_000_000 + 3800 * col - 800 * row]
    });
    let mut time = file(&folder, "time_coordinates", title);
    let mut stamps = time.add_variable::<i64>("time_stamp", &["rows"]).unwrap();
    stamps.put_attribute("units", "microseconds since 2000-01-01 00:00:00").unwrap();
    let values: Vec<i64> = (0..ROWS as i64).map(|row| 726_228_000_000_000 + 44_000 * row).collect();
    stamps.put_values(&values, ..).unwrap();
    let mut names: Vec<String> =
        "land coastline fresh_inland_water tidal_region bright straylight_risk \
                                  invalid cosmetic duplicated sun_glint_risk dubious"
            .split_whitespace()
            .map(str::to_owned)
            .collect();
    names.extend((1..22).map(|band| format!("saturated@Oa{band:02}")));
    let mut quality = file(&folder, "qualityFlags", title);
    let mut flags = quality.add_variable::<u32>("quality_flags", &PIXELS).unwrap();
    flags.put_attribute("flag_meanings", names.join(" ")).unwrap();
    let masks: Vec<u32> = (0..32).map(|bit| 1 << (31 - bit)).collect();
    flags.put_attribute("flag_masks", masks).unwrap();
    let values = pixels(|row, col| match (row, col) {
        (_, 20..22) => 1 << 22,
        (20.., 30..) => 1 << 31,
        (10..13, ..5) => 1 << 12,
        _ => 0u32,
    });
    flags.put_values(&values, ..).unwrap();
    folder
}

/// An RBT folder across the dateline, with values missing and out of range.
pub(crate) fn rbt(root: &Path) -> PathBuf {
    let folder = root.join(RBT);
    let title = "SLSTR Level 1b Product";
    for band in [7i16, 8, 9] {
        let name = format!("S{band}_BT_in");
        let counts = pixels(|row, col| match (row, col) {
            (..3, ..4) => i16::MIN,
            (3..6, ..4) => 32_000,
            (6..9, ..4) => -32_000,
            _ => -1000 + 50 * band + ((13 * row + 7 * col) % 2000) as i16,
        });
        let mut file = file(&folder, &name, title);
        let mut variable = file.add_variable::<i16>(&name, &PIXELS).unwrap();
        variable.set_fill_value(i16::MIN).unwrap();
        variable.put_attribute("scale_factor", 0.01f32).unwrap();
        variable.put_attribute("add_offset", 283.73f32).unwrap();
        variable.put_attribute("units", "K").unwrap();
        variable.put_attribute("standard_name", "toa_brightness_temperature").unwrap();
        let long_name = format!("Gridded pixel brightness temperature for channel S{band}");
        variable.put_attribute("long_name", long_name).unwrap();
        variable.put_values(&counts, ..).unwrap();
    }
    let mut geo = file(&folder, "geodetic_in", title);
    places(&mut geo, ["latitude_in", "longitude_in"], |row, col| {
        [45_000_000 - 9000 * row - 2000 * col, 179_900_000 + 12_700 * col - 2700 * row]
    });
    folder
}
