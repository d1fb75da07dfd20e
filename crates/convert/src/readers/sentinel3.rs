//! Folders of Sentinel-3 products: a netCDF file for each kind of variable.

use std::path::Path;

use terracube_grid::Time;

use crate::attribute::{Attribute, Attributes};
use crate::error::{Error, Result};
use crate::lattice::SwathPlaces;
use crate::moment::{self, TimeUnits};
use crate::nc::{NcFile, NcVariable};
use crate::samples::Samples;
use crate::unpack;

/// Flags of every pixel, with their names.
#[derive(Debug)]
pub(super) struct Flags {
    values: Vec<u64>,
    named: Vec<(String, u64)>,
}

impl Flags {
    /// The flags of a variable, with the names its attributes give to bits.
    pub(super) fn read(
        folder: &Path,
        file: &str,
        variable: &str,
        size: (usize, usize),
    ) -> Result<Self> {
        let file = NcFile::open(&folder.join(file))?;
        let variable = sized(&file, variable, size)?;
        let meanings = variable.attributes.text("flag_meanings").unwrap_or_default();
        let Some(Attribute::Numbers(_, masks)) = variable.attributes.get("flag_masks") else {
            return Err(Error::input(
                file.path(),
                format!("the variable `{}` has no flag_masks", variable.name),
            ));
        };
        let named = meanings
            .split_whitespace()
            .zip(masks)
            .map(|(name, mask)| (name.to_owned(), *mask as u64))
            .collect();
        let values = file.raw_u64(&variable.name, &[0, 0], &variable.shape)?;
        Ok(Self { values, named })
    }

    /// The bits of names; those that are not known have none.
    pub(super) fn mask<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> u64 {
        let bits = |name: &str| {
            self.named.iter().find(|(known, _)| known == name).map_or(0, |(_, mask)| *mask)
        };
        names.into_iter().map(bits).fold(0, |all, mask| all | mask)
    }

    /// Whether a pixel has one of the bits.
    pub(super) fn is_set(&self, pixel: usize, mask: u64) -> bool {
        self.values.get(pixel).is_some_and(|value| value & mask != 0)
    }
}

/// The places of all pixels, by the variables of a file.
pub(super) fn places(folder: &Path, file: &str, lat: &str, lon: &str) -> Result<SwathPlaces> {
    let file = NcFile::open(&folder.join(file))?;
    let variable = file.variable(lat)?;
    let [rows, cells] = variable.shape[..] else {
        return Err(Error::input(
            file.path(),
            format!("the variable `{lat}` has not two dimensions"),
        ));
    };
    let lat = unpack::whole(&file, &variable)?;
    let lon = unpack::whole(&file, &sized(&file, lon, (rows, cells))?)?;
    Ok(SwathPlaces { lat, lon, rows, cells })
}

/// A variable of every pixel, from the file `FILE.nc`.
pub(super) fn band(
    folder: &Path,
    file: &str,
    variable: &str,
    size: (usize, usize),
) -> Result<(Samples, Attributes)> {
    let file = NcFile::open(&folder.join(format!("{file}.nc")))?;
    let variable = sized(&file, variable, size)?;
    let samples = unpack::window(&file, &variable, &[0, 0], &variable.shape)?;
    Ok((samples, variable.attributes))
}

/// A variable of as many rows and cells as there are places.
fn sized(file: &NcFile, name: &str, size: (usize, usize)) -> Result<NcVariable> {
    let variable = file.variable(name)?;
    if variable.shape == [size.0, size.1] {
        return Ok(variable);
    }
    Err(Error::input(file.path(), format!("`{name}` has not the size of the coordinates")))
}

/// The first and the last of the rows' times.
pub(super) fn rows_coverage(folder: &Path) -> Result<(Time, Time)> {
    let file = NcFile::open(&folder.join("time_coordinates.nc"))?;
    let variable = file.variable("time_stamp")?;
    let units = variable.attributes.text("units").unwrap_or_default();
    let units = TimeUnits::parse(&units, None)?;
    let stamps = unpack::whole(&file, &variable)?;
    let at = |stamp: Option<&f64>| {
        let seconds = units.to_seconds(stamp.copied().unwrap_or(f64::NAN));
        moment::from_seconds("variable `time_stamp`", seconds)
    };
    Ok((at(stamps.first())?, at(stamps.last())?))
}

/// The global attributes of a file, and what is known of the instrument.
pub(super) fn described(folder: &Path, file: &str, known: &[(&str, &str)]) -> Result<Attributes> {
    let mut attributes = NcFile::open(&folder.join(file))?.attributes();
    super::set_texts(
        &mut attributes,
        &[("institution", "ESA"), ("platform", "Sentinel-3"), ("platform_type", "leo satellite")],
    );
    super::set_texts(&mut attributes, known);
    Ok(attributes)
}
