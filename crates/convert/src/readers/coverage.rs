//! First and last moment of a granule.

use std::path::Path;

use terracube_grid::Time;

use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::moment::{self, TimeUnits};
use crate::nc::NcFile;
use crate::options::Options;
use crate::unpack;

/// Times of a file's steps; masked ones are none.
pub(super) fn times(file: &NcFile, input: &Options) -> Result<Vec<Option<Time>>> {
    if let Some(text) = input.get("indicative_time") {
        let format = input.get("time_coverage_format");
        return Ok(vec![Some(moment::parse("indicative_time", text, format)?)]);
    }
    let Some(name) = input.get("time_variable") else { return Ok(vec![None]) };
    let variable = file.variable(name)?;
    let own = variable.attributes.text("units");
    let Some(units) = input.get("time_units").map(str::to_owned).or(own) else {
        return Err(Error::input(
            file.path(),
            format!("the time variable `{name}` has no units: give time_units"),
        ));
    };
    let units = TimeUnits::parse(&units, variable.attributes.text("calendar").as_deref())?;
    let offset = input.number("time_offset")?.unwrap_or(0.0);
    let values = unpack::whole(file, &variable)?;
    let time = |value: f64| {
        let seconds = units.to_seconds(value + offset);
        moment::from_seconds(&format!("variable `{name}`"), seconds).map(Some)
    };
    values.into_iter().map(|value| if value.is_nan() { Ok(None) } else { time(value) }).collect()
}

/// The coverage of a step: by bounds relative to its time, else by the file's attributes.
pub(super) fn of_step(
    file: &NcFile,
    time: Option<Time>,
    (attributes, overrides): (&Attributes, &Options),
    input: &Options,
    are_several: bool,
) -> Result<(Time, Time)> {
    of(file.path(), time, (attributes, overrides), input, are_several)
}

/// The coverage of a step of any kind of file.
pub(super) fn of(
    path: &Path,
    time: Option<Time>,
    (attributes, overrides): (&Attributes, &Options),
    input: &Options,
    are_several: bool,
) -> Result<(Time, Time)> {
    let relative = ["time_coverage_relative_start", "time_coverage_relative_end"];
    let are_both = relative.iter().all(|key| input.get(key).is_some());
    let side = |index: usize, names: [&str; 3]| -> Result<Time> {
        if let (true, Some(time)) = (are_both || are_several, time)
            && let Some(bound) = relative_bound(time, relative[index], input)?
        {
            return Ok(bound);
        }
        if !are_several || overrides.get(names[0]).is_some() {
            let told = |name: &&str| {
                overrides.get(name).map(str::to_owned).or_else(|| attributes.text(name))
            };
            if let Some(mut text) =
                names.iter().find_map(told).filter(|text| !text.trim().is_empty())
            {
                if let Some(suffix) = input.get(&format!("{}_suffix", names[0])) {
                    text.push_str(suffix);
                }
                return moment::parse(names[0], &text, input.get("time_coverage_format"));
            }
        }
        if let Some(time) = time {
            return Ok(relative_bound(time, relative[index], input)?.unwrap_or(time));
        }
        Err(Error::input(
            path,
            format!(
                "the time it covers is not told: give time_variable, indicative_time, or {} by \
                 global_overrides",
                names[0]
            ),
        ))
    };
    let start = side(0, ["time_coverage_start", "start_time", "start_date"])?;
    let end = side(1, ["time_coverage_end", "stop_time", "stop_date"])?;
    if start > end {
        return Err(Error::input(
            path,
            format!("the time it covers ends ({end}) before it begins ({start})"),
        ));
    }
    Ok((start, end))
}

fn relative_bound(time: Time, key: &str, input: &Options) -> Result<Option<Time>> {
    Ok(match input.get(key) {
        None => None,
        Some("month_beginning") => Some(moment::month(time)?.0),
        Some("month_end") => Some(moment::month(time)?.1),
        Some(text) => {
            let seconds = text.parse::<f64>().map_err(|_| {
                Error::option(
                    key,
                    format!("`{text}` is neither seconds nor month_beginning nor month_end"),
                )
            })?;
            Some(moment::later(time, seconds)?)
        }
    })
}
