//! Sentinel-1 level 2 ocean: radial velocities of the surface, a granule for each sub-swath.

use super::sentinel1_ocn::{Cut, Ocean, Part};
use crate::error::Result;
use crate::granule::Field;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;

/// Variables that are given as they are.
const PLAIN: [&str; 4] = ["rvlRadVelStd", "rvlUssX", "rvlUssY", "rvlSnr"];
const SWATHS: &str = "rvlSwath";

/// `sentinel1/L2/rvl`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentinel1Rvl;

impl Reader for Sentinel1Rvl {
    fn name(&self) -> &'static str {
        "sentinel1/L2/rvl"
    }

    fn about(&self) -> &'static str {
        "Sentinel-1 level 2 OCN, radial velocity: a measurement/*.nc of the SAFE folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let ocean = Ocean::open(input)?;
        let swaths = ocean.file.dimension(SWATHS);
        let mut is_any = false;
        for swath in 0..swaths.unwrap_or(1) {
            let part = Part {
                rows: "rvlAzSize",
                cells: "rvlRaSize",
                swath: swaths.map(|_| (SWATHS, swath)),
            };
            let cut = ocean.cut("rvlLat", "rvlLon", part)?;
            let Some(cut) = cut.filter(Cut::is_plane) else { continue };
            let fields = fields(&ocean, part, &cut, input.is_compat)?;
            if fields.iter().all(|field| field.samples.is_all_missing()) {
                continue;
            }
            is_any = true;
            sink(ocean.granule(&format!("{}_{swath}", ocean.id), &cut, fields, input)?)?;
        }
        if is_any {
            return Ok(Reading::Done);
        }
        Ok(Reading::Nothing("no sub-swath has 2 by 2 cells with places and values".to_owned()))
    }
}

fn fields(ocean: &Ocean, part: Part, cut: &Cut, is_compat: bool) -> Result<Vec<Field>> {
    let read = |name: &str| {
        let (variable, samples) = ocean.read(name, part)?;
        let mut field = Field::new(name, cut.of(&samples));
        field.attributes = variable.attributes;
        Ok::<_, crate::Error>(field)
    };
    let mut velocity = read("rvlRadVel")?;
    // Velocities of ascending passes get the sign that those of descending ones have.
    let sign = if is_ascending(&read("rvlHeading")?.samples, is_compat) { -1.0 } else { 1.0 };
    let sweep = read("rvlSweepAngle")?.samples;
    let incidence = read("rvlIncidenceAngle")?.samples;
    // In the reference a missing velocity counts with the number that stands for it.
    let fill = is_compat.then(|| velocity.attributes.number("_FillValue").unwrap_or(f64::NAN));
    let level = descalloped(&velocity.samples, &sweep, fill);
    let mut level = median(&level, cut.places.cells);
    for (at, value) in level.iter_mut().enumerate() {
        let is_there = is_compat || !(velocity.samples.get(at) + sweep.get(at)).is_nan();
        let along = sign * *value / incidence.get(at).to_radians().sin();
        *value = if is_there { along } else { f64::NAN };
    }
    velocity.samples.change(|_, value| sign * value);
    let mut all = vec![velocity];
    for name in PLAIN {
        all.push(read(name)?);
    }
    all.push(Field::new("rvlRadVelExp", Samples::F64(level)));
    Ok(all)
}

/// Whether the mean heading, in degrees, leads north. The reference takes the mean of the numbers,
/// so that 350° and 10° make it south.
fn is_ascending(headings: &Samples, is_compat: bool) -> bool {
    let mut known = headings.to_f64();
    known.retain(|heading| heading.is_finite());
    if is_compat {
        let mean = (known.iter().sum::<f64>() / known.len().max(1) as f64).rem_euclid(360.0);
        return !known.is_empty() && !(90.0..=270.0).contains(&mean);
    }
    known.iter().map(|heading| heading.to_radians().cos()).sum::<f64>() > 1e-6
}

/// Velocities without what the antenna's sweep adds to them; missing ones become the fill.
fn descalloped(velocity: &Samples, sweep: &Samples, fill: Option<f64>) -> Vec<f64> {
    let one = |at: usize| {
        let (value, sweep) = (velocity.get(at), sweep.get(at));
        match fill {
            Some(fill) if value.is_nan() => fill,
            Some(_) if sweep.is_nan() => value,
            _ => value + scallop(sweep),
        }
    };
    (0..velocity.len()).map(one).collect()
}

/// What is added to a velocity, in m/s, at a sweep angle in degrees.
///
/// Found by experiment: sweep angles from −2° to 2° beside a velocity of 0 were given to the
/// reference, whose answers lie on these lines to 1e-7 m/s, for every sub-swath and incidence.
fn scallop(sweep: f64) -> f64 {
    // Angles are floats in the file, and compared as such.
    let angle = sweep.abs() as f32;
    let steep = sweep.abs();
    let of_53 = if angle <= 0.1 {
        -10.0 * steep
    } else if angle <= 0.54 {
        -0.6 - 4.0 * steep
    } else {
        25.0 * (steep - 0.65)
    };
    of_53 * sweep.signum() / 53.0
}

/// Medians of 3 by 3 values; the border repeats, missing values do not count.
fn median(values: &[f64], cells: usize) -> Vec<f64> {
    let rows = values.len() / cells.max(1);
    let of = |index: usize| {
        let (row, cell) = ((index / cells) as isize, (index % cells) as isize);
        let at = |k: usize| {
            let row = (row + k as isize / 3 - 1).clamp(0, rows as isize - 1) as usize;
            let cell = (cell + k as isize % 3 - 1).clamp(0, cells as isize - 1) as usize;
            values[row * cells + cell]
        };
        let mut around: [f64; 9] = std::array::from_fn(at);
        around.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
        match around.iter().filter(|value| !value.is_nan()).count() {
            0 => f64::NAN,
            known => f64::midpoint(around[(known - 1) / 2], around[known / 2]),
        }
    };
    (0..values.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_ascending, median, scallop};
    use crate::samples::Samples;

    #[test]
    fn a_median_repeats_the_border_and_leaves_missing_values_out() {
        let found = median(&[1.0, 2.0, 9.0, 4.0, f64::NAN, 6.0, 7.0, 8.0, 3.0], 3);
        // 1 2 4 and the border's 1 1 2 4: the middle of 1 1 1 1 2 2 4 4.
        assert_eq!(found[0], 1.5);
        assert_eq!(found[4], 5.0);
        assert!(median(&[f64::NAN; 4], 2).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn the_lines_of_the_sweep_meet_where_they_should() {
        let of_53 = |sweep: f64| (scallop(sweep) * 53.0 * 1e6).round() / 1e6;
        assert_eq!([0.0, 0.1, -0.5, 0.65, -2.0].map(of_53), [0.0, -1.0, 2.6, 0.0, -33.75]);
        assert_eq!(of_53(f64::from(0.54f32)), -2.76);
    }

    #[test]
    fn headings_around_north_lead_north() {
        let headings = Samples::F32(vec![350.0, 10.0]);
        assert!(is_ascending(&headings, false));
        assert!(!is_ascending(&headings, true));
        for (heading, leads_north) in [(345.0, true), (90.0, false), (190.0, false), (-10.0, true)]
        {
            let headings = Samples::F32(vec![heading; 3]);
            assert_eq!(is_ascending(&headings, false), leads_north);
            assert_eq!(is_ascending(&headings, true), leads_north);
        }
        assert!(!is_ascending(&Samples::missing(2), false));
        assert!(!is_ascending(&Samples::missing(2), true));
    }
}
