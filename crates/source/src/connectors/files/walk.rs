//! A walk through the folders that a template and a query together admit.

use std::collections::{HashSet, VecDeque};

use futures::future::join_all;
use url::Url;

use super::Files;
use super::gather::Gathered;
use super::template::Known;
use crate::selection::Selection;
use crate::{Access, Error, Granule, Listed, Query, Result};

/// Folders listed at one time.
const CONCURRENT: usize = 8;

/// A walk under way.
#[derive(Debug)]
pub(super) struct Walk {
    files: Files,
    access: Access,
    query: Query,
    selection: Selection,
    /// Where granules are complete: their files lie in or below one folder of this level.
    whole: usize,
    /// Folders above that, the next one last.
    ahead: Vec<Folder>,
    found: VecDeque<Result<Granule>>,
    ids: HashSet<String>,
}

/// A folder to list.
#[derive(Debug, Clone)]
struct Folder {
    href: String,
    /// The level of its entries.
    level: usize,
    known: Known,
    /// Whether it is there for certain: a listing named it.
    is_listed: bool,
}

impl Walk {
    pub(super) fn new(files: Files, query: &Query, access: &Access) -> Self {
        let last = files.path.levels.len() - 1;
        let root = Folder {
            href: files.path.root.clone(),
            level: 0,
            known: Known::default(),
            // A root that is not there is a mistake; a folder below may be missing.
            is_listed: true,
        };
        let mut walk = Self {
            whole: files.path.level_of("band").unwrap_or(last),
            access: access.clone(),
            query: query.clone(),
            selection: Selection::new(query),
            ahead: Vec::new(),
            found: VecDeque::new(),
            ids: HashSet::new(),
            files,
        };
        let root = walk.descended(root);
        walk.ahead.push(root);
        walk
    }

    pub(super) async fn next(&mut self) -> Option<Result<Granule>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            let folder = self.ahead.pop()?;
            if folder.level < self.whole {
                let level = folder.level;
                let mut folders = vec![folder];
                while folders.len() < CONCURRENT
                    && let Some(next) = self.ahead.pop_if(|next| next.level == level)
                {
                    folders.push(next);
                }
                let (below, _) = self.list(folders).await;
                self.ahead.extend(below.into_iter().rev());
            } else {
                self.gather(folder).await;
            }
        }
    }

    /// Lists a folder with all below it, and makes granules of the files.
    async fn gather(&mut self, folder: Folder) {
        let mut gathered = Gathered::default();
        let mut folders = VecDeque::from([folder]);
        while !folders.is_empty() {
            let some: Vec<Folder> = folders.drain(..folders.len().min(CONCURRENT)).collect();
            let (below, files) = self.list(some).await;
            folders.extend(below);
            for (known, file) in files {
                if let Err(error) = gathered.add(&self.files, known, file) {
                    self.found.push_back(Err(error));
                }
            }
        }
        for granule in gathered.granules(&self.files) {
            if !self.selection.admits(&granule) {
                continue;
            }
            if self.ids.insert(granule.id.clone()) {
                self.found.push_back(Ok(granule));
            } else {
                self.found.push_back(Err(Error::Item {
                    item: granule.id,
                    reason: "two granules have this id: let `id` name what tells them apart"
                        .to_owned(),
                }));
            }
        }
    }

    /// The folders and files that fit, in the order of `folders` and by name.
    async fn list(&mut self, folders: Vec<Folder>) -> (Vec<Folder>, Vec<(Known, Listed)>) {
        let listings = folders.iter().map(|folder| async {
            let prefix = self.files.path.levels[folder.level].prefix(&folder.known);
            self.access.list(&folder.href, &prefix).await
        });
        let listings = join_all(listings).await;
        let (mut below, mut files) = (Vec::new(), Vec::new());
        let last = self.files.path.levels.len() - 1;
        for (folder, listing) in folders.into_iter().zip(listings) {
            let entries = match listing {
                Ok(entries) => entries,
                Err(Error::NotFound { .. }) if !folder.is_listed => continue,
                Err(error) => {
                    self.found.push_back(Err(error));
                    continue;
                }
            };
            for entry in
                entries.into_iter().filter(|entry| entry.is_folder == (folder.level < last))
            {
                let level = &self.files.path.levels[folder.level];
                let Some(known) = level.read(&entry.name, &folder.known) else { continue };
                if !self.may_hold(&known) {
                    continue;
                }
                if entry.is_folder {
                    let (level, is_listed) = (folder.level + 1, true);
                    let next = Folder { href: entry.href, level, known, is_listed };
                    below.push(self.descended(next));
                } else {
                    files.push((known, entry));
                }
            }
        }
        (below, files)
    }

    /// The folder below, past all whose names need no listing.
    fn descended(&self, mut folder: Folder) -> Folder {
        let last = self.files.path.levels.len() - 1;
        while folder.level < last
            && let Some(name) = self.files.path.levels[folder.level].literal()
        {
            folder.href = joined(&folder.href, name);
            folder.level += 1;
            folder.is_listed = false;
        }
        folder
    }

    /// Whether what has these names may be asked for.
    fn may_hold(&self, known: &Known) -> bool {
        if self.query.time.is_some_and(|time| !self.files.may_hold(known, &time)) {
            return false;
        }
        let (Some(region), Some(tile)) = (&self.query.region, self.files.tile(known)) else {
            return true;
        };
        region.intersects_geobox(&tile).unwrap_or(true)
    }
}

/// The folder of this name below another.
fn joined(folder: &str, name: &str) -> String {
    let folder = folder.strip_suffix('/').unwrap_or(folder);
    match Url::parse(folder) {
        // Keys of buckets are written as they are.
        Ok(url) if !matches!(url.scheme(), "s3" | "gs" | "az") && url.has_host() => {
            let mut below = url.clone();
            match below.path_segments_mut() {
                Ok(mut path) => path.pop_if_empty().push(name),
                Err(()) => return format!("{folder}/{name}"),
            };
            below.into()
        }
        _ => format!("{folder}/{name}"),
    }
}
