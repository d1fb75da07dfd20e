//! What the parts of a Sentinel-1 level 2 ocean product share: names, times, where its cells are.

use std::path::Path;

use terracube_grid::Time;

use super::picture::{Slab, slab};
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice::{self, SwathPlaces};
use crate::moment;
use crate::nc::{NcFile, NcVariable};
use crate::reader::{Input, base_name};
use crate::samples::Samples;

/// Versions of the processor from this one on tell times that are those of the measurement.
const TELLS_TIMES: f64 = 3.4;
/// Metres between cells.
const RESOLUTION: f64 = 1000.0;

/// A product of which one part is read.
pub(super) struct Ocean {
    pub(super) file: NcFile,
    /// The name granules have, without what tells sub-swaths apart.
    pub(super) id: String,
    coverage: (Time, Time),
    attributes: Attributes,
    /// The folder of the product.
    product: Option<String>,
}

/// The dimensions of a part, `owi` or `rvl`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) rows: &'static str,
    pub(super) cells: &'static str,
    /// The dimension of sub-swaths, with the one that is meant.
    pub(super) swath: Option<(&'static str, usize)>,
}

/// The least box of cells that holds all whose coordinates are there.
#[derive(Debug)]
pub(super) struct Cut {
    first: (usize, usize),
    /// Cells of a row before it was cut.
    width: usize,
    pub(super) places: SwathPlaces,
}

impl Ocean {
    pub(super) fn open(input: &Input) -> Result<Self> {
        let file = NcFile::open(&input.path)?;
        let attributes = file.attributes();
        let mut id = base_name(&input.path);
        let told = |name: &str| {
            attributes.text(name).ok_or_else(|| {
                Error::input(&input.path, format!("there is no global attribute `{name}`"))
            })
        };
        let version = match attributes.text("IPFversion") {
            None => 0.0,
            Some(text) => text.trim().parse::<f64>().map_err(|_| {
                Error::input(&input.path, format!("`IPFversion` is `{text}`, not a number"))
            })?,
        };
        let coverage = if version < TELLS_TIMES {
            let (coverage, unique) = of_source(&told("sourceProduct")?)?;
            id = format!("{id}_{unique}");
            coverage
        } else {
            let time = |name: &str| moment::parse(name, &told(name)?, None);
            (time("firstMeasurementTime")?, time("lastMeasurementTime")?)
        };
        let product = product(&input.path);
        Ok(Self { attributes: described(attributes), file, id, coverage, product })
    }

    /// A variable of a part, with its values.
    pub(super) fn read(&self, name: &str, part: Part) -> Result<(NcVariable, Samples)> {
        let variable = self.file.variable(name)?;
        let at: Vec<(&str, usize)> = part.swath.into_iter().collect();
        let rows = self.file.dimension(part.rows).unwrap_or(0);
        let place = Slab { at: &at, rows: part.rows, cols: part.cells, window: (0, rows) };
        let samples = slab(&self.file, &variable, &place)?;
        Ok((variable, samples))
    }

    /// Where the cells of a part are; none when all coordinates are masked.
    pub(super) fn cut(&self, lat: &str, lon: &str, part: Part) -> Result<Option<Cut>> {
        let rows = self.file.dimension(part.rows).unwrap_or(0);
        let (lat, lon) = (self.read(lat, part)?.1.to_f64(), self.read(lon, part)?.1.to_f64());
        Ok(Cut::around(&lat, &lon, rows))
    }

    /// The granule of fields that were cut.
    pub(super) fn granule(
        &self,
        own: &str,
        cut: &Cut,
        fields: Vec<Field>,
        input: &Input,
    ) -> Result<Granule> {
        let size = (cut.places.rows, cut.places.cells);
        let lattice =
            lattice::swath(&cut.places, size, &input.input, &input.output).map_err(|cause| {
                match cause {
                    Error::Option { key, reason } if key == "geoloc_spacing" => {
                        Error::input(&input.path, reason)
                    }
                    cause => cause,
                }
            })?;
        let overrides = input.input.pairs("global_overrides")?;
        let mut attributes = idf::copied(&self.attributes, &overrides, input.is_compat);
        if let (Some(name), None) = (&self.product, attributes.get("L2_SAFE")) {
            attributes.set("L2_SAFE", name.as_str());
        }
        Ok(Granule {
            id: input.id(own),
            lattice,
            coverage: self.coverage,
            times: Vec::new(),
            resolution: RESOLUTION,
            crs: None,
            attributes,
            fields,
        })
    }
}

impl Cut {
    fn around(lat: &[f64], lon: &[f64], rows: usize) -> Option<Self> {
        let width = lat.len().checked_div(rows)?;
        let is_there = |at: &usize| lat[*at].is_finite() && lon[*at].is_finite();
        let (mut least, mut most) = ((usize::MAX, usize::MAX), (0, 0));
        for at in (0..lat.len()).filter(is_there) {
            let (row, cell) = (at / width, at % width);
            least = (least.0.min(row), least.1.min(cell));
            most = (most.0.max(row + 1), most.1.max(cell + 1));
        }
        if most == (0, 0) {
            return None;
        }
        let places = SwathPlaces {
            lat: Vec::new(),
            lon: Vec::new(),
            rows: most.0 - least.0,
            cells: most.1 - least.1,
        };
        let mut cut = Self { first: least, width, places };
        cut.places.lat = cut.indices().map(|at| lat[at]).collect();
        cut.places.lon = cut.indices().map(|at| lon[at]).collect();
        Some(cut)
    }

    /// Whether it has an area: rows and cells to lie between.
    pub(super) fn is_plane(&self) -> bool {
        self.places.rows >= 2 && self.places.cells >= 2
    }

    /// The values that lie in it.
    pub(super) fn of(&self, samples: &Samples) -> Samples {
        samples.select(self.indices())
    }

    fn indices(&self) -> impl Iterator<Item = usize> {
        let ((row, cell), width) = (self.first, self.width);
        let cells = self.places.cells;
        (row..row + self.places.rows)
            .flat_map(move |row| (cell..cell + cells).map(move |cell| row * width + cell))
    }
}

/// First and last moment by the name of the product that was the source, and its last part.
fn of_source(name: &str) -> Result<((Time, Time), String)> {
    let name = name.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('_').collect();
    let time = |part: &&str| moment::parse("sourceProduct", part, Some("%Y%m%dT%H%M%S")).ok();
    let times: Vec<Time> = parts.iter().filter_map(time).collect();
    match (times.as_slice(), parts.last()) {
        ([first, last, ..], Some(unique)) => Ok(((*first, *last), (*unique).to_owned())),
        _ => Err(Error::Time {
            what: "attribute sourceProduct".to_owned(),
            text: name.to_owned(),
            reason: "two times like 20230105T060000 were expected between its `_`".to_owned(),
        }),
    }
}

/// What is known of every such product, above what the file says.
fn described(mut attributes: Attributes) -> Attributes {
    let satellite = attributes.text("missionName").and_then(|name| name.trim().chars().last());
    let platform = format!("Sentinel-1{}", satellite.map(String::from).unwrap_or_default());
    let known = [("institution", "ESA"), ("platform", &platform), ("sensor", "C-SAR")];
    super::set_texts(&mut attributes, &known);
    attributes
}

/// The name of the product's folder, that of `measurement`.
fn product(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let folder = path.parent()?.parent()?.file_name()?;
    Some(folder.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Cut, of_source};
    use crate::moment;

    #[test]
    fn the_box_holds_all_coordinates_that_are_there() {
        const NO: f64 = f64::NAN;
        let lat = [NO, NO, NO, NO, NO, 1.0, NO, NO, NO, 2.0, 3.0, NO];
        let cut = Cut::around(&lat, &lat, 3).unwrap();
        assert_eq!((cut.places.rows, cut.places.cells), (2, 2));
        assert_eq!(cut.indices().collect::<Vec<_>>(), [5, 6, 9, 10]);
        assert!(Cut::around(&[NO; 4], &[NO; 4], 2).is_none());
    }

    #[test]
    fn a_source_tells_its_times_however_its_type_is_written() {
        for name in [
            "S1A_IW_SL1__1_DV_20230105T060003_20230105T060024_046655_059790_1234.SAFE",
            "/a/S1A_IW_SLC__1SDV_20230105T060003_20230105T060024_046655_059790_1234",
        ] {
            let ((first, last), unique) = of_source(name).unwrap();
            assert_eq!(moment::stamp(first), "2023-01-05T06:00:03.000000Z");
            assert_eq!(moment::stamp(last), "2023-01-05T06:00:24.000000Z");
            assert_eq!(unique, "1234");
        }
        assert!(of_source("nonsense").unwrap_err().to_string().contains("nonsense"));
    }
}
