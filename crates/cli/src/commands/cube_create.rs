//! `terracube cube create`: declare a cube in a store.

use anyhow::Context as _;
use serde_json::{Map, Value};
use terracube::cube::{Error, Schema};
use terracube::{Options, Preset, source, store};

use crate::args::{CreateArgs, IcechunkSpec};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) async fn run(context: &Context, args: CreateArgs) -> Result<Outcome, Failure> {
    let file = args.declaration.display().to_string();
    let text = match file.strip_prefix("preset:") {
        Some(name) => Preset::named(name).map_err(anyhow::Error::from)?.toml.to_owned(),
        None => std::fs::read_to_string(&args.declaration)
            .with_context(|| format!("cannot read the declaration `{file}`"))?,
    };
    let schema = Schema::from_toml(&text).with_context(|| format!("`{file}` declares no cube"))?;
    check_source(context, &schema)?;
    let schema = with_times(context, schema).await?;
    let icechunk_spec = match args.icechunk_spec {
        IcechunkSpec::V1 => store::IcechunkSpec::V1,
        IcechunkSpec::V2 => store::IcechunkSpec::V2,
    };
    let options = Options { icechunk_spec, ..Options::default() };
    let (cube, what) = match terracube::create_cube(&args.store, &schema, &options).await {
        Err(Error::Exists { .. }) if args.exist_ok => {
            let cube = terracube::open_or_create_cube(&args.store, &schema, &options).await?;
            (cube, "exists, declared the same:")
        }
        created => (created?, "created"),
    };
    let geobox = cube.geobox();
    let [steps, rows, cols] = cube.patches().counts();
    let bands: Vec<_> = cube.schema().bands.iter().map(|band| band.name.as_str()).collect();
    context.note(&format!("{what} cube `{}` in {}", cube.schema().name, args.store));
    output::line(&format!(
        "{} columns × {} rows in {}, {steps} time steps, {} patches ({rows} rows × {cols} columns), bands {}",
        geobox.width,
        geobox.height,
        geobox.crs,
        cube.patches().len(),
        bands.join(", ")
    ))?;
    Ok(Outcome::Done)
}

/// A cube that could never be filled is refused before anything is written.
fn check_source(context: &Context, schema: &Schema) -> Result<(), Failure> {
    let Some(spec) = &schema.source else {
        context.note("warning: the declaration has no [source]: the cube cannot be filled");
        return Ok(());
    };
    for name in written_down(&spec.config) {
        context.note(&format!(
            "warning: the header `{name}` is kept in the store as it is written: \
             if it is a secret, put `env:NAME` in its place"
        ));
    }
    match context.registry.connect(&spec.connector, Value::Object(spec.config.clone())) {
        Ok(_) => Ok(()),
        // Who declares a cube need not hold the secrets to fill it.
        Err(missing @ source::Error::Secret { .. }) => {
            context.note(&format!("warning: {missing}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks the source for the time steps, where the declaration leaves them to it.
async fn with_times(context: &Context, schema: Schema) -> Result<Schema, Failure> {
    let is_asked = schema.time.as_ref().is_some_and(|axis| axis.is_sought().is_some());
    let Some(spec) = schema.source.clone().filter(|_| is_asked) else { return Ok(schema) };
    let source = context.registry.connect(&spec.connector, Value::Object(spec.config))?;
    Ok(schema.with_times_of(&*source, &context.access).await?)
}

/// The headers whose values are in the declaration itself.
fn written_down(config: &Map<String, Value>) -> Vec<&str> {
    let headers = config.get("headers").and_then(Value::as_object).into_iter().flatten();
    let is_plain = |value: &Value| value.as_str().is_some_and(|text| !text.starts_with("env:"));
    headers.filter(|(_, value)| is_plain(value)).map(|(name, _)| name.as_str()).collect()
}
