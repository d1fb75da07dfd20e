//! Versions: begin a session, commit it, open a past version.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{Prefix, Result, Store};

/// The name of a version: a commit of a versioned repository, or `live` for an unversioned store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Version(pub String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One commit in the history of a repository.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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

    /// What the values are kept in, in words, as `Icechunk V2`; `None` when the keys themselves
    /// are the names of what is stored.
    fn format(&self) -> Option<String> {
        None
    }

    /// Its branches, tags and old versions; `None` where there is one version only.
    fn versions(&self) -> Option<&dyn Versions> {
        None
    }

    /// A folder of the place as a plain store, for what is of no version: leases of those that work
    /// on it. Its values are seen at once by all who have the place open, are never committed, and
    /// lie beside the repository's own objects, whose names the folder must not take. `None` where
    /// there is no such place, it is only read, or values cannot be created atomically.
    fn aside(&self, folder: &Prefix) -> Option<Arc<dyn Store>> {
        let _ = folder;
        None
    }
}

/// Branches, tags and old versions of a repository. Sessions of [`Repository::begin`] are on the
/// branch `main`.
#[async_trait]
pub trait Versions: Debug + Send + Sync {
    /// The names of the branches, sorted.
    ///
    /// # Errors
    /// What the backend says.
    async fn branches(&self) -> Result<Vec<String>>;

    /// The newest version of a branch.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such branch.
    async fn branch(&self, name: &str) -> Result<Version>;

    /// Makes a branch that begins with a version.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists),
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such version,
    /// [`Error::ReadOnly`](crate::Error::ReadOnly) or what the backend says.
    async fn create_branch(&self, name: &str, version: &Version) -> Result<()>;

    /// Moves a branch on to a version that came of it, atomically.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) when the version does not come of what the
    /// branch is at (another committed there), and the branch stays;
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::ReadOnly`](crate::Error::ReadOnly) or
    /// what the backend says.
    async fn fast_forward(&self, name: &str, version: &Version) -> Result<()>;

    /// Deletes a branch; its versions stay until they are collected.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::ReadOnly`](crate::Error::ReadOnly),
    /// or what the backend says, which refuses to delete `main`.
    async fn delete_branch(&self, name: &str) -> Result<()>;

    /// Begins a session on the newest version of a branch.
    ///
    /// # Errors
    /// As [`Repository::begin`]; [`Error::NotFound`](crate::Error::NotFound).
    async fn begin_on(&self, branch: &str) -> Result<Box<dyn Session>>;

    /// The names of the tags, sorted.
    ///
    /// # Errors
    /// What the backend says.
    async fn tags(&self) -> Result<Vec<String>>;

    /// The version that a tag names.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such tag.
    async fn tag(&self, name: &str) -> Result<Version>;

    /// Names a version for good: a tag does not move, and a deleted one is not made again.
    ///
    /// # Errors
    /// As [`create_branch`](Self::create_branch).
    async fn create_tag(&self, name: &str, version: &Version) -> Result<()>;

    /// Deletes a tag.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::ReadOnly`](crate::Error::ReadOnly) or
    /// what the backend says.
    async fn delete_tag(&self, name: &str) -> Result<()>;

    /// Takes versions committed before a time out of the histories, and gives them. The newest of
    /// each branch and those with a tag stay. What they alone refer to stays until it is collected.
    ///
    /// # Errors
    /// [`Error::ReadOnly`](crate::Error::ReadOnly) or what the backend says.
    async fn expire(&self, before: SystemTime) -> Result<Vec<Version>>;

    /// Deletes what no version refers to and was written before a time. The time must lie before
    /// the begin of every session that is still to commit.
    ///
    /// # Errors
    /// [`Error::ReadOnly`](crate::Error::ReadOnly) or what the backend says.
    async fn collect_garbage(&self, before: SystemTime) -> Result<Collected>;
}

/// What [`Versions::collect_garbage`] deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct Collected {
    /// Bytes in all.
    pub bytes: u64,
    /// Chunks.
    pub chunks: u64,
    /// Versions.
    pub versions: u64,
    /// Objects with metadata besides.
    pub metadata: u64,
    /// Objects that could not be deleted; the next collection tries again.
    pub failed: u64,
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
