//! Google Earth Engine by its REST API: images, and what it computes of collections.

mod expression;
mod images;
mod tiles;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use terracube_grid::{GeoBox, Region, Time, TimeAxis};
use terracube_store::{Key, Memory, Store as _};

use self::images::Images;
use self::tiles::Tiles;
use super::pixel_grid::PixelGrid;
use crate::{
    Access, Asset, BandInfo, Connector, Error, Granule, Granules, Opened, Query, Result, Source,
};

/// The largest answer with pixels, in bytes: what is uncompressed at most, with headers.
const LARGEST: u64 = 64 << 20;

/// Google Earth Engine: an image, or the images of a collection, or a composite of them for each
/// step of time. Pixels come on `grid`, which the server warps to, in tiles that one request may
/// ask for; a granule is an image (or a step) in one tile. Credentials are the business of a
/// provider for the server's host, as `service_account`.
///
/// ```
/// use terracube_source::{EarthEngine, Registry};
/// let registry = Registry::empty().with::<EarthEngine>();
/// let source = registry.connect("earth-engine", serde_json::json!({
///     "project": "my-project",
///     "asset": "COPERNICUS/S2_SR_HARMONIZED",
///     "assets": { "red": ["B4"], "ndvi": ["B8", "B4"] },
///     "dtype": "uint16",
///     "grid": { "crs": "EPSG:32633", "extent": [5e5, 87e5, 51e4, 871e4], "resolution": 10.0 },
///     "composite": { "method": "median", "start": "2020-01-01", "end": "2021-01-01", "step": "P1M" },
/// }))?;
/// assert_eq!(source.describe(), "COPERNICUS/S2_SR_HARMONIZED on Earth Engine");
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarthEngine {
    /// The project that pays and counts.
    project: String,
    /// The image or collection: `COPERNICUS/S2_SR_HARMONIZED` or `projects/…/assets/…`.
    asset: AssetName,
    /// The bands of each asset, by the names of both.
    assets: BTreeMap<String, Vec<String>>,
    /// The grid of the pixels.
    grid: PixelGrid,
    /// The type of the pixels, which tells how large a request may be; 8 bytes if not set.
    #[serde(default)]
    dtype: Option<DataType>,
    /// The value of pixels that are masked; 0 if not set, as the server has it.
    #[serde(default)]
    nodata: f64,
    /// Pixels of a side of a tile; fewer where the limits ask for it.
    #[serde(default = "tile")]
    tile: usize,
    /// A filter of properties, as `properties.CLOUDY_PIXEL_PERCENTAGE < 30`; not for composites.
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    composite: Option<Composite>,
    /// The server.
    #[serde(default = "url")]
    url: String,
}

/// The name of an asset with its project.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct AssetName {
    /// `projects/…/assets/…`.
    full: String,
    shown: String,
}

/// What is made of the images of each step.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "WrittenComposite")]
struct Composite {
    method: Method,
    axis: TimeAxis,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenComposite {
    method: Method,
    start: Time,
    end: Time,
    step: String,
}

/// How images are made one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Mosaic,
    Median,
    Mean,
    Min,
    Max,
}

/// The type of pixels, as STAC names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DataType {
    Uint8,
    Int8,
    Uint16,
    Int16,
    Uint32,
    Int32,
    Float32,
    Float64,
}

impl Connector for EarthEngine {
    const NAME: &'static str = "earth-engine";
    const ABOUT: &'static str = "images and composites of Google Earth Engine";
    const KEYS: &'static [&'static str] = &[
        "project",
        "asset",
        "assets",
        "grid",
        "dtype",
        "nodata",
        "tile",
        "filter",
        "composite",
        "url",
    ];
}

#[async_trait]
impl Source for EarthEngine {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        let limit = query.limit.unwrap_or(usize::MAX);
        if query.filter.is_some() {
            let error = Error::Query {
                source_name: Self::NAME.to_owned(),
                reason: "it takes no CQL2; give `filter` in its configuration".to_owned(),
            };
            return stream::iter([Err(error)]).boxed();
        }
        if let Some(composite) = &self.composite {
            return crate::granules(query, self.composites(composite, query));
        }
        stream::unfold(Images::new(self.clone(), query, access), |mut images| async move {
            let found = images.next().await?;
            Some((found, images))
        })
        .take(limit)
        .boxed()
    }

    async fn open(&self, granule: &Granule, asset: &Asset, access: &Access) -> Result<Opened> {
        let asset = granule.asset(&asset.name)?;
        let (Some(bands), Some(grid)) = (self.assets.get(&asset.name), &asset.geobox) else {
            return Err(self.foreign(granule));
        };
        let mut body = json!({
            "fileFormat": "GEO_TIFF",
            "grid": self.pixel_grid(grid)?,
            "bandIds": bands,
        });
        let image = granule.properties.get("ee:image").and_then(Value::as_str);
        let url = match (image, &self.composite) {
            (Some(image), None) if self.nodata == 0.0 => self.method(image, "getPixels"),
            (Some(image), None) => {
                body["expression"] = expression::image(image, self.nodata);
                self.compute()
            }
            (None, Some(composite)) => {
                let region = Region::from_geobox(grid).map_err(|cause| self.wrong(&cause))?;
                let nodata = Some(self.nodata).filter(|nodata| *nodata != 0.0);
                body["expression"] = expression::composite(
                    &self.asset.full,
                    &granule.time,
                    &region,
                    composite.method,
                    bands,
                    self.dtype,
                    nodata,
                );
                self.compute()
            }
            _ => return Err(self.foreign(granule)),
        };
        let bytes = access.post_bytes(&url, &body, LARGEST).await?;
        let key = Key::new("pixels.tif").map_err(|source| self.store_error(source))?;
        let store = Memory::new();
        store.set(&key, bytes).await.map_err(|source| self.store_error(source))?;
        Ok(Opened::Bytes { store: Arc::new(store), key })
    }

    fn describe(&self) -> String {
        format!("{} on Earth Engine", self.asset.shown)
    }
}

impl EarthEngine {
    fn tiles(&self) -> Tiles {
        let bands = self.assets.values().map(Vec::len).max().unwrap_or(1);
        let bytes = self.dtype.map_or(8, DataType::bytes);
        Tiles::new(self.grid.0.clone(), self.tile, bands * bytes)
    }

    fn composites(
        &self,
        composite: &Composite,
        query: &Query,
    ) -> impl Iterator<Item = Result<Granule>> + use<> {
        let steps = match &query.time {
            Some(time) => composite.axis.range_of(time),
            None => 0..composite.axis.len(),
        };
        let (source, axis) = (self.clone(), composite.axis.clone());
        steps.filter_map(move |index| axis.step(index)).flat_map(move |step| {
            let tiles: Vec<_> = source.tiles().all().collect();
            let (source, step) = (source.clone(), step);
            tiles.into_iter().map(move |tile| {
                let id = source.tile_id(&step.label, &tile);
                source.granule(Granule::new(id, step.range()), &tile)
            })
        })
    }

    /// The granule with the assets and the place of a tile.
    fn granule(&self, mut granule: Granule, tile: &tiles::RequestTile) -> Result<Granule> {
        granule.collection = Some(self.asset.shown.clone());
        let region = Region::from_geobox(&tile.grid).map_err(|cause| self.wrong(&cause))?;
        granule.geometry = Some(region.to_geojson());
        for (name, bands) in &self.assets {
            let href =
                format!("{}#{}/{name}", self.method(&self.asset.full, "getPixels"), granule.id);
            let mut asset = Asset::new(name, href)
                .with_geobox(tile.grid.clone())
                .with_media_type("image/tiff; application=geotiff");
            for band in bands {
                asset = asset.with_band(BandInfo {
                    name: Some(band.clone()),
                    dtype: self.dtype.map(|dtype| dtype.name().to_owned()),
                    nodata: Some(self.nodata),
                    ..BandInfo::default()
                });
            }
            granule.assets.insert(name.clone(), asset);
        }
        Ok(granule)
    }

    fn tile_id(&self, id: &str, tile: &tiles::RequestTile) -> String {
        if self.tiles().count() == 1 {
            return id.to_owned();
        }
        format!("{id}-c{}r{}", tile.column, tile.row)
    }

    fn pixel_grid(&self, grid: &GeoBox) -> Result<Value> {
        let a = &grid.affine;
        let mut made = json!({
            "dimensions": { "width": grid.width, "height": grid.height },
            "affineTransform": {
                "scaleX": a.a, "shearX": a.b, "translateX": a.c,
                "shearY": a.d, "scaleY": a.e, "translateY": a.f,
            },
        });
        match (grid.crs.authority(), grid.crs.wkt2()) {
            (Some((authority, code)), _) => made["crsCode"] = json!(format!("{authority}:{code}")),
            (None, Some(wkt)) => made["crsWkt"] = json!(wkt),
            (None, None) => {
                return Err(Error::Query {
                    source_name: Self::NAME.to_owned(),
                    reason: "the CRS of `grid` has neither code nor WKT".to_owned(),
                });
            }
        }
        Ok(made)
    }

    fn method(&self, name: &str, method: &str) -> String {
        format!("{}/v1/{name}:{method}", self.url.trim_end_matches('/'))
    }

    fn compute(&self) -> String {
        self.method(&format!("projects/{}/image", self.project), "computePixels")
    }

    fn foreign(&self, granule: &Granule) -> Error {
        let reason = format!("granule `{}` is not one of its own", granule.id);
        Error::Query { source_name: Self::NAME.to_owned(), reason }
    }

    fn wrong(&self, cause: &terracube_grid::Error) -> Error {
        Error::Query { source_name: Self::NAME.to_owned(), reason: cause.to_string() }
    }

    fn store_error(&self, source: terracube_store::Error) -> Error {
        Error::Store { what: self.asset.shown.clone(), source }
    }
}

impl Method {
    fn function(self) -> &'static str {
        match self {
            Self::Mosaic => "ImageCollection.mosaic",
            Self::Median => "reduce.median",
            Self::Mean => "reduce.mean",
            Self::Min => "reduce.min",
            Self::Max => "reduce.max",
        }
    }
}

impl DataType {
    fn bytes(self) -> usize {
        match self {
            Self::Uint8 | Self::Int8 => 1,
            Self::Uint16 | Self::Int16 => 2,
            Self::Uint32 | Self::Int32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// The function that makes pixels of this type.
    fn cast(self) -> &'static str {
        match self {
            Self::Uint8 => "Image.toUint8",
            Self::Int8 => "Image.toInt8",
            Self::Uint16 => "Image.toUint16",
            Self::Int16 => "Image.toInt16",
            Self::Uint32 => "Image.toUint32",
            Self::Int32 => "Image.toInt32",
            Self::Float32 => "Image.toFloat",
            Self::Float64 => "Image.toDouble",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Int8 => "int8",
            Self::Uint16 => "uint16",
            Self::Int16 => "int16",
            Self::Uint32 => "uint32",
            Self::Int32 => "int32",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        }
    }
}

impl TryFrom<String> for AssetName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_name) || text.contains("..") {
            return Err(format!("`{text}` is no name of an asset"));
        }
        let owner = if text.starts_with("users/") { "legacy" } else { "public" };
        let full = if text.starts_with("projects/") {
            text.clone()
        } else {
            format!("projects/earthengine-{owner}/assets/{text}")
        };
        Ok(Self { full, shown: text })
    }
}

impl TryFrom<WrittenComposite> for Composite {
    type Error = String;

    fn try_from(written: WrittenComposite) -> Result<Self, String> {
        let WrittenComposite { method, start, end, step } = written;
        let axis = TimeAxis::regular(start, end, &step).map_err(|cause| cause.to_string())?;
        Ok(Self { method, axis })
    }
}

fn tile() -> usize {
    1024
}

fn url() -> String {
    "https://earthengine.googleapis.com".to_owned()
}
