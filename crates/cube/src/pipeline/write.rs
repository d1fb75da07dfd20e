//! The writer: encoded chunks into a session, the ledger beside them, a commit for each batch.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use terracube_source::Access;
use terracube_store::{Error as StoreError, Session, ZarrArray};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{Parcel, emit, stage, stall};
use crate::claims::Claims;
use crate::ledger::Ledger;
use crate::patch::PatchGrid;
use crate::report::Failure;
use crate::summary::Settled;
use crate::{Cube, Error, Event, FillOptions, Patch, PatchState, Provenance, Result};

/// What the writer did.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) done: Vec<Patch>,
    /// Those of `done` that are filled or empty.
    pub(super) settled: Vec<Settled>,
    pub(super) conflicted: Vec<Patch>,
    pub(super) filled: usize,
    pub(super) empty: usize,
    pub(super) failed: Vec<Failure>,
    pub(super) bytes: u64,
    pub(super) versions: Vec<String>,
}

/// Writes parcels as they come and commits in batches.
pub(super) struct Writer {
    cube: Cube,
    options: FillOptions,
    events: mpsc::Sender<Event>,
    access: Access,
    claims: Claims,
    written: Written,
    batch: Option<Batch>,
}

/// What is written but not yet committed.
struct Batch {
    session: Box<dyn Session>,
    arrays: Vec<ZarrArray>,
    ledger: Ledger,
    entries: Vec<Entry>,
    bytes: u64,
    due: Instant,
}

struct Entry {
    patch: Patch,
    state: PatchState,
    provenance: Provenance,
}

/// Small writes of a ledger at the same time.
const WRITES_AT_ONCE: usize = 16;
/// Writes are tried again so often when the store says that it may help.
const ATTEMPTS: u32 = 5;

impl Writer {
    pub(super) fn new(
        cube: Cube,
        options: FillOptions,
        events: mpsc::Sender<Event>,
        access: Access,
        claims: Claims,
    ) -> Self {
        Self { cube, options, events, access, claims, written: Written::default(), batch: None }
    }

    /// Runs until the parcels end, then commits what is left.
    pub(super) async fn run(mut self, mut parcels: mpsc::Receiver<Parcel>) -> Result<Written> {
        loop {
            let due = self.batch.as_ref().map(|b| b.due);
            let parcel = match due {
                Some(due) => timeout_at(due, parcels.recv()).await,
                None => Ok(parcels.recv().await),
            };
            match parcel {
                Ok(Some(parcel)) => {
                    let events = self.events.clone();
                    let written = stall::told(&events, "write", self.write(parcel)).await;
                    if let Err(error) = written {
                        // What was written whole before may still be saved; if not, the first
                        // error is the one that matters, and the ledger tells the truth anyway.
                        let _ = self.commit().await;
                        return Err(error);
                    }
                    if self.batch.as_ref().is_some_and(|b| b.is_full(&self.options)) {
                        self.commit().await?;
                    }
                }
                Ok(None) => {
                    self.commit().await?;
                    return Ok(self.written);
                }
                Err(_) => self.commit().await?,
            }
        }
    }

    async fn write(&mut self, parcel: Parcel) -> Result<()> {
        let Parcel { rendered, provenance, memory, span, waiting } = parcel;
        drop(waiting);
        let writing = stage::write(&span, rendered.stored());
        let chunk = PatchGrid::chunk(rendered.patch, self.cube.schema().time.is_some());
        let stored = rendered.stored();
        let batch = match self.batch.take() {
            Some(batch) => self.batch.insert(batch),
            None => {
                let batch = Batch::begin(&self.cube, self.options.commit_every).await?;
                self.batch.insert(batch)
            }
        };
        for (array, encoded) in batch.arrays.iter().zip(&rendered.chunks) {
            store_chunk(array, &chunk, encoded.as_ref()).instrument(writing.clone()).await?;
        }
        drop((writing, memory));
        batch.bytes += stored;
        let (patch, state) = (rendered.patch, rendered.state);
        let bytes_read = self.access.stats().bytes_received;
        let event = match state {
            PatchState::Failed => {
                let reason = provenance.reason.clone().unwrap_or_default();
                Event::Failed { patch, reason }
            }
            PatchState::Empty => Event::Empty { patch },
            _ => Event::Filled { patch, stored, bytes_read },
        };
        batch.entries.push(Entry { patch, state, provenance });
        emit(&self.events, event).await;
        Ok(())
    }

    /// Marks the batch in the ledger and publishes it. The marks come after the pixels, so that a
    /// kill in a store without atomic commits leaves patches missing, never filled and wrong.
    async fn commit(&mut self) -> Result<()> {
        let Some(batch) = self.batch.take() else { return Ok(()) };
        let span = stage::commit(batch.entries.len());
        let events = self.events.clone();
        stall::told(&events, "commit", self.publish(batch).instrument(span)).await
    }

    async fn publish(&mut self, batch: Batch) -> Result<()> {
        let patches = batch.entries.len();
        let marks: Vec<_> = batch.entries.iter().map(|e| mark(&batch.ledger, e)).collect();
        stream::iter(marks).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
        let message = format!("fill {patches} patches");
        let committed = batch.session.commit(&message).await;
        if matches!(committed, Ok(_) | Err(StoreError::Conflict { .. })) {
            self.claims.done(batch.entries.iter().map(|entry| entry.patch)).await;
        }
        match committed {
            Ok(version) => {
                let version = version.to_string();
                self.written.versions.push(version.clone());
                self.settle(batch.entries);
                emit(&self.events, Event::Committed { patches, version }).await;
                Ok(())
            }
            Err(StoreError::Conflict { .. }) => {
                self.written.conflicted.extend(batch.entries.iter().map(|e| e.patch));
                emit(&self.events, Event::Conflict { patches }).await;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn settle(&mut self, entries: Vec<Entry>) {
        for Entry { patch, state, provenance } in entries {
            self.written.done.push(patch);
            self.written.bytes += provenance.stored;
            if state.is_settled() {
                self.written.settled.push((patch, state, provenance.stored));
            }
            match state {
                PatchState::Failed => {
                    let reason = provenance.reason.unwrap_or_default();
                    self.written.failed.push(Failure { patch, reason });
                }
                PatchState::Empty => self.written.empty += 1,
                _ => self.written.filled += 1,
            }
        }
    }
}

impl Batch {
    async fn begin(cube: &Cube, wait: Duration) -> Result<Self> {
        let session = cube.repository().begin().await?;
        let store = session.store();
        let arrays = cube.arrays(&store).await?;
        let ledger = Ledger::open(store).await?;
        let due = Instant::now() + wait;
        Ok(Self { session, arrays, ledger, entries: Vec::new(), bytes: 0, due })
    }

    fn is_full(&self, options: &FillOptions) -> bool {
        self.entries.len() >= options.commit_patches || self.bytes >= options.commit_bytes
    }
}

async fn store_chunk(array: &ZarrArray, chunk: &[u64], encoded: Option<&Bytes>) -> Result<()> {
    let mut retry = Retry::default();
    loop {
        match array.write_encoded(chunk, encoded.cloned()).await {
            Err(error) if retry.helps(&error).await => {}
            result => return Ok(result?),
        }
    }
}

async fn mark(ledger: &Ledger, entry: &Entry) -> Result<()> {
    let mut retry = Retry::default();
    loop {
        match ledger.set(entry.patch, entry.state, &entry.provenance).await {
            Err(Error::Store(error)) if retry.helps(&error).await => {}
            result => return result,
        }
    }
}

/// Writes are tried again, after growing waits, while the store says that it may help.
#[derive(Default)]
struct Retry {
    attempts: u32,
}

impl Retry {
    async fn helps(&mut self, error: &StoreError) -> bool {
        if !error.is_transient() || self.attempts == ATTEMPTS {
            return false;
        }
        self.attempts += 1;
        tokio::time::sleep(Duration::from_millis(50 << self.attempts)).await;
        true
    }
}
