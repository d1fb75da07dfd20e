//! Windows of cubes as IDF.

use std::path::{Path, PathBuf};

use terracube_convert::{Error, Field, Granule, Options, Outcome, Reading, write_granules};
use terracube_cube::{Cube, Loaded, LoadedBand};
use terracube_grid::{Time, TimeRange};

/// Writes a window of a cube as IDF 1.0, below a folder: a granule for each time step, a variable
/// for each band, in physical units. `time` is what a cube without time covers. Ranges of bands are
/// those of all steps together, so that colours mean the same in all of them, where `options` tell
/// no other (`override(BAND)`). Options of the output are the converter's; `collection` is the
/// cube's name where they do not tell it. `id_prefix` and `id_suffix` are put around the names of
/// granules as they are.
///
/// Folders of granules are given back, relative to `out`; there are none where no pixel is valid.
///
/// # Errors
/// [`Error::Option`] for a cube without time when `time` is missing, and for what
/// [`Options::check_granules`] refuses; any of the converter's. Then nothing is left behind.
pub fn write_idf(
    cube: &Cube,
    loaded: &Loaded,
    time: Option<TimeRange>,
    out: &Path,
    options: &Options,
) -> Result<Vec<PathBuf>, Error> {
    let name = cube.schema().name.as_str();
    options.check_granules()?;
    let output = options.over(&Options::of([("collection", name)]));
    let affix = |key| output.get(key).unwrap_or_default();
    let (prefix, suffix) = (affix("id_prefix"), affix("id_suffix"));
    let steps: Vec<(String, (Time, Time))> = if loaded.steps.is_empty() {
        let is_open = |time: &TimeRange| time.start == Time::MIN || time.end == Time::MAX;
        let Some(time) = time.filter(|time| !is_open(time)) else {
            return Err(Error::Option {
                key: "time".to_owned(),
                reason: format!("the cube `{name}` has no time: say what time the window is of"),
            });
        };
        vec![(name.to_owned(), (time.start, time.end))]
    } else {
        let of = |step: &terracube_grid::TimeStep| {
            // Colons and the like are in no name of a folder everywhere.
            let label: String = step.label.chars().filter(|c| !matches!(c, ':' | '/')).collect();
            (format!("{name}_{label}"), (step.start, step.end))
        };
        loaded.steps.iter().map(of).collect()
    };
    let ranges: Vec<Option<(f64, f64)>> = loaded.bands.iter().map(range).collect();
    let outcome = write_granules(out, &output, false, |sink| {
        let mut reading = Reading::Nothing("no pixel is valid".to_owned());
        for (index, (id, coverage)) in steps.into_iter().enumerate() {
            let mut granule = Granule::on_grid(
                format!("{prefix}{id}{suffix}"),
                &loaded.geobox,
                coverage,
                &output,
            )?;
            granule.attributes.set("title", name);
            for (band, range) in loaded.bands.iter().zip(&ranges) {
                let Some(raster) = band.rasters.get(index) else { continue };
                let mut field = Field::of_raster(&band.band.name, raster, scale_offset(band));
                if let Some((least, most)) = *range {
                    field = field.ranged(least, most);
                }
                let texts = [("units", &band.band.units), ("long_name", &band.band.long_name)];
                for (key, text) in texts {
                    if let Some(text) = text {
                        field.attributes.set(key, text.as_str());
                    }
                }
                granule.fields.push(field.overridden(options)?);
            }
            if granule.fields.iter().any(|field| !field.samples.is_all_missing()) {
                sink(granule)?;
                reading = Reading::Done;
            }
        }
        Ok(reading)
    })?;
    match outcome {
        Outcome::Converted(granules) => Ok(granules),
        Outcome::Skipped(_) => Ok(Vec::new()),
    }
}

fn scale_offset(band: &LoadedBand) -> (f64, f64) {
    (band.band.scale.unwrap_or(1.0), band.band.offset.unwrap_or(0.0))
}

/// The physical range of a band over all steps.
fn range(band: &LoadedBand) -> Option<(f64, f64)> {
    let of = |raster| Field::of_raster("", raster, scale_offset(band)).samples.extremes();
    let both = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    band.rasters.iter().filter_map(of).reduce(both)
}
