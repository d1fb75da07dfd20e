//! Small inputs, made here.

use std::path::Path;

/// A grid of 3 latitudes and 4 longitudes at 2023-01-01, changed as asked.
pub(crate) fn grid(path: &Path, change: impl FnOnce(&mut netcdf::FileMut)) {
    let mut file = netcdf::create(path).unwrap();
    for (name, values, units) in [
        ("time", vec![0.0], "hours since 2023-01-01"),
        ("lat", vec![10.0, 11.0, 12.0], "degrees_north"),
        ("lon", vec![0.0, 1.0, 2.0, 3.0], "degrees_east"),
    ] {
        file.add_dimension(name, values.len()).unwrap();
        let mut variable = file.add_variable::<f64>(name, &[name]).unwrap();
        variable.put_attribute("units", units).unwrap();
        variable.put_values(&values, ..).unwrap();
    }
    let mut sst = file.add_variable::<f32>("sst", &["time", "lat", "lon"]).unwrap();
    sst.set_fill_value(-1.0f32).unwrap();
    let values: Vec<f32> =
        (0u8..12).map(|value| if value == 11 { -1.0 } else { value.into() }).collect();
    sst.put_values(&values, ..).unwrap();
    change(&mut file);
    file.close().unwrap();
}
