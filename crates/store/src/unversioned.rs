//! A plain store as a repository with one version, `live`.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;

use crate::wrappers::{Dirty, Prefixed, ReadOnly};
use crate::{Capability, Error, Prefix, Repository, Result, Session, Store, Version, VersionInfo};

/// A plain store as a repository: sessions write straight through, the only version is `live`, and
/// there is no history.
#[derive(Clone)]
pub struct Unversioned<S> {
    store: Arc<S>,
}

impl<S: Store> Unversioned<S> {
    /// The repository over `store`.
    pub fn new(store: S) -> Self {
        Self { store: Arc::new(store) }
    }
}

#[async_trait]
impl<S: Store> Repository for Unversioned<S> {
    fn capability(&self) -> Capability {
        self.store.capability()
    }

    async fn begin(&self) -> Result<Box<dyn Session>> {
        if !self.store.capability().writes {
            return Err(Error::ReadOnly {
                operation: "begin a session",
                store: format!("{:?}", self.store),
            });
        }
        Ok(Box::new(Through { store: Dirty::new(Arc::clone(&self.store)) }))
    }

    async fn latest(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(ReadOnly::new(Arc::clone(&self.store))))
    }

    async fn at(&self, version: &Version) -> Result<Arc<dyn Store>> {
        if *version == live() {
            return self.latest().await;
        }
        Err(Error::NotFound {
            key: format!("version {version}"),
            store: format!("{:?}, which keeps no versions but `live`", self.store),
        })
    }

    async fn history(&self, _limit: usize) -> Result<Vec<VersionInfo>> {
        Ok(Vec::new())
    }

    fn aside(&self, folder: &Prefix) -> Option<Arc<dyn Store>> {
        let Capability { writes, deletes, atomic_create, .. } = self.store.capability();
        (writes && deletes && atomic_create).then(|| -> Arc<dyn Store> {
            Arc::new(Prefixed::new(Arc::clone(&self.store), folder.clone()))
        })
    }
}

impl<S: Debug> Debug for Unversioned<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.store, f)
    }
}

#[derive(Debug)]
struct Through<S> {
    store: Dirty<Arc<S>>,
}

#[async_trait]
impl<S: Store> Session for Through<S> {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn is_dirty(&self) -> bool {
        self.store.is_dirty()
    }

    async fn commit(self: Box<Self>, _message: &str) -> Result<Version> {
        Ok(live())
    }
}

pub(crate) fn live() -> Version {
    Version("live".to_owned())
}
