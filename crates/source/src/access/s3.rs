//! Objects of S3 buckets over HTTPS, unsigned.

use url::Url;

use super::RedactedUrl;
use crate::{Error, Result};

/// Where the objects of buckets are.
#[derive(Debug, Clone, Default)]
pub(crate) struct S3Endpoint(pub(crate) Option<Url>);

impl S3Endpoint {
    /// The URL of `s3://bucket/key`: below the endpoint by path, or at Amazon by host name.
    pub(crate) fn url(&self, href: &str) -> Result<Url> {
        let refuse = |reason: &str| Error::NotAllowed {
            what: RedactedUrl::of(href).to_string(),
            reason: reason.to_owned(),
        };
        let (_, rest) = href.split_once("://").unwrap_or_default();
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_bucket = (3..=255).contains(&bucket.len())
            && bucket.bytes().all(is_name)
            && !bucket.contains("..")
            && bucket.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !is_bucket || key.is_empty() {
            return Err(refuse("it is no `s3://bucket/key`"));
        }
        let by_host = self.0.is_none() && !bucket.contains(['.', '_']);
        let base = match &self.0 {
            Some(endpoint) => Ok(endpoint.clone()),
            None if by_host => Url::parse(&format!("https://{bucket}.s3.amazonaws.com")),
            // The certificate of `*.s3.amazonaws.com` covers no dots.
            None => Url::parse("https://s3.amazonaws.com"),
        };
        let mut url = base.map_err(|_| refuse("its bucket makes no host name"))?;
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty();
                if !by_host {
                    path.push(bucket);
                }
                path.extend(key.split('/'));
            }
            Err(()) => return Err(refuse("the endpoint is no place for objects")),
        }
        Ok(url)
    }

    /// The URL of a bucket, to ask for its listing.
    pub(crate) fn bucket_url(&self, bucket: &str) -> Result<Url> {
        let mut url = self.url(&format!("s3://{bucket}/x"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop();
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_by_host_and_by_path() {
        let amazon = S3Endpoint::default();
        let own = S3Endpoint(Some(Url::parse("http://127.0.0.1:9000/s3/").unwrap()));
        let cases = [
            (
                "s3://cogs/a/b.tif",
                "https://cogs.s3.amazonaws.com/a/b.tif",
                "http://127.0.0.1:9000/s3/cogs/a/b.tif",
            ),
            (
                "s3://my.cogs/b c%.tif",
                "https://s3.amazonaws.com/my.cogs/b%20c%25.tif",
                "http://127.0.0.1:9000/s3/my.cogs/b%20c%25.tif",
            ),
        ];
        for (href, at_amazon, at_own) in cases {
            assert_eq!(amazon.url(href).unwrap().as_str(), at_amazon);
            assert_eq!(own.url(href).unwrap().as_str(), at_own);
        }
    }

    #[test]
    fn a_bucket_cannot_lead_elsewhere() {
        for href in [
            "s3://evil.example#/x",
            "s3://a@evil.example/x",
            "s3://a:1/x",
            "s3:///x",
            "s3://cogs",
            "s3://cogs/",
            "s3://-x-/y",
            "s3://a?b/x",
            "s3://..a/x",
        ] {
            assert!(S3Endpoint::default().url(href).is_err(), "{href}");
        }
    }
}
