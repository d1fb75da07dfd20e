//! The images of a collection, page by page.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use serde_json::Value;
use terracube_grid::{Time, TimeRange};
use url::Url;

use super::EarthEngine;
use super::tiles::Tiles;
use crate::selection::Selection;
use crate::{Access, Error, Granule, Query, Result};

/// Images of a page.
const PAGE: usize = 500;
/// Pages without images, one after the other, that are passed over: filters leave such.
const MOST_EMPTY: usize = 1000;

/// A search under way.
#[derive(Debug)]
pub(super) struct Images {
    source: EarthEngine,
    access: Access,
    query: Query,
    selection: Selection,
    step: Step,
    tiles: Tiles,
    /// Images of the page, as they came.
    images: VecDeque<Value>,
    /// The one whose tiles are being looked at.
    current: Option<Image>,
    /// Digests of the pages asked for, to see when the way leads back.
    asked: HashSet<[u8; 16]>,
    /// Pages without images, one after the other.
    empty: usize,
}

/// An image, and where among the tiles it may lie.
#[derive(Debug)]
struct Image {
    whole: Granule,
    footprint: Selection,
    /// Columns and rows of tiles around it; all of them if `None`.
    around: Option<Vec<[Range<usize>; 2]>>,
    /// The tile to look at next.
    next: usize,
}

#[derive(Debug, Clone)]
enum Step {
    /// To ask what the asset is.
    Begin,
    /// To ask for this page.
    Page(Option<String>),
    End,
}

impl Images {
    pub(super) fn new(source: EarthEngine, query: &Query, access: &Access) -> Self {
        Self {
            selection: Selection::new(query),
            query: query.clone(),
            access: access.clone(),
            step: Step::Begin,
            tiles: source.tiles(),
            images: VecDeque::new(),
            current: None,
            asked: HashSet::new(),
            empty: 0,
            source,
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Granule>> {
        loop {
            if let Some(found) = self.next_tile() {
                return Some(found);
            }
            if let Some(image) = self.images.pop_front() {
                match self.image(&image) {
                    Ok(image) => self.current = Some(image),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            }
            let asked = match self.step.clone() {
                Step::Begin => self.begin().await,
                Step::Page(token) => self.page(token.as_deref()).await,
                Step::End => return None,
            };
            if let Err(error) = asked {
                self.step = Step::End;
                return Some(Err(error));
            }
        }
    }

    async fn begin(&mut self) -> Result<()> {
        let url =
            format!("{}/v1/{}", self.source.url.trim_end_matches('/'), self.source.asset.full);
        let asset = self.access.get_json(&url).await?;
        self.step = Step::End;
        match asset["type"].as_str() {
            Some("IMAGE_COLLECTION") => self.step = Step::Page(None),
            Some("IMAGE") => self.images.push_back(asset),
            other => {
                return Err(Error::Query {
                    source_name: "earth-engine".to_owned(),
                    reason: format!(
                        "`{}` is of type {}, neither an image nor a collection of images",
                        self.source.asset.shown,
                        other.unwrap_or("unknown")
                    ),
                });
            }
        }
        Ok(())
    }

    async fn page(&mut self, token: Option<&str>) -> Result<()> {
        let url = self.source.method(&self.source.asset.full, "listAssets");
        let mut url = Url::parse(&url).map_err(|cause| Error::Setting {
            setting: "url".to_owned(),
            reason: cause.to_string(),
        })?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("pageSize", &PAGE.to_string()).append_pair("view", "FULL");
            let filter = self.filter();
            if !filter.is_empty() {
                pairs.append_pair("filter", &filter);
            }
            if let Some(token) = token {
                pairs.append_pair("pageToken", token);
            }
        }
        let mut page = self.access.get_json(url.as_str()).await?;
        if let Value::Array(images) = page["assets"].take() {
            self.images = images.into();
        }
        let next = page["nextPageToken"].as_str().filter(|next| !next.is_empty());
        let wrong = |reason: &str| Error::Document {
            what: self.source.asset.shown.clone(),
            reason: reason.to_owned(),
        };
        self.empty = if self.images.is_empty() { self.empty + 1 } else { 0 };
        if next.is_some_and(|next| !self.asked.insert(digest(next))) {
            return Err(wrong("the next page of its images is one that was there before"));
        }
        if next.is_some() && self.empty > MOST_EMPTY {
            return Err(wrong("one page of its images after the other has none"));
        }
        self.step = next.map_or(Step::End, |next| Step::Page(Some(next.to_owned())));
        Ok(())
    }

    /// What the server leaves out: by the start of an image, as its own client does.
    fn filter(&self) -> String {
        let mut all: Vec<String> = self.source.filter.iter().cloned().collect();
        if let Some(time) = self.query.time.filter(|time| *time != TimeRange::ALL) {
            all.push(format!("startTime >= \"{}\"", time.start));
            // A moment holds itself.
            let relation = if time.start == time.end { "<=" } else { "<" };
            all.push(format!("startTime {relation} \"{}\"", time.end));
        }
        if let Some(region) = &self.query.region {
            let json = region.to_geojson().to_string().replace('"', "'");
            all.push(format!("intersects(\"{json}\")"));
        }
        all.join(" AND ")
    }

    /// The next granule of the image at hand: one for each tile that it meets.
    fn next_tile(&mut self) -> Option<Result<Granule>> {
        while let Some(image) = &mut self.current {
            let Some(tile) = self.tiles.get(image.next) else {
                self.current = None;
                break;
            };
            image.next += 1;
            let is_around = |[columns, rows]: &[Range<usize>; 2]| {
                columns.contains(&tile.column) && rows.contains(&tile.row)
            };
            if image.around.as_ref().is_some_and(|all| !all.iter().any(is_around)) {
                continue;
            }
            let id = self.source.tile_id(&image.whole.id, &tile);
            // What it is made of is copied for those that are wanted alone.
            let bare = Granule::new(id, image.whole.time);
            match self.source.granule(bare, &tile) {
                Ok(bare) if !image.footprint.admits(&bare) || !self.selection.admits(&bare) => {}
                Ok(bare) => {
                    let Granule { properties, version, updated, .. } = image.whole.clone();
                    return Some(Ok(Granule { properties, version, updated, ..bare }));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }

    fn image(&self, image: &Value) -> Result<Image> {
        let name = image["name"].as_str().unwrap_or_default();
        let id = name.rsplit('/').next().unwrap_or_default();
        let refuse = |reason: String| Error::Item { item: id.to_owned(), reason };
        if id.is_empty() {
            return Err(refuse("it has no `name`".to_owned()));
        }
        let time = time(image).map_err(&refuse)?;
        let mut whole = Granule::new(id, time);
        whole.geometry = Some(&image["geometry"]).filter(|one| one.is_object()).cloned();
        whole.properties = image["properties"].as_object().cloned().unwrap_or_default();
        whole.properties.insert("ee:image".to_owned(), Value::String(name.to_owned()));
        whole.version = image["updateTime"].as_str().map(str::to_owned);
        whole.updated.clone_from(&whole.version);
        let footprint = whole.footprint().ok().flatten();
        let around = footprint.as_ref().and_then(|region| self.tiles.around(region));
        let footprint = Selection::new(&Query { region: footprint, ..Query::default() });
        Ok(Image { whole, footprint, around, next: 0 })
    }
}

fn digest(token: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(token.as_bytes()).as_bytes()[..16]);
    half
}

fn time(image: &Value) -> Result<TimeRange, String> {
    let read = |name: &str| {
        image[name]
            .as_str()
            .map(|text| Time::parse(text).map_err(|cause| format!("`{name}`: {cause}")))
            .transpose()
    };
    let start = read("startTime")?.ok_or("it has no `startTime`")?;
    let end = read("endTime")?.filter(|end| *end > start).unwrap_or(start);
    TimeRange::new(start, end).map_err(|cause| cause.to_string())
}
