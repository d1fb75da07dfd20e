//! What this process used, from `/proc`.

use std::fs;

use anyhow::{Context, Result};

/// Ticks of the times in `/proc`, the same on all Linux systems that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of all threads, user and system, so far.
///
/// # Errors
/// Where there is no `/proc` as on Linux.
pub(crate) fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold anything; fields are counted after it.
    let (_, fields) = stat.rsplit_once(')').context("no fields in /proc/self/stat")?;
    let ticks = |i: usize| -> Result<f64> {
        Ok(fields.split_ascii_whitespace().nth(i).context("too few fields")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// The largest resident set so far, in bytes. It begins with this program, unlike `ru_maxrss`,
/// which a process inherits from the one that started it.
///
/// # Errors
/// Where there is no `/proc` as on Linux.
pub fn peak_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
