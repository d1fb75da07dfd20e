//! Copying what is below a prefix of one store to another.

mod document;
#[cfg(feature = "zarr")]
mod hierarchy;
mod keys;
mod options;
mod report;
mod run;
mod target;
mod transfer;

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

pub use self::options::{CopyOptions, Verify};
pub use self::report::{CopyEvent, CopyFailure, CopyReport, Tally};
use self::run::{Ended, Run};
use self::target::Target;
use self::transfer::Transfer;
use crate::wrappers::{Prefixed, Retry};
use crate::{Error, Prefix, Repository, Result, Store, StoreExt, StorePath, Unversioned};

/// Ends when a copy is to stop.
type Stop = Shared<BoxFuture<'static, ()>>;

/// A copy of what is below a path of one store to a path of another.
///
/// - Values are copied at the same time, bounded in number and in bytes.
/// - What is at the target already, with the same size (see [`Verify`]), is left as it is: a copy
///   that was interrupted, or in which some keys failed, is completed by the same copy again. What
///   only the target has stays.
/// - Metadata documents are compared by what they say. A plain target gets them last, children
///   before their parents and consolidated metadata at the very end, and none above a key that
///   failed: what opens is whole.
/// - A target with commits gets one commit. A larger copy is committed in parts on a branch of its
///   own, to which the main branch is moved on at the end; the same copy goes on there.
/// - A source that does not list is copied by what its metadata names (feature `zarr`).
///
/// ```
/// # use std::sync::Arc;
/// # use terracube_store::{Copy, Key, Memory, Store, StorePath};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> terracube_store::Result<()> {
/// let (from, to) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
/// from.set(&Key::new("a/zarr.json")?, "{}".into()).await?;
/// let report = Copy::new(StorePath::new(from, "a")?, StorePath::new(to, "b")?).run(|_| {}).await?;
/// assert_eq!((report.copied.keys, report.copied.bytes), (1, 2));
/// # Ok(()) }
/// ```
#[must_use]
pub struct Copy {
    /// Where keys are looked for.
    listed: StorePath,
    /// Where values are read: elsewhere when what is copied is written a second time.
    from: StorePath,
    to: Arc<dyn Repository>,
    prefix: Prefix,
    options: CopyOptions,
    stop: Stop,
    /// Into one commit, however large.
    is_replay: bool,
}

impl Copy {
    /// From a path of one store to that of another.
    pub fn new(from: StorePath, to: StorePath) -> Self {
        let prefix = to.prefix().clone();
        let to = Arc::new(Unversioned::new(Arc::clone(to.store())));
        Self::within(from, to, prefix)
    }

    /// From a path of a store into a repository, below `prefix`.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] when the prefix is malformed.
    pub fn into_repository(from: StorePath, to: Arc<dyn Repository>, prefix: &str) -> Result<Self> {
        Ok(Self::within(from, to, Prefix::new(prefix)?))
    }

    /// How it works; unless said as [`CopyOptions::default`].
    pub fn with_options(mut self, options: CopyOptions) -> Self {
        self.options = options;
        self
    }

    /// Stops it when `stop` ends: nothing more is begun, what is under way is finished and kept.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = stop.boxed().shared();
        self
    }

    /// Copies, and says what it does.
    ///
    /// A key that fails is named in the report, and the others go on.
    ///
    /// # Errors
    /// When it cannot go on: the source cannot be listed, the target has no room or refuses
    /// writes, so many keys in a row fail that the rest would too. What was written is kept.
    /// [`Error::Location`] when one side lies in the other.
    pub async fn run(self, mut on: impl FnMut(CopyEvent) + Send) -> Result<CopyReport> {
        // one body for all closures
        self.run_dyn(&mut on).await
    }

    async fn run_dyn(self, on: &mut (dyn FnMut(CopyEvent) + Send)) -> Result<CopyReport> {
        let run = Run::new(self.options.requests, self.stop.clone(), on);
        if self.to.capability().atomic_commit {
            self.into_commits(run).await
        } else {
            self.into_values(run).await
        }
    }

    fn within(from: StorePath, to: Arc<dyn Repository>, prefix: Prefix) -> Self {
        let stop = futures::future::pending().boxed().shared();
        let (listed, options) = (from.clone(), CopyOptions::default());
        Self { listed, from, to, prefix, options, stop, is_replay: false }
    }

    /// To where writes are seen at once: values, then documents in order.
    async fn into_values(self, mut run: Run<'_>) -> Result<CopyReport> {
        let session = self.to.begin().await?;
        self.check_apart(&*session.store())?;
        let to = self.wrapped(session.store(), &self.prefix);
        let is_new = to.capability().listing && to.is_empty(&Prefix::root()).await?;
        let transfer = Transfer::new(self.source(), to, &self.options, is_new);
        let mut documents = Vec::new();
        let mut keys = self.keys();
        let ended = run.values(&transfer, &mut keys, u64::MAX, u64::MAX, &mut documents).await?;
        if ended != Ended::Stopped {
            run.documents_in_order(&transfer, documents).await?;
        }
        session.commit(&self.options.message).await?;
        Ok(run.report)
    }

    /// To where writes are seen by a commit: documents, which values need there, then values.
    async fn into_commits(self, mut run: Run<'_>) -> Result<CopyReport> {
        let survey = keys::survey(self.keys()).await?;
        let is_small = survey.is_within(self.options.commit_keys, self.options.commit_bytes);
        let name = if self.is_replay { None } else { self.branch_name() };
        let mut target = Target::begin(&self.to, name, is_small, &self.options.message).await?;
        let written = self.write_to(&mut run, &mut target, survey.documents).await;
        if let Err(error) = written {
            // why it ended matters more than whether the rest was kept
            run.report.branch = target.keep().await.ok().flatten();
            return Err(error);
        }
        if !run.report.is_whole() {
            run.report.branch = target.keep().await?;
            return Ok(run.report);
        }
        match target.publish().await {
            Ok(version) => run.published(version),
            Err(Error::Conflict { .. }) if target.branch().is_some() => {
                self.replay(&mut run, target).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(run.report)
    }

    async fn write_to(
        &self,
        run: &mut Run<'_>,
        target: &mut Target,
        documents: Vec<transfer::Wanted>,
    ) -> Result<()> {
        let (mut keys, mut documents) = (self.keys(), Some(documents));
        loop {
            let to = self.wrapped(target.store()?, &self.prefix);
            let transfer = Transfer::new(self.source(), to, &self.options, false);
            if let Some(documents) = documents.take() {
                run.documents(&transfer, documents).await?;
            }
            let (most_keys, most_bytes) = match target.branch() {
                Some(_) => (self.options.commit_keys, self.options.commit_bytes),
                None => (u64::MAX, u64::MAX),
            };
            let ended =
                run.values(&transfer, &mut keys, most_keys, most_bytes, &mut Vec::new()).await?;
            if ended != Ended::Full {
                return Ok(());
            }
            let version = target.commit_part().await?;
            run.committed(version);
        }
    }

    /// Writes what is on the branch of the copy once more, upon what others committed.
    async fn replay(self, run: &mut Run<'_>, target: Target) -> Result<()> {
        run.replaying();
        let (tip, branch) = target.tip().await?;
        let options = CopyOptions { verify: Verify::Content, ..self.options };
        let from = StorePath::new(self.to.at(&tip).await?, self.prefix.as_str())?;
        let again = Self { from, options, is_replay: true, ..self };
        let mut silent = |_| {};
        let report = Box::pin(again.run_dyn(&mut silent)).await?;
        run.replayed(&report);
        match report.version {
            Some(version) => {
                target.forget_branch().await;
                run.published(version);
            }
            None => run.report.branch = Some(branch),
        }
        Ok(())
    }

    fn source(&self) -> Arc<dyn Store> {
        self.wrapped(Arc::clone(self.from.store()), self.from.prefix())
    }

    fn keys(&self) -> keys::Wanteds {
        keys::of(self.wrapped(Arc::clone(self.listed.store()), self.listed.prefix()))
    }

    /// What is below a prefix, tried again when that may help.
    fn wrapped(&self, store: Arc<dyn Store>, prefix: &Prefix) -> Arc<dyn Store> {
        let below = Prefixed::new(store, prefix.clone());
        Arc::new(Retry::new(below).with_attempts(self.options.attempts))
    }

    /// The branch for parts of this copy: the same for the same copy, another for any other.
    fn branch_name(&self) -> Option<String> {
        let from = identity(&**self.listed.store(), self.listed.prefix())?;
        let copy = format!("{from}\n{}", self.prefix);
        // FNV-1a: the same in every release
        let hash = copy.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Some(format!("terracube-copy-{hash:016x}"))
    }

    /// One side within the other would copy what it writes.
    fn check_apart(&self, to: &dyn Store) -> Result<()> {
        let from = identity(&**self.listed.store(), self.listed.prefix());
        let (Some(from), Some(to)) = (from, identity(to, &self.prefix)) else { return Ok(()) };
        let is_below = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_below(&from, &to) || is_below(&to, &from) {
            let reason = format!("it lies in {from}, or that in it: copy to another place");
            return Err(Error::Location { location: to, reason });
        }
        Ok(())
    }
}

impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copy of {:?} to {:?}/{}", self.listed, self.to, self.prefix)
    }
}

/// The place of a folder, whether it is read or written there.
fn identity(store: &dyn Store, prefix: &Prefix) -> Option<String> {
    let identity = store.identity()?;
    let place = identity.trim_end_matches(" (read-only)").trim_end_matches('/');
    Some(match prefix.as_str() {
        "" => place.to_owned(),
        prefix => format!("{place}/{prefix}"),
    })
}
