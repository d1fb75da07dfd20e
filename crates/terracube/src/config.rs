//! What an operator configures: providers with their credentials and limits, and local folders.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use terracube_source::{Access, Error, Provider, Result, RetryPolicy};

/// What an operator configures. As TOML it reads like this; secrets are named by `env:NAME` or
/// `file:PATH`, never written down:
///
/// ```
/// let config = terracube::Config::from_toml(r#"
/// allow_files = ["/data/archive"]
/// per_host = 8
///
/// [[providers]]
/// name = "archive"
/// hosts = ["https://data.archive.example", "*.cdn.archive.example"]
/// auth = { bearer = { token = "env:ARCHIVE_TOKEN" } }
/// limits = { concurrent = 4, per_second = 10.0 }
/// "#)?;
/// assert_eq!(config.providers[0].hosts.len(), 2);
/// # Ok::<(), terracube::source::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// Who offers data, with credentials and limits. The first that matches a URL counts.
    pub providers: Vec<Provider>,
    /// Folders below which assets may be local files; none unless said.
    pub allow_files: Vec<PathBuf>,
    /// Requests under way to one host.
    pub per_host: Option<usize>,
    /// How often a request is tried in all; 1 never tries again.
    pub attempts: Option<u32>,
    /// Seconds that making a connection may take.
    pub connect_timeout: Option<f64>,
    /// Seconds that a connection may be silent.
    pub read_timeout: Option<f64>,
    /// Refuses private, loopback and link-local addresses: for services that open URLs of others.
    pub public_hosts_only: bool,
    /// Where tokens are kept, so that processes share them; they are not kept unless said.
    pub token_folder: Option<PathBuf>,
}

impl Config {
    /// Reads a configuration from a TOML file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read; as [`from_toml`](Self::from_toml).
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File {
            operation: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a configuration from TOML.
    ///
    /// # Errors
    /// [`Error::Setting`] with line and column. The text itself is not repeated: somebody may
    /// have written a secret into it.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, "configuration")
    }

    /// Makes the access that is configured.
    ///
    /// # Errors
    /// [`Error::Secret`] for a secret that is missing, [`Error::Setting`] for what can't be.
    pub fn access(&self) -> Result<Access> {
        let mut access = Access::builder().providers(self.providers.iter().cloned());
        for folder in &self.allow_files {
            access = access.allow_files(folder);
        }
        if let Some(requests) = self.per_host {
            access = access.per_host(requests);
        }
        if let Some(attempts) = self.attempts {
            let mut retry = RetryPolicy::default();
            retry.attempts = attempts;
            access = access.retry(retry);
        }
        if let Some(seconds) = self.connect_timeout {
            access = access.connect_timeout(duration("connect_timeout", seconds)?);
        }
        if let Some(seconds) = self.read_timeout {
            access = access.read_timeout(duration("read_timeout", seconds)?);
        }
        if self.public_hosts_only {
            access = access.public_hosts_only();
        }
        if let Some(folder) = &self.token_folder {
            access = access.token_folder(folder);
        }
        access.build()
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        toml::from_str(text).map_err(|cause| {
            let start = cause.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Error::Setting {
                setting: name.to_owned(),
                reason: format!("line {line}, column {column}: {}", cause.message()),
            }
        })
    }
}

fn duration(setting: &str, seconds: f64) -> Result<Duration> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(Error::Setting {
            setting: setting.to_owned(),
            reason: format!("{seconds} is not a number of seconds above 0"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_line_and_column_and_no_secret() {
        let text = "per_host = 8\n[[providers]]\nname = \"a\"\nhosts = [\"https://a.example\"]\n\
                    auth = { bearer = { token = \"s3cr3t\" } }\n";
        let said = Config::from_toml(text).unwrap_err().to_string();
        assert!(said.contains("line 5, column"), "{said}");
        assert!(said.contains("env:NAME"), "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");

        let said = Config::from_toml("per_host = 8\nper_hosts = 3\n").unwrap_err().to_string();
        assert!(said.contains("line 2, column 1") && said.contains("per_host"), "{said}");
    }

    #[test]
    fn durations_must_make_sense() {
        for wrong in ["-1.0", "0.0", "nan", "1e300"] {
            let config = Config::from_toml(&format!("read_timeout = {wrong}")).unwrap();
            assert!(config.access().unwrap_err().to_string().contains("read_timeout"));
        }
    }
}
