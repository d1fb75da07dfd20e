//! The settings of an access.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::azure;
use super::buckets::Buckets;
use super::client::Client;
use super::credential::Credential;
use super::http_client::{HttpClient, Settings};
use super::limit::{HostLimits, ProviderLimit};
use super::location::Roots;
use super::pace::Pace;
use super::s3::S3Endpoint;
use super::trusted::Trusted;
use super::{Access, Auth, Inner, Provider, RetryPolicy};
use crate::{Error, Result};

/// The settings of an [`Access`].
#[derive(Debug, Clone)]
#[must_use = "call `build`"]
pub struct AccessBuilder {
    providers: Vec<Provider>,
    roots: Vec<PathBuf>,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
    slowest: (u64, Duration),
    retry: RetryPolicy,
    per_host: usize,
    public_only: bool,
    buckets: Buckets,
    user_agent: String,
    token_folder: Option<PathBuf>,
    trusted: Trusted,
    known_hosts: Option<PathBuf>,
}

impl Default for AccessBuilder {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            roots: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(300),
            slowest: (1024, Duration::from_secs(20)),
            retry: RetryPolicy::default(),
            per_host: 12,
            public_only: false,
            buckets: Buckets::default(),
            user_agent: concat!("terracube/", env!("CARGO_PKG_VERSION")).to_owned(),
            token_folder: None,
            trusted: Trusted::default(),
            known_hosts: None,
        }
    }
}

impl AccessBuilder {
    /// Adds a provider. Of several that match a URL, the first added counts.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// Adds providers.
    pub fn providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.providers.extend(providers);
        self
    }

    /// Lets files be read in this folder and below, by path or `file://` URL. Links that lead out
    /// of it are not followed.
    pub fn allow_files(mut self, root: impl Into<PathBuf>) -> Self {
        self.roots.push(root.into());
        self
    }

    /// How long making a connection may take; 10 s if not set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection may be silent; 30 s if not set.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// How long one request may take with its body, downloads of whole files excepted; 300 s if
    /// not set.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = timeout;
        self
    }

    /// The slowest that a body may come before the request is tried again: so many bytes per
    /// second, as a mean over a while; 1024 over 20 s if not set.
    pub fn slowest(mut self, bytes_per_second: u64, over: Duration) -> Self {
        self.slowest = (bytes_per_second, over);
        self
    }

    /// How requests are tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How many requests may be under way to one host; 12 if not set, at least 1.
    pub fn per_host(mut self, concurrent: usize) -> Self {
        self.per_host = concurrent;
        self
    }

    /// Refuses hosts with private, loopback or link-local addresses, after resolving their names
    /// and after redirects: for services that open URLs of others. Proxies of the environment are
    /// not used then.
    pub fn public_hosts_only(mut self) -> Self {
        self.public_only = true;
        self
    }

    /// Where `s3://bucket/key` is: at `{endpoint}/bucket/key`. If not set, at Amazon. Requests are
    /// signed where a provider with [`Auth::Aws`] has the bucket among its hosts.
    ///
    /// # Errors
    /// [`Error::Setting`] for what is no https or http URL.
    pub fn s3_endpoint(mut self, endpoint: &str) -> Result<Self> {
        self.buckets.s3 = S3Endpoint(Some(web_url("s3_endpoint", endpoint)?));
        Ok(self)
    }

    /// Where `az://container/key` is: at `{endpoint}/container/key`. If not set, at Microsoft, in
    /// the storage account of the provider with [`Auth::Azure`] that has the container among its
    /// hosts, else in that of `$AZURE_STORAGE_ACCOUNT_NAME`.
    ///
    /// # Errors
    /// [`Error::Setting`] for what is no https or http URL.
    pub fn azure_endpoint(mut self, endpoint: &str) -> Result<Self> {
        self.buckets.azure.endpoint = Some(web_url("azure_endpoint", endpoint)?);
        Ok(self)
    }

    /// The `User-Agent` header; `terracube/VERSION` if not set.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Keeps tokens that providers give in files of this folder, readable by their owner alone, so
    /// that several processes share them. It is made when first needed.
    pub fn token_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.token_folder = Some(folder.into());
        self
    }

    /// Trusts the certificates of a file in PEM as well as those of the system, for https and ftps.
    pub fn trust(mut self, certificates: impl Into<PathBuf>) -> Self {
        self.trusted.0.push(certificates.into());
        self
    }

    /// The file with the keys of SSH hosts, as OpenSSH writes it; `~/.ssh/known_hosts` and
    /// `/etc/ssh/ssh_known_hosts` if not set. A host whose key is not there is refused.
    pub fn known_hosts(mut self, file: impl Into<PathBuf>) -> Self {
        self.known_hosts = Some(file.into());
        self
    }

    /// Fetches the secrets and makes the access.
    ///
    /// # Errors
    /// [`Error::Secret`] for a secret that is missing, [`Error::Setting`] for what can't be.
    pub fn build(mut self) -> Result<Access> {
        self.buckets.azure.account = std::env::var(azure::ACCOUNT_VARIABLE).ok();
        for provider in &self.providers {
            let Some(Auth::Azure(account)) = &provider.auth else { continue };
            let containers = provider.hosts.iter().filter_map(|host| host.container());
            let named = containers.map(|name| (name.to_owned(), account.account.clone()));
            self.buckets.azure.of_providers.extend(named);
        }
        let client = |is_direct: bool| {
            HttpClient::new(Settings {
                connect_timeout: self.connect_timeout,
                read_timeout: self.read_timeout,
                per_host: self.per_host,
                user_agent: self.user_agent.clone(),
                is_direct,
                public_only: self.public_only,
                trusted: self.trusted.clone(),
            })
        };
        let (http, direct) = (client(self.public_only), client(true));
        let providers = self
            .providers
            .into_iter()
            .map(|mut provider| {
                let region = match &provider.auth {
                    Some(Auth::Aws(account)) => account.region.as_deref(),
                    _ => None,
                };
                let hosts: Vec<_> = provider
                    .hosts
                    .iter()
                    .map(|host| host.over_http(&self.buckets, region))
                    .collect::<Result<_>>()?;
                provider.hosts = hosts.concat();
                let limit = ProviderLimit::new(&provider.limits);
                Ok((Credential::fetch(provider, self.token_folder.as_deref())?, limit))
            })
            .collect::<Result<_>>()?;
        let client = Arc::new_cyclic(|own| Client {
            http,
            direct,
            providers,
            hosts: HostLimits::new(self.per_host),
            retry: self.retry,
            total_timeout: self.total_timeout,
            pace: Pace::new(self.slowest.0, self.slowest.1),
            public_only: self.public_only,
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            trusted: self.trusted,
            counters: Arc::default(),
            own: Weak::clone(own),
        });
        Ok(Access(Arc::new(Inner {
            client,
            roots: Roots(self.roots),
            buckets: self.buckets,
            #[cfg(feature = "ftp")]
            ftp: super::ftp::Connections::default(),
            #[cfg(feature = "sftp")]
            sftp: super::sftp::Sessions::default(),
            #[cfg(feature = "sftp")]
            known_hosts: known_hosts(self.known_hosts),
        })))
    }
}

fn web_url(setting: &str, text: &str) -> Result<url::Url> {
    let url = url::Url::parse(text).ok().filter(|url| url.has_host());
    url.filter(|url| matches!(url.scheme(), "https" | "http")).ok_or_else(|| Error::Setting {
        setting: setting.to_owned(),
        reason: "it is no https or http URL".to_owned(),
    })
}

#[cfg(feature = "sftp")]
fn known_hosts(set: Option<PathBuf>) -> Vec<PathBuf> {
    set.map_or_else(
        || {
            let own = std::env::home_dir().map(|home| home.join(".ssh/known_hosts"));
            own.into_iter().chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]).collect()
        },
        |file| vec![file],
    )
}
