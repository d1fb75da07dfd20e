//! What the generic readers of grids have in common: steps in time, a depth, variables.

use terracube_grid::Time;

use super::coverage;
use super::picture::{Override, Slab, slab};
use crate::attribute::{Attribute, Attributes, NumberType};
use crate::error::{Error, Result};
use crate::granule::{Field, Granule, Lattice};
use crate::idf;
use crate::moment;
use crate::nc::NcFile;
use crate::options::Options;
use crate::reader::{Input, Reading, Sink};
use crate::unpack;

/// The image plane of a file: dimensions, their reversal, where it is.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) rows: String,
    pub(super) cols: String,
    pub(super) are_rows_reversed: bool,
    pub(super) are_cols_reversed: bool,
    /// Rows and columns to keep, where some are not.
    pub(super) kept: Option<(Vec<usize>, Vec<usize>)>,
    pub(super) lattice: Lattice,
    /// Metres.
    pub(super) resolution: f64,
    pub(super) crs: Option<terracube_grid::Crs>,
}

/// A level of the water or the air.
#[derive(Debug)]
struct Depth {
    dimension: String,
    index: usize,
    /// In the unit of the file.
    value: f64,
    attributes: Attributes,
}

/// Gives a granule for every step in time.
pub(super) fn read(
    file: &NcFile,
    plane: &Plane,
    extra: &Attributes,
    input: &Input,
    sink: &mut Sink<'_>,
) -> Result<Reading> {
    let options = &input.input;
    let mut of_file = file.attributes();
    for (name, value) in
        extra.iter().filter(|(name, _)| of_file.get(name).is_none()).collect::<Vec<_>>()
    {
        of_file.set(name, value.clone());
    }
    let overrides = options.pairs("global_overrides")?;
    let mut attributes = idf::copied(&of_file, &overrides, input.is_compat);
    let depth = depth(file, options)?;
    if let Some(found) = &depth {
        for (name, value) in found.attributes.iter() {
            attributes.set(name, value.clone());
        }
    }
    let names = options.names("variables");
    if names.is_empty() {
        return Err(Error::option("variables", "is missing: name the variables to convert"));
    }
    let times = coverage::times(file, options)?;
    let are_several = times.len() > 1;
    let mut given = 0;
    for (index, time) in times.iter().enumerate() {
        if are_several && time.is_none() {
            continue;
        }
        let told = (&of_file, &overrides);
        let coverage = coverage::of_step(file, *time, told, options, are_several)?;
        let own = match time {
            Some(time) if are_several => id_of_step(input, *time, &attributes, &of_file)?,
            _ => input.base_name(),
        };
        let of_depth = depth.as_ref().map(|depth| depth.value);
        let own = of_depth.map_or(own.clone(), |value| format!("depth_{}m_{own}", double(value)));
        let mut fields = Vec::new();
        for name in &names {
            fields.push(field(file, name, (index, depth.as_ref()), plane, input)?);
        }
        sink(Granule {
            id: input.id(&own),
            lattice: plane.lattice.clone(),
            coverage,
            times: Vec::new(),
            resolution: plane.resolution,
            crs: plane.crs.clone(),
            attributes: attributes.clone(),
            fields,
        })?;
        given += 1;
    }
    if given == 0 {
        return Ok(Reading::Nothing("every time is masked".to_owned()));
    }
    Ok(Reading::Done)
}

fn field(
    file: &NcFile,
    name: &str,
    (step, depth): (usize, Option<&Depth>),
    plane: &Plane,
    input: &Input,
) -> Result<Field> {
    let options = &input.input;
    let variable = file.variable(name)?;
    let over = Override::of(name, options)?;
    let time = options.get("time_dimension").or(options.get("time_variable")).unwrap_or("time");
    let mut at = vec![(time, step)];
    if let Some(depth) = depth {
        at.push((depth.dimension.as_str(), depth.index));
    }
    let height = variable.dims.iter().position(|dim| *dim == plane.rows);
    let height = height.map_or(0, |index| variable.shape[index]);
    let window = (0, height);
    let place = Slab { at: &at, rows: &plane.rows, cols: &plane.cols, window };
    let mut samples = slab(file, &variable, &place)?;
    if let Some(flag) = over.flag_variable() {
        let flags = slab(file, &file.variable(flag)?, &place)?;
        if flags.len() != samples.len() {
            return Err(Error::input(
                file.path(),
                format!("`{flag}` has not the size of `{name}`"),
            ));
        }
        over.mask(&mut samples, &flags);
    }
    let cols = samples.len() / height.max(1);
    let rows_and_cols = match &plane.kept {
        Some(kept) => kept.clone(),
        None => ((0..height).collect(), (0..cols).collect()),
    };
    if (rows_and_cols.0.len(), rows_and_cols.1.len())
        != (plane.lattice.sizes[0], plane.lattice.sizes[1])
    {
        return Err(Error::input(
            file.path(),
            format!(
                "variable `{name}` is {height} by {cols}, its coordinates are {} by {}",
                plane.lattice.sizes[0], plane.lattice.sizes[1]
            ),
        ));
    }
    if plane.kept.is_some() || plane.are_rows_reversed || plane.are_cols_reversed {
        let (mut rows, mut kept_cols) = rows_and_cols;
        if plane.are_rows_reversed {
            rows.reverse();
        }
        if plane.are_cols_reversed {
            kept_cols.reverse();
        }
        let place = |row: usize| kept_cols.iter().map(move |col| row * cols + col);
        samples = samples.select(rows.iter().flat_map(|row| place(*row)));
    }
    Ok(over.field(&variable, samples))
}

fn depth(file: &NcFile, options: &Options) -> Result<Option<Depth>> {
    let Some(name) = options.get("depth_variable") else { return Ok(None) };
    let dimension = options.get("depth_dimension").unwrap_or(name).to_owned();
    let variable = file.variable(name)?;
    let values = unpack::whole(file, &variable)?;
    let wanted = match (options.number("depth_value")?, values.as_slice()) {
        (Some(wanted), _) => wanted,
        (None, [only]) => *only,
        (None, _) => {
            return Err(Error::option(
                "depth_value",
                format!("is missing: `{name}` has {} levels", values.len()),
            ));
        }
    };
    let tolerance = options.number("depth_tolerance")?.unwrap_or(0.0);
    let distance = |value: &f64| (value - wanted).abs();
    let nearest = values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
        .min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    let Some((index, value)) = nearest.filter(|(_, value)| distance(value) <= tolerance) else {
        let levels: Vec<String> = values.iter().take(12).map(f64::to_string).collect();
        return Err(Error::option(
            "depth_value",
            format!("no level within {tolerance} of {wanted}: `{name}` has {}", levels.join(", ")),
        ));
    };
    let mut attributes = Attributes::default();
    for key in ["geospatial_vertical_min", "geospatial_vertical_max"] {
        attributes.set(key, Attribute::number(NumberType::F64, *value));
    }
    for key in ["units", "positive"] {
        if let Some(text) = variable.attributes.text(key) {
            attributes.set(&format!("geospatial_vertical_{key}"), text);
        }
    }
    Ok(Some(Depth { dimension, index, value: *value, attributes }))
}

/// `COLLECTION_TIME_LEVEL_vVERSION_fvVERSION`.
fn id_of_step(
    input: &Input,
    time: Time,
    attributes: &Attributes,
    of_file: &Attributes,
) -> Result<String> {
    let told = |name: &str| {
        attributes.text(name).or_else(|| of_file.text(name)).ok_or_else(|| {
            Error::option(
                "global_overrides",
                format!("a file of several times needs `{name}` for the names of its granules"),
            )
        })
    };
    Ok(format!(
        "{}_{}_{}_v{}_fv{}",
        input.output.require("collection")?,
        moment::compact(time),
        told("processing_level")?,
        told("product_version")?,
        told("file_version")?
    ))
}

/// A number with at least one decimal.
fn double(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.1}") } else { value.to_string() }
}
