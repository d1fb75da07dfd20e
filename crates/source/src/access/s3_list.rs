//! Listings of buckets: `ListObjectsV2` of the S3 API, which Google Cloud Storage has as well.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use super::Listed;
use super::listed::is_plain_name;
use crate::{Error, RedactedUrl, Result};

/// One page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    #[serde(default)]
    contents: Vec<Object>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
    #[serde(default)]
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: Option<bool>,
    #[serde(default)]
    next_continuation_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Object {
    key: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    last_modified: Option<String>,
    #[serde(rename = "ETag", default)]
    etag: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

/// The bucket and the key prefix of `s3://bucket/folder` (or `gs:`); the prefix ends with a slash or is empty.
pub(crate) fn bucket_and_prefix(folder: &str) -> (String, String) {
    let rest = folder.split_once("://").map_or(folder, |(_, rest)| rest);
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let key = key.trim_end_matches('/');
    let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
    (bucket.to_owned(), prefix)
}

/// The request for one page of what lies directly below a prefix.
pub(crate) fn request(bucket: &Url, prefix: &str, token: Option<&str>) -> Url {
    let mut url = bucket.clone();
    {
        let mut query = url.query_pairs_mut();
        // Sorted by name, as signatures want them.
        if let Some(token) = token {
            query.append_pair("continuation-token", token);
        }
        query
            .append_pair("delimiter", "/")
            .append_pair("encoding-type", "url")
            .append_pair("list-type", "2")
            .append_pair("prefix", prefix);
    }
    url
}

impl Page {
    pub(crate) fn parse(body: &[u8], url: &Url) -> Result<Self> {
        let text = String::from_utf8_lossy(body);
        quick_xml::de::from_str(&text).map_err(|cause| Error::Document {
            what: RedactedUrl::from(url).to_string(),
            reason: format!("it is no listing of a bucket: {cause}"),
        })
    }

    /// What to ask the next page with; some servers name one after the last page as well.
    pub(crate) fn next(&mut self) -> Option<String> {
        let token = self.next_continuation_token.take();
        token.filter(|token| !token.is_empty() && self.is_truncated != Some(false))
    }

    /// The entries, each `folder` (a prefix with its slash) shorter.
    pub(crate) fn entries(self, scheme: &str, bucket: &str, folder: &str) -> Vec<Listed> {
        let is_encoded = self.encoding_type.as_deref() == Some("url");
        let plain = |text: &str| {
            if !is_encoded {
                return text.to_owned();
            }
            // A plus is a space here, as in forms.
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        // Keys of `s3` are written as they are, those of `gs` as in a URL.
        let href = |key: &str| {
            let Ok(mut url) = Url::parse(&format!("gs://{bucket}/")) else { return String::new() };
            if scheme == "gs"
                && let Ok(mut path) = url.path_segments_mut()
            {
                path.pop_if_empty().extend(key.split('/'));
            }
            if scheme == "gs" { url.into() } else { format!("{scheme}://{bucket}/{key}") }
        };
        let name_of = |key: &str| {
            let name = key.strip_prefix(folder)?.trim_end_matches('/');
            is_plain_name(name).then(|| name.to_owned())
        };
        let folders = self.common_prefixes.iter().filter_map(|one| {
            let prefix = plain(&one.prefix);
            let href = href(prefix.trim_end_matches('/'));
            Some(Listed::folder(name_of(&prefix)?, href))
        });
        let files = self.contents.iter().filter_map(|one| {
            let key = plain(&one.key);
            // Some tools make empty objects that stand for folders.
            if key.ends_with('/') {
                return None;
            }
            let file = Listed::file(name_of(&key)?, href(&key));
            let etag = one.etag.as_deref().map(|etag| etag.trim_matches('"').to_owned());
            Some(Listed { size: one.size, modified: one.last_modified.clone(), etag, ..file })
        });
        folders.chain(files).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>cogs</Name>
<Prefix>a/</Prefix><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
<Contents><Key>a/</Key><Size>0</Size></Contents>
<Contents><Key>a/b%26c+d%2Be.tif</Key><LastModified>2023-03-01T10:00:00.000Z</LastModified>
<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>1234</Size>
<StorageClass>STANDARD</StorageClass></Contents>
<CommonPrefixes><Prefix>a/2020/</Prefix></CommonPrefixes></ListBucketResult>"#;

    #[test]
    fn a_page_of_a_listing() {
        let url = Url::parse("https://cogs.s3.amazonaws.com/").unwrap();
        let mut page = Page::parse(PAGE.as_bytes(), &url).unwrap();
        assert!(page.next().unwrap().ends_with("vbOwM="));
        let last = PAGE.replace("<IsTruncated>true", "<IsTruncated>false");
        assert_eq!(Page::parse(last.as_bytes(), &url).unwrap().next(), None);
        let found = page.entries("s3", "cogs", "a/");
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[0].name, &*found[0].href), ("2020", "s3://cogs/a/2020"));
        assert_eq!((&*found[1].name, found[1].size), ("b&c d+e.tif", Some(1234)));
        assert_eq!(found[1].etag.as_deref(), Some("9b2cf535f27731c974343645a3985328"));
        let found = Page::parse(PAGE.as_bytes(), &url).unwrap().entries("gs", "cogs", "a/");
        assert_eq!(found[1].href, "gs://cogs/a/b&c%20d+e.tif");
        assert!(Page::parse(b"<html></html>", &url).is_ok(), "an empty listing");
        assert!(Page::parse(b"nothing", &url).is_err());
    }

    #[test]
    fn what_is_asked() {
        assert_eq!(bucket_and_prefix("s3://cogs/a/b/"), ("cogs".to_owned(), "a/b/".to_owned()));
        assert_eq!(bucket_and_prefix("s3://cogs"), ("cogs".to_owned(), String::new()));
        let url = request(&Url::parse("https://h.example/cogs").unwrap(), "a/X_", Some("t/="));
        let query =
            "continuation-token=t%2F%3D&delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2FX_";
        assert_eq!(url.query(), Some(query));
    }
}
