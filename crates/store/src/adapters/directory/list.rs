//! Listing a directory as a stream, in constant memory.

use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use super::{Place, RESERVED, is_absent};
use crate::{Entry, Key, Keys, Names, Prefix, Result, Stat, Stats};

/// So many items may wait for the reader of a listing.
const WAITING: usize = 256;

pub(super) fn keys(place: Arc<Place>, prefix: Prefix) -> Keys {
    streamed(move |items| place.walk(prefix.as_str(), items, |key| Some(Ok(key))))
}

pub(super) fn stats(place: Arc<Place>, prefix: Prefix) -> Stats {
    streamed(move |items| {
        place.walk(prefix.as_str(), items, |key| match place.stat(&key) {
            Ok(Some((size, _))) => Some(Ok((key, Some(Stat::of_size(size))))),
            // gone meanwhile
            Ok(None) => None,
            // what reads it will say why
            Err(_) => Some(Ok((key, None))),
        })
    })
}

pub(super) fn names(place: Arc<Place>, prefix: Prefix) -> Names {
    streamed(move |items| place.entries(prefix.as_str(), items))
}

type Items<T> = mpsc::Sender<Result<T>>;
/// The reader of the listing is gone.
struct Unread;

fn streamed<T: Send + 'static>(
    list: impl FnOnce(&Items<T>) -> Result<(), Unread> + Send + 'static,
) -> stream::BoxStream<'static, Result<T>> {
    stream::once(async move {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || list(&sender).ok());
        stream::unfold(receiver, async |mut items| items.recv().await.map(|item| (item, items)))
    })
    .flatten()
    .boxed()
}

impl Place {
    /// Sends what `told` makes of each key below `prefix`.
    fn walk<T>(
        &self,
        prefix: &str,
        items: &Items<T>,
        told: impl Fn(Key) -> Option<Result<T>>,
    ) -> Result<(), Unread> {
        // the folders on the way to where the walk is, each with what is left of it
        let mut way = Vec::new();
        let mut next = Some(prefix.to_owned());
        loop {
            if let Some(folder) = next.take() {
                match self.children(&folder) {
                    Ok(children) => way.push((folder, children)),
                    Err(error) => return items.blocking_send(Err(error)).map_err(|_| Unread),
                }
            }
            let Some((folder, children)) = way.last_mut() else { return Ok(()) };
            match children.next() {
                None => drop(way.pop()),
                Some(Ok(Entry::Dir(name))) => next = Some(below(folder, &name)),
                Some(Ok(Entry::Key(name))) => {
                    // a file whose name is no key was not put there by a store
                    let Ok(key) = Key::new(below(folder, &name)) else { continue };
                    let Some(item) = told(key) else { continue };
                    items.blocking_send(item).map_err(|_| Unread)?;
                }
                Some(Err(error)) => items.blocking_send(Err(error)).map_err(|_| Unread)?,
            }
        }
    }

    fn entries(&self, prefix: &str, items: &Items<Entry>) -> Result<(), Unread> {
        let children = match self.children(prefix) {
            Ok(children) => children,
            Err(error) => return items.blocking_send(Err(error)).map_err(|_| Unread),
        };
        for child in children {
            if let Ok(Entry::Dir(name)) = &child
                && !has_values(&self.root.join(below(prefix, name)))
            {
                continue;
            }
            items.blocking_send(child).map_err(|_| Unread)?;
        }
        Ok(())
    }

    fn children<'a>(
        &'a self,
        folder: &str,
    ) -> Result<impl Iterator<Item = Result<Entry>> + use<'a>> {
        let path = self.path(folder, "list")?;
        let entries = match fs::read_dir(&path) {
            Ok(entries) => Some(entries),
            Err(cause) if is_absent(&cause) => None,
            Err(cause) => return Err(self.doing("list", folder).failed(cause)),
        };
        let folder = folder.to_owned();
        Ok(entries.into_iter().flatten().filter_map(move |entry| {
            let entry = match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) => named(kind, entry.file_name().to_str()?, &entry.path()),
                Err(cause) if is_absent(&cause) => None,
                Err(cause) => return Some(Err(self.doing("list", &folder).failed(cause))),
            };
            entry.map(Ok)
        }))
    }
}

fn named(kind: FileType, name: &str, path: &Path) -> Option<Entry> {
    if name.starts_with(RESERVED) {
        return None;
    }
    // what a link leads to is judged when it is read
    let is_dir = if kind.is_symlink() { path.is_dir() } else { kind.is_dir() };
    Some(if is_dir { Entry::Dir(name.to_owned()) } else { Entry::Key(name.to_owned()) })
}

fn has_values(folder: &Path) -> bool {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) if !entry.file_name().to_string_lossy().starts_with(RESERVED) => {
                    return true;
                }
                _ => {}
            }
        }
    }
    false
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
