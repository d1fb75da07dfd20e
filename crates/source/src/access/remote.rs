//! What FTP and SFTP have in common: where a file is, credentials, limits, tries.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use url::Url;

use super::address::is_public;
use super::checksum::{Checksum, Hasher};
use super::client::Client;
use super::host::port_of;
use super::limit::Permit;
use super::{Access, Auth, Listed, RedactedUrl, Secret};
use crate::{Error, Result};

/// A transfer of more bytes has no time that it has to end in.
const UNTIMED: u64 = 8 << 20;

/// A file or folder on a host that speaks something other than HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) access: Access,
    pub(crate) url: Url,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Decoded, with the slash it begins with.
    pub(crate) path: String,
    /// Which provider it belongs to: connections that one let in are for its places alone.
    pub(crate) provider: Option<usize>,
}

/// What is known of a file before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) size: u64,
    pub(crate) modified: Option<String>,
}

/// What is wanted of a server.
#[derive(Debug)]
pub(crate) enum Work {
    Stat,
    Read(Range<u64>),
    /// To write all of it to a file.
    Save(PathBuf, Option<Checksum>),
    List,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    Stat(Stat),
    Bytes(Stat, Bytes),
    Saved(Stat, Option<Hasher>),
    Entries(Vec<Listed>),
}

/// How a server lets one in.
#[derive(Debug)]
pub(crate) enum Entry {
    Password {
        user: Secret,
        password: Secret,
    },
    #[cfg_attr(not(feature = "sftp"), expect(dead_code, reason = "for SSH"))]
    Key {
        user: Secret,
        key: Secret,
        passphrase: Option<Secret>,
    },
}

impl Remote {
    /// The file or folder at `url`.
    pub(crate) fn new(access: &Access, url: &Url) -> Result<Self> {
        let refuse = |reason: &str| Error::NotAllowed {
            what: RedactedUrl::from(url).to_string(),
            reason: reason.to_owned(),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has credentials in it; name them in a provider instead"));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| refuse("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = port_of(url).ok_or_else(|| refuse("it names no port"))?;
        let path = percent_decode_str(url.path())
            .decode_utf8()
            .map_err(|_| refuse("its path is not UTF-8"))?
            .into_owned();
        // A line end would begin a command of its own.
        if path.chars().any(char::is_control) {
            return Err(refuse("its path has control characters"));
        }
        let providers = &access.client().providers;
        let provider = providers.iter().position(|(one, _)| one.provider.matches(url));
        Ok(Self { access: access.clone(), url: url.clone(), host, port, path, provider })
    }

    pub(crate) fn shown(&self) -> String {
        RedactedUrl::from(&self.url).to_string()
    }

    pub(crate) fn client(&self) -> &Client {
        self.access.client()
    }

    /// The addresses of the host, public ones only where that is the rule.
    pub(crate) async fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|cause| self.broken("reach", cause))?;
        let is_admitted = |one: &SocketAddr| !self.client().public_only || is_public(one.ip());
        let all: Vec<SocketAddr> = found.filter(is_admitted).collect();
        if all.is_empty() {
            return Err(Error::NotAllowed {
                what: self.shown(),
                reason: format!("`{}` has no public address", self.host),
            });
        }
        Ok(all)
    }

    /// The credentials of the provider that this host is one of.
    pub(crate) fn entry(&self) -> Result<Option<Entry>> {
        let found = self.provider.and_then(|index| self.client().providers.get(index));
        let Some(provider) = found.map(|(one, _)| &one.provider) else { return Ok(None) };
        let entry = match &provider.auth {
            None => return Ok(None),
            Some(Auth::Basic { user, password }) => {
                Entry::Password { user: user.fetch()?, password: password.fetch()? }
            }
            Some(Auth::Netrc { path }) => {
                let netrc = super::netrc::Netrc::read(path.as_deref())?;
                let Some((user, password)) = netrc.of(&self.host) else { return Ok(None) };
                Entry::Password { user: user.clone(), password: password.clone() }
            }
            Some(Auth::SshKey { user, key, passphrase }) => Entry::Key {
                user: user.fetch()?,
                key: key.fetch()?,
                passphrase: passphrase.as_ref().map(super::SecretRef::fetch).transpose()?,
            },
            Some(_) => {
                return Err(Error::Setting {
                    setting: provider.name.clone(),
                    reason: "FTP and SFTP take `basic`, `netrc` and (SFTP) `ssh_key` only"
                        .to_owned(),
                });
            }
        };
        if self.url.scheme() == "ftp" && !provider.allow_insecure {
            return Err(Error::NotAllowed {
                what: self.shown(),
                reason: format!(
                    "credentials of `{}` do not go over plain FTP; use ftps or set \
                     `allow_insecure`",
                    provider.name
                ),
            });
        }
        Ok(Some(entry))
    }

    /// What the server says of the file.
    pub(crate) async fn stat(&self) -> Result<Stat> {
        match self.run(Work::Stat).await? {
            Done::Stat(stat) | Done::Bytes(stat, _) | Done::Saved(stat, _) => Ok(stat),
            Done::Entries(_) => Err(self.broken("read", "a folder")),
        }
    }

    /// Bytes of the file, and which version they are of; fewer than asked at its end.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<(Stat, Bytes)> {
        match self.run(Work::Read(range)).await? {
            Done::Bytes(stat, bytes) => Ok((stat, bytes)),
            _ => Err(self.broken("read", "no file")),
        }
    }

    /// Writes the file to `to`; which version it is of, and the hash that `checksum` wants.
    pub(crate) async fn save(
        &self,
        to: &Path,
        checksum: Option<&Checksum>,
    ) -> Result<(Stat, Option<Hasher>)> {
        match self.run(Work::Save(to.to_owned(), checksum.cloned())).await? {
            Done::Saved(stat, hasher) => Ok((stat, hasher)),
            _ => Err(self.broken("read", "no file")),
        }
    }

    /// The entries of the folder.
    pub(crate) async fn list(&self) -> Result<Vec<Listed>> {
        match self.run(Work::List).await? {
            Done::Entries(entries) => Ok(entries),
            _ => Err(self.broken("list", "no folder")),
        }
    }

    /// Does `work` when it is its turn, and again on transient failures.
    async fn run(&self, work: Work) -> Result<Done> {
        let client = self.client();
        let attempt = || async {
            let _permits = self.permits().await;
            client.counters.request(&self.url);
            // The transfer of what may be large is bounded by its pace alone.
            if matches!(&work, Work::Save(..))
                || matches!(&work, Work::Read(range) if range.end - range.start > UNTIMED)
            {
                return self.once(&work).await;
            }
            self.timed(self.once(&work)).await
        };
        client.retry.run(attempt, |error| client.note_retry(&self.url, error)).await
    }

    /// `work`, which takes no longer than any request may.
    pub(crate) async fn timed<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = tokio::time::timeout(self.client().total_timeout, work).await;
        done.unwrap_or_else(|_| Err(self.broken("read", "timed out")))
    }

    async fn once(&self, work: &Work) -> Result<Done> {
        match self.url.scheme() {
            #[cfg(feature = "sftp")]
            "sftp" => super::sftp::once(self, work).await,
            #[cfg(feature = "ftp")]
            _ => super::ftp::once(self, work).await,
            #[cfg(not(feature = "ftp"))]
            _ => Err(self.broken("reach", "not built in")),
        }
    }

    /// A transfer that ended early, if it did.
    pub(crate) fn check_whole(&self, expected: u64, received: u64) -> Result<()> {
        if received < expected {
            return Err(Error::Truncated { url: self.shown(), expected, received });
        }
        Ok(())
    }

    /// A connection that could not be made or broke.
    pub(crate) fn broken(&self, operation: &'static str, cause: impl Into<crate::Cause>) -> Error {
        Error::Transport { operation, url: self.shown(), transient: true, source: cause.into() }
    }

    async fn permits(&self) -> [Permit; 2] {
        let client = self.client();
        let found = self.provider.and_then(|index| client.providers.get(index));
        let of_provider = match found {
            Some((_, limit)) => limit.acquire().await,
            None => Permit::default(),
        };
        [of_provider, client.hosts.acquire(&self.url).await]
    }

    /// An entry of the folder, or `None` for a name that leads elsewhere.
    pub(crate) fn entry_below(&self, name: &str, is_folder: bool) -> Option<Listed> {
        if !super::listed::is_plain_name(name) || name.chars().any(char::is_control) {
            return None;
        }
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().push(name);
        Some(if is_folder { Listed::folder(name, url) } else { Listed::file(name, url) })
    }
}
