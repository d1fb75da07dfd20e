//! The lines that are to be reached, each with its figures.

use std::fmt;

use crate::contender::Contender as C;
use crate::job::Job;
use crate::results::{Results, Row};
use crate::scale::Scale;
use crate::served::Latency;
use crate::stage::Stage;

/// One line.
#[derive(Debug)]
pub(crate) struct Line {
    what: String,
    /// `None` when it was not measured.
    reached: Option<bool>,
    figures: String,
}

/// Seconds that smart-geocubes as shipped takes for all COGs are those for 4, times the rest.
const SHIPPED: f64 = 150.0;

/// All lines, in the order of the jobs.
pub(crate) fn lines(stage: &Stage, results: &Results, scale: Option<&Scale>) -> Vec<Line> {
    let mut lines = Vec::new();
    for job in results.jobs() {
        match job {
            Job::Fill { .. } => fill(&mut lines, results, job),
            Job::Warp { .. } => {
                let what = format!("{job}: wall, the faster peer / ours ≥ 2");
                lines.push(at_least(what, 2.0, results, job, C::is_tuned_peer, |r| r.wall));
            }
            Job::Cold { .. } => {
                let what = format!("{job}: wall, odc-stac's plain read / ours ≥ 1");
                let odc = |c| c == C::OdcMemory;
                lines.push(at_least(what, 1.0, results, job, odc, |r| r.wall));
            }
            Job::Warm { .. } => {
                let what = format!("{job}: wall, the fastest peer / ours ≥ 3");
                lines.push(at_least(what, 3.0, results, job, C::is_tuned_peer, |r| r.wall));
            }
            Job::Memory { budget, .. } => {
                let most = (budget + 64) as f64 * 1_048_576.0 / 1e6;
                peak(&mut lines, results, job, most);
            }
        }
    }
    for job in results.jobs() {
        traffic(&mut lines, stage, results, job);
    }
    if let Some(scale) = scale {
        many(&mut lines, scale);
    }
    lines
}

fn fill(lines: &mut Vec<Line>, results: &Results, job: Job) {
    let what = format!("{job}: wall, the fastest tuned peer / ours ≥ 5");
    lines.push(at_least(what, 5.0, results, job, C::is_tuned_peer, |r| r.wall));
    let what = format!("{job}: CPU, the best tuned peer / ours ≥ 4.5");
    lines.push(at_least(what, 4.5, results, job, C::is_tuned_peer, |r| r.cpu));
    for ours in [C::Icechunk, C::Zarr] {
        let what = format!("{job}: CPU, {} / floor ≤ 1.25", ours.name());
        let cpu = |contender| Some(results.row(job, contender)?.cpu);
        lines.push(match cpu(ours).zip(cpu(C::Floor)) {
            Some((own, floor)) => {
                let ratio = own / floor;
                let figures = format!("{ratio:.2}: {own:.2} s and {floor:.2} s");
                Line { what, reached: Some(ratio <= 1.25), figures }
            }
            None => Line::unmeasured(what),
        });
    }
    peak(lines, results, job, 300.0);
    lines.push(shipped(results, job));
}

/// Against smart-geocubes as shipped, which is measured for as many COGs as there was time for.
fn shipped(results: &Results, job: Job) -> Line {
    let what = format!("{job}: wall, smart-geocubes as shipped / ours ≥ {SHIPPED}");
    let Job::Fill { cogs, latency } = job else { return Line::unmeasured(what) };
    let own = worst(results, job, |r| r.wall);
    let (own, theirs, how) = match (own, results.row(job, C::SmartShipped)) {
        (Some((_, own)), Some(row)) => (own, row.wall, String::new()),
        (Some((_, own)), None) => {
            let measured = results.jobs().into_iter().find_map(|other| match other {
                Job::Fill { cogs: n, latency: l } if l == Latency::None || l == latency => {
                    Some((n, results.row(other, C::SmartShipped)?.wall))
                }
                _ => None,
            });
            let Some((n, wall)) = measured else { return Line::unmeasured(what) };
            let times = cogs as f64 / n as f64;
            (own, wall * times, format!(" (from {wall:.1} s measured for {n} COGs)"))
        }
        _ => return Line::unmeasured(what),
    };
    let ratio = theirs / own;
    let figures = format!("{ratio:.1}: {theirs:.1} s{how} and {own:.3} s");
    Line { what, reached: Some(ratio >= SHIPPED), figures }
}

/// The figure of the best of some contenders, divided by that of the worse of our stores.
fn at_least(
    what: String,
    least: f64,
    results: &Results,
    job: Job,
    among: fn(C) -> bool,
    figure: fn(&Row) -> f64,
) -> Line {
    match (worst(results, job, figure), results.best(job, among, figure)) {
        (Some((ours, own)), Some((peer, theirs))) => {
            let ratio = theirs / own;
            let figures = format!(
                "{ratio:.2}: {theirs:.3} s ({}) and {own:.3} s ({})",
                peer.name(),
                ours.name()
            );
            Line { what, reached: Some(ratio >= least), figures }
        }
        _ => Line::unmeasured(what),
    }
}

fn peak(lines: &mut Vec<Line>, results: &Results, job: Job, most: f64) {
    let what = format!("{job}: peak ≤ {most:.0} MB");
    lines.push(match worst(results, job, |r| r.peak) {
        Some((ours, peak)) => {
            let figures = format!("{peak:.0} MB ({})", ours.name());
            Line { what, reached: Some(peak <= most), figures }
        }
        None => Line::unmeasured(what),
    });
}

fn worst(results: &Results, job: Job, figure: fn(&Row) -> f64) -> Option<(C, f64)> {
    results.worst(job, C::is_ours, figure)
}

/// What our fills asked of the server, against what lies under the patches that they fill.
fn traffic(lines: &mut Vec<Line>, stage: &Stage, results: &Results, job: Job) {
    let area = match job {
        Job::Fill { cogs, .. } => stage.files.block(cogs),
        Job::Cold { cogs, .. } => stage.patches_under(&stage.window(cogs)),
        _ => return,
    };
    let Ok((needed, runs, files)) = stage.needed(&area) else { return };
    for ours in [C::Icechunk, C::Zarr] {
        let outcomes = results.of(job, ours);
        let Some(most) = outcomes.iter().map(|o| o.traffic.bytes).max() else { continue };
        let ratio = most as f64 / needed as f64;
        lines.push(Line {
            what: format!("{job}: {}, bytes read / tiles needed ≤ 1.1", ours.name()),
            reached: Some(ratio <= 1.1),
            figures: format!("{ratio:.3}: {:.1} MB and {:.1} MB", mega(most), mega(needed)),
        });
        let heads = outcomes.iter().map(|o| o.traffic.most_heads).max().unwrap_or(0);
        let strangers: Vec<_> =
            outcomes.iter().flat_map(|o| o.traffic.files.difference(&files)).collect();
        let requests = outcomes.iter().map(|o| o.traffic.file_requests).max().unwrap_or(0);
        // The headers, and ranges of 3 MB, half full at worst, or as long as tiles are neighbours.
        let most_requests = files.len() + runs + (needed as usize).div_ceil(3 << 19);
        lines.push(Line {
            what: format!(
                "{job}: {}, one header an asset, no other asset, ≤ {most_requests} requests",
                ours.name()
            ),
            reached: Some(heads <= 1 && strangers.is_empty() && requests <= most_requests),
            figures: format!(
                "{heads} header requests of an asset at most, {} assets of {} needed, {} others, \
                 {requests} requests",
                outcomes.iter().map(|o| o.traffic.files.len()).max().unwrap_or(0),
                files.len(),
                strangers.len()
            ),
        });
    }
}

fn many(lines: &mut Vec<Line>, scale: &Scale) {
    for (name, outcome) in &scale.plans {
        let (wall, peak) = (outcome.answer.spent.wall, mega(outcome.answer.spent.peak));
        lines.push(Line {
            what: format!("plan of 10^6 patches, {name}: < 2 s, < 300 MB"),
            reached: Some(wall < 2.0 && peak < 300.0),
            figures: format!("{wall:.2} s, {peak:.0} MB"),
        });
    }
    for (store, outcome) in &scale.states {
        let wall = outcome.answer.spent.wall;
        lines.push(Line {
            what: format!("state of {} patches, {store}: < 0.5 s", outcome.answer.stored),
            reached: Some(wall < 0.5),
            figures: format!("{wall:.3} s, {:.0} MB", mega(outcome.answer.spent.peak)),
        });
    }
    if let Some(many) = scale.many {
        let ratio = many.metadata as f64 / many.data as f64;
        lines.push(Line {
            what: format!("metadata of {} patches ≤ 2 % of their data", many.patches),
            reached: Some(ratio <= 0.02),
            figures: format!(
                "{:.2} %: {:.2} MB and {:.1} MB, {} commits",
                100.0 * ratio,
                mega(many.metadata),
                mega(many.data),
                many.commits
            ),
        });
        lines.push(Line {
            what: "commits batched: at least 100 patches each".to_owned(),
            reached: Some(many.patches / many.commits.max(1) >= 100),
            figures: format!("{} patches in {} commits", many.patches, many.commits),
        });
    }
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Line {
    fn unmeasured(what: String) -> Self {
        Self { what, reached: None, figures: "not measured in this run".to_owned() }
    }

    pub(crate) fn is_short(&self) -> bool {
        self.reached == Some(false)
    }

    pub(crate) fn is_unmeasured(&self) -> bool {
        self.reached.is_none()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.reached {
            Some(true) => "reached",
            Some(false) => "short",
            None => "open",
        };
        write!(f, "{verdict:<8} {}\n         {}", self.what, self.figures)
    }
}
