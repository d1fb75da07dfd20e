//! One request with its redirects: the only place that sends.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap};
use reqwest::{Method, Response, StatusCode};
use url::{Host, Url};

use super::address::{self, PrivateAddress};
use super::credential::{Credential, Used};
use super::http_client::HttpClient;
use super::limit::{HostLimits, Permit, ProviderLimit};
use super::pace::Pace;
use super::refusal::Sent;
use super::retry::parse_retry_after;
use super::s3;
use super::stats::Counters;
use super::trusted::Trusted;
use super::{Headers, RedactedUrl, RetryPolicy, Secret};
use crate::{Error, Result};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Bytes of a refusal that are shown.
const EXCERPT: u64 = 4096;

/// What sends requests: connections, credentials, limits, counters.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) http: HttpClient,
    /// For this machine itself, which no proxy stands before.
    pub(super) direct: HttpClient,
    pub(crate) providers: Vec<(Credential, ProviderLimit)>,
    pub(crate) hosts: HostLimits,
    pub(crate) retry: RetryPolicy,
    pub(crate) total_timeout: Duration,
    pub(crate) pace: Pace,
    pub(crate) public_only: bool,
    #[cfg_attr(not(any(feature = "ftp", feature = "sftp")), expect(dead_code, reason = "for FTP"))]
    pub(crate) connect_timeout: Duration,
    #[cfg_attr(not(any(feature = "ftp", feature = "sftp")), expect(dead_code, reason = "for FTP"))]
    pub(crate) read_timeout: Duration,
    #[cfg_attr(not(feature = "ftp"), expect(dead_code, reason = "for FTP"))]
    pub(crate) trusted: Trusted,
    pub(crate) counters: Arc<Counters>,
    /// Itself, for work that goes on when nobody waits for it any more.
    pub(crate) own: Weak<Self>,
}

/// A request to send.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Headers for every hop; no secrets.
    pub(crate) headers: HeaderMap,
    /// Headers for one origin only.
    pub(crate) own: Headers,
    pub(crate) body: Option<Body>,
}

/// The body of a request; it may hold secrets, and is not shown.
#[derive(Clone)]
pub(crate) struct Body {
    bytes: Bytes,
    media_type: &'static str,
}

/// One request as it is sent.
struct Request<'a> {
    method: Method,
    /// As it is shown and counted.
    url: &'a Url,
    /// With credentials.
    sent: Url,
    headers: HeaderMap,
    timeout: Option<Duration>,
    /// Whether its body is a secret.
    is_secret: bool,
}

/// The answer of the last hop, its body not yet read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    url: Url,
    /// With what it was asked for.
    sent: Sent,
    counters: Arc<Counters>,
    pace: Pace,
    _permits: [Permit; 2],
}

impl Body {
    pub(crate) fn new(bytes: impl Into<Bytes>, media_type: &'static str) -> Self {
        Self { bytes: bytes.into(), media_type }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.bytes.len(), self.media_type)
    }
}

impl Call {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            own: Headers::default(),
            body: None,
        }
    }

    pub(crate) fn shown(&self) -> String {
        RedactedUrl::from(&self.url).to_string()
    }
}

impl Client {
    /// Sends `call` and gives its answer to `read`; all of it again on transient failures.
    pub(crate) async fn run<T, F: Future<Output = Result<T>>>(
        &self,
        call: &Call,
        read: impl Fn(Answer) -> F,
    ) -> Result<T> {
        let attempt = || async { read(self.send(call, Some(self.total_timeout)).await?).await };
        self.retry.run(attempt, |error| self.note_retry(&call.url, error)).await
    }

    pub(crate) fn note_retry(&self, url: &Url, error: &Error) {
        self.counters.retry(url);
        tracing::debug!(%error, "trying again");
    }

    /// Sends `call`, follows redirects and turns refusals into errors. One try. `timeout` is for
    /// each request with its body, from when it is its turn.
    pub(crate) async fn send(&self, call: &Call, timeout: Option<Duration>) -> Result<Answer> {
        let mut url = call.url.clone();
        let mut method = call.method.clone();
        // Held until there is an answer: one task logs in, and the others find its session.
        let mut turn = None;
        for _ in 0..=MAX_REDIRECTS {
            if turn.is_none()
                && let Some((credential, _)) = self.provider_of(&url)
            {
                turn = credential.turn(&url).await;
            }
            let answer = self.hop(call, &method, &url, timeout).await?;
            let next = answer.redirect()?;
            if let Some((credential, _)) = self.provider_of(&url) {
                credential.heed(&url, answer.response.headers(), next.is_none());
            }
            let Some(next) = next else {
                let answered = answer.accepted().await;
                self.heed(&url, answered.as_ref().err());
                return answered;
            };
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Error::NotAllowed {
                    what: RedactedUrl::from(&next).to_string(),
                    reason: format!("{} redirects from https to http", RedactedUrl::from(&url)),
                });
            }
            if answer.response.status() == StatusCode::SEE_OTHER && method == Method::POST {
                method = Method::GET;
            }
            url = next;
        }
        Err(Error::NotAllowed {
            what: call.shown(),
            reason: format!("it redirects more than {MAX_REDIRECTS} times"),
        })
    }

    /// A host that asks for patience is asked nothing by anybody until then.
    pub(super) fn heed(&self, url: &Url, error: Option<&Error>) {
        if let Some(wait) = error.and_then(Error::retry_after)
            && wait <= self.retry.longest_retry_after
        {
            self.hosts.pause(url, wait);
        }
    }

    /// Sends `call` without the credentials of any provider, and gives the answer as it is. One
    /// try, no redirects.
    pub(crate) async fn ask_plainly(&self, call: &Call) -> Result<Answer> {
        self.check(&call.url)?;
        let request = Request {
            method: call.method.clone(),
            url: &call.url,
            sent: call.url.clone(),
            headers: call.headers.clone(),
            timeout: Some(self.total_timeout),
            is_secret: true,
        };
        self.dispatch(request, call.body.as_ref(), Permit::default()).await
    }

    /// One request of `call`; where it is refused with a token that can be renewed, one more with
    /// the next token.
    async fn hop(
        &self,
        call: &Call,
        method: &Method,
        url: &Url,
        timeout: Option<Duration>,
    ) -> Result<Answer> {
        let (answer, used) = self.ask(call, method, url, timeout, None).await?;
        match used {
            Some(used) if answer.response.status() == used.refusal => {
                drop(answer);
                Ok(self.ask(call, method, url, timeout, Some(&used.token)).await?.0)
            }
            _ => Ok(answer),
        }
    }

    /// One request with the credentials of the provider, another token than `refused`; the answer
    /// with the token that was used.
    async fn ask(
        &self,
        call: &Call,
        method: &Method,
        url: &Url,
        timeout: Option<Duration>,
        refused: Option<&Secret>,
    ) -> Result<(Answer, Option<Used>)> {
        self.check(url)?;
        let mut sent = url.clone();
        sent.set_fragment(None);
        let mut headers = call.headers.clone();
        call.own.apply(url, &mut headers);
        for (credential, _) in self.providers.iter().filter(|(one, _)| !one.provider.matches(url)) {
            credential.withdraw(&mut sent);
        }
        let (mut permit, mut used) = (Permit::default(), None);
        if let Some((credential, limit)) = self.provider_of(url) {
            used = credential.apply(self, method, &mut sent, &mut headers, refused).await?;
            permit = limit.acquire().await;
        }
        let (method, is_secret) = (method.clone(), false);
        let request = Request { method, url, sent, headers, timeout, is_secret };
        Ok((self.dispatch(request, call.body.as_ref(), permit).await?, used))
    }

    async fn dispatch(
        &self,
        request: Request<'_>,
        body: Option<&Body>,
        provider_permit: Permit,
    ) -> Result<Answer> {
        let url = request.url;
        let host_permit = self.hosts.acquire(url).await;
        let http = if is_loopback(url) { &self.direct } else { &self.http };
        let is_post = request.method == Method::POST;
        let sent = if request.is_secret {
            Sent::Secrets
        } else {
            Sent::Parts(Box::new((request.sent.clone(), request.headers.clone())))
        };
        let mut sending =
            http.get()?.request(request.method, request.sent).headers(request.headers);
        if let Some(timeout) = request.timeout {
            sending = sending.timeout(timeout);
        }
        if let (Some(body), true) = (body, is_post) {
            sending =
                sending.header(header::CONTENT_TYPE, body.media_type).body(body.bytes.clone());
        }
        self.counters.request(url);
        let response = sending.send().await.map_err(|cause| transport("reach", url, cause))?;
        Ok(Answer {
            response,
            url: url.clone(),
            sent,
            counters: Arc::clone(&self.counters),
            pace: self.pace.begin(),
            _permits: [provider_permit, host_permit],
        })
    }

    /// The first provider that `url` concerns.
    fn provider_of(&self, url: &Url) -> Option<&(Credential, ProviderLimit)> {
        self.providers.iter().find(|(credential, _)| credential.concerns(url))
    }

    fn check(&self, url: &Url) -> Result<()> {
        let refuse = |reason: &str| {
            Err(Error::NotAllowed {
                what: RedactedUrl::from(url).to_string(),
                reason: reason.to_owned(),
            })
        };
        if !matches!(url.scheme(), "https" | "http") {
            return refuse("only https and http go over the network here");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it has credentials in it; name them in a provider instead");
        }
        if self.public_only && address::is_private_literal(url) {
            return refuse("its address is private");
        }
        Ok(())
    }
}

impl Answer {
    pub(crate) fn shown(&self) -> String {
        RedactedUrl::from(&self.url).to_string()
    }

    /// Where it came from, after redirects.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// A header as text.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH)?.trim().parse().ok()
    }

    pub(crate) fn is_web_page(&self) -> bool {
        self.header(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
    }

    /// The next piece of the body.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>> {
        let piece =
            self.response.chunk().await.map_err(|cause| transport("read", &self.url, cause))?;
        if let Some(piece) = &piece {
            self.counters.received(&self.url, piece.len());
            if !self.pace.keeps(piece.len() as u64) {
                return Err(Error::Transport {
                    operation: "read",
                    url: self.shown(),
                    transient: true,
                    source: format!("it comes slower than {}", self.pace).into(),
                });
            }
        }
        Ok(piece)
    }

    /// The whole body, at most `limit` bytes.
    pub(crate) async fn body(&mut self, limit: u64, purpose: &'static str) -> Result<Bytes> {
        let expected = self.content_length();
        let too_large = |url| Err(Error::TooLarge { url, limit, purpose });
        if expected.is_some_and(|expected| expected > limit) {
            return too_large(self.shown());
        }
        let room = expected.unwrap_or(0).min(16 << 20);
        let mut body = BytesMut::with_capacity(usize::try_from(room).unwrap_or(0));
        while let Some(piece) = self.piece().await? {
            if (body.len() + piece.len()) as u64 > limit {
                return too_large(self.shown());
            }
            body.extend_from_slice(&piece);
        }
        let received = body.len() as u64;
        match expected {
            Some(expected) if received < expected => {
                Err(Error::Truncated { url: self.shown(), expected, received })
            }
            _ => Ok(body.freeze()),
        }
    }

    /// Where it redirects to.
    fn redirect(&self) -> Result<Option<Url>> {
        if !matches!(self.response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = self.header(header::LOCATION) else {
            // Amazon names the region of a bucket, and not the place.
            let region = header::HeaderName::from_static("x-amz-bucket-region");
            return Ok(self.header(region).and_then(|region| s3::regional(&self.url, region)));
        };
        self.url.join(location).map(Some).map_err(|cause| Error::Document {
            what: self.shown(),
            reason: format!("it redirects to what is no URL: {cause}"),
        })
    }

    /// Itself, if the status is a success.
    pub(crate) async fn accepted(mut self) -> Result<Self> {
        let status = self.response.status();
        let url = self.shown();
        let code = status.as_u16();
        match code {
            200..=299 => Ok(self),
            404 | 410 => Err(Error::NotFound { what: url }),
            401 | 403 | 407 => Err(Error::Denied {
                url,
                status: code,
                hint: "give a provider for this host with valid credentials".to_owned(),
            }),
            408 | 425 | 429 | 500 | 502 | 503 | 504 => Err(Error::Unavailable {
                url,
                status: code,
                retry_after: self
                    .header(header::RETRY_AFTER)
                    .and_then(|text| parse_retry_after(text, SystemTime::now())),
            }),
            412 => Err(Error::Changed {
                url,
                was: "the version first read".to_owned(),
                now: "another".to_owned(),
            }),
            416 => {
                let size = self
                    .header(header::CONTENT_RANGE)
                    .and_then(|text| text.strip_prefix("bytes */")?.trim().parse().ok());
                Err(Error::OutOfRange { url, request: String::new(), size })
            }
            _ => {
                let text = self.body(EXCERPT, "a message").await.unwrap_or_default();
                let reason = status.canonical_reason().unwrap_or("refused");
                let excerpt = self.sent.hidden_in(&String::from_utf8_lossy(&text));
                let excerpt = if excerpt.is_empty() {
                    reason.to_owned()
                } else {
                    format!("{reason}: {excerpt}")
                };
                Err(Error::Rejected { url, status: code, excerpt })
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn transport(operation: &'static str, url: &Url, cause: reqwest::Error) -> Error {
    let shown = RedactedUrl::from(url).to_string();
    // The URL inside may have a token in its query.
    let cause = cause.without_url();
    let mut texts = Vec::new();
    let mut inner: Option<&(dyn std::error::Error + 'static)> = cause.source();
    while let Some(error) = inner {
        if let Some(private) = error.downcast_ref::<PrivateAddress>() {
            return Error::NotAllowed { what: shown, reason: private.to_string() };
        }
        texts.push(error.to_string());
        inner = error.source();
    }
    let is_certificate = texts.iter().any(|text| text.contains("certificate"));
    let deepest = texts.pop().unwrap_or_else(|| cause.to_string());
    Error::Transport {
        operation,
        url: shown,
        transient: !cause.is_builder() && !is_certificate,
        source: if cause.is_timeout() { "timed out".into() } else { deepest.into() },
    }
}
