//! A file that holds a token for several processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Secret;
use super::local_file::blocking;
use super::token::Token;
use crate::{Error, Result};

/// How often a file that another process holds is looked at.
const POLL: Duration = Duration::from_millis(50);
/// After so long it is not waited for any more: two tokens are better than none.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that holds the token of one provider, readable by its owner alone.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

/// A token as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    access_token: String,
    refresh_token: Option<String>,
    /// Seconds since 1970.
    expires: Option<u64>,
    renew: Option<u64>,
}

impl TokenFile {
    /// The file in `folder` for the tokens that `identity` tells from others.
    pub(crate) fn new(folder: &Path, identity: &str) -> Self {
        let name = blake3::hash(identity.as_bytes()).to_hex();
        Self { path: folder.join(format!("token-{}.json", &name[..32])) }
    }

    /// The right to ask for the token, given back when dropped; `None` when it can't be had.
    pub(crate) async fn lock(&self) -> Option<File> {
        let path = self.path.with_extension("lock");
        let open = move || {
            if let Some(folder) = path.parent() {
                private_folder(folder)?;
            }
            private().create(true).truncate(false).open(&path)
        };
        let file = match blocking(&self.path, open).await {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!(%error, "tokens are not shared with other processes");
                return None;
            }
        };
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() < until => {
                    tokio::time::sleep(POLL).await;
                }
                Err(_) => return None,
            }
        }
    }

    /// The token that is there, if the file is its owner's alone.
    pub(crate) async fn read(&self) -> Option<Token> {
        let path = self.path.clone();
        let text = blocking(&self.path, move || {
            if !is_private(&File::open(&path)?.metadata()?) {
                return Err(std::io::Error::other("others can read or write it"));
            }
            std::fs::read(&path)
        })
        .await;
        let text = match text {
            Ok(text) => text,
            Err(Error::NotFound { .. }) => return None,
            Err(error) => {
                tracing::warn!(%error, "a kept token is not used");
                return None;
            }
        };
        let written: Written = serde_json::from_slice(&text).ok()?;
        Some(Token {
            access: Secret::new(written.access_token),
            refresh: written.refresh_token.map(Secret::new),
            expires: written.expires.and_then(time),
            renew: written.renew.and_then(time),
        })
    }

    /// Keeps a token: under a temporary name, then renamed.
    pub(crate) async fn write(&self, token: &Token) -> Result<()> {
        let written = Written {
            access_token: token.access.expose().to_owned(),
            refresh_token: token.refresh.as_ref().map(|secret| secret.expose().to_owned()),
            expires: token.expires.map(seconds),
            renew: token.renew.map(seconds),
        };
        let text = serde_json::to_vec(&written).unwrap_or_default();
        let (path, part) = (
            self.path.clone(),
            self.path.with_extension(format!("{:016x}.part", fastrand::u64(..))),
        );
        blocking(&self.path, move || {
            let written = private()
                .create_new(true)
                .open(&part)
                .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
                .and_then(|()| std::fs::rename(&part, &path));
            if written.is_err() {
                let _ = std::fs::remove_file(&part);
            }
            written
        })
        .await
    }
}

fn time(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Options that make files for their owner alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(unix)]
pub(crate) fn is_private(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
pub(crate) fn is_private(_: &std::fs::Metadata) -> bool {
    true
}
