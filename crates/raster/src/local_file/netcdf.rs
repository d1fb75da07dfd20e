//! netCDF by the CF conventions: one variable as bands.

mod attributes;
mod axes;
mod place;
mod scope;

use std::path::Path;

use ::netcdf::types::{FloatType, IntType, NcVariableType};
use ::netcdf::{File, Variable};
use terracube_grid::Window;

use self::attributes::{number, numbers, text};
use self::axes::Axes;
use self::scope::Scope;
use super::hdf5::quiet_hdf5;
use super::library::{Handle, c_libraries};
use super::{BandInfo, Found, LocalOptions, Reader};
use crate::pixels::typed;
use crate::sample::Sample;
use crate::{DType, Error, Level, Pixels, Raster, Result};

const MOST_BANDS: usize = 1 << 20;

#[derive(Debug)]
struct Open {
    key: String,
    variable: String,
    stored: Stored,
    axes: Axes,
    missing: Missing,
    file: Handle<File>,
}

/// A pixel type, and that of the file where `_Unsigned` makes another of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stored {
    dtype: DType,
    file: DType,
}

/// What marks values without data, as stored.
#[derive(Debug, Clone, PartialEq, Default)]
struct Missing {
    values: Vec<f64>,
    lowest: Option<f64>,
    highest: Option<f64>,
}

pub(super) fn open(path: &Path, options: &LocalOptions) -> Result<(Found, Box<dyn Reader>)> {
    let _lock = c_libraries();
    let key = path.display().to_string();
    quiet_hdf5();
    guarded(&key, || read_header(path, options, &key))
}

/// The crate panics on names that are not UTF-8 and the like; a bad file must stay an error.
fn guarded<R>(key: &str, make: impl FnOnce() -> Result<R>) -> Result<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_or_else(|_| {
        let reason = "its names or attributes are not those of netCDF".into();
        Err(Error::Malformed { key: key.to_owned(), reason })
    })
}

fn read_header(path: &Path, options: &LocalOptions, key: &str) -> Result<(Found, Box<dyn Reader>)> {
    let file = ::netcdf::open(path).map_err(|error| read_error(key, &error))?;
    let name = match &options.variable {
        Some(name) => name.clone(),
        None => only_variable(&file, key)?,
    };
    let described =
        Scope::root(&file).within(&name, &|group, variable| describe(group, variable, &name, key));
    let described = described.ok_or_else(|| no_variable(&file, &name))??;
    let (found, stored, axes, missing) = described;
    let file = Handle::new(file);
    let key = key.to_owned();
    Ok((found, Box::new(Open { key, variable: name, stored, axes, missing, file })))
}

impl Reader for Open {
    fn read(&self, _: usize, band: usize, window: Window) -> Result<Raster> {
        let gone = || Error::NotFound { key: self.key.clone() };
        let extents = self.axes.extents(band, &window);
        let n = window.width * window.height;
        let read = |_: &Scope<'_>, variable: &Variable<'_>| {
            values(variable, self.stored.file, n, extents.clone())
        };
        let found = self.file.with(|file| {
            quiet_hdf5();
            Scope::root(file).within(&self.variable, &read)
        });
        let values =
            found.flatten().ok_or_else(gone)?.map_err(|error| read_error(&self.key, &error))?;
        let values = match self.stored.dtype == self.stored.file {
            true => values,
            false => Pixels::from_bytes(self.stored.dtype, values.as_bytes())?,
        };
        let pixels = self.axes.oriented(values, &window);
        let mut raster = Raster::new(window.width, window.height, pixels)?;
        self.missing.mark(&mut raster);
        Ok(raster)
    }
}

impl Missing {
    /// `_FillValue` (or the library's default, but for bytes), `missing_value` and the valid range,
    /// in stored values. A range of floats for packed integers is one of unpacked values.
    fn of(variable: &Variable<'_>, stored: Stored, scale: f64, offset: f64) -> Self {
        let wrap = |value: f64| match (stored.dtype, stored.file) {
            // Wrapped, not clamped: attributes may be of another type than the values.
            (DType::U8, DType::I8) => f64::from(value as i64 as u8),
            (DType::U16, DType::I16) => f64::from(value as i64 as u16),
            (DType::U32, DType::I32) => f64::from(value as i64 as u32),
            _ => value,
        };
        let mut values = numbers(variable, "_FillValue");
        if values.is_empty() {
            values.extend(default_fill(stored.file));
        }
        values.extend(numbers(variable, "missing_value"));
        let is_packed = stored.dtype.is_integer() && (scale, offset) != (1.0, 0.0);
        let mut ends = [None, None];
        for (name, index, end) in
            [("valid_range", 0, 0), ("valid_range", 1, 1), ("valid_min", 0, 0), ("valid_max", 0, 1)]
        {
            let Some(value) = numbers(variable, name).get(index).copied() else { continue };
            let (end, value) = if is_packed && attributes::is_float(variable, name) {
                // With a negative scale the least value is the largest as stored. Half a step is
                // left, as scale and range were rounded to their types.
                let end = if scale < 0.0 { 1 - end } else { end };
                let value = (value - offset) / scale;
                (end, if end == 0 { (value - 0.5).ceil() } else { (value + 0.5).floor() })
            } else {
                (end, wrap(value))
            };
            ends[end].get_or_insert(value);
        }
        let [lowest, highest] = ends;
        Self { values: values.into_iter().map(wrap).collect(), lowest, highest }
    }

    fn mark(&self, raster: &mut Raster) {
        for value in &self.values {
            raster.invalidate(*value);
        }
        if raster.dtype().is_float() {
            raster.invalidate(f64::NAN);
        }
        if self.lowest.is_none() && self.highest.is_none() {
            return;
        }
        let (low, high) =
            (self.lowest.unwrap_or(f64::NEG_INFINITY), self.highest.unwrap_or(f64::INFINITY));
        let n = raster.pixels.len();
        let mut valid = raster.valid.take().unwrap_or_else(|| vec![true; n]);
        for (i, slot) in valid.iter_mut().enumerate() {
            *slot &= raster.pixels.get_f64(i).is_some_and(|v| v >= low && v <= high);
        }
        raster.valid = Some(valid);
    }
}

/// The library's values of what was never written; bytes have none that mean so, and those of 64-bit
/// integers are no doubles.
fn default_fill(dtype: DType) -> Option<f64> {
    Some(match dtype {
        DType::U8 | DType::I8 | DType::I64 | DType::U64 => return None,
        DType::I16 => -32_767.0,
        DType::U16 => 65_535.0,
        DType::I32 => -2_147_483_647.0,
        DType::U32 => 4_294_967_295.0,
        DType::F32 | DType::F64 => 9.969_209_968_386_869e36,
    })
}

fn describe(
    group: &Scope<'_>,
    variable: &Variable<'_>,
    name: &str,
    key: &str,
) -> Result<(Found, Stored, Axes, Missing)> {
    let unsupported = |what: String| Error::Unsupported { key: key.to_owned(), what };
    let stored = stored(variable)
        .ok_or_else(|| unsupported(format!("variable `{name}` holds no numbers")))?;
    let axes = Axes::of(group, variable)
        .map_err(|why| unsupported(format!("variable `{name}`: {why}")))?;
    if axes.bands() > MOST_BANDS {
        let (value, limit) = (axes.bands() as u64, MOST_BANDS as u64);
        return Err(Error::TooLarge { key: key.into(), what: "the number of bands", value, limit });
    }
    let scale = number(variable, "scale_factor").unwrap_or(1.0);
    let offset = number(variable, "add_offset").unwrap_or(0.0);
    let missing = Missing::of(variable, stored, scale, offset);
    let (times, times_missing) = match axes.times(group, variable) {
        Ok(times) => (times, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let names_nodata =
        ["_FillValue", "missing_value"].iter().any(|name| !numbers(variable, name).is_empty());
    let bands = (0..axes.bands()).map(|band| BandInfo {
        dtype: stored.dtype,
        nodata: missing.values.first().copied(),
        scale,
        offset,
        description: text(variable, "long_name").or_else(|| Some(name.to_owned())),
        unit: text(variable, "units"),
        time: times.get(band).copied().flatten(),
    });
    let bands = bands.collect();
    let (width, height) = axes.size();
    let levels = vec![Level {
        width,
        height,
        tile_width: width,
        tile_height: 1,
        factor: (1.0, 1.0),
        has_mask: false,
    }];
    let geobox = place::geobox(group, variable, &axes);
    let geolocation =
        if geobox.is_err() { place::geolocation(group, variable, &axes) } else { None };
    let geobox = match (&geobox, &geolocation) {
        (Err(_), Some(_)) => Err("it is located by geolocation arrays".into()),
        _ => geobox,
    };
    let found = Found {
        bands,
        levels,
        geobox,
        gcps: None,
        geolocation,
        times_missing,
        is_nodata_assumed: !names_nodata,
    };
    Ok((found, stored, axes, missing))
}

/// The only variable that has rows and columns and is not about others.
fn only_variable(file: &File, key: &str) -> Result<String> {
    let names = variables(file);
    match &names[..] {
        [name] => Ok(name.clone()),
        [] => Err(Error::Unsupported {
            key: key.to_owned(),
            what: "it has no variable of numbers with rows and columns".into(),
        }),
        _ => Err(Error::Unsupported {
            key: key.to_owned(),
            what: format!("it has several variables, name one of {}", names.join(", ")),
        }),
    }
}

/// Variables with rows and columns of numbers, those of groups with their path.
fn variables(file: &File) -> Vec<String> {
    fn of(group: &Scope<'_>, prefix: &str, names: &mut Vec<String>) {
        let about = axes::named_by_others(group);
        for variable in group.variables() {
            let is_data = variable.dimensions().len() >= 2
                && stored(&variable).is_some()
                && !about.contains(&variable.name())
                && axes::axis_of(&variable).is_none();
            if is_data {
                names.push(format!("{prefix}{}", variable.name()));
            }
        }
        for (name, child) in group.children() {
            of(&child, &format!("{prefix}{name}/"), names);
        }
    }
    let mut names = Vec::new();
    of(&Scope::root(file), "", &mut names);
    names
}

fn no_variable(file: &File, name: &str) -> Error {
    let known = variables(file).join(", ");
    Error::UnknownName { kind: "variable", name: name.to_owned(), known }
}

fn stored(variable: &Variable<'_>) -> Option<Stored> {
    let file = match variable.vartype() {
        NcVariableType::Int(kind) => match kind {
            IntType::U8 => DType::U8,
            IntType::I8 => DType::I8,
            IntType::U16 => DType::U16,
            IntType::I16 => DType::I16,
            IntType::U32 => DType::U32,
            IntType::I32 => DType::I32,
            IntType::U64 => DType::U64,
            IntType::I64 => DType::I64,
        },
        NcVariableType::Float(FloatType::F32) => DType::F32,
        NcVariableType::Float(FloatType::F64) => DType::F64,
        _ => return None,
    };
    let unsigned = text(variable, "_Unsigned").is_some_and(|t| t.eq_ignore_ascii_case("true"));
    let dtype = match file {
        DType::I8 if unsigned => DType::U8,
        DType::I16 if unsigned => DType::U16,
        DType::I32 if unsigned => DType::U32,
        DType::I64 if unsigned => DType::U64,
        _ => file,
    };
    Some(Stored { dtype, file })
}

fn values(
    variable: &Variable<'_>,
    dtype: DType,
    n: usize,
    (start, count): (Vec<usize>, Vec<usize>),
) -> Result<Pixels, ::netcdf::Error> {
    typed!(dtype, T => {
        let mut values: Vec<T> = vec![T::default(); n];
        variable.get_values_into(&mut values, (start, count))?;
        Ok(T::wrap(values))
    })
}

fn read_error(key: &str, error: &::netcdf::Error) -> Error {
    Error::Read { key: key.to_owned(), transient: false, source: error.to_string().into() }
}
