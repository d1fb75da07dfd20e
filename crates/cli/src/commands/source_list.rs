//! `terracube source list`: the connectors.

use serde_json::json;

use crate::args::SourceListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(context: &Context, args: SourceListArgs) -> Result<Outcome, Failure> {
    let keys = |name: &str| context.registry.keys(name).unwrap_or_default();
    let all = context.registry.list();
    if args.json {
        let describe = |(name, about): &(&str, &str)| json!({"name": name, "about": about, "keys": keys(name)});
        output::json(&all.iter().map(describe).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let width = all.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, about) in all {
        output::line(&format!("{name:width$}  {about}"))?;
        output::line(&format!("{:width$}  keys: {}", "", keys(name).join(", ")))?;
    }
    Ok(Outcome::Done)
}
