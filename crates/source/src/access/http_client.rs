//! An HTTP client that is made when it is first needed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::address::PublicResolver;
use super::trusted::Trusted;
use crate::{Error, Result};

/// Connections of one kind. Making them reads the certificates of the system, which takes longer
/// than opening a cube: who only reads what is stored goes without.
#[derive(Debug)]
pub(super) struct HttpClient {
    settings: Settings,
    made: OnceLock<reqwest::Client>,
}

/// How connections are made.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) per_host: usize,
    pub(super) user_agent: String,
    /// Past any proxy.
    pub(super) is_direct: bool,
    /// Only to public addresses.
    pub(super) public_only: bool,
    /// Beside those of the system.
    pub(super) trusted: Trusted,
}

impl HttpClient {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, made: OnceLock::new() }
    }

    /// The connections.
    pub(super) fn get(&self) -> Result<&reqwest::Client> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let made = self.settings.client()?;
        // Of two made at the same time one stays.
        Ok(self.made.get_or_init(|| made))
    }
}

impl Settings {
    fn client(&self) -> Result<reqwest::Client> {
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .pool_max_idle_per_host(self.per_host)
            .user_agent(&self.user_agent);
        if self.is_direct {
            http = http.no_proxy();
        }
        if self.public_only {
            http = http.dns_resolver(Arc::new(PublicResolver));
        }
        let trusted = self.trusted.certificates()?;
        if !trusted.is_empty() {
            let certificates = trusted.iter().map(|one| reqwest::Certificate::from_der(one));
            let certificates: Result<Vec<_>, _> = certificates.collect();
            http = http.tls_certs_merge(certificates.map_err(|cause| Error::Setting {
                setting: "trust".to_owned(),
                reason: cause.without_url().to_string(),
            })?);
        }
        http.build().map_err(|cause| Error::Setting {
            setting: "access".to_owned(),
            reason: cause.without_url().to_string(),
        })
    }
}
