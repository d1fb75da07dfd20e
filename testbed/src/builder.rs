//! What a server is made of.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::auth::Auth;
use crate::collection::Collection;
use crate::error::TestbedError;
use crate::files::Files;
use crate::identity::Identity;
use crate::paging::Paging;
use crate::server::{Server, Shared};

/// Largest page of a search when nothing else is said.
const LARGEST_PAGE: usize = 100;

/// Declares a [`Server`], see [`Server::builder`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    roots: Vec<PathBuf>,
    documents: Vec<(Value, Vec<Value>)>,
    files: Files,
    guards: Vec<(String, Auth)>,
    identity: Option<Identity>,
    asset_base: Option<String>,
    paging: Paging,
    largest_page: usize,
    post_search: bool,
    port: u16,
    latency: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            documents: Vec::new(),
            files: Files::default(),
            guards: Vec::new(),
            identity: None,
            asset_base: None,
            paging: Paging::default(),
            largest_page: LARGEST_PAGE,
            post_search: true,
            port: 0,
            latency: Duration::ZERO,
        }
    }
}

impl Builder {
    /// Serves the collections of a folder that has a `collection.json`, `items/*.json` and the
    /// files that asset hrefs name relative to it (`data/b2.tif`); or of each of its folders that
    /// has them. The files are at `/files/{collection id}/…`.
    pub fn stac_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.roots.push(root.into());
        self
    }

    /// Serves a collection and its items from JSON. A relative asset href `h` becomes
    /// `/files/{collection id}/h`.
    pub fn collection(mut self, collection: Value, items: Vec<Value>) -> Self {
        self.documents.push((collection, items));
        self
    }

    /// Serves a folder at `/files/…`.
    pub fn files(self, folder: impl Into<PathBuf>) -> Self {
        self.files_at("", folder)
    }

    /// Serves a folder at `/files/{prefix}/…`.
    pub fn files_at(mut self, prefix: &str, folder: impl Into<PathBuf>) -> Self {
        self.files.add_folder(prefix.trim_matches('/').to_owned(), folder.into());
        self
    }

    /// Serves bytes at `/files/{path}`; they go before a file of the same path.
    pub fn bytes(self, path: &str, bytes: impl Into<Bytes>) -> Self {
        self.files.put(path, bytes.into());
        self
    }

    /// Asks for credentials under a path prefix (`/files/`). The first prefix that refuses
    /// answers 401.
    pub fn require(mut self, prefix: &str, auth: Auth) -> Self {
        self.guards.push((prefix.to_owned(), auth));
        self
    }

    /// Gives tokens at `/token`.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Asset hrefs of the API name this base instead of this server: `{base}/{collection}/{href}`.
    pub fn asset_base(mut self, base: &str) -> Self {
        self.asset_base = Some(base.trim_end_matches('/').to_owned());
        self
    }

    /// How searches say where the next page is; [`Paging::TokenLink`] unless told.
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Items of a page when `limit` is absent or larger; 100 unless told, at least 1.
    pub fn largest_page(mut self, items: usize) -> Self {
        self.largest_page = items.max(1);
        self
    }

    /// No `POST /stac/search`: 405, and no link to it.
    pub fn without_post(mut self) -> Self {
        self.post_search = false;
        self
    }

    /// Listens on this port of 127.0.0.1; any free one unless told.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Every answer starts so much later.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Reads the STAC roots, binds the port and starts the thread.
    ///
    /// # Errors
    ///
    /// [`TestbedError::Read`] and [`TestbedError::Document`] when a STAC root is not as described,
    /// [`TestbedError::Listen`] when the port is taken, [`TestbedError::Thread`].
    pub fn start(mut self) -> Result<Server, TestbedError> {
        let mut collections = Vec::new();
        for root in &self.roots {
            for (collection, folder) in Collection::read_root(root)? {
                self.files.add_folder(collection.id.clone(), folder);
                collections.push(collection);
            }
        }
        for (document, items) in self.documents {
            let collection = Collection::from_documents(document, items).map_err(|reason| {
                TestbedError::Document { path: PathBuf::from("(given as JSON)"), reason }
            })?;
            collections.push(collection);
        }
        let shared = Shared {
            collections,
            files: self.files,
            guards: self.guards,
            identity: self.identity,
            asset_base: self.asset_base,
            paging: self.paging,
            largest_page: self.largest_page,
            post_search: self.post_search,
            ..Shared::default()
        };
        shared.set_latency(self.latency);
        Server::start(shared, self.port)
    }
}
