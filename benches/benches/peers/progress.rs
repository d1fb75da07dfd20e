//! What is said while the benchmark runs: on the standard error, so that tables can be kept apart.

/// Says a line.
#[expect(clippy::print_stderr, reason = "progress of a program that runs for minutes")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
