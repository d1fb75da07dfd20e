//! Showing a fill while it runs: a bar on a terminal, lines elsewhere, events as JSON.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use terracube::cube::human::bytes;
use terracube::cube::{Cube, Event, Fill, FillOptions, Plan, Report};
use terracube::source::AccessStats;

use crate::args::WorkArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output;
use crate::view::View;

const BAR: &str = "{bar:32} {pos}/{len} patches  {msg}";

/// A fill being shown.
struct Progress<'a> {
    view: View,
    context: &'a Context,
    before: AccessStats,
    began: Instant,
    total: usize,
    filled: usize,
    empty: usize,
    failed: usize,
    elsewhere: usize,
    committed: usize,
}

/// Runs a fill to its end and shows it. The first Ctrl-C stops it gently.
pub(crate) async fn run(
    context: &Context,
    cube: &Cube,
    plan: Plan,
    work: &WorkArgs,
    interrupt: &Interrupt,
    is_json: bool,
) -> Result<Report, Failure> {
    let mut options = FillOptions {
        memory: work.memory.0,
        commit_patches: work.commit_patches as usize,
        lease: Some(Duration::from_secs(work.lease.into())),
        stop: interrupt.stop(),
        ..FillOptions::default()
    };
    if let Some(jobs) = work.jobs {
        options.patches_in_flight = usize::from(jobs);
    }
    let mut progress = Progress::new(context, plan.jobs.len(), is_json);
    let fill = cube.fill_with(plan, options);
    let shown = progress.follow(fill, interrupt).await;
    interrupt.nothing_to_finish();
    shown
}

/// Lists the patches that failed, and gives the outcome that a report is.
pub(crate) fn conclude(context: &Context, cube: &Cube, report: &Report) -> Outcome {
    for failure in &report.failed {
        let patch = place(cube, failure.patch);
        output::note(&format!("failed: {patch}: {}", failure.reason));
    }
    if report.stopped && report.left > 0 {
        context.note("stopped: what was whole is committed; run the same again for the rest");
        return Outcome::Stopped;
    }
    match (report.failed.is_empty(), report.left) {
        (false, _) => {
            context.note("run the same again to try the failed patches once more");
            Outcome::Partial
        }
        (true, 0) => Outcome::Done,
        (true, _) => Outcome::Stopped,
    }
}

/// A patch in words.
pub(crate) fn place(cube: &Cube, patch: terracube::cube::Patch) -> String {
    let place = format!("patch row {} column {}", patch.row, patch.col);
    match cube.steps().get(patch.time as usize) {
        Some(step) => format!("{place} of {}", step.label),
        None => place,
    }
}

impl<'a> Progress<'a> {
    fn new(context: &'a Context, total: usize, is_json: bool) -> Self {
        let view = View::new(context, Some(total as u64), BAR, is_json);
        Self {
            view,
            context,
            before: context.access.stats(),
            began: Instant::now(),
            total,
            filled: 0,
            empty: 0,
            failed: 0,
            elsewhere: 0,
            committed: 0,
        }
    }

    async fn follow(&mut self, mut fill: Fill, interrupt: &Interrupt) -> Result<Report, Failure> {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut closed = None;
        loop {
            tokio::select! {
                event = fill.next() => match event {
                    Some(event) => {
                        if let Err(failure) = self.show(&event) && closed.is_none() {
                            // Nobody reads on: end gently, and say so at the end.
                            interrupt.stop().stop();
                            closed = Some(failure);
                        }
                    }
                    None => break,
                },
                _ = tick.tick() => self.refresh(),
            }
        }
        self.view.finish();
        let report = fill.finish().await?;
        self.context.listening.conclude(&report);
        match closed {
            Some(failure) => Err(failure),
            None => Ok(report),
        }
    }

    fn show(&mut self, event: &Event) -> Result<(), Failure> {
        match event {
            Event::Filled { .. } => self.filled += 1,
            Event::Empty { .. } => self.empty += 1,
            Event::Failed { .. } => self.failed += 1,
            Event::Elsewhere { patches } => self.elsewhere += patches,
            Event::Committed { patches, .. } => self.committed += patches,
            _ => {}
        }
        self.context.listening.observe(event, || self.read());
        match (&self.view, event) {
            (View::Json, _) => output::json(event)?,
            (View::Quiet, _) => {}
            (_, Event::Committed { patches, .. }) => {
                if matches!(self.view, View::Lines { .. }) {
                    self.view
                        .say(&format!("committed {patches} patches, {} in all", self.committed));
                }
            }
            (_, Event::Conflict { patches }) => {
                self.view.say(&format!(
                    "another fill wrote some of these {patches} patches: doing the rest again"
                ));
            }
            (_, Event::Waiting { patches }) => {
                self.view.say(&format!("waiting for {patches} patches that other fills are at"));
            }
            (_, Event::Stalled { doing, seconds }) => {
                self.view.say(&format!("waiting for the store to {doing}, for {seconds} s now"));
            }
            (_, Event::Stopping) => {
                self.view.say("stopping: committing what is whole; Ctrl-C again ends at once");
            }
            _ => {}
        }
        self.refresh();
        Ok(())
    }

    fn refresh(&mut self) {
        let (done, total) = (self.done(), self.total);
        let line = |text: &str| format!("{done}/{total} patches  {text}");
        self.view.refresh(done as u64, self.figures(), line);
    }

    fn done(&self) -> usize {
        (self.filled + self.empty + self.failed + self.elsewhere).min(self.total)
    }

    /// What was received since the fill began.
    fn read(&self) -> AccessStats {
        let mut read = self.context.access.stats();
        read.bytes_received = read.bytes_received.saturating_sub(self.before.bytes_received);
        read.requests = read.requests.saturating_sub(self.before.requests);
        read
    }

    /// Bytes, rate, what failed and the time left.
    fn figures(&self) -> String {
        let read = self.read().bytes_received;
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let mut text = format!("{}  {}/s", bytes(read), bytes((read as f64 / seconds) as u64));
        let done = self.done();
        if done > 0 && done < self.total {
            let left = seconds / done as f64 * (self.total - done) as f64;
            text += &format!("  {} left", duration(left));
        }
        if self.failed > 0 {
            text += &format!("  {} failed", self.failed);
        }
        text
    }
}

/// The last event of `--json`.
pub(crate) fn finished(report: &Report) -> Value {
    json!({"event": "finished", "report": report})
}

fn duration(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_read_at_a_glance() {
        assert_eq!(super::duration(0.2), "1 s");
        assert_eq!(super::duration(61.0), "1 min 1 s");
        assert_eq!(super::duration(7300.0), "2 h 1 min");
    }
}
