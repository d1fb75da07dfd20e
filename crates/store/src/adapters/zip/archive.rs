//! A ZIP archive as a repository that is written once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::super::io::blocking;
use super::session::{ArchiveSession, WRITABLE};
use super::{Zip, written_once};
use crate::wrappers::ReadOnly;
use crate::{
    Capability, Error, Memory, OpenOptions, Repository, Result, Session, Store, Unversioned,
    Version, VersionInfo,
};

/// A ZIP archive as a repository: empty and to be written by one session, or there and to be read.
pub(crate) struct Archive {
    path: PathBuf,
    shown: String,
    read_only: bool,
    sync: bool,
    opened: OnceCell<Zip>,
}

impl Archive {
    /// The archive that is to be at `path`, where nothing is yet.
    pub(crate) fn create(path: &Path, options: &OpenOptions) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|cause| Error::Location {
            location: path.display().to_string(),
            reason: cause.to_string(),
        })?;
        Ok(Self {
            shown: path.display().to_string(),
            path,
            read_only: options.read_only,
            sync: options.fsync.unwrap_or(true),
            opened: OnceCell::new(),
        })
    }

    /// The archive at `path`.
    pub(crate) async fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let archive = Self::create(path, options)?;
        archive.opened.set(Zip::open(path).await?).ok();
        Ok(archive)
    }

    fn is_written(&self) -> bool {
        self.opened.initialized() || self.path.exists()
    }
}

#[async_trait]
impl Repository for Archive {
    fn capability(&self) -> Capability {
        if self.read_only || self.is_written() {
            Capability { written_once: true, ..Capability::read_only() }
        } else {
            WRITABLE
        }
    }

    async fn begin(&self) -> Result<Box<dyn Session>> {
        let operation = "begin a session";
        if self.is_written() {
            return Err(Error::ReadOnly { operation, store: written_once(&self.shown) });
        }
        if self.read_only {
            return Err(Error::ReadOnly { operation, store: self.shown.clone() });
        }
        let (path, shown, sync) = (self.path.clone(), self.shown.clone(), self.sync);
        let session =
            blocking(&self.shown, move || ArchiveSession::begin(&path, shown, sync)).await?;
        Ok(Box::new(session))
    }

    async fn latest(&self) -> Result<Arc<dyn Store>> {
        if !self.is_written() {
            return Ok(Arc::new(ReadOnly::new(Memory::new())));
        }
        let zip = self.opened.get_or_try_init(|| Zip::open(&self.path)).await?;
        Ok(Arc::new(zip.clone()))
    }

    async fn at(&self, version: &Version) -> Result<Arc<dyn Store>> {
        Unversioned::new(self.latest().await?).at(version).await
    }

    async fn history(&self, _limit: usize) -> Result<Vec<VersionInfo>> {
        Ok(Vec::new())
    }

    fn format(&self) -> Option<String> {
        Some("ZIP archive".to_owned())
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
