//! `terracube store cp`: what one store has, into another.

use std::time::{Duration, Instant};

use serde_json::json;
use terracube::cube::human::bytes;
use terracube::store::{
    Copy, CopyEvent, CopyFailure, CopyOptions, CopyReport, StorePath, Tally, Verify,
};

use crate::args::{CpArgs, VerifyBy};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::view::View;
use crate::{output, place};

const SPINNER: &str = "{spinner} {msg}";
/// So many keys that were not copied are listed.
const LISTED: usize = 20;

pub(crate) async fn run(context: &Context, args: CpArgs) -> Result<Outcome, Failure> {
    let (from_prefix, to_prefix) = match &args.prefix {
        Some(prefix) => (prefix, prefix),
        None => (&args.from_prefix, &args.to_prefix),
    };
    let from = place::at(&*place::readable(&args.from).await?, args.at.as_deref()).await?;
    let shown = format!("{from:?}");
    let from = StorePath::new(from, from_prefix)?;
    let to = place::writable_or_new(&args.to, false).await?;
    let interrupt = Interrupt::listen();
    let stop = interrupt.stop();
    let copy = Copy::into_repository(from, to, to_prefix)?
        .with_options(options(&args, shown))
        .until(async move { stop.stopped().await });
    let mut progress = Progress::new(context, args.json);
    let report = progress.follow(copy, &interrupt).await;
    interrupt.nothing_to_finish();
    let report = report?;
    if args.json {
        output::json(&json!({"event": "finished", "report": report}))?;
    } else {
        output::line(&in_words(&report))?;
    }
    Ok(conclude(context, &report))
}

fn options(args: &CpArgs, from: String) -> CopyOptions {
    let mut options = CopyOptions::default();
    options.memory = args.memory.0;
    options.requests = usize::from(args.requests);
    options.verify = match args.verify {
        VerifyBy::Size => Verify::Size,
        VerifyBy::Content => Verify::Content,
    };
    options.message = args.message.clone().unwrap_or_else(|| format!("copy of {from}"));
    options
}

fn in_words(report: &CopyReport) -> String {
    let amount = |tally: Tally| format!("{} keys ({})", tally.keys, bytes(tally.bytes));
    let mut text =
        format!("copied {}, {} were there", amount(report.copied), amount(report.skipped));
    if report.failures > 0 {
        text += &format!(", {} failed", report.failures);
    }
    if report.left_out_keys > 0 {
        text += &format!(", {} left out", report.left_out_keys);
    }
    if let Some(version) = &report.version {
        text += &format!("; version {version}");
    }
    text
}

/// Lists what was not copied, and gives the outcome that a report is.
fn conclude(context: &Context, report: &CopyReport) -> Outcome {
    list("failed", &report.failed, report.failures);
    list("left out", &report.left_out, report.left_out_keys);
    if !report.held_back.is_empty() {
        let held: Vec<_> =
            report.held_back.iter().take(LISTED).map(|key| format!("`{key}`")).collect();
        output::note(&format!("held back, as something below is missing: {}", held.join(", ")));
    }
    if !report.is_whole() {
        let kept = match &report.branch {
            Some(branch) => format!("what was copied is kept on the branch {branch}; "),
            None => String::new(),
        };
        context.note(&format!("{kept}run the same again for the rest"));
    }
    match report {
        CopyReport { stopped: true, .. } => Outcome::Stopped,
        CopyReport { failures: 0, left_out_keys: 0, .. } => Outcome::Done,
        _ => Outcome::Partial,
    }
}

fn list(what: &str, named: &[CopyFailure], count: u64) {
    for CopyFailure { key, reason, .. } in named.iter().take(LISTED) {
        output::note(&format!("{what}: `{key}`: {reason}"));
    }
    let more = count.saturating_sub(LISTED.min(named.len()) as u64);
    if more > 0 {
        output::note(&format!("{what}: {more} more"));
    }
}

/// A copy being shown.
struct Progress {
    view: View,
    began: Instant,
    copied: Tally,
    skipped: u64,
    failed: u64,
    /// Nobody reads on.
    closed: Option<Failure>,
}

impl Progress {
    fn new(context: &Context, is_json: bool) -> Self {
        Self {
            view: View::new(context, None, SPINNER, is_json),
            began: Instant::now(),
            copied: Tally::default(),
            skipped: 0,
            failed: 0,
            closed: None,
        }
    }

    async fn follow(&mut self, copy: Copy, interrupt: &Interrupt) -> Result<CopyReport, Failure> {
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let mut copy = std::pin::pin!(copy.run(move |event| drop(sender.send(event))));
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut report = None;
        // the sender goes with the copy, so the events end after it
        while report.is_none() {
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.show(&event, interrupt),
                ended = &mut copy => report = Some(ended),
                _ = tick.tick() => self.refresh(),
            }
        }
        while let Ok(event) = events.try_recv() {
            self.show(&event, interrupt);
        }
        self.view.finish();
        let report = match report {
            Some(report) => report?,
            None => CopyReport::default(),
        };
        match self.closed.take() {
            Some(failure) => Err(failure),
            None => Ok(report),
        }
    }

    fn show(&mut self, event: &CopyEvent, interrupt: &Interrupt) {
        match event {
            CopyEvent::Copied { bytes, .. } => self.copied.add(*bytes),
            CopyEvent::Skipped { .. } => self.skipped += 1,
            CopyEvent::Failed(_) | CopyEvent::LeftOut(_) => self.failed += 1,
            CopyEvent::Committed { keys, published: false, .. } => {
                self.view.say(&format!("committed {keys} keys on the branch of the copy"));
            }
            CopyEvent::Replaying => {
                self.view.say("others committed meanwhile: writing what was copied upon theirs");
            }
            CopyEvent::Stopping => {
                self.view.say("stopping: finishing what is under way; Ctrl-C again ends at once");
            }
            _ => {}
        }
        if matches!(self.view, View::Json)
            && let Err(failure) = output::json(event)
            && self.closed.is_none()
        {
            interrupt.stop().stop();
            self.closed = Some(failure);
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let Tally { keys, bytes: copied } = self.copied;
        let rate = bytes((copied as f64 / seconds) as u64);
        let mut text = format!("{keys} keys copied  {}  {rate}/s", bytes(copied));
        if self.skipped > 0 {
            text += &format!("  {} were there", self.skipped);
        }
        if self.failed > 0 {
            text += &format!("  {} failed", self.failed);
        }
        self.view.refresh(keys, text, str::to_owned);
    }
}
