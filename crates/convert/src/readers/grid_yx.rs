//! Grids of a projection.

use terracube_grid::{Crs, Transform};

use super::grid::{self, Plane};
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::lattice::{self, Axis};
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::unpack;

/// `netcdf/grid/yx`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridYx;

/// Coordinates of a projection, one for every node.
#[derive(Debug)]
struct Nodes {
    y_dim: String,
    x_dim: String,
    rows: usize,
    cols: usize,
    y: Vec<f64>,
    x: Vec<f64>,
    /// Whether y and x are of one row and column each, not of every node.
    are_lines: bool,
}

impl Reader for GridYx {
    fn name(&self) -> &'static str {
        "netcdf/grid/yx"
    }

    fn about(&self) -> &'static str {
        "grids of a projection that `projection` tells, any netCDF file"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        let crs = projection(input.input.require("projection")?)?;
        read(&file, crs, 1.0, input, sink)
    }
}

/// A CRS that is a projection.
pub(super) fn projection(text: &str) -> Result<Crs> {
    let failed = |reason: String| Error::Projection { text: text.to_owned(), reason };
    let crs = Crs::parse(text).map_err(|cause| failed(cause.to_string()))?;
    if crs.is_geographic() {
        return Err(failed("it is none: use netcdf/grid/latlon".to_owned()));
    }
    Ok(crs)
}

/// Reads an open file; its coordinates are multiplied by `scale`.
pub(super) fn read(
    file: &NcFile,
    crs: Crs,
    scale: f64,
    input: &Input,
    sink: &mut Sink<'_>,
) -> Result<Reading> {
    let options = &input.input;
    let resolution = options.require("spatial_resolution").and_then(|_| {
        let metres = options.number("spatial_resolution")?.filter(|metres| *metres > 0.0);
        metres.ok_or_else(|| Error::option("spatial_resolution", "is not above 0 metres"))
    })?;
    let failed = |cause: terracube_grid::Error| Error::Projection {
        text: crs.to_string(),
        reason: cause.to_string(),
    };
    let to_wgs84 = Transform::new(&crs, &Crs::wgs84()).map_err(failed)?;
    let mut nodes = nodes(file, &to_wgs84, input)?;
    nodes.y.iter_mut().chain(&mut nodes.x).for_each(|value| *value *= scale);
    let is_mean = input.output.is_on("use_mean_dydx") || options.is_on("use_mean_dydx");
    let axis = |values: &[f64], (stride, len): (usize, usize), count: usize| -> Result<Axis> {
        let step = step(values, stride, (len, count), is_mean).ok_or_else(|| {
            Error::input(file.path(), "its coordinates give no step along an axis".to_owned())
        })?;
        Ok(Axis { len, ..Axis::through(values, step, options.are_centres()) })
    };
    let (rows, cols) = (nodes.rows, nodes.cols);
    let (of_y, lines) =
        if nodes.are_lines { ((1, rows), (1, 1)) } else { ((cols, rows), (cols, rows)) };
    let mut y = axis(&nodes.y, of_y, lines.0)?;
    let mut x = axis(&nodes.x, (1, cols), lines.1)?;
    let (are_rows_reversed, are_cols_reversed) =
        (options.is_on("y_reversed"), options.is_on("x_reversed"));
    if !input.is_compat {
        for (axis, is_reversed) in [(&mut y, are_rows_reversed), (&mut x, are_cols_reversed)] {
            if is_reversed {
                axis.origin += axis.step * axis.len as f64;
                axis.step = -axis.step;
            }
        }
    }
    let unwraps = input.output.is_on("unwrap_longitudes");
    let lattice = lattice::grid_yx(y, x, &to_wgs84, &input.output, unwraps)?;
    let plane = Plane {
        rows: nodes.y_dim,
        cols: nodes.x_dim,
        are_rows_reversed,
        are_cols_reversed,
        kept: None,
        lattice,
        resolution,
        crs: Some(crs),
    };
    grid::read(file, &plane, &Attributes::default(), input, sink)
}

/// Coordinates from variables of x and y, or projected from ones of latitude and longitude.
fn nodes(file: &NcFile, to_wgs84: &Transform, input: &Input) -> Result<Nodes> {
    let options = &input.input;
    let is_projected = options.get("x_variable").is_some() && options.get("y_variable").is_some();
    let (of_y, of_x) =
        if is_projected { ("y_variable", "x_variable") } else { ("lat_variable", "lon_variable") };
    let y = file.variable(options.require(of_y).map_err(|_| {
        Error::option("y_variable", "is missing: give x_variable and y_variable, or lat_ and lon_")
    })?)?;
    let x = file.variable(options.require(of_x)?)?;
    let (y_dim, x_dim, rows, cols) = match (y.dims.as_slice(), x.dims.as_slice()) {
        ([rows], [cols]) => (rows, cols, y.shape[0], x.shape[0]),
        ([rows, cols], other) if other == y.dims => (rows, cols, y.shape[0], y.shape[1]),
        _ => {
            return Err(Error::input(
                file.path(),
                format!(
                    "`{}` and `{}` lie along {} and {}: one dimension each, or the same two",
                    y.name,
                    x.name,
                    y.dims.join(", "),
                    x.dims.join(", ")
                ),
            ));
        }
    };
    let (mut ys, mut xs) = (unpack::whole(file, &y)?, unpack::whole(file, &x)?);
    let are_lines = y.dims.len() == 1 && is_projected;
    if y.dims.len() == 1 && !are_lines {
        ys = (0..rows * cols).map(|index| ys[index / cols]).collect();
        xs = (0..rows * cols).map(|index| xs[index % cols]).collect();
    }
    if !is_projected {
        // Longitudes and latitudes become x and y.
        to_wgs84.inverse_slices(&mut xs, &mut ys);
    }
    let (y_dim, x_dim) = (
        options.get("y_dimension").unwrap_or(y_dim).to_owned(),
        options.get("x_dimension").unwrap_or(x_dim).to_owned(),
    );
    Ok(Nodes { y_dim, x_dim, rows, cols, y: ys, x: xs, are_lines })
}

/// The most frequent difference between neighbours, the smallest of equals; or the mean.
///
/// Values of one line are `stride` apart; a line has `len` of them, and there are `count` lines.
fn step(values: &[f64], stride: usize, (len, count): (usize, usize), is_mean: bool) -> Option<f64> {
    if len < 2 {
        return None;
    }
    let start = move |line: usize| if stride == 1 { line * len } else { line };
    let mut steps: Vec<f64> = (0..count)
        .flat_map(|line| {
            let at = move |index: usize| values[start(line) + index * stride];
            (1..len).map(move |index| at(index) - at(index - 1))
        })
        .filter(|step| step.is_finite())
        .collect();
    if is_mean {
        let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
        return Some(mean).filter(|mean| *mean != 0.0 && !steps.is_empty());
    }
    steps.sort_by(f64::total_cmp);
    let runs = steps.chunk_by(|a, b| a == b);
    let longest =
        runs.fold(&[][..], |best: &[f64], run| if run.len() > best.len() { run } else { best });
    longest.first().copied().filter(|step| *step != 0.0)
}
