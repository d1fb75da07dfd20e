//! An asset: one file of a granule.

use std::collections::BTreeMap;

use serde::Serialize;
use terracube_grid::{Crs, GeoBox};

/// One file of a granule, and what the source says of its pixels.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Asset {
    /// The name within the granule.
    pub name: String,
    /// Where it is: an absolute URL or, for local catalogues, a path.
    pub href: String,
    /// The media type.
    pub media_type: Option<String>,
    /// What it is for: `data`, `thumbnail`, `metadata`, ….
    pub roles: Vec<String>,
    /// The title.
    pub title: Option<String>,
    /// The pixel grid, when CRS, shape and transform are all given (STAC projection extension).
    pub geobox: Option<GeoBox>,
    /// The CRS of the pixels.
    pub crs: Option<Crs>,
    /// The bands, in the order of the file; empty when the source says nothing.
    pub bands: Vec<BandInfo>,
    /// Other places of the same file by name (STAC alternate assets extension).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub alternates: BTreeMap<String, String>,
    /// The size in bytes (`file:size`).
    pub size: Option<u64>,
    /// A multihash in hex (`file:checksum`).
    pub checksum: Option<String>,
}

impl Asset {
    /// An asset of which only name and place are known.
    #[must_use]
    pub fn new(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            href: href.into(),
            media_type: None,
            roles: Vec::new(),
            title: None,
            geobox: None,
            crs: None,
            bands: Vec::new(),
            alternates: BTreeMap::new(),
            size: None,
            checksum: None,
        }
    }

    /// Sets the pixel grid, and the CRS with it.
    #[must_use]
    pub fn with_geobox(mut self, geobox: GeoBox) -> Self {
        self.crs = Some(geobox.crs.clone());
        self.geobox = Some(geobox);
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds a band.
    #[must_use]
    pub fn with_band(mut self, band: BandInfo) -> Self {
        self.bands.push(band);
        self
    }

    /// Takes the place that comes first in `names` of those it has; its own if it has none of them.
    #[must_use]
    pub fn preferring(mut self, names: &[String]) -> Self {
        if let Some(href) = names.iter().find_map(|name| self.alternates.get(name)) {
            self.href.clone_from(href);
        }
        self
    }

    /// The index of the band with this name or common name.
    #[must_use]
    pub fn band_index(&self, name: &str) -> Option<usize> {
        let by = |want: fn(&BandInfo) -> Option<&str>| {
            self.bands.iter().position(move |band| want(band) == Some(name))
        };
        by(|band| band.name.as_deref()).or_else(|| by(|band| band.common_name.as_deref()))
    }
}

/// What a source says of one band. Values are stored as `physical = stored × scale + offset`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BandInfo {
    /// The name.
    pub name: Option<String>,
    /// The common name of the STAC electro-optical extension: `red`, `nir`, ….
    pub common_name: Option<String>,
    /// The data type as STAC names it: `uint16`, `float32`, ….
    pub dtype: Option<String>,
    /// The stored value that means no data; `nan` is a NaN.
    #[serde(serialize_with = "finite_or_text")]
    pub nodata: Option<f64>,
    /// The factor.
    pub scale: Option<f64>,
    /// The summand.
    pub offset: Option<f64>,
    /// The unit of the physical value.
    pub unit: Option<String>,
    /// What whole values mean (`classification:classes`).
    pub classes: Vec<Class>,
    /// What groups of bits mean (`classification:bitfields`).
    pub bitfields: Vec<Bitfield>,
}

/// What one value means (STAC classification extension).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Class {
    /// The value: of the pixel, or of the bits of a field.
    pub value: u64,
    /// Its name.
    pub name: String,
}

/// What some neighbouring bits of a value mean (STAC classification extension).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bitfield {
    /// Its name.
    pub name: String,
    /// The lowest bit, 0 being the least significant.
    pub offset: u32,
    /// How many bits.
    pub length: u32,
    /// What their values mean.
    pub classes: Vec<Class>,
}

fn finite_or_text<S: serde::Serializer>(value: &Option<f64>, s: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.is_nan() => s.serialize_str("nan"),
        Some(value) if value.is_infinite() => {
            s.serialize_str(if *value > 0.0 { "inf" } else { "-inf" })
        }
        other => other.serialize(s),
    }
}
