//! `terracube cube presets`: ready-made declarations.

use serde_json::json;
use terracube::Preset;

use crate::args::PresetsArgs;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(args: PresetsArgs) -> Result<Outcome, Failure> {
    let all = Preset::all();
    if let Some(name) = &args.name {
        let preset = Preset::named(name).map_err(anyhow::Error::from)?;
        output::line(preset.toml.trim_end())?;
    } else if args.json {
        let describe = |preset: &Preset| json!({"name": preset.name, "about": preset.about(), "toml": preset.toml});
        output::json(&all.iter().map(describe).collect::<Vec<_>>())?;
    } else {
        let width = all.iter().map(|preset| preset.name.len()).max().unwrap_or_default();
        for preset in all {
            output::line(&format!("{:width$}  {}", preset.name, preset.about()))?;
        }
    }
    Ok(Outcome::Done)
}
