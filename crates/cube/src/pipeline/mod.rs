//! The engine of a fill: bounded stages from download to commit; the only place that spawns tasks.

mod ahead;
mod assets;
mod compose;
mod download;
mod located;
mod render;
mod spool;
pub(crate) mod stage;
mod stall;
mod summarize;
mod write;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::StreamExt;
use terracube_store::ZarrArray;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use tracing::{Instrument, Span};

use crate::claims::{Claims, Others};
use crate::ledger::Origin;
use crate::plan::Job;
use crate::{Cube, Error, Event, FillOptions, Patch, Plan, Provenance, Report, Result};
use ahead::{Blocks, Planned};
use assets::Assets;
use download::Reads;
use render::Rendered;
use summarize::Unsummarized;

/// Begins a fill.
pub(crate) fn spawn(
    cube: Cube,
    plan: Arc<Plan>,
    options: FillOptions,
    events: mpsc::Sender<Event>,
) -> JoinHandle<Result<Report>> {
    tokio::spawn(run(cube, plan, options, events))
}

/// Patches that lost a race against another process are planned and done again, so often.
const ROUNDS: usize = 8;
/// One permit of the memory budget, in bytes.
const PERMIT: u64 = 4096;

async fn run(
    cube: Cube,
    plan: Arc<Plan>,
    options: FillOptions,
    events: mpsc::Sender<Event>,
) -> Result<Report> {
    let began = Instant::now();
    let mut report = Report::default();
    emit(&events, Event::Started { patches: plan.jobs.len(), bytes_estimate: plan.bytes }).await;
    let before = cube.source().map(|b| b.access.stats()).unwrap_or_default();
    summarize::reopen(&cube, &plan.reopened).await?;
    let mut summary = Unsummarized::new(plan.unsummarized.clone());
    let claims = Claims::new(&cube, options.lease);
    let filled = tokio::select! {
        filled = rounds(&cube, plan, &options, &events, &claims, &mut report, &mut summary) => filled,
        never = claims.renew() => match never {},
    };
    claims.close().await;
    filled?;
    report.versions.extend(summary.save(&cube).await);
    let after = cube.source().map(|b| b.access.stats()).unwrap_or_default();
    report.bytes_read = after.bytes_received.saturating_sub(before.bytes_received);
    report.requests = after.requests.saturating_sub(before.requests);
    report.stopped = options.stop.is_stopped();
    report.duration = began.elapsed();
    Ok(report)
}

/// Fills the plan, in rounds: what was lost to others is planned and done again, and what others
/// are at is waited for.
async fn rounds(
    cube: &Cube,
    mut plan: Arc<Plan>,
    options: &FillOptions,
    events: &mpsc::Sender<Event>,
    claims: &Claims,
    report: &mut Report,
    summary: &mut Unsummarized,
) -> Result<()> {
    let (mut lost, mut waiting) = (Vec::new(), Vec::new());
    let (mut conflicts, mut is_told) = (0, false);
    loop {
        if !plan.jobs.is_empty() {
            is_told = false;
            let (conflicted, deferred) =
                round(cube, &plan, options, events, claims, report, summary).await?;
            conflicts += usize::from(!conflicted.is_empty());
            lost = conflicted;
            waiting.extend(deferred);
        }
        if lost.is_empty() && waiting.is_empty() {
            return Ok(());
        }
        let again = if options.stop.is_stopped() || conflicts == ROUNDS {
            None
        } else if lost.is_empty() {
            if !std::mem::replace(&mut is_told, true) {
                emit(events, Event::Waiting { patches: waiting.len() }).await;
            }
            tokio::select! {
                biased;
                () = options.stop.stopped() => None,
                freed = claims.freed(&mut waiting) => Some(freed),
            }
        } else {
            Some(std::mem::take(&mut lost))
        };
        let Some(again) = again else {
            report.left += lost.len() + waiting.len();
            return Ok(());
        };
        plan = Arc::new(cube.plan_of(&again, plan.want).await?);
        elsewhere(again.len() - plan.jobs.len(), events, report).await;
    }
}

/// Counts patches that other fills have done.
async fn elsewhere(patches: usize, events: &mpsc::Sender<Event>, report: &mut Report) {
    if patches > 0 {
        report.elsewhere += patches;
        emit(events, Event::Elsewhere { patches }).await;
    }
}

/// What a round works with.
struct Round {
    cube: Cube,
    plan: Arc<Plan>,
    assets: Assets,
    arrays: Vec<ZarrArray>,
    memory: Arc<Semaphore>,
    permits: u32,
    /// Patches side by side in a strip.
    side: u32,
    /// Bytes of blocks that are read ahead.
    ahead: u64,
    stop: crate::Stop,
}

/// One patch on its way to the writer, with its share of the memory budget.
struct Parcel {
    rendered: Rendered,
    provenance: Provenance,
    memory: Option<OwnedSemaphorePermit>,
    /// Its way through the stages.
    span: Span,
    /// Ends when the writer has time for it.
    waiting: Span,
}

/// Fills the plan once; gives the patches whose commit another process forestalled, and those that
/// others are at.
async fn round(
    cube: &Cube,
    plan: &Arc<Plan>,
    options: &FillOptions,
    events: &mpsc::Sender<Event>,
    claims: &Claims,
    report: &mut Report,
    summary: &mut Unsummarized,
) -> Result<(Vec<Patch>, Vec<Patch>)> {
    let Some(bound) = cube.source().cloned() else {
        let (cube, missing) = (cube.schema().name.clone(), plan.jobs.len());
        return Err(Error::NoSource { cube, missing });
    };
    if !cube.repository().capability().writes {
        // It says why, before anything is downloaded.
        cube.repository().begin().await?;
    }
    let store = cube.latest().await?;
    // A quarter of the budget keeps blocks that neighbouring patches share, another those that are
    // read ahead.
    let cache = options.memory / 4;
    let ahead = options.memory / 4;
    let rest = options.memory - cache - ahead;
    let permits = u32::try_from((rest / PERMIT).max(1)).unwrap_or(u32::MAX);
    let permits = permits.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
    let round = Arc::new(Round {
        cube: cube.clone(),
        plan: plan.clone(),
        assets: Assets::new(bound.clone(), cache, options.spool),
        arrays: cube.arrays(&store).await?,
        memory: Arc::new(Semaphore::new(permits as usize)),
        permits,
        side: side(cube, cache),
        ahead,
        stop: options.stop.clone(),
    });
    let (sender, receiver) = mpsc::channel(4);
    let (access, claimed) = (bound.access, claims.clone());
    let writer = write::Writer::new(cube.clone(), options.clone(), events.clone(), access, claimed);
    let writer = tokio::spawn(writer.run(receiver));
    feed(&round, options, events, claims, sender).await;
    let written = writer.await.map_err(|_| Error::Lost { stage: "write" })??;
    let Others { deferred, settled } = claims.others();
    elsewhere(settled.len(), events, report).await;
    let done = written.done.iter().chain(&written.conflicted).chain(&deferred).chain(&settled);
    let done: HashSet<_> = done.copied().collect();
    report.left += plan.jobs.iter().filter(|job| !done.contains(&job.patch)).count();
    report.filled += written.filled;
    report.empty += written.empty;
    report.failed.extend(written.failed);
    report.bytes_stored += written.bytes;
    report.versions.extend(written.versions);
    summary.add(written.settled);
    Ok((written.conflicted, deferred))
}

/// Runs the patches, several at once, and hands each to the writer as it is ready.
async fn feed(
    round: &Arc<Round>,
    options: &FillOptions,
    events: &mpsc::Sender<Event>,
    claims: &Claims,
    sender: mpsc::Sender<Parcel>,
) {
    let jobs = by_neighbourhood(&round.plan.jobs, round.side);
    let jobs = claims.jobs(rows(jobs, round.side), round.plan.want, options.patches_in_flight);
    let mut parcels = ahead::planned(round.clone(), jobs, round.ahead)
        .map(|planned| Spawned(tokio::spawn(patch(round.clone(), planned))))
        .buffer_unordered(options.patches_in_flight.max(1))
        .boxed();
    loop {
        let parcel = tokio::select! {
            biased;
            () = options.stop.stopped() => {
                emit(events, Event::Stopping).await;
                return;
            }
            parcel = parcels.next() => parcel,
        };
        match parcel {
            Some(Ok(Some(parcel))) => {
                // A writer that has ended reports its error itself.
                if sender.send(parcel).await.is_err() {
                    return;
                }
            }
            Some(_) => {}
            None => return,
        }
    }
}

/// The jobs in an order that keeps neighbours together: row by row in strips so narrow that the
/// blocks which a row shares with the next are still kept when that needs them.
fn by_neighbourhood(jobs: &[Job], side: u32) -> Vec<Job> {
    let mut jobs = jobs.to_vec();
    jobs.sort_by_key(|Job { patch, .. }| (patch.time, patch.col / side, patch.row, patch.col));
    jobs
}

/// Patches of a group, at most.
const GROUP: usize = 64;

/// The jobs of a row of a strip, or part of it, together.
fn rows(jobs: Vec<Job>, side: u32) -> Vec<Vec<Job>> {
    let place = |job: &Job| (job.patch.time, job.patch.row, job.patch.col / side);
    let rows = jobs.chunk_by(|a, b| place(a) == place(b));
    rows.flat_map(|row| row.chunks(GROUP)).map(<[Job]>::to_vec).collect()
}

/// Patches of which half of a cache keeps a row, at least 8.
fn side(cube: &Cube, cache: u64) -> u32 {
    let [rows, cols] = cube.patches().shape();
    let bands = cube.schema().bands.iter();
    let pixel: u64 = bands.map(|band| band.dtype.size() as u64).sum();
    let patch = (rows * cols) as u64 * pixel;
    u32::try_from(cache / 2 / patch.max(1)).unwrap_or(u32::MAX).max(8)
}

/// Downloads and renders one patch; `None` when stopped on the way.
async fn patch(round: Arc<Round>, planned: Planned) -> Option<Parcel> {
    tokio::select! {
        biased;
        () = round.stop.stopped() => None,
        parcel = whole_patch(&round, planned) => Some(parcel),
    }
}

async fn whole_patch(round: &Arc<Round>, planned: Planned) -> Parcel {
    let Planned { job, reads, span, blocks } = planned;
    let mut provenance = Provenance {
        granules: round
            .plan
            .granules_of(&job)
            .map(|granule| Origin::of(granule, &round.cube.schema().bands))
            .collect(),
        filled_at: now(),
        tool: crate::create::tool(),
        ..Provenance::default()
    };
    let mut memory = None;
    let rendered = match reads {
        Ok(reads) => try_patch(round, job, reads, blocks, &mut memory, &span).await,
        Err(error) => Err(error),
    };
    let rendered = match rendered {
        Ok(rendered) => rendered,
        Err(error) => {
            provenance.reason = Some(reason(&error));
            Rendered::failed(job.patch)
        }
    };
    provenance.stored = rendered.stored();
    Parcel { rendered, provenance, memory, waiting: stage::waits_for_writer(&span), span }
}

async fn try_patch(
    round: &Arc<Round>,
    job: Job,
    reads: Reads,
    blocks: Arc<Blocks>,
    memory: &mut Option<OwnedSemaphorePermit>,
    span: &Span,
) -> Result<Rendered> {
    let (needed, limit) = (reads.composed(round), u64::from(round.permits) * PERMIT);
    if needed > limit {
        return Err(Error::Composite { patch: job.patch, needed, limit });
    }
    let cost = reads.cost(round) / PERMIT;
    let permits = u32::try_from(cost).unwrap_or(u32::MAX).clamp(1, round.permits);
    let permit = round.memory.clone().acquire_many_owned(permits);
    let permit = permit.instrument(stage::waits_for_memory(span)).await;
    *memory = Some(permit.map_err(|_| Error::Lost { stage: "admission" })?);
    let fetched = reads.fetch().instrument(stage::download(span)).await?;
    let (sender, receiver) = oneshot::channel();
    let round = round.clone();
    let (waiting, span) = (stage::waits_for_cpu(span), span.clone());
    rayon::spawn(move || {
        drop(waiting);
        let rendered = stage::render(&span)
            .in_scope(|| render::patch(&round.cube, &round.arrays, job.patch, fetched));
        // Until here what neighbours share was kept.
        drop(blocks);
        // The receiver is gone when the fill was stopped.
        let _ = sender.send(rendered);
    });
    receiver.await.map_err(|_| Error::Lost { stage: "render" })?
}

/// What blocks, off the runtime's own threads; `None` when it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// A task that ends when nobody waits for it any more.
struct Spawned<T>(JoinHandle<T>);

impl<T> Future for Spawned<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An error with its causes, on one line.
fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.contains(&line) {
            text += &format!(": {line}");
        }
        cause = inner.source();
    }
    text.replace('\n', " ")
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// Sends an event; nobody listening is fine.
async fn emit(events: &mpsc::Sender<Event>, event: Event) {
    let _ = events.send(event).await;
}
