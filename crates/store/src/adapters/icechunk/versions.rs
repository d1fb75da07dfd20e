//! Branches, tags and old versions of an Icechunk repository.

use std::num::{NonZeroU16, NonZeroUsize};
use std::time::SystemTime;

use async_trait::async_trait;
use futures::StreamExt;
use icechunk::format::SnapshotId;
use icechunk::ops::expiration::{ExpiredRefAction, expire};
use icechunk::ops::gc::{GCConfig, garbage_collect};
use icechunk::refs::RefErrorKind;
use icechunk::repository::{RepositoryError, RepositoryErrorKind, VersionInfo as Wanted};

use super::Icechunk;
use super::failure::Doing;
use super::session::IcechunkSession;
use crate::{Collected, Error, Result, Session, Version, Versions};

/// Objects read or deleted at a time while garbage is collected.
const REQUESTS: NonZeroU16 = NonZeroU16::new(16).unwrap();
/// Manifests take at most so many bytes of memory while garbage is collected.
const MANIFEST_BYTES: NonZeroUsize = NonZeroUsize::new(256 << 20).unwrap();
/// So often a branch is looked at again when it moves while it is being moved.
const FAST_FORWARDS: u32 = 5;
/// After so many failures in a row no more is deleted.
const FAILURES: NonZeroU16 = NonZeroU16::new(10).unwrap();

impl Icechunk {
    /// The snapshot of a version that the repository has.
    pub(super) async fn snapshot(&self, version: &Version) -> Result<SnapshotId> {
        let missing = || self.missing(format!("version {version}"));
        let id = version.0.as_str().try_into().map_err(|_| missing())?;
        match self.inner.lookup_snapshot(&id).await {
            Ok(_) => Ok(id),
            Err(_) => Err(missing()),
        }
    }

    /// Whether a snapshot is among the ancestors of another.
    async fn comes_of(&self, id: &SnapshotId, ancestor: &SnapshotId) -> Result<bool> {
        let doing = Doing::new("read the history", &self.shown);
        let commits = self
            .inner
            .ancestry(&Wanted::SnapshotId(id.clone()))
            .await
            .map_err(|error| doing.failed(error.kind))?;
        let mut commits = std::pin::pin!(commits);
        while let Some(commit) = commits.next().await {
            if commit.map_err(|error| doing.failed(error.kind))?.id == *ancestor {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn check_writable(&self, operation: &'static str) -> Result<()> {
        if self.read_only {
            return Err(Error::ReadOnly { operation, store: self.shown.to_string() });
        }
        Ok(())
    }

    fn missing(&self, key: String) -> Error {
        Error::NotFound { key, store: self.shown.to_string() }
    }

    fn failed(&self, operation: &'static str, named: String, error: RepositoryError) -> Error {
        match error.kind {
            RepositoryErrorKind::Ref(RefErrorKind::RefNotFound(_)) => self.missing(named),
            RepositoryErrorKind::Ref(RefErrorKind::TagAlreadyExists(_)) => {
                Error::AlreadyExists { key: named, store: self.shown.to_string() }
            }
            kind => Doing::new(operation, &self.shown).key(&named).failed(kind),
        }
    }
}

fn is_conflict(error: &RepositoryError) -> bool {
    matches!(
        error.kind,
        RepositoryErrorKind::Conflict { .. }
            | RepositoryErrorKind::Ref(RefErrorKind::Conflict { .. })
    )
}

#[async_trait]
impl Versions for Icechunk {
    async fn branches(&self) -> Result<Vec<String>> {
        match self.inner.list_branches().await {
            Ok(names) => Ok(names.into_iter().collect()),
            Err(error) => Err(self.failed("list", "branches".to_owned(), error)),
        }
    }

    async fn branch(&self, name: &str) -> Result<Version> {
        match self.inner.lookup_branch(name).await {
            Ok(id) => Ok(Version(id.to_string())),
            Err(error) => Err(self.failed("look up", format!("branch {name}"), error)),
        }
    }

    async fn create_branch(&self, name: &str, version: &Version) -> Result<()> {
        self.check_writable("create a branch")?;
        let (id, named) = (self.snapshot(version).await?, format!("branch {name}"));
        if self.branches().await?.iter().any(|branch| branch == name) {
            return Err(Error::AlreadyExists { key: named, store: self.shown.to_string() });
        }
        match self.inner.create_branch(name, &id).await {
            Ok(()) => Ok(()),
            // done all the same, when only the answer was lost
            Err(_) if self.branch(name).await.is_ok_and(|made| made == *version) => Ok(()),
            Err(error) => Err(self.failed("create", named, error)),
        }
    }

    async fn fast_forward(&self, name: &str, version: &Version) -> Result<()> {
        self.check_writable("move a branch")?;
        let named = format!("branch {name}");
        let id = self.snapshot(version).await?;
        for _ in 0..FAST_FORWARDS {
            let tip = match self.inner.lookup_branch(name).await {
                Ok(tip) => tip,
                Err(error) => return Err(self.failed("look up", named, error)),
            };
            if tip == id {
                return Ok(());
            }
            if !self.comes_of(&id, &tip).await? {
                break;
            }
            match self.inner.reset_branch(name, &id, Some(&tip)).await {
                Ok(()) => return Ok(()),
                Err(error) if is_conflict(&error) => {}
                // perhaps only the answer was lost
                Err(error) => match self.inner.lookup_branch(name).await {
                    Ok(tip) if tip == id => return Ok(()),
                    _ => return Err(self.failed("move", named, error)),
                },
            }
        }
        let conflict = format!("{named} has moved on, and version {version} does not come of it");
        Err(Error::Conflict { store: self.shown.to_string(), conflict })
    }

    async fn delete_branch(&self, name: &str) -> Result<()> {
        self.check_writable("delete a branch")?;
        self.branch(name).await?;
        match self.inner.delete_branch(name).await {
            Ok(()) => Ok(()),
            Err(_) if is_missing(&self.branch(name).await) => Ok(()),
            Err(error) => Err(self.failed("delete", format!("branch {name}"), error)),
        }
    }

    async fn begin_on(&self, branch: &str) -> Result<Box<dyn Session>> {
        self.check_writable("begin a session")?;
        match self.inner.writable_session(branch).await {
            Ok(session) => {
                let repository = std::sync::Arc::clone(&self.inner);
                let chunks = self.chunks.clone();
                Ok(Box::new(IcechunkSession::new(repository, session, self.name(), chunks)))
            }
            Err(error) => Err(self.failed("begin a session on", format!("branch {branch}"), error)),
        }
    }

    async fn tags(&self) -> Result<Vec<String>> {
        match self.inner.list_tags().await {
            Ok(names) => Ok(names.into_iter().collect()),
            Err(error) => Err(self.failed("list", "tags".to_owned(), error)),
        }
    }

    async fn tag(&self, name: &str) -> Result<Version> {
        match self.inner.lookup_tag(name).await {
            Ok(id) => Ok(Version(id.to_string())),
            Err(error) => Err(self.failed("look up", format!("tag {name}"), error)),
        }
    }

    async fn create_tag(&self, name: &str, version: &Version) -> Result<()> {
        self.check_writable("create a tag")?;
        let (id, named) = (self.snapshot(version).await?, format!("tag {name}"));
        if self.tag(name).await.is_ok() {
            return Err(Error::AlreadyExists { key: named, store: self.shown.to_string() });
        }
        match self.inner.create_tag(name, &id).await {
            Ok(()) => Ok(()),
            Err(_) if self.tag(name).await.is_ok_and(|made| made == *version) => Ok(()),
            Err(error) => Err(self.failed("create", named, error)),
        }
    }

    async fn delete_tag(&self, name: &str) -> Result<()> {
        self.check_writable("delete a tag")?;
        self.tag(name).await?;
        match self.inner.delete_tag(name).await {
            Ok(()) => Ok(()),
            Err(_) if is_missing(&self.tag(name).await) => Ok(()),
            Err(error) => Err(self.failed("delete", format!("tag {name}"), error)),
        }
    }

    async fn expire(&self, before: SystemTime) -> Result<Vec<Version>> {
        self.check_writable("expire versions")?;
        let expired = expire(
            std::sync::Arc::clone(self.inner.asset_manager()),
            before.into(),
            ExpiredRefAction::Ignore,
            ExpiredRefAction::Ignore,
            None,
            self.inner.config().num_updates_per_repo_info_file(),
        );
        match expired.await {
            Ok(expired) => Ok(expired
                .released_snapshots
                .into_iter()
                .map(|id| Version(id.to_string()))
                .collect()),
            Err(error) => Err(Doing::new("expire versions of", &self.shown).failed(error)),
        }
    }

    async fn collect_garbage(&self, before: SystemTime) -> Result<Collected> {
        self.check_writable("collect garbage")?;
        let before = before.into();
        let config = GCConfig::clean_all(
            before,
            before,
            None,
            REQUESTS,
            MANIFEST_BYTES,
            MANIFEST_BYTES,
            REQUESTS,
            REQUESTS,
            FAILURES,
            None,
            false,
        );
        let collected = garbage_collect(
            std::sync::Arc::clone(self.inner.asset_manager()),
            &config,
            None,
            self.inner.config().num_updates_per_repo_info_file(),
        );
        match collected.await {
            Ok(done) => Ok(Collected {
                bytes: done.bytes_deleted,
                chunks: done.chunks_deleted,
                versions: done.snapshots_deleted,
                metadata: done.manifests_deleted
                    + done.attributes_deleted
                    + done.transaction_logs_deleted,
                failed: done.objects_failed_to_delete,
            }),
            Err(error) => Err(Doing::new("collect garbage of", &self.shown).failed(error)),
        }
    }
}

fn is_missing(found: &Result<Version>) -> bool {
    matches!(found, Err(Error::NotFound { .. }))
}
