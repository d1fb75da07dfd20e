//! `terracube source search`: what a source offers for an area and time.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::{Map, Value, json};
use terracube::cube::{Request, SourceSpec};
use terracube::grid::{Region, TimeRange};
use terracube::source::{Granule, Query, Source};

use crate::args::SearchArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) async fn run(context: &Context, args: SearchArgs) -> Result<Outcome, Failure> {
    let mut request = args.selection.request()?;
    let spec = match (&args.store, &args.connector) {
        (Some(store), _) => of_cube(context, store, &mut request).await?,
        (None, connector) => SourceSpec {
            connector: connector.clone().unwrap_or_default(),
            config: settings(&args.set)?,
        },
    };
    let source: Arc<dyn Source> =
        context.registry.connect(&spec.connector, Value::Object(spec.config))?;
    let mut query = Query::new().limit(args.limit);
    query.region = request.region;
    query.time = request.time;
    let mut granules = source.search(&query, &context.access);
    let mut count = 0;
    while let Some(granule) = granules.next().await {
        let granule = granule?;
        count += 1;
        if args.json {
            output::json(&record(&granule))?;
        } else {
            output::line(&in_words(&granule))?;
        }
        if count == args.limit {
            context.note(&format!("stopped after {count} granules: there may be more (--limit)"));
            break;
        }
    }
    if count == 0 {
        context.note("the source has no granules there");
    }
    Ok(Outcome::Done)
}

/// The source of a cube; area and time become the cube's where none are asked.
async fn of_cube(
    context: &Context,
    store: &str,
    request: &mut Request,
) -> Result<SourceSpec, Failure> {
    let cube = context.open(store).await?;
    if request.region.is_none() {
        request.region = Some(Region::from_geobox(cube.geobox())?);
    }
    if let (None, [first, ..], [.., last]) = (&request.time, cube.steps(), cube.steps()) {
        request.time = Some(TimeRange { start: first.start, end: last.end });
    }
    match &cube.schema().source {
        Some(spec) => Ok(spec.clone()),
        None => Err(terracube::Error::NoSource {
            cube: cube.schema().name.clone(),
            missing: cube.state().await?.counts.missing,
        }
        .into()),
    }
}

fn settings(set: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut config = Map::new();
    for pair in set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::usage(format!("--set {pair}: write it as KEY=VALUE")));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        config.insert(key.trim().to_owned(), value);
    }
    Ok(config)
}

fn in_words(granule: &Granule) -> String {
    let assets: Vec<_> = granule.assets.keys().map(String::as_str).collect();
    let collection = granule.collection.as_deref().unwrap_or("-");
    format!("{}  {collection}  {}  {}", granule.id, granule.time, assets.join(","))
}

fn record(granule: &Granule) -> Value {
    json!({
        "id": granule.id,
        "collection": granule.collection,
        "time": granule.time,
        "assets": granule.assets,
        "properties": granule.properties,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_text() {
        let set =
            ["url=https://a.example/?q=1", "collections=[\"a\"]", "page=10"].map(String::from);
        let config = settings(&set).unwrap();
        assert_eq!(config["url"], "https://a.example/?q=1");
        assert_eq!(config["collections"], json!(["a"]));
        assert_eq!(config["page"], 10);
        assert!(settings(&["url".to_owned()]).unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
