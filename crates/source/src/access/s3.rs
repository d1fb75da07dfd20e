//! Objects of buckets by their URLs: S3 and Google Cloud Storage.

use std::fmt::Write as _;

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
        // URLs cannot say them: they would lead to another key, or out of the bucket.
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(refuse("a part of its key is `.` or `..`"));
        }
        let by_host = self.0.is_none() && !bucket.contains(['.', '_']);
        let base = match &self.0 {
            Some(endpoint) => Ok(endpoint.clone()),
            None if by_host => Url::parse(&format!("https://{bucket}.s3.amazonaws.com")),
            // The certificate of `*.s3.amazonaws.com` covers no dots.
            None => Url::parse("https://s3.amazonaws.com"),
        };
        let mut url = base.map_err(|_| refuse("its bucket makes no host name"))?;
        if url.cannot_be_a_base() {
            return Err(refuse("the endpoint is no place for objects"));
        }
        let own = (!by_host).then_some(bucket);
        let path = std::iter::once(url.path().trim_end_matches('/').to_owned())
            .chain(own.into_iter().chain(key.split('/')).map(encoded))
            .collect::<Vec<_>>();
        url.set_path(&path.join("/"));
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

    /// The patterns of the URLs that a bucket's objects have; at Amazon also those of its region.
    pub(crate) fn patterns(&self, bucket: &str, prefix: &str, region: Option<&str>) -> Vec<String> {
        if let Some(endpoint) = &self.0 {
            return vec![format!("{}/{bucket}{prefix}", endpoint.as_str().trim_end_matches('/'))];
        }
        let mut places = vec!["s3".to_owned()];
        places.extend(region.map(|region| format!("s3.{region}")));
        let both = |place: String| {
            let by_host = format!("https://{bucket}.{place}.amazonaws.com{prefix}");
            [by_host, format!("https://{place}.amazonaws.com/{bucket}{prefix}")]
        };
        places.into_iter().flat_map(both).collect()
    }
}

/// The URL of a bucket of Google's, to ask for its listing.
pub(crate) fn google_bucket_url(bucket: &str) -> Result<Url> {
    let found = Url::parse(&format!("gs://{bucket}/x")).ok().as_ref().and_then(google);
    let mut url = found.ok_or_else(|| Error::NotAllowed {
        what: format!("gs://{}", RedactedUrl::of(bucket)),
        reason: "it is no bucket".to_owned(),
    })?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop();
    }
    Ok(url)
}

/// Where Amazon says that an object is, when its bucket has another region than was thought.
pub(crate) fn regional(url: &Url, region: &str) -> Option<Url> {
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let bucket = url.host_str()?.strip_suffix("s3.amazonaws.com")?;
    let is_whole = bucket.is_empty() || bucket.ends_with('.');
    (is_whole && !region.is_empty() && region.bytes().all(is_region)).then_some(())?;
    let mut there = url.clone();
    there.set_host(Some(&format!("{bucket}s3.{region}.amazonaws.com"))).ok()?;
    Some(there)
}

/// The URL of `gs://bucket/key`.
pub(crate) fn google(url: &Url) -> Option<Url> {
    let key = url.path().strip_prefix('/').filter(|key| !key.is_empty())?;
    let bucket = url.host_str().filter(|host| !host.is_empty() && url.port().is_none())?;
    has_no_user(url).then_some(())?;
    with_query(&format!("https://storage.googleapis.com/{bucket}/{key}"), url)
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

pub(crate) fn with_query(text: &str, from: &Url) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    url.set_query(from.query());
    Some(url)
}

/// A part of a key as signatures want it: everything but letters, digits and `-_.~` encoded.
pub(crate) fn encoded(part: &str) -> String {
    part.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(byte));
            }
            // Writing to a String can't fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
        text
    })
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
    fn a_bucket_of_another_region_is_found_at_amazon_only() {
        let at =
            |url: &str, region: &str| regional(&Url::parse(url).unwrap(), region).map(String::from);
        for (url, there) in [
            ("https://s3.amazonaws.com/a.b/k?x=1", "https://s3.us-west-2.amazonaws.com/a.b/k?x=1"),
            ("https://a.s3.amazonaws.com/k", "https://a.s3.us-west-2.amazonaws.com/k"),
        ] {
            assert_eq!(at(url, "us-west-2").unwrap(), there);
            for region in ["", "evil.example/", "x@y", "A"] {
                assert_eq!(at(url, region), None, "{region}");
            }
        }
        for url in ["https://h.example/k", "https://evils3.amazonaws.com/k"] {
            assert_eq!(at(url, "us-west-2"), None, "{url}");
        }
    }

    #[test]
    fn objects_at_google() {
        let google = |href: &str| google(&Url::parse(href).unwrap()).map(String::from);
        assert_eq!(
            google("gs://bucket_a/x/b%20c.tif").unwrap(),
            "https://storage.googleapis.com/bucket_a/x/b%20c.tif"
        );
        for href in ["gs://bucket", "gs://bucket/", "gs://u@bucket/x", "gs://bucket:1/x"] {
            assert_eq!(google(href), None, "{href}");
        }
    }

    #[test]
    fn a_key_keeps_its_dots_within_its_bucket() {
        let own = S3Endpoint(Some(Url::parse("http://127.0.0.1:9000/s3").unwrap()));
        for href in ["s3://cogs/../other/x", "s3://cogs/a/../../other/x"] {
            let found = own.url(href).map(String::from).unwrap_or_default();
            assert!(found.is_empty() || found.starts_with("http://127.0.0.1:9000/s3/cogs/"));
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
