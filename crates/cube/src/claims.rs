//! Claims: which fill works on which patches, so that several fills of one cube share the work.

mod blocks;
mod lease;
mod place;
mod process;
mod queue;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, future};
use terracube_store::Prefix;

use crate::ledger::LEDGER;
use crate::plan::Job;
use crate::{Cube, Patch, Want};
use blocks::{Block, Blocks};
use place::Place;
use queue::Queue;

/// The claims of one fill. Clones are the same.
///
/// They only save work: a patch that two fills work on all the same is right, and is lost by none.
/// A claim is taken just before its patches are worked on and given back when they are committed,
/// so nobody who waits for others holds one.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    /// `None` goes without.
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
struct Inner {
    cube: Cube,
    place: Place,
    length: Duration,
    held: Mutex<HashMap<Block, Held>>,
    others: Mutex<Others>,
}

/// A claim that is ours.
#[derive(Debug)]
struct Held {
    generation: u32,
    /// Patches of the block that are still to be committed.
    open: HashSet<Patch>,
}

/// Patches of a round that were not this fill's to do.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Another fill is at them.
    pub(crate) deferred: Vec<Patch>,
    /// Another fill has settled them since they were planned.
    pub(crate) settled: Vec<Patch>,
}

/// The first and the longest pause between two looks at what others do.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

impl Claims {
    /// The claims of a fill that others believe in for `lease` after its last sign of life. Without
    /// one, and where the repository has no place for them, it goes without.
    pub(crate) fn new(cube: &Cube, lease: Option<Duration>) -> Self {
        let length = lease.filter(|lease| !lease.is_zero());
        let inner = length.and_then(|length| {
            let folder = Prefix::new(format!("{LEDGER}/claims")).ok()?;
            let store = cube.repository().aside(&folder)?;
            let place = Place::new(store, Blocks::of(cube.patches().counts()), length);
            let (held, others) = (Mutex::default(), Mutex::default());
            Some(Arc::new(Inner { cube: cube.clone(), place, length, held, others }))
        });
        Self { inner }
    }

    /// The jobs that are ours to do, in their groups and order, each claimed before it is given.
    /// At most so many are claimed ahead, rounded up to groups and blocks. What others do is in
    /// [`others`](Self::others).
    pub(crate) fn jobs(
        &self,
        groups: Vec<Vec<Job>>,
        want: Want,
        ahead: usize,
    ) -> BoxStream<'static, Vec<Job>> {
        let Some(inner) = self.inner.clone() else { return stream::iter(groups).boxed() };
        let queue = Queue::new(inner, groups, want, ahead);
        stream::unfold(queue, |mut queue| async {
            let groups = queue.next().await?;
            Some((stream::iter(groups), queue))
        })
        .flatten()
        .boxed()
    }

    /// What was left to others since the last call.
    pub(crate) fn others(&self) -> Others {
        self.inner.as_ref().map(|inner| std::mem::take(&mut *inner.others())).unwrap_or_default()
    }

    /// Gives back the claims of which no patch is left to do, now that these are committed or lost.
    pub(crate) async fn done(&self, patches: impl Iterator<Item = Patch>) {
        let Some(inner) = &self.inner else { return };
        let mut free = Vec::new();
        {
            let mut held = inner.held();
            for patch in patches {
                let block = inner.place.blocks().block(patch);
                let Some(claim) = held.get_mut(&block) else { continue };
                claim.open.remove(&patch);
                if claim.open.is_empty() {
                    free.extend(held.remove(&block).map(|claim| (block, claim.generation)));
                }
            }
        }
        inner.place.release(&free).await;
    }

    /// Waits until nobody holds some of these patches any more, and takes those out.
    pub(crate) async fn freed(&self, waiting: &mut Vec<Patch>) -> Vec<Patch> {
        let Some(inner) = &self.inner else { return std::mem::take(waiting) };
        let block = |patch: &Patch| inner.place.blocks().block(*patch);
        let blocks: HashSet<Block> = waiting.iter().map(block).collect();
        let [mut pause, longest] = PAUSES;
        loop {
            // Where claims cannot be read they hold nobody off.
            let Ok(free) = inner.place.free(&blocks).await else { return std::mem::take(waiting) };
            if !free.is_empty() {
                return waiting.extract_if(.., |patch| free.contains(&block(patch))).collect();
            }
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (2 * pause).min(longest);
        }
    }

    /// Shows life as long as there are claims. Never ends.
    pub(crate) async fn renew(&self) -> Infallible {
        let Some(inner) = &self.inner else { return future::pending().await };
        loop {
            tokio::time::sleep(inner.length / 4).await;
            if !inner.held().is_empty() {
                inner.place.beat().await;
            }
        }
    }

    /// Gives everything back, and clears away what others left who are gone.
    pub(crate) async fn close(&self) {
        let Some(inner) = &self.inner else { return };
        let held = std::mem::take(&mut *inner.held());
        let held: Vec<_> =
            held.into_iter().map(|(block, claim)| (block, claim.generation)).collect();
        inner.place.release(&held).await;
        inner.place.clear().await;
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, HashMap<Block, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
