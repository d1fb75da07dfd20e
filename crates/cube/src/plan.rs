//! What a fill would do: the patches wanted, those missing, and the granules to read for them.

use std::fmt;

use futures::StreamExt;
use serde::Serialize;
use terracube_grid::{ProjectedRegion, Region, Time};
use terracube_raster::MosaicRule;
use terracube_source::{Asset, Granule, Query};
use tracing::Instrument;

use crate::cube::BoundSource;
use crate::ledger::Known;
use crate::pipeline::stage;
use crate::{Cube, Error, Harmonise, Patch, PatchState, Request, Result, harmonise};

/// Which patches count as work to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Want {
    /// Missing and failed ones.
    #[default]
    Unsettled,
    /// Failed ones only.
    Failed,
    /// Missing and failed ones, and those that were empty: the source may have something now.
    AlsoEmpty,
}

/// What a fill would do. Making it reads the ledger and asks the source; nothing is written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Patches that the area and time touch.
    pub wanted: usize,
    /// Of these, already filled.
    pub filled: usize,
    /// Of these, known to have nothing.
    pub empty: usize,
    /// Of these, failed earlier; they are in `jobs` again.
    pub failed: usize,
    /// The work: one entry for each patch to fill.
    pub jobs: Vec<Job>,
    /// The granules that the jobs read, each once.
    pub granules: Vec<Granule>,
    /// Bytes to read, estimated from what the source says of its assets.
    pub bytes: u64,
    /// What deserves attention: bands whose assets are missing or say another scale.
    pub warnings: Vec<String>,
    links: Vec<u32>,
    /// What counted as work.
    pub(crate) want: Want,
    /// Settled patches that the summary does not know.
    pub(crate) unsummarized: Vec<(Patch, PatchState)>,
    /// Patches to fill that the summary takes for empty.
    pub(crate) reopened: Vec<Patch>,
}

/// One patch to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// The patch.
    pub patch: Patch,
    first: u32,
    count: u32,
}

/// The figures of a plan, for machines.
#[derive(Debug, Clone, Serialize)]
pub struct PlanSummary<'a> {
    /// Patches that the area and time touch.
    pub wanted: usize,
    /// Of these, already filled.
    pub filled: usize,
    /// Of these, known to have nothing.
    pub empty: usize,
    /// Of these, failed earlier.
    pub failed: usize,
    /// Patches to fill.
    pub missing: usize,
    /// Bytes to read, estimated.
    pub bytes_estimate: u64,
    /// The ids of the granules to read.
    pub granules: Vec<&'a str>,
    /// Time steps that have granules, each with how many.
    pub groups: Vec<(u32, usize)>,
    /// The patches to fill.
    pub patches: Vec<Patch>,
    /// What deserves attention.
    pub warnings: &'a [String],
}

impl Plan {
    /// Whether there is nothing to fill.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The granules of a job, in the order of the mosaic.
    pub fn granules_of(&self, job: &Job) -> impl Iterator<Item = &Granule> {
        let (first, count) = (job.first as usize, job.count as usize);
        self.links[first..first + count].iter().map(|i| &self.granules[*i as usize])
    }

    /// How many granules each time step has that has any, with the step's index in the cube.
    #[must_use]
    pub fn groups(&self) -> Vec<(u32, usize)> {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for job in &self.jobs {
            let (first, count) = (job.first as usize, job.count as usize);
            pairs.extend(self.links[first..first + count].iter().map(|i| (job.patch.time, *i)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let steps = pairs.chunk_by(|a, b| a.0 == b.0);
        steps.map(|step| (step[0].0, step.len())).collect()
    }

    /// The figures, for machines.
    #[must_use]
    pub fn summary(&self) -> PlanSummary<'_> {
        PlanSummary {
            wanted: self.wanted,
            filled: self.filled,
            empty: self.empty,
            failed: self.failed,
            missing: self.jobs.len(),
            bytes_estimate: self.bytes,
            granules: self.granules.iter().map(|g| g.id.as_str()).collect(),
            groups: self.groups(),
            patches: self.jobs.iter().map(|j| j.patch).collect(),
            warnings: &self.warnings,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, filled, empty, failed, .. } = self;
        write!(f, "{wanted} patches wanted: {filled} filled, {empty} empty, ")?;
        write!(f, "{} to fill", self.jobs.len())?;
        if *failed > 0 {
            write!(f, " ({failed} of them failed earlier)")?;
        }
        let (count, bytes) = (self.granules.len(), crate::human::bytes(self.bytes));
        write!(f, "; {count} granules to read, about {bytes}")
    }
}

impl Cube {
    /// What a fill of an area and time would do. Writes nothing.
    ///
    /// # Errors
    /// [`Error::OutsideCube`], [`Error::OutsideTime`], [`Error::NoSource`] when something is
    /// missing and no source is bound; what store and source say.
    pub async fn plan(&self, request: &Request) -> Result<Plan> {
        self.plan_for(request, Want::default()).await
    }

    /// As [`plan`](Self::plan), with a choice of what counts as work.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_for(&self, request: &Request, want: Want) -> Result<Plan> {
        self.plan_of(&request.patches(self)?, want).await
    }

    /// What a fill of these patches would do.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_patches(&self, patches: &[Patch]) -> Result<Plan> {
        self.plan_of(patches, Want::default()).await
    }

    pub(crate) async fn plan_of(&self, patches: &[Patch], want: Want) -> Result<Plan> {
        let mut plan = self.sort_out(patches, want).await?;
        if plan.jobs.is_empty() {
            return Ok(plan);
        }
        let Some(bound) = self.source() else {
            let (cube, missing) = (self.schema().name.clone(), plan.jobs.len());
            return Err(Error::NoSource { cube, missing });
        };
        let found = self.search(bound, &plan).instrument(stage::search()).await?;
        self.assign(&mut plan, found)?;
        Ok(plan)
    }

    async fn sort_out(&self, patches: &[Patch], want: Want) -> Result<Plan> {
        let block = Request::block(patches);
        let known = self.ledger().await?.look(&block).await?;
        let [times, rows, cols] = &block;
        let mut plan = Plan {
            wanted: patches.len(),
            filled: 0,
            empty: 0,
            failed: 0,
            jobs: Vec::new(),
            granules: Vec::new(),
            bytes: 0,
            warnings: Vec::new(),
            links: Vec::new(),
            want,
            unsummarized: Vec::new(),
            reopened: Vec::new(),
        };
        for &patch in patches {
            let row = (patch.time - times.start) as usize * rows.len()
                + (patch.row - rows.start) as usize;
            let Known { state, stored } =
                known[row * cols.len() + (patch.col - cols.start) as usize];
            let wanted = match state {
                PatchState::Missing => want != Want::Failed,
                PatchState::Failed => true,
                PatchState::Empty => want == Want::AlsoEmpty,
                PatchState::Filled => false,
            };
            plan.filled += usize::from(state == PatchState::Filled);
            plan.empty += usize::from(state == PatchState::Empty);
            plan.failed += usize::from(state == PatchState::Failed);
            if wanted {
                plan.jobs.push(Job { patch, first: 0, count: 0 });
                if stored.is_some() {
                    plan.reopened.push(patch);
                }
            } else if state.is_settled() && stored.is_none() {
                plan.unsummarized.push((patch, state));
            }
        }
        Ok(plan)
    }

    /// The granules that may touch the missing patches: a patch is filled whole, so its own extent
    /// is asked for, not the caller's area.
    async fn search(&self, bound: &BoundSource, plan: &Plan) -> Result<Vec<Granule>> {
        let patches: Vec<_> = plan.jobs.iter().map(|j| j.patch).collect();
        let [times, rows, cols] = Request::block(&patches);
        let corner = |time, row, col| self.patches().geobox(Patch { time, row, col }).bounds();
        let bounds =
            corner(0, rows.start, cols.start).union(&corner(0, rows.end - 1, cols.end - 1));
        let mut query = Query::default();
        query.region = Some(Region::in_crs(bounds, &self.geobox().crs)?);
        if let Some(axis) = &self.schema().time {
            let mut range = axis.search_range(times.start as usize..times.end as usize);
            if self.schema().bands.iter().any(|band| band.variable.is_some()) {
                // The last slice of a file may be of the moment that its range ends at.
                range.start = Time::from_micros(range.start.micros() - 1).unwrap_or(range.start);
            }
            query.time = Some(range);
        }
        let mut granules = Vec::new();
        let mut stream = bound.source.search(&query, &bound.access);
        while let Some(granule) = stream.next().await {
            granules.push(granule?);
        }
        granules.sort_by(|a, b| self.schema().mosaic.order.compare(a, b));
        granules.dedup_by(|a, b| a.id == b.id && a.collection == b.collection);
        Ok(granules)
    }

    fn assign(&self, plan: &mut Plan, found: Vec<Granule>) -> Result<()> {
        let jobs: std::collections::HashMap<Patch, u32> =
            (0u32..).zip(&plan.jobs).map(|(i, job)| (job.patch, i)).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for granule in found {
            let times = self.steps_of(&granule);
            let area = self.area_of(&granule)?;
            let index = u32::try_from(plan.granules.len()).unwrap_or(u32::MAX);
            let before = pairs.len();
            match &area {
                Some(area) => {
                    for (row, col) in self.patches().touched_by(area) {
                        for time in times.clone() {
                            if let Some(job) = jobs.get(&Patch { time, row, col }) {
                                pairs.push((*job, index));
                            }
                        }
                    }
                }
                // Where it lies is not known before its file is read.
                None => {
                    let at_time = jobs.iter().filter(|(patch, _)| times.contains(&patch.time));
                    pairs.extend(at_time.map(|(_, job)| (*job, index)));
                }
            }
            if pairs.len() > before {
                plan.bytes += self.estimate(&granule, area.as_ref(), pairs.len() - before);
                self.warn(&granule, &mut plan.warnings);
                plan.granules.push(granule);
            }
        }
        self.check_scales(plan)?;
        pairs.sort_unstable();
        let mut next = 0;
        for (i, job) in (0u32..).zip(&mut plan.jobs) {
            job.first = next;
            while pairs.get(next as usize).is_some_and(|(j, _)| *j == i) {
                next += 1;
            }
            job.count = next - job.first;
        }
        plan.links = pairs.into_iter().map(|(_, granule)| granule).collect();
        Ok(())
    }

    /// Where a granule lies on the cube's grid: its assets' own grid is more precise than a
    /// footprint. `None` when neither is known.
    fn area_of(&self, granule: &Granule) -> Result<Option<ProjectedRegion>> {
        let crs = &self.geobox().crs;
        let geobox = self.assets(granule).find_map(|(_, asset)| asset.geobox.as_ref());
        let region = match geobox {
            Some(geobox) => Some(Region::from_geobox(geobox)?),
            None => granule.footprint()?,
        };
        Ok(region.map(|r| r.project(crs)).transpose()?)
    }

    fn estimate(&self, granule: &Granule, area: Option<&ProjectedRegion>, patches: usize) -> u64 {
        let [rows, cols] = self.patches().shape();
        let (x, y) = self.geobox().resolution();
        let wanted = (rows * cols * patches) as f64 * (x * y).abs();
        let whole = area
            .map_or(wanted, |area| area.bounds().width() * area.bounds().height())
            .max(f64::MIN_POSITIVE);
        let share = (wanted / whole).min(1.0);
        let bytes = |(band, asset): (&crate::Band, &Asset)| {
            let pixels = asset
                .geobox
                .as_ref()
                .map_or(wanted / (x * y).abs(), |g| (g.width * g.height) as f64);
            let size = asset.size.map_or(pixels * band.dtype.size() as f64 / 2.0, |s| s as f64);
            size * share
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
        let total = self.assets(granule).map(bytes).sum::<f64>() as u64;
        total
    }

    fn assets<'a>(
        &'a self,
        granule: &'a Granule,
    ) -> impl Iterator<Item = (&'a crate::Band, &'a Asset)> {
        let bands = self.schema().bands.iter();
        bands.filter_map(|band| Some((band, granule.assets.get(band.asset_name())?)))
    }

    /// Says once what a granule's metadata says about a band that the declaration does not.
    fn warn(&self, granule: &Granule, warnings: &mut Vec<String>) {
        let mut say = |text: String| {
            if !warnings.contains(&text) && warnings.len() < 100 {
                warnings.push(text);
            }
        };
        for band in &self.schema().bands {
            let name = &band.name;
            if !granule.assets.contains_key(band.asset_name()) {
                let known: Vec<_> = granule.assets.keys().map(String::as_str).collect();
                say(format!(
                    "granule `{}` has no asset `{}` for band `{name}`; it has {}",
                    granule.id,
                    band.asset_name(),
                    known.join(", ")
                ));
            }
        }
    }

    /// Numbers of one band must be of one scale and offset: those that the band declares, or, when
    /// it declares none, those of all granules.
    fn check_scales(&self, plan: &mut Plan) -> Result<()> {
        for band in &self.schema().bands {
            let is_counted = self.schema().rule_of(band) == MosaicRule::Count;
            if band.harmonise != Harmonise::Refuse || is_counted {
                continue;
            }
            let ours = harmonise::declared(band);
            let declares = band.scale.is_some() || band.offset.is_some();
            let mut first: Option<(&Granule, harmonise::Linear)> = None;
            for granule in &plan.granules {
                let Some(asset) = granule.assets.get(band.asset_name()) else { continue };
                let Some(theirs) = harmonise::said(band, granule, asset) else { continue };
                let other = match first {
                    _ if declares && theirs != ours => format!("the cube declares {}", told(ours)),
                    Some((other, others)) if !declares && theirs != others => {
                        format!("granule `{}` says {}", other.id, told(others))
                    }
                    _ => {
                        first.get_or_insert((granule, theirs));
                        continue;
                    }
                };
                let (band, granule) = (band.name.clone(), granule.id.clone());
                return Err(Error::Scale { band, granule, theirs: told(theirs), other });
            }
            if let Some((_, theirs)) = first
                && theirs != ours
            {
                plan.warnings.push(format!(
                    "band `{}`: asset `{}` says {}, the cube nothing; numbers are stored as they are",
                    band.name,
                    band.asset_name(),
                    told(theirs)
                ));
            }
        }
        Ok(())
    }
}

fn told(linear: harmonise::Linear) -> String {
    format!("scale {} and offset {}", linear.scale, linear.offset)
}
