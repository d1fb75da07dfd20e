//! Cubes of many patches: how long they take to plan and to look at, and what their metadata take.

use anyhow::{Context, Result, ensure};

use crate::contender::Runner;
use crate::job::Job;
use crate::progress::say;
use crate::served::Latency;
use crate::stage::{Outcome, Stage, remove};
use crate::task::Task;

/// What was found.
#[derive(Debug)]
pub(crate) struct Scale {
    /// Plans of 10⁶ patches: granules in the cube's CRS, and in UTM.
    pub(crate) plans: Vec<(&'static str, Outcome)>,
    /// The state of a cube of so many patches, each known to be empty, into which kind of store.
    pub(crate) states: Vec<(&'static str, Outcome)>,
    /// A fill of 10⁴ patches.
    pub(crate) many: Option<Many>,
}

/// A fill of many patches into Icechunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Many {
    pub(crate) patches: usize,
    pub(crate) commits: usize,
    /// Bytes of encoded pixels.
    pub(crate) data: u64,
    /// Bytes of everything else.
    pub(crate) metadata: u64,
}

/// Patches along each side of the cube whose state is read.
const STATE_SIDE: usize = 1000;

impl Scale {
    pub(crate) fn measure(stage: &Stage, small: bool) -> Result<Self> {
        let mut plans = Vec::new();
        for (name, codec) in [("granules in the cube's CRS", ""), ("granules in UTM", "utm")] {
            say(&format!("plan of 10^6 patches, {name}"));
            let task = Task { work: "plan".into(), codec: codec.into(), ..Task::default() };
            let outcome = stage.run_task(Runner::Own, &task, Latency::None)?;
            ensure!(outcome.answer.stored == 1_000_000, "not every patch was planned");
            plans.push((name, outcome));
        }
        let side = if small { 100 } else { STATE_SIDE };
        let mut states = Vec::new();
        for store in ["icechunk", "zarr"] {
            say(&format!("state of {} patches, {store}", side * side));
            let mut task = Task {
                work: "make-state".into(),
                out: stage.scratch.join("state").with_extension(store),
                window: [0, 0, side, side],
                ..Task::default()
            };
            remove(&task.out)?;
            let made = stage.run_task(Runner::Own, &task, Latency::None)?;
            say(&format!(
                "  made in {:.1} s, {} commits",
                made.answer.spent.wall, made.answer.commits
            ));
            task.work = "state".into();
            let outcome = stage.run_task(Runner::Own, &task, Latency::None)?;
            ensure!(outcome.answer.stored == (side * side) as u64, "not every patch is empty");
            states.push((store, outcome));
            remove(&task.out)?;
        }
        Ok(Self { plans, states, many: Some(many(stage)?) })
    }
}

/// Fills the whole collection with patches so small that there are 100 along each side.
fn many(stage: &Stage) -> Result<Many> {
    let cogs = stage.files.members().len();
    let job = Job::Fill { cogs, latency: Latency::None };
    let mut task = stage.task(job, crate::contender::Contender::Icechunk)?;
    let grid = task.grid.as_ref().context("a fill has a grid")?;
    task.chunk = grid.width.div_ceil(100);
    let patches = grid.width.div_ceil(task.chunk) * grid.height.div_ceil(task.chunk);
    task.out = stage.scratch.join("many.icechunk");
    remove(&task.out)?;
    say(&format!("fill of {patches} patches"));
    let outcome = stage.run_task(Runner::Own, &task, Latency::None)?;
    remove(&task.out)?;
    let (data, commits) = (outcome.answer.stored, outcome.answer.commits);
    let metadata = outcome.stored.saturating_sub(data);
    Ok(Many { patches, commits, data, metadata })
}
