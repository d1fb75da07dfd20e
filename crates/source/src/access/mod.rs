//! Access to bytes and documents: the only place with HTTP.

mod address;
mod auth;
#[cfg(feature = "aws")]
mod aws_profile;
mod azure;
mod azure_list;
mod buckets;
mod builder;
mod checksum;
mod client;
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
mod cloud;
mod coalesce;
mod credential;
mod download;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(feature = "ftp")]
mod ftp_line;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod headers;
mod host;
mod http_client;
mod http_file;
mod index_page;
mod limit;
mod list;
mod listed;
mod local_file;
mod location;
mod login;
mod netrc;
mod one_file;
mod pace;
mod provider;
mod redacted;
mod refusal;
#[cfg(any(feature = "ftp", feature = "sftp"))]
mod remote;
#[cfg(any(feature = "ftp", feature = "sftp"))]
mod remote_file;
mod retry;
mod s3;
mod s3_list;
mod sas;
mod secret;
mod service_account;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(any(feature = "ftp", feature = "sftp"))]
mod sink;
mod stats;
mod token;
mod token_file;
mod token_request;
mod totp;
mod trusted;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{self, HeaderValue};
use serde_json::Value;
use terracube_store::{ByteRequest, Key, ReadStore};

pub use auth::{
    Auth, AwsAccount, AzureAccount, ClientAuth, Earthdata, GcsAccount, Grant, OAuth2,
    PlanetaryComputer, ServiceAccount, Totp, TotpAlgorithm,
};
pub use builder::AccessBuilder;
pub use checksum::Checksum;
pub use download::{Downloaded, Verified};
pub use headers::Headers;
pub use host::HostPattern;
pub use listed::Listed;
pub use provider::{Limits, Provider};
pub use redacted::RedactedUrl;
pub use retry::RetryPolicy;
pub use secret::{Secret, SecretRef};
pub use stats::{AccessStats, HostStats};

use buckets::Buckets;
use client::{Answer, Body, Call, Client};
use http_file::HttpFile;
use local_file::LocalFile;
use location::{Location, Roots};

use crate::{Asset, Error, Opened, Result};

/// The largest JSON document that is read, in bytes.
const LARGEST_JSON: u64 = 64 << 20;

/// Access to bytes and documents over HTTP, in public S3 buckets and in allowed local folders. It applies credentials,
/// limits, retries and timeouts; connectors do none of this. Clones share connections, limits and
/// counters.
///
/// ```
/// use terracube_source::{Access, Provider, RetryPolicy};
/// let access = Access::builder()
///     .provider(Provider::new("archive", "https://data.archive.example".parse()?))
///     .allow_files("/data/archive")
///     .per_host(8)
///     .build()?;
/// assert_eq!(access.stats().requests, 0);
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Clone)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Arc<Client>,
    roots: Roots,
    buckets: Buckets,
    #[cfg(feature = "ftp")]
    ftp: ftp::Connections,
    #[cfg(feature = "sftp")]
    sftp: sftp::Sessions,
    #[cfg(feature = "sftp")]
    known_hosts: Vec<std::path::PathBuf>,
}

impl Access {
    /// Begins with the defaults: no credentials, no local folders.
    pub fn builder() -> AccessBuilder {
        AccessBuilder::default()
    }

    /// Access with the defaults.
    ///
    /// # Errors
    /// [`Error::Setting`] when the system has no usable TLS certificates.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// A JSON document, by URL or path; at most 64 MiB.
    ///
    /// # Errors
    /// [`Error::Document`] when it is no JSON; [`Error::NotFound`], [`Error::Denied`] and the
    /// others when it can't be had.
    pub async fn get_json(&self, href: &str) -> Result<Value> {
        self.get_json_with(href, &Headers::default()).await
    }

    /// A JSON document, with headers for one origin.
    ///
    /// # Errors
    /// As [`get_json`](Self::get_json).
    pub async fn get_json_with(&self, href: &str, own: &Headers) -> Result<Value> {
        match self.locate(href)? {
            Location::Web(url) => {
                let call = Call { own: own.clone(), ..Call::get(url) };
                self.json(call).await
            }
            #[cfg(any(feature = "ftp", feature = "sftp"))]
            Location::Remote(url) => {
                let file = self.remote_file(&url, None)?.0;
                let bytes = file.whole(LARGEST_JSON, "a JSON document").await?;
                parse_json(&bytes, RedactedUrl::from(&url).to_string())
            }
            Location::File(path) => {
                let bytes = local_file::read_whole(&path, LARGEST_JSON, "a JSON document").await?;
                parse_json(&bytes, path.display().to_string())
            }
        }
    }

    /// The JSON answer to a JSON document; at most 64 MiB.
    ///
    /// # Errors
    /// As [`get_json`](Self::get_json); [`Error::NotAllowed`] for what is no URL.
    pub async fn post_json(&self, href: &str, body: &Value) -> Result<Value> {
        self.post_json_with(href, body, &Headers::default()).await
    }

    /// The JSON answer to a JSON document, with headers for one origin.
    ///
    /// # Errors
    /// As [`post_json`](Self::post_json).
    pub async fn post_json_with(&self, href: &str, body: &Value, own: &Headers) -> Result<Value> {
        self.json(Call { own: own.clone(), ..self.post(href, body)? }).await
    }

    /// The bytes that answer a JSON document, at most `limit`.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::WebPage`]; else as [`post_json`](Self::post_json).
    pub async fn post_bytes(&self, href: &str, body: &Value, limit: u64) -> Result<Bytes> {
        let call = self.post(href, body)?;
        let read = |mut answer: Answer| async move {
            if answer.is_web_page() {
                return Err(Error::WebPage { url: answer.shown() });
            }
            answer.body(limit, "this answer").await
        };
        self.client().run(&call, read).await
    }

    /// The entries of a folder whose names begin with `prefix`, sorted by name: a local folder, a
    /// page that lists files (as Apache, nginx and others write them), `s3://bucket/prefix`,
    /// `gs://bucket/prefix`, `az://container/prefix` (or its `abfs` form), or a folder over FTP,
    /// FTPS or SFTP.
    /// Nothing that lies elsewhere is listed, whatever a page links to.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a folder that is not there; [`Error::NotAllowed`] for a scheme or
    /// path that may not be read; [`Error::Document`] when it is no listing or has more than 10⁶
    /// entries.
    pub async fn list(&self, folder: &str, prefix: &str) -> Result<Vec<Listed>> {
        list::list(self, folder, prefix).await
    }

    /// Opens a file to be read by byte ranges. Nothing is asked yet: a missing file shows when it
    /// is read, as an absent key. The first answer pins the version of the file.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] for a scheme or path that may not be read; [`Error::NotFound`] for a
    /// local file that is not there.
    pub async fn ranged(&self, href: &str) -> Result<Opened> {
        self.ranged_of(href, None).await
    }

    /// Opens an asset to be read by byte ranges, as [`ranged`](Self::ranged). Where the source gave
    /// its size, a file of another size is an error when it is read.
    ///
    /// # Errors
    /// As [`ranged`](Self::ranged).
    pub async fn ranged_asset(&self, asset: &Asset) -> Result<Opened> {
        self.ranged_of(&asset.href, Some(asset)).await
    }

    // Async because object stores need it.
    #[expect(clippy::unused_async, reason = "other backends open asynchronously")]
    async fn ranged_of(&self, href: &str, asset: Option<&Asset>) -> Result<Opened> {
        let size = asset.and_then(|asset| asset.size);
        Ok(match self.locate(href)? {
            Location::Web(url) => {
                let name = url.path_segments().and_then(|mut all| all.next_back()).unwrap_or("");
                let key = key_of(name, href)?;
                let is_page = download::is_page(&url, asset);
                let file = HttpFile::new(self.clone(), url, key.clone(), size, is_page);
                Opened::Bytes { store: Arc::new(file), key }
            }
            #[cfg(any(feature = "ftp", feature = "sftp"))]
            Location::Remote(url) => {
                let (file, key) = self.remote_file(&url, size)?;
                Opened::Bytes { store: Arc::new(file), key }
            }
            Location::File(path) => {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
                let key = key_of(name, href)?;
                Opened::Bytes { store: Arc::new(LocalFile::new(path, key.clone(), size)), key }
            }
        })
    }

    /// All bytes of a file, at most `limit`.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::WebPage`], unless a name in `.html` was asked for; else as [`get_json`](Self::get_json).
    pub async fn bytes(&self, href: &str, limit: u64) -> Result<Bytes> {
        match self.locate(href)? {
            Location::Web(url) => {
                let is_page = download::is_page(&url, None);
                let read = |mut answer: Answer| async move {
                    if answer.is_web_page() && !is_page {
                        return Err(Error::WebPage { url: answer.shown() });
                    }
                    answer.body(limit, "this file").await
                };
                self.client().run(&Call::get(url), read).await
            }
            #[cfg(any(feature = "ftp", feature = "sftp"))]
            Location::Remote(url) => {
                self.remote_file(&url, None)?.0.whole(limit, "this file").await
            }
            Location::File(path) => local_file::read_whole(&path, limit, "this file").await,
        }
    }

    /// Downloads a whole file. It is written to `to` with `.part` appended, and renamed when it is
    /// complete; an existing `to` is replaced. An interrupted download is resumed when the server
    /// proves with a strong ETag that the file is the same, else it starts again.
    ///
    /// # Errors
    /// [`Error::Truncated`] when the file never came whole, [`Error::WebPage`] unless a name in
    /// `.html` was asked for, [`Error::File`], and the others when it can't be had.
    pub async fn download(&self, href: &str, to: &Path) -> Result<Downloaded> {
        download::download(self, href, to, None, &|_| Ok(())).await
    }

    /// Downloads an asset and compares it with the size and checksum the source gave.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when it is not what was announced (nothing is left then); else as
    /// [`download`](Self::download).
    pub async fn download_asset(&self, asset: &Asset, to: &Path) -> Result<Downloaded> {
        self.download_asset_into(asset, to, &|_| Ok(())).await
    }

    /// As [`download_asset`](Self::download_asset), to a place of limited room: before bytes are
    /// written, `room` is asked for as many as the file is said to have, or, where nothing says it,
    /// for as many as have come. Its error is how many there may be.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when `room` refuses (nothing is left then); else as
    /// [`download_asset`](Self::download_asset).
    pub async fn download_asset_into(
        &self,
        asset: &Asset,
        to: &Path,
        room: &(dyn Fn(u64) -> std::result::Result<(), u64> + Send + Sync),
    ) -> Result<Downloaded> {
        download::download(self, &asset.href, to, Some(asset), room).await
    }

    /// What was asked so far.
    #[must_use]
    pub fn stats(&self) -> AccessStats {
        self.client().counters.snapshot()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    #[cfg(any(feature = "ftp", feature = "sftp"))]
    fn remote_file(
        &self,
        url: &url::Url,
        size: Option<u64>,
    ) -> Result<(remote_file::RemoteFile, Key)> {
        let remote = remote::Remote::new(self, url)?;
        let name = remote.path.rsplit('/').next().unwrap_or("");
        let key = key_of(name, url.as_str())?;
        Ok((remote_file::RemoteFile::new(remote, key.clone(), size), key))
    }

    fn locate(&self, href: &str) -> Result<Location> {
        location::locate(href, &self.0.roots, &self.0.buckets)
    }

    /// A document sent to a server.
    fn post(&self, href: &str, body: &Value) -> Result<Call> {
        let Location::Web(url) = self.locate(href)? else {
            return Err(Error::NotAllowed {
                what: RedactedUrl::of(href).to_string(),
                reason: "only a server can be asked".to_owned(),
            });
        };
        let mut call = Call::get(url);
        call.method = Method::POST;
        call.body = Some(Body::new(body.to_string(), "application/json"));
        Ok(call)
    }

    async fn json(&self, mut call: Call) -> Result<Value> {
        call.headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/geo+json, application/json"),
        );
        let read = |mut answer: Answer| async move {
            let body = answer.body(LARGEST_JSON, "a JSON document").await?;
            if answer.is_web_page() {
                return Err(Error::WebPage { url: answer.shown() });
            }
            parse_json(&body, answer.shown())
        };
        self.client().run(&call, read).await
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers: Vec<&str> =
            self.client().providers.iter().map(|(one, _)| one.provider.name.as_str()).collect();
        f.debug_struct("Access").field("providers", &providers).finish_non_exhaustive()
    }
}

fn parse_json(bytes: &[u8], what: String) -> Result<Value> {
    serde_json::from_slice(bytes)
        .map_err(|cause| Error::Document { what, reason: format!("not JSON: {cause}") })
}

/// The key of a file in its one-file store.
fn key_of(name: &str, href: &str) -> Result<Key> {
    Key::new(name).or_else(|_| Key::new("asset")).map_err(|cause| Error::Document {
        what: RedactedUrl::of(href).to_string(),
        reason: cause.to_string(),
    })
}

/// The error of a store for one of `requests`.
fn into_store_error(error: Error, key: &Key, requests: &[ByteRequest]) -> terracube_store::Error {
    match error {
        Error::OutOfRange { size: Some(size), .. } => terracube_store::Error::InvalidRange {
            key: key.to_string(),
            request: requests
                .iter()
                .find(|request| request.resolve(key, size).is_err())
                .copied()
                .unwrap_or_default(),
            size,
        },
        error => terracube_store::Error::Backend {
            operation: "read",
            key: key.to_string(),
            store: "a remote file".to_owned(),
            transient: error.is_transient(),
            source: Box::new(error),
        },
    }
}

/// The bytes of what was opened, all or some; for tests and small files.
///
/// # Errors
/// [`Error::Store`] when they can't be read, [`Error::NotFound`] when absent, [`Error::Query`]
/// for an order.
pub async fn read_opened(opened: &Opened, request: ByteRequest) -> Result<Bytes> {
    match opened {
        Opened::Bytes { store, key } => store
            .get(key, request)
            .await
            .map_err(|source| Error::Store { what: key.to_string(), source })?
            .ok_or_else(|| Error::NotFound { what: key.to_string() }),
        Opened::Ordered(ticket) => Err(Error::Query {
            source_name: ticket.provider.clone(),
            reason: format!("order `{}` has no bytes yet", ticket.id),
        }),
    }
}
