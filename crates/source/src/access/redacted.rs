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
    /// The shown form of a URL, a path or anything else; what does not parse is shown up to its
    /// query.
    #[must_use]
    pub fn of(href: &str) -> Self {
        match Url::parse(href) {
            Ok(url) => Self::from(&url),
            Err(_) => Self(href.split(['?', '#']).next().unwrap_or_default().to_owned()),
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
            text.push_str(if HARMLESS.contains(&&*name) { &value } else { "…" });
            separator = '&';
        }
        Self(text)
    }
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
        ];
        for (href, shown) in cases {
            assert_eq!(RedactedUrl::of(href).as_str(), shown);
        }
    }
}
