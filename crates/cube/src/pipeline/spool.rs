//! Whole files on disk for as long as patches read them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use terracube_raster::{LocalFile, LocalOptions};
use terracube_source::{Access, Asset};
use tokio::sync::OnceCell;

/// Files downloaded whole, each once however many patches and bands ask at the same time. They are
/// removed when others need their room and nothing reads them, and all of them at the end.
#[derive(Debug)]
pub(super) struct Spool {
    /// Bytes of all files together, at most.
    limit: u64,
    folder: OnceCell<TempDir>,
    files: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<OnceCell<Arc<Spooled>>>;

/// A file that is removed when the last reader lets go of it.
#[derive(Debug)]
pub(super) struct Spooled {
    path: PathBuf,
    bytes: u64,
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // What cannot be removed goes with the folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// An open variable of a spooled file, which stays as long as this does.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) file: LocalFile,
    _spooled: Arc<Spooled>,
}

impl Spool {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, folder: OnceCell::new(), files: Mutex::default() }
    }

    /// Downloads the asset, if it is not here, and opens a variable of it.
    pub(super) async fn open(
        &self,
        access: &Access,
        asset: &Asset,
        variable: Option<&str>,
    ) -> Result<Opened, Fault> {
        let slot = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.entry(asset.href.clone()).or_default().clone()
        };
        let spooled = slot.get_or_try_init(|| self.download(access, asset)).await?.clone();
        let (path, variable) = (spooled.path.clone(), variable.map(str::to_owned));
        let options = LocalOptions { variable, ..LocalOptions::default() };
        let opened = super::blocking(move || LocalFile::open(&path, &options)).await;
        let file = opened.ok_or_else(|| Fault::Full("the file could not be opened".into()))??;
        Ok(Opened { file, _spooled: spooled })
    }

    async fn download(&self, access: &Access, asset: &Asset) -> Result<Arc<Spooled>, Fault> {
        let make = || async { tempfile::Builder::new().prefix("terracube-spool-").tempdir() };
        let folder = self.folder.get_or_try_init(make).await.map_err(Fault::folder)?;
        self.make_room(asset.size.unwrap_or(0))?;
        let path = folder.path().join(file_name(&asset.href));
        let done = access.download_asset(asset, &path).await?;
        let spooled = Arc::new(Spooled { path, bytes: done.bytes });
        // Its size may not have been known before.
        self.make_room(done.bytes)?;
        Ok(spooled)
    }

    /// Lets go of files that nobody reads until so many bytes more fit.
    fn make_room(&self, bytes: u64) -> Result<(), Fault> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |files: &HashMap<String, Slot>| -> u64 {
            files.values().filter_map(|slot| slot.get()).map(|file| file.bytes).sum()
        };
        if held(&files).saturating_add(bytes) > self.limit {
            files.retain(|_, slot| {
                Arc::strong_count(slot) > 1 || slot.get().is_none_or(|f| Arc::strong_count(f) > 1)
            });
        }
        let held = held(&files);
        if held.saturating_add(bytes) > self.limit {
            return Err(Fault::Full(format!(
                "it has {bytes} bytes, and the {} bytes for whole files hold {held} that are in use: \
                 give `spool` more, or let fewer patches be in flight",
                self.limit
            )));
        }
        Ok(())
    }
}

/// Why a file is not here.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is no room, or no folder.
    Full(String),
    /// It could not be had.
    Source(terracube_source::Error),
    /// It could not be read.
    Raster(terracube_raster::Error),
}

impl Fault {
    fn folder(error: std::io::Error) -> Self {
        Self::Full(format!("no folder for whole files could be made: {error}"))
    }
}

impl From<terracube_source::Error> for Fault {
    fn from(error: terracube_source::Error) -> Self {
        Self::Source(error)
    }
}

impl From<terracube_raster::Error> for Fault {
    fn from(error: terracube_raster::Error) -> Self {
        Self::Raster(error)
    }
}

/// A name of our own with the extension of the address, which some formats are known by.
fn file_name(href: &str) -> String {
    let path = href.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let extension: String = match name.split_once('.') {
        Some((_, rest)) => rest.chars().rev().take(16).filter(|c| plain(*c)).collect(),
        None => String::new(),
    };
    let extension: String = extension.chars().rev().collect();
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(href, &mut hash);
    format!("{:016x}.{}", std::hash::Hasher::finish(&hash), extension.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_extensions_and_nothing_else() {
        let extension = |href: &str| file_name(href).split_once('.').unwrap().1.to_owned();
        assert_eq!(extension("https://h/a/b.nc?key=../../x"), "nc");
        assert_eq!(extension("https://h/N10W110.hgt.zip"), "hgt.zip");
        assert_eq!(extension("https://h/..%2f..%2fetc/passwd"), "");
        assert_ne!(file_name("https://h/a/b.nc"), file_name("https://h/c/b.nc"));
    }
}
