//! Versions: begin a session, commit it, open a past version.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Result, Store};

/// The name of a version: a commit of a versioned repository, or `live` for an unversioned store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One commit in the history of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// The version.
    pub version: Version,
    /// The message of the commit.
    pub message: String,
    /// When it was committed, in seconds since 1970-01-01T00:00:00Z.
    pub committed_at: i64,
}

/// A store with versions. Plain stores join through [`Unversioned`](crate::Unversioned), whose
/// capability says `atomic_commit: false`.
#[async_trait]
pub trait Repository: Debug + Send + Sync + 'static {
    /// Whether commits are atomic, and what sessions can do.
    fn capability(&self) -> crate::Capability;

    /// Begins a session on the newest version.
    ///
    /// # Errors
    /// [`Error::ReadOnly`](crate::Error::ReadOnly) or what the backend says.
    async fn begin(&self) -> Result<Box<dyn Session>>;

    /// The newest version, read-only.
    ///
    /// # Errors
    /// What the backend says.
    async fn latest(&self) -> Result<Arc<dyn Store>>;

    /// A past version, read-only.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such version.
    async fn at(&self, version: &Version) -> Result<Arc<dyn Store>>;

    /// The commits, newest first, at most `limit`.
    ///
    /// # Errors
    /// What the backend says.
    async fn history(&self, limit: usize) -> Result<Vec<VersionInfo>>;
}

/// Work that becomes visible when committed, all of it or nothing (where the repository's
/// capability says `atomic_commit`). Dropping a session forgets its writes.
#[async_trait]
pub trait Session: Debug + Send + Sync {
    /// The store to read and write through; a clone may be kept by writers until the commit.
    fn store(&self) -> Arc<dyn Store>;

    /// Whether anything was written.
    fn is_dirty(&self) -> bool;

    /// Publishes what was written. Commits of others in between are rebased upon, with jittered
    /// backoff.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) when another commit wrote the same chunk.
    async fn commit(self: Box<Self>, message: &str) -> Result<Version>;
}
