//! What was asked of whom.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use url::Url;

/// What was asked since the [`Access`](crate::Access) was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccessStats {
    /// Requests sent, further tries and redirects included.
    pub requests: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Further tries after a failure.
    pub retries: u64,
    /// The same for each host, by scheme, name and port.
    pub per_host: BTreeMap<String, HostStats>,
}

/// What was asked of one host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HostStats {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Further tries after a failure.
    pub retries: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<String, HostStats>>);

impl Counters {
    pub(crate) fn request(&self, url: &Url) {
        self.update(url, |host| host.requests += 1);
    }

    pub(crate) fn received(&self, url: &Url, bytes: usize) {
        self.update(url, |host| host.bytes_received += bytes as u64);
    }

    pub(crate) fn retry(&self, url: &Url) {
        self.update(url, |host| host.retries += 1);
    }

    pub(crate) fn snapshot(&self) -> AccessStats {
        let per_host = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sum = |of: fn(&HostStats) -> u64| per_host.values().map(of).sum();
        AccessStats {
            requests: sum(|host| host.requests),
            bytes_received: sum(|host| host.bytes_received),
            retries: sum(|host| host.retries),
            per_host,
        }
    }

    fn update(&self, url: &Url, change: impl FnOnce(&mut HostStats)) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(hosts.entry(super::host::origin_of(url)).or_default());
    }
}
