//! Which dimensions of a variable are rows, columns and time.

use ::netcdf::Variable;
use terracube_grid::{Time, Window};

use super::attributes::{number, numbers, text};
use super::scope::Scope;
use crate::Pixels;
use crate::local_file::cf_time::TimeUnits;
use crate::pixels::typed;
use crate::sample::Sample;

/// What a coordinate variable measures (CF-1.11, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Axis {
    Longitude,
    Latitude,
    X,
    Y,
    Time,
}

/// The dimensions of a variable by their meaning. Every other dimension than rows and columns makes
/// bands, the last one fastest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axes {
    shape: Vec<usize>,
    names: Vec<String>,
    /// Index of the dimension of columns, and of rows.
    pub(super) x: usize,
    pub(super) y: usize,
    /// Whether stored columns run west and stored rows north: they are turned round.
    flipped: (bool, bool),
}

impl Axes {
    pub(super) fn of(group: &Scope<'_>, variable: &Variable<'_>) -> Result<Self, String> {
        let dimensions = variable.dimensions();
        let names: Vec<String> = dimensions.iter().map(|d| d.name()).collect();
        let shape: Vec<usize> = dimensions.iter().map(|d| d.len()).collect();
        if shape.len() < 2 {
            return Err("it has no rows and columns".into());
        }
        let axes: Vec<_> = names.iter().map(|name| coordinate(group, name)).collect();
        let kind = |i: usize| axes[i].as_ref().and_then(axis_of);
        let find = |kinds: [Axis; 2]| {
            (0..shape.len()).find(|i| kind(*i).is_some_and(|k| kinds.contains(&k)))
        };
        let (x, y) = match (find([Axis::Longitude, Axis::X]), find([Axis::Latitude, Axis::Y])) {
            (Some(x), Some(y)) => (x, y),
            // A swath names its places by variables of the same dimensions.
            _ => {
                let placed = super::place::located_dimensions(group, variable);
                let by_place = placed.and_then(|(y, x)| {
                    let at = |name: &str| names.iter().position(|n| n == name);
                    Some((at(&x)?, at(&y)?))
                });
                by_place.unwrap_or((shape.len() - 1, shape.len() - 2))
            }
        };
        if shape[x] == 0 || shape[y] == 0 || shape.contains(&0) {
            return Err("one of its dimensions is empty".into());
        }
        let mut found = Self { shape, names, x, y, flipped: (false, false) };
        let runs = |i: usize| {
            let values =
                coordinate(group, &found.names[i]).map(|c| unpacked(&c)).unwrap_or_default();
            match (values.first(), values.last()) {
                (Some(first), Some(last)) => last - first,
                _ => 0.0,
            }
        };
        // Without coordinates nothing says so.
        found.flipped = (runs(x) < 0.0, runs(y) > 0.0);
        Ok(found)
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.shape[self.x], self.shape[self.y])
    }

    pub(super) fn bands(&self) -> usize {
        self.others().map(|i| self.shape[i]).fold(1, usize::saturating_mul)
    }

    /// The names of the dimensions of columns and rows.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.names[self.x], &self.names[self.y])
    }

    pub(super) fn flipped(&self) -> (bool, bool) {
        self.flipped
    }

    fn others(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..self.shape.len()).filter(|i| *i != self.x && *i != self.y)
    }

    /// The index along one of the other dimensions.
    fn index(&self, mut band: usize, dimension: usize) -> usize {
        for i in self.others().rev() {
            let index = band % self.shape[i];
            if i == dimension {
                return index;
            }
            band /= self.shape[i];
        }
        0
    }

    /// Start and count of a window along every dimension.
    pub(super) fn extents(&self, band: usize, window: &Window) -> (Vec<usize>, Vec<usize>) {
        let (width, height) = self.size();
        let along = |i: usize| match i {
            _ if i == self.x && self.flipped.0 => (width - window.col_end(), window.width),
            _ if i == self.x => (window.col, window.width),
            _ if i == self.y && self.flipped.1 => (height - window.row_end(), window.height),
            _ if i == self.y => (window.row, window.height),
            _ => (self.index(band, i), 1),
        };
        (0..self.shape.len()).map(along).unzip()
    }

    /// Values as stored, row by row from north to south and west to east.
    pub(super) fn oriented(&self, values: Pixels, window: &Window) -> Pixels {
        let (width, height) = (window.width, window.height);
        let turned = self.x < self.y;
        if !turned && self.flipped == (false, false) {
            return values;
        }
        fn run<T: Sample>(
            from: &[T],
            (width, height): (usize, usize),
            turned: bool,
            flipped: (bool, bool),
        ) -> Vec<T> {
            let at = |row: usize, col: usize| {
                let row = if flipped.1 { height - 1 - row } else { row };
                let col = if flipped.0 { width - 1 - col } else { col };
                if turned { col * height + row } else { row * width + col }
            };
            let cells = (0..height).flat_map(|row| (0..width).map(move |col| (row, col)));
            cells.map(|(row, col)| from[at(row, col)]).collect()
        }
        typed!(values.dtype(), T => match T::slice(&values) {
            Some(from) => T::wrap(run::<T>(from, (width, height), turned, self.flipped)),
            None => values,
        })
    }

    /// The instant of each band; or why there are none, of several slices in time.
    pub(super) fn times(
        &self,
        group: &Scope<'_>,
        variable: &Variable<'_>,
    ) -> Result<Vec<Option<Time>>, String> {
        for i in self.others() {
            let name = &self.names[i];
            let found = coordinate(group, name).filter(|c| axis_of(c) == Some(Axis::Time));
            let is_time = found.is_some() || name.eq_ignore_ascii_case("time");
            if !is_time || (self.shape[i] == 1 && found.is_none()) {
                continue;
            }
            let none = || "it has no coordinates in time".to_owned();
            let times = found.as_ref().ok_or_else(none).and_then(instants);
            let times = times.and_then(|times| match times.iter().any(Option::is_some) {
                true => Ok(times),
                false => Err("its coordinates are no instants".to_owned()),
            });
            let of_band = |times: &[Option<Time>]| {
                let time = |band| times.get(self.index(band, i)).copied().flatten();
                (0..self.bands()).map(time).collect()
            };
            return match times {
                Ok(times) => Ok(of_band(&times)),
                Err(_) if self.shape[i] == 1 => Ok(vec![None; self.bands()]),
                Err(why) => Err(format!("of its dimension `{name}`: {why}")),
            };
        }
        // One instant for all: a coordinate of a single value.
        let named = text(variable, "coordinates").unwrap_or_default();
        let single = named.split_whitespace().chain(["time"]).find_map(|name| {
            let found = group.lookup(name)?;
            (axis_of(&found) == Some(Axis::Time) && found.len() == 1).then_some(found)
        });
        let times = single.and_then(|variable| instants(&variable).ok());
        Ok(vec![times.and_then(|times| times.first().copied().flatten()); self.bands()])
    }
}

/// The coordinate variable of a dimension.
pub(super) fn coordinate<'g>(group: &'g Scope<'_>, dimension: &str) -> Option<Variable<'g>> {
    group.lookup(dimension).filter(|v| v.dimensions().len() == 1)
}

/// What a variable measures, by its units, standard name, axis or name.
pub(super) fn axis_of(variable: &Variable<'_>) -> Option<Axis> {
    let lower = |name: &str| text(variable, name).unwrap_or_default().trim().to_ascii_lowercase();
    let units = lower("units");
    if units.contains(" since ") {
        return Some(Axis::Time);
    }
    match &*lower("standard_name") {
        "longitude" => return Some(Axis::Longitude),
        "latitude" => return Some(Axis::Latitude),
        "projection_x_coordinate" | "projection_x_angular_coordinate" | "grid_longitude" => {
            return Some(Axis::X);
        }
        "projection_y_coordinate" | "projection_y_angular_coordinate" | "grid_latitude" => {
            return Some(Axis::Y);
        }
        "time" => return Some(Axis::Time),
        _ => {}
    }
    let plain = units.replace('_', "").replace("degrees", "degree");
    match &*plain {
        "degreeeast" | "degreee" => return Some(Axis::Longitude),
        "degreenorth" | "degreen" => return Some(Axis::Latitude),
        _ => {}
    }
    if variable.dimensions().len() > 1 {
        return None;
    }
    match (&*lower("axis"), &*variable.name().to_ascii_lowercase()) {
        (_, "lon" | "longitude") => Some(Axis::Longitude),
        (_, "lat" | "latitude") => Some(Axis::Latitude),
        ("x", _) | ("", "x") => Some(Axis::X),
        ("y", _) | ("", "y") => Some(Axis::Y),
        ("t", _) => Some(Axis::Time),
        _ => None,
    }
}

/// Names of variables that others name as theirs: bounds, grid mappings, coordinates, flags.
pub(super) fn named_by_others(group: &Scope<'_>) -> Vec<String> {
    let attributes = ["bounds", "climatology", "grid_mapping", "coordinates", "cell_measures"];
    let mut names = Vec::new();
    for variable in group.variables() {
        for attribute in attributes {
            let text = text(&variable, attribute).unwrap_or_default();
            names.extend(text.split_whitespace().map(|n| n.trim_end_matches(':').to_owned()));
        }
    }
    names
}

/// Values of a coordinate variable with scale and offset; NaN where there is none.
pub(super) fn unpacked(variable: &Variable<'_>) -> Vec<f64> {
    let Ok(mut values) = variable.get_values::<f64, _>(..) else { return Vec::new() };
    let scale = number(variable, "scale_factor").unwrap_or(1.0);
    let offset = number(variable, "add_offset").unwrap_or(0.0);
    let mut missing = numbers(variable, "_FillValue");
    missing.extend(numbers(variable, "missing_value"));
    for value in &mut values {
        *value = if missing.contains(value) || value.abs() > 9.9e36 {
            f64::NAN
        } else {
            *value * scale + offset
        };
    }
    values
}

fn instants(variable: &Variable<'_>) -> Result<Vec<Option<Time>>, String> {
    let calendar = text(variable, "calendar").unwrap_or_default();
    let units = text(variable, "units").unwrap_or_default();
    let units = TimeUnits::parse(&units, &calendar)?;
    Ok(unpacked(variable).into_iter().map(|v| units.date(v)?.time()).collect())
}
