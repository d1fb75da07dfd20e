//! Listings of containers: `List Blobs` of Azure Blob Storage.

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

use super::Listed;
use super::azure::ContainerFolder;
use super::client::Call;
use super::listed::is_plain_name;
use crate::{Error, RedactedUrl, Result};

/// The version of the service whose answers are read here.
const VERSION: &str = "2023-11-03";

/// One page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    #[serde(default)]
    blobs: Blobs,
    #[serde(default)]
    next_marker: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Blobs {
    #[serde(rename = "$value", default)]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
enum Entry {
    Blob(Blob),
    BlobPrefix(BlobPrefix),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlobPrefix {
    name: Name,
}

#[derive(Debug, Deserialize)]
struct Name {
    /// Whether it is written as in a URL, for what XML cannot have.
    #[serde(rename = "@Encoded", default)]
    is_encoded: bool,
    #[serde(rename = "$text", default)]
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(rename = "Content-Length", default)]
    size: Option<u64>,
    #[serde(rename = "Last-Modified", default)]
    modified: Option<String>,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    resource_type: Option<String>,
}

/// The request for one page of what lies directly in a folder, by the beginning of the names.
pub(crate) fn request(folder: &ContainerFolder, name: &str, marker: Option<&str>) -> Call {
    let mut url = folder.container.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("restype", "container")
            .append_pair("comp", "list")
            .append_pair("delimiter", "/")
            .append_pair("prefix", &format!("{}{name}", folder.prefix));
        if let Some(marker) = marker {
            query.append_pair("marker", marker);
        }
    }
    let mut call = Call::get(url);
    let version = HeaderValue::from_static(VERSION);
    call.headers.insert(HeaderName::from_static("x-ms-version"), version);
    call
}

impl Page {
    pub(crate) fn parse(body: &[u8], url: &Url) -> Result<Self> {
        let text = String::from_utf8_lossy(body);
        // The service begins its answers with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        quick_xml::de::from_str(text).map_err(|cause| Error::Document {
            what: RedactedUrl::from(url).to_string(),
            reason: format!("it is no listing of a container: {cause}"),
        })
    }

    /// What to ask the next page with.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.next_marker.take().filter(|marker| !marker.is_empty())
    }

    /// The entries directly in the folder.
    pub(crate) fn entries(self, folder: &ContainerFolder) -> Vec<Listed> {
        let listed = |entry: Entry| {
            let (name, properties) = match entry {
                Entry::BlobPrefix(one) => (one.name, None),
                Entry::Blob(one) => (one.name, Some(one.properties)),
            };
            let key = name.plain();
            let own = key.strip_prefix(&folder.prefix)?;
            let Some(properties) = properties else {
                let own = own.trim_end_matches('/');
                return is_plain_name(own).then(|| Listed::folder(own, folder.href(&key)));
            };
            // Accounts with folders of their own list these as blobs as well.
            let is_folder = properties.resource_type.as_deref() == Some("directory");
            if is_folder || !is_plain_name(own) {
                return None;
            }
            let etag = properties.etag.as_deref().map(|etag| etag.trim_matches('"').to_owned());
            Some(Listed {
                size: properties.size,
                modified: properties.modified,
                etag,
                ..Listed::file(own, folder.href(&key))
            })
        };
        self.blobs.entries.into_iter().filter_map(listed).collect()
    }
}

impl Name {
    fn plain(&self) -> String {
        if self.is_encoded {
            return percent_decode_str(&self.text).decode_utf8_lossy().into_owned();
        }
        self.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::azure::AzureContainers;
    use super::*;

    /// The form of <https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs>, with
    /// its byte order mark; blobs and prefixes mixed, as they are in order of names.
    const PAGE: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>
<EnumerationResults ServiceEndpoint=\"https://acc.blob.core.windows.net/\" ContainerName=\"cogs\">
<Prefix>a/</Prefix><MaxResults>5000</MaxResults><Delimiter>/</Delimiter>
<Blobs><BlobPrefix><Name>a/2020/</Name></BlobPrefix>
<Blob><Name>a/b&amp;c d.tif</Name><Properties><Creation-Time>Mon, 27 Feb 2023 10:00:00 GMT\
</Creation-Time><Last-Modified>Wed, 01 Mar 2023 10:00:00 GMT</Last-Modified>\
<Etag>0x8DB1A5C0B6A9F2E</Etag><Content-Length>1234</Content-Length>\
<Content-Type>image/tiff</Content-Type><BlobType>BlockBlob</BlobType></Properties>\
<OrMetadata /></Blob>
<Blob><Name Encoded=\"true\">a/x%EF%BF%BEy</Name><Properties><Content-Length>5</Content-Length>\
</Properties></Blob>
<Blob><Name>a/2020</Name><Properties><Content-Length>0</Content-Length>\
<ResourceType>directory</ResourceType></Properties></Blob>
<BlobPrefix><Name>a/z/</Name></BlobPrefix></Blobs>
<NextMarker>2!92!MDAw</NextMarker></EnumerationResults>";

    fn folder() -> ContainerFolder {
        AzureContainers { account: Some("acc".to_owned()), ..AzureContainers::default() }
            .folder("az://cogs/a")
            .unwrap()
    }

    #[test]
    fn a_page_of_a_listing() {
        let url = Url::parse("https://acc.blob.core.windows.net/cogs").unwrap();
        let mut page = Page::parse(PAGE.as_bytes(), &url).unwrap();
        assert_eq!(page.next().as_deref(), Some("2!92!MDAw"));
        let found = page.entries(&folder());
        let names: Vec<_> = found.iter().map(|one| (&*one.name, one.is_folder, one.size)).collect();
        assert_eq!(
            names,
            [
                ("2020", true, None),
                ("b&c d.tif", false, Some(1234)),
                ("x\u{fffe}y", false, Some(5)),
                ("z", true, None)
            ]
        );
        assert_eq!(
            (&*found[0].href, &*found[1].href),
            ("az://cogs/a/2020", "az://cogs/a/b&c d.tif")
        );
        assert_eq!(found[1].etag.as_deref(), Some("0x8DB1A5C0B6A9F2E"));
        assert_eq!(found[1].modified.as_deref(), Some("Wed, 01 Mar 2023 10:00:00 GMT"));
        let last = "<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>";
        let mut last = Page::parse(last.as_bytes(), &url).unwrap();
        assert_eq!((last.next(), last.entries(&folder()).len()), (None, 0));
        assert!(Page::parse(b"nothing", &url).is_err());
    }

    #[test]
    fn what_is_asked() {
        let call = request(&folder(), "X_", Some("2!92!"));
        let query = "restype=container&comp=list&delimiter=%2F&prefix=a%2FX_&marker=2%2192%21";
        assert_eq!(call.url.query(), Some(query));
        assert_eq!(call.headers["x-ms-version"], VERSION);
    }
}
