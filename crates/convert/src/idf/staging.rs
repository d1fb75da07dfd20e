//! Results on their way: written aside, moved into place whole.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::{Error, Result};

/// How the folders aside begin.
const PREFIX: &str = ".terracube-idf-";
/// The file in one that is locked; no collection is named so.
const LOCK: &str = ".lock";
/// The folder in one that keeps granules while others take their places, by collection and name.
const OLD: &str = ".old";
/// What that is called when all others are in place.
const REPLACED: &str = ".replaced";
/// How often a folder is made that others, whose conversions failed, remove again.
const ATTEMPTS: usize = 100;

/// A folder beside the results; what is not placed from it vanishes with it.
#[derive(Debug)]
pub(crate) struct Staging {
    /// Locked as long as the folder aside is in use.
    lock: Option<fs::File>,
    aside: PathBuf,
    out: PathBuf,
    /// Folders made for the results, the outermost first; removed again if nothing comes into them.
    made: Vec<PathBuf>,
    granules: Vec<(String, String)>,
    is_done: bool,
}

impl Staging {
    /// Below a folder that is made when it is missing.
    pub(crate) fn below(out: &Path) -> Result<Self> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let made = missing(out);
            match fs::create_dir_all(out).and_then(|()| aside(out)) {
                Ok((aside, lock)) => {
                    let (lock, out) = (Some(lock), out.to_owned());
                    return Ok(Self { lock, aside, out, made, granules: vec![], is_done: false });
                }
                // Another conversion had made it, and removed it when it failed.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS => {}
                Err(cause) => {
                    remove_empty(&made);
                    return Err(Error::write(out, cause));
                }
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
        let folder = self.aside.join(collection).join(id);
        if folder.exists() {
            return Err(Error::option("id_suffix", format!("two granules are named `{id}`")));
        }
        fs::create_dir_all(&folder).map_err(|cause| Error::write(&folder, cause))?;
        self.granules.push((collection.to_owned(), id.to_owned()));
        Ok(folder)
    }

    /// Moves every granule to its place; one that is there is replaced whole. Where one cannot be
    /// moved all are left as they were.
    pub(crate) fn place(mut self) -> Result<Vec<PathBuf>> {
        let mut placed = Vec::new();
        for (collection, id) in &self.granules {
            let relative = Path::new(collection).join(id);
            if let Err(cause) = self.replace(collection, id) {
                for relative in &placed {
                    // The error at hand matters more than this one. Old ones are put back on drop.
                    let _ = fs::rename(self.out.join(relative), self.aside.join(relative));
                }
                return Err(Error::write(&self.out.join(&relative), cause));
            }
            placed.push(relative);
        }
        // Whoever is killed from here on leaves nothing to put back, if it can be renamed.
        let _ = fs::rename(self.aside.join(OLD), self.aside.join(REPLACED));
        self.is_done = !placed.is_empty();
        Ok(placed)
    }

    fn replace(&self, collection: &str, id: &str) -> io::Result<()> {
        let (places, old) = (self.out.join(collection), self.aside.join(OLD).join(collection));
        fs::create_dir_all(&places)?;
        fs::create_dir_all(&old)?;
        match fs::rename(places.join(id), old.join(id)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        fs::rename(self.aside.join(collection).join(id), places.join(id))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            // What cannot be removed is left for another time.
            let _ = remove(&self.aside, &self.out, lock);
        }
        if !self.is_done {
            remove_empty(&self.made);
        }
    }
}

/// The folders of a path that are not there, the outermost first.
fn missing(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// A new folder, locked so that nobody takes it for one that a killed process left. Those are
/// removed.
fn aside(out: &Path) -> io::Result<(PathBuf, fs::File)> {
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
            _ if path.exists() => return Ok((folder.keep(), lock)),
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
                let _ = remove(&folder, out, lock);
            }
            Ok(_) => {}
            // Without a lock it is empty, or is none of ours.
            Err(_) => {
                let _ = fs::remove_dir(&folder);
            }
        }
    }
}

/// Removes a folder aside, its lock last: whoever is killed here leaves one that [`sweep`] removes,
/// and whoever waits for the lock finds it gone.
fn remove(folder: &Path, out: &Path, lock: fs::File) -> io::Result<()> {
    put_back(folder, out)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(folder.join(LOCK))?;
    // Over networks an open file stays, under another name.
    drop(lock);
    fs::remove_dir(folder)
}

/// Moves old granules back to their places where no others came. While one cannot be, it is an
/// error: the folder aside has what is nowhere else.
fn put_back(folder: &Path, out: &Path) -> io::Result<()> {
    let collections = match fs::read_dir(folder.join(OLD)) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        collections => collections?,
    };
    for collection in collections {
        let collection = collection?;
        let places = out.join(collection.file_name());
        for granule in fs::read_dir(collection.path())? {
            let granule = granule?;
            let place = places.join(granule.file_name());
            if place.exists() {
                continue;
            }
            fs::create_dir_all(&places)?;
            match fs::rename(granule.path(), &place) {
                // Another conversion was faster.
                Err(_) if place.exists() => {}
                moved => moved?,
            }
        }
    }
    Ok(())
}

/// Removes folders that hold nothing, the innermost first.
fn remove_empty(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A granule aside, of one file with a text.
    fn add(staging: &mut Staging, collection: &str, id: &str, text: &str) {
        let folder = staging.granule(collection, id).unwrap();
        fs::write(folder.join("file"), text).unwrap();
    }

    fn text(out: &Path, granule: &str) -> String {
        fs::read_to_string(out.join(granule).join("file")).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_granule_that_cannot_be_placed_leaves_all_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let mut staging = Staging::below(out).unwrap();
        add(&mut staging, "c", "a", "old a");
        add(&mut staging, "c", "b", "old b");
        staging.place().unwrap();
        // Its folder cannot be made, or the granule is gone when its old one was already moved.
        fs::write(out.join("file"), "").unwrap();
        for (collection, id) in [("file", "a"), ("c", "b")] {
            let mut staging = Staging::below(out).unwrap();
            add(&mut staging, "c", "a", "new a");
            add(&mut staging, "c", "new", "new");
            add(&mut staging, collection, id, "new");
            if collection == "c" {
                fs::remove_dir_all(staging.aside.join("c/b")).unwrap();
            }
            let error = staging.place().unwrap_err().to_string();
            assert!(error.contains(&format!("{collection}/{id}")), "{error}");
            assert_eq!((text(out, "c/a"), text(out, "c/b")), ("old a".into(), "old b".into()));
            assert_eq!(
                (names(out), names(&out.join("c"))),
                (vec!["c".into(), "file".into()], vec!["a".into(), "b".into()])
            );
        }
    }

    #[test]
    fn conversions_into_one_new_folder_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/out");
        let rounds = |count: usize, is_placed: bool| {
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let out = &out;
                    scope.spawn(move || {
                        for round in 0..count {
                            let mut staging = Staging::below(out).unwrap();
                            if is_placed {
                                let id = format!("{thread}-{}", round % 2);
                                add(&mut staging, "c", &id, "text");
                                staging.place().unwrap();
                                assert_eq!(text(out, &format!("c/{id}")), "text");
                            }
                        }
                    });
                }
            });
        };
        rounds(1000, false);
        rounds(100, true);
        assert_eq!(names(&out), ["c"]);
        assert_eq!(names(&out.join("c")).len(), 8);
    }
}
