//! Files by path template: in folders, below index pages, in buckets, on FTP and SFTP servers.

mod gather;
mod template;
mod time_parts;
mod walk;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use jiff::Span;
use serde::Deserialize;
use terracube_grid::{GeoBox, GridSet, TimeRange};

use self::template::{Known, Template};
use self::walk::Walk;
use super::pixel_grid::PixelGrid;
use crate::{Access, Connector, Error, Granules, Query, RedactedUrl, Source};

/// Files by path template. Fields in braces are read from the names of folders and files:
///
/// - `{time:%Y/%j}` the time, by directives of `strftime`, in one place or several; its finest part
///   implies the period (a day for `%j`), down to an instant for `%S`; `{end:…}` the end;
/// - `{band}` the name of the asset: files that differ in nothing else are one granule;
/// - `{tile}` the tile of the grid that `tiles` names (`modis:500m`), as its community writes it;
/// - any other name becomes a property; `{name:pattern}` restricts it by a regular expression;
/// - `*` stands for what does not matter.
///
/// Only folders that can match the time of a query are listed.
///
/// ```
/// use terracube_source::{Files, Registry};
/// let registry = Registry::empty().with::<Files>();
/// let config = serde_json::json!({
///     "path": "https://data.example/sst/{time:%Y/%j}/X_{tile}_{band}.tif",
///     "bbox": [-180, -90, 180, 90],
/// });
/// let source = registry.connect("files", config)?;
/// assert_eq!(source.describe(), "files at https://data.example/sst/");
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct Files {
    path: Template,
    id: Option<Template>,
    time: Option<TimeRange>,
    period: Option<Span>,
    asset: String,
    collection: Option<String>,
    bbox: Option<[f64; 4]>,
    geobox: Option<GeoBox>,
    tiles: Option<(GridSet, String)>,
}

/// The configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    path: PathText,
    id: Option<PathText>,
    time: Option<TimeRange>,
    period: Option<Period>,
    asset: Option<String>,
    collection: Option<String>,
    bbox: Option<[f64; 4]>,
    geobox: Option<PixelGrid>,
    tiles: Option<GridName>,
}

/// A template.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct PathText(Template);

/// An ISO 8601 duration, or `instant`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Period(Span);

/// The name of a tile grid.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct GridName(GridSet, String);

impl Files {
    /// The files at `path`, a template.
    ///
    /// # Errors
    /// [`Error::Setting`] saying what is wrong with it.
    pub fn new(path: &str) -> crate::Result<Self> {
        let wrong = |reason| Error::Setting { setting: "path".to_owned(), reason };
        let path = PathText(Template::parse(path).map_err(wrong)?);
        let written = Written {
            path,
            id: None,
            time: None,
            period: None,
            asset: None,
            collection: None,
            bbox: None,
            geobox: None,
            tiles: None,
        };
        Self::try_from(written).map_err(wrong)
    }

    /// Sets the footprint of all granules: west, south, east, north in degrees.
    #[must_use]
    pub fn with_bbox(mut self, bbox: [f64; 4]) -> Self {
        self.bbox = Some(bbox);
        self
    }

    /// The time of a granule with these names; `None` when they do not tell it.
    fn time_of(&self, known: &Known) -> Option<TimeRange> {
        let start = known.start.span().ok()?;
        let end = known.end.span().ok()?;
        match (start, end, self.period) {
            (Some(start), Some(end), _) => TimeRange::new(start.start, end.end).ok(),
            (Some(start), None, Some(period)) => {
                TimeRange::new(start.start, time_parts::later(start.start, period)?).ok()
            }
            (Some(start), None, None) => TimeRange::new(start.start, start.end).ok(),
            (None, ..) => self.time,
        }
    }

    /// Whether a folder with these names may hold granules of this time; when in doubt it may.
    fn may_hold(&self, known: &Known, time: &TimeRange) -> bool {
        let Ok(start) = known.start.span() else { return false };
        let starts_in_time = start.is_none_or(|start| {
            start.start < time.end || (time.start == time.end && start.start <= time.end)
        });
        let ends_in_time = match (start, known.end.span(), self.path.fields().contains(&"end")) {
            (_, Ok(Some(end)), _) => end.end >= time.start,
            (Some(start), _, false) => {
                let last = match self.period {
                    Some(period) => time_parts::later(start.end, period),
                    None => Some(start.end),
                };
                let is_instant = start.start == start.end;
                last.is_none_or(|last| last > time.start || (is_instant && last >= time.start))
            }
            _ => true,
        };
        starts_in_time && ends_in_time
    }

    /// The tile that these names tell.
    fn tile(&self, known: &Known) -> Option<GeoBox> {
        let (set, grid) = self.tiles.as_ref()?;
        let tile = set.tile_of(grid, known.fields.get("tile")?).ok()?;
        Some(tile.geobox)
    }
}

impl Connector for Files {
    const NAME: &'static str = "files";
    const ABOUT: &'static str =
        "files by path template: folders, index pages, buckets, FTP and SFTP servers";
    const KEYS: &'static [&'static str] =
        &["path", "id", "time", "period", "asset", "collection", "bbox", "geobox", "tiles"];
}

#[async_trait]
impl Source for Files {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        if query.filter.is_some() {
            let error = Error::Query {
                source_name: Self::NAME.to_owned(),
                reason: "files have no filters; leave `filter` out".to_owned(),
            };
            return stream::iter([Err(error)]).boxed();
        }
        let walk = Walk::new(self.clone(), query, access);
        stream::unfold(walk, |mut walk| async move {
            let found = walk.next().await?;
            Some((found, walk))
        })
        .take(query.limit.unwrap_or(usize::MAX))
        .boxed()
    }

    fn describe(&self) -> String {
        format!("files at {}", RedactedUrl::of(&self.path.root))
    }
}

impl TryFrom<Written> for Files {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let path = written.path.0;
        let has = |field| path.fields().contains(&field);
        if !has("time") && written.time.is_none() {
            return Err("`path` has no `{time:…}`, and there is no `time` for all".to_owned());
        }
        if written.tiles.is_some() && !has("tile") {
            return Err("there are `tiles`, but `path` has no `{tile}`".to_owned());
        }
        let id = written.id.map(|PathText(id)| id);
        if let Some(unknown) =
            id.iter().flat_map(Template::fields).find(|field| *field == "band" || !has(field))
        {
            return Err(format!("`id` has `{unknown}`, which `path` has not (or is the band)"));
        }
        Ok(Self {
            id,
            time: written.time,
            period: written.period.map(|Period(span)| span),
            asset: written.asset.unwrap_or_else(|| "data".to_owned()),
            collection: written.collection,
            bbox: written.bbox,
            geobox: written.geobox.map(|PixelGrid(geobox)| geobox),
            tiles: written.tiles.map(|GridName(set, grid)| (set, grid)),
            path,
        })
    }
}

impl TryFrom<String> for PathText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Template::parse(&text).map(Self)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "instant" {
            return Ok(Self(Span::new()));
        }
        let span: Span = text.parse().map_err(|cause| {
            format!("`{text}` is neither `instant` nor a duration like `P8D`: {cause}")
        })?;
        if span.is_negative() {
            return Err(format!("`{text}` is negative"));
        }
        Ok(Self(span))
    }
}

impl TryFrom<String> for GridName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        GridSet::find(&name).map(|(set, grid)| Self(set, grid)).map_err(|cause| cause.to_string())
    }
}
