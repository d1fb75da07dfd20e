//! Which URLs belong to a provider.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use super::buckets::Buckets;
use crate::{Error, Result};

/// Which URLs belong to a provider: one host exactly (scheme, name and port), or with `*.` before
/// it every host below it; and a path, if one is given, with everything below it. Without a scheme
/// it is https. `s3://bucket`, `gs://bucket` and `az://container` are the URLs that objects of that
/// bucket have, with a path those below that prefix.
///
/// ```
/// use terracube_source::HostPattern;
/// let pattern: HostPattern = "*.archive.example/data".parse()?;
/// assert!(pattern.matches(&"https://a.archive.example/data/x.tif".parse().unwrap()));
/// assert!(!pattern.matches(&"https://evil-archive.example/data/x.tif".parse().unwrap()));
/// assert!(!pattern.matches(&"https://a.archive.example/database".parse().unwrap()));
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    scheme: String,
    host: String,
    port: Option<u16>,
    below: bool,
    /// Without a trailing slash.
    path: String,
    /// Only listings of what lies below this key, which ends with a slash, at exactly that path.
    listing: Option<String>,
}

impl HostPattern {
    /// The pattern of exactly the origin of `url`, or `None` without a host.
    pub(crate) fn of_origin(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_ascii_lowercase(),
            port: port_of(url),
            below: false,
            path: String::new(),
            listing: None,
        })
    }

    /// The patterns of URLs that go over the network: those of a bucket's objects and of listings of
    /// them, or itself.
    pub(crate) fn over_http(&self, buckets: &Buckets, region: Option<&str>) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = match self.scheme.as_str() {
            "s3" => {
                let patterns = buckets.s3.patterns(&self.host, &self.path, region);
                patterns.iter().map(|pattern| pattern.parse()).collect::<Result<_>>()?
            }
            "gs" => {
                let place = "https://storage.googleapis.com";
                vec![format!("{place}/{}{}", self.host, self.path).parse()?]
            }
            "az" => {
                let container = buckets.azure.container_url(&self.host)?;
                vec![format!("{container}{}", self.path).parse()?]
            }
            _ => return Ok(vec![self.clone()]),
        };
        let listings: Vec<Self> =
            all.iter().filter_map(|one| one.of_listings(&self.path)).collect();
        all.extend(listings);
        Ok(all)
    }

    /// The listings of what lies below a prefix of a bucket: they are of the bucket, and name the
    /// prefix in their query.
    fn of_listings(&self, prefix: &str) -> Option<Self> {
        let key = percent_decode_str(prefix.trim_start_matches('/')).decode_utf8().ok()?;
        let bucket = self.path.strip_suffix(prefix).filter(|_| !key.is_empty())?;
        let listing = Some(format!("{key}/"));
        Some(Self { path: bucket.to_owned(), listing, ..self.clone() })
    }

    /// The container of Azure that it names.
    pub(crate) fn container(&self) -> Option<&str> {
        (self.scheme == "az").then_some(self.host.as_str())
    }

    /// Whether `url` belongs to it.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        url.scheme() == self.scheme
            && port_of(url) == self.port
            && self.matches_host(&host.to_ascii_lowercase())
            && match &self.listing {
                Some(prefix) => {
                    url.path().trim_end_matches('/') == self.path && is_listing(url, prefix)
                }
                None => self.matches_path(url.path()),
            }
    }

    /// Whether requests to it are encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        !matches!(self.scheme.as_str(), "http" | "ftp")
    }

    fn matches_host(&self, host: &str) -> bool {
        if self.below {
            host.strip_suffix(&self.host)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty())
        } else {
            host == self.host
        }
    }

    fn matches_path(&self, path: &str) -> bool {
        if self.path.is_empty() {
            return true;
        }
        // Some servers decode these to `/` and then resolve `..`.
        let lower = path.to_ascii_lowercase();
        if lower.contains("%2f") || lower.contains("%5c") {
            return false;
        }
        path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a request lists what lies below `prefix`, and does nothing else.
fn is_listing(url: &Url, prefix: &str) -> bool {
    const KNOWN: [&str; 11] = [
        "comp",
        "continuation-token",
        "delimiter",
        "encoding-type",
        "list-type",
        "marker",
        "max-keys",
        "maxresults",
        "prefix",
        "restype",
        "start-after",
    ];
    let pairs: Vec<_> = url.query_pairs().collect();
    let all = |wanted: &str| pairs.iter().filter(|(name, _)| *name == wanted).collect::<Vec<_>>();
    let is = |name: &str, value: &str| matches!(all(name)[..], [(_, found)] if found == value);
    let is_below = matches!(all("prefix")[..], [(_, found)] if found.starts_with(prefix));
    let lists = is("list-type", "2") || (is("comp", "list") && is("restype", "container"));
    is_below && lists && pairs.iter().all(|(name, _)| KNOWN.contains(&&**name))
}

/// The port of a URL, or that of its scheme. FTPS is FTP that turns to TLS (RFC 4217), at the same
/// port.
pub(crate) fn port_of(url: &Url) -> Option<u16> {
    url.port_or_known_default().or(match url.scheme() {
        "ftps" => Some(21),
        "sftp" => Some(22),
        _ => None,
    })
}

/// Scheme, host and port of a URL as text.
pub(crate) fn origin_of(url: &Url) -> String {
    match (url.origin(), url.host_str(), port_of(url)) {
        (origin, ..) if origin.is_tuple() => origin.ascii_serialization(),
        (_, Some(host), Some(port)) => {
            format!("{}://{}:{port}", url.scheme(), host.to_ascii_lowercase())
        }
        (origin, ..) => origin.ascii_serialization(),
    }
}

impl FromStr for HostPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = |reason: &str| Error::Setting {
            setting: "hosts".to_owned(),
            reason: format!(
                "`{}` {reason}; write `host`, `https://host:port/path` or `*.host`",
                super::RedactedUrl::of(text)
            ),
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let is_bucket = matches!(scheme, "s3" | "gs" | "az");
        if !is_bucket && !matches!(scheme, "https" | "http" | "ftp" | "ftps" | "sftp") {
            return Err(invalid(
                "has a scheme other than https, http, s3, gs, az, ftp, ftps and sftp",
            ));
        }
        let (below, rest) = rest.strip_prefix("*.").map_or((false, rest), |rest| (true, rest));
        let url = Url::parse(&format!("{}://{rest}", if is_bucket { "https" } else { scheme }))
            .map_err(|cause| invalid(&format!("is not a host: {cause}")))?;
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || host.contains('*') {
            return Err(invalid("is not a host"));
        }
        if is_bucket && (below || url.port().is_some()) {
            return Err(invalid("is not a bucket"));
        }
        if below && (!host.contains('.') || !matches!(url.host(), Some(url::Host::Domain(_)))) {
            return Err(invalid("is too wide: name at least two labels after `*.`"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(invalid("has a user, a password or a query"));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            host: host.to_ascii_lowercase(),
            port: if is_bucket { None } else { port_of(&url) },
            below,
            path: url.path().trim_end_matches('/').to_owned(),
            listing: None,
        })
    }
}

impl TryFrom<String> for HostPattern {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wild = if self.below { "*." } else { "" };
        write!(f, "{}://{wild}{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("https", Some(443)) | ("http", Some(80)) | (_, None) => {}
            ("ftp" | "ftps", Some(21)) | ("sftp", Some(22)) => {}
            (_, Some(port)) => write!(f, ":{port}")?,
        }
        f.write_str(&self.path)?;
        match &self.listing {
            Some(prefix) => write!(f, "?prefix={prefix}"),
            None => Ok(()),
        }
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn look_alike_hosts_do_not_match() {
        let cases = [
            ("https://catalogue.dataspace.copernicus.eu", "https://catalogue.dataspace.co/x"),
            ("https://zipper.creodias.eu", "https://zipper.creodias.e/x"),
            ("https://oceandata.sci.gsfc.nasa.gov", "https://oceandata.sci/x"),
            ("https://a.ac.uk", "https://evil.ac.uk/x"),
            ("https://x.data.gov.au", "https://evil.data.gov.au/x"),
            ("https://x.s3.amazonaws.com", "https://attacker.s3.amazonaws.com/x"),
            ("https://apihub.example.eu", "http://apihub.example.eu/x"),
            ("https://good.example", "https://good.example.evil.net/x"),
            ("https://good.example", "https://notgood.example/x"),
            ("https://good.example", "https://good.example@evil.net/x"),
            ("https://good.example", "https://good.example:8443/x"),
            ("https://good.example", "https://good.example./x"),
            ("sftp://good.example", "sftp://good.example:2222/x"),
            ("ftps://good.example", "ftp://good.example/x"),
            ("*.good.example", "https://notgood.example/x"),
            ("*.good.example", "https://good.example/x"),
            ("*.good.example", "https://.good.example/x"),
            ("*.good.example", "https://a.good.example.evil.net/x"),
            ("good.example/data", "https://good.example/database"),
            ("good.example/data", "https://good.example/data/../other"),
            ("good.example/data", "https://good.example/data/%2e%2e/other"),
            ("good.example/data", "https://good.example/data/..%2fother"),
        ];
        for (pattern, url) in cases {
            // A URL that does not even parse goes nowhere.
            if Url::parse(url).is_ok() {
                assert!(!matches(pattern, url), "{pattern} must not match {url}");
            }
        }
    }

    #[test]
    fn the_hosts_meant_match() {
        let cases = [
            ("good.example", "https://good.example/x"),
            ("good.example", "https://GOOD.example:443/x"),
            ("good.example:8443", "https://good.example:8443/x"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/x"),
            ("*.good.example", "https://a.b.good.example/x"),
            ("sftp://good.example", "sftp://GOOD.example:22/x"),
            ("ftps://good.example", "ftps://good.example/x"),
            ("ftp://good.example", "ftp://good.example:21/x"),
            ("good.example/data/", "https://good.example/data"),
            ("good.example/data", "https://good.example/data/x"),
        ];
        for (pattern, url) in cases {
            assert!(matches(pattern, url), "{pattern} must match {url}");
        }
    }

    #[test]
    fn a_bucket_is_the_places_of_its_objects() {
        let amazon = Buckets::default();
        let pattern: HostPattern = "s3://cogs/a".parse().unwrap();
        let all = pattern.over_http(&amazon, Some("us-west-2")).unwrap();
        let matches = |url: &str| all.iter().any(|one| one.matches(&Url::parse(url).unwrap()));
        for url in [
            "https://cogs.s3.amazonaws.com/a/x",
            "https://s3.us-west-2.amazonaws.com/cogs/a/x",
            "https://cogs.s3.us-west-2.amazonaws.com/a/x",
            "https://cogs.s3.amazonaws.com/?list-type=2&prefix=a%2F",
            "https://s3.us-west-2.amazonaws.com/cogs?delimiter=%2F&list-type=2&prefix=a%2Fb%2FX_",
        ] {
            assert!(matches(url), "{url}");
        }
        for url in [
            "https://attacker.s3.amazonaws.com/a/x",
            "https://s3.amazonaws.com/attacker/a/x",
            "https://s3.amazonaws.com/cogs-evil/a/x",
            "https://cogs.s3.eu-west-1.amazonaws.com/a/x",
            "http://cogs.s3.amazonaws.com/a/x",
            "https://cogs.s3.amazonaws.com/b/x",
            "https://cogs.s3.amazonaws.com/?list-type=2&prefix=a",
            "https://cogs.s3.amazonaws.com/?list-type=2&prefix=ab%2F",
            "https://cogs.s3.amazonaws.com/?list-type=2",
            "https://cogs.s3.amazonaws.com/?list-type=2&prefix=b%2F&prefix=a%2F",
            "https://cogs.s3.amazonaws.com/?acl&list-type=2&prefix=a%2F",
            "https://cogs.s3.amazonaws.com/b/?list-type=2&prefix=a%2F",
            "https://s3.amazonaws.com/cogs-evil?list-type=2&prefix=a%2F",
            "https://s3.amazonaws.com/?list-type=2&prefix=a%2F",
        ] {
            assert!(!matches(url), "{url}");
        }
        let google: HostPattern = "gs://cogs/a%20b".parse().unwrap();
        let all = google.over_http(&amazon, None).unwrap();
        let place = "https://storage.googleapis.com/cogs?list-type=2&prefix=a%20b%2Fc";
        assert!(all.iter().any(|one| one.matches(&Url::parse(place).unwrap())), "{all:?}");
    }

    #[test]
    fn wide_or_malformed_patterns_are_refused() {
        for text in ["*.com", "*", "gopher://h.example", "https://u:p@h.example", "a.*.example", ""]
        {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn shown_as_it_is_read() {
        for text in [
            "s3://cogs/a",
            "gs://cogs",
            "az://cogs/a",
            "https://*.good.example/data",
            "http://127.0.0.1:9",
            "https://h.example:8443",
            "sftp://h.example:8443",
            "ftps://h.example",
        ] {
            let pattern: HostPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
            assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern);
        }
    }
}
