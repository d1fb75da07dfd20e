//! A store as the `store` commands open it, at a version, for reading or writing.

use std::sync::Arc;

use anyhow::anyhow;
use futures::{StreamExt, TryStreamExt};
use terracube::Options;
use terracube::store::{
    Error, Key, Prefix, Repository, Store, StoreExt, Version, create_repository, open_repository,
};

use crate::args::Readable;
use crate::failure::Failure;

/// So many names are looked at for those to suggest.
const NEIGHBOURS: usize = 1000;
/// So many of them are suggested.
const SUGGESTED: usize = 5;

/// Opens what is to be read. A folder without a mark of Zarr or Icechunk is a store of its files.
pub(crate) async fn readable(url: &str) -> Result<Arc<dyn Repository>, Failure> {
    let options = Options { read_only: true, unmarked: true, ..Options::default() };
    Ok(open_repository(url, &options).await?)
}

/// The store to read: at the version asked for, or the newest.
pub(crate) async fn store(from: &Readable) -> Result<Arc<dyn Store>, Failure> {
    at(&*readable(&from.url).await?, from.at.as_deref()).await
}

/// A repository at a version, tag or branch, or the newest version.
pub(crate) async fn at(
    repository: &dyn Repository,
    name: Option<&str>,
) -> Result<Arc<dyn Store>, Failure> {
    match name {
        None => Ok(repository.latest().await?),
        Some(name) => Ok(repository.at(&version(repository, name).await?).await?),
    }
}

/// Opens what is to be changed.
pub(crate) async fn writable(url: &str) -> Result<Arc<dyn Repository>, Failure> {
    let options = Options { unmarked: true, ..Options::default() };
    Ok(open_repository(url, &options).await?)
}

/// Opens what is to be written, or creates it. A folder of other things is left alone unless told.
pub(crate) async fn writable_or_new(
    url: &str,
    may_be_unmarked: bool,
) -> Result<Arc<dyn Repository>, Failure> {
    let options = Options { unmarked: may_be_unmarked, ..Options::default() };
    match open_repository(url, &options).await {
        Err(Error::NotFound { .. }) => Ok(create_repository(url, &options).await?),
        opened => Ok(opened?),
    }
}

/// The error of a key that is not there, with names that are.
pub(crate) async fn missing(store: &dyn Store, key: &str) -> Failure {
    let names = if store.capability().listing { neighbours(store, key).await } else { Vec::new() };
    let beside = match names.as_slice() {
        [] => String::new(),
        names => format!("; there are {}", names.join(", ")),
    };
    anyhow!("`{key}` is not in {store:?}{beside}").into()
}

/// What lies where a key would, or in the nearest folder above: what is named alike comes first.
async fn neighbours(store: &dyn Store, key: &str) -> Vec<String> {
    let mut folder = key;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Ok(prefix) = Prefix::new(folder) else { return Vec::new() };
        let listed = store.list_dir(&prefix).take(NEIGHBOURS).try_collect::<Vec<_>>().await;
        let mut names: Vec<_> = listed.unwrap_or_default().iter().map(shown).collect();
        if names.is_empty() && !folder.is_empty() {
            continue;
        }
        let wanted = &key[folder.len()..].trim_start_matches('/');
        let alike =
            |name: &str| name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
        names.sort_by(|a, b| alike(b).cmp(&alike(a)).then_with(|| a.cmp(b)));
        let more = names.len() > SUGGESTED;
        names.truncate(SUGGESTED);
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names: Vec<_> = names.iter().map(|name| format!("`{folder}{name}`")).collect();
        if more {
            names.push("…".to_owned());
        }
        return names;
    }
}

/// A name as it is listed: folders end in a slash.
pub(crate) fn shown(entry: &terracube::store::Entry) -> String {
    match entry {
        terracube::store::Entry::Key(name) => name.clone(),
        terracube::store::Entry::Dir(name) => format!("{name}/"),
    }
}

/// The error of a folder that nothing is in, unless something is.
pub(crate) async fn must_have(store: &dyn Store, prefix: &Prefix) -> Result<(), Failure> {
    if prefix.as_str().is_empty() || !store.is_empty(prefix).await? {
        return Ok(());
    }
    Err(missing(store, prefix.as_str()).await)
}

/// Whether a prefix is the key of a value.
pub(crate) async fn is_key(store: &dyn Store, prefix: &Prefix) -> Result<bool, Failure> {
    match Key::new(prefix.as_str()) {
        Ok(key) => Ok(store.exists(&key).await?),
        Err(_) => Ok(false),
    }
}

async fn version(repository: &dyn Repository, name: &str) -> Result<Version, Failure> {
    let version = Version(name.to_owned());
    let Some(versions) = repository.versions() else {
        repository.at(&version).await?;
        return Ok(version);
    };
    let (tags, branches) = (versions.tags().await?, versions.branches().await?);
    if tags.iter().any(|tag| tag == name) {
        return Ok(versions.tag(name).await?);
    }
    if branches.iter().any(|branch| branch == name) {
        return Ok(versions.branch(name).await?);
    }
    match repository.at(&version).await {
        Ok(_) => Ok(version),
        Err(Error::NotFound { .. }) => {
            let known = [&branches[..], &tags[..]].concat().join(", ");
            Err(anyhow!(
                "`{name}` is no version, tag or branch of {repository:?}; there are {known}, and \
                 the versions that `terracube store info` lists"
            )
            .into())
        }
        Err(error) => Err(error.into()),
    }
}
