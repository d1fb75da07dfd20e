//! `terracube cube plan`: what a fill would do.

use terracube::cube::human::bytes;

use crate::args::PlanArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Time steps of which the granules are counted, unless asked for more.
const MOST_STEPS: usize = 24;

pub(crate) async fn run(context: &Context, args: PlanArgs) -> Result<Outcome, Failure> {
    let request = args.selection.request()?;
    let cube = context.connect_to_look(&args.store).await?;
    let plan = cube.plan(&request).await?;
    if args.json {
        output::json(&plan.summary())?;
        return Ok(Outcome::Done);
    }
    context.warn(&plan.warnings);
    let failed = match plan.failed {
        0 => String::new(),
        n => format!(" ({n} of them failed earlier)"),
    };
    output::line(&format!("patches wanted    {}", plan.wanted))?;
    output::line(&format!("  filled          {}", plan.filled))?;
    output::line(&format!("  known empty     {}", plan.empty))?;
    output::line(&format!("  to fill         {}{failed}", plan.jobs.len()))?;
    output::line(&format!("granules to read  {}", plan.granules.len()))?;
    output::line(&format!("bytes to read     about {}", bytes(plan.bytes)))?;
    let steps = cube.steps();
    for (index, count) in
        plan.groups().iter().take(if context.is_verbose { usize::MAX } else { MOST_STEPS })
    {
        if let Some(step) = steps.get(*index as usize) {
            output::line(&format!("  {:<16}{count} granules", step.label))?;
        }
    }
    if context.is_verbose {
        for granule in &plan.granules {
            output::line(&format!("  {}", granule.id))?;
        }
    }
    Ok(Outcome::Done)
}
