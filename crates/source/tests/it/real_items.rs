//! Real STAC documents become granules, or are refused with a reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use serde_json::Value;
use terracube_grid::TimeRange;
use terracube_source::{Error, Granule, Query, Source, StacApi, StacStatic};
use terracube_testbed::Server;

use crate::support::{File, quick, search};

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stac");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the real STAC documents are not at {}", path.display());
    None
}

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|end| end == "json" || end == "geojson") {
            found.push(path);
        }
    }
    found.sort();
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn granule(folder: &Path, name: &str) -> Granule {
    let path = folder.join(name);
    Granule::from_stac(&read(&path), path.to_str().unwrap()).unwrap()
}

/// What the items of a version came to.
#[derive(Default)]
struct Row {
    items: usize,
    granules: usize,
    assets: usize,
    crs: usize,
    grids: usize,
    bands: usize,
    refused: BTreeMap<String, usize>,
}

#[test]
fn items_of_all_versions_become_granules_or_are_refused_for_a_reason() {
    let Some(folder) = folder() else { return };
    let mut paths = Vec::new();
    documents(&folder, &mut paths);
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for path in paths {
        // Some settings of editors, with comments, are among them.
        let Ok(document) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()) else {
            continue;
        };
        let items = match document["type"].as_str() {
            Some("Feature") => vec![document],
            Some("FeatureCollection") => document["features"].as_array().unwrap().clone(),
            _ => continue,
        };
        for item in items {
            let version = item["stac_version"].as_str().unwrap_or("not said");
            let row = rows.entry(version.to_owned()).or_default();
            row.items += 1;
            match Granule::from_stac(&item, path.to_str().unwrap()) {
                Ok(granule) => {
                    row.granules += 1;
                    granule.footprint().unwrap();
                    for asset in granule.assets.values() {
                        assert!(url::Url::parse(&asset.href).is_ok(), "{}", asset.href);
                        row.assets += 1;
                        row.grids += usize::from(asset.geobox.is_some());
                        row.crs += usize::from(asset.crs.is_some());
                        row.bands += asset.bands.len();
                    }
                    serde_json::to_string(&granule).unwrap();
                }
                Err(Error::Item { reason, .. }) => *row.refused.entry(reason).or_default() += 1,
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
    let mut table =
        "| `stac_version` | items | granules | assets | with CRS | with grid | bands | \
                     refused |\n|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (version, row) in &rows {
        let Row { items, granules, assets, crs, grids, bands, refused } = row;
        let refused: Vec<String> =
            refused.iter().map(|(reason, count)| format!("{count}: {reason}")).collect();
        let refused = refused.join("; ");
        table += &format!(
            "| {version} | {items} | {granules} | {assets} | {crs} | {grids} | {bands} | \
             {refused} |\n"
        );
    }
    terracube_testbed::made_table::check("docs/sources.md", "stac-versions", &table);
    let granules: usize = rows.values().map(|row| row.granules).sum();
    assert!(granules >= 97, "{granules}");
}

#[test]
fn three_generations_of_projection_and_bands() {
    let Some(folder) = folder() else { return };
    // STAC 1.0: item-level CRS, asset-level shape and transform, raster:bands.
    let new = granule(
        &folder,
        "odc-stac/S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531_raster_ext.json",
    );
    let b02 = new.asset("B02").unwrap();
    assert_eq!(b02.crs.as_ref().unwrap().epsg_code(), Some(32606));
    let grid = b02.geobox.as_ref().unwrap();
    assert_eq!((grid.width, grid.height), (10980, 10980));
    assert_eq!(grid.affine.to_gdal(), [399960.0, 10.0, 0.0, 6800040.0, 0.0, -10.0]);
    assert_eq!(b02.bands[0].dtype.as_deref(), Some("uint16"));
    // Landsat, STAC 1.0: shape and transform of the item.
    let landsat = granule(&folder, "odc-stac/LC08_L2SP_028030_20200114_20200824_02_T1_SR.json");
    let red = landsat.assets.values().find(|asset| asset.band_index("red").is_some()).unwrap();
    assert_eq!(red.geobox.as_ref().unwrap().affine.resolution(), (30.0, 30.0));
    // STAC 0.8: bands by index.
    let old = granule(&folder, "pystac/examples/0.8.1/item-spec/examples/landsat8-sample.json");
    let named: Vec<_> = old.assets.values().filter(|asset| !asset.bands.is_empty()).collect();
    assert!(named.len() >= 10 && named.iter().all(|asset| asset.bands[0].name.is_some()));
}

#[tokio::test]
async fn real_catalogues_are_walked() {
    let Some(folder) = folder() else { return };
    for (root, least) in [
        ("pystac/catalogs/test-case-1/catalog.json", 2),
        ("stac-spec/examples/catalog.json", 2),
        ("stactools/planet-disaster/collection.json", 5),
    ] {
        let access = quick().allow_files(&folder).build().unwrap();
        let source = StacStatic::new(folder.join(root).display().to_string());
        let found: Vec<_> = source.search(&Query::new(), &access).collect().await;
        let (granules, errors): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        assert!(granules.len() >= least, "{root}: {} granules, {errors:?}", granules.len());
        for error in errors {
            // Parts of these catalogues are not in the folder, or on the network.
            let error = error.unwrap_err();
            assert!(
                matches!(error, Error::NotFound { .. } | Error::Transport { .. }),
                "{root}: {error}"
            );
        }
        let none = Query::new().time(TimeRange::parse("1950").unwrap());
        assert_eq!(
            source
                .search(&none, &access)
                .filter(|one| std::future::ready(one.is_ok()))
                .count()
                .await,
            0,
            "{root}"
        );
    }
}

#[tokio::test]
async fn real_scenes_are_the_same_from_an_api_and_a_catalogue() {
    let Some(folder) = folder() else { return };
    let server = Server::builder().stac_root(folder.join("../stac-roots")).start().unwrap();
    let access = quick().build().unwrap();
    let of_api = search(&StacApi::new(server.stac_url()), &access, &Query::new()).await;
    let of_catalogue = search(&StacStatic::new(server.static_url()), &access, &Query::new()).await;
    assert_eq!((of_api.len(), of_catalogue.len()), (2, 2));
    for (one, other) in of_api.iter().zip(&of_catalogue) {
        let (one, other) = (one.as_ref().unwrap(), other.as_ref().unwrap());
        assert_eq!(one.id, other.id);
        assert_eq!(
            serde_json::to_value(&one.assets).unwrap(),
            serde_json::to_value(&other.assets).unwrap()
        );
        for asset in one.assets.values() {
            let file = File::open(&access, &asset.href).await;
            let head = file.get(0..4).await.unwrap().unwrap();
            assert!(head == b"II*\0" || head == b"MM\0*" || head == b"II+\0", "{head:?}");
        }
    }
}
