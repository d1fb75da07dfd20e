//! `terracube cube fill`: download what is missing.

use terracube::cube::{Report, Want};

use crate::args::FillArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::{output, page, progress};

pub(crate) async fn run(context: &Context, args: FillArgs) -> Result<Outcome, Failure> {
    let request = args.selection.request()?;
    let want = match (args.retry_failed, args.also_empty) {
        (true, _) => Want::Failed,
        (_, true) => Want::AlsoEmpty,
        _ => Want::Unsettled,
    };
    let cube = context.connect(&args.store).await?;
    let plan = cube.plan_for(&request, want).await?;
    context.warn(&plan.warnings);
    if plan.is_empty() {
        if args.json {
            output::json(&progress::finished(&Report::default()))?;
        } else {
            output::line(&format!(
                "nothing to fill: of {} patches wanted {} are filled and {} known to be empty",
                plan.wanted, plan.filled, plan.empty
            ))?;
        }
        return Ok(Outcome::Done);
    }
    if !args.json {
        context.note(&plan.to_string());
    }
    let interrupt = Interrupt::listen();
    let report = progress::run(context, &cube, plan, &args.work, &interrupt, args.json).await?;
    if let Some((path, timeline)) = &context.listening.report {
        output::file(path, page::page(&cube, &report, &timeline.record()).as_bytes())?;
        context.note(&format!("where the time went: {}", path.display()));
    }
    if args.json {
        output::json(&progress::finished(&report))?;
    } else {
        output::line(&report.to_string())?;
    }
    Ok(progress::conclude(context, &cube, &report))
}
