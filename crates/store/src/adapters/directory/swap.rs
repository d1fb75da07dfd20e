//! Replacing a value atomically against other processes, and waiting for the medium.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::{Directory, Place};
use crate::{ByteRequest, Error, Key, Result};

/// The file whose lock makes replacing atomic.
const LOCK: &str = ".terracube-lock";
/// So many threads wait for the medium.
const SYNCING: usize = 8;

impl Directory {
    /// Replaces a value when the present one (`None`: there is none) is as expected, atomically
    /// against all who do so, in this process and others; `false` when it is not.
    pub(crate) async fn replace_if(
        &self,
        key: &Key,
        value: Bytes,
        is_expected: impl FnOnce(Option<&[u8]>) -> bool + Send + 'static,
    ) -> Result<bool> {
        let key = key.clone();
        self.blocking(move |place| {
            let _lock = place.lock(&key)?;
            let present = match place.open(&key)? {
                Some(mut file) => Some(file.read(place, &key, ByteRequest::All)?),
                None => None,
            };
            if !is_expected(present.as_deref()) {
                return Ok(false);
            }
            place.set(&key, &value)?;
            Ok(true)
        })
        .await
    }

    /// Waits until these values and their folders are on the medium.
    pub(crate) async fn sync(&self, keys: Vec<Key>) -> Result<()> {
        self.blocking(move |place| place.sync_values(&keys)).await
    }
}

impl Place {
    /// Waits for the lock of the store; it is free again when the file is closed, or its holder
    /// dies.
    fn lock(&self, key: &Key) -> Result<File> {
        let locked = self.make_folder(&self.root).and_then(|()| {
            let path = self.root.join(LOCK);
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file.lock()?;
            Ok(file)
        });
        match locked {
            Err(cause) if has_no_locks(&cause) => Err(Error::Unsupported {
                operation: "write safely: its file system has no locks",
                store: self.shown.clone(),
            }),
            locked => locked.map_err(|cause| self.doing("lock", key.as_str()).failed(cause)),
        }
    }

    fn sync_values(&self, keys: &[Key]) -> Result<()> {
        let mut folders = BTreeSet::from([self.root.clone()]);
        for key in keys {
            let path = self.path(key.as_str(), "write")?;
            folders.extend(
                path.ancestors().skip(1).take_while(|f| *f != self.root).map(Path::to_owned),
            );
        }
        let share = keys.len().div_ceil(SYNCING).max(1);
        std::thread::scope(|threads| {
            let running: Vec<_> = keys
                .chunks(share)
                .map(|keys| threads.spawn(|| keys.iter().try_for_each(|key| self.sync_value(key))))
                .collect();
            running.into_iter().try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
        if cfg!(unix) {
            for folder in folders {
                File::open(&folder)
                    .and_then(|folder| folder.sync_all())
                    .map_err(|cause| self.doing("write", "").failed(cause))?;
            }
        }
        Ok(())
    }

    fn sync_value(&self, key: &Key) -> Result<()> {
        File::open(self.root.join(key.as_str()))
            .and_then(|file| file.sync_all())
            .map_err(|cause| self.doing("write", key.as_str()).failed(cause))
    }
}

/// Whether the file system cannot lock; without a name in the standard library is `ENOLCK`.
fn has_no_locks(cause: &io::Error) -> bool {
    let enolck = if cfg!(target_os = "linux") { 37 } else { 77 };
    cause.kind() == io::ErrorKind::Unsupported
        || (cfg!(unix) && cause.raw_os_error() == Some(enolck))
}
