//! Swaths of sea surface temperature as GHRSST's Data Specification lays them out.

use rayon::prelude::*;

use super::coverage;
use super::picture::{Override, Slab, slab};
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule, Lattice};
use crate::idf;
use crate::lattice;
use crate::nc::{NcFile, NcVariable};
use crate::options::Options;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;
use crate::unpack;

/// `ghrsst/l2p`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GhrsstL2p;

/// Where a swath's pixels are, without the rows at its ends that have no place.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) rows: String,
    pub(super) cells: String,
    /// First row and how many.
    pub(super) window: (usize, usize),
    /// Cells of a row.
    width: usize,
    /// Degrees of all pixels of the file.
    lat: Samples,
    lon: Samples,
}

impl Reader for GhrsstL2p {
    fn name(&self) -> &'static str {
        "ghrsst/l2p"
    }

    fn about(&self) -> &'static str {
        "GHRSST L2P swaths of sea surface temperature"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        let options = &input.input;
        let lat = options.get("lat_variable").unwrap_or("lat");
        let lon = options.get("lon_variable").unwrap_or("lon");
        let Some(track) = track(&file, lat, lon)? else {
            return Ok(Reading::Nothing("all coordinates are masked".to_owned()));
        };
        let mut names = options.names("variables");
        if names.is_empty() {
            names.push("sea_surface_temperature".to_owned());
        }
        let mut fields = Vec::new();
        for name in &names {
            fields.push(field(&file, name, &track, options)?);
        }
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing(format!("all values of {} are masked", names.join(", "))));
        }
        let of_file = file.attributes();
        let overrides = options.pairs("global_overrides")?;
        let coverage =
            coverage::of_step(&file, None, (&given_names(&of_file), &overrides), options, false)?;
        let lattice = track.lattice(&file, options, &input.output)?;
        sink(Granule {
            id: input.id(&input.base_name()),
            lattice,
            coverage,
            times: Vec::new(),
            resolution: 1000.0,
            crs: None,
            attributes: idf::copied(&of_file, &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}

/// Places of all pixels; none when every one is masked.
pub(super) fn track(file: &NcFile, lat: &str, lon: &str) -> Result<Option<Track>> {
    let variable = file.variable(lat)?;
    let ([rows, cells], [height, width]) = (variable.dims.as_slice(), variable.shape.as_slice())
    else {
        return Err(Error::input(
            file.path(),
            format!("`{lat}` lies along {}, not along rows and cells", variable.dims.join(", ")),
        ));
    };
    let of_lon = file.variable(lon)?;
    if of_lon.shape != variable.shape {
        return Err(Error::input(file.path(), format!("`{lon}` has not the size of `{lat}`")));
    }
    let whole = |variable: &NcVariable| unpack::window(file, variable, &[0, 0], &variable.shape);
    let (lat, lon) = (whole(&variable)?, whole(&of_lon)?);
    let is_masked = |at: usize| !(lat.get(at).is_finite() && lon.get(at).is_finite());
    let is_empty = |row: &usize| (row * width..(row + 1) * width).all(is_masked);
    let Some(first) = (0..*height).find(|row| !is_empty(row)) else { return Ok(None) };
    let last = (first..*height).rev().find(|row| !is_empty(row)).unwrap_or(first);
    let pixels = first * width..(last + 1) * width;
    if let Some(at) = pixels.into_par_iter().find_first(|at| is_masked(*at)) {
        return Err(Error::input(
            file.path(),
            format!(
                "the coordinates of row {}, cell {} are masked between ones that are not",
                at / width,
                at % width
            ),
        ));
    }
    let (rows, cells, width) = (rows.clone(), cells.clone(), *width);
    let window = (first, last + 1 - first);
    Ok(Some(Track { rows, cells, window, width, lat, lon }))
}

impl Track {
    /// Pixels that have a place.
    fn pixels(&self) -> usize {
        self.window.1 * self.width
    }

    /// The lattice of an image of the same rows and cells.
    pub(super) fn lattice(
        &self,
        file: &NcFile,
        input: &Options,
        output: &Options,
    ) -> Result<Lattice> {
        let size = (self.window.1, self.width);
        let first = self.window.0 * self.width;
        let place = |at: usize| (self.lat.get(first + at), self.lon.get(first + at));
        lattice::swath_of(size, place, size, input, output).map_err(|cause| match cause {
            // The file is at fault where its coordinates do not do.
            Error::Option { key, reason } if key == "path" => Error::input(file.path(), reason),
            cause => cause,
        })
    }
}

fn field(file: &NcFile, name: &str, track: &Track, options: &Options) -> Result<Field> {
    let over = Override::of(name, options)?;
    let Some(variable) = file.find(name) else {
        return Ok(over.placeholder(name, track.pixels()));
    };
    let place = Slab { at: &[], rows: &track.rows, cols: &track.cells, window: track.window };
    let mut samples = slab(file, &variable, &place)?;
    if let Some(flag) = over.flag_variable() {
        let flags = slab(file, &file.variable(flag)?, &place)?;
        over.mask(&mut samples, &flags);
    }
    Ok(over.field(&variable, samples))
}

/// The coverage under the names that others use; the specification's own names win.
fn given_names(of_file: &Attributes) -> Attributes {
    let mut found = of_file.clone();
    for (own, other) in [("start_time", "time_coverage_start"), ("stop_time", "time_coverage_end")]
    {
        if let Some(value) = of_file.get(own) {
            found.set(other, value.clone());
        }
    }
    found
}
