//! Sessions of hosts that redirect to a login host, as NASA's Earthdata Login does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use tokio::sync::OwnedMutexGuard;
use url::Url;

use super::HostPattern;

/// An account at a login host, and the sessions that hosts of the provider have given for it.
/// A session is a set of cookies; each goes back to the very origin (scheme, host and port) that
/// gave it, whatever `Domain` it names.
#[derive(Debug)]
pub(crate) struct Login {
    host: HostPattern,
    /// `Authorization: Basic …`, for the login host alone.
    basic: HeaderValue,
    sessions: Mutex<Sessions>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Sessions {
    cookies: BTreeMap<String, BTreeMap<String, HeaderValue>>,
    /// Origins that answered without a session.
    open: BTreeSet<String>,
}

/// The right to log in, given back when dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Login {
    pub(crate) fn new(host: HostPattern, basic: HeaderValue) -> Self {
        Self { host, basic, sessions: Mutex::default(), turn: Arc::default() }
    }

    /// Whether `url` is at the login host.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        self.host.matches(url)
    }

    pub(crate) fn basic(&self) -> HeaderValue {
        self.basic.clone()
    }

    /// The cookies of the origin of `url`.
    pub(crate) fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let sessions = self.lock();
        let cookies = sessions.cookies.get(&url.origin().ascii_serialization())?;
        let mut text = Vec::new();
        for value in cookies.values() {
            if !text.is_empty() {
                text.extend_from_slice(b"; ");
            }
            text.extend_from_slice(value.as_bytes());
        }
        let mut header = HeaderValue::from_bytes(&text).ok()?;
        header.set_sensitive(true);
        (!text.is_empty()).then_some(header)
    }

    /// The turn to log in, when there is no session for the origin of `url` yet: one task does it
    /// and the others find the session.
    pub(crate) async fn turn(&self, url: &Url) -> Option<Turn> {
        if self.is_known(url) {
            return None;
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        (!self.is_known(url)).then_some(turn)
    }

    /// Keeps the cookies of an answer from `url`.
    pub(crate) fn keep(&self, url: &Url, headers: &HeaderMap) {
        let mut sessions = self.lock();
        let origin = url.origin().ascii_serialization();
        for header in headers.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let mut parts = text.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let is_over = parts.any(|part| {
                part.split_once('=').is_some_and(|(key, value)| {
                    key.trim().eq_ignore_ascii_case("max-age")
                        && value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0)
                })
            }) || value.is_empty();
            let cookies = sessions.cookies.entry(origin.clone()).or_default();
            match HeaderValue::from_str(&format!("{name}={value}")) {
                Ok(mut pair) if !is_over => {
                    pair.set_sensitive(true);
                    cookies.insert(name.to_owned(), pair);
                }
                _ => {
                    cookies.remove(name);
                }
            }
        }
    }

    /// Notes that the origin of `url` answers, with or without a session.
    pub(crate) fn note_open(&self, url: &Url) {
        self.lock().open.insert(url.origin().ascii_serialization());
    }

    fn is_known(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        let sessions = self.lock();
        sessions.open.contains(&origin)
            || sessions.cookies.get(&origin).is_some_and(|cookies| !cookies.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
