//! A granule's files: full resolution, and coarser levels when asked.

use std::path::Path;

use terracube_grid::Crs;

use super::attributes;
use super::packing::{self, Packed, PackedValues};
use super::pyramid::{self, Sums};
use crate::attribute::{Attribute, Attributes, NumberType};
use crate::error::{Error, Result};
use crate::granule::{Granule, Lattice, Model};
use crate::moment;
use crate::nc::{NcWriter, NewVariable, Values};
use crate::options::Options;

const EPOCH: &str = "seconds since 1970-01-01T00:00:00.000000Z";
const INDEX: &str =
    "index goes from 0 (start of first pixel) to dimension value (end of last pixel)";

/// Writes the files of a granule into a folder of its own; gives their names.
pub(crate) fn write(
    granule: Granule,
    folder: &Path,
    output: &Options,
    is_compat: bool,
) -> Result<Vec<String>> {
    let floats = output.names("use_float32_values");
    let now = moment::stamp(
        terracube_grid::Time::from_seconds(since_1970())
            .map_err(|cause| Error::write(folder, cause))?,
    );
    let now = format!("{}Z", &now[..19]);
    let mut globals = attributes::of_granule(&granule, &now, is_compat);
    let Granule { id, lattice, coverage, times, resolution, crs, fields, .. } = granule;
    let mut packed = Vec::with_capacity(fields.len());
    for field in fields {
        let is_float = floats.contains(&field.name);
        packed.push(packing::packed(field, is_float, is_compat)?);
    }
    let times = if times.is_empty() { vec![moment::middle(coverage)] } else { times };
    let name = |level: u32| format!("{id}_idf_{level:02}.nc");
    let mut names = vec![name(0)];
    let file = |level: u32| folder.join(name(level));
    level(&file(0), &lattice, &times, crs.as_ref(), &packed, &globals)?;
    // A trajectory has no coarser levels.
    if output.is_on("downscale") && lattice.model != Model::TimeDependent {
        let mut sums: Vec<Sums> = Vec::with_capacity(packed.len());
        for k in 1..=pyramid::levels(&lattice) {
            let factor = Attribute::number(NumberType::I32, f64::from(k));
            globals.set("idf_subsampling_factor", factor);
            let metres = resolution * f64::from(1u32 << k);
            globals.set("idf_spatial_resolution", Attribute::number(NumberType::F32, metres));
            if sums.is_empty() {
                sums = packed.iter().map(|full| Sums::of(&full.values, &lattice.sizes)).collect();
            } else {
                sums = sums.iter().map(Sums::coarser).collect();
            }
            for (field, sums) in packed.iter_mut().zip(&sums) {
                field.values = sums.means();
            }
            let points = pyramid::lattice(&lattice, k);
            level(&file(k), &points, &times, crs.as_ref(), &packed, &globals)?;
            names.push(name(k));
        }
    }
    Ok(names)
}

/// Writes one file.
fn level(
    path: &Path,
    lattice: &Lattice,
    times: &[f64],
    crs: Option<&Crs>,
    fields: &[Packed],
    globals: &Attributes,
) -> Result<()> {
    let mut file = NcWriter::create(path)?;
    let axes = lattice.model.axes();
    let is_trajectory = lattice.model == Model::TimeDependent;
    file.unlimited("time")?;
    let points: Vec<String> = axes.iter().map(|axis| format!("{axis}_gcp")).collect();
    let points: Vec<&str> = points.iter().map(String::as_str).collect();
    if !is_trajectory {
        for (axis, size) in axes.iter().zip(&lattice.sizes) {
            file.dimension(axis, *size)?;
        }
    }
    for (point, indices) in points.iter().zip(&lattice.indices) {
        file.dimension(point, indices.len())?;
    }
    places(&mut file, lattice, times, &points)?;
    if let Some(crs) = crs {
        let attributes = &grid_mapping(crs);
        let new =
            NewVariable { name: "crs", dims: &[], fill: None, is_deflated: false, attributes };
        file.variable(&new, &[], Values::Empty)?;
    }
    let mut dims = vec!["time"];
    let mut shape = vec![1];
    if is_trajectory {
        shape = lattice.sizes.clone();
    } else {
        dims.extend(axes);
        shape.extend(&lattice.sizes);
    }
    for field in fields {
        let (fill, values) = match &field.values {
            PackedValues::U8(values) => (f64::from(packing::FILL), Values::U8(values)),
            PackedValues::F32(values) => (f64::from(packing::FILL_F32), Values::F32(values)),
        };
        let (name, attributes) = (field.name.as_str(), &field.attributes);
        let new =
            NewVariable { name, dims: &dims, fill: Some(fill), is_deflated: true, attributes };
        file.variable(&new, &shape, values)?;
    }
    file.attributes(globals)?;
    file.close()
}

/// Writes time, points and their indices.
fn places(file: &mut NcWriter, lattice: &Lattice, times: &[f64], points: &[&str]) -> Result<()> {
    let is_trajectory = lattice.model == Model::TimeDependent;
    let mut put = |name: &str, dims: &[&str], about: &[(&str, &str)], values: Values<'_>| {
        let mut attributes = Attributes::default();
        for (name, text) in about {
            attributes.set(name, *text);
        }
        let shape: Vec<usize> = match (&values, dims) {
            (Values::F32(values), [_]) => vec![values.len()],
            (Values::I32(values), [_]) => vec![values.len()],
            (Values::F64(values), _) => vec![values.len()],
            _ => lattice.indices.iter().map(Vec::len).collect(),
        };
        let attributes = &attributes;
        let new = NewVariable { name, dims, fill: None, is_deflated: false, attributes };
        file.variable(&new, &shape, values)
    };
    let mut about = vec![
        ("long_name", "time"),
        ("standard_name", "time"),
        ("units", EPOCH),
        ("calendar", "standard"),
    ];
    if is_trajectory {
        about.push(("axis", "T"));
    }
    // A second variable along the unlimited dimension cannot be named like it.
    let along = if is_trajectory { "time_gcp" } else { "time" };
    put("time", &[along], &about, Values::F64(times))?;
    let (of_lat, of_lon) = match lattice.model {
        Model::GridLatLon => (&points[..1], &points[1..]),
        _ => (points, points),
    };
    for (name, standard, units, dims, values) in [
        ("lat_gcp", "latitude", "degrees_north", of_lat, &lattice.lat),
        ("lon_gcp", "longitude", "degrees_east", of_lon, &lattice.lon),
    ] {
        let long = format!("ground control points {standard}");
        let mut about =
            vec![("long_name", long.as_str()), ("standard_name", standard), ("units", units)];
        if is_trajectory {
            about.push(("comment", "geographical coordinates, WGS84 projection"));
        }
        let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        put(name, dims, &about, Values::F32(&values))?;
    }
    for ((axis, point), indices) in lattice.model.axes().iter().zip(points).zip(&lattice.indices) {
        let long = format!("index of ground control points in {axis} dimension");
        let about = [("long_name", long.as_str()), ("comment", INDEX)];
        put(&format!("index_{axis}_gcp"), &[point], &about, Values::I32(indices))?;
    }
    Ok(())
}

/// CF's description of a projection.
fn grid_mapping(crs: &Crs) -> Attributes {
    let mut found = Attributes::default();
    if let Some(wkt) = crs.wkt2() {
        found.set("crs_wkt", wkt);
    }
    for (name, value) in crs.cf().unwrap_or_default() {
        let numbers: Option<Vec<f64>> = match &value {
            serde_json::Value::Array(values) => values.iter().map(|value| value.as_f64()).collect(),
            value => value.as_f64().map(|number| vec![number]),
        };
        match (numbers, value.as_str()) {
            (Some(numbers), _) => found.set(&name, Attribute::Numbers(NumberType::F64, numbers)),
            (None, Some(text)) => found.set(&name, text),
            (None, None) => {}
        }
    }
    if found.get("grid_mapping_name").is_none() && found.get("crs_wkt").is_none() {
        found.set("crs_wkt", crs.proj4());
    }
    found
}

fn since_1970() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}
