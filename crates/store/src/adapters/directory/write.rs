//! Writing and deleting files so that no reader sees a part of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Place, RESERVED, is_absent};
use crate::{Error, Key, Prefix, Result};

/// A folder may vanish between its making and its use when another writer deletes; then again.
const ATTEMPTS: usize = 8;

impl Place {
    pub(super) fn set(&self, key: &Key, value: &[u8]) -> Result<()> {
        let path = self.writable(key)?;
        self.again_if_absent(|| self.publish(&path, value, Unfinished::rename))
            .map_err(|cause| self.doing("write", key.as_str()).failed(cause))
    }

    pub(super) fn create(&self, key: &Key, value: &[u8]) -> Result<bool> {
        let path = self.writable(key)?;
        if path.is_file() {
            return Ok(false);
        }
        let linked = self.again_if_absent(|| self.publish(&path, value, Unfinished::link));
        match linked {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && !path.is_dir() => {
                Ok(false)
            }
            Err(cause) if cause.kind() == io::ErrorKind::Unsupported => Err(Error::Unsupported {
                operation: "create atomically: its file system has no hard links",
                store: self.shown.clone(),
            }),
            Err(cause) => Err(self.doing("create", key.as_str()).failed(cause)),
        }
    }

    pub(super) fn delete(&self, key: &Key) -> Result<()> {
        let Some(path) = self.existing(key, "delete")? else { return Ok(()) };
        match fs::remove_file(&path) {
            Ok(()) => self
                .sync_folder(&path)
                .map_err(|cause| self.doing("delete", key.as_str()).failed(cause)),
            Err(cause) if is_absent(&cause) || path.is_dir() => Ok(()),
            Err(cause) => Err(self.doing("delete", key.as_str()).failed(cause)),
        }
    }

    pub(super) fn delete_dir(&self, prefix: &Prefix) -> Result<()> {
        let folder = self.path(prefix.as_str(), "delete")?;
        let deleted = if prefix.as_str().is_empty() {
            delete_children(&folder)
        } else {
            match fs::metadata(&folder) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&folder),
                Ok(_) => Ok(()),
                Err(cause) => Err(cause),
            }
        };
        match deleted {
            Err(cause) if !is_absent(&cause) => {
                Err(self.doing("delete", prefix.as_str()).failed(cause))
            }
            _ => Ok(()),
        }
    }

    fn writable(&self, key: &Key) -> Result<PathBuf> {
        self.existing(key, "write")?.ok_or_else(|| Error::InvalidKey {
            key: key.to_string(),
            reason: "names beginning with `.terracube-` are kept for unfinished files",
        })
    }

    fn again_if_absent(&self, mut write: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut result = write();
        for _ in 1..ATTEMPTS {
            match &result {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => result = write(),
                _ => break,
            }
        }
        result
    }

    /// Writes beside `path` and lets `put` give the file its name.
    fn publish(
        &self,
        path: &Path,
        value: &[u8],
        put: fn(Unfinished, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        self.make_folder(folder)?;
        let (unfinished, mut file) = Unfinished::create(folder)?;
        file.write_all(value)?;
        if self.fsync {
            file.sync_all()?;
        }
        drop(file);
        put(unfinished, path)?;
        self.sync_folder(path)
    }

    pub(super) fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if !self.fsync {
            return fs::create_dir_all(folder);
        }
        if let Some(parent) = folder.parent() {
            self.make_folder(parent)?;
        }
        match fs::create_dir(folder) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
            _ => self.sync_folder(folder),
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(folder) if self.fsync && cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

/// A file being written; gone when dropped.
struct Unfinished {
    path: PathBuf,
    named: bool,
}

impl Unfinished {
    fn create(folder: &Path) -> io::Result<(Self, File)> {
        let pid = std::process::id();
        let mut nonce = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos());
        loop {
            let path = folder.join(format!("{RESERVED}{pid:x}-{nonce:x}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Self { path, named: false }, file)),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => nonce += 1,
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Takes the place of what has the name.
    fn rename(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.named = true;
        Ok(())
    }

    /// Takes the name unless it is taken.
    fn link(self, path: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.named {
            // a failure leaves a file that no listing shows
            fs::remove_file(&self.path).ok();
        }
    }
}

fn delete_children(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
