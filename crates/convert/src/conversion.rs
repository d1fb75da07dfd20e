//! One input converted: read, packed, written aside, moved into place.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::granule::Granule;
use crate::idf::{self, Staging};
use crate::options::Options;
use crate::parameters::Parameters;
use crate::reader::{Input, Reading, Sink};
use crate::readers::Readers;
use crate::transform;

/// What to convert, how, and where to.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The file or folder.
    pub input: PathBuf,
    /// The folder of the collections.
    pub out: PathBuf,
    /// How.
    pub parameters: Parameters,
    /// Whether defects of the reference are reproduced that viewers may depend on.
    pub is_compat: bool,
}

/// How a conversion ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Folders of granules, relative to the folder of the collections.
    Converted(Vec<PathBuf>),
    /// There was nothing to convert, and why.
    Skipped(String),
}

/// Converts one input to IDF. Granules appear in their places when all of them are whole; where one
/// is there already it is replaced whole; an error leaves all as it was.
///
/// # Errors
/// Any of the crate, naming the file or option at fault.
pub fn convert(conversion: &Conversion, readers: &Readers) -> Result<Outcome> {
    convert_unless(conversion, readers, &|| false)
}

/// Converts one input to IDF unless it is stopped, which is asked before and after every granule.
///
/// # Errors
/// Those of [`convert`], and [`Error::Stopped`], which leaves nothing behind either.
pub fn convert_unless(
    conversion: &Conversion,
    readers: &Readers,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Outcome> {
    let Parameters { reader, input, output } = &conversion.parameters;
    let reader = readers.get(reader)?;
    output.require("collection")?;
    let input = Input {
        path: without_slash(&conversion.input),
        input: input.clone(),
        output: output.clone(),
        is_compat: conversion.is_compat,
    };
    let going = || if is_stopped() { Err(Error::Stopped) } else { Ok(()) };
    write_granules(&conversion.out, output, conversion.is_compat, |sink| {
        reader.read(&input, &mut |granule| {
            going()?;
            sink(granule)?;
            going()
        })
    })
}

/// Writes granules of one's own as IDF, as [`convert`] does with those of a reader: `give` hands
/// them to its sink. The options are those of an output; `collection` must be among them.
///
/// # Errors
/// Any of the crate, naming the file or option at fault; those of `give`.
pub fn write_granules(
    out: &Path,
    output: &Options,
    is_compat: bool,
    give: impl FnOnce(&mut Sink<'_>) -> Result<Reading>,
) -> Result<Outcome> {
    let collection = output.require("collection")?;
    let removed = output.names("remove_variables");
    let mut staging = Staging::below(out)?;
    let reading = give(&mut |mut granule| {
        are_of_the_image(&granule)?;
        transform::add(&mut granule, output)?;
        granule.fields.retain(|field| !removed.iter().any(|name| field.is_named(name)));
        if granule.fields.is_empty() {
            return Err(Error::option("remove_variables", "leaves no variable to write"));
        }
        let folder = staging.granule(collection, &granule.id)?;
        idf::write(granule, &folder, output, is_compat).map(drop)
    })?;
    match reading {
        Reading::Nothing(reason) => Ok(Outcome::Skipped(reason)),
        Reading::Done => Ok(Outcome::Converted(staging.place()?)),
    }
}

/// Every field has a value for each pixel.
fn are_of_the_image(granule: &Granule) -> Result<()> {
    let pixels = granule.lattice.pixels();
    match granule.fields.iter().find(|field| field.samples.len() != pixels) {
        Some(field) => Err(Error::FieldSize {
            granule: granule.id.clone(),
            field: field.name.clone(),
            found: field.samples.len(),
            pixels,
        }),
        None => Ok(()),
    }
}

/// `a/b/` is the folder `b`, however it is written.
fn without_slash(path: &Path) -> PathBuf {
    path.components().collect()
}
