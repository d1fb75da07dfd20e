//! A copy under way: how many values at a time, and what became of each.

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, stream};

use super::document::{in_order, is_document, node};
use super::keys::Wanteds;
use super::transfer::{Moved, Transfer, Wanted};
use super::{CopyEvent, CopyFailure, CopyReport, Stop};
use crate::{Error, Key, Prefix, Result, Version};

/// So many failures are named; the rest is counted.
const NAMED: usize = 1000;
/// After so many failures in a row, and no success, the rest is not tried.
const IN_A_ROW: usize = 100;

/// A copy under way.
pub(super) struct Run<'a> {
    pub(super) report: CopyReport,
    requests: usize,
    stop: Stop,
    on: &'a mut (dyn FnMut(CopyEvent) + Send),
    failures_in_a_row: usize,
    is_stopping: bool,
    /// Written since the last commit.
    uncommitted: u64,
}

/// Why no more values are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    All,
    /// So many were written that they should be committed.
    Full,
    Stopped,
}

/// What happens to each key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Values,
    Documents,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        requests: usize,
        stop: Stop,
        on: &'a mut (dyn FnMut(CopyEvent) + Send),
    ) -> Self {
        let report = CopyReport::default();
        let requests = requests.max(1);
        let (failures_in_a_row, is_stopping, uncommitted) = (0, false, 0);
        Self { report, requests, stop, on, failures_in_a_row, is_stopping, uncommitted }
    }

    /// Copies the values of `keys` until there are no more, or so many were written. Documents are
    /// put into `documents` instead.
    pub(super) async fn values(
        &mut self,
        transfer: &Transfer,
        keys: &mut Wanteds,
        most_keys: u64,
        most_bytes: u64,
        documents: &mut Vec<Wanted>,
    ) -> Result<Ended> {
        let before = self.report.copied;
        let mut under_way = FuturesUnordered::new();
        let mut is_listed = false;
        loop {
            let written = self.report.copied;
            let is_full = written.keys - before.keys >= most_keys
                || written.bytes - before.bytes >= most_bytes;
            let is_closed = is_listed || is_full || self.is_stopping;
            if is_closed && under_way.is_empty() {
                self.report.stopped = self.is_stopping && !is_listed;
                return Ok(match (is_listed, self.is_stopping) {
                    (true, _) => Ended::All,
                    (_, true) => Ended::Stopped,
                    _ => Ended::Full,
                });
            }
            tokio::select! {
                biased;
                () = self.stop.clone(), if !self.is_stopping => self.stopping(),
                Some((wanted, moved)) = under_way.next() => self.settle(&wanted, moved)?,
                listed = keys.next(), if !is_closed && under_way.len() < self.requests => {
                    match listed.transpose()? {
                        None => is_listed = true,
                        Some(wanted) if is_document(&wanted.key) => documents.push(wanted),
                        Some(wanted) => under_way.push(moving(transfer, wanted, Kind::Values)),
                    }
                }
            }
        }
    }

    /// Copies documents without which nothing else can be: the first that fails ends it.
    pub(super) async fn documents(
        &mut self,
        transfer: &Transfer,
        documents: Vec<Wanted>,
    ) -> Result<()> {
        let moves = documents.into_iter().map(|wanted| moving(transfer, wanted, Kind::Documents));
        let mut moved = stream::iter(moves).buffer_unordered(self.requests);
        while let Some((wanted, moved)) = moved.next().await {
            let moved = Ok(moved?);
            self.settle(&wanted, moved)?;
        }
        Ok(())
    }

    /// Copies documents so that whoever finds one finds what it speaks of.
    pub(super) async fn documents_in_order(
        &mut self,
        transfer: &Transfer,
        documents: Vec<Wanted>,
    ) -> Result<()> {
        let is_listed = documents.iter().all(|wanted| wanted.is_listed);
        for group in in_order(documents.into_iter().map(|wanted| wanted.key).collect()) {
            if !self.is_stopping && self.stop.clone().now_or_never().is_some() {
                self.stopping();
            }
            if self.is_stopping {
                self.report.stopped = true;
                return Ok(());
            }
            let mut ready = Vec::new();
            for key in group {
                if self.is_whole_below(&node(&key)?) {
                    let wanted = Wanted { key, stat: None, is_listed };
                    ready.push(moving(transfer, wanted, Kind::Documents));
                } else {
                    self.report.held_back.push(key);
                }
            }
            let mut moved = stream::iter(ready).buffer_unordered(self.requests);
            while let Some((wanted, moved)) = moved.next().await {
                self.settle(&wanted, moved)?;
            }
        }
        Ok(())
    }

    pub(super) fn committed(&mut self, version: Version) {
        let keys = std::mem::take(&mut self.uncommitted);
        self.tell(CopyEvent::Committed { version, keys, published: false });
    }

    pub(super) fn published(&mut self, version: Version) {
        let keys = std::mem::take(&mut self.uncommitted);
        self.report.version = Some(version.clone());
        self.tell(CopyEvent::Committed { version, keys, published: true });
    }

    pub(super) fn replaying(&mut self) {
        self.tell(CopyEvent::Replaying);
    }

    /// What writing a second time could not do is not done.
    pub(super) fn replayed(&mut self, again: &CopyReport) {
        self.report.stopped |= again.stopped;
        self.report.failures += again.failures;
        self.report.failed.extend(again.failed.iter().cloned());
    }

    /// Counts and tells what became of a key.
    ///
    /// # Errors
    /// That of the key, when it will be that of all that follow.
    fn settle(&mut self, wanted: &Wanted, moved: Result<Moved>) -> Result<()> {
        let key = wanted.key.clone();
        match moved {
            Ok(Moved::Absent) => {}
            Ok(Moved::Copied(bytes)) => {
                self.report.copied.add(bytes);
                self.uncommitted += 1;
                self.tell(CopyEvent::Copied { key, bytes });
            }
            Ok(Moved::Skipped(bytes)) => {
                self.report.skipped.add(bytes);
                self.tell(CopyEvent::Skipped { key, bytes });
            }
            Err(error @ (Error::NoSpace { .. } | Error::ReadOnly { .. })) => return Err(error),
            Err(error @ (Error::InvalidKey { .. } | Error::Unsupported { .. })) => {
                let failure = CopyFailure { key, reason: error.to_string() };
                self.report.left_out_keys += 1;
                name(&mut self.report.left_out, &failure);
                self.tell(CopyEvent::LeftOut(failure));
            }
            Err(error) => {
                let failure = CopyFailure { key, reason: error.to_string() };
                self.report.failures += 1;
                name(&mut self.report.failed, &failure);
                self.tell(CopyEvent::Failed(failure));
                self.failures_in_a_row += 1;
                if self.failures_in_a_row >= IN_A_ROW {
                    return Err(error);
                }
                return Ok(());
            }
        }
        self.failures_in_a_row = 0;
        Ok(())
    }

    /// Whether nothing below a node failed.
    fn is_whole_below(&self, node: &Prefix) -> bool {
        let CopyReport { failures, failed, .. } = &self.report;
        let below = |key: &Key| node.contains(key);
        failed.len() as u64 == *failures && !failed.iter().any(|failure| below(&failure.key))
    }

    fn stopping(&mut self) {
        self.is_stopping = true;
        self.tell(CopyEvent::Stopping);
    }

    fn tell(&mut self, event: CopyEvent) {
        (self.on)(event);
    }
}

fn moving<'t>(
    transfer: &'t Transfer,
    wanted: Wanted,
    kind: Kind,
) -> BoxFuture<'t, (Wanted, Result<Moved>)> {
    async move {
        let moved = match kind {
            Kind::Values => transfer.value(&wanted).await,
            Kind::Documents => transfer.document(&wanted).await,
        };
        (wanted, moved)
    }
    .boxed()
}

fn name(named: &mut Vec<CopyFailure>, failure: &CopyFailure) {
    if named.len() < NAMED {
        named.push(failure.clone());
    }
}
