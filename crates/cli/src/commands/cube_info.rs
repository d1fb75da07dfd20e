//! `terracube cube info`: the declaration of a cube and its latest versions.

use serde_json::{Value, json};
use terracube::cube::Cube;
use terracube::grid::{Region, TimeStep};

use crate::args::InfoArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) async fn run(context: &Context, args: InfoArgs) -> Result<Outcome, Failure> {
    let cube = context.open(&args.store).await?;
    let versions = cube.repository().history(args.versions).await?;
    if args.json {
        let versions: Vec<_> = versions
            .iter()
            .map(|v| {
                json!({"version": v.version.to_string(), "message": v.message, "committed_at": v.committed_at})
            })
            .collect();
        let mut schema = serde_json::to_value(cube.schema())?;
        if let Some(source) = schema.get_mut("source") {
            hide_secrets("", source);
        }
        let [steps, rows, cols] = cube.patches().counts();
        let geobox = cube.geobox();
        output::pretty(&json!({
            "schema": schema,
            "shape": [geobox.height, geobox.width],
            "patches": {"time": steps, "rows": rows, "cols": cols},
            "bbox_wgs84": degrees(&cube)?,
            "versions": versions,
        }))?;
        return Ok(Outcome::Done);
    }
    describe(&cube)?;
    for (i, info) in versions.iter().enumerate() {
        let label = if i == 0 { "versions" } else { "" };
        let time = terracube::grid::Time::from_seconds(info.committed_at)?;
        output::line(&format!("{label:<11} {}  {time}  {}", info.version, info.message))?;
    }
    Ok(Outcome::Done)
}

fn describe(cube: &Cube) -> Result<(), Failure> {
    let schema = cube.schema();
    let field = |label: &str, text: String| output::line(&format!("{label:<11} {text}"));
    field("cube", schema.name.clone())?;
    if let Some(title) = &schema.title {
        field("title", title.clone())?;
    }
    let geobox = cube.geobox();
    let bounds = geobox.bounds();
    let (x, y) = geobox.resolution();
    field("crs", geobox.crs.to_string())?;
    field("grid", format!("{} columns × {} rows of {x} × {y}", geobox.width, geobox.height))?;
    field(
        "extent",
        format!("{},{},{},{}", bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y),
    )?;
    for [west, south, east, north] in degrees(cube)? {
        field("", format!("--bbox {west:.4},{south:.4},{east:.4},{north:.4}"))?;
    }
    field("time", times(cube.steps()))?;
    let [rows, cols] = cube.patches().shape();
    let [_, down, across] = cube.patches().counts();
    field("patches", format!("{rows} × {cols} pixels, {down} rows × {across} columns"))?;
    for (i, band) in schema.bands.iter().enumerate() {
        let nodata = band.nodata_value().map(|v| format!(", nodata {v}")).unwrap_or_default();
        let units = band.units.as_deref().map(|u| format!(", {u}")).unwrap_or_default();
        let label = if i == 0 { "bands" } else { "" };
        field(label, format!("{} {}{nodata}{units}, {}", band.name, band.dtype, band.resampling))?;
    }
    match &schema.source {
        Some(source) => {
            let mut config = Value::Object(source.config.clone());
            hide_secrets("", &mut config);
            field("source", format!("{} {config}", source.connector))
        }
        None => field("source", "none: it cannot be filled".to_owned()),
    }
}

fn times(steps: &[TimeStep]) -> String {
    match steps {
        [] => "none".to_owned(),
        [one] => one.label.clone(),
        [first, .., last] => format!("{} … {}, {} steps", first.label, last.label, steps.len()),
    }
}

fn degrees(cube: &Cube) -> Result<Vec<[f64; 4]>, Failure> {
    let boxes = Region::from_geobox(cube.geobox())?.bbox_wgs84();
    Ok(boxes.iter().map(|b| [b.min_x, b.min_y, b.max_x, b.max_y]).collect())
}

/// Secrets belong into the environment, but a declaration may have been written without care.
pub(super) fn hide_secrets(key: &str, value: &mut Value) {
    const SECRET: [&str; 7] =
        ["token", "secret", "password", "headers", "key", "authorization", "signature"];
    match value {
        // Any header may carry one.
        Value::Object(map) if key == "headers" => {
            map.values_mut().for_each(|value| hide_secrets(key, value));
        }
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| hide_secrets(key, value)),
        Value::Array(all) => all.iter_mut().for_each(|value| hide_secrets(key, value)),
        Value::String(text) if text.starts_with("env:") || text.starts_with("file:") => {}
        Value::String(text) if text.contains("://") => {
            *text = terracube::source::RedactedUrl::of(text).to_string();
        }
        Value::String(text)
            if SECRET.iter().any(|word| key.to_ascii_lowercase().contains(word)) =>
        {
            "***".clone_into(text);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_declaration_are_not_shown() {
        let mut config = json!({
            "url": "https://user:hush@stac.example/?sig=hush", "api_key": "hush",
            "headers": {"X-Anything": "hush", "X-Other": "env:STAC_OTHER"}, "token": "env:STAC_TOKEN",
            "method": "post",
        });
        hide_secrets("", &mut config);
        let shown = config.to_string();
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("stac.example") && shown.contains("env:STAC_TOKEN"), "{shown}");
        assert_eq!(config["headers"]["X-Other"], "env:STAC_OTHER");
        assert_eq!(config["method"], "post");
    }
}
