//! A session of an Icechunk repository, and how it is committed beside others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use icechunk::conflicts::basic_solver::{BasicConflictSolver, VersionSelection};
use icechunk::session::{Session as Inner, SessionError, SessionErrorKind};
use tokio::sync::RwLock;

use super::failure::Doing;
use super::store::SessionStore;
use crate::backoff::Backoff;
use crate::wrappers::Dirty;
use crate::{Error, Result, Session, Store, Version};

/// So often a commit is tried when others commit at the same time.
const ATTEMPTS: u32 = 200;
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(10), longest: Duration::from_secs(2) };

pub(super) struct IcechunkSession {
    session: Arc<RwLock<Inner>>,
    store: Dirty<SessionStore>,
    shown: Arc<str>,
}

impl IcechunkSession {
    pub(super) fn new(session: Inner, shown: Arc<str>) -> Self {
        let session = Arc::new(RwLock::new(session));
        let store = SessionStore::new(Arc::clone(&session), Arc::clone(&shown), true);
        Self { session, store: Dirty::new(store), shown }
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
        for attempt in 0..ATTEMPTS {
            match session.commit(message).execute().await {
                Ok(id) => return Ok(Version(id.to_string())),
                Err(error) if matches!(error.kind, SessionErrorKind::Conflict { .. }) => {}
                Err(error) => return Err(self.failed(error)),
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
