//! Differences from a climatology of the day of the year.

use std::path::PathBuf;

use terracube_grid::Time;

use super::Settings;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule, Lattice, Model};
use crate::moment;
use crate::nc::NcFile;
use crate::samples::Samples;
use crate::unpack;

/// Values of a day on axes of latitude and longitude.
#[derive(Debug)]
struct Climatology {
    lat: Vec<f64>,
    lon: Vec<f64>,
    values: Samples,
}

/// The target minus the climatology; all missing where there is no file for the day.
pub(super) fn made(settings: &Settings<'_>, granule: &Granule) -> Result<Vec<Field>> {
    let target = settings.target(granule)?;
    let day = day_of_year(granule)?;
    let pattern = settings.path("climatology_path")?;
    let variable = settings.required("climatology_variable")?;
    let limit = |name: &str| settings.options.number(name);
    let (least, most) = (limit("default_min")?, limit("default_max")?);
    // The reference says nothing of it but its name.
    let name = settings.names.first().copied().unwrap_or("anomaly");
    let mut field = Field::new(name, target.samples.clone());
    match of_day(pattern, day) {
        Some(file) => {
            let climatology = Climatology::read(&file, variable)?;
            let places = Places::of(&granule.lattice)?;
            field.samples.change(|index, value| {
                if value.is_nan() {
                    return value;
                }
                let (lat, lon) = places.at(index);
                value - climatology.at(lat, lon)
            });
        }
        None => field.samples = Samples::missing(target.samples.len()),
    }
    let data = field.samples.extremes();
    field.least = match (least, data) {
        (Some(least), Some((lowest, _))) => Some(lowest.max(least)),
        (least, _) => least,
    };
    field.most = match (most, data) {
        (Some(most), Some((_, highest))) => Some(highest.min(most)),
        (most, _) => most,
    };
    Ok(vec![field])
}

/// 1 to 365, the days after a leap day as in other years; every fourth year has one.
fn day_of_year(granule: &Granule) -> Result<u32> {
    let time = moment::from_seconds("time", moment::middle(granule.coverage))?;
    let (year, month, day) = time.ymd();
    let start = Time::parse(&format!("{year:04}"))
        .map_err(|cause| Error::option("time_coverage_start", cause.to_string()))?;
    let days = (time.micros() - start.micros()) / 86_400_000_000 + 1;
    let is_after = year % 4 == 0 && (month, day) > (2, 28);
    Ok((days - i64::from(is_after)) as u32)
}

/// The file of a day: its three digits stand for the `*`, other stars for anything.
fn of_day(pattern: &std::path::Path, day: u32) -> Option<PathBuf> {
    let text = pattern.to_string_lossy().replacen('*', &format!("{day:03}"), 1);
    let path = PathBuf::from(text);
    path.is_file().then_some(path)
}

impl Climatology {
    fn read(path: &std::path::Path, name: &str) -> Result<Self> {
        let file = NcFile::open(path)?;
        let variable = file.variable(name)?;
        let (mut start, mut count) = (vec![0; variable.shape.len()], variable.shape.clone());
        let [.., rows, cols] = variable.dims.as_slice() else {
            return Err(Error::input(path, format!("`{name}` has not two dimensions")));
        };
        // The first of every other dimension.
        let others = variable.shape.len() - 2;
        start[..others].fill(0);
        count[..others].fill(1);
        let lat = unpack::whole(&file, &file.variable(rows)?)?;
        let lon = unpack::whole(&file, &file.variable(cols)?)?;
        let values = unpack::window(&file, &variable, &start, &count)?;
        if lat.len() < 2 || lon.len() < 2 || values.len() != lat.len() * lon.len() {
            return Err(Error::input(path, format!("`{name}` is no grid of its axes")));
        }
        Ok(Self { lat, lon, values })
    }

    /// Bilinear; beyond the axes it goes on.
    fn at(&self, lat: f64, lon: f64) -> f64 {
        // Longitudes of granules may go on beyond the circle that the axis covers.
        let first = self.lon[0].min(self.lon[self.lon.len() - 1]);
        let lon = first + (lon - first).rem_euclid(360.0);
        let (row, down) = interval(&self.lat, lat);
        let (col, right) = interval(&self.lon, lon);
        let width = self.lon.len();
        let value = |row: usize, col: usize| self.values.get(row * width + col);
        let along = |row: usize| value(row, col) + (value(row, col + 1) - value(row, col)) * right;
        along(row) + (along(row + 1) - along(row)) * down
    }
}

/// The interval of an evenly spaced axis, or the outermost one, and how far into it.
fn interval(axis: &[f64], at: f64) -> (usize, f64) {
    let last = axis.len() - 1;
    let step = (axis[last] - axis[0]) / last as f64;
    let place = (at - axis[0]) / step;
    let index = (place.floor().max(0.0) as usize).min(last - 1);
    (index, (at - axis[index]) / (axis[index + 1] - axis[index]))
}

/// Latitudes and longitudes of pixels' centres, linear between the points of a lattice.
struct Places<'a> {
    lattice: &'a Lattice,
    cols: usize,
}

impl<'a> Places<'a> {
    fn of(lattice: &'a Lattice) -> Result<Self> {
        if lattice.model == Model::TimeDependent {
            return Err(Error::option("add_variables", "trajectories have no anomalies"));
        }
        Ok(Self { lattice, cols: lattice.sizes[1] })
    }

    fn at(&self, index: usize) -> (f64, f64) {
        let Lattice { indices, lat, lon, model, .. } = self.lattice;
        let (row, col) = ((index / self.cols) as f64 + 0.5, (index % self.cols) as f64 + 0.5);
        let (y, down) = between(&indices[0], row);
        let (x, right) = between(&indices[1], col);
        let mix = |a: f64, b: f64, part: f64| (b - a).mul_add(part, a);
        if *model == Model::GridLatLon {
            return (mix(lat[y], lat[y + 1], down), mix(lon[x], lon[x + 1], right));
        }
        let width = indices[1].len();
        if *model == Model::GridYx {
            // Longitudes jump where the projection crosses 180°, and lead nowhere at a pole.
            let vector = |y: usize, x: usize| unit_vector(lat[y * width + x], lon[y * width + x]);
            let mix = |a: [f64; 3], b: [f64; 3], part: f64| {
                std::array::from_fn(|axis| mix(a[axis], b[axis], part))
            };
            let along = |y: usize| mix(vector(y, x), vector(y, x + 1), right);
            return place_of(mix(along(y), along(y + 1), down));
        }
        let of = |values: &[f64]| {
            let along = |y: usize| mix(values[y * width + x], values[y * width + x + 1], right);
            mix(along(y), along(y + 1), down)
        };
        (of(lat), of(lon))
    }
}

/// The direction of a place, from the centre of a sphere.
fn unit_vector(lat: f64, lon: f64) -> [f64; 3] {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) =
        (lat.to_radians().sin_cos(), lon.to_radians().sin_cos());
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// Latitude and longitude of a direction.
fn place_of([x, y, z]: [f64; 3]) -> (f64, f64) {
    (z.atan2(x.hypot(y)).to_degrees(), y.atan2(x).to_degrees())
}

fn between(lines: &[i32], at: f64) -> (usize, f64) {
    let after = lines.partition_point(|line| f64::from(*line) <= at);
    let index = after.saturating_sub(1).min(lines.len() - 2);
    let (from, to) = (f64::from(lines[index]), f64::from(lines[index + 1]));
    (index, (at - from) / (to - from))
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::granule::{Lattice, Model};

    /// One pixel between four points.
    fn middle(lat: [f64; 4], lon: [f64; 4]) -> (f64, f64) {
        let indices = vec![vec![0, 1], vec![0, 1]];
        let (lat, lon) = (lat.to_vec(), lon.to_vec());
        let lattice = Lattice { model: Model::GridYx, sizes: vec![1, 1], indices, lat, lon };
        Places::of(&lattice).unwrap().at(0)
    }

    #[test]
    fn places_of_a_projection_are_between_their_points_at_180_and_at_the_pole() {
        let (lat, lon) = middle([70.0; 4], [179.0, -179.0, 179.0, -179.0]);
        assert!((lat - 70.0).abs() < 0.01 && (lon.abs() - 180.0).abs() < 1e-9, "{lat} {lon}");
        let (lat, _) = middle([89.0; 4], [-135.0, 135.0, -45.0, 45.0]);
        assert!((lat - 90.0).abs() < 1e-9, "{lat}");
        let (lat, lon) = middle([10.0, 10.0, 12.0, 12.0], [20.0, 21.0, 20.0, 21.0]);
        assert!((lat - 11.0).abs() < 1e-3 && (lon - 20.5).abs() < 2e-3, "{lat} {lon}");
    }
}
