//! Reading ahead: patches side by side are planned together, and their blocks fetched before them.

use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use terracube_raster::{ReadAhead, WindowRef};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::{Instrument, Span};

use super::assets::OpenAsset;
use super::download::{self, Reads};
use super::{PERMIT, Round, Spawned, stage};
use crate::Result;
use crate::plan::Job;

/// A patch whose reads are known and on their way.
pub(super) struct Planned {
    pub(super) job: Job,
    pub(super) reads: Result<Reads>,
    pub(super) span: Span,
    pub(super) blocks: Arc<Blocks>,
}

/// The blocks that a group of patches reads. When the last of the patches lets go of them, so does
/// the cache, and their share of the budget is free.
pub(super) struct Blocks {
    _kept: Vec<ReadAhead>,
    _reading: Vec<Spawned<()>>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Groups that are planned and wait for their patches; the budget is what bounds them.
const GROUPS: usize = 4;
/// Patches planned at the same time.
const PLANS_AT_ONCE: usize = 16;
/// Groups that the budget has room for, at least, so that one is read while another is worked on.
const ROOM: u64 = 3;

/// Plans groups of jobs and reads ahead, as far as `budget` bytes of compressed blocks
/// allow. The groups are admitted in order: each waits only for those before it.
pub(super) fn planned(
    round: Arc<Round>,
    groups: BoxStream<'static, Vec<Job>>,
    budget: u64,
) -> impl Stream<Item = Planned> + Send {
    let (sender, receiver) = mpsc::channel(GROUPS);
    let reader = Spawned(tokio::spawn(run(round, groups, budget, sender)));
    stream::unfold((receiver, reader), |(mut receiver, reader)| async move {
        let group: Vec<Planned> = receiver.recv().await?;
        Some((stream::iter(group), (receiver, reader)))
    })
    .flatten()
}

async fn run(
    round: Arc<Round>,
    groups: BoxStream<'static, Vec<Job>>,
    budget: u64,
    sender: mpsc::Sender<Vec<Planned>>,
) {
    let permits = u32::try_from((budget / PERMIT).max(1)).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(permits as usize));
    let mut planned = groups.map(|jobs| plan(round.clone(), jobs)).buffered(2).boxed();
    while let Some(group) = planned.next().await {
        for group in split(group, budget / ROOM) {
            let wanted = wanted(&group);
            let share = u32::try_from(missing_bytes(&wanted).div_ceil(PERMIT))
                .unwrap_or(u32::MAX)
                .min(permits);
            // The semaphore is never closed.
            let permit = room.clone().acquire_many_owned(share).await.ok();
            let blocks = Arc::new(Blocks::new(wanted, permit));
            let hand =
                |Unread { job, reads, span }| Planned { job, reads, span, blocks: blocks.clone() };
            if sender.send(group.into_iter().map(hand).collect()).await.is_err() {
                return;
            }
        }
    }
}

/// A patch whose reads are known.
struct Unread {
    job: Job,
    reads: Result<Reads>,
    span: Span,
}

async fn plan(round: Arc<Round>, jobs: Vec<Job>) -> Vec<Unread> {
    stream::iter(jobs)
        .map(|job| {
            let round = round.clone();
            async move {
                let span = stage::patch(job.patch);
                let headers = stage::headers(&span);
                let reads = download::plan(&round, &job).instrument(headers).await;
                Unread { job, reads, span }
            }
        })
        .buffered(PLANS_AT_ONCE)
        .collect()
        .await
}

/// The group in parts that read at most so many bytes, as far as single patches do.
fn split(mut group: Vec<Unread>, most: u64) -> Vec<Vec<Unread>> {
    if group.len() < 2 || missing_bytes(&wanted(&group)) <= most {
        return vec![group];
    }
    let second = group.split_off(group.len() / 2);
    let mut parts = split(group, most);
    parts.extend(split(second, most));
    parts
}

/// The windows of each file that a group reads, and whose file it is.
type Wanted = Vec<(Arc<OpenAsset>, Vec<WindowRef>, (String, String))>;

fn wanted(group: &[Unread]) -> Wanted {
    let mut wanted: Wanted = Vec::new();
    for read in group.iter().filter_map(|unread| unread.reads.as_ref().ok()).flat_map(Reads::all) {
        match wanted.iter_mut().find(|(asset, ..)| Arc::ptr_eq(asset, &read.asset)) {
            Some((_, windows, _)) => windows.push(read.window()),
            None => {
                let whose = (read.granule.clone(), read.host.clone());
                wanted.push((read.asset.clone(), vec![read.window()], whose));
            }
        }
    }
    wanted
}

/// Bytes of the blocks that would be read now.
fn missing_bytes(wanted: &Wanted) -> u64 {
    let missing = |(asset, windows, _): &(Arc<OpenAsset>, Vec<WindowRef>, _)| {
        asset.raster.as_cog().map_or(0, |cog| cog.missing_bytes(windows))
    };
    wanted.iter().map(missing).sum()
}

impl Blocks {
    /// Begins to read.
    fn new(wanted: Wanted, permit: Option<OwnedSemaphorePermit>) -> Self {
        let (mut kept, mut reading) = (Vec::new(), Vec::new());
        for (asset, windows, (granule, host)) in wanted {
            // A file on disk is read when it is needed.
            let Some(cog) = asset.raster.as_cog() else { continue };
            let mut ahead = cog.read_ahead(&windows);
            if ahead.bytes() > 0 {
                let span = stage::read(&granule, &host, ahead.bytes());
                reading.push(Spawned(tokio::spawn(ahead.run().instrument(span))));
            }
            kept.push(ahead);
        }
        Self { _kept: kept, _reading: reading, _permit: permit }
    }
}
