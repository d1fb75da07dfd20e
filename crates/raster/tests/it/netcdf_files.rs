//! netCDF by the CF conventions, beside netCDF4 and cftime for Python.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use terracube_grid::{Time, Window};
use terracube_raster::{LocalFile, LocalOptions};
use terracube_testbed::made_table;

use crate::classic::{Values, Variable, classic};
use crate::folder::shared;

#[test]
fn real_files_read_as_netcdf4_reads_them() {
    let Some(data) = shared("data", "the table of netCDF files") else { return };
    let text = include_str!("../fixtures/netcdf.json");
    let reference: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    let mut rows = vec!["| file | variables | bands | place | times |".to_owned()];
    rows.push("|---|---|---|---|---|".into());
    let mut wrong = Vec::new();
    for (path, entry) in &reference {
        if let Some(error) = entry["error"].as_str() {
            let opened = LocalFile::open(&data.join(path), &LocalOptions::default());
            let ours =
                opened.map_or_else(|e| reason(&e), |f| format!("{:?}", f.geobox().is_some()));
            rows.push(format!(
                "| `{path}` | netCDF4 cannot read it ({error}); here: {ours} | | | |"
            ));
            continue;
        }
        let mut found = Summary::default();
        // In order of names, whatever order JSON is kept in.
        let variables: BTreeMap<_, _> = entry["variables"].as_object().unwrap().iter().collect();
        for (name, expected) in variables {
            let options = LocalOptions { variable: Some(name.clone()), ..Default::default() };
            match LocalFile::open(&data.join(path), &options) {
                Ok(file) => match compare(&file, expected, &entry["places"]) {
                    Ok(()) => found.add(&file),
                    Err(why) => wrong.push(format!("{path} {name}: {why}")),
                },
                Err(error) => *found.refused.entry(reason(&error)).or_default() += 1,
            }
        }
        rows.push(found.row(path));
    }
    assert_eq!(wrong, Vec::<String>::new());
    made_table::check("docs/formats.md", "netcdf", &rows.join("\n"));
}

#[derive(Default)]
struct Summary {
    read: usize,
    bands: Vec<usize>,
    places: Vec<String>,
    times: Vec<String>,
    refused: BTreeMap<String, usize>,
}

impl Summary {
    fn add(&mut self, file: &LocalFile) {
        self.read += 1;
        let place = match (file.geobox(), file.geolocation()) {
            (Some(geobox), _) => geobox.crs.epsg_code().map_or_else(
                || "a grid, CRS without a code".into(),
                |c| format!("a grid, EPSG:{c}"),
            ),
            (None, Some(_)) => "geolocation arrays".into(),
            _ => file.geobox_missing().unwrap_or_default().to_owned(),
        };
        let dates: Vec<_> = file.bands().iter().filter_map(|b| b.time).map(|t| t.date()).collect();
        let times = match (dates.first(), dates.last()) {
            (Some(a), Some(b)) if a != b => format!("{a} to {b}"),
            (Some(a), _) => a.clone(),
            _ => String::new(),
        };
        for (list, text) in [(&mut self.places, place), (&mut self.times, times)] {
            if !text.is_empty() && !list.contains(&text) {
                list.push(text);
            }
        }
        if !self.bands.contains(&file.bands().len()) {
            self.bands.push(file.bands().len());
        }
    }

    fn row(self, path: &str) -> String {
        let bands: Vec<_> = self.bands.iter().map(ToString::to_string).collect();
        let mut read = format!("{} equal", self.read);
        for (why, count) in self.refused {
            read += &format!(", {count} refused: {why}");
        }
        let (places, times) = (self.places.join("; "), self.times.join("; "));
        format!("| `{path}` | {read} | {} | {places} | {times} |", bands.join(", "))
    }
}

fn reason(error: &terracube_raster::Error) -> String {
    let text = error.to_string();
    text.split_once("cannot be read: ").map_or(text.clone(), |(_, why)| why.to_owned())
}

fn compare(file: &LocalFile, expected: &Value, places: &Value) -> Result<(), String> {
    let shape: Vec<_> =
        expected["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let dims: Vec<_> =
        expected["dims"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let full = &file.levels()[0];
    let n = shape.len();
    let all: u64 = shape.iter().product();
    if (full.width * full.height * file.bands().len()) as u64 != all {
        return Err(format!("{full:?} of {shape:?}"));
    }
    let info = file.band(0).unwrap();
    same("dtype", info.dtype.name(), expected["dtype"].as_str().unwrap())?;
    near("scale", info.scale, &expected["scale"])?;
    near("offset", info.offset, &expected["offset"])?;
    let window = Window::new(0, 0, full.width, full.height);
    let (mut valid, mut bytes) = (0, Vec::new());
    let ends = |dim: &str| {
        let axis = expected["axes"].get(dim)?;
        Some((axis[0].as_f64()?, axis[1].as_f64()?))
    };
    // The file's own order: rows last but one, turned when they ran north.
    let is_plain = (shape[n - 2], shape[n - 1]) == (full.height as u64, full.width as u64);
    let flipped =
        |dim: &str, up: bool| ends(dim).is_some_and(|(a, b)| if up { b > a } else { b < a });
    for band in 0..file.bands().len() {
        let raster = file.read(0, band, window).map_err(|e| e.to_string())?;
        valid += raster.count_valid() as u64;
        let size = raster.dtype().size();
        let mut rows: Vec<&[u8]> = raster.pixels.as_bytes().chunks(full.width * size).collect();
        if flipped(dims[n - 2], true) {
            rows.reverse();
        }
        if flipped(dims[n - 1], false) {
            return Err("columns run west: not foreseen by this test".into());
        }
        bytes.extend(rows.concat());
    }
    // NetCDF's guide gives bytes no default fill; netCDF4 takes -127 and 255 for it nevertheless.
    let is_byte = info.dtype.size() == 1 && info.nodata.is_none();
    if !is_byte {
        same("valid", &valid.to_string(), &expected["valid"].to_string())?;
    }
    if is_plain {
        let crc = libdeflater::crc32(&bytes);
        same("CRC", &crc.to_string(), &expected["crc"].to_string())?;
    }
    if let Some(times) = expected["times"].as_array() {
        let ours = [info.time, file.bands().last().unwrap().time];
        // A time of rows is no time of bands.
        if ours[0].is_some() {
            for (ours, theirs) in ours.iter().zip(times) {
                let (year, month, day) = ours.unwrap().ymd();
                let midnight = Time::parse(&ours.unwrap().date()).unwrap().micros();
                let micros = ours.unwrap().micros() - midnight;
                let ours = serde_json::json!([year, month, day, micros]);
                same("time", &ours.to_string(), &theirs.to_string())?;
            }
        }
    }
    if let Some(geobox) = file.geobox() {
        let scale = |value: f64, ours: f64| if value == 0.0 { 1.0 } else { (ours / value).round() };
        let centre =
            |col: usize, row: usize| geobox.affine.apply(col as f64 + 0.5, row as f64 + 0.5);
        let (first, last) = (centre(0, 0), centre(full.width - 1, full.height - 1));
        let (x, y) = (ends(dims[n - 1]).unwrap_or_default(), ends(dims[n - 2]).unwrap_or_default());
        let y = (y.0.max(y.1), y.0.min(y.1));
        let k = scale(x.1, last.0);
        for (ours, theirs) in [(first.0, x.0), (last.0, x.1), (first.1, y.0), (last.1, y.1)] {
            if is_plain && (ours - theirs * k).abs() > 1e-6 * ours.abs().max(1.0) {
                return Err(format!(
                    "centres {first:?} to {last:?}, there {x:?} and {y:?} times {k}"
                ));
            }
        }
    }
    if let Some(found) = file.geolocation()
        && !places.as_object().unwrap().is_empty()
        && expected["axes"].as_object().unwrap().len() < n
    {
        for values in [&found.x, &found.y] {
            let finite: Vec<_> = values.iter().filter(|v| v.is_finite()).collect();
            let sum: f64 = finite.iter().copied().sum();
            let is_there = places.as_object().unwrap().values().any(|place| {
                place[0].as_u64() == Some(finite.len() as u64)
                    && (place[1].as_f64().unwrap() - sum).abs() <= 1e-6 * sum.abs()
            });
            if !is_there {
                return Err(format!("places: {} of sum {sum}, there {places}", finite.len()));
            }
        }
    }
    Ok(())
}

fn same(what: &str, ours: &str, theirs: &str) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours}, there {theirs}")) }
}

fn near(what: &str, ours: f64, theirs: &Value) -> Result<(), String> {
    let theirs = theirs.as_f64().unwrap();
    let is_near = (ours - theirs).abs() <= 1e-12 * theirs.abs();
    if is_near { Ok(()) } else { Err(format!("{what}: {ours}, there {theirs}")) }
}

#[test]
fn a_variable_that_is_not_there_names_those_that_are() {
    let Some(data) = shared("data", "names of variables of a netCDF file") else { return };
    let path = data.join("netcdf/stars/reduced.nc");
    let open = |variable: Option<&str>| {
        let options =
            LocalOptions { variable: variable.map(str::to_owned), ..LocalOptions::default() };
        LocalFile::open(&path, &options).unwrap_err().to_string()
    };
    assert!(open(Some("ssst")).contains("known are sst, anom, err, ice"), "{}", open(Some("ssst")));
    assert!(open(None).contains("name one of sst, anom, err, ice"), "{}", open(None));
    assert!(open(Some("a/b")).contains("unknown variable `a/b`"));
    assert!(LocalFile::open(Path::new("/nonexistent.nc"), &LocalOptions::default()).is_err());
}

/// A variable of one row of bytes with these attributes.
fn made(values: &[i8], attributes: Vec<(&'static str, Values)>) -> LocalFile {
    let width = u32::try_from(values.len()).unwrap();
    let (name, dimensions, values) = ("v", vec![0, 1], Values::Bytes(values.to_vec()));
    opened(&[("y", 1), ("x", width)], &[Variable { name, dimensions, attributes, values }])
}

fn opened(dimensions: &[(&str, u32)], variables: &[Variable]) -> LocalFile {
    let file = tempfile::Builder::new().suffix(".nc").tempfile().unwrap();
    std::fs::write(file.path(), classic(dimensions, variables)).unwrap();
    let (_, path) = file.keep().unwrap();
    let opened = LocalFile::open(&path, &LocalOptions::default());
    // Open already, it can still be read.
    std::fs::remove_file(&path).unwrap();
    opened.unwrap()
}

fn row(file: &LocalFile) -> Vec<Option<f64>> {
    let width = file.levels()[0].width;
    let raster = file.read(0, 0, Window::new(0, 0, width, 1)).unwrap();
    (0..width).map(|col| raster.value(col, 0)).collect()
}

/// NetCDF's guide: attributes of packed data are compared with packed values, those that are floats
/// with unpacked ones. `0.1f` is a little more than a tenth.
#[test]
fn ranges_of_unpacked_values_keep_their_ends() {
    let stored = [-100, -99, 0, 99, 100, 101];
    let range = |scale: f32, low: f32, high: f32| {
        let range = Values::Floats(vec![low, high]);
        let scale = Values::Floats(vec![scale]);
        row(&made(&stored, vec![("scale_factor", scale), ("valid_range", range)]))
    };
    let all = stored.map(|v| Some(f64::from(v)));
    let but = |missing: &[usize]| {
        let mut row = all.to_vec();
        missing.iter().for_each(|i| row[*i] = None);
        row
    };
    assert_eq!(range(0.1, -9.9, 10.0), but(&[0, 5]));
    assert_eq!(range(0.1, -10.0, 9.9), but(&[4, 5]));
    // −0.1 × 100 is the least, −0.1 × −100 the largest.
    assert_eq!(range(-0.1, -10.0, 10.0), but(&[5]));
    assert_eq!(range(-0.1, -9.9, 10.0), but(&[4, 5]));
    let floats = |value: f32| Values::Floats(vec![value]);
    let one_end = vec![("scale_factor", floats(-0.1)), ("valid_max", floats(0.0))];
    assert_eq!(row(&made(&stored, one_end)), but(&[0, 1]));
    // Stored values, as they are of the type of the data.
    let packed = Values::Bytes(vec![-99, 99]);
    let packed = vec![("scale_factor", floats(-0.1)), ("valid_range", packed)];
    assert_eq!(row(&made(&stored, packed)), but(&[0, 4, 5]));
}

#[test]
fn attributes_of_unsigned_bytes_may_be_wider_than_they() {
    let unsigned = || ("_Unsigned", Values::Text("true"));
    let attributes = vec![
        unsigned(),
        ("valid_max", Values::Shorts(vec![254])),
        ("missing_value", Values::Shorts(vec![253])),
    ];
    let file = made(&[127, -128, -3, -2, -1], attributes);
    assert_eq!(row(&file), [Some(127.0), Some(128.0), None, Some(254.0), None]);
    let attributes = vec![unsigned(), ("missing_value", Values::Bytes(vec![-1]))];
    assert_eq!(row(&made(&[127, -128, -1], attributes)), [Some(127.0), Some(128.0), None]);
}

#[test]
fn slices_of_times_that_are_not_understood_are_told() {
    let opened = |n: u32, units: Option<&'static str>, calendar, first: f64| {
        let values = (0..n).map(|i| first + f64::from(i)).collect();
        let time = units.map(|units| Variable {
            name: "time",
            dimensions: vec![0],
            attributes: vec![("units", Values::Text(units)), ("calendar", Values::Text(calendar))],
            values: Values::Doubles(values),
        });
        let data = Variable {
            name: "v",
            dimensions: vec![0, 1, 2],
            attributes: Vec::new(),
            values: Values::Floats(vec![1.0; n as usize]),
        };
        let variables: Vec<_> = time.into_iter().chain([data]).collect();
        opened(&[("time", n), ("y", 1), ("x", 1)], &variables)
    };
    for (units, calendar, first, why) in [
        (Some("months since 2020-01-01"), "standard", 0.0, "no fixed length"),
        (Some("fortnights since 2020-01-01"), "standard", 0.0, "not understood"),
        (Some("days since 2020-01-01"), "mayan", 0.0, "`mayan`"),
        (Some("days since 2020-01-01"), "standard", f64::NAN, "no instants"),
        (None, "", 0.0, "no coordinates in time"),
    ] {
        let file = opened(2, units, calendar, first);
        let told = file.times_missing().unwrap();
        assert!(told.contains("`time`") && told.contains(why), "{told}");
        assert_eq!(opened(1, units, calendar, first).times_missing(), None, "one is of no other");
    }
    let file = opened(2, Some("days since 2020-01-01T00:00:00+02:00"), "standard", 0.0);
    assert_eq!(file.times_missing(), None);
    let times: Vec<_> = file.bands().iter().map(|band| band.time.unwrap()).collect();
    let expected = ["2019-12-31T22:00:00Z", "2020-01-01T22:00:00Z"];
    assert_eq!(times, expected.map(|text| Time::parse(text).unwrap()));
}
