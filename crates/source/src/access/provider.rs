//! A provider: hosts, their credentials and what they can bear.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Auth, HostPattern};

/// A provider: which hosts are its own, the credentials they want and what they can bear. It can
/// be read from a configuration file; secrets are named by reference.
///
/// ```
/// use terracube_source::Provider;
/// let provider: Provider = serde_json::from_str(r#"{
///     "name": "archive",
///     "hosts": ["https://data.archive.example", "*.cdn.archive.example"],
///     "auth": { "bearer": { "token": "env:ARCHIVE_TOKEN" } },
///     "limits": { "concurrent": 4, "per_second": 2.0 }
/// }"#)?;
/// assert_eq!(provider.hosts.len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Provider {
    /// The name, for messages.
    pub name: String,
    /// Its hosts.
    pub hosts: Vec<HostPattern>,
    /// The credentials its hosts want.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Sends the credentials over http, unencrypted.
    #[serde(default)]
    pub allow_insecure: bool,
    /// What it can bear.
    #[serde(default)]
    pub limits: Limits,
}

/// What a provider can bear, over all its hosts; what is not set is not limited here.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests at one time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<usize>,
    /// Requests started per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
}

impl Provider {
    /// A provider with one host, without credentials or limits.
    #[must_use]
    pub fn new(name: impl Into<String>, host: HostPattern) -> Self {
        Self {
            name: name.into(),
            hosts: vec![host],
            auth: None,
            allow_insecure: false,
            limits: Limits::default(),
        }
    }

    /// Adds a host.
    #[must_use]
    pub fn with_host(mut self, host: HostPattern) -> Self {
        self.hosts.push(host);
        self
    }

    /// Sets the credentials.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Sets what it can bear.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Allows credentials over http.
    #[must_use]
    pub fn with_insecure_allowed(mut self) -> Self {
        self.allow_insecure = true;
        self
    }

    /// Whether `url` is one of its own.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        self.hosts.iter().any(|host| host.matches(url))
    }
}
