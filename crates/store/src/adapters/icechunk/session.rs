//! A session of an Icechunk repository, and how it is committed beside others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use icechunk::Repository;
use icechunk::conflicts::basic_solver::{BasicConflictSolver, VersionSelection};
use icechunk::format::snapshot::SnapshotProperties;
use icechunk::repository::VersionInfo as Wanted;
use icechunk::session::{Session as Inner, SessionError, SessionErrorKind};
use tokio::sync::RwLock;

use super::BRANCH;
use super::chunks::Chunks;
use super::failure::Doing;
use super::store::SessionStore;
use crate::backoff::Backoff;
use crate::wrappers::Dirty;
use crate::{Error, Result, Session, Store, Version};

/// So often a commit is tried when others commit at the same time.
const ATTEMPTS: u32 = 200;
/// So often a commit is tried again whose connection was cut.
const CUTS: u32 = 5;
/// The property of a commit that tells it from all others.
const COMMIT: &str = "terracube.commit";
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(10), longest: Duration::from_secs(2) };

pub(super) struct IcechunkSession {
    repository: Arc<Repository>,
    session: Arc<RwLock<Inner>>,
    store: Dirty<SessionStore>,
    shown: Arc<str>,
}

impl IcechunkSession {
    pub(super) fn new(
        repository: Arc<Repository>,
        session: Inner,
        shown: Arc<str>,
        chunks: Option<Chunks>,
    ) -> Self {
        let session = Arc::new(RwLock::new(session));
        let store = SessionStore::new(Arc::clone(&session), Arc::clone(&shown), chunks, None);
        Self { repository, session, store: Dirty::new(store), shown }
    }

    /// The commit with this token, of those since the session began or was rebased.
    async fn committed(&self, session: &Inner, token: &str) -> Result<Option<Version>> {
        let doing = Doing::new("find the commit", &self.shown);
        let branch = Wanted::BranchTipRef(session.branch().unwrap_or(BRANCH).to_owned());
        let commits =
            self.repository.ancestry(&branch).await.map_err(|error| doing.failed(error.kind))?;
        let mut commits = std::pin::pin!(commits);
        while let Some(commit) = commits.next().await {
            let commit = commit.map_err(|error| doing.failed(error.kind))?;
            if commit.id == *session.snapshot_id() {
                break;
            }
            if commit.metadata.get(COMMIT).and_then(|value| value.as_str()) == Some(token) {
                return Ok(Some(Version(commit.id.to_string())));
            }
        }
        Ok(None)
    }

    fn failed(&self, error: SessionError) -> Error {
        match error.kind {
            SessionErrorKind::RebaseFailed { conflicts, .. } => Error::Conflict {
                store: self.shown.to_string(),
                conflict: format!("{conflicts:?}"),
            },
            kind => Doing::new("commit", &self.shown).failed(kind),
        }
    }
}

#[async_trait]
impl Session for IcechunkSession {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn is_dirty(&self) -> bool {
        self.store.is_dirty()
    }

    async fn commit(self: Box<Self>, message: &str) -> Result<Version> {
        let _writing = self.store.inner().writing().await;
        let mut session = self.session.write().await;
        if !session.has_uncommitted_changes() {
            return Ok(Version(session.snapshot_id().to_string()));
        }
        // the default would silently keep ours
        let solver = BasicConflictSolver {
            on_chunk_conflict: VersionSelection::Fail,
            fail_on_delete_of_updated_array: true,
            fail_on_delete_of_updated_group: true,
        };
        let token = format!("{:032x}", rand::random::<u128>());
        let properties = SnapshotProperties::from([(COMMIT.to_owned(), token.as_str().into())]);
        let mut cuts = 0;
        for attempt in 0..ATTEMPTS {
            let commit = session.commit(message).properties(properties.clone()).execute().await;
            match commit {
                Ok(id) => return Ok(Version(id.to_string())),
                // its answer may have been lost: a conflict with itself is none
                Err(error) => match (self.committed(&session, &token).await, error) {
                    (Ok(Some(version)), _) => return Ok(version),
                    (Ok(None), error) if is_conflict(&error) => {}
                    // what Icechunk does not send again unless it knows that it was not done
                    (Ok(None), error) if cuts < CUTS && is_cut(&error) => cuts += 1,
                    (Err(unknown), error) if is_conflict(&error) => return Err(unknown),
                    (_, error) => return Err(self.failed(error)),
                },
            }
            tokio::time::sleep(BACKOFF.pause(attempt)).await;
            session.rebase(&solver).await.map_err(|error| self.failed(error))?;
        }
        Err(Error::Conflict {
            store: self.shown.to_string(),
            conflict: format!("others committed first, {ATTEMPTS} times in a row"),
        })
    }
}

impl fmt::Debug for IcechunkSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session of {}", self.shown)
    }
}

/// Whether the connection was cut before there was an answer.
fn is_cut(error: &SessionError) -> bool {
    #[cfg(feature = "_object")]
    {
        use std::error::Error as _;
        let mut next = error.kind.source();
        while let Some(cause) = next {
            if cause.is::<object_store::client::HttpError>() {
                return true;
            }
            next = cause.source();
        }
    }
    let _ = error;
    false
}

fn is_conflict(error: &SessionError) -> bool {
    matches!(error.kind, SessionErrorKind::Conflict { .. })
}
