//! What a location means, and what is found there.

use std::io;
use std::path::{Path, PathBuf};

use url::Url;

use super::OpenOptions;
use crate::{Error, Result};

/// The schemes known, for whoever wrote another.
const KNOWN: &str = "a path, file:, memory:, s3:, gs:, az:, https: and http:";

/// A location understood.
pub(super) enum Location<'a> {
    Memory,
    Directory(PathBuf),
    #[cfg(feature = "s3")]
    Bucket(crate::adapters::object::Location<'a>),
    /// Where there are plain stores only.
    #[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
    Plain(crate::adapters::object::Object),
    #[cfg(not(feature = "s3"))]
    #[expect(dead_code, reason = "keeps the lifetime without S3")]
    Never(std::convert::Infallible, &'a ()),
}

/// How values are kept at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Icechunk,
    Zarr,
    Zip,
}

impl<'a> Location<'a> {
    pub(super) fn parse(location: &str, options: &'a OpenOptions) -> Result<Self> {
        if matches!(location, "memory:" | "memory://") {
            return Ok(Self::Memory);
        }
        let Some((scheme, rest)) = location.split_once("://") else {
            let path = location.strip_prefix("file:").unwrap_or(location);
            if path.is_empty() {
                return Err(unclear(location, format!("it is empty; known are {KNOWN}")));
            }
            return Ok(Self::Directory(PathBuf::from(path)));
        };
        match scheme {
            "file" => match Url::parse(location).map(|url| url.to_file_path()) {
                Ok(Ok(path)) => Ok(Self::Directory(path)),
                _ => {
                    Err(unclear(location, "a file: URL needs an absolute path, as file:///data/x"))
                }
            },
            "s3" => Self::bucket(location, rest, options),
            "gs" => Self::gcs(location, rest),
            "az" => Self::azure(location, rest),
            "http" | "https" => Self::http(location, rest),
            _ => Err(unclear(location, format!("unknown scheme `{scheme}`; known are {KNOWN}"))),
        }
    }

    #[cfg(feature = "s3")]
    fn bucket(location: &str, rest: &str, options: &'a OpenOptions) -> Result<Self> {
        let (bucket, prefix) = bucket_and_prefix(location, rest)?;
        Ok(Self::Bucket(crate::adapters::object::Location::new(bucket, prefix, &options.s3)))
    }

    #[cfg(not(feature = "s3"))]
    fn bucket(location: &str, _: &str, _: &'a OpenOptions) -> Result<Self> {
        Err(unclear(location, "this build has no S3 (feature `s3`)"))
    }

    #[cfg(feature = "gcs")]
    fn gcs(location: &str, rest: &str) -> Result<Self> {
        let (bucket, prefix) = bucket_and_prefix(location, rest)?;
        crate::adapters::object::gcs::open(bucket, prefix).map(Self::Plain)
    }

    #[cfg(not(feature = "gcs"))]
    fn gcs(location: &str, _: &str) -> Result<Self> {
        Err(unclear(location, "this build has no Google Cloud Storage (feature `gcs`)"))
    }

    #[cfg(feature = "azure")]
    fn azure(location: &str, rest: &str) -> Result<Self> {
        let (container, prefix) = bucket_and_prefix(location, rest)?;
        crate::adapters::object::azure::open(container, prefix).map(Self::Plain)
    }

    #[cfg(not(feature = "azure"))]
    fn azure(location: &str, _: &str) -> Result<Self> {
        Err(unclear(location, "this build has no Azure Blob Storage (feature `azure`)"))
    }

    #[cfg(feature = "http")]
    fn http(location: &str, rest: &str) -> Result<Self> {
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.contains('@') || rest.contains(['?', '#']) {
            return Err(unclear(location, "write it without user, password and query"));
        }
        crate::adapters::object::http::open(location).map(Self::Plain)
    }

    #[cfg(not(feature = "http"))]
    fn http(location: &str, _: &str) -> Result<Self> {
        Err(unclear(location, "this build has no HTTP (feature `http`)"))
    }
}

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
fn bucket_and_prefix<'a>(location: &str, rest: &'a str) -> Result<(&'a str, crate::Prefix)> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || bucket.contains('@') || rest.contains(['?', '#']) {
        let scheme = location.split(':').next().unwrap_or_default();
        return Err(unclear(location, format!("write it as {scheme}://bucket/prefix")));
    }
    Ok((bucket, crate::Prefix::new(prefix)?))
}

impl Format {
    pub(super) fn of_name(location: &str) -> Self {
        let name = location.trim_end_matches('/');
        if name.ends_with(".zarr") {
            Self::Zarr
        } else if name.ends_with(".zip") {
            Self::Zip
        } else {
            Self::Icechunk
        }
    }
}

pub(super) fn found_in_directory(path: &Path) -> Result<Option<Format>> {
    if is_archive(path) {
        return Ok(Some(Format::Zip));
    }
    let has = |name: &str| path.join(name).exists();
    if has("repo") || (has("refs") && has("snapshots")) {
        return Ok(Some(Format::Icechunk));
    }
    if has("zarr.json") || has(".zgroup") || has(".zarray") {
        return Ok(Some(Format::Zarr));
    }
    Ok((is_occupied(path)? && Format::of_name(&path.to_string_lossy()) == Format::Zarr)
        .then_some(Format::Zarr))
}

/// Whether a file is there that is an archive by its name or its first bytes.
fn is_archive(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    #[cfg(feature = "zip")]
    if crate::adapters::zip::is_zip(path) {
        return true;
    }
    Format::of_name(&path.to_string_lossy()) == Format::Zip
}

/// Whether a folder has anything in it, or is none.
pub(super) fn is_occupied(path: &Path) -> Result<bool> {
    let entries = std::fs::read_dir(path).map(|mut entries| entries.next().is_some());
    match entries {
        Ok(occupied) => Ok(occupied),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => {
            Err(unclear(&path.to_string_lossy(), "a file is there, not a folder"))
        }
        Err(cause) => {
            let store = path.display().to_string();
            Err(crate::adapters::Doing { operation: "look into", key: "", store: &store }
                .failed(cause))
        }
    }
}

#[cfg(feature = "_object")]
pub(super) async fn found_in_store(store: &impl crate::Store) -> Result<Option<Format>> {
    use crate::{Key, StoreExt};
    for (name, format) in [
        ("repo", Format::Icechunk),
        ("refs/branch.main/ref.json", Format::Icechunk),
        ("zarr.json", Format::Zarr),
        (".zgroup", Format::Zarr),
        (".zarray", Format::Zarr),
    ] {
        if store.exists(&Key::new(name)?).await? {
            return Ok(Some(format));
        }
    }
    Ok(None)
}

/// Whether a store has any value; one that does not list is taken to have some.
#[cfg(feature = "_object")]
pub(super) async fn has_values(store: &impl crate::Store) -> Result<bool> {
    use crate::StoreExt;
    Ok(!store.capability().listing || !store.is_empty(&crate::Prefix::root()).await?)
}

/// Icechunk where there are plain stores only.
#[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
pub(super) fn plain_only(store: &impl crate::Store) -> Error {
    let reason = "Icechunk repositories are in local directories and on s3: here; \
                  for a plain store give it a name that ends in .zarr";
    Error::Location { location: format!("{store:?}"), reason: reason.to_owned() }
}

/// An archive where there are none.
pub(super) fn archives_are_local(location: &str) -> Error {
    let reason = "ZIP archives are local files here: make the archive and copy the file, \
                  or choose a name that does not end in .zip";
    unclear(location, reason)
}

#[cfg(not(feature = "zip"))]
pub(super) fn no_zip(location: impl std::fmt::Display) -> Error {
    unclear(&location.to_string(), "this build has no ZIP archives (feature `zip`)")
}

#[cfg(not(feature = "icechunk"))]
pub(super) fn no_icechunk(location: impl std::fmt::Display) -> Error {
    unclear(&location.to_string(), "this build has no Icechunk (feature `icechunk`)")
}

fn unclear(location: &str, reason: impl Into<String>) -> Error {
    Error::Location { location: without_secrets(location), reason: reason.into() }
}

/// The location without user, password and query.
fn without_secrets(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (rest, String::new()),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}
