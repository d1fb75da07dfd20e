//! The page that `cube fill --report` writes: one HTML file with nothing outside of it.

use std::fmt::Write as _;
use std::time::Duration;

use terracube::cube::human::bytes;
use terracube::cube::{Cube, Report};

use crate::timeline::{ORDER, Reads, Record, Stage};

/// Granules in the table of the slowest.
const SLOWEST: usize = 20;
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 36.0;

const STYLE: &str = "\
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}\
body{max-width:72rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:left}\
th{border-bottom:1px solid #8888}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
svg{display:block;width:100%;height:36px;background:#8881}path{fill:#2a78c8}\
.wait path{fill:#d98324}.small{color:#888;font-size:.85rem}";

/// The whole page.
pub(crate) fn page(cube: &Cube, report: &Report, record: &Record) -> String {
    let name = escape(&cube.schema().name);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Fill of {name}</title><style>{STYLE}</style></head><body>\n<h1>Fill of {name}</h1>\n"
    );
    out += &format!("<p>{}</p>\n<p>{}</p>\n", escape(&report.to_string()), verdict(record));
    out += "<h2>Stages over time</h2>\n";
    out += &stages(record, report.duration);
    out += "<h2>Slowest granules</h2>\n";
    out += &reads("granule", record.granules.iter(), SLOWEST);
    out += "<h2>Hosts</h2>\n";
    out += &reads("host", record.hosts.iter(), usize::MAX);
    if !report.failed.is_empty() {
        out += "<h2>Failed patches</h2>\n<table><tr><th>time, row, column</th><th>why</th></tr>\n";
        for failure in &report.failed {
            let (patch, why) = (failure.patch, escape(&failure.reason));
            let place = format!("{}, {}, {}", patch.time, patch.row, patch.col);
            out += &format!("<tr><td>{place}</td><td>{why}</td></tr>\n");
        }
        out += "</table>\n";
    }
    out += "</body></html>\n";
    out
}

/// Where patches spent most of their time.
fn verdict(record: &Record) -> String {
    let of_patches = ORDER.iter().filter(|name| !matches!(**name, "search" | "commit"));
    let times: Vec<_> = of_patches
        .filter_map(|name| Some((*name, record.stages.get(name)?.total.as_secs_f64())))
        .collect();
    let all: f64 = times.iter().map(|(_, time)| time).sum();
    let Some((name, most)) = times.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return "No patch was worked on.".to_owned();
    };
    let why = match name {
        "headers" | "download" => "the network and the hosts set the pace",
        "wait for memory" => "the memory budget sets the pace (<code>--memory</code>)",
        "wait for a core" | "render" => "the processor sets the pace",
        _ => "the store sets the pace",
    };
    format!("Patches spent {:.0} % of their time in <b>{name}</b>: {why}.", 100.0 * most / all)
}

fn stages(record: &Record, duration: Duration) -> String {
    let columns = record.stages.values().map(|stage| stage.columns.len()).max().unwrap_or(0);
    let mut out = "<table><tr><th>stage</th><th style=\"width:55%\">patches in it, over time</th>\
                   <th class=\"n\">times</th><th class=\"n\">total</th><th class=\"n\">mean</th>\
                   <th class=\"n\">longest</th></tr>\n"
        .to_owned();
    for name in ORDER {
        let Some(stage) = record.stages.get(name) else { continue };
        let class = if name.starts_with("wait") { " class=\"wait\"" } else { "" };
        out +=
            &format!("<tr{class}><td>{name}</td><td>{}</td>", area(stage, columns, record.column));
        numbers(&mut out, stage.count, stage.total, stage.longest);
        out += "</tr>\n";
    }
    let shown = seconds(record.column * u32::try_from(columns).unwrap_or(u32::MAX));
    out + &format!(
        "</table>\n<p class=\"small\">The width is {shown}, of which the fill took {}; each line \
         is as high as its own most, written beside it.</p>\n",
        seconds(duration)
    )
}

/// How many patches were in a stage, as an area.
fn area(stage: &Stage, columns: usize, column: Duration) -> String {
    let patches: Vec<f64> = stage.columns.iter().map(|s| s / column.as_secs_f64()).collect();
    let most = patches.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = WIDTH / columns.max(1) as f64;
    let mut path = format!("M0 {HEIGHT}");
    for (index, value) in patches.iter().enumerate() {
        let (x, y) = (index as f64 * step, HEIGHT - (HEIGHT - 2.0) * value / most);
        // Writing to a string cannot fail.
        let _ = write!(path, "L{x:.1} {y:.1}L{:.1} {y:.1}", x + step);
    }
    let _ = write!(path, "L{:.1} {HEIGHT}Z", patches.len() as f64 * step);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\"><path d=\"{path}\"/>\
         </svg><span class=\"small\">at most {most:.1}</span>"
    )
}

fn reads<'a>(
    what: &str,
    all: impl Iterator<Item = (&'a String, &'a Reads)>,
    count: usize,
) -> String {
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.1.total.cmp(&a.1.total).then(a.0.cmp(b.0)));
    let mut out = format!(
        "<table><tr><th>{what}</th><th class=\"n\">bytes</th><th class=\"n\">reads</th>\
         <th class=\"n\">total</th><th class=\"n\">mean</th><th class=\"n\">longest</th></tr>\n"
    );
    for (name, reads) in all.into_iter().take(count) {
        let name = if name.is_empty() { "local files" } else { name };
        out += &format!("<tr><td>{}</td><td class=\"n\">{}</td>", escape(name), bytes(reads.bytes));
        numbers(&mut out, reads.count, reads.total, reads.longest);
        out += "</tr>\n";
    }
    out + "</table>\n"
}

fn numbers(out: &mut String, count: usize, total: Duration, longest: Duration) {
    let mean = total.div_f64(count.max(1) as f64);
    *out += &format!("<td class=\"n\">{count}</td>");
    for time in [total, mean, longest] {
        *out += &format!("<td class=\"n\">{}</td>", seconds(time));
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 100.0 => format!("{s:.0} s"),
        s if s >= 1.0 => format!("{s:.1} s"),
        s => format!("{:.1} ms", s * 1e3),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let reads = [("<script>".to_owned(), Reads::default())];
        let table = super::reads("granule", reads.iter().map(|(name, reads)| (name, reads)), 5);
        assert!(table.contains("&lt;script&gt;") && !table.contains("<script>"));
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        let shown = [0.0123, 1.26, 250.0].map(|s| seconds(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["12.3 ms", "1.3 s", "250 s"]);
    }
}
