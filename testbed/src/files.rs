//! Files and byte buffers under `/files/`.

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::byte_range::ByteRange;

/// What can be asked for under `/files/`.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Folders by the prefix they are served under; `""` is all of `/files/`.
    folders: Vec<(String, PathBuf)>,
    buffers: Mutex<BTreeMap<String, Buffer>>,
}

#[derive(Debug, Clone)]
struct Buffer {
    bytes: Bytes,
    etag: String,
    modified: SystemTime,
}

/// Added to every `ETag` of the answer when a fault says that the file has changed.
#[derive(Debug, Clone)]
pub(crate) struct ChangedEtag;

impl Files {
    pub(crate) fn add_folder(&mut self, prefix: String, folder: PathBuf) {
        self.folders.push((prefix, folder));
        // The longest prefix answers first.
        self.folders.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    }

    pub(crate) fn put(&self, path: &str, bytes: Bytes) {
        let etag = format!("\"{:x}-{:x}\"", bytes.len(), checksum(&bytes));
        let buffer = Buffer { bytes, etag, modified: SystemTime::now() };
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        buffers.insert(path.trim_start_matches('/').to_owned(), buffer);
    }

    pub(crate) fn remove(&self, path: &str) {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        buffers.remove(path.trim_start_matches('/'));
    }

    /// Answers a GET or HEAD of `path`, percent-encoded, without `/files/`.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        changed: bool,
    ) -> Response {
        let Ok(path) = percent_decode_str(path).decode_utf8() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let found = match self.buffer(&path) {
            Some(Buffer { bytes, etag, modified }) => Some(Found {
                etag,
                length: bytes.len() as u64,
                modified,
                content: Content::Buffer(bytes),
            }),
            None => self.open(&path).await,
        };
        match found {
            Some(found) => found.answer(method, content_type(&path), headers, changed).await,
            None => (StatusCode::NOT_FOUND, "no such file").into_response(),
        }
    }

    fn buffer(&self, path: &str) -> Option<Buffer> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    async fn open(&self, path: &str) -> Option<Found> {
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        for (prefix, folder) in &self.folders {
            let Ok(inside) = relative.strip_prefix(prefix) else { continue };
            let Ok(file) = tokio::fs::File::open(folder.join(inside)).await else { continue };
            let metadata = file.metadata().await.ok()?;
            if !metadata.is_file() {
                continue;
            }
            let modified = metadata.modified().ok()?;
            let age = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
            return Some(Found {
                etag: format!("\"{:x}-{:x}\"", metadata.len(), age.as_nanos()),
                length: metadata.len(),
                modified,
                content: Content::File(file),
            });
        }
        None
    }
}

#[derive(Debug)]
struct Found {
    etag: String,
    length: u64,
    modified: SystemTime,
    content: Content,
}

#[derive(Debug)]
enum Content {
    File(tokio::fs::File),
    Buffer(Bytes),
}

impl Found {
    async fn answer(
        mut self,
        method: &Method,
        content_type: &'static str,
        headers: &HeaderMap,
        changed: bool,
    ) -> Response {
        if changed {
            self.etag = self.etag.replacen('"', "\"changed-", 1);
        }
        let modified = httpdate::fmt_http_date(self.modified);
        let answer = Response::builder()
            .header(header::ETAG, &self.etag)
            .header(header::LAST_MODIFIED, &modified)
            .header(header::ACCEPT_RANGES, "bytes");
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let unmodified = text(header::IF_UNMODIFIED_SINCE).is_none_or(|date| date == modified);
        let answer =
            if text(header::IF_MATCH).is_some_and(|tags| !self.is_among(tags)) || !unmodified {
                answer.status(StatusCode::PRECONDITION_FAILED).body(Body::empty())
            } else if text(header::IF_NONE_MATCH).is_some_and(|tags| self.is_among(tags)) {
                answer.status(StatusCode::NOT_MODIFIED).body(Body::empty())
            } else {
                let answer = answer.header(header::CONTENT_TYPE, content_type);
                let same = text(header::IF_RANGE)
                    .is_none_or(|value| value == self.etag || value == modified);
                let range = if same { text(header::RANGE) } else { None };
                match ByteRange::parse(range, self.length) {
                    ByteRange::Whole => {
                        let answer = answer.header(header::CONTENT_LENGTH, self.length);
                        answer.body(self.content.body(method, 0, self.length).await)
                    }
                    ByteRange::Part { start, end } => answer
                        .status(StatusCode::PARTIAL_CONTENT)
                        .header(header::CONTENT_LENGTH, end - start)
                        .header(
                            header::CONTENT_RANGE,
                            format!("bytes {start}-{}/{}", end - 1, self.length),
                        )
                        .body(self.content.body(method, start, end).await),
                    ByteRange::Unsatisfiable => answer
                        .status(StatusCode::RANGE_NOT_SATISFIABLE)
                        .header(header::CONTENT_RANGE, format!("bytes */{}", self.length))
                        .body(Body::empty()),
                }
            };
        answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    fn is_among(&self, tags: &str) -> bool {
        tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == self.etag)
    }
}

impl Content {
    async fn body(self, method: &Method, start: u64, end: u64) -> Body {
        if method == Method::HEAD {
            return Body::empty();
        }
        match self {
            Self::Buffer(bytes) => {
                let within = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
                Body::from(bytes.slice(within(start)..within(end)))
            }
            Self::File(mut file) => match file.seek(SeekFrom::Start(start)).await {
                Ok(_) => Body::from_stream(ReaderStream::with_capacity(
                    file.take(end - start),
                    256 * 1024,
                )),
                Err(cause) => Body::from_stream(futures::stream::iter([Err::<Bytes, _>(cause)])),
            },
        }
    }
}

/// FNV-1a, 64 bits: enough to tell two versions of a test's buffer apart.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "tif" | "tiff" => "image/tiff",
        "json" => "application/json",
        "geojson" => "application/geo+json",
        "png" => "image/png",
        "nc" => "application/netcdf",
        _ => "application/octet-stream",
    }
}
