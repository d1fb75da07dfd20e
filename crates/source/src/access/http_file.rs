//! One file over HTTP, read by byte ranges.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::header::{self, HeaderValue};
use terracube_store::{ByteRequest, Key, ReadStore};
use url::Url;

use super::client::{Answer, Call};
use super::coalesce::{FetchPlan, GAP, LARGEST};
use super::one_file::{absent_is_none, answers_of, requests_of};
use super::{Access, RedactedUrl, into_store_error};
use crate::{Error, Result};

/// A file that a server can only send whole is read if it is not larger than this.
const SMALL: u64 = 1 << 20;
/// Requests for one call of `get_partial_values` at one time.
const CONCURRENT: usize = 16;
/// The largest file that is read whole into memory.
const WHOLE: u64 = 2 << 30;

/// One file over HTTP. Its first answer pins the version; an answer of another version is an
/// error.
pub(crate) struct HttpFile {
    access: Access,
    url: Url,
    key: Key,
    /// The size that the source gave.
    announced: Option<u64>,
    /// Whether it may be a web page.
    is_page: bool,
    pinned: OnceLock<FileVersion>,
    /// The file, when the server sends only all of it.
    whole: OnceLock<Bytes>,
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq)]
struct FileVersion {
    etag: Option<String>,
    modified: Option<String>,
    size: Option<u64>,
}

/// Which bytes to ask for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Part(u64, u64),
    From(u64),
    Last(u64),
}

impl HttpFile {
    pub(crate) fn new(
        access: Access,
        url: Url,
        key: Key,
        announced: Option<u64>,
        is_page: bool,
    ) -> Self {
        let (pinned, whole) = (OnceLock::new(), OnceLock::new());
        Self { access, url, key, announced, is_page, pinned, whole }
    }

    async fn read(&self, request: ByteRequest) -> Result<Bytes> {
        let size = self.pinned.get().and_then(|version| version.size);
        let wanted = match (request, size) {
            (ByteRequest::All, _) => return self.read_whole(WHOLE).await,
            (ByteRequest::Range { start, end }, _) => Wanted::Part(start, end),
            (ByteRequest::Offset(start), Some(size)) => Wanted::Part(start, size),
            (ByteRequest::Offset(start), None) => Wanted::From(start),
            (ByteRequest::Suffix(n), Some(size)) => Wanted::Part(size.saturating_sub(n), size),
            (ByteRequest::Suffix(n), None) => Wanted::Last(n),
        };
        self.read_part(wanted).await
    }

    async fn read_part(&self, wanted: Wanted) -> Result<Bytes> {
        let outside = |size| Error::OutOfRange {
            url: RedactedUrl::from(&self.url).to_string(),
            request: wanted.header(),
            size,
        };
        if wanted.is_empty() {
            return Err(outside(None));
        }
        if let Some(whole) = self.whole.get() {
            return wanted.slice(whole).ok_or_else(|| outside(Some(whole.len() as u64)));
        }
        let mut call = self.call()?;
        let range = format!("bytes={}", wanted.header());
        call.headers
            .insert(header::RANGE, HeaderValue::try_from(range).map_err(|_| outside(None))?);
        let read = |mut answer: Answer| {
            let this = self;
            async move {
                if answer.response.status().as_u16() == 206 {
                    let range = this.check_part(&answer, wanted)?;
                    let length = range.end - range.start;
                    let body =
                        answer.body(length, "the bytes asked for").await.map_err(|error| {
                            match error {
                                // Proxies that mix answers up do so for a while.
                                Error::TooLarge { url, .. } => Error::Transport {
                                    operation: "read",
                                    url,
                                    transient: true,
                                    source: "it sends more than its `Content-Range` says".into(),
                                },
                                other => other,
                            }
                        })?;
                    if (body.len() as u64) < length {
                        let received = body.len() as u64;
                        return Err(Error::Truncated {
                            url: answer.shown(),
                            expected: length,
                            received,
                        });
                    }
                    return Ok(body);
                }
                this.check_kind(&answer)?;
                this.pin(&answer, answer.content_length())?;
                let whole =
                    answer.body(SMALL, "a file in one piece").await.map_err(
                        |error| match error {
                            Error::TooLarge { url, .. } => Error::NoRanges {
                                url,
                                reason: "the server ignores `Range` and sends all of it".to_owned(),
                            },
                            other => other,
                        },
                    )?;
                let part = wanted.slice(&whole).ok_or_else(|| outside(Some(whole.len() as u64)));
                let _ = this.whole.set(whole);
                part
            }
        };
        match self.access.client().run(&call, read).await {
            Err(Error::OutOfRange { size, .. }) => Err(outside(size)),
            other => other,
        }
    }

    async fn read_whole(&self, limit: u64) -> Result<Bytes> {
        if let Some(whole) = self.whole.get() {
            return Ok(whole.clone());
        }
        let call = self.call()?;
        let read = |mut answer: Answer| async move {
            self.check_kind(&answer)?;
            self.pin(&answer, answer.content_length())?;
            answer.body(limit, "a file read into memory").await
        };
        self.access.client().run(&call, read).await
    }

    async fn read_parts(&self, requests: &[ByteRequest]) -> Result<Vec<Bytes>> {
        let url = || RedactedUrl::from(&self.url).to_string();
        let needs_size = requests.iter().any(|request| match request {
            ByteRequest::All | ByteRequest::Offset(_) | ByteRequest::Suffix(_) => true,
            ByteRequest::Range { start, end } => end.saturating_sub(*start) > LARGEST,
        });
        if needs_size && requests.len() == 1 {
            return Ok(vec![self.read(requests[0]).await?]);
        }
        let size = match self.pinned.get().and_then(|version| version.size) {
            Some(size) => Some(size),
            None if needs_size => Some(self.read_size().await?),
            None => None,
        };
        let outside = |request: &ByteRequest| Error::OutOfRange {
            url: url(),
            request: format!("{request:?}"),
            size,
        };
        let ranges: Vec<Range<u64>> = requests
            .iter()
            .map(|request| match (request, size) {
                (_, Some(size)) => request.resolve(&self.key, size).map_err(|_| outside(request)),
                (&ByteRequest::Range { start, end }, None) if start < end => Ok(start..end),
                _ => Err(outside(request)),
            })
            .collect::<Result<_>>()?;
        let plan = FetchPlan::new(&ranges, GAP, LARGEST);
        let answers: Vec<Bytes> = stream::iter(plan.fetches.iter().cloned())
            .map(|range| self.read_part(Wanted::Part(range.start, range.end)))
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        requests
            .iter()
            .zip(&ranges)
            .zip(plan.assemble(&answers))
            .map(|((request, range), bytes)| match bytes {
                Some(bytes) => Ok(bytes),
                None if range.is_empty() => Ok(Bytes::new()),
                None => Err(outside(request)),
            })
            .collect()
    }

    async fn read_size(&self) -> Result<u64> {
        if let Some(size) = self.pinned.get().and_then(|version| version.size) {
            return Ok(size);
        }
        match self.read_part(Wanted::Part(0, 1)).await {
            Ok(_) => {}
            Err(Error::OutOfRange { size: Some(0), .. }) => return Ok(0),
            Err(error) => return Err(error),
        }
        let size = self.pinned.get().and_then(|version| version.size);
        size.or_else(|| Some(self.whole.get()?.len() as u64)).ok_or_else(|| Error::NoRanges {
            url: RedactedUrl::from(&self.url).to_string(),
            reason: "the server does not tell its size".to_owned(),
        })
    }

    /// A GET that wants the pinned version.
    fn call(&self) -> Result<Call> {
        let mut call = Call::get(self.url.clone());
        call.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(etag) = self.pinned.get().and_then(FileVersion::strong_etag)
            && let Ok(value) = HeaderValue::from_str(etag)
        {
            call.headers.insert(header::IF_MATCH, value);
        }
        Ok(call)
    }

    /// A page for people is not the file, unless it is one.
    fn check_kind(&self, answer: &Answer) -> Result<()> {
        if answer.is_web_page() && !self.is_page {
            return Err(Error::WebPage { url: answer.shown() });
        }
        Ok(())
    }

    /// The range that a 206 sends; an error if it is not what was wanted.
    fn check_part(&self, answer: &Answer, wanted: Wanted) -> Result<Range<u64>> {
        let wrong = |reason: String| Error::NoRanges { url: answer.shown(), reason };
        let text = answer
            .header(header::CONTENT_RANGE)
            .ok_or_else(|| wrong("it answers 206 without `Content-Range`".to_owned()))?;
        let (range, size) = parse_content_range(text)
            .ok_or_else(|| wrong(format!("it answers with `Content-Range: {text}`")))?;
        if !wanted.is_met_by(&range, size) {
            let asked = wanted.header();
            return Err(wrong(format!("asked for bytes {asked} it sends `{text}`")));
        }
        self.pin(answer, size)?;
        Ok(range)
    }

    fn pin(&self, answer: &Answer, size: Option<u64>) -> Result<()> {
        if let (Some(expected), Some(found)) = (self.announced, size)
            && expected != found
        {
            return Err(Error::Mismatch {
                url: answer.shown(),
                property: "size",
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
        let seen = FileVersion {
            etag: answer.header(header::ETAG).map(str::to_owned),
            modified: answer.header(header::LAST_MODIFIED).map(str::to_owned),
            size,
        };
        let pinned = self.pinned.get_or_init(|| seen.clone());
        if pinned.is_same(&seen) {
            return Ok(());
        }
        Err(Error::Changed { url: answer.shown(), was: pinned.shown(), now: seen.shown() })
    }
}

#[async_trait]
impl ReadStore for HttpFile {
    async fn get(&self, key: &Key, request: ByteRequest) -> terracube_store::Result<Option<Bytes>> {
        if *key != self.key {
            return Ok(None);
        }
        absent_is_none(self.read(request).await)
            .map_err(|error| into_store_error(error, &self.key, &[request]))
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> terracube_store::Result<Vec<Option<Bytes>>> {
        let ours = requests_of(&self.key, requests);
        if ours.is_empty() {
            return Ok(vec![None; requests.len()]);
        }
        let parts = absent_is_none(self.read_parts(&ours).await)
            .map_err(|error| into_store_error(error, &self.key, &ours))?;
        Ok(answers_of(&self.key, requests, parts))
    }

    async fn size(&self, key: &Key) -> terracube_store::Result<Option<u64>> {
        if *key != self.key {
            return Ok(None);
        }
        absent_is_none(self.read_size().await)
            .map_err(|error| into_store_error(error, &self.key, &[]))
    }
}

impl fmt::Debug for HttpFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpFile").field(&RedactedUrl::from(&self.url)).finish()
    }
}

impl FileVersion {
    fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| etag.starts_with('"'))
    }

    fn is_same(&self, other: &Self) -> bool {
        let differs = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => a.trim_start_matches("W/") != b.trim_start_matches("W/"),
            _ => false,
        };
        let other_size = matches!((self.size, other.size), (Some(a), Some(b)) if a != b);
        !(differs(&self.etag, &other.etag)
            || other_size
            || (self.etag.is_none() && differs(&self.modified, &other.modified)))
    }

    fn shown(&self) -> String {
        let tag = self.etag.as_deref().or(self.modified.as_deref()).unwrap_or("no version");
        match self.size {
            Some(size) => format!("{tag}, {size} bytes"),
            None => tag.to_owned(),
        }
    }
}

impl Wanted {
    fn header(self) -> String {
        match self {
            Self::Part(start, end) => format!("{start}-{}", end.saturating_sub(1)),
            Self::From(start) => format!("{start}-"),
            Self::Last(n) => format!("-{n}"),
        }
    }

    fn is_empty(self) -> bool {
        match self {
            Self::Part(start, end) => start >= end,
            Self::From(_) => false,
            Self::Last(n) => n == 0,
        }
    }

    fn is_met_by(self, range: &Range<u64>, size: Option<u64>) -> bool {
        let clip = |end: u64| size.map_or(end, |size| end.min(size));
        match self {
            Self::Part(start, end) => range.start == start && range.end == clip(end),
            Self::From(start) => range.start == start && size.is_none_or(|size| range.end == size),
            Self::Last(n) => {
                size.is_none_or(|size| range.end == size && range.start == size.saturating_sub(n))
            }
        }
    }

    fn slice(self, whole: &Bytes) -> Option<Bytes> {
        let size = whole.len();
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(size);
        let range = match self {
            Self::Part(start, end) => at(start)..at(end),
            Self::From(start) => at(start)..size,
            Self::Last(n) => size - at(n)..size,
        };
        (!range.is_empty()).then(|| whole.slice(range))
    }
}

/// Reads `bytes 0-9/100` or `bytes 0-9/*` (RFC 9110 section 14.4) to range and size.
pub(crate) fn parse_content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
    let size = match size.trim() {
        "*" => None,
        digits => Some(digits.parse::<u64>().ok()?),
    };
    let end = last.checked_add(1)?;
    (first <= last && size.is_none_or(|size| last < size)).then_some((first..end, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        assert_eq!(parse_content_range("bytes 0-9/100"), Some((0..10, Some(100))));
        assert_eq!(parse_content_range("bytes 5-5/*"), Some((5..6, None)));
        // The last byte that there can be has none after it.
        assert_eq!(parse_content_range("bytes 0-18446744073709551615/*"), None);
        for text in ["bytes */100", "bytes 9-0/100", "bytes 0-100/100", "lines 0-1/2", "bytes 0-9"]
        {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }
}
