//! Which time steps a granule has something for, and which slice of its file each is made of.

use std::ops::Range;

use terracube_grid::{Grouping, Time, TimeAxis, TimeRange};
use terracube_raster::RasterFile;
use terracube_source::Granule;

use crate::{Cube, grouping};

impl Cube {
    /// The time steps that a granule may have something for: where bands are variables of its
    /// files, those that it was observed in, as a file may hold many; else the one it falls into.
    pub(crate) fn steps_of(&self, granule: &Granule) -> Range<u32> {
        let steps = match &self.schema().time {
            Some(axis) if self.goes_by_range(granule) => {
                axis.steps_of(&granule.time, self.longitude_of(axis, granule))
            }
            Some(_) => self.step_of(granule).map_or(0..0, |step| step..step + 1),
            None => 0..1,
        };
        let number = |step| u32::try_from(step).unwrap_or(u32::MAX);
        number(steps.start)..number(steps.end)
    }

    /// The band of a granule's file, by its number from 1, that a time step is made of: of a file
    /// with instants the one whose instant falls into the step. `None` when there is none.
    pub(crate) fn slice_of(
        &self,
        (granule, file): (&Granule, &RasterFile),
        step: u32,
        number: usize,
    ) -> Result<Option<usize>, String> {
        let times: Vec<Option<Time>> = match file {
            RasterFile::Cog(_) => Vec::new(),
            RasterFile::Local(local) => {
                // Whoever names a later one of a cube without time knows which it is.
                let is_named = self.schema().time.is_none() && number > 1;
                if let Some(reason) = local.times_missing().filter(|_| !is_named) {
                    return Err(format!("when its slices are of is not known: {reason}"));
                }
                local.bands().iter().map(|band| band.time).collect()
            }
        };
        let all = distinct(times.iter().flatten());
        let has = |n: usize| format!("it has {n} bands, not {number}");
        if all.len() > 1 {
            let Some(axis) = &self.schema().time else {
                return Err(format!(
                    "it has {} instants, and the cube has no time axis",
                    all.len()
                ));
            };
            let longitude = self.longitude_of(axis, granule);
            let falls = |time: Time| axis.step_of(time, longitude) == Some(step as usize);
            let within: Vec<usize> =
                (0..times.len()).filter(|i| times[*i].is_some_and(falls)).collect();
            let instants = distinct(within.iter().filter_map(|i| times[*i].as_ref()));
            return match (instants.len(), within.get(number - 1)) {
                (0, _) => Ok(None),
                (1, Some(band)) => Ok(Some(*band)),
                (1, None) => Err(has(within.len())),
                (several, _) => Err(format!(
                    "{several} of its instants fall into one step of the cube: give it a finer time axis"
                )),
            };
        }
        if number > file.bands() {
            return Err(has(file.bands()));
        }
        Ok(self.serves(granule, all.first().copied(), step as usize).then_some(number - 1))
    }

    /// Whether a file of one slice is of a step: one that was observed over several steps is of that
    /// of its instant, and where it tells none of all of them.
    fn serves(&self, granule: &Granule, instant: Option<Time>, step: usize) -> bool {
        let Some(axis) = self.schema().time.as_ref().filter(|_| self.goes_by_range(granule)) else {
            return true;
        };
        let Some(cell) = axis.step(step).map(|step| step.range()) else { return false };
        let longitude = self.longitude_of(axis, granule);
        let seen = axis.local(&granule.time, longitude);
        let Some(instant) = instant else { return cell.overlaps(&seen) };
        if cell.start <= seen.start && seen.end <= cell.end {
            return true;
        }
        let TimeRange { start, end } = granule.time;
        let named = self.step_of(granule);
        // A clock that its metadata contradicts is not believed.
        let is_by_name = !(start..=end).contains(&instant)
            || (axis.grouping() == Grouping::Instant && named.is_some());
        let of = if is_by_name { named } else { axis.step_of(instant, longitude) };
        of == Some(step)
    }

    /// The time step that a granule falls into by its nominal time.
    fn step_of(&self, granule: &Granule) -> Option<usize> {
        let axis = self.schema().time.as_ref()?;
        axis.step_of(granule.nominal_time(), self.longitude_of(axis, granule))
    }

    fn goes_by_range(&self, granule: &Granule) -> bool {
        granule.time.start < granule.time.end
            && self.schema().bands.iter().any(|band| band.variable.is_some())
    }

    fn longitude_of(&self, axis: &TimeAxis, granule: &Granule) -> Option<f64> {
        grouping::longitude(axis, self.geobox(), granule)
    }
}

fn distinct<'a>(times: impl Iterator<Item = &'a Time>) -> Vec<Time> {
    let mut times: Vec<_> = times.copied().collect();
    times.sort_unstable();
    times.dedup();
    times
}
