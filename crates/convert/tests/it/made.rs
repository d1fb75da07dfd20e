//! Small inputs, made here.

use std::path::Path;

use netcdf::{FileMut, NcTypeDescriptor};

/// A grid of 3 latitudes and 4 longitudes at 2023-01-01, changed as asked.
pub(crate) fn grid(path: &Path, change: impl FnOnce(&mut FileMut)) {
    let mut file = netcdf::create(path).unwrap();
    for (name, values, units) in [
        ("time", vec![0.0], "hours since 2023-01-01"),
        ("lat", vec![10.0, 11.0, 12.0], "degrees_north"),
        ("lon", vec![0.0, 1.0, 2.0, 3.0], "degrees_east"),
    ] {
        axis(&mut file, name, &values, units);
    }
    let mut sst = file.add_variable::<f32>("sst", &["time", "lat", "lon"]).unwrap();
    sst.set_fill_value(-1.0f32).unwrap();
    let values: Vec<f32> =
        (0u8..12).map(|value| if value == 11 { -1.0 } else { value.into() }).collect();
    sst.put_values(&values, ..).unwrap();
    change(&mut file);
    file.close().unwrap();
}

/// A dimension with its coordinates.
pub(crate) fn axis(file: &mut FileMut, name: &str, values: &[f64], units: &str) {
    file.add_dimension(name, values.len()).unwrap();
    let mut variable = file.add_variable::<f64>(name, &[name]).unwrap();
    variable.put_attribute("units", units).unwrap();
    variable.put_values(values, ..).unwrap();
}

/// So many coordinates.
pub(crate) fn line(first: f64, step: f64, count: usize) -> Vec<f64> {
    (0..count).map(|index| first + step * index as f64).collect()
}

/// What a variable holds; each has a few missing values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// `int16` with a scale and an offset, values of ±20000.
    Packed(f64, f64),
    /// `float32` between two values.
    Float(f32, f32),
    /// `int8` from 0 to this one.
    Flags(i8),
}

/// A variable along dimensions that are there.
pub(crate) fn variable(file: &mut FileMut, name: &str, dims: &[&str], kind: Kind) {
    let len = dims.iter().map(|dim| file.dimension_len(dim).unwrap()).product::<usize>();
    // Every variable has its own values, the same ones always.
    let seed = name.bytes().fold(7usize, |seed, byte| (seed * 31 + usize::from(byte)) % 9973);
    let at =
        move |index: usize| ((index * 7919 + seed * 104_729 + index * index * 17) % 1009) as f64;
    let part = move |index: usize| at(index) / 1008.0;
    let is_missing = move |index: usize| (index + seed) % 13 == 5;
    match kind {
        Kind::Packed(scale, offset) => {
            let stored = |index: usize| (part(index) * 40000.0 - 20000.0).round() as i16;
            let value = |index| if is_missing(index) { -32767 } else { stored(index) };
            let mut new =
                put(file, name, dims, -32767i16, &(0..len).map(value).collect::<Vec<_>>());
            new.put_attribute("scale_factor", scale).unwrap();
            new.put_attribute("add_offset", offset).unwrap();
        }
        Kind::Float(least, most) => {
            let value = |index| {
                if is_missing(index) {
                    -9999.0
                } else {
                    least + (most - least) * part(index) as f32
                }
            };
            put(file, name, dims, -9999.0f32, &(0..len).map(value).collect::<Vec<_>>());
        }
        Kind::Flags(most) => {
            let flag =
                |index: usize| (at(index) as usize % (usize::from(most.unsigned_abs()) + 1)) as i8;
            let value = |index| if is_missing(index) { -128 } else { flag(index) };
            put(file, name, dims, -128i8, &(0..len).map(value).collect::<Vec<_>>());
        }
    }
}

fn put<'f, T: NcTypeDescriptor + Copy>(
    file: &'f mut FileMut,
    name: &str,
    dims: &[&str],
    fill: T,
    values: &[T],
) -> netcdf::VariableMut<'f> {
    let mut new = file.add_variable::<T>(name, dims).unwrap();
    new.set_fill_value(fill).unwrap();
    new.put_attribute("long_name", format!("made {name}")).unwrap();
    new.put_attribute("units", "1").unwrap();
    new.put_values(values, ..).unwrap();
    new
}
