//! What has been measured, by job and contender, and the medians of it.

use std::collections::BTreeMap;

use terracube_benches::median;

use crate::contender::Contender;
use crate::job::Job;
use crate::stage::Outcome;

/// All outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Results(BTreeMap<(Job, Contender), Vec<Outcome>>);

/// Medians over the rounds; peaks are the highest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    /// MB.
    pub(crate) peak: f64,
    /// MB.
    pub(crate) read: f64,
    pub(crate) requests: f64,
    /// MB.
    pub(crate) stored: f64,
}

impl Results {
    pub(crate) fn add(&mut self, job: Job, contender: Contender, outcome: Outcome) {
        self.0.entry((job, contender)).or_default().push(outcome);
    }

    pub(crate) fn of(&self, job: Job, contender: Contender) -> &[Outcome] {
        self.0.get(&(job, contender)).map_or(&[], Vec::as_slice)
    }

    /// The jobs that were measured.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<_> = self.0.keys().map(|(job, _)| *job).collect();
        jobs.dedup();
        jobs
    }

    /// Who did a job.
    pub(crate) fn contenders(&self, job: Job) -> Vec<Contender> {
        self.0.keys().filter(|(done, _)| *done == job).map(|(_, contender)| *contender).collect()
    }

    pub(crate) fn row(&self, job: Job, contender: Contender) -> Option<Row> {
        let all = self.of(job, contender);
        let of = |value: fn(&Outcome) -> f64| median(all.iter().map(value));
        (!all.is_empty()).then(|| Row {
            wall: of(|o| o.answer.spent.wall),
            cpu: of(|o| o.answer.spent.cpu),
            peak: all.iter().map(|o| o.answer.spent.peak).max().unwrap_or(0) as f64 / 1e6,
            read: of(|o| o.traffic.bytes as f64 / 1e6),
            requests: of(|o| o.traffic.requests as f64),
            stored: of(|o| o.stored as f64 / 1e6),
        })
    }

    /// Who of some has the lowest of a figure, and that figure.
    pub(crate) fn best(
        &self,
        job: Job,
        among: fn(Contender) -> bool,
        figure: fn(&Row) -> f64,
    ) -> Option<(Contender, f64)> {
        self.figures(job, among, figure).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Who of some has the highest.
    pub(crate) fn worst(
        &self,
        job: Job,
        among: fn(Contender) -> bool,
        figure: fn(&Row) -> f64,
    ) -> Option<(Contender, f64)> {
        self.figures(job, among, figure).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn figures(
        &self,
        job: Job,
        among: fn(Contender) -> bool,
        figure: fn(&Row) -> f64,
    ) -> impl Iterator<Item = (Contender, f64)> {
        let contenders = self.contenders(job).into_iter().filter(move |c| among(*c));
        contenders.filter_map(move |c| Some((c, figure(&self.row(job, c)?))))
    }

    /// A job's rows as a table.
    pub(crate) fn table(&self, job: Job) -> String {
        let mut text = format!(
            "\n{:<28}{:>8}{:>8}{:>9}{:>10}{:>10}{:>11}\n",
            job.to_string(),
            "wall s",
            "CPU s",
            "peak MB",
            "read MB",
            "requests",
            "stored MB"
        );
        for contender in self.contenders(job) {
            let Some(row) = self.row(job, contender) else { continue };
            text += &format!(
                "  {:<26}{:>8.3}{:>8.2}{:>9.0}{:>10.1}{:>10.0}{:>11.1}\n",
                contender.name(),
                row.wall,
                row.cpu,
                row.peak,
                row.read,
                row.requests,
                row.stored
            );
        }
        text
    }
}
