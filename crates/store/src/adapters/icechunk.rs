//! Versioned repositories: Icechunk in memory, in local directories and in buckets.

mod chunks;
mod failure;
mod local;
mod session;
mod store;
mod versions;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ::icechunk::config::{
    CachingConfig, ManifestConfig, ManifestPreloadCondition, ManifestPreloadConfig,
    ManifestSplittingConfig,
};
use ::icechunk::format::format_constants::SpecVersionBin;
use ::icechunk::repository::VersionInfo as Wanted;
use ::icechunk::storage::{RetriesSettings, Settings};
use ::icechunk::{Repository as Inner, RepositoryConfig, Storage};
use async_trait::async_trait;
use futures::TryStreamExt;
use tokio::sync::RwLock;

use self::chunks::Chunks;
use self::failure::Doing;
use self::local::LocalStorage;
use self::store::SessionStore;
use crate::wrappers::Prefixed;
use crate::{
    Capability, Directory, Error, IcechunkSpec, OpenOptions, Prefix, Repository, Result, Session,
    Store, Version, VersionInfo, Versions,
};

/// The branch that sessions are begun on.
const BRANCH: &str = "main";
/// Chunks of fewer bytes lie in the manifest.
const INLINE_BYTES: u16 = 512;
/// A manifest covers at most so many chunks along each axis.
const MANIFEST_CHUNKS: u32 = 32;
/// So many chunk references are kept in memory, those of small chunks with their bytes: some 200 bytes each.
const CACHED_REFERENCES: u64 = 200_000;

/// An Icechunk repository.
pub(crate) struct Icechunk {
    inner: Arc<Inner>,
    shown: Arc<str>,
    chunks: Option<Chunks>,
    objects: Option<Arc<dyn Store>>,
    read_only: bool,
}

/// Where an Icechunk repository is kept.
pub(crate) struct Place {
    storage: Arc<dyn Storage + Send + Sync>,
    shown: String,
    chunks: Option<Chunks>,
    /// Its objects as a plain store.
    objects: Option<Arc<dyn Store>>,
    /// How often it is tried again where the storage's own ways do not suffice.
    retries: Option<RetriesSettings>,
}

impl Place {
    pub(crate) async fn memory() -> Result<Self> {
        let shown = "memory:".to_owned();
        match ::icechunk::new_in_memory_storage().await {
            Ok(storage) => Ok(Self { storage, shown, chunks: None, objects: None, retries: None }),
            Err(error) => Err(Doing::new("open", &shown).failed(error.kind)),
        }
    }

    pub(crate) fn directory(path: &Path, fsync: bool) -> Result<Self> {
        let directory = Directory::new(path)?;
        let chunks = Some(Chunks::new(Arc::new(directory.clone())));
        let objects: Option<Arc<dyn Store>> = Some(Arc::new(directory.clone()));
        let storage = Arc::new(LocalStorage::new(directory, fsync));
        let shown = path.display().to_string();
        Ok(Self { storage, shown, chunks, objects, retries: None })
    }

    #[cfg(feature = "s3")]
    pub(crate) async fn bucket(location: &super::object::Location<'_>) -> Result<Self> {
        let shown = location.to_string();
        let plain = location.patient_store()?;
        let chunks = Some(Chunks::new(Arc::new(plain.clone())));
        let objects: Option<Arc<dyn Store>> = Some(Arc::new(plain));
        let retries = Some(location.icechunk_patience());
        let storage = location.icechunk_storage().await;
        match storage {
            Ok(storage) => Ok(Self { storage, shown, chunks, objects, retries }),
            Err(error) => Err(Doing::new("open", &shown).failed(error.kind)),
        }
    }

    /// Asked before all else: the storage keeps the settings of its first request.
    pub(crate) async fn exists(&self) -> Result<bool> {
        let doing = Doing::new("look for a repository", &self.shown);
        let settings = match self.storage.default_settings().await {
            Ok(settings) => Settings { retries: self.retries.or(settings.retries), ..settings },
            Err(error) => return Err(doing.failed(error.kind)),
        };
        Inner::exists(Arc::clone(&self.storage), Some(settings))
            .await
            .map_err(|error| doing.failed(error.kind))
    }

    pub(crate) async fn open(self, options: &OpenOptions) -> Result<Icechunk> {
        if !self.exists().await? {
            let key = "an Icechunk repository".to_owned();
            return Err(Error::NotFound { key, store: self.shown });
        }
        let config = RepositoryConfig {
            caching: Some(caching()),
            manifest: Some(without_preload()),
            ..RepositoryConfig::default()
        };
        let storage = Arc::clone(&self.storage);
        match Inner::open(storage).config(config).execute().await {
            Ok(inner) => Ok(Icechunk::new(inner, self, options.read_only)),
            Err(error) => Err(Doing::new("open", &self.shown).failed(error.kind)),
        }
    }

    pub(crate) async fn create(self, options: &OpenOptions) -> Result<Icechunk> {
        if self.exists().await? {
            let key = "an Icechunk repository".to_owned();
            return Err(Error::AlreadyExists { key, store: self.shown });
        }
        let config = RepositoryConfig {
            caching: Some(caching()),
            inline_chunk_threshold_bytes: Some(INLINE_BYTES),
            manifest: Some(ManifestConfig {
                splitting: Some(ManifestSplittingConfig::with_size(MANIFEST_CHUNKS)),
                ..ManifestConfig::default()
            }),
            ..RepositoryConfig::default()
        };
        let version = match options.icechunk_spec {
            IcechunkSpec::V1 => SpecVersionBin::V1,
            IcechunkSpec::V2 => SpecVersionBin::V2,
        };
        let storage = Arc::clone(&self.storage);
        match Inner::create(storage).config(config).spec_version(version).execute().await {
            Ok(inner) => {
                // What is written down with the repository is for all who read it, this is for us.
                let config = RepositoryConfig {
                    manifest: Some(without_preload()),
                    ..RepositoryConfig::default()
                };
                match inner.reopen(Some(config), None).await {
                    Ok(inner) => Ok(Icechunk::new(inner, self, options.read_only)),
                    Err(error) => Err(Doing::new("open", &self.shown).failed(error.kind)),
                }
            }
            Err(error) => {
                let failed = Doing::new("create", &self.shown).failed(error.kind);
                self.made_without_answer(options).await.ok_or(failed)
            }
        }
    }

    /// The repository whose creation was done though its answer was lost: there was none before,
    /// and nothing has been committed to it.
    async fn made_without_answer(self, options: &OpenOptions) -> Option<Icechunk> {
        let made = self.open(options).await.ok()?;
        (made.history(2).await.ok()?.len() == 1).then_some(made)
    }
}

impl Icechunk {
    fn new(inner: Inner, place: Place, read_only: bool) -> Self {
        let Place { shown, chunks, objects, .. } = place;
        Self { inner: Arc::new(inner), shown: shown.into(), chunks, objects, read_only }
    }

    fn name(&self) -> Arc<str> {
        Arc::clone(&self.shown)
    }

    async fn view(&self, wanted: &Wanted) -> Result<Arc<dyn Store>> {
        match self.inner.readonly_session(wanted).await {
            Ok(session) => {
                let version = Some(session.snapshot_id().to_string());
                let session = Arc::new(RwLock::new(session));
                let chunks = self.chunks.clone();
                Ok(Arc::new(SessionStore::new(session, self.name(), chunks, version)))
            }
            Err(error) => Err(Doing::new("open a version", &self.shown).failed(error.kind)),
        }
    }
}

#[async_trait]
impl Repository for Icechunk {
    fn capability(&self) -> Capability {
        let read_only = Capability { versions: true, ..Capability::read_only() };
        if self.read_only { read_only } else { store::WRITABLE }
    }

    async fn begin(&self) -> Result<Box<dyn Session>> {
        self.begin_on(BRANCH).await
    }

    async fn latest(&self) -> Result<Arc<dyn Store>> {
        self.view(&Wanted::BranchTipRef(BRANCH.to_owned())).await
    }

    async fn at(&self, version: &Version) -> Result<Arc<dyn Store>> {
        self.view(&Wanted::SnapshotId(self.snapshot(version).await?)).await
    }

    fn format(&self) -> Option<String> {
        Some(match self.inner.spec_version() {
            SpecVersionBin::V1 => "Icechunk V1".to_owned(),
            SpecVersionBin::V2 => "Icechunk V2".to_owned(),
        })
    }

    fn versions(&self) -> Option<&dyn Versions> {
        Some(self)
    }

    fn aside(&self, folder: &Prefix) -> Option<Arc<dyn Store>> {
        let objects = self.objects.clone().filter(|_| !self.read_only)?;
        Some(Arc::new(Prefixed::new(objects, folder.clone())))
    }

    async fn history(&self, limit: usize) -> Result<Vec<VersionInfo>> {
        use futures::StreamExt;
        let doing = Doing::new("read the history", &self.shown);
        let branch = Wanted::BranchTipRef(BRANCH.to_owned());
        let commits =
            self.inner.ancestry(&branch).await.map_err(|error| doing.failed(error.kind))?;
        commits
            .take(limit)
            .map_ok(|commit| VersionInfo {
                version: Version(commit.id.to_string()),
                message: commit.message,
                committed_at: commit.flushed_at.timestamp(),
            })
            .try_collect()
            .await
            .map_err(|error| doing.failed(error.kind))
    }
}

impl fmt::Debug for Icechunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// By default every session looks whether it should fetch the references of coordinates in advance,
/// and compiles six regular expressions to do so: half of the time of many small commits.
fn without_preload() -> ManifestConfig {
    let preload = ManifestPreloadConfig {
        preload_if: Some(ManifestPreloadCondition::False),
        ..ManifestPreloadConfig::default()
    };
    ManifestConfig { preload: Some(preload), ..ManifestConfig::default() }
}

fn caching() -> CachingConfig {
    CachingConfig { num_chunk_refs: Some(CACHED_REFERENCES), ..CachingConfig::default() }
}
