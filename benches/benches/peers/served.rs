//! The collection on loopback, at once and with latency, and what was asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use serde::Serialize;
use terracube_benches::collection;
use terracube_testbed::{Request, Server};

use crate::collection::{Collection, ID};
use crate::tile_index::TileIndex;

/// How late every answer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Latency {
    /// 0 ms.
    None,
    /// 30 ms.
    Some,
}

/// Two servers in this process, which does nothing else while others are measured. The files are
/// in memory, so that an answer is one copy into the socket.
pub(crate) struct Served {
    quick: Server,
    slow: Server,
    /// Where the first tile of each file begins.
    heads: BTreeMap<String, u64>,
}

/// What one contender asked.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Traffic {
    /// Requests of all kinds.
    pub(crate) requests: usize,
    /// Requests of files.
    pub(crate) file_requests: usize,
    /// Bytes of files sent.
    pub(crate) bytes: u64,
    /// Most requests of a single file that began among its directories.
    pub(crate) most_heads: usize,
    /// The files asked for.
    pub(crate) files: BTreeSet<String>,
}

impl Latency {
    pub(crate) const BOTH: [Self; 2] = [Self::None, Self::Some];

    pub(crate) const fn milliseconds(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Some => 30,
        }
    }
}

impl Served {
    pub(crate) fn start(files: &Collection) -> Result<Self> {
        let mut heads = BTreeMap::new();
        let mut all = Vec::new();
        for member in files.members() {
            let path = files.path(&member.name);
            let first = TileIndex::first_tile(&path)?;
            heads.insert(member.name.clone(), first);
            all.push((format!("{ID}/{}", member.name), Bytes::from(std::fs::read(&path)?)));
        }
        let start = |latency: Latency| {
            let server = Server::builder()
                .collection(collection(ID), files.items()?)
                .latency(Duration::from_millis(latency.milliseconds()));
            let whole = all.iter().cloned();
            let server = whole.fold(server, |server, (path, bytes)| server.bytes(&path, bytes));
            server.start().context("the server does not start")
        };
        Ok(Self { quick: start(Latency::None)?, slow: start(Latency::Some)?, heads })
    }

    pub(crate) fn stac_url(&self, latency: Latency) -> String {
        self.server(latency).stac_url()
    }

    pub(crate) fn file_url(&self, latency: Latency, name: &str) -> String {
        self.server(latency).file_url(&format!("{ID}/{name}"))
    }

    /// Forgets what was asked before.
    pub(crate) fn reset(&self, latency: Latency) {
        self.server(latency).reset();
    }

    /// What was asked since the last reset.
    pub(crate) fn traffic(&self, latency: Latency) -> Traffic {
        let server = self.server(latency);
        let (prefix, requests) = (format!("/files/{ID}/"), server.requests());
        let of_files = || requests.iter().filter_map(|r| Some((r.path.strip_prefix(&prefix)?, r)));
        let mut heads: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, request) in of_files() {
            if self.heads.get(name).is_some_and(|first| start_of(request) < *first) {
                *heads.entry(name).or_default() += 1;
            }
        }
        Traffic {
            requests: requests.len(),
            file_requests: of_files().count(),
            bytes: server.bytes("/files/"),
            most_heads: heads.into_values().max().unwrap_or(0),
            files: of_files().map(|(name, _)| name.to_owned()).collect(),
        }
    }

    fn server(&self, latency: Latency) -> &Server {
        match latency {
            Latency::None => &self.quick,
            Latency::Some => &self.slow,
        }
    }
}

/// The first byte asked for; that of the file when no range is named.
fn start_of(request: &Request) -> u64 {
    let range = request.range.as_deref().and_then(|range| range.strip_prefix("bytes="));
    let start = range.and_then(|range| range.split('-').next()?.parse().ok());
    start.unwrap_or(0)
}
