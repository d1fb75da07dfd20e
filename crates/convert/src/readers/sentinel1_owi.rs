//! Sentinel-1 level 2 ocean: wind of the image and of the model beside it, radial velocity.

use super::sentinel1_ocn::{Cut, Ocean, Part};
use crate::error::Result;
use crate::granule::Field;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;

const PART: Part = Part { rows: "owiAzSize", cells: "owiRaSize", swath: None };
/// Metres per second.
const FASTEST: f64 = 2.5;
/// Other values of these are land, ice, or no valid cell.
const MASKS: [&str; 2] = ["owiLandFlag", "owiMask"];

/// `sentinel1/L2/owi`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentinel1Owi;

impl Reader for Sentinel1Owi {
    fn name(&self) -> &'static str {
        "sentinel1/L2/owi"
    }

    fn about(&self) -> &'static str {
        "Sentinel-1 level 2 OCN, wind: a measurement/*.nc of the SAFE folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let ocean = Ocean::open(input)?;
        let cut = ocean.cut("owiLat", "owiLon", PART)?;
        let Some(cut) = cut.filter(Cut::is_plane) else {
            return Ok(Reading::Nothing("there are not 2 by 2 cells with places".to_owned()));
        };
        let (variable, velocity) = ocean.read("owiRadVel", PART)?;
        let mut velocity = Field::new("owiRadVel", cut.of(&velocity)).ranged(-FASTEST, FASTEST);
        velocity.attributes = variable.attributes;
        let mask = mask(&ocean, &cut, input.is_compat)?;
        let mut fields = vec![velocity];
        fields.extend(vectors(&ocean, &cut, "wind", "owiWind", &mask, input.is_compat)?);
        fields.extend(vectors(&ocean, &cut, "ecmwf", "owiEcmwfWind", &[], input.is_compat)?);
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("all values are masked".to_owned()));
        }
        sink(ocean.granule(&ocean.id, &cut, fields, input)?)?;
        Ok(Reading::Done)
    }
}

/// Which cells are masked. Older products have one variable, later ones the other; the reference
/// takes the first one that is there.
fn mask(ocean: &Ocean, cut: &Cut, is_compat: bool) -> Result<Vec<bool>> {
    let mut there = MASKS.iter().filter(|name| ocean.file.find(name).is_some()).peekable();
    if there.peek().is_none() {
        // The error names the variables that are there.
        ocean.file.variable(MASKS[1])?;
    }
    let mut mask = vec![false; cut.places.lat.len()];
    for name in there.take(if is_compat { 1 } else { MASKS.len() }) {
        let flags = cut.of(&ocean.read(name, PART)?.1);
        for (at, is_masked) in mask.iter_mut().enumerate() {
            *is_masked |= flags.get(at) != 0.0;
        }
    }
    Ok(mask)
}

/// Eastward and northward parts of a wind, which the file tells by its speed and where it comes
/// from, in degrees clockwise from north.
fn vectors(
    ocean: &Ocean,
    cut: &Cut,
    name: &str,
    stem: &str,
    mask: &[bool],
    is_compat: bool,
) -> Result<[Field; 2]> {
    let (variable, speed) = ocean.read(&format!("{stem}Speed"), PART)?;
    let (_, from) = ocean.read(&format!("{stem}Direction"), PART)?;
    let (mut speed, from) = (cut.of(&speed), cut.of(&from));
    let before = speed.extremes();
    speed.change(
        |at, value| {
            if mask.get(at).is_some_and(|is_masked| *is_masked) { f64::NAN } else { value }
        },
    );
    // The reference's range is of cells that it masks, too.
    let most = if is_compat { before } else { speed.extremes() }.map(|range| range.1);
    let units = variable.attributes.text("units").unwrap_or_default();
    let part = |name: String, along: fn(f64) -> f64| {
        let one = |at: usize| -speed.get(at) * along(from.get(at).to_radians());
        let samples = Samples::F64((0..speed.len()).map(one).collect());
        let field = Field::new(name, samples).with("units", units.as_str());
        match most {
            Some(most) => field.ranged(-most, most),
            None => field,
        }
    };
    Ok([part(format!("eastward_{name}"), f64::sin), part(format!("northward_{name}"), f64::cos)])
}
