//! The running server.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::auth::Auth;
use crate::builder::Builder;
use crate::collection::Collection;
use crate::error::TestbedError;
use crate::fault::{Fault, FaultRules};
use crate::files::{ChangedEtag, Files};
use crate::gate::gate;
use crate::identity::{Identity, Tokens};
use crate::paging::Paging;
use crate::request::{Request, RequestLog};
use crate::{earth_engine, identity, stac, static_catalogue};

/// A server on a free port of 127.0.0.1; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the handlers see.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) collections: Vec<Collection>,
    pub(crate) files: Files,
    pub(crate) guards: Vec<(String, Auth)>,
    pub(crate) identity: Option<Identity>,
    pub(crate) tokens: Tokens,
    pub(crate) asset_base: Option<String>,
    pub(crate) paging: Paging,
    pub(crate) largest_page: usize,
    pub(crate) post_search: bool,
    pub(crate) log: RequestLog,
    pub(crate) faults: FaultRules,
    pub(crate) latency_us: AtomicU64,
}

impl Server {
    /// Declares a server.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The landing page of the STAC API: `{url}/stac`.
    #[must_use]
    pub fn stac_url(&self) -> String {
        self.shared.stac_url()
    }

    /// The root of the static catalogue: `{url}/static/catalog.json`.
    #[must_use]
    pub fn static_url(&self) -> String {
        format!("{}/static/catalog.json", self.url())
    }

    /// `{url}/files/{path}`.
    #[must_use]
    pub fn file_url(&self, path: &str) -> String {
        format!("{}/files/{}", self.url(), path.trim_start_matches('/'))
    }

    /// The token endpoint: `{url}/token`.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/token", self.url())
    }

    /// The key file of a service account whose tokens come from here, as Google writes it. The key
    /// is made for tests.
    #[must_use]
    pub fn service_account(&self) -> Value {
        json!({
            "type": "service_account", "private_key_id": "k1",
            "private_key": include_str!("../data/service-account.pem"),
            "client_email": "robot@project.example", "token_uri": self.token_url(),
        })
    }

    /// Takes the tokens given so far back, before they expire.
    pub fn revoke_tokens(&self) {
        self.shared.tokens.revoke();
    }

    /// Requests since the start or the last [`Server::reset`], in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.all()
    }

    /// Number of requests whose path starts with `prefix` (`/files/`).
    #[must_use]
    pub fn count(&self, prefix: &str) -> usize {
        self.shared.log.totals(prefix).0
    }

    /// Bytes of bodies sent for paths that start with `prefix`.
    #[must_use]
    pub fn bytes(&self, prefix: &str) -> u64 {
        self.shared.log.totals(prefix).1
    }

    /// Forgets the requests so far.
    pub fn reset(&self) {
        self.shared.log.reset();
    }

    /// Adds a rule; rules count from when they are added.
    pub fn fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Number of faults that the rules in force have caused.
    #[must_use]
    pub fn fault_hits(&self) -> u64 {
        self.shared.faults.hits()
    }

    /// Takes all rules away.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Every answer from now on starts so much later.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.set_latency(latency);
    }

    /// Serves bytes at `/files/{path}` from now on, with another `ETag` than other bytes had.
    pub fn put_bytes(&self, path: &str, bytes: impl Into<Bytes>) {
        self.shared.files.put(path, bytes.into());
    }

    /// Serves bytes put at `/files/{path}` no more; a file of the same path shows again.
    pub fn remove_bytes(&self, path: &str) {
        self.shared.files.remove(path);
    }

    pub(crate) fn start(mut shared: Shared, port: u16) -> Result<Self, TestbedError> {
        let listen = |cause| TestbedError::Listen { port, cause };
        let thread = |cause| TestbedError::Thread { cause };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        shared.url = format!("http://{address}");
        let shared = Arc::new(shared);

        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread)?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(listen)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(Arc::clone(&shared));
        let serve = move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = async { axum::serve(listener, app).await } => {}
                    _ = stopped => {}
                }
            });
            // Answers under way end here: a test that drops the server wants no more of them.
            runtime.shutdown_background();
        };
        let thread =
            std::thread::Builder::new().name("testbed".to_owned()).spawn(serve).map_err(thread)?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender stops the thread as sending does.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(crate) fn stac_url(&self) -> String {
        format!("{}/stac", self.url)
    }

    pub(crate) fn asset_url(&self, collection: &str, href: &str) -> String {
        let href = href.trim_start_matches("./");
        match &self.asset_base {
            Some(base) => format!("{base}/{collection}/{href}"),
            None => format!("{}/files/{collection}/{href}", self.url),
        }
    }

    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_us.load(Ordering::Relaxed))
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.store(us, Ordering::Relaxed);
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/files/{*path}", get(file))
        .route("/_stats", get(stats))
        .merge(stac::routes(shared.post_search))
        .merge(static_catalogue::routes())
        .merge(identity::routes())
        .merge(earth_engine::routes())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), gate))
        .with_state(shared)
}

async fn file(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    let path = request.uri().path().trim_start_matches("/files/");
    let changed = request.extensions().get::<ChangedEtag>().is_some();
    shared.files.answer(request.method(), path, request.headers(), changed).await
}

async fn stats(State(shared): State<Arc<Shared>>) -> Response {
    let (requests, _) = shared.log.totals("/");
    let (assets, bytes) = shared.log.totals("/files/");
    stac::json_answer(json!({"requests": requests, "assets": assets, "bytes": bytes}))
}
