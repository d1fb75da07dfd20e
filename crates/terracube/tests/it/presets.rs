//! Ready-made cubes fit the documents of the sources they name.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};

use futures::StreamExt;
use serde_json::{Value, json};
use terracube::Preset;
use terracube::cube::{Harmonise, Schema};
use terracube::grid::TimeRange;
use terracube::source::{Access, Granule, Query};
use terracube_testbed::Server;

fn schema(preset: &Preset) -> Schema {
    Schema::from_toml(preset.toml).unwrap_or_else(|error| panic!("{}: {error}", preset.name))
}

/// An item after the structure of the source's own.
fn recorded(preset: &Preset) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let bytes = std::fs::read(folder.join(format!("{}.json", preset.name))).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// That a cube can be filled from a granule: assets, types, numbers and masks.
fn check(schema: &Schema, granule: &Granule, what: &str) {
    for band in &schema.bands {
        let asset = granule.asset(band.asset_name());
        let asset = asset.unwrap_or_else(|error| panic!("{what}, band {}: {error}", band.name));
        let Some(said) = asset.bands.get(band.asset_band - 1) else { continue };
        let what = format!("{what}, band {}", band.name);
        if let Some(dtype) = &said.dtype {
            assert_eq!(dtype, &band.dtype.to_string(), "{what}");
        }
        if let (Some(said), Some(ours)) = (said.nodata, band.source_nodata) {
            assert_eq!(said, ours, "{what}");
        }
        if band.harmonise == Harmonise::default() {
            for (said, ours) in [(said.scale, band.scale), (said.offset, band.offset)] {
                assert!(said.is_none() || said == ours, "{what}: {said:?}, {ours:?}");
            }
        }
    }
    for mask in &schema.masks {
        granule.asset(&mask.asset).unwrap_or_else(|error| panic!("{what}, mask: {error}"));
    }
}

#[test]
fn all_are_declarations_of_cubes_that_can_be_filled() {
    let registry = terracube::sources();
    for preset in Preset::all() {
        let schema = schema(preset);
        assert!(!schema.bands.is_empty() && schema.license.is_some() && schema.title.is_some());
        assert!(!preset.about().is_empty() && preset.toml.starts_with("# "), "{}", preset.name);
        let source = schema.source.unwrap();
        let config = Value::Object(source.config.clone());
        registry
            .connect(&source.connector, config)
            .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
        // Stored in other systems as text, it is still the same cube.
        let text = serde_json::to_string(&Schema::from_toml(preset.toml).unwrap()).unwrap();
        let again: Schema = serde_json::from_str(&text).unwrap();
        assert_eq!(again, Schema::from_toml(preset.toml).unwrap(), "{}", preset.name);
    }
}

#[tokio::test]
async fn those_of_stac_fit_their_collections() {
    for preset in Preset::all() {
        let mut schema = schema(preset);
        let mut source = schema.source.take().unwrap();
        if source.connector != "stac-api" {
            continue;
        }
        let item = recorded(preset).unwrap_or_else(|| panic!("{}: no document", preset.name));
        let collection = json!({
            "type": "Collection", "stac_version": "1.0.0", "id": item["collection"],
            "description": "as recorded", "license": "other", "links": [],
            "extent": { "spatial": { "bbox": [[-180, -90, 180, 90]] },
                "temporal": { "interval": [[null, null]] } }
        });
        let server = Server::builder().collection(collection, vec![item]).start().unwrap();
        source.config.insert("url".to_owned(), json!(server.stac_url()));
        let registry = terracube::sources();
        let source = registry.connect(&source.connector, Value::Object(source.config)).unwrap();
        let time = schema.time.as_ref().map_or(TimeRange::ALL, |axis| axis.range());
        let query = Query::new().time(time);
        let found: Vec<_> = source.search(&query, &Access::new().unwrap()).collect().await;
        assert_eq!(found.len(), 1, "{}: {found:?}", preset.name);
        check(&schema, found[0].as_ref().unwrap(), preset.name);
    }
}

#[test]
fn those_of_stac_fit_real_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stac");
    if !folder.is_dir() {
        println!("skipped: the real STAC documents are not at {}", folder.display());
        return;
    }
    let items = |folder: PathBuf, part: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_string_lossy().contains(part)).collect()
    };
    for (preset, paths) in [
        ("cop-dem-glo-30", items(folder.join("cop-dem"), "COG_10_N53")),
        ("cop-dem-glo-90", items(folder.join("cop-dem"), "COG_30_N53")),
        ("landsat-c2-l2-planetary-computer", items(folder.join("landsat"), "L2SP")),
        ("sentinel-2-l2a-planetary-computer", items(folder.join("odc-stac"), "S2B_MSIL2A_")),
    ] {
        let schema = schema(Preset::named(preset).unwrap());
        assert!(!paths.is_empty(), "{preset}");
        for path in paths {
            let item = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let granule = Granule::from_stac(&item, &path.display().to_string()).unwrap();
            check(&schema, &granule, &format!("{preset}, {}", path.display()));
        }
    }
}

#[test]
fn the_document_lists_them() {
    let mut table = "| name | what | grid | source | bands |\n|---|---|---|---|---|\n".to_owned();
    for preset in Preset::all() {
        let schema = schema(preset);
        let crs = schema.crs.as_ref().map(ToString::to_string).unwrap_or_default();
        let (x, _) = schema.resolution.unwrap().xy();
        let size = if x < 0.1 { format!("1/{:.0}°", 1.0 / x) } else { format!("{x} m") };
        let source = schema.source.as_ref().unwrap();
        let collection = source.config.get("collections").and_then(|all| all[0].as_str());
        let bands = match schema.bands.len() {
            many @ 20.. => {
                format!("{many}: {} to {}", schema.bands[0].name, schema.bands[many - 1].name)
            }
            _ => schema.bands.iter().map(|band| band.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        table += &format!(
            "| `{}` | {} | {crs}, {size} | `{}` {} | {bands} |\n",
            preset.name,
            preset.about(),
            source.connector,
            collection.unwrap_or_default()
        );
    }
    terracube_testbed::made_table::check("docs/sources.md", "presets", &table);
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = Preset::named("arcticdem").unwrap_err().to_string();
    assert!(error.contains("arcticdem-32m") && error.contains("esa-worldcover"), "{error}");
    let names: Vec<&str> = Preset::all().iter().map(|preset| preset.name).collect();
    assert!(names.is_sorted());
    for preset in Preset::all() {
        assert_eq!(Preset::named(preset.name).unwrap(), preset);
    }
}
