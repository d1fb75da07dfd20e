//! Listing one folder: local, below an index page, in a bucket, over FTP and SFTP.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::header::{self, HeaderValue};
use url::Url;

use super::client::{Answer, Call};
use super::location::Location;
use super::{Access, Listed, azure_list, index_page, local_file, s3, s3_list};
use crate::{Error, RedactedUrl, Result};

/// The largest listing that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// Entries of one folder that are read.
const MOST_ENTRIES: usize = 1_000_000;
/// Pages of a listing without entries, one after the other, that are passed over.
const MOST_EMPTY_PAGES: usize = 1000;

/// The entries of `folder` whose names begin with `prefix`, sorted by name.
pub(crate) async fn list(access: &Access, folder: &str, prefix: &str) -> Result<Vec<Listed>> {
    let mut found = match folder.split_once("://") {
        Some(("s3" | "gs", _)) => bucket(access, folder, prefix).await?,
        Some(("az" | "abfs" | "abfss", _)) => container(access, folder, prefix).await?,
        _ => match access.locate(folder)? {
            Location::Web(url) => page(access, url).await?,
            #[cfg(any(feature = "ftp", feature = "sftp"))]
            Location::Remote(url) => super::remote::Remote::new(access, &url)?.list().await?,
            Location::File(path) => directory(access, &path).await?,
        },
    };
    found.retain(|one| one.name.starts_with(prefix));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

async fn page(access: &Access, mut url: Url) -> Result<Vec<Listed>> {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    let mut call = Call::get(url);
    call.headers.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let read = |mut answer: Answer| async move {
        let body = answer.body(LARGEST, "an index page").await?;
        Ok((body, answer.url().clone()))
    };
    let (body, answered): (Bytes, Url) = access.client().run(&call, read).await?;
    let base = folder_of(&call, answered)?;
    let shown = || RedactedUrl::from(&base).to_string();
    let found = index_page::entries(&body, &base).ok_or_else(|| Error::WebPage { url: shown() })?;
    check_count(&shown(), found.len())?;
    Ok(found)
}

/// The folder that the page at `answered` is of. Another page than the one asked for is not it: that
/// may be one to sign in, or the folder above of one that is not there.
fn folder_of(call: &Call, mut answered: Url) -> Result<Url> {
    let (asked, shown) = (&call.url, call.shown());
    let is_same_host = asked.host() == answered.host()
        && (asked.origin() == answered.origin()
            || (asked.scheme() == "http" && answered.scheme() == "https"));
    let folder = asked.path().trim_end_matches('/');
    let is_the_page = answered.path().strip_prefix(folder).is_some_and(|rest| {
        matches!(rest, "" | "/") || (rest.starts_with("/index.") && !rest[1..].contains('/'))
    });
    if is_same_host && is_the_page {
        answered.set_path(asked.path());
        answered.set_query(None);
        answered.set_fragment(None);
        return Ok(answered);
    }
    if is_same_host && answered.path().ends_with('/') && asked.path().starts_with(answered.path()) {
        return Err(Error::NotFound { what: shown });
    }
    Err(Error::Document {
        what: shown,
        reason: format!(
            "it redirects to {}, which is not this folder: is a sign-in needed? If the folder is \
             there now, name that place",
            RedactedUrl::from(&answered)
        ),
    })
}

/// The pages of a listing that went by.
#[derive(Debug, Default)]
struct Pages {
    /// What each was asked with.
    tokens: HashSet<String>,
    /// Those without entries, one after the other.
    empty: usize,
    entries: usize,
}

impl Pages {
    /// That there is a next page: not one that was there before, nor always one without entries.
    fn go_on(&mut self, folder: &str, next: &str, entries: usize) -> Result<()> {
        let wrong = |reason: String| {
            let what = RedactedUrl::of(folder).to_string();
            Err(Error::Document { what, reason })
        };
        self.empty = if entries > self.entries { 0 } else { self.empty + 1 };
        self.entries = entries;
        if !self.tokens.insert(next.to_owned()) {
            return wrong("the next page of its listing is one that was there before".to_owned());
        }
        if self.empty > MOST_EMPTY_PAGES {
            return wrong(format!("{MOST_EMPTY_PAGES} pages of its listing have no entries"));
        }
        Ok(())
    }
}

async fn bucket(access: &Access, folder: &str, prefix: &str) -> Result<Vec<Listed>> {
    let (bucket, below) = s3_list::bucket_and_prefix(folder);
    let is_google = folder.starts_with("gs://");
    let root = if is_google {
        s3::google_bucket_url(&bucket)?
    } else {
        access.0.buckets.s3.bucket_url(&bucket)?
    };
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let url = s3_list::request(&root, &format!("{below}{prefix}"), token.as_deref());
        let read = |mut answer: Answer| async move { answer.body(LARGEST, "a listing").await };
        let body = access.client().run(&Call::get(url.clone()), read).await?;
        let mut page = s3_list::Page::parse(&body, &url)?;
        let next = page.next();
        let scheme = if is_google { "gs" } else { "s3" };
        found.extend(page.entries(scheme, &bucket, &below));
        check_count(folder, found.len())?;
        let Some(next) = next else { return Ok(found) };
        pages.go_on(folder, &next, found.len())?;
        token = Some(next);
    }
}

async fn container(access: &Access, folder: &str, prefix: &str) -> Result<Vec<Listed>> {
    let below = access.0.buckets.azure.folder(folder)?;
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let call = azure_list::request(&below, prefix, marker.as_deref());
        let read = |mut answer: Answer| async move { answer.body(LARGEST, "a listing").await };
        let body = access.client().run(&call, read).await?;
        let mut page = azure_list::Page::parse(&body, &call.url)?;
        let next = page.next();
        found.extend(page.entries(&below));
        check_count(folder, found.len())?;
        let Some(next) = next else { return Ok(found) };
        pages.go_on(folder, &next, found.len())?;
        marker = Some(next);
    }
}

async fn directory(access: &Access, path: &Path) -> Result<Vec<Listed>> {
    let owned = path.to_owned();
    let all = local_file::blocking(path, move || read_directory(&owned)).await?;
    check_count(&path.display().to_string(), all.len())?;
    // Links that lead out of the allowed folders are as if not there.
    let admitted = |(listed, target): (Listed, Option<PathBuf>)| match target {
        Some(target) => access.0.roots.admit(&target).is_ok().then_some(listed),
        None => Some(listed),
    };
    Ok(all.into_iter().filter_map(admitted).collect())
}

/// The entries, those that are links with their targets. Broken links and names that are not UTF-8
/// are left out.
fn read_directory(path: &Path) -> std::io::Result<Vec<(Listed, Option<PathBuf>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let whole = entry.path();
        let (Ok(metadata), Some(href)) = (std::fs::metadata(&whole), whole.to_str()) else {
            continue;
        };
        let target = entry.file_type()?.is_symlink().then(|| whole.clone());
        if metadata.is_dir() {
            found.push((Listed::folder(name, href), target));
        } else if metadata.is_file() {
            let since = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            let modified = since.map(|age| format!("{}.{:09}", age.as_secs(), age.subsec_nanos()));
            let file = Listed::file(name, href);
            found.push((Listed { size: Some(metadata.len()), modified, ..file }, target));
        }
    }
    Ok(found)
}

pub(super) fn check_count(folder: &str, entries: usize) -> Result<()> {
    if entries <= MOST_ENTRIES {
        return Ok(());
    }
    Err(Error::Document {
        what: RedactedUrl::of(folder).to_string(),
        reason: format!("it has more than {MOST_ENTRIES} entries"),
    })
}
