//! What is asked of a cube: an area, a time, bands.

use std::ops::Range;

use terracube_grid::{Bounds, ProjectedRegion, Region, TimeRange};

use crate::{Cube, Error, Patch, Result};

/// An area and a time. Nothing set means all of the cube.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The area.
    pub region: Option<Region>,
    /// The time.
    pub time: Option<TimeRange>,
}

impl Request {
    /// All of the cube.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// An area, at all times.
    #[must_use]
    pub fn region(region: Region) -> Self {
        Self { region: Some(region), time: None }
    }

    /// Narrows to a time.
    #[must_use]
    pub fn time(mut self, time: TimeRange) -> Self {
        self.time = Some(time);
        self
    }

    /// The time steps asked.
    pub(crate) fn steps(&self, cube: &Cube) -> Result<Range<u32>> {
        let all = cube.patches().counts()[0];
        let range = match (&self.time, &cube.schema().time) {
            (Some(time), Some(axis)) => axis.range_of(time),
            _ => 0..all,
        };
        if range.is_empty() {
            let steps = cube.steps();
            let label = |i: Option<&terracube_grid::TimeStep>| {
                i.map(|s| s.start.to_string()).unwrap_or_default()
            };
            return Err(Error::OutsideTime {
                cube: cube.schema().name.clone(),
                asked: self.time.as_ref().map(ToString::to_string).unwrap_or_default(),
                axis: format!("{} … {}", label(steps.first()), label(steps.last())),
            });
        }
        Ok(narrow(range.start)..narrow(range.end))
    }

    /// The area in the cube's CRS, or `None` for all of the cube.
    pub(crate) fn project(&self, cube: &Cube) -> Result<Option<ProjectedRegion>> {
        self.region.as_ref().map(|r| Ok(r.project(&cube.geobox().crs)?)).transpose()
    }

    /// The patches asked for, in time, row, column order.
    pub(crate) fn patches(&self, cube: &Cube) -> Result<Vec<Patch>> {
        let steps = self.steps(cube)?;
        let places = self.places(cube)?;
        let patch = |time, &(row, col): &(u32, u32)| Patch { time, row, col };
        Ok(steps.flat_map(|time| places.iter().map(move |place| patch(time, place))).collect())
    }

    /// The smallest block of patches that holds those asked for: times, rows, columns.
    pub(crate) fn block(patches: &[Patch]) -> [Range<u32>; 3] {
        let span = |part: fn(&Patch) -> u32| {
            let values = patches.iter().map(part);
            let (low, high) = values.fold((u32::MAX, 0), |(l, h), v| (l.min(v), h.max(v + 1)));
            low.min(high)..high
        };
        [span(|p| p.time), span(|p| p.row), span(|p| p.col)]
    }

    fn places(&self, cube: &Cube) -> Result<Vec<(u32, u32)>> {
        let grid = cube.patches();
        let [_, rows, cols] = grid.counts();
        let Some(region) = self.project(cube)? else {
            let all = (0..narrow(rows)).flat_map(|r| (0..narrow(cols)).map(move |c| (r, c)));
            return Ok(all.collect());
        };
        let places = grid.touched_by(&region);
        if places.is_empty() {
            let extent = describe(&cube.geobox().bounds(), cube);
            return Err(Error::OutsideCube { cube: cube.schema().name.clone(), extent });
        }
        Ok(places)
    }
}

fn describe(bounds: &Bounds, cube: &Cube) -> String {
    let Bounds { min_x, min_y, max_x, max_y } = bounds;
    let mut text = format!("{min_x},{min_y},{max_x},{max_y} in {}", cube.geobox().crs);
    if !cube.geobox().crs.is_geographic()
        && let Ok(region) = Region::from_geobox(cube.geobox())
    {
        for b in region.bbox_wgs84() {
            text +=
                &format!(" (lon/lat {:.3},{:.3},{:.3},{:.3})", b.min_x, b.min_y, b.max_x, b.max_y);
        }
    }
    text
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
