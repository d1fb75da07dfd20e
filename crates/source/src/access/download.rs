//! Downloading a whole file: to a temporary name, verified, then renamed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reqwest::header::{self, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use url::Url;

use super::checksum::{Checksum, Hasher};
use super::client::{Answer, Call};
use super::http_file::parse_content_range;
use super::location::Location;
use super::{Access, RedactedUrl};
use crate::{Asset, Error, Result};

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that an earlier, interrupted try had left.
    pub resumed_from: u64,
    /// The ETag of the server.
    pub etag: Option<String>,
    /// What was compared.
    pub verified: Verified,
}

/// What a download was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verified {
    /// Neither size nor checksum were known.
    Nothing,
    /// The size.
    Size,
    /// The size, if known, and this checksum.
    Checksum(&'static str),
}

/// What a part belongs to, kept beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PartOf {
    /// blake3 of the URL: the URL itself may hold secrets.
    url: String,
    /// A strong ETag.
    etag: String,
}

/// What is asked before bytes are written: whether there is room for so many of the file, from its
/// start; an error is how many there may be.
pub(crate) type Room<'a> = &'a (dyn Fn(u64) -> std::result::Result<(), u64> + Send + Sync);

/// What is being downloaded, to where.
struct Job<'a> {
    url: &'a Url,
    part: PathBuf,
    note: PathBuf,
    size: Option<u64>,
    checksum: Option<&'a Checksum>,
    /// Whether it may be a web page.
    is_page: bool,
    room: Room<'a>,
}

/// Where the bytes of an answer belong.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    /// Where they end, if the answer tells.
    end: Option<u64>,
    /// The size of the whole file, if the answer tells.
    total: Option<u64>,
}

#[derive(Debug)]
struct Received {
    bytes: u64,
    resumed_from: u64,
    etag: Option<String>,
    announced: bool,
}

pub(crate) async fn download(
    access: &Access,
    href: &str,
    to: &Path,
    asset: Option<&Asset>,
    room: Room<'_>,
) -> Result<Downloaded> {
    let size = asset.and_then(|asset| asset.size);
    let checksum = asset.and_then(|asset| asset.checksum.as_deref());
    let checksum = checksum.map(Checksum::parse).transpose()?.flatten();
    let url = match access.locate(href)? {
        Location::Web(url) => url,
        #[cfg(any(feature = "ftp", feature = "sftp"))]
        Location::Remote(url) => {
            return save(access, &url, to, size, checksum.as_ref(), room).await;
        }
        // A local file goes the same way, read by the system.
        Location::File(path) => return copy(&path, to, size, checksum.as_ref(), room).await,
    };
    let job = Job {
        url: &url,
        part: with_suffix(to, ".part"),
        note: with_suffix(to, ".part.etag"),
        size,
        checksum: checksum.as_ref(),
        is_page: is_page(&url, asset),
        room,
    };
    let client = access.client();
    let attempt = || job.attempt(access);
    let received = client.retry.run(attempt, |error| client.note_retry(&url, error)).await?;
    rename(&job.part, to).await?;
    let _ = fs::remove_file(&job.note).await;
    Ok(Downloaded {
        path: to.to_owned(),
        bytes: received.bytes,
        resumed_from: received.resumed_from,
        etag: received.etag,
        verified: verified(checksum.as_ref(), received.announced || size.is_some()),
    })
}

impl Job<'_> {
    async fn attempt(&self, access: &Access) -> Result<Received> {
        let mut call = Call::get(self.url.clone());
        call.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut start = 0;
        if let Some((length, etag)) = self.left_over().await {
            let range = HeaderValue::try_from(format!("bytes={length}-"));
            if let (Ok(range), Ok(etag)) = (range, HeaderValue::from_str(&etag)) {
                call.headers.insert(header::RANGE, range);
                call.headers.insert(header::IF_RANGE, etag);
                start = length;
            }
        }
        let answer = match access.client().send(&call, None).await {
            // What is left over is as long as the file or longer: it starts again.
            Err(Error::OutOfRange { url, size, .. }) => {
                self.discard().await;
                return Err(Error::Truncated {
                    url,
                    expected: size.unwrap_or(start),
                    received: start,
                });
            }
            other => other?,
        };
        if answer.is_web_page() && !self.is_page {
            return Err(Error::WebPage { url: answer.shown() });
        }
        let place = if answer.response.status().as_u16() == 206 {
            let range = answer.header(header::CONTENT_RANGE).and_then(parse_content_range);
            let Some((range, total)) = range.filter(|(range, _)| start > 0 && range.start == start)
            else {
                self.discard().await;
                return Err(Error::NoRanges {
                    url: answer.shown(),
                    reason: "it answers with another range than asked".to_owned(),
                });
            };
            // Whether there is more behind it would never be known: it starts again.
            if total.or(self.size).is_none() {
                self.discard().await;
                let (expected, received) = (range.end, start);
                return Err(Error::Truncated { url: answer.shown(), expected, received });
            }
            Place { start, end: Some(range.end), total }
        } else {
            let total = answer.content_length();
            Place { start: 0, end: total, total }
        };
        self.receive(answer, place).await
    }

    /// Writes the answer at its place, and compares.
    async fn receive(&self, mut answer: Answer, place: Place) -> Result<Received> {
        let Place { start, end, total: announced } = place;
        let etag = answer.header(header::ETAG).map(str::to_owned);
        if let (Some(size), Some(announced)) = (self.size, announced)
            && size != announced
        {
            self.discard().await;
            return Err(self.mismatch(size, announced));
        }
        let told = end.or(self.size).unwrap_or(0);
        ask(self.room, told.max(announced.unwrap_or(0)), || answer.shown())?;
        let mut hasher = self.checksum.map(Checksum::hasher);
        let (mut file, etag_note) = (self.open(start, hasher.as_mut()).await?, etag.clone());
        self.note(etag_note).await?;
        let limit = end.or(self.size).unwrap_or(u64::MAX);
        let mut bytes = start;
        let streamed = loop {
            match answer.piece().await {
                Ok(Some(piece)) => {
                    bytes += piece.len() as u64;
                    if bytes > limit {
                        break Err(self.mismatch(limit, bytes));
                    }
                    if bytes > told
                        && let Err(error) = ask(self.room, bytes, || answer.shown())
                    {
                        break Err(error);
                    }
                    if let Some(hasher) = &mut hasher {
                        hasher.update(&piece);
                    }
                    if let Err(source) = file.write_all(&piece).await {
                        break Err(self.file_error("write", source));
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // What came is kept for a resumption, whole or not.
        file.flush().await.map_err(|source| self.file_error("write", source))?;
        if let Err(error) = streamed {
            if matches!(error, Error::Mismatch { .. } | Error::TooLarge { .. }) {
                self.discard().await;
            }
            return Err(error);
        }
        // A server may send less of the rest than was asked; the next try asks for what is left.
        let expected = announced.or(self.size);
        if let Some(expected) = expected.filter(|expected| bytes < *expected) {
            return Err(Error::Truncated { url: answer.shown(), expected, received: bytes });
        }
        if let (Some(checksum), Some(hasher)) = (self.checksum, hasher)
            && let Err(error) = checksum.check(hasher, &answer.shown())
        {
            self.discard().await;
            return Err(error);
        }
        file.get_ref().sync_all().await.map_err(|source| self.file_error("write", source))?;
        Ok(Received { bytes, resumed_from: start, etag, announced: announced.is_some() })
    }

    /// The part with its first `start` bytes, which `hasher` has seen.
    async fn open(&self, start: u64, hasher: Option<&mut Hasher>) -> Result<BufWriter<File>> {
        let failed = |source| self.file_error("write", source);
        if start == 0 {
            return Ok(BufWriter::new(File::create(&self.part).await.map_err(failed)?));
        }
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).open(&self.part).await.map_err(failed)?;
        if let Some(hasher) = hasher {
            let mut buffer = vec![0; 1 << 20];
            loop {
                match file.read(&mut buffer).await.map_err(failed)? {
                    0 => break,
                    n => hasher.update(&buffer[..n]),
                }
            }
        }
        Ok(BufWriter::new(file))
    }

    /// Length and ETag of what an interrupted try left, if it can be resumed.
    async fn left_over(&self) -> Option<(u64, String)> {
        let length = fs::metadata(&self.part).await.ok()?.len();
        let note: PartOf = serde_json::from_slice(&fs::read(&self.note).await.ok()?).ok()?;
        (length > 0 && note.url == self.url_hash()).then_some((length, note.etag))
    }

    async fn note(&self, etag: Option<String>) -> Result<()> {
        // A weak ETag does not promise the same bytes.
        let Some(etag) = etag.filter(|etag| etag.starts_with('"')) else {
            let _ = fs::remove_file(&self.note).await;
            return Ok(());
        };
        let note = PartOf { url: self.url_hash(), etag };
        let text = serde_json::to_vec(&note).unwrap_or_default();
        fs::write(&self.note, text).await.map_err(|source| self.file_error("write", source))
    }

    async fn discard(&self) {
        let _ = fs::remove_file(&self.part).await;
        let _ = fs::remove_file(&self.note).await;
    }

    fn url_hash(&self) -> String {
        blake3::hash(self.url.as_str().as_bytes()).to_string()
    }

    fn mismatch(&self, expected: u64, found: u64) -> Error {
        Error::Mismatch {
            url: RedactedUrl::from(self.url).to_string(),
            property: "size",
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    fn file_error(&self, operation: &'static str, source: std::io::Error) -> Error {
        Error::File { operation, path: self.part.clone(), source }
    }
}

/// A file over FTP or SFTP; an interrupted download starts again.
#[cfg(any(feature = "ftp", feature = "sftp"))]
async fn save(
    access: &Access,
    url: &Url,
    to: &Path,
    size: Option<u64>,
    checksum: Option<&Checksum>,
    room: Room<'_>,
) -> Result<Downloaded> {
    let part = with_suffix(to, ".part");
    let file = access.remote_file(url, size)?.0;
    ask(room, file.size().await?, || RedactedUrl::from(url).to_string())?;
    let saved = file.save(&part, checksum).await;
    if matches!(saved, Err(Error::Mismatch { .. } | Error::Changed { .. })) {
        let _ = fs::remove_file(&part).await;
    }
    let bytes = saved?;
    rename(&part, to).await?;
    Ok(Downloaded {
        path: to.to_owned(),
        bytes,
        resumed_from: 0,
        etag: None,
        verified: verified(checksum, true),
    })
}

async fn copy(
    from: &Path,
    to: &Path,
    size: Option<u64>,
    checksum: Option<&Checksum>,
    room: Room<'_>,
) -> Result<Downloaded> {
    let part = with_suffix(to, ".part");
    let failed =
        |operation, path: &Path, source| Error::File { operation, path: path.to_owned(), source };
    let mut input = File::open(from).await.map_err(|source| failed("read", from, source))?;
    let told = input.metadata().await.map_err(|source| failed("read", from, source))?.len();
    ask(room, told, || from.display().to_string())?;
    let mut output = File::create(&part).await.map_err(|source| failed("write", &part, source))?;
    let mut hasher = checksum.map(Checksum::hasher);
    let (mut bytes, mut buffer) = (0, vec![0; 1 << 20]);
    loop {
        let n = input.read(&mut buffer).await.map_err(|source| failed("read", from, source))?;
        if n == 0 {
            break;
        }
        bytes += n as u64;
        if bytes > told {
            ask(room, bytes, || from.display().to_string())?;
        }
        if let Some(hasher) = &mut hasher {
            hasher.update(&buffer[..n]);
        }
        output.write_all(&buffer[..n]).await.map_err(|source| failed("write", &part, source))?;
    }
    let shown = from.display().to_string();
    let compared = match (size, checksum, hasher) {
        (Some(size), ..) if size != bytes => Err(Error::Mismatch {
            url: shown,
            property: "size",
            expected: size.to_string(),
            found: bytes.to_string(),
        }),
        (_, Some(checksum), Some(hasher)) => checksum.check(hasher, &shown),
        _ => Ok(()),
    };
    if let Err(error) = compared {
        let _ = fs::remove_file(&part).await;
        return Err(error);
    }
    output.sync_all().await.map_err(|source| failed("write", &part, source))?;
    rename(&part, to).await?;
    Ok(Downloaded {
        path: to.to_owned(),
        bytes,
        resumed_from: 0,
        etag: None,
        verified: verified(checksum, size.is_some()),
    })
}

fn ask(room: Room<'_>, bytes: u64, shown: impl FnOnce() -> String) -> Result<()> {
    room(bytes).map_err(|limit| Error::TooLarge {
        url: shown(),
        limit,
        purpose: "the place it is downloaded to",
    })
}

async fn rename(part: &Path, to: &Path) -> Result<()> {
    fs::rename(part, to).await.map_err(|source| Error::File {
        operation: "rename a finished download to",
        path: to.to_owned(),
        source,
    })
}

fn verified(checksum: Option<&Checksum>, size: bool) -> Verified {
    match checksum {
        Some(checksum) => Verified::Checksum(checksum.algorithm()),
        None if size => Verified::Size,
        None => Verified::Nothing,
    }
}

/// Whether a web page is what is wanted, and not what came in the place of it.
pub(super) fn is_page(url: &Url, asset: Option<&Asset>) -> bool {
    let kind = asset.and_then(|asset| asset.media_type.as_deref());
    let path = url.path().to_ascii_lowercase();
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
        || path.ends_with(".html")
        || path.ends_with(".htm")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
