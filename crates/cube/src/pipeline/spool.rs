//! Whole files on disk for as long as patches read them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use terracube_raster::{LocalFile, LocalOptions};
use terracube_source::{Access, Asset};
use tokio::sync::OnceCell;

/// Files downloaded whole, each once however many patches and bands ask at the same time. They are
/// removed when others need their room and nothing reads them, and all of them at the end.
#[derive(Debug)]
pub(super) struct Spool {
    room: Arc<Room>,
    folder: OnceCell<TempDir>,
    files: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<OnceCell<Arc<Spooled>>>;

/// A file that is removed when the last reader lets go of it, and what there is of one whose
/// download fails or is stopped.
#[derive(Debug)]
pub(super) struct Spooled {
    path: PathBuf,
    /// Removed with all that is in it; what cannot be goes with the folder of all.
    _folder: TempDir,
    /// Given back when the file is gone.
    held: Held,
}

/// The bytes of all files together, those on their way included.
#[derive(Debug)]
struct Room {
    limit: u64,
    taken: Mutex<u64>,
}

/// The bytes of one file.
#[derive(Debug)]
struct Held {
    room: Arc<Room>,
    bytes: Mutex<u64>,
}

impl Held {
    fn new(room: Arc<Room>) -> Self {
        Self { room, bytes: Mutex::new(0) }
    }

    /// Holds as many bytes as this if there is room; an error is how many others hold.
    fn grow(&self, bytes: u64) -> Result<(), u64> {
        let mut taken = locked(&self.room.taken);
        let mut own = locked(&self.bytes);
        let others = *taken - *own;
        let wanted = bytes.max(*own);
        if others.saturating_add(wanted) > self.room.limit {
            return Err(others);
        }
        (*taken, *own) = (others + wanted, wanted);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = locked(&self.room.taken);
        *taken -= *locked(&self.bytes);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open variable of a spooled file, which stays as long as this does.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) file: LocalFile,
    _spooled: Arc<Spooled>,
}

impl Spool {
    pub(super) fn new(limit: u64) -> Self {
        let room = Arc::new(Room { limit, taken: Mutex::new(0) });
        Self { room, folder: OnceCell::new(), files: Mutex::default() }
    }

    /// Downloads the asset, if it is not here, and opens a variable of it.
    pub(super) async fn open(
        &self,
        access: &Access,
        asset: &Asset,
        variable: Option<&str>,
    ) -> Result<Opened, Fault> {
        let slot = {
            let mut files = locked(&self.files);
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
        let folder = |of: Option<&TempDir>| {
            let of = of.map_or_else(tempfile::env::temp_dir, |of| of.path().to_owned());
            tempfile::Builder::new().prefix("terracube-spool-").tempdir_in(of)
        };
        let all = self.folder.get_or_try_init(|| async { folder(None) });
        let own = folder(Some(all.await.map_err(Fault::folder)?)).map_err(Fault::folder)?;
        let path = own.path().join(file_name(&asset.href));
        let held = Held::new(self.room.clone());
        let spooled = Spooled { path, _folder: own, held };
        let (refused, limit) = (Mutex::new(None), self.room.limit);
        let room = |bytes: u64| {
            self.make_room(&spooled.held, bytes).map_err(|others| {
                *locked(&refused) = Some((bytes, others));
                limit.saturating_sub(others)
            })
        };
        let done = access.download_asset_into(asset, &spooled.path, &room).await;
        if let Some((bytes, others)) = *locked(&refused) {
            return Err(Fault::Full(format!(
                "it has {bytes} bytes or more, and of the {limit} bytes for whole files {others} are \
                 in use: give `spool` more, or let fewer patches be in flight"
            )));
        }
        done?;
        Ok(Arc::new(spooled))
    }

    /// Holds so many bytes for a file, letting go of files that nobody reads if need be; an error
    /// is how many bytes others hold that are in use.
    fn make_room(&self, held: &Held, bytes: u64) -> Result<(), u64> {
        held.grow(bytes).or_else(|_| {
            locked(&self.files).retain(|_, slot| {
                Arc::strong_count(slot) > 1 || slot.get().is_none_or(|f| Arc::strong_count(f) > 1)
            });
            held.grow(bytes)
        })
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

    /// Eight files that are on their way at once, of 4 each where 16 fit.
    #[test]
    fn what_is_on_its_way_counts() {
        let spool = Spool::new(16);
        let held: Vec<_> = (0..8).map(|_| Held::new(spool.room.clone())).collect();
        let granted: Vec<_> = held.iter().map(|held| spool.make_room(held, 4)).collect();
        assert_eq!(granted[..4], [Ok(()); 4]);
        assert_eq!(granted[4..], [Err(16); 4]);
        // One whose size nobody told grows as it comes.
        drop(held);
        let growing = Held::new(spool.room.clone());
        let grown: Vec<_> = [3, 9, 16, 17].map(|n| spool.make_room(&growing, n)).into();
        assert_eq!(grown, [Ok(()), Ok(()), Ok(()), Err(0)]);
        drop(growing);
        assert_eq!(*locked(&spool.room.taken), 0);
    }

    /// A file that nobody reads makes room for another.
    #[test]
    fn files_that_nobody_reads_give_way() {
        let spool = Spool::new(16);
        let put = |name: &str, bytes| {
            let held = Held::new(spool.room.clone());
            held.grow(bytes).unwrap();
            let (path, folder) = (PathBuf::from(name), tempfile::tempdir().unwrap());
            let file = Arc::new(Spooled { path, _folder: folder, held });
            let slot: Slot = Arc::new(OnceCell::new_with(Some(file.clone())));
            locked(&spool.files).insert(name.to_owned(), slot);
            file
        };
        let (read, idle) = (put("none/a", 6), put("none/b", 8));
        drop(idle);
        let new = Held::new(spool.room.clone());
        assert_eq!(spool.make_room(&new, 11), Err(6));
        assert_eq!(spool.make_room(&new, 10), Ok(()));
        drop((read, new));
    }

    #[test]
    fn names_keep_extensions_and_nothing_else() {
        let extension = |href: &str| file_name(href).split_once('.').unwrap().1.to_owned();
        assert_eq!(extension("https://h/a/b.nc?key=../../x"), "nc");
        assert_eq!(extension("https://h/N10W110.hgt.zip"), "hgt.zip");
        assert_eq!(extension("https://h/..%2f..%2fetc/passwd"), "");
        assert_ne!(file_name("https://h/a/b.nc"), file_name("https://h/c/b.nc"));
    }
}
