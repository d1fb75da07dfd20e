//! A lease: who holds claims, and for how long others believe it.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::process::Process;

/// What a claim says of its owner. The owner's heartbeat is the same, written again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// Random, one for each fill.
    pub(super) owner: String,
    /// Without a new heartbeat for so long the claims are void.
    seconds: f64,
    /// When it was written, in seconds since 1970 by the owner's clock: only to clear away what is
    /// days old, since clocks differ.
    pub(super) at: i64,
    /// Which heartbeat it is.
    beat: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
}

/// Nobody is believed for longer, whatever it says.
const LONGEST: f64 = 3600.0;

impl Lease {
    pub(super) fn new(length: Duration) -> Self {
        let owner = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let process = Process::own();
        Self { owner, seconds: length.as_secs_f64(), at: now(), beat: 0, process }
    }

    /// The next heartbeat.
    pub(super) fn beat(&self, beat: u64) -> Self {
        Self { beat, at: now(), ..self.clone() }
    }

    pub(super) fn length(&self) -> Duration {
        let seconds = if self.seconds.is_nan() { 0.0 } else { self.seconds };
        Duration::from_secs_f64(seconds.clamp(0.0, LONGEST))
    }

    /// Whether its process has surely ended.
    pub(super) fn has_ended(&self) -> bool {
        self.process.as_ref().is_some_and(Process::has_ended)
    }

    pub(super) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The heartbeats of others as they were last seen. A lease has run out when its heartbeat stayed
/// the same for its length by this process's own clock: no clocks are compared.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    heartbeat: Option<Bytes>,
    since: Instant,
    is_over: bool,
}

impl Watch {
    /// Takes in a heartbeat that was just read; gives whether the lease has run out.
    pub(super) fn see(&mut self, lease: &Lease, heartbeat: Option<Bytes>) -> bool {
        let now = Instant::now();
        let seen = self.seen.entry(lease.owner.clone()).or_insert_with(|| Seen {
            heartbeat: heartbeat.clone(),
            since: now,
            is_over: false,
        });
        if seen.heartbeat != heartbeat {
            *seen = Seen { heartbeat, since: now, is_over: false };
        }
        seen.is_over = now.duration_since(seen.since) > lease.length();
        seen.is_over
    }

    /// Begins anew: while the store could not be read, the owner could not write either.
    pub(super) fn forget(&mut self, owner: &str) {
        self.seen.remove(owner);
    }

    /// Whether the lease of an owner was seen to run out.
    pub(super) fn is_over(&self, owner: &str) -> bool {
        self.seen.get(owner).is_some_and(|seen| seen.is_over)
    }
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_runs_out_without_heartbeats_and_lives_with_them() {
        let lease = Lease::new(Duration::ZERO);
        let mut watch = Watch::default();
        let pause = || std::thread::sleep(Duration::from_millis(2));
        watch.see(&lease, None);
        pause();
        assert!(watch.see(&lease, None));
        assert!(watch.is_over(&lease.owner));
        let longer = Lease { seconds: 60.0, ..lease.clone() };
        watch.see(&longer, Some(longer.beat(1).bytes()));
        pause();
        assert!(!watch.see(&longer, Some(longer.beat(2).bytes())));
        assert!(!watch.is_over(&longer.owner));
        watch.forget(&longer.owner);
        assert!(!watch.see(&longer, None));
    }

    #[test]
    fn a_lease_is_read_as_it_was_written_and_never_longer_than_an_hour() {
        let lease = Lease::new(Duration::from_secs(1_000_000));
        assert_eq!(Lease::parse(&lease.bytes()), Some(lease.clone()));
        assert_eq!(lease.length(), Duration::from_secs(3600));
        assert_eq!(Lease { seconds: f64::NAN, ..lease.clone() }.length(), Duration::ZERO);
        assert_eq!(Lease { seconds: -1.0, ..lease }.length(), Duration::ZERO);
        assert_eq!(Lease::parse(b"{}"), None);
    }
}
