//! Items in a stac-geoparquet file, read row group by row group.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use futures::{StreamExt, stream};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedRowGroupReader;
use parquet::file::statistics::Statistics;
use serde::Deserialize;
use terracube_grid::Bounds;
use terracube_store::{ByteRequest, Key, ReadStore};
use url::Url;

use super::{base_url, item, row};
use crate::selection::Selection;
use crate::{
    Access, Connector, Error, Granule, Granules, Opened, Query, RedactedUrl, Result, Source,
};

/// What is read at the end of a file at first: most footers fit in.
const TAIL: u64 = 256 << 10;
/// The largest footer, and the largest row group, in bytes as stored.
const LARGEST: u64 = 512 << 20;

/// Items of a stac-geoparquet file, local or over byte ranges. Row groups whose `bbox` columns
/// cannot meet the query's region are not read; of the others one is held at a time.
///
/// ```
/// use terracube_source::{Registry, StacGeoparquet};
/// let registry = Registry::empty().with::<StacGeoparquet>();
/// let config = serde_json::json!({ "url": "https://data.example/items.parquet" });
/// let source = registry.connect("stac-geoparquet", config)?;
/// assert_eq!(source.describe(), "STAC items of https://data.example/items.parquet");
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StacGeoparquet {
    /// URL or path of the file.
    #[serde(alias = "path")]
    url: String,
    /// Names of alternate places of assets, the one to be read first.
    #[serde(default)]
    alternates: Vec<String>,
}

impl StacGeoparquet {
    /// The file at a URL or path.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), alternates: Vec::new() }
    }
}

impl Connector for StacGeoparquet {
    const NAME: &'static str = "stac-geoparquet";
    const ABOUT: &'static str = "items in a stac-geoparquet file";
    const KEYS: &'static [&'static str] = &["url", "path", "alternates"];
}

#[async_trait]
impl Source for StacGeoparquet {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        if query.filter.is_some() {
            let error = Error::Query {
                source_name: Self::NAME.to_owned(),
                reason: "a file has no filters; leave `filter` out".to_owned(),
            };
            return stream::iter([Err(error)]).boxed();
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        let reading = Reading {
            source: self.clone(),
            access: access.clone(),
            boxes: query.region.as_ref().map(terracube_grid::Region::bbox_wgs84),
            selection: Selection::new(query),
            file: None,
            groups: VecDeque::new(),
            found: VecDeque::new(),
            is_over: false,
        };
        stream::unfold(reading, |mut reading| async move {
            let found = reading.next().await?;
            Some((found, reading))
        })
        .take(limit)
        .boxed()
    }

    fn describe(&self) -> String {
        format!("STAC items of {}", RedactedUrl::of(&self.url))
    }
}

/// A file being read.
#[derive(Debug)]
struct Reading {
    source: StacGeoparquet,
    access: Access,
    /// The query's region as rectangles.
    boxes: Option<Vec<Bounds>>,
    selection: Selection,
    file: Option<Arc<OpenFile>>,
    /// Row groups to read.
    groups: VecDeque<usize>,
    found: VecDeque<Result<Granule>>,
    is_over: bool,
}

/// A file whose footer was read.
#[derive(Debug)]
struct OpenFile {
    store: Arc<dyn ReadStore>,
    key: Key,
    url: Url,
    size: u64,
    metadata: ParquetMetaData,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Granule>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.step().await {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    /// Opens the file, or reads its next row group.
    async fn step(&mut self) -> Result<()> {
        let Some(file) = &self.file else {
            let file = OpenFile::open(&self.source.url, &self.access).await?;
            let meets = |group: &RowGroupMetaData| {
                self.boxes.as_ref().is_none_or(|boxes| may_meet(group, boxes))
            };
            let groups = file.metadata.row_groups().iter().enumerate();
            self.groups = groups.filter(|(_, group)| meets(group)).map(|(i, _)| i).collect();
            self.file = Some(Arc::new(file));
            return Ok(());
        };
        let Some(group) = self.groups.pop_front() else {
            self.is_over = true;
            return Ok(());
        };
        let piece = file.read(group).await?;
        let file = Arc::clone(file);
        let items = tokio::task::spawn_blocking(move || file.items(group, piece)).await;
        let broken = |reason: String| Error::Document {
            what: RedactedUrl::of(&self.source.url).to_string(),
            reason,
        };
        for found in items.map_err(|cause| broken(cause.to_string()))?? {
            match found {
                Ok(granule) if !self.selection.admits(&granule) => {}
                Ok(granule) => {
                    let granule = item::preferring(granule, &self.source.alternates);
                    self.found.push_back(Ok(granule));
                }
                error => self.found.push_back(error),
            }
        }
        Ok(())
    }
}

impl OpenFile {
    async fn open(href: &str, access: &Access) -> Result<Self> {
        let url = base_url(href)?;
        let Opened::Bytes { store, key } = access.ranged(url.as_str()).await? else {
            return Err(document(&url, "it cannot be read in parts"));
        };
        let missing = || Error::NotFound { what: RedactedUrl::from(&url).to_string() };
        let size = store.size(&key).await.map_err(|source| failed(&url, source))?;
        let size = size.ok_or_else(missing)?;
        let last = |n: u64| {
            let (store, key, url) = (Arc::clone(&store), key.clone(), url.clone());
            async move {
                let start = size.saturating_sub(n);
                read(&*store, &key, &url, start..size).await
            }
        };
        let mut tail = last(TAIL).await?;
        // The length of the metadata and a magic word are the last eight bytes.
        let Some((_, end)) = tail.split_last_chunk::<8>().filter(|(_, end)| &end[4..] == b"PAR1")
        else {
            return Err(document(&url, "it is no Parquet file"));
        };
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if length + 8 > size || length > LARGEST {
            return Err(document(&url, "its footer is longer than it may be"));
        }
        if length + 8 > tail.len() as u64 {
            tail = last(length + 8).await?;
        }
        let start = tail.len() - 8 - usize::try_from(length).unwrap_or(0);
        let footer = tail.slice(start..tail.len() - 8);
        // On a thread of its own: should a broken footer make the decoder panic, it is an error.
        let decode = move || ParquetMetaDataReader::decode_metadata(&footer);
        let metadata = tokio::task::spawn_blocking(decode)
            .await
            .map_err(|cause| document(&url, &cause.to_string()))?
            .map_err(|cause| document(&url, &cause.to_string()))?;
        Ok(Self { store, key, url, size, metadata })
    }

    /// The bytes of a row group.
    async fn read(&self, group: usize) -> Result<Piece> {
        let broken = || document(&self.url, "a row group is not where it may be");
        let mut range = self.size..0;
        for column in self.metadata.row_group(group).columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let start = u64::try_from(start).map_err(|_| broken())?;
            let length = u64::try_from(column.compressed_size()).map_err(|_| broken())?;
            let end = start.checked_add(length).filter(|end| *end <= self.size);
            range = range.start.min(start)..range.end.max(end.ok_or_else(broken)?);
        }
        if range.is_empty() {
            range = 0..0;
        }
        if range.end - range.start > LARGEST {
            return Err(document(&self.url, "a row group is larger than it may be"));
        }
        let bytes = read(&*self.store, &self.key, &self.url, range.clone()).await?;
        Ok(Piece { start: range.start, bytes, size: self.size })
    }

    /// The items of a row group.
    fn items(&self, group: usize, piece: Piece) -> Result<Vec<Result<Granule>>> {
        let wrong = |cause: parquet::errors::ParquetError| document(&self.url, &cause.to_string());
        let metadata = self.metadata.row_group(group);
        let index = self.metadata.page_index_for_row_group(group);
        let properties = Arc::new(ReaderProperties::builder().build());
        let reader = SerializedRowGroupReader::new(Arc::new(piece), metadata, index, properties)
            .map_err(wrong)?;
        let rows = reader.get_row_iter(None).map_err(wrong)?;
        rows.map(|row| {
            let json = row::item(&row.map_err(wrong)?, self.metadata.file_metadata().schema());
            Ok(item::granule(&json, Some(&self.url), None))
        })
        .collect()
    }
}

/// A part of a file, at its place.
struct Piece {
    start: u64,
    bytes: Bytes,
    size: u64,
}

impl Piece {
    fn from(&self, start: u64) -> parquet::errors::Result<Bytes> {
        let offset = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        offset
            .filter(|at| *at <= self.bytes.len())
            .map(|at| self.bytes.slice(at..))
            .ok_or_else(|| parquet::errors::ParquetError::EOF(format!("nothing at byte {start}")))
    }
}

impl Length for Piece {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Piece {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let from = self.from(start)?;
        if length > from.len() {
            let reason = format!("{length} bytes at byte {start} are not there");
            return Err(parquet::errors::ParquetError::EOF(reason));
        }
        Ok(from.slice(..length))
    }
}

/// Whether a row group may have items in one of these rectangles, by the statistics of its `bbox`
/// columns; without them it may.
fn may_meet(group: &RowGroupMetaData, boxes: &[Bounds]) -> bool {
    let of = |name: &str| {
        let is_it = |path: &str| path == format!("bbox.{name}");
        let column = group.columns().iter().find(|one| is_it(&one.column_path().string()))?;
        match column.statistics()? {
            Statistics::Double(both) => Some((*both.min_opt()?, *both.max_opt()?)),
            Statistics::Float(both) => {
                Some((f64::from(*both.min_opt()?), f64::from(*both.max_opt()?)))
            }
            _ => None,
        }
    };
    let (Some(west), Some(south), Some(east), Some(north)) =
        (of("xmin"), of("ymin"), of("xmax"), of("ymax"))
    else {
        return true;
    };
    // Items across 180° have their west beyond their east; statistics hide where they are. Among
    // others they show by nothing but that there is a west in the east, and an east in the west.
    let is_across = west.1 > east.1 || east.0 < west.0 || (west.1 >= 0.0 && east.0 <= 0.0);
    boxes.iter().any(|wanted| {
        let meets_x = is_across || (west.0 <= wanted.max_x && wanted.min_x <= east.1);
        meets_x && south.0 <= wanted.max_y && wanted.min_y <= north.1
    })
}

async fn read(store: &dyn ReadStore, key: &Key, url: &Url, range: Range<u64>) -> Result<Bytes> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    let request = ByteRequest::Range { start: range.start, end: range.end };
    let mut found = store
        .get_partial_values(&[(key.clone(), request)])
        .await
        .map_err(|source| failed(url, source))?;
    found
        .pop()
        .flatten()
        .ok_or_else(|| Error::NotFound { what: RedactedUrl::from(url).to_string() })
}

fn failed(url: &Url, source: terracube_store::Error) -> Error {
    Error::Store { what: RedactedUrl::from(url).to_string(), source }
}

fn document(url: &Url, reason: &str) -> Error {
    Error::Document { what: RedactedUrl::from(url).to_string(), reason: reason.to_owned() }
}
