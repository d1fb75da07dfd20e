//! Files that are one granule, brought together.

use std::collections::BTreeMap;

use blake3::Hasher;
use serde_json::Value;
use terracube_grid::{Region, TimeRange};

use super::Files;
use super::template::Known;
use crate::{Asset, Error, Granule, Listed, RedactedUrl, Result};

/// Files that differ only in their bands, by what their names say.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<Known, BTreeMap<String, Listed>>);

impl Gathered {
    /// Adds a file; an error for one that is there already under another name.
    pub(super) fn add(&mut self, files: &Files, mut known: Known, file: Listed) -> Result<()> {
        let band = known.fields.remove("band").unwrap_or_else(|| files.asset.clone());
        let id = || files.id_of(&known, &file);
        let same = self.0.get(&known).and_then(|bands| bands.get(&band));
        if let Some(other) = same {
            let shown = |one: &Listed| RedactedUrl::of(&one.href).to_string();
            return Err(Error::Item {
                item: id(),
                reason: format!(
                    "both {} and {} are its `{band}`: name what tells them apart as a field of \
                     `path`, as `{{version}}`",
                    shown(other),
                    shown(&file)
                ),
            });
        }
        self.0.entry(known).or_default().insert(band, file);
        Ok(())
    }

    /// The granules, in order of time.
    pub(super) fn granules(self, files: &Files) -> Vec<Granule> {
        let granule = |(known, bands)| files.granule(&known, bands);
        let mut all: Vec<Granule> = self.0.into_iter().filter_map(granule).collect();
        all.sort_by(|a, b| (a.time.start, &a.id).cmp(&(b.time.start, &b.id)));
        all
    }
}

impl Files {
    /// The granule of some files; `None` when their names tell no time.
    fn granule(&self, known: &Known, bands: BTreeMap<String, Listed>) -> Option<Granule> {
        let time: TimeRange = self.time_of(known)?;
        let first = bands.values().next()?;
        let mut granule = Granule::new(self.id_of(known, first), time);
        granule.collection = self.collection.clone();
        granule.version = version(&bands);
        let tile = self.tile(known);
        granule.bbox = self.bbox;
        let grid = tile.or_else(|| self.geobox.clone());
        if granule.bbox.is_none()
            && let Some(grid) = &grid
            && let Ok(region) = Region::from_geobox(grid)
        {
            granule.geometry = Some(region.to_geojson());
        }
        for (name, value) in &known.fields {
            granule.properties.insert(name.clone(), Value::String(value.clone()));
        }
        for (name, file) in bands {
            let mut asset = Asset::new(name, file.href);
            asset.size = file.size;
            asset.media_type = media_type(&file.name).map(str::to_owned);
            if let Some(grid) = &self.geobox {
                asset = asset.with_geobox(grid.clone());
            }
            granule.assets.insert(asset.name.clone(), asset);
        }
        Some(granule)
    }

    /// The id: what `id` says, else all fields but the band, else the name of the file.
    pub(super) fn id_of(&self, known: &Known, file: &Listed) -> String {
        if let Some(id) = &self.id {
            return id.filled(known);
        }
        let text = |name: &str| match name {
            "time" => known.start.compact(),
            "end" => known.end.compact(),
            name => known.fields.get(name).cloned().unwrap_or_default(),
        };
        let fields = self.path.fields().into_iter().filter(|name| *name != "band");
        let id = fields.map(text).collect::<Vec<_>>().join("_");
        if !id.is_empty() {
            return id;
        }
        file.name.rsplit_once('.').map_or(&*file.name, |(stem, _)| stem).to_owned()
    }
}

/// One version for all files of a granule.
fn version(bands: &BTreeMap<String, Listed>) -> Option<String> {
    let versions: Vec<String> = bands.values().filter_map(Listed::version).collect();
    match versions.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => {
            let mut hasher = Hasher::new();
            for (version, band) in many.iter().zip(bands.keys()) {
                hasher.update(format!("{band}={version}\n").as_bytes());
            }
            Some(hasher.finalize().to_hex()[..16].to_owned())
        }
    }
}

fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "tif" | "tiff" => "image/tiff; application=geotiff",
        "nc" | "nc4" => "application/x-netcdf",
        "h5" | "hdf5" => "application/x-hdf5",
        "jp2" => "image/jp2",
        _ => return None,
    })
}
