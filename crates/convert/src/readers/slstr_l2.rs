//! Sentinel-3 SLSTR level 2: sea surface temperature and wind of a WST product.

use super::ghrsst_l2p::{Track, track};
use super::picture::{Slab, slab};
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::moment::{self, TimeUnits};
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;
use crate::unpack;

/// Values of lower quality are masked.
const LEAST_QUALITY: f64 = 3.0;

/// `sentinel3/slstr/L2`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlstrL2;

impl Reader for SlstrL2 {
    fn name(&self) -> &'static str {
        "sentinel3/slstr/L2"
    }

    fn about(&self) -> &'static str {
        "Sentinel-3 SLSTR level 2 WST: the .nc file of the folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        refuse_not_timely(&file)?;
        let options = &input.input;
        let Some(track) = track(&file, "lat", "lon")? else {
            return Ok(Reading::Nothing("all coordinates are masked".to_owned()));
        };
        let quality = samples(&file, "quality_level", &track)?;
        let mut fields = Vec::new();
        for (name, least, most) in
            [("sea_surface_temperature", 270.15, 310.15), ("wind_speed", 0.0, 25.4)]
        {
            let mut values = samples(&file, name, &track)?;
            values.change(|at, value| {
                // A comparison with a masked quality is false as well.
                if quality.get(at) >= LEAST_QUALITY { value } else { f64::NAN }
            });
            let mut field = Field::new(name, values).ranged(least, most);
            field.attributes = file.variable(name)?.attributes;
            if name == "wind_speed" && field.attributes.get("long_name").is_none() {
                field.attributes.set("long_name", "wind speed");
            }
            fields.push(field);
        }
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("no value has a quality of 3 or more".to_owned()));
        }
        let mut of_file = file.attributes();
        super::set_texts(
            &mut of_file,
            &[
                ("platform", "Sentinel-3"),
                ("platform_type", "leo satellite"),
                ("sensor", "SLSTR"),
                ("sensor_type", "dual scan temperature radiometer"),
                ("institution", "Eumetsat"),
            ],
        );
        let overrides = options.pairs("global_overrides")?;
        let lattice = track.lattice(&file, options, &input.output)?;
        sink(Granule {
            id: input.id(&input.base_name()),
            lattice,
            coverage: coverage(&file, &track)?,
            times: Vec::new(),
            resolution: 1000.0,
            crs: None,
            attributes: idf::copied(&of_file, &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}

/// Products of the archive hold what this reader does not expect.
fn refuse_not_timely(file: &NcFile) -> Result<()> {
    let manifest = file.path().with_file_name("xfdumanifest.xml");
    let Ok(text) = std::fs::read_to_string(&manifest) else { return Ok(()) };
    let timeliness = text.split("timeliness>").nth(1).map(|rest| rest.trim_start());
    if timeliness.is_some_and(|found| found.starts_with("NT")) {
        return Err(Error::input(&manifest, "the product is not near real time (timeliness NT)"));
    }
    Ok(())
}

fn samples(file: &NcFile, name: &str, track: &Track) -> Result<Samples> {
    let place = Slab { at: &[], rows: &track.rows, cols: &track.cells, window: track.window };
    slab(file, &file.variable(name)?, &place)
}

/// From the first to the last of the pixels' times.
fn coverage(file: &NcFile, track: &Track) -> Result<(terracube_grid::Time, terracube_grid::Time)> {
    let time = file.variable("time")?;
    let units = time.attributes.text("units").unwrap_or_default();
    let units = TimeUnits::parse(&units, time.attributes.text("calendar").as_deref())?;
    let first = unpack::whole(file, &time)?.first().copied().unwrap_or(f64::NAN);
    let (least, most) = samples(file, "sst_dtime", track)?.extremes().unwrap_or((0.0, 0.0));
    let at = |later: f64| moment::from_seconds("variable `time`", units.to_seconds(first) + later);
    Ok((at(least)?, at(most)?))
}
