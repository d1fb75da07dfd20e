//! Containers of Azure Blob Storage and their blobs by URLs.

use percent_encoding::percent_decode_str;
use url::Url;

use super::RedactedUrl;
use super::s3::{encoded, with_query};
use crate::{Error, Result};

/// What containers are named by when their account is not.
pub(crate) const ACCOUNT_VARIABLE: &str = "AZURE_STORAGE_ACCOUNT_NAME";

/// Where the containers of `az://container/key` are.
#[derive(Debug, Clone, Default)]
pub(crate) struct AzureContainers {
    /// All of them lie below it, where it is set.
    pub(crate) endpoint: Option<Url>,
    /// Containers that providers name, with the storage accounts of their credentials.
    pub(crate) of_providers: Vec<(String, String)>,
    /// The storage account of all others.
    pub(crate) account: Option<String>,
}

/// A folder of a container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContainerFolder {
    /// The URL of the container.
    pub(crate) container: Url,
    /// What the names of its blobs begin with: ends with a slash, or is empty.
    pub(crate) prefix: String,
    /// What an href has before the name of a blob.
    base: String,
    /// Whether names are written as in a URL.
    is_encoded: bool,
}

impl AzureContainers {
    /// The URL of `az://container/key`; the key is written as it is.
    pub(crate) fn url(&self, href: &str) -> Result<Url> {
        let (container, key) = container_and_key(href);
        // URLs cannot say them: they would lead to another key, or out of the container.
        if key.is_empty() || key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(refused(href, "it is no `az://container/key`"));
        }
        let mut url = self.container_url(container)?;
        let path: Vec<String> = key.split('/').map(encoded).collect();
        url.set_path(&format!("{}/{}", url.path(), path.join("/")));
        Ok(url)
    }

    /// The URL of a container.
    pub(crate) fn container_url(&self, container: &str) -> Result<Url> {
        let shown = format!("az://{container}");
        if !is_name(container) {
            return Err(refused(&shown, "it is no name of a container"));
        }
        let of_provider = self.of_providers.iter().find(|(name, _)| name == container);
        let account = of_provider.map(|(_, account)| account).or(self.account.as_ref());
        let base = match (&self.endpoint, account) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(account)) if is_name(account) => at_microsoft(account)
                .ok_or_else(|| refused(&shown, "its account makes no host name"))?,
            (None, Some(_)) => return Err(refused(&shown, "its account makes no host name")),
            (None, None) => {
                let reason = format!(
                    "its storage account is not known: write \
                     `abfs://{container}@ACCOUNT.dfs.core.windows.net/…`, set `{ACCOUNT_VARIABLE}`, \
                     or let a provider with `azure` have the host `{shown}`"
                );
                return Err(refused(&shown, &reason));
            }
        };
        let mut url = base;
        url.set_path(&format!("{}/{container}", url.path().trim_end_matches('/')));
        Ok(url)
    }

    /// The folder that `az://container/folder` or its `abfs` form names.
    pub(crate) fn folder(&self, href: &str) -> Result<ContainerFolder> {
        let (container, base, key, is_encoded) = if href.starts_with("az://") {
            let (name, key) = container_and_key(href);
            (self.container_url(name)?, format!("az://{name}/"), key.to_owned(), false)
        } else {
            let url = Url::parse(href).ok();
            let root = url.as_ref().and_then(abfs_container);
            let (Some(url), Some(root)) = (url, root) else {
                let reason = "it is no `abfs://container@account.dfs.core.windows.net/folder`";
                return Err(refused(href, reason));
            };
            let mut base = url.clone();
            base.set_query(None);
            base.set_path("/");
            let key = percent_decode_str(url.path().trim_start_matches('/'));
            (root, base.into(), key.decode_utf8_lossy().into_owned(), true)
        };
        let key = key.trim_end_matches('/');
        let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
        Ok(ContainerFolder { container, prefix, base, is_encoded })
    }
}

impl ContainerFolder {
    /// The href of a blob.
    pub(crate) fn href(&self, key: &str) -> String {
        let key = key.trim_end_matches('/');
        if !self.is_encoded {
            return format!("{}{key}", self.base);
        }
        let parts: Vec<String> = key.split('/').map(encoded).collect();
        format!("{}{}", self.base, parts.join("/"))
    }
}

/// The URL of `abfs://container@account.dfs.core.windows.net/key`.
pub(crate) fn abfs(url: &Url) -> Option<Url> {
    let key = url.path().strip_prefix('/').filter(|key| !key.is_empty())?;
    with_query(&format!("{}/{key}", abfs_container(url)?), url)
}

fn abfs_container(url: &Url) -> Option<Url> {
    let account = url.host_str()?.strip_suffix(".dfs.core.windows.net")?;
    let is_plain = matches!(url.scheme(), "abfs" | "abfss")
        && [account, url.username()].into_iter().all(is_name);
    (is_plain && url.password().is_none() && url.port().is_none()).then_some(())?;
    let mut root = at_microsoft(account)?;
    root.set_path(url.username());
    Some(root)
}

fn at_microsoft(account: &str) -> Option<Url> {
    Url::parse(&format!("https://{account}.blob.core.windows.net")).ok()
}

fn container_and_key(href: &str) -> (&str, &str) {
    let rest = href.split_once("://").map_or(href, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn refused(href: &str, reason: &str) -> Error {
    Error::NotAllowed { what: RedactedUrl::of(href).to_string(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn containers() -> AzureContainers {
        AzureContainers {
            endpoint: None,
            of_providers: vec![("dem".to_owned(), "relief".to_owned())],
            account: Some("acc".to_owned()),
        }
    }

    #[test]
    fn blobs_of_containers() {
        let url = |href: &str| containers().url(href).map(String::from);
        for (href, there) in [
            ("az://dem/a/b c%.tif", "https://relief.blob.core.windows.net/dem/a/b%20c%25.tif"),
            ("az://data/a.tif", "https://acc.blob.core.windows.net/data/a.tif"),
        ] {
            assert_eq!(url(href).unwrap(), there);
        }
        for href in [
            "az://dem",
            "az://dem/",
            "az://dem/../x",
            "az://a.b/x",
            "az://u@dem/x",
            "az:///x",
            "az://evil.example#/x",
            "az://a:1/x",
        ] {
            assert!(url(href).is_err(), "{href}");
        }
        let endpoint = Url::parse("http://127.0.0.1:10000/devstoreaccount1/").unwrap();
        let emulator = AzureContainers { endpoint: Some(endpoint), ..containers() };
        let at_emulator = "http://127.0.0.1:10000/devstoreaccount1/dem/x";
        assert_eq!(emulator.url("az://dem/x").unwrap().as_str(), at_emulator);
        let error = AzureContainers::default().url("az://dem/x").unwrap_err().to_string();
        assert!(error.contains("AZURE_STORAGE_ACCOUNT_NAME"), "{error}");
    }

    #[test]
    fn blobs_of_the_hadoop_driver() {
        let at = |href: &str| abfs(&Url::parse(href).unwrap()).map(String::from);
        assert_eq!(
            at("abfs://data@acc.dfs.core.windows.net/a/b.tif").unwrap(),
            "https://acc.blob.core.windows.net/data/a/b.tif"
        );
        for href in [
            "abfs://data@acc.dfs.core.windows.net.evil.example/x",
            "abfs://data@evil.example/x",
            "abfs://acc.dfs.core.windows.net/x",
            "abfs://data@a.b.dfs.core.windows.net/x",
        ] {
            assert_eq!(at(href), None, "{href}");
        }
    }

    #[test]
    fn folders_by_both_names() {
        let plain = containers().folder("az://dem/a b/").unwrap();
        assert_eq!(plain.container.as_str(), "https://relief.blob.core.windows.net/dem");
        assert_eq!((&*plain.prefix, &*plain.href("a b/c%.tif")), ("a b/", "az://dem/a b/c%.tif"));
        let base = "abfs://dem@acc.dfs.core.windows.net";
        let encoded = containers().folder(&format!("{base}/a%20b")).unwrap();
        assert_eq!(encoded.container.as_str(), "https://acc.blob.core.windows.net/dem");
        assert_eq!(encoded.prefix, "a b/");
        assert_eq!(encoded.href("a b/c%.tif"), format!("{base}/a%20b/c%25.tif"));
        assert_eq!(containers().folder("az://dem").unwrap().prefix, "");
        assert!(containers().folder("abfs://evil.example/x").is_err());
    }
}
