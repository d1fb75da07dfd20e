//! Where a netCDF variable lies: a grid by its coordinates, or arrays of longitudes and latitudes.

use ::netcdf::Variable;
use terracube_grid::{Affine, Crs, GeoBox};

use super::attributes::{all, text};
use super::axes::{Axes, Axis, axis_of, coordinate, unpacked};
use super::scope::Scope;
use crate::Geolocation;

/// Points above which geolocation arrays are not read.
const MOST_POINTS: usize = 1 << 28;
/// How far a coordinate may be off an even spacing, in steps.
const UNEVEN: f64 = 0.02;

/// The grid of a variable whose coordinates are evenly spaced, or why there is none.
pub(super) fn geobox(
    group: &Scope<'_>,
    variable: &Variable<'_>,
    axes: &Axes,
) -> Result<GeoBox, String> {
    let (x, y) = axes.names();
    let missing = |name: &str| format!("its dimension `{name}` has no coordinates");
    let x = coordinate(group, x).ok_or_else(|| missing(x))?;
    let y = coordinate(group, y).ok_or_else(|| missing(y))?;
    let crs = crs(group, variable, &x)?;
    let scale = |axis: &Variable<'_>| to_metres(group, variable, axis, &crs);
    let (first_x, step_x) = spacing(&x, scale(&x)?, axes.flipped().0)?;
    let (first_y, step_y) = spacing(&y, scale(&y)?, axes.flipped().1)?;
    let (c, f) = (first_x - step_x / 2.0, first_y - step_y / 2.0);
    let affine = Affine::new(step_x, 0.0, c, 0.0, step_y, f);
    let (width, height) = axes.size();
    GeoBox::new(crs, affine, width, height).map_err(|e| e.to_string())
}

/// Longitudes and latitudes of every pixel: two-dimensional ones, or the product of coordinates that
/// are not evenly spaced.
pub(super) fn geolocation(
    group: &Scope<'_>,
    variable: &Variable<'_>,
    axes: &Axes,
) -> Option<Geolocation> {
    let (width, height) = axes.size();
    if width.checked_mul(height)? > MOST_POINTS {
        return None;
    }
    let (x_name, y_name) = axes.names();
    let mut places = (None, None);
    for candidate in candidates(group, variable) {
        let names: Vec<String> = candidate.dimensions().iter().map(|d| d.name()).collect();
        let turned = match &names[..] {
            [a, b] if a == y_name && b == x_name => false,
            [a, b] if a == x_name && b == y_name => true,
            _ => continue,
        };
        let slot = match axis_of(&candidate) {
            Some(Axis::Longitude) => &mut places.0,
            Some(Axis::Latitude) => &mut places.1,
            _ => continue,
        };
        if slot.is_none() {
            let values = unpacked(&candidate);
            *slot = (values.len() == width * height).then(|| {
                let (flip_x, flip_y) = axes.flipped();
                let at = |row: usize, col: usize| {
                    let row = if flip_y { height - 1 - row } else { row };
                    let col = if flip_x { width - 1 - col } else { col };
                    values[if turned { col * height + row } else { row * width + col }]
                };
                let at = &at;
                let cells = (0..height).flat_map(|row| (0..width).map(move |col| at(row, col)));
                cells.collect::<Vec<f64>>()
            });
        }
    }
    if let (Some(x), Some(y)) = places {
        return Some(Geolocation::of_pixels(width, height, x, y, Crs::wgs84()));
    }
    let (x, y) = (coordinate(group, x_name)?, coordinate(group, y_name)?);
    let crs = crs(group, variable, &x).ok()?;
    let values = |axis: &Variable<'_>, flipped: bool| {
        let scale = to_metres(group, variable, axis, &crs).ok()?;
        let mut values: Vec<_> = unpacked(axis).into_iter().map(|v| v * scale).collect();
        if flipped {
            values.reverse();
        }
        Some(values)
    };
    let (x, y) = (values(&x, axes.flipped().0)?, values(&y, axes.flipped().1)?);
    let rows = y.iter().flat_map(|v| std::iter::repeat_n(*v, width)).collect();
    Some(Geolocation::of_pixels(width, height, x.repeat(height), rows, crs))
}

/// The dimensions (rows, columns) of the two-dimensional longitudes of a variable.
pub(super) fn located_dimensions(
    group: &Scope<'_>,
    variable: &Variable<'_>,
) -> Option<(String, String)> {
    let found = candidates(group, variable)
        .into_iter()
        .find(|v| v.dimensions().len() == 2 && axis_of(v) == Some(Axis::Longitude))?;
    let dimensions = found.dimensions();
    Some((dimensions[0].name(), dimensions[1].name()))
}

/// The variables that may say where a variable lies: those it names, else all of the group.
fn candidates<'g>(group: &'g Scope<'_>, variable: &Variable<'_>) -> Vec<Variable<'g>> {
    let named = text(variable, "coordinates").unwrap_or_default();
    let mut found: Vec<_> =
        named.split_whitespace().filter_map(|name| group.lookup(name)).collect();
    found.extend(group.variables());
    found
}

/// The CRS: of the grid mapping, or WGS 84 for longitudes and latitudes.
fn crs(group: &Scope<'_>, variable: &Variable<'_>, x: &Variable<'_>) -> Result<Crs, String> {
    let mapped = text(variable, "grid_mapping").and_then(|name| {
        // `NAME` or `NAME: coordinates …`
        let name = name.split_whitespace().next()?.trim_end_matches(':').to_owned();
        Some(match group.lookup(&name) {
            Some(mapping) => Crs::from_cf(&all(&mapping)).map_err(|e| e.to_string()),
            None => Err(format!("its grid mapping `{name}` is not there")),
        })
    });
    let is_longitude = axis_of(x) == Some(Axis::Longitude);
    match mapped {
        Some(Ok(crs)) if crs.is_geographic() || !is_longitude => Ok(crs),
        Some(Err(why)) if !is_longitude => Err(why),
        _ if is_longitude => Ok(Crs::wgs84()),
        _ => Err("it has no grid mapping, so its x and y mean nothing".into()),
    }
}

/// What a coordinate is multiplied by to be in units of the CRS.
fn to_metres(
    group: &Scope<'_>,
    variable: &Variable<'_>,
    axis: &Variable<'_>,
    crs: &Crs,
) -> Result<f64, String> {
    if crs.is_geographic() {
        return Ok(1.0);
    }
    let units = text(axis, "units").unwrap_or_default().trim().to_ascii_lowercase();
    let height = || {
        let mapping = group.lookup(text(variable, "grid_mapping")?.split_whitespace().next()?)?;
        super::attributes::number(&mapping, "perspective_point_height")
    };
    let metres = match &*units {
        "" | "m" | "metre" | "metres" | "meter" | "meters" => 1.0,
        "km" | "kilometre" | "kilometres" | "kilometer" | "kilometers" => 1000.0,
        "rad" | "radian" | "radians" => height().unwrap_or(1.0),
        "microradian" | "microradians" => height().unwrap_or(1.0) * 1e-6,
        _ => return Err(format!("its coordinates are in `{units}`, which is not understood")),
    };
    Ok(metres / crs.metres_per_unit())
}

/// The first centre and the step from centre to centre.
fn spacing(axis: &Variable<'_>, scale: f64, flipped: bool) -> Result<(f64, f64), String> {
    let mut values = unpacked(axis);
    if flipped {
        values.reverse();
    }
    let name = axis.name();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Err(format!("its coordinate `{name}` has no values"));
    };
    if values.len() < 2 {
        return Err(format!("its coordinate `{name}` has one value only: no size of a pixel"));
    }
    let step = (last - first) / (values.len() - 1) as f64;
    let off = |(i, value): (usize, &f64)| (value - (first + step * i as f64)).abs();
    // Coordinates are often of single precision.
    let rounding = 2.0 * f64::from(f32::EPSILON) * first.abs().max(last.abs());
    let worst = values
        .iter()
        .enumerate()
        .map(off)
        .fold(0.0, |a, b| if b.is_nan() { b } else { f64::max(a, b) });
    if step == 0.0 || worst.is_nan() || worst > UNEVEN * step.abs() + rounding {
        return Err(format!("its coordinate `{name}` is not evenly spaced"));
    }
    Ok((first * scale, step * scale))
}
