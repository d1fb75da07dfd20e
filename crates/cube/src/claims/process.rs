//! The process that holds a claim, by which others on the same machine see that it has ended.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

/// A process, told from all others that have or had its number. Linux only: elsewhere nobody
/// knows, and leases run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    /// The machine since its start, the space of process numbers in it, and the user: where any of
    /// them differs nothing can be said.
    place: u64,
    pid: u32,
    /// Clock ticks after the start of the machine.
    started: u64,
}

impl Process {
    /// The one that this runs in.
    pub(super) fn own() -> Option<Self> {
        let pid = std::process::id();
        let (_, started) = status(&fs::read_to_string("/proc/self/stat").ok()?)?;
        Some(Self { place: place()?, pid, started })
    }

    /// Whether it has surely ended.
    pub(super) fn has_ended(&self) -> bool {
        if place() != Some(self.place) {
            return false;
        }
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(text) => status(&text)
                .is_some_and(|(state, started)| started != self.started || "ZX".contains(state)),
            Err(cause) => cause.kind() == ErrorKind::NotFound,
        }
    }
}

#[cfg(target_os = "linux")]
fn place() -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut hasher = DefaultHasher::new();
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.hash(&mut hasher);
    fs::read_link("/proc/self/ns/pid").ok()?.hash(&mut hasher);
    fs::metadata("/proc/self").ok()?.uid().hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(not(target_os = "linux"))]
fn place() -> Option<u64> {
    let _ = DefaultHasher::new().finish();
    None
}

/// State and start of a process: fields 3 and 22 of `stat` (proc(5)); the name before them may
/// hold anything.
fn status(stat: &str) -> Option<(char, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_not_ended_and_a_reaped_one_has() {
        let own = Process::own().unwrap();
        assert!(!own.has_ended());
        assert!(Process { started: own.started + 1, ..own.clone() }.has_ended());
        assert!(!Process { place: own.place ^ 1, pid: u32::MAX, ..own.clone() }.has_ended());
        assert!(Process { pid: u32::MAX, ..own }.has_ended());
    }

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_confuse() {
        let stat =
            "7 (a ) Z b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 2 184467 1 1";
        assert_eq!(status(stat), Some(('S', 4242)));
    }
}
