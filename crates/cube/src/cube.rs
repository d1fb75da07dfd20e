//! The cube: declared once, filled on demand, read as a window.

use std::fmt;
use std::sync::Arc;

use terracube_grid::{GeoBox, TimeStep};
use terracube_source::{Access, Source};
use terracube_store::{Error as StoreError, Repository, Store, Version, ZarrArray};

use crate::ledger::Ledger;
use crate::{Error, PatchGrid, Result, Schema, create};

/// A cube in a repository. Cheap to clone; clones share everything.
///
/// A cube that has a source bound with [`with_source`](Self::with_source) can be filled; without
/// one it can be planned as far as nothing is missing, loaded and looked at.
#[derive(Clone)]
pub struct Cube {
    inner: Arc<Inner>,
}

struct Inner {
    repository: Arc<dyn Repository>,
    schema: Schema,
    geobox: GeoBox,
    steps: Vec<TimeStep>,
    patches: PatchGrid,
    source: Option<BoundSource>,
}

/// A source and the way to reach it.
#[derive(Debug, Clone)]
pub(crate) struct BoundSource {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) access: Access,
}

impl Cube {
    /// Declares a cube in an empty repository.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is a cube; [`Error::Schema`] for a declaration that makes no
    /// sense; [`StoreError::Unsupported`] for a repository that is written once, as a ZIP archive;
    /// what the store says.
    pub async fn create(repository: Arc<dyn Repository>, schema: &Schema) -> Result<Self> {
        schema.check_times()?;
        schema.check()?;
        if let Some(found) = create::read_schema(&repository.latest().await?).await? {
            return Err(Error::Exists { cube: found.name });
        }
        if repository.capability().written_once {
            let operation = "take a new cube: it is written once, and a cube with every fill; \
                             create it elsewhere and copy it there when it is filled";
            return Err(
                StoreError::Unsupported { operation, store: format!("{repository:?}") }.into()
            );
        }
        let session = repository.begin().await?;
        let store = session.store();
        create::clean(&store).await?;
        create::write(&store, schema).await?;
        session.commit(&format!("create cube {}", schema.name)).await?;
        Self::over(repository, schema.clone())
    }

    /// Opens the cube of a repository.
    ///
    /// # Errors
    /// [`Error::NotACube`] when there is none; what the store says.
    pub async fn open(repository: Arc<dyn Repository>) -> Result<Self> {
        match create::read_schema(&repository.latest().await?).await? {
            Some(schema) => Self::over(repository, schema),
            None => {
                Err(Error::NotACube { reason: "the store is empty: create the cube first".into() })
            }
        }
    }

    /// Opens the cube of a repository, which must be declared as `schema` says, or creates it.
    ///
    /// # Errors
    /// [`Error::Differs`] listing the differences; else as [`create`](Self::create).
    pub async fn open_or_create(repository: Arc<dyn Repository>, schema: &Schema) -> Result<Self> {
        let Some(found) = create::read_schema(&repository.latest().await?).await? else {
            return Self::create(repository, schema).await;
        };
        let differences = found.differences(schema);
        if !differences.is_empty() {
            return Err(Error::Differs { differences });
        }
        Self::over(repository, found)
    }

    /// Binds the source that the cube is filled from.
    #[must_use]
    pub fn with_source(self, source: Arc<dyn Source>, access: Access) -> Self {
        let inner = &self.inner;
        Self {
            inner: Arc::new(Inner {
                repository: inner.repository.clone(),
                schema: inner.schema.clone(),
                geobox: inner.geobox.clone(),
                steps: inner.steps.clone(),
                patches: inner.patches.clone(),
                source: Some(BoundSource { source, access }),
            }),
        }
    }

    /// The declaration.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.inner.schema
    }

    /// The grid.
    #[must_use]
    pub fn geobox(&self) -> &GeoBox {
        &self.inner.geobox
    }

    /// The time steps; empty for a cube without time.
    #[must_use]
    pub fn steps(&self) -> &[TimeStep] {
        &self.inner.steps
    }

    /// How the cube is cut into patches.
    #[must_use]
    pub fn patches(&self) -> &PatchGrid {
        &self.inner.patches
    }

    /// The repository the cube is in.
    #[must_use]
    pub fn repository(&self) -> &Arc<dyn Repository> {
        &self.inner.repository
    }

    /// The newest version of the repository.
    ///
    /// # Errors
    /// What the store says.
    pub async fn version(&self) -> Result<Option<Version>> {
        Ok(self.inner.repository.history(1).await?.into_iter().next().map(|info| info.version))
    }

    /// Ends the use of the cube. Nothing is pending: what was acknowledged is committed.
    #[expect(clippy::unused_async, reason = "the seam stays when a backend has something to flush")]
    pub async fn close(self) {}

    pub(crate) fn source(&self) -> Option<&BoundSource> {
        self.inner.source.as_ref()
    }

    pub(crate) async fn latest(&self) -> Result<Arc<dyn Store>> {
        Ok(self.inner.repository.latest().await?)
    }

    pub(crate) async fn ledger(&self) -> Result<Ledger> {
        Ledger::open(self.latest().await?).await
    }

    /// The arrays of all bands, in the declaration's order.
    pub(crate) async fn arrays(&self, store: &Arc<dyn Store>) -> Result<Vec<ZarrArray>> {
        let mut arrays = Vec::with_capacity(self.inner.schema.bands.len());
        for band in &self.inner.schema.bands {
            arrays.push(ZarrArray::open(store.clone(), &band.name).await?);
        }
        Ok(arrays)
    }

    fn over(repository: Arc<dyn Repository>, schema: Schema) -> Result<Self> {
        let geobox = schema.geobox()?;
        let steps = create::steps(&schema)?;
        let count = if schema.time.is_some() { steps.len() } else { 1 };
        let patches = PatchGrid::new(geobox.clone(), count, schema.patch_shape());
        let inner = Inner { repository, schema, geobox, steps, patches, source: None };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for Cube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cube")
            .field("name", &self.inner.schema.name)
            .field("repository", &self.inner.repository)
            .finish_non_exhaustive()
    }
}
