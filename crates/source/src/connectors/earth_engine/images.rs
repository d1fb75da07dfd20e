//! The images of a collection, page by page.

use std::collections::VecDeque;

use serde_json::Value;
use terracube_grid::{Time, TimeRange};
use url::Url;

use super::EarthEngine;
use crate::selection::Selection;
use crate::{Access, Error, Granule, Query, Result};

/// Images of a page.
const PAGE: usize = 500;

/// A search under way.
#[derive(Debug)]
pub(super) struct Images {
    source: EarthEngine,
    access: Access,
    query: Query,
    selection: Selection,
    step: Step,
    found: VecDeque<Result<Granule>>,
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
            found: VecDeque::new(),
            source,
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Granule>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
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
            Some("IMAGE") => self.add(&asset),
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
        let page = self.access.get_json(url.as_str()).await?;
        for image in page["assets"].as_array().map_or(&[][..], Vec::as_slice) {
            self.add(image);
        }
        let next = page["nextPageToken"].as_str().filter(|next| !next.is_empty());
        if next.is_some() && next == token {
            return Err(Error::Document {
                what: self.source.asset.shown.clone(),
                reason: "a page of its images names itself as the next".to_owned(),
            });
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

    /// The granules of an image: one for each tile that it meets.
    fn add(&mut self, image: &Value) {
        match self.granules(image) {
            Ok(granules) => self.found.extend(granules.into_iter().map(Ok)),
            Err(error) => self.found.push_back(Err(error)),
        }
    }

    fn granules(&self, image: &Value) -> Result<Vec<Granule>> {
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
        let of_image = Selection::new(&Query { region: footprint, ..Query::default() });
        let mut found = Vec::new();
        for tile in self.source.tiles().all() {
            let mut granule = whole.clone();
            granule.id = self.source.tile_id(id, &tile);
            let granule = self.source.granule(granule, &tile)?;
            if of_image.admits(&granule) && self.selection.admits(&granule) {
                found.push(granule);
            }
        }
        Ok(found)
    }
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
