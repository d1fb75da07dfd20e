//! A URL as it may be shown.

use std::fmt;

use url::Url;

/// A URL as it may be shown in messages and logs: without user, password and fragment, and with
/// `…` for every value of its query that is not known to be harmless.
///
/// ```
/// use terracube_source::RedactedUrl;
/// let shown = RedactedUrl::of("https://me:pw@host.example/a.tif?limit=5&sig=abc");
/// assert_eq!(shown.to_string(), "https://host.example/a.tif?limit=5&sig=…");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RedactedUrl(String);

/// Names of query parameters of STAC and OGC searches, whose values are no secrets.
const HARMLESS: [&str; 12] = [
    "bbox",
    "collections",
    "datetime",
    "f",
    "filter-crs",
    "filter-lang",
    "ids",
    "intersects",
    "limit",
    "offset",
    "page",
    "version",
];

impl RedactedUrl {
    /// The shown form of a URL, a path or anything else; a path is shown up to its query, and of
    /// what is a URL but for a fault in it the scheme alone.
    #[must_use]
    pub fn of(href: &str) -> Self {
        // Without a scheme `me:pw@host` reads as a URL with the scheme `me`.
        let hidden = || Self(hidden(href));
        match Url::parse(href) {
            Ok(url) if url.cannot_be_a_base() && href.contains('@') => hidden(),
            Ok(url) => Self::from(&url),
            Err(url::ParseError::RelativeUrlWithoutBase) if !has_authority(href) => {
                Self(href.split(['?', '#']).next().unwrap_or_default().to_owned())
            }
            Err(_) => hidden(),
        }
    }

    /// The shown form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Url> for RedactedUrl {
    fn from(url: &Url) -> Self {
        let mut shown = url.clone();
        shown.set_fragment(None);
        shown.set_query(None);
        // Both fail only for URLs that cannot have credentials.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        let mut text = shown.to_string();
        let mut separator = '?';
        for (name, value) in url.query_pairs() {
            text.push(separator);
            text.push_str(&name);
            text.push('=');
            text.push_str(if is_harmless(&name) { &value } else { "…" });
            separator = '&';
        }
        Self(text)
    }
}

/// Whether the values of a parameter of a query may be shown.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether a text that is no URL may hold a user and a password all the same.
fn has_authority(text: &str) -> bool {
    text.contains("://") || (text.trim_start().starts_with("//") && text.contains('@'))
}

/// The scheme, where a text has one, and nothing else.
fn hidden(text: &str) -> String {
    let is_scheme = |scheme: &&str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme).filter(is_scheme);
    scheme.map_or_else(|| "…".to_owned(), |scheme| format!("{scheme}://…"))
}

impl fmt::Display for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let cases = [
            ("https://u:p@h.example/x", "https://h.example/x"),
            ("https://h.example/x?token=abc#frag", "https://h.example/x?token=…"),
            ("s3://bucket/key?X-Amz-Signature=abc", "s3://bucket/key?X-Amz-Signature=…"),
            ("data/x.tif?sig=abc", "data/x.tif"),
            ("https://h.example/s?bbox=1%2C2&next=abc", "https://h.example/s?bbox=1,2&next=…"),
            // The first slash ends the host, so that the password is taken for a port.
            ("https://me:p/w@h.example/x", "https://…"),
            (" https://me:pw@h.example:99999/x", "https://…"),
            ("https:me:p/w@h.example/x", "…"),
            ("//me:pw@h.example/x", "…"),
            ("me:pw@h.example/x", "…"),
            ("pw://x@://", "pw://…"),
            ("data/a@2x.tif", "data/a@2x.tif"),
            ("//server/share/a.tif", "//server/share/a.tif"),
        ];
        for (href, shown) in cases {
            assert_eq!(RedactedUrl::of(href).as_str(), shown);
        }
    }
}
