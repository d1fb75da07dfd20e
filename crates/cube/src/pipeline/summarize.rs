//! Keeping the summary: after a fill of many patches, and before empty ones are asked for again.

use terracube_store::{Error as StoreError, Session};

use crate::summary::{Settled, Summary};
use crate::{Cube, Error, Patch, PatchState, Result};

/// What is settled and not in the summary.
pub(super) struct Unsummarized {
    /// Settled by earlier fills, which were small or killed.
    before: Vec<(Patch, PatchState)>,
    now: Vec<Settled>,
}

/// Fewer are read one by one as fast, and are not worth a commit.
const WORTH_A_COMMIT: usize = 1024;
/// Another process may be at the summary too.
const ATTEMPTS: usize = 8;

impl Unsummarized {
    pub(super) fn new(before: Vec<(Patch, PatchState)>) -> Self {
        Self { before, now: Vec::new() }
    }

    pub(super) fn add(&mut self, settled: Vec<Settled>) {
        self.now.extend(settled);
    }

    /// Saves it in a commit of its own, which conflicts with no fill; gives the version. The fill
    /// is done whether this works or not: what is not in the summary is read from the ledger.
    pub(super) async fn save(self, cube: &Cube) -> Option<String> {
        if self.now.is_empty() || self.before.len() + self.now.len() < WORTH_A_COMMIT {
            return None;
        }
        self.try_save(cube).await.ok().flatten()
    }

    async fn try_save(mut self, cube: &Cube) -> Result<Option<String>> {
        let patches: Vec<_> = self.before.iter().map(|(patch, _)| *patch).collect();
        let sizes = cube.stored_bytes(&patches).await?;
        let before = self.before.into_iter().zip(sizes);
        self.now.extend(before.map(|((patch, state), size)| (patch, state, size)));
        let message = format!("summary of {} patches", self.now.len());
        change(cube, &message, Change::Add(&self.now)).await
    }
}

/// Takes patches out of the summary that it takes for empty, before they may be filled.
pub(super) async fn reopen(cube: &Cube, patches: &[Patch]) -> Result<()> {
    if !patches.is_empty() {
        let message = format!("ask again for {} empty patches", patches.len());
        change(cube, &message, Change::Forget(patches)).await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Add(&'a [Settled]),
    Forget(&'a [Patch]),
}

async fn change(cube: &Cube, message: &str, change: Change<'_>) -> Result<Option<String>> {
    let mut attempt = 1;
    loop {
        let session: Box<dyn Session> = cube.repository().begin().await?;
        let Some(summary) = Summary::open(session.store()).await? else { return Ok(None) };
        match change {
            Change::Add(settled) => summary.add(settled).await?,
            Change::Forget(patches) => summary.forget(patches).await?,
        }
        match session.commit(message).await {
            Ok(version) => return Ok(Some(version.to_string())),
            Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(Error::Store(error)),
        }
    }
}
