//! Inputs that cannot be converted: a clear error, and nothing left behind.

use std::path::Path;

use terracube_convert::{
    Conversion, Error, Outcome, Parameters, Readers, Result, convert, convert_unless,
};

use crate::{case, made};

const GRID: &str = "-t netcdf/grid/latlon -i time_variable = time lon_variable = lon \
                    lat_variable = lat variables = sst -o collection = c";

fn run(input: &Path, out: &Path, text: &str) -> Result<Outcome> {
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let (input, out) = (input.to_owned(), out.to_owned());
    convert(&Conversion { input, out, parameters, is_compat: false }, &Readers::built_in())
}

/// The error names the words, and neither the folder nor anything in it was left.
fn fails(input: &Path, text: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let error = run(input, &folder.path().join("new/out"), text).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_grid_becomes_a_granule() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let out = folder.path().join("out");
    let expected = vec![Path::new("c").join("a")];
    assert_eq!(run(&input, &out, GRID).unwrap(), Outcome::Converted(expected.clone()));
    // What is there is replaced whole.
    let file = out.join("c/a/a_idf_00.nc");
    std::fs::write(out.join("c/a/old.nc"), "").unwrap();
    assert_eq!(run(&input, &out, GRID).unwrap(), Outcome::Converted(expected));
    assert!(!out.join("c/a/old.nc").exists());
    let found = netcdf::open(file).unwrap();
    let bytes: Vec<u8> = found.variable("sst").unwrap().get_values(..).unwrap();
    // 0, 1, 2 … 11 of 0..10: 254 steps of 10/254; the last one is masked.
    assert_eq!(bytes[..4], [0, 25, 51, 76]);
    assert_eq!((bytes[10], bytes[11]), (254, 255));
    let lat: Vec<f32> = found.variable("lat_gcp").unwrap().get_values(..).unwrap();
    assert_eq!(lat, [9.5, 12.5]);
    let index: Vec<i32> = found.variable("index_lon_gcp").unwrap().get_values(..).unwrap();
    assert_eq!(index, [0, 4]);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn what_is_no_netcdf_is_refused() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    fails(&input, GRID, &["a.nc", "No such file"]);
    std::fs::write(&input, "nothing").unwrap();
    fails(&input, GRID, &["a.nc", "not readable as netCDF"]);
}

#[test]
fn flags_of_another_size_than_the_image_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("S3A_OL_2_WFR.SEN3");
    std::fs::create_dir(&input).unwrap();
    let make = |name: &str, size: usize, variables: &[&str]| {
        let mut file = netcdf::create(input.join(name)).unwrap();
        file.add_dimension("rows", size).unwrap();
        file.add_dimension("columns", 4).unwrap();
        for name in variables {
            let mut variable = file.add_variable::<f64>(name, &["rows", "columns"]).unwrap();
            variable.put_attribute("flag_masks", vec![1i32, 2]).unwrap();
            variable.put_values(&vec![1.0; 4 * size], ..).unwrap();
        }
        file.close().unwrap();
    };
    make("geo_coordinates.nc", 4, &["latitude", "longitude"]);
    make("wqsf.nc", 3, &["WQSF"]);
    let text = "-t sentinel3/olci/L2 -o collection = c";
    fails(&input, text, &["wqsf.nc", "`WQSF` has not the size"]);
}

#[test]
fn a_missing_variable_is_named_with_those_that_are_there() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    fails(&input, &GRID.replace("variables = sst", "variables = ice"), &["`ice`", "sst", "lat"]);
}

#[test]
fn an_unknown_unit_of_time_is_named() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |file| {
        let mut time = file.variable_mut("time").unwrap();
        time.put_attribute("units", "fortnights since 1970-01-01").unwrap();
    });
    fails(&input, GRID, &["fortnights", "seconds"]);
}

#[test]
fn unknown_projections_readers_and_ranges_are_named() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let yx = "-t netcdf/grid/yx -i x_variable = lon y_variable = lat variables = sst \
              spatial_resolution = 1 projection = \"+proj=nowhere\" -o collection = c";
    fails(&input, yx, &["projection", "nowhere"]);
    fails(&input, &GRID.replace("latlon", "hexagons"), &["hexagons", "netcdf/grid/latlon"]);
    let reversed = GRID.replace("-o ", "override(sst) = valid_min:2,valid_max:1 -o ");
    fails(&input, &reversed, &["sst", "2", "1", "range"]);
    fails(&input, &GRID.replace("-o collection = c", ""), &["collection", "missing"]);
    fails(&input, &GRID.replace("= c", "= ../c"), &["collection", "../c"]);
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let out = folder.path().join("file");
    std::fs::write(&out, "").unwrap();
    let error = run(&input, &out.join("below"), GRID).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
}

#[test]
fn masked_times_coordinates_and_data_are_told_apart() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    let masked = |name: &'static str, value: f64| {
        made::grid(&input, |file| {
            let mut variable = file.variable_mut(name).unwrap();
            variable.put_attribute("missing_value", value).unwrap();
            let len = variable.len();
            variable.put_values(&vec![value; len], ..).unwrap();
        });
    };
    masked("lat", -99.0);
    fails(&input, GRID, &["a.nc", "axis `lat`", "masked"]);
    masked("time", -99.0);
    fails(&input, GRID, &["a.nc", "time", "not told", "time_coverage_start"]);
    let out = folder.path().join("out");
    // A grid without any value is an image all the same, as in the reference: all of it is missing.
    made::grid(&input, |file| {
        file.variable_mut("sst").unwrap().put_values(&[-1.0f32; 12], ..).unwrap();
    });
    run(&input, &out, GRID).unwrap();
    let found = netcdf::open(out.join("c/a/a_idf_00.nc")).unwrap();
    let bytes: Vec<u8> = found.variable("sst").unwrap().get_values(..).unwrap();
    assert_eq!(bytes, [255; 12]);
}

#[test]
fn what_is_stopped_leaves_nothing() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let out = folder.path().join("out");
    let parameters = Parameters::parse(GRID, Path::new(".")).unwrap();
    let conversion = Conversion { input, out: out.clone(), parameters, is_compat: false };
    // Asked before the granule is written, and after.
    for kept in [0, 1] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let is_stopped = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == kept;
        let error = convert_unless(&conversion, &Readers::built_in(), &is_stopped).unwrap_err();
        assert!(matches!(error, Error::Stopped), "{error}");
        assert!(!out.exists());
    }
}

#[test]
fn what_a_killed_conversion_left_is_removed_by_the_next() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let out = folder.path().join("out");
    let aside = |name: &str| {
        let aside = out.join(name);
        std::fs::create_dir_all(aside.join("c/a")).unwrap();
        std::fs::write(aside.join("c/a/part.nc"), "part").unwrap();
        aside
    };
    let left = aside(".terracube-idf-left");
    std::fs::write(left.join(".lock"), "").unwrap();
    let used = aside(".terracube-idf-used");
    let lock = std::fs::File::create(used.join(".lock")).unwrap();
    lock.lock().unwrap();
    let empty = out.join(".terracube-idf-empty");
    std::fs::create_dir(&empty).unwrap();
    run(&input, &out, GRID).unwrap();
    assert!(!left.exists() && !empty.exists());
    assert!(used.join("c/a/part.nc").exists());
    drop(lock);
    run(&input, &out, GRID).unwrap();
    assert!(!used.exists());
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_raster_of_one_latitude_or_longitude_is_refused() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    for (rows, cols) in [(1, 10), (10, 1)] {
        let input = folder.path().join(format!("{rows}.nc"));
        let mut file = netcdf::create(&input).unwrap();
        made::axis(&mut file, "lat", &made::line(10.0, 1.0, rows), "degrees_north");
        made::axis(&mut file, "lon", &made::line(0.0, 1.0, cols), "degrees_east");
        let mut sst = file.add_variable::<f32>("sst", &["lat", "lon"]).unwrap();
        sst.put_values(&[1.0f32; 10], ..).unwrap();
        file.close().unwrap();
        let text = "-t raster -i indicative_time = 20230101 -o collection = c";
        fails(&input, text, &[&format!("{rows} rows and {cols} columns"), "2 by 2"]);
    }
}

#[test]
fn a_variable_that_was_never_written_is_not_made_room_for() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    let mut file = netcdf::create(&input).unwrap();
    made::axis(&mut file, "time", &[0.0], "hours since 2023-01-01");
    made::axis(&mut file, "lat", &made::line(-40.0, 0.001, 1 << 16), "degrees_north");
    made::axis(&mut file, "lon", &made::line(0.0, 0.001, 1 << 16), "degrees_east");
    let mut sst = file.add_variable::<f32>("sst", &["time", "lat", "lon"]).unwrap();
    sst.set_chunking(&[1, 1024, 1024]).unwrap();
    file.close().unwrap();
    fails(&input, GRID, &["a.nc", "`sst`", "65536 by 65536", "the most"]);
}

#[test]
fn a_granule_whose_replacement_was_killed_is_put_back_by_the_next() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.nc");
    made::grid(&input, |_| {});
    let out = folder.path().join("out");
    // Killed when the old granules were moved away: one had been replaced, one had not.
    let left = out.join(".terracube-idf-left");
    let write = |granule: std::path::PathBuf, text: &str| {
        std::fs::create_dir_all(&granule).unwrap();
        std::fs::write(granule.join("file"), text).unwrap();
    };
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join(".lock"), "").unwrap();
    write(left.join(".old/d/one"), "old");
    write(left.join(".old/d/two"), "old");
    write(left.join("d/two"), "new");
    write(out.join("d/one"), "new");
    // What was killed later, when it threw old granules away, has none to put back.
    let done = out.join(".terracube-idf-done");
    write(done.join(".replaced/d/three"), "part");
    std::fs::write(done.join(".lock"), "").unwrap();
    run(&input, &out, GRID).unwrap();
    let text = |granule: &str| std::fs::read_to_string(out.join(granule).join("file")).unwrap();
    assert_eq!((text("d/one"), text("d/two")), ("new".to_owned(), "old".to_owned()));
    assert!(!out.join("d/three").exists());
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
}
