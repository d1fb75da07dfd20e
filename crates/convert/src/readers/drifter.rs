//! Trajectories of drifters from Copernicus Marine's in-situ files.

use terracube_grid::Time;

use crate::attribute::{Attribute, Attributes};
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice;
use crate::moment::{self, TimeUnits};
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;
use crate::unpack;

/// A longer time without a sample breaks the line, in seconds.
const GAP: f64 = 7.0 * 3600.0;
/// Metres; a trajectory has none of its own.
const RESOLUTION: f64 = 1e7;

/// `cmems/drifter`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drifter;

/// A sample; NaN where a value is missing.
#[derive(Debug, Clone, Copy)]
struct Sample {
    time: f64,
    lat: f64,
    lon: f64,
    temperature: f64,
    east: f64,
    north: f64,
    /// Of the month; of a made sample that of the one beside it.
    day: f64,
}

impl Reader for Drifter {
    fn name(&self) -> &'static str {
        "cmems/drifter"
    }

    fn about(&self) -> &'static str {
        "drifters of Copernicus Marine's in-situ centre, a trajectory for each month"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let depth = input
            .input
            .number("depth_value")?
            .ok_or_else(|| Error::option("depth_value", "is missing and has no default"))?;
        let file = NcFile::open(&input.path)?;
        let Some(mut samples) = samples(&file, depth, input.is_compat)? else {
            return Ok(Reading::Nothing(format!("there is no depth of {depth} m")));
        };
        if samples.is_empty() {
            return Ok(Reading::Nothing(
                "no sample has a time and a place that are good".to_owned(),
            ));
        }
        samples.sort_by(|a, b| a.time.total_cmp(&b.time));
        for sample in &mut samples {
            sample.day = f64::from(time(sample)?.ymd().2);
        }
        to_kelvin(&mut samples);
        let samples = broken(&samples, input.is_compat);
        let overrides = input.input.pairs("global_overrides")?;
        let attributes = idf::copied(&Attributes::default(), &overrides, input.is_compat);
        let is_with_day = input.input.is_on("with-day");
        for (month, mut part) in months(&samples)? {
            continue_longitudes(&mut part);
            let own = input.base_name();
            let own = if own.contains(&month) { own } else { format!("{own}_{month}") };
            let at = |sample: Option<&Sample>| {
                moment::from_seconds("TIME", sample.map_or(f64::NAN, |sample| sample.time))
            };
            let lat = part.iter().map(|sample| sample.lat).collect();
            let lon = part.iter().map(|sample| sample.lon).collect();
            sink(Granule {
                id: input.id(&own),
                lattice: lattice::trajectory(lat, lon),
                coverage: (at(part.first())?, at(part.last())?),
                times: part.iter().map(|sample| sample.time).collect(),
                resolution: RESOLUTION,
                crs: None,
                attributes: attributes.clone(),
                fields: fields(&part, depth, is_with_day, input.is_compat),
            })?;
        }
        Ok(Reading::Done)
    }
}

/// Samples whose time and place are good; none when the depth is not in the file.
fn samples(file: &NcFile, depth: f64, is_compat: bool) -> Result<Option<Vec<Sample>>> {
    let time = file.variable("TIME")?;
    let Some(units) = time.attributes.text("units") else {
        return Err(Error::input(file.path(), "the variable `TIME` has no units"));
    };
    let units = TimeUnits::parse(&units, time.attributes.text("calendar").as_deref())?;
    let time = unpack::whole(file, &time)?;
    let lat = unpack::whole(file, &file.variable("LATITUDE")?)?;
    let lon = unpack::whole(file, &file.variable("LONGITUDE")?)?;
    let len = time.len();
    if lat.len() != len || lon.len() != len {
        return Err(Error::input(file.path(), "LATITUDE or LONGITUDE are not as many as TIME"));
    }
    let is_bad = |flag: f64| {
        // 3 and 4: bad, 8: interpolated, 9: missing. The reference mixes values and bits up.
        if is_compat { flag >= 8.0 } else { flag == 3.0 || flag == 4.0 || flag == 9.0 }
    };
    let Some(levels) = levels(file, len, depth)? else { return Ok(None) };
    let flags = |name: &str| -> Result<Option<Vec<f64>>> {
        file.find(name).map(|variable| unpack::whole(file, &variable)).transpose()
    };
    let at_level = |values: &[f64], index: usize| -> f64 {
        match (values.len().checked_div(len), levels[index]) {
            (Some(1), Some(_)) => values[index],
            (Some(width), Some(level)) if level < width => values[index * width + level],
            _ => f64::NAN,
        }
    };
    let column = |name: &str| -> Result<Vec<f64>> {
        let Some(variable) = file.find(name) else { return Ok(vec![f64::NAN; len]) };
        let values = unpack::whole(file, &variable)?;
        let quality = flags(&format!("{name}_QC"))?;
        Ok((0..len)
            .map(|index| {
                let is_out = quality.as_ref().is_some_and(|flags| is_bad(at_level(flags, index)));
                if is_out { f64::NAN } else { at_level(&values, index) }
            })
            .collect())
    };
    let (temperature, east, north) = (column("TEMP")?, column("EWCT")?, column("NSCT")?);
    let (of_place, of_time) = (flags("POSITION_QC")?, flags("TIME_QC")?);
    let is_rejected = |flags: &Option<Vec<f64>>, index: usize| {
        flags.as_ref().and_then(|flags| flags.get(index)).is_some_and(|flag| is_bad(*flag))
    };
    let sample = |index: usize| Sample {
        time: units.to_seconds(time[index]),
        day: f64::NAN,
        lat: lat[index],
        lon: lon[index],
        temperature: temperature[index],
        east: east[index],
        north: north[index],
    };
    let is_good = |index: &usize| {
        [time[*index], lat[*index], lon[*index]].iter().all(|value| value.is_finite())
            && !is_rejected(&of_place, *index)
            && !is_rejected(&of_time, *index)
    };
    Ok(Some((0..len).filter(is_good).map(sample).collect()))
}

/// Per sample the level of a depth.
fn levels(file: &NcFile, len: usize, depth: f64) -> Result<Option<Vec<Option<usize>>>> {
    let variable = file.variable("DEPH")?;
    let values = unpack::whole(file, &variable)?;
    let is_by_time = variable.dims.len() == 2;
    let width = if is_by_time { values.len() / len.max(1) } else { values.len() };
    let of_sample = |index: usize| {
        let from = if is_by_time { index * width } else { 0 };
        values[from..from + width].iter().position(|value| *value == depth)
    };
    let found: Vec<Option<usize>> = (0..len).map(of_sample).collect();
    Ok(found.iter().any(Option::is_some).then_some(found))
}

/// Degrees Celsius become kelvin.
fn to_kelvin(samples: &mut [Sample]) {
    let known = || samples.iter().map(|sample| sample.temperature).filter(|value| !value.is_nan());
    if known().all(|value| (-10.0..=100.0).contains(&value)) {
        for sample in samples {
            sample.temperature += 273.15;
        }
    }
}

/// With two samples without data in every gap, so that no line is drawn across it.
fn broken(samples: &[Sample], is_compat: bool) -> Vec<Sample> {
    let mut out: Vec<Sample> = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        if let Some(before) = out.last().copied()
            && sample.time - before.time > GAP
            // The reference does not see a gap after the first sample.
            && !(is_compat && index == 1)
        {
            let none = f64::NAN;
            let made = Sample { temperature: none, east: none, north: none, ..before };
            out.push(Sample { time: before.time + 1.0, ..made });
            out.push(Sample {
                time: sample.time - 1.0,
                lat: sample.lat,
                lon: sample.lon,
                day: sample.day,
                ..made
            });
        }
        out.push(*sample);
    }
    out
}

/// Samples of each month, and the first of the next one.
fn months(samples: &[Sample]) -> Result<Vec<(String, Vec<Sample>)>> {
    let name = |sample: &Sample| -> Result<String> {
        let (year, month, _) = time(sample)?.ymd();
        Ok(format!("{year:04}{month:02}"))
    };
    let mut out: Vec<(String, Vec<Sample>)> = Vec::new();
    for sample in samples {
        let name = name(sample)?;
        match out.last_mut() {
            Some((known, part)) if *known == name => part.push(*sample),
            before => {
                if let Some((_, part)) = before {
                    part.push(*sample);
                }
                out.push((name, vec![*sample]));
            }
        }
    }
    Ok(out)
}

fn time(sample: &Sample) -> Result<Time> {
    moment::from_seconds("TIME", sample.time)
}

/// Longitudes within half a circle of the middle sample's, the least in −180 to 180.
fn continue_longitudes(samples: &mut [Sample]) {
    let Some(middle) = samples.get(samples.len() / 2).map(|sample| sample.lon) else { return };
    for sample in samples.iter_mut() {
        sample.lon = middle + lattice::wrapped(sample.lon - middle);
    }
    let least = samples.iter().map(|sample| sample.lon).fold(f64::INFINITY, f64::min);
    let shift = lattice::wrapped(least) - least;
    for sample in samples {
        sample.lon += shift;
    }
}

fn fields(samples: &[Sample], depth: f64, is_with_day: bool, is_compat: bool) -> Vec<Field> {
    let depth = format!("{depth}m");
    let field = |name: &str, of: &dyn Fn(&Sample) -> f64, about: [(&str, &str); 3]| {
        let mut field = Field::new(name, Samples::F64(samples.iter().map(of).collect()));
        for (name, text) in about.into_iter().chain([("depth", depth.as_str())]) {
            if !text.is_empty() {
                field.attributes.set(name, text);
            }
        }
        field
    };
    let about = |units, long, standard| {
        [("units", units), ("long_name", long), ("standard_name", standard)]
    };
    let temperature = about("K", "Temperature", "sea_water_temperature");
    let east = about("m.s-1", "Eastward velocity", "eastward_sea_water_velocity");
    // The reference's unit of it is that of a length.
    let unit = if is_compat { "m" } else { "m.s-1" };
    let north = about(unit, "Northward velocity", "northward_sea_water_velocity");
    let mut speed = field("speed", &|s| s.east.hypot(s.north), about("m/s", "velocity norm", ""));
    speed.least = Some(0.0);
    let mut fields = vec![
        field("temperature", &|s| s.temperature, temperature).ranged(273.15, 315.5),
        field("eastward_velocity", &|s| s.east, east).ranged(-2.0, 2.0),
        field("northward_velocity", &|s| s.north, north).ranged(-2.0, 2.0),
        speed,
    ];
    if is_with_day {
        let days = samples.iter().map(|sample| sample.day).collect();
        let day = Field::new("day_in_month", Samples::F64(days)).ranged(1.0, 31.0);
        fields.push(day.with("units", Attribute::from("day in month")));
    }
    fields
}
