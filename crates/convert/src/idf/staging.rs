//! Results on their way: written aside, moved into place whole.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::{Error, Result};

/// How the folders aside begin.
const PREFIX: &str = ".terracube-idf-";
/// The file in one that is locked; no collection is named so.
const LOCK: &str = ".lock";

/// A folder beside the results; what is not placed from it vanishes with it.
#[derive(Debug)]
pub(crate) struct Staging {
    /// Locked as long as the folder aside is in use. Closed before that is removed.
    lock: Option<fs::File>,
    aside: tempfile::TempDir,
    out: PathBuf,
    /// Folders made for the results, the outermost first; removed again if nothing comes into them.
    made: Vec<PathBuf>,
    granules: Vec<(String, String)>,
    is_done: bool,
}

impl Staging {
    /// Below a folder that is made when it is missing.
    pub(crate) fn below(out: &Path) -> Result<Self> {
        let mut made: Vec<PathBuf> = out
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .map(Path::to_owned)
            .collect();
        made.reverse();
        let failed = |cause| Error::write(out, cause);
        match fs::create_dir_all(out).and_then(|()| aside(out)) {
            Ok((aside, lock)) => {
                let (lock, out) = (Some(lock), out.to_owned());
                Ok(Self { lock, aside, out, made, granules: Vec::new(), is_done: false })
            }
            Err(cause) => {
                remove_empty(&made);
                Err(failed(cause))
            }
        }
    }

    /// An empty folder for a granule's files.
    pub(crate) fn granule(&mut self, collection: &str, id: &str) -> Result<PathBuf> {
        for (what, name) in [("collection", collection), ("idf_granule_id", id)] {
            if name.is_empty()
                || name.starts_with('.')
                || name.contains(['/', '\\', '\0'])
                || name.trim() != name
            {
                return Err(Error::option(what, format!("`{name}` is no name of a folder")));
            }
        }
        let folder = self.aside.path().join(collection).join(id);
        if folder.exists() {
            return Err(Error::option("id_suffix", format!("two granules are named `{id}`")));
        }
        fs::create_dir_all(&folder).map_err(|cause| Error::write(&folder, cause))?;
        self.granules.push((collection.to_owned(), id.to_owned()));
        Ok(folder)
    }

    /// Moves every granule to its place; one that is there is replaced whole.
    pub(crate) fn place(mut self) -> Result<Vec<PathBuf>> {
        let mut placed = Vec::new();
        for (collection, id) in &self.granules {
            let relative = Path::new(collection).join(id);
            let (from, to) = (self.aside.path().join(&relative), self.out.join(&relative));
            let failed = |cause| Error::write(&to, cause);
            fs::create_dir_all(self.out.join(collection)).map_err(failed)?;
            let old = self.aside.path().join(format!("old-{}", placed.len()));
            let was_there = to.exists();
            if was_there {
                fs::rename(&to, &old).map_err(failed)?;
            }
            if let Err(cause) = fs::rename(&from, &to) {
                if was_there {
                    // The old one is better than none; the error at hand matters more than this one.
                    let _ = fs::rename(&old, &to);
                }
                return Err(failed(cause));
            }
            placed.push(relative);
        }
        self.is_done = !placed.is_empty();
        Ok(placed)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_done {
            // Dropped after this, the folder aside would still be inside.
            self.lock = None;
            let _ = fs::remove_dir_all(self.aside.path());
            remove_empty(&self.made);
        }
    }
}

/// A new folder, locked so that nobody takes it for one that a killed process left. Those are
/// removed.
fn aside(out: &Path) -> io::Result<(tempfile::TempDir, fs::File)> {
    sweep(out);
    loop {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(out)?;
        let path = folder.path().join(LOCK);
        let lock = match fs::File::create_new(&path) {
            Ok(lock) => lock,
            // Somebody took it for one that was left, in the moment before it had a lock.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(cause),
        };
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => {}
            _ if path.exists() => return Ok((folder, lock)),
            _ => {}
        }
    }
}

/// Removes folders that nobody holds a lock of; what cannot be is left for another time.
fn sweep(out: &Path) {
    for entry in fs::read_dir(out).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        match fs::OpenOptions::new().write(true).open(folder.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => {
                drop(lock);
                let _ = fs::remove_dir_all(&folder);
            }
            Ok(_) => {}
            // Without a lock it is empty, or is none of ours.
            Err(_) => {
                let _ = fs::remove_dir(&folder);
            }
        }
    }
}

/// Removes folders that hold nothing, the innermost first.
fn remove_empty(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
