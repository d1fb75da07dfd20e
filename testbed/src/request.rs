//! The log of what was asked and answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde_json::Value;

/// Headers that are kept with a request, in lower case.
const KEPT: [&str; 14] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "cookie",
    "host",
    "if-match",
    "if-none-match",
    "if-range",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-request-payer",
    "x-amz-security-token",
];

/// One request as the server saw it, in the order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// The path as sent, percent-encoded.
    pub path: String,
    /// What follows the `?`, as sent.
    pub query: Option<String>,
    /// The `Range` header.
    pub range: Option<String>,
    /// Some of the other headers (among them `authorization`, `if-range`, `if-match`,
    /// `user-agent`), by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body when it is JSON: the search of a `POST`.
    pub body: Option<Value>,
    /// The fields of the body when it is a form: a request for a token.
    pub form: Option<BTreeMap<String, String>>,
    /// The status answered; 0 while there is none.
    pub status: u16,
    /// Bytes of the body handed to the connection so far.
    pub bytes: u64,
}

impl Request {
    /// The `Authorization` header, if one was sent.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(String::as_str)
    }
}

/// All requests since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Vec<Arc<Entry>>>);

/// A request whose answer is under way.
#[derive(Debug)]
pub(crate) struct Entry {
    request: Request,
    status: AtomicU16,
    bytes: AtomicU64,
}

impl RequestLog {
    pub(crate) fn open(&self, parts: &Parts, body: &[u8]) -> Arc<Entry> {
        let text = |name: &str| {
            parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into())
        };
        let entry = Arc::new(Entry {
            request: Request {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().map(str::to_owned),
                range: text("range"),
                headers: KEPT
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), text(name)?)))
                    .collect(),
                body: serde_json::from_slice(body).ok(),
                form: form(parts, body),
                status: 0,
                bytes: 0,
            },
            status: AtomicU16::new(0),
            bytes: AtomicU64::new(0),
        });
        self.lock().push(Arc::clone(&entry));
        entry
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.lock().iter().map(|entry| entry.snapshot()).collect()
    }

    pub(crate) fn reset(&self) {
        self.lock().clear();
    }

    /// Number of requests and bytes sent for paths with this prefix.
    pub(crate) fn totals(&self, prefix: &str) -> (usize, u64) {
        let entries = self.lock();
        let matching = entries.iter().filter(|entry| entry.request.path.starts_with(prefix));
        matching.fold((0, 0), |(count, bytes), entry| {
            (count + 1, bytes + entry.bytes.load(Ordering::Relaxed))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fields of a form, or `None` for another body.
fn form(parts: &Parts, body: &[u8]) -> Option<BTreeMap<String, String>> {
    let kind = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    kind.starts_with("application/x-www-form-urlencoded")
        .then(|| url::form_urlencoded::parse(body).into_owned().collect())
}

impl Entry {
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn snapshot(&self) -> Request {
        Request {
            status: self.status.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            ..self.request.clone()
        }
    }
}
