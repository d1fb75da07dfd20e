//! The rules tried on a repository that is in use, without changing what it holds.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::{Rule, Trial, Verdict};
use crate::wrappers::Prefixed;
use crate::{Capability, Error, Key, Prefix, Repository, Result, Session, Store, StoreExt};

/// Names in a store that does not list, one of which a Zarr hierarchy has at its root.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata"];
/// So many keys are looked at for one whose value is neither empty nor large.
const CANDIDATES: usize = 100;
/// Values of more bytes are read only when there are no others.
const LARGE: u64 = 1 << 20;

/// The rules tried on a repository that is in use.
///
/// Where writes become visible by a commit, every rule has a session that is never committed.
/// Where values can be written and deleted, every rule has a folder of its own, which is removed
/// after it. Elsewhere values that are there are read, and writes and deletes must be refused.
#[derive(Debug)]
pub struct Check {
    repository: Arc<dyn Repository>,
    means: Means,
    scratch: Prefix,
}

#[derive(Debug)]
enum Means {
    Sessions,
    /// Folders below `scratch` of the session's store, which writes through.
    Folders(Box<dyn Session>),
    Value(Trial),
}

/// What trying a rule gave.
#[derive(Debug)]
pub enum Outcome {
    /// The store keeps the rule.
    Kept,
    /// The rule does not apply to what the store declares, or cannot be tried without harm.
    NotApplicable,
    /// The rule is broken, or could not be tried: why.
    Broken(Error),
}

impl Check {
    /// A check of a repository. `key` names a value to read where nothing can be written and
    /// deleted; unless given, one is looked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no value to read; what the store says.
    pub async fn of(repository: Arc<dyn Repository>, key: Option<Key>) -> Result<Self> {
        let scratch = Prefix::new(format!(".check-terracube-{:016x}", rand::random::<u64>()))?;
        let capability = repository.capability();
        let means = if capability.writes && capability.atomic_commit {
            Means::Sessions
        } else if capability.writes && capability.deletes {
            Means::Folders(repository.begin().await?)
        } else {
            let store = repository.latest().await?;
            let key = match key {
                Some(key) => key,
                None => value_in(&store).await?,
            };
            Means::Value(Trial::on_value(store, key, scratch.join("zarr.json")?).await?)
        };
        Ok(Self { repository, means, scratch })
    }

    /// What the repository can do.
    #[must_use]
    pub fn capability(&self) -> Capability {
        self.repository.capability()
    }

    /// The folder that rules write below, empty before and after; `None` where the repository
    /// shows nothing of what they write.
    #[must_use]
    pub fn folder(&self) -> Option<&Prefix> {
        matches!(self.means, Means::Folders(_)).then_some(&self.scratch)
    }

    /// The key whose value is read; `None` where rules write their own.
    #[must_use]
    pub fn value(&self) -> Option<&Key> {
        match &self.means {
            Means::Value(trial) => Some(trial.present().0),
            _ => None,
        }
    }

    /// Tries a rule, and removes what it wrote.
    pub async fn run(&self, rule: &Rule) -> Outcome {
        match self.tried(rule).await {
            Ok(Verdict::Kept) => Outcome::Kept,
            Ok(Verdict::NotApplicable) => Outcome::NotApplicable,
            Err(error) => Outcome::Broken(error),
        }
    }

    /// Removes what is left of a rule whose run was given up.
    ///
    /// # Errors
    /// What the store says.
    pub async fn clean(&self) -> Result<()> {
        match &self.means {
            Means::Folders(session) => session.store().delete_dir(&self.scratch).await,
            _ => Ok(()),
        }
    }

    async fn tried(&self, rule: &Rule) -> Result<Verdict> {
        let own = self.scratch.append(&Prefix::new(rule.name())?);
        match &self.means {
            Means::Value(trial) => rule.run(trial).await,
            Means::Sessions => {
                let session = self.repository.begin().await?;
                rule.run(&Trial::new(Prefixed::new(session.store(), own))).await
            }
            Means::Folders(session) => {
                let store = session.store();
                let tried = rule.run(&Trial::new(Prefixed::new(Arc::clone(&store), own))).await;
                // why a rule is broken matters more than why its folder cannot be removed
                let cleaned = store.delete_dir(&self.scratch).await;
                tried.and_then(|verdict| cleaned.map(|()| verdict))
            }
        }
    }
}

async fn value_in(store: &Arc<dyn Store>) -> Result<Key> {
    let mut found = Vec::new();
    if store.capability().listing {
        let sizes = store.sizes(&Prefix::root()).take(CANDIDATES);
        found = sizes.map_ok(|(key, stat)| (stat.size, key)).try_collect().await?;
    } else {
        for name in DOCUMENTS {
            let key = Key::new(name)?;
            if let Some(size) = store.size(&key).await? {
                found.push((size, key));
            }
        }
    }
    found.retain(|(size, _)| *size > 0);
    let fit = found.iter().find(|(size, _)| *size <= LARGE).or_else(|| found.iter().min());
    fit.map(|(_, key)| key.clone()).ok_or_else(|| Error::NotFound {
        key: "a value to read".to_owned(),
        store: format!("{store:?}"),
    })
}
