//! Writing an empty cube into a store.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use terracube_grid::{GeoBox, TimeStep};
use terracube_store::{
    ArraySpec, Codecs, Store, StoreExt, ZarrArray, create_group, read_group_attributes,
    write_group_attributes,
};

use crate::attributes::{self, CUBE_KEY, GRID_MAPPING};
use crate::ledger::Ledger;
use crate::{Band, Error, PatchGrid, Result, Schema};

/// The version of what is written under [`CUBE_KEY`].
const LAYOUT: u64 = 1;

/// Writes groups, arrays and coordinates of an empty cube.
pub(crate) async fn write(store: &Arc<dyn Store>, schema: &Schema) -> Result<()> {
    let geobox = schema.geobox()?;
    let steps = steps(schema)?;
    let patches = PatchGrid::new(geobox.clone(), steps.len().max(1), schema.patch_shape());
    // Until the last write the root says that the cube is incomplete, so that a creation that was
    // killed is begun again.
    let mut root = attributes::group(schema, &geobox);
    root.insert(CUBE_KEY.into(), json!({"layout": LAYOUT, "incomplete": true}));
    create_group(store, "", root.clone()).await?;
    for band in &schema.bands {
        let spec = band_spec(schema, band, &geobox, steps.len());
        ZarrArray::create(store.clone(), &band.name, &spec).await?;
    }
    write_coordinates(store, schema, &geobox, &steps).await?;
    Ledger::create(store, patches.counts()).await?;
    let about = json!({"layout": LAYOUT, "tool": tool(), "schema": schema});
    root.insert(CUBE_KEY.into(), about);
    write_group_attributes(store, "", root).await?;
    Ok(())
}

/// Removes what a creation that was killed left behind.
pub(crate) async fn clean(store: &Arc<dyn Store>) -> Result<()> {
    let Some(root) = read_group_attributes(store, "").await? else { return Ok(()) };
    if root.get(CUBE_KEY).is_some_and(is_incomplete) {
        store.clear().await?;
    }
    Ok(())
}

/// The declaration of the cube in a store, or `None` when there is no cube.
pub(crate) async fn read_schema(store: &Arc<dyn Store>) -> Result<Option<Schema>> {
    let Some(root) = read_group_attributes(store, "").await? else { return Ok(None) };
    let Some(cube) = root.get(CUBE_KEY) else {
        return Err(Error::NotACube { reason: "it holds a Zarr group that is not a cube".into() });
    };
    if is_incomplete(cube) {
        return Ok(None);
    }
    let layout = cube.get("layout").and_then(Value::as_u64);
    if layout != Some(LAYOUT) {
        return Err(Error::NotACube {
            reason: format!("its layout is {layout:?}, and this version reads {LAYOUT}"),
        });
    }
    let schema = cube.get("schema").cloned().unwrap_or_default();
    let schema = serde_json::from_value(schema)
        .map_err(|e| Error::NotACube { reason: format!("its declaration is malformed: {e}") })?;
    Ok(Some(schema))
}

fn is_incomplete(cube: &Value) -> bool {
    cube.get("incomplete").is_some()
}

/// The time steps of a declaration; none without a time axis.
pub(crate) fn steps(schema: &Schema) -> Result<Vec<TimeStep>> {
    Ok(schema.time.as_ref().map(|axis| axis.steps()).unwrap_or_default())
}

/// What goes into `tool` fields.
pub(crate) fn tool() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The array of a band, as written by `create` and by exports.
pub(crate) fn band_spec(schema: &Schema, band: &Band, geobox: &GeoBox, steps: usize) -> ArraySpec {
    let has_time = schema.time.is_some();
    let with_time = |head: u64, [rows, cols]: [usize; 2]| {
        let all = [head, rows as u64, cols as u64];
        all[usize::from(!has_time)..].to_vec()
    };
    ArraySpec {
        shape: with_time(steps as u64, [geobox.height, geobox.width]),
        chunk_shape: with_time(1, schema.chunks.shape),
        shard_shape: schema.chunks.shard.map(|shape| with_time(1, shape)),
        data_type: band.dtype.to_string(),
        fill_value: attributes::fill_value(band.dtype, band.fill_value()),
        codecs: schema.codecs.clone(),
        dimension_names: ["time", "y", "x"][usize::from(!has_time)..]
            .iter()
            .map(ToString::to_string)
            .collect(),
        attributes: attributes::band(band, geobox),
    }
}

pub(crate) async fn write_coordinates(
    store: &Arc<dyn Store>,
    schema: &Schema,
    geobox: &GeoBox,
    steps: &[TimeStep],
) -> Result<()> {
    let xs: Vec<u8> = geobox.xs().into_iter().flat_map(f64::to_ne_bytes).collect();
    let ys: Vec<u8> = geobox.ys().into_iter().flat_map(f64::to_ne_bytes).collect();
    write_line(store, "x", "float64", attributes::axis(geobox, true), &xs).await?;
    write_line(store, "y", "float64", attributes::axis(geobox, false), &ys).await?;
    let mut mapping = line_spec("int64", 0, attributes::grid_mapping(geobox));
    (mapping.shape, mapping.chunk_shape, mapping.dimension_names) = (vec![], vec![], vec![]);
    let scalar = ZarrArray::create(store.clone(), GRID_MAPPING, &mapping).await?;
    scalar.write(&[], &0i64.to_ne_bytes()).await?;
    if schema.time.is_none() {
        return Ok(());
    }
    let starts: Vec<u8> = steps.iter().flat_map(|s| s.start.seconds().to_ne_bytes()).collect();
    write_line(store, "time", "int64", attributes::time(Some("time_bnds")), &starts).await?;
    let mut spec = line_spec("int64", steps.len(), Map::new());
    spec.shape.push(2);
    spec.chunk_shape.push(2);
    spec.dimension_names = vec!["time".into(), "bnds".into()];
    let limits: Vec<u8> = steps
        .iter()
        .flat_map(|s| [s.start.seconds(), s.end.seconds()])
        .flat_map(i64::to_ne_bytes)
        .collect();
    let bounds = ZarrArray::create(store.clone(), "time_bnds", &spec).await?;
    bounds.write(&[0..steps.len() as u64, 0..2], &limits).await?;
    Ok(())
}

async fn write_line(
    store: &Arc<dyn Store>,
    name: &str,
    data_type: &str,
    attributes: Map<String, Value>,
    bytes: &[u8],
) -> Result<()> {
    let length = bytes.len() / 8;
    let mut spec = line_spec(data_type, length, attributes);
    spec.dimension_names = vec![name.to_owned()];
    let array = ZarrArray::create(store.clone(), name, &spec).await?;
    array.write(std::slice::from_ref(&(0..length as u64)), bytes).await?;
    Ok(())
}

fn line_spec(data_type: &str, length: usize, attributes: Map<String, Value>) -> ArraySpec {
    ArraySpec {
        shape: vec![length as u64],
        chunk_shape: vec![length.max(1) as u64],
        shard_shape: None,
        data_type: data_type.to_owned(),
        // Coordinates are written whole, so that the fill value is never read; one outside their
        // range keeps encoders from leaving a chunk out because it is «all fill value».
        fill_value: if data_type == "int64" { json!(i64::MIN) } else { json!("NaN") },
        codecs: Codecs::Zstd { level: 1 },
        dimension_names: vec![],
        attributes,
    }
}
