//! The way to a collector: requests through the program's own HTTP client, and what became of them.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use super::variable;

/// A request may take so long, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says another time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No more of an answer is read.
const LARGEST: usize = 1 << 20;

/// Sends from any thread, on the runtime it was made in.
#[derive(Debug)]
pub(super) struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    tally: Mutex<Tally>,
}

/// What became of the requests so far.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    failed: usize,
    /// Where the first that failed went, without anything secret, and why.
    first: Option<(String, String)>,
}

impl Collector {
    pub(super) fn new() -> Result<Self, String> {
        let timeout = variable("OTEL_EXPORTER_OTLP_TIMEOUT").and_then(|ms| ms.parse().ok());
        // Headers for the collector are for nobody else.
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(timeout.map_or(TIMEOUT, Duration::from_millis))
            .build()
            .map_err(|cause| innermost(&cause.without_url()))?;
        Ok(Self { client, runtime: Handle::current(), tally: Mutex::default() })
    }

    /// What to say at the end, if anything.
    pub(super) fn complaint(&self, in_time: bool) -> Option<String> {
        let tally = self.tally();
        match (&tally.first, in_time) {
            (Some((to, why)), _) => {
                let (failed, sent) = (tally.failed, tally.sent);
                Some(format!(
                    "{failed} of {sent} requests to the collector {to} failed ({why}): traces and \
                     metrics of this command may be missing there"
                ))
            }
            (None, false) => {
                Some("the collector is slow: not all traces and metrics were sent".to_owned())
            }
            (None, true) => None,
        }
    }

    fn note(&self, to: String, outcome: Result<(), String>) {
        let mut tally = self.tally();
        tally.sent += 1;
        if let Err(why) = outcome {
            tally.failed += 1;
            tally.first.get_or_insert((to, why));
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri();
        // Neither user info nor a query, which may hold keys.
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let to = format!("{}://{host}", uri.scheme_str().unwrap_or_default());
        let client = self.client.clone();
        let answer = async move { send(&client, request).await };
        // The exporters' threads have no runtime of their own.
        let answer = match self.runtime.spawn(answer).await {
            Ok(answer) => answer,
            Err(_) => Err("the command ended".to_owned()),
        };
        let outcome = match &answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("status {}", answer.status())),
            Err(why) => Err(why.clone()),
        };
        self.note(to, outcome);
        answer.map_err(|why| Box::new(Unsent(why)) as HttpError)
    }
}

async fn send(
    client: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, String> {
    let said = |cause: reqwest::Error| innermost(&cause.without_url());
    let request = reqwest::Request::try_from(request).map_err(said)?;
    let mut answer = client.execute(request).await.map_err(said)?;
    let mut whole = Response::new(Bytes::new());
    *whole.status_mut() = answer.status();
    *whole.headers_mut() = answer.headers().clone();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(said)? {
        if body.len() + part.len() > LARGEST {
            return Err("its answer is too long".to_owned());
        }
        body.extend_from_slice(&part);
    }
    *whole.body_mut() = body.into();
    Ok(whole)
}

/// The cause of the causes, in words.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// A request without an answer.
#[derive(Debug)]
struct Unsent(String);

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unsent {}
