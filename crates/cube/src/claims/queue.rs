//! The jobs of a round, claimed as they come up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::vec::IntoIter;

use super::blocks::Block;
use super::{Held, Inner};
use crate::plan::Job;
use crate::{Patch, PatchState, Request, Want};

/// The jobs of a round.
pub(super) struct Queue {
    inner: Arc<Inner>,
    groups: IntoIter<Vec<Job>>,
    /// The patches of blocks that were not looked at yet.
    blocks: HashMap<Block, Vec<Patch>>,
    theirs: HashSet<Block>,
    settled: HashSet<Patch>,
    want: Want,
    ahead: usize,
}

impl Queue {
    pub(super) fn new(inner: Arc<Inner>, groups: Vec<Vec<Job>>, want: Want, ahead: usize) -> Self {
        let mut blocks: HashMap<Block, Vec<Patch>> = HashMap::new();
        for Job { patch, .. } in groups.iter().flatten() {
            blocks.entry(inner.place.blocks().block(*patch)).or_default().push(*patch);
        }
        let (groups, ahead) = (groups.into_iter(), ahead.max(1));
        let (theirs, settled) = (HashSet::new(), HashSet::new());
        Self { inner, groups, blocks, theirs, settled, want, ahead }
    }

    /// The next jobs that are ours; `None` when there are no more.
    pub(super) async fn next(&mut self) -> Option<Vec<Vec<Job>>> {
        loop {
            let mut groups: Vec<Vec<Job>> = Vec::new();
            while groups.iter().map(Vec::len).sum::<usize>() < self.ahead
                && let Some(group) = self.groups.next()
            {
                groups.push(group);
            }
            if groups.is_empty() {
                return None;
            }
            let blocks = self.inner.place.blocks();
            let mut unseen = Vec::new();
            for job in groups.iter().flatten() {
                let block = blocks.block(job.patch);
                unseen.extend(self.blocks.remove(&block).map(|patches| (block, patches)));
            }
            if !unseen.is_empty() {
                self.claim(unseen).await;
            }
            for jobs in &mut groups {
                self.leave_to_others(jobs);
            }
            groups.retain(|jobs| !jobs.is_empty());
            if !groups.is_empty() {
                return Some(groups);
            }
        }
    }

    fn leave_to_others(&mut self, jobs: &mut Vec<Job>) {
        let blocks = self.inner.place.blocks();
        let theirs = jobs.extract_if(.., |job| self.theirs.contains(&blocks.block(job.patch)));
        self.inner.others().deferred.extend(theirs.map(|job| job.patch));
        let settled = jobs.extract_if(.., |job| self.settled.remove(&job.patch));
        self.inner.others().settled.extend(settled.map(|job| job.patch));
    }

    async fn claim(&mut self, unseen: Vec<(Block, Vec<Patch>)>) {
        let blocks: Vec<Block> = unseen.iter().map(|(block, _)| *block).collect();
        let claims = self.inner.place.claim(&blocks).await;
        let mut ours = Vec::new();
        for ((block, patches), claim) in unseen.into_iter().zip(claims) {
            match claim {
                Ok(Some(generation)) => ours.push((block, generation, patches)),
                Ok(None) => drop(self.theirs.insert(block)),
                // Where no claims can be made the work is done without.
                Err(_) => {}
            }
        }
        // Held from now on, so that they are given back whatever happens.
        for (block, generation, patches) in &ours {
            let open = patches.iter().copied().collect();
            self.inner.held().insert(*block, Held { generation: *generation, open });
        }
        self.look_again(&ours).await;
    }

    /// What another fill settled between the plan and our claim need not be done; after the claim
    /// nobody else does it.
    async fn look_again(&mut self, ours: &[(Block, u32, Vec<Patch>)]) {
        // What cannot be read is done: to do it twice is no harm.
        let Ok(ledger) = self.inner.cube.ledger().await else { return };
        for (_, _, patches) in ours {
            let [times, rows, cols] = Request::block(patches);
            let block = [times.clone(), rows.clone(), cols.clone()];
            let is_plain = self.inner.cube.repository().versions().is_none();
            let known = match is_plain && patches.len() > 2 * rows.len() * times.len() {
                true => ledger.look_by_rows(&block).await,
                false => ledger.look(&block).await,
            };
            let Ok(known) = known else { continue };
            let state = |patch: &Patch| {
                let row = (patch.time - times.start) as usize * rows.len()
                    + (patch.row - rows.start) as usize;
                known[row * cols.len() + (patch.col - cols.start) as usize].state
            };
            let settled: Vec<Patch> = patches
                .iter()
                .copied()
                .filter(|patch| match state(patch) {
                    PatchState::Empty => self.want != Want::AlsoEmpty,
                    state => state.is_settled(),
                })
                .collect();
            let claims = super::Claims { inner: Some(self.inner.clone()) };
            claims.done(settled.iter().copied()).await;
            self.settled.extend(settled);
        }
    }
}
