//! A repository with commits that a copy writes to: in one commit, or in parts on a branch.

use std::sync::Arc;

use crate::{Error, Repository, Result, Session, Store, Version, Versions};

/// The branch that a copy is for.
const MAIN: &str = "main";

/// A repository with commits that a copy writes to.
pub(super) struct Target {
    repository: Arc<dyn Repository>,
    session: Option<Box<dyn Session>>,
    /// The branch of the copy, when it is committed in parts.
    branch: Option<String>,
    message: String,
}

impl Target {
    /// Begins on the branch `name` when it is there, on a new one of that name unless the copy is
    /// small, else on the main one.
    pub(super) async fn begin(
        repository: &Arc<dyn Repository>,
        name: Option<String>,
        is_small: bool,
        message: &str,
    ) -> Result<Self> {
        let repository = Arc::clone(repository);
        let branch = match (repository.versions(), name) {
            (Some(versions), Some(name)) => {
                if versions.branches().await?.contains(&name) {
                    Some(name)
                } else if is_small {
                    None
                } else {
                    versions.create_branch(&name, &versions.branch(MAIN).await?).await?;
                    Some(name)
                }
            }
            _ => None,
        };
        let message = message.to_owned();
        let mut target = Self { repository, session: None, branch, message };
        target.session = Some(target.next_session().await?);
        Ok(target)
    }

    /// The store to write through, until the next commit.
    pub(super) fn store(&self) -> Result<Arc<dyn Store>> {
        self.session.as_ref().map(|session| session.store()).ok_or_else(|| self.ended())
    }

    pub(super) fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Commits what was written since, on the branch of the copy.
    pub(super) async fn commit_part(&mut self) -> Result<Version> {
        let version = self.commit(&format!("{} (a part)", self.message)).await?;
        self.session = Some(self.next_session().await?);
        Ok(version)
    }

    /// Keeps what was written on the branch of the copy, and names it. Without one it is lost.
    pub(super) async fn keep(&mut self) -> Result<Option<String>> {
        let is_dirty = self.session.as_ref().is_some_and(|session| session.is_dirty());
        if self.branch.is_some() && is_dirty {
            self.commit(&format!("{} (a part)", self.message)).await?;
        }
        Ok(self.branch.clone())
    }

    /// Commits the rest, and moves the main branch on.
    ///
    /// # Errors
    /// [`Error::Conflict`] when others committed to it in a way that this does not go with.
    pub(super) async fn publish(&mut self) -> Result<Version> {
        let version = self.commit(&self.message.clone()).await?;
        let (Some(branch), Ok(versions)) = (&self.branch, self.versions()) else {
            return Ok(version);
        };
        versions.fast_forward(MAIN, &version).await?;
        // all is where it belongs: a branch too many is no failure
        let _ = versions.delete_branch(branch).await;
        Ok(version)
    }

    /// The newest version of the branch of the copy, and its name.
    pub(super) async fn tip(&self) -> Result<(Version, String)> {
        let branch = self.branch.clone().ok_or_else(|| self.ended())?;
        Ok((self.versions()?.branch(&branch).await?, branch))
    }

    /// Deletes the branch of the copy, whose content is elsewhere by now.
    pub(super) async fn forget_branch(&self) {
        if let (Some(branch), Ok(versions)) = (&self.branch, self.versions()) {
            // it is found again by the next copy
            let _ = versions.delete_branch(branch).await;
        }
    }

    async fn commit(&mut self, message: &str) -> Result<Version> {
        let session = self.session.take().ok_or_else(|| self.ended())?;
        session.commit(message).await
    }

    async fn next_session(&self) -> Result<Box<dyn Session>> {
        match &self.branch {
            Some(branch) => self.versions()?.begin_on(branch).await,
            None => self.repository.begin().await,
        }
    }

    fn versions(&self) -> Result<&dyn Versions> {
        self.repository.versions().ok_or_else(|| self.ended())
    }

    fn ended(&self) -> Error {
        let store = format!("{:?}", self.repository);
        Error::Unsupported { operation: "go on with a copy after its last commit", store }
    }
}
