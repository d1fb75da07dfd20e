//! Filling a plan: options, the running fill, and its events.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::{Cube, Error, Event, Patch, Plan, Report, Result, Stop, pipeline};

/// How a fill works.
#[derive(Debug, Clone)]
pub struct FillOptions {
    /// Bytes that patches in flight may take, compressed and decoded.
    pub memory: u64,
    /// Bytes on disk, in the system's folder for temporary files, that assets may take which can
    /// only be read whole.
    pub spool: u64,
    /// Patches in flight.
    pub patches_in_flight: usize,
    /// A commit is made when so many patches are written.
    pub commit_patches: usize,
    /// A commit is made when so many bytes are written.
    pub commit_bytes: u64,
    /// A commit is made when the oldest written patch has waited so long.
    pub commit_every: Duration,
    /// Fills of one cube see by claims which patches another is at, and wait for those instead of
    /// doing them too. A claim holds as long as its owner shows life, and for so long after that;
    /// on one machine it is seen at once when the owner's process has ended. `None` works without
    /// claims, and so does a fill of a place that cannot hold any.
    pub lease: Option<Duration>,
    /// The switch that ends the fill early.
    pub stop: Stop,
}

impl Default for FillOptions {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            spool: 16 << 30,
            patches_in_flight: 16,
            commit_patches: 1024,
            commit_bytes: 1 << 30,
            commit_every: Duration::from_secs(30),
            lease: Some(Duration::from_secs(60)),
            stop: Stop::new(),
        }
    }
}

/// A running fill. Read its events as a stream, then [`finish`](Self::finish); or simply `.await`
/// it for the report. Dropping it stops the work as [`Stop`] does.
#[derive(Debug)]
#[must_use = "a fill ends when it is dropped: await it"]
pub struct Fill {
    events: mpsc::Receiver<Event>,
    task: Option<JoinHandle<Result<Report>>>,
    stop: Stop,
}

impl Cube {
    /// Fills the patches of a plan: downloads, decodes, warps, mosaics, encodes, writes, commits.
    ///
    /// Must be called within a tokio runtime. A patch that fails is recorded with its reason and
    /// the others go on; the report lists it.
    pub fn fill(&self, plan: Plan) -> Fill {
        self.fill_with(plan, FillOptions::default())
    }

    /// As [`fill`](Self::fill), with options.
    pub fn fill_with(&self, plan: Plan, options: FillOptions) -> Fill {
        let (sender, events) = mpsc::channel(1024);
        let stop = options.stop.clone();
        let task = pipeline::spawn(self.clone(), Arc::new(plan), options, sender);
        Fill { events, task: Some(task), stop }
    }

    /// Fills these patches, as far as they are missing or failed.
    ///
    /// # Errors
    /// As [`plan`](Self::plan), and what stops a fill.
    pub async fn fill_patches(&self, patches: &[Patch]) -> Result<Report> {
        let plan = self.plan_patches(patches).await?;
        self.fill(plan).await
    }
}

impl Fill {
    /// The next event, or `None` when the work has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The switch that ends this fill early.
    #[must_use]
    pub fn stop_switch(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits for the end and gives the report.
    ///
    /// # Errors
    /// What stopped the fill: a store that cannot be written. Patches that failed are no error
    /// here but lines of the report.
    pub async fn finish(mut self) -> Result<Report> {
        while self.events.recv().await.is_some() {}
        match self.task.take() {
            Some(task) => task.await.map_err(|_| Error::Lost { stage: "fill" })?,
            None => Err(Error::Lost { stage: "fill" }),
        }
    }
}

impl Stream for Fill {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(cx)
    }
}

impl IntoFuture for Fill {
    type Output = Result<Report>;
    type IntoFuture = BoxFuture<'static, Result<Report>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.finish())
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        if self.task.is_some() {
            self.stop.stop();
        }
    }
}
