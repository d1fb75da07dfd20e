//! RTOFS: forecasts of the ocean on a tripolar grid, which is read as a swath.

use super::coverage;
use super::ghrsst_l2p::track;
use super::picture::{Override, Slab, slab};
use crate::error::{Error, Result};
use crate::granule::Granule;
use crate::idf;
use crate::moment;
use crate::nc::NcFile;
use crate::reader::{Input, Reader, Reading, Sink};

/// Metres: a twelfth of a degree.
const RESOLUTION: f64 = 9258.0;

/// `rtofs`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rtofs;

impl Reader for Rtofs {
    fn name(&self) -> &'static str {
        "rtofs"
    }

    fn about(&self) -> &'static str {
        "RTOFS forecasts: the first time and layer of variables on a curvilinear grid"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let file = NcFile::open(&input.path)?;
        let Some(track) = track(&file, "Latitude", "Longitude")? else {
            return Ok(Reading::Nothing("all coordinates are masked".to_owned()));
        };
        let mut options = input.input.clone();
        if options.get("time_variable").is_none() {
            options.set("time_variable", "MT");
        }
        let Some(Some(time)) = coverage::times(&file, &options)?.first().copied() else {
            return Ok(Reading::Nothing("the time is masked".to_owned()));
        };
        let names = options.names("variables");
        if names.is_empty() {
            return Err(Error::option("variables", "is missing: name the variables to convert"));
        }
        let mut fields = Vec::new();
        for name in &names {
            let variable = file.variable(name)?;
            let is_plane = |dim: &String| *dim == track.rows || *dim == track.cells;
            let others = variable.dims.iter().filter(|dim| !is_plane(dim));
            let at: Vec<(&str, usize)> = others.map(|dim| (dim.as_str(), 0)).collect();
            let place =
                Slab { at: &at, rows: &track.rows, cols: &track.cells, window: track.window };
            let samples = slab(&file, &variable, &place)?;
            let mut field = Override::unmasked(name, &options)?.field(&variable, samples);
            // The range is always that of the data.
            (field.least, field.most) = (None, None);
            fields.push(field);
        }
        let overrides = options.pairs("global_overrides")?;
        let lattice = track.lattice(&file, &options, &input.output)?;
        let own = format!("{}_{}", input.base_name(), moment::compact(time));
        sink(Granule {
            id: input.id(&own),
            lattice,
            coverage: (time, moment::later(time, 3600.0)?),
            times: Vec::new(),
            resolution: RESOLUTION,
            crs: None,
            attributes: idf::copied(&file.attributes(), &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}
