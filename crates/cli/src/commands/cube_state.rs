//! `terracube cube state`: which patches are filled, empty, missing or failed.

use serde_json::json;
use terracube::cube::human::bytes;

use crate::args::StateArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::map::Map;
use crate::{output, progress};

pub(crate) async fn run(context: &Context, args: StateArgs) -> Result<Outcome, Failure> {
    let request = args.area.request()?;
    let cube = context.open(&args.store).await?;
    let state = cube.state_of(&request).await?;
    if let Some(path) = &args.png {
        output::file(path, &Map::of(&cube, &state).to_png()?)?;
        context.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.geojson {
        output::file(path, &serde_json::to_vec(&state.to_geojson(&cube)?)?)?;
        context.note(&format!("wrote {}", path.display()));
    }
    if args.json {
        let failures: Vec<_> = state
            .failures
            .iter()
            .map(|(patch, why)| json!({"patch": patch, "reason": why.reason}))
            .collect();
        output::json(
            &json!({"cube": cube.schema().name, "counts": state.counts, "failures": failures}),
        )?;
        return Ok(Outcome::Done);
    }
    let counts = &state.counts;
    output::line(&format!("patches   {}", counts.total))?;
    output::line(&format!("  filled  {}  ({})", counts.filled, bytes(counts.bytes)))?;
    output::line(&format!("  empty   {}", counts.empty))?;
    output::line(&format!("  missing {}", counts.missing))?;
    output::line(&format!("  failed  {}", counts.failed))?;
    for (patch, why) in &state.failures {
        let reason = why.reason.as_deref().unwrap_or("no reason was recorded");
        output::line(&format!("failed: {}: {reason}", progress::place(&cube, *patch)))?;
    }
    Ok(Outcome::Done)
}
