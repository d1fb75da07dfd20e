//! What happens during a fill, and what has happened at its end.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::{Patch, human};

/// Something that happened during a fill.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The work begins.
    Started {
        /// Patches to fill.
        patches: usize,
        /// Bytes to read, estimated.
        bytes_estimate: u64,
    },
    /// A patch was written; it counts once it is committed.
    Filled {
        /// The patch.
        patch: Patch,
        /// Bytes stored for it.
        stored: u64,
        /// Bytes read so far, by the whole fill.
        bytes_read: u64,
    },
    /// The source has nothing for a patch.
    Empty {
        /// The patch.
        patch: Patch,
    },
    /// A patch could not be filled.
    Failed {
        /// The patch.
        patch: Patch,
        /// Why.
        reason: String,
    },
    /// What was written so far is in the store for good.
    Committed {
        /// Patches in this commit.
        patches: usize,
        /// The version made.
        version: String,
    },
    /// Another process filled some of the same patches; those still open are done again.
    Conflict {
        /// Patches of the commit that was refused.
        patches: usize,
    },
    /// The store has not answered for a while; the fill waits for it.
    Stalled {
        /// What it waits for: `write` or `commit`.
        doing: &'static str,
        /// How long so far.
        seconds: u64,
    },
    /// Other fills are at the patches that are left; this one waits for them.
    Waiting {
        /// Patches waited for.
        patches: usize,
    },
    /// Another fill has settled patches since they were planned.
    Elsewhere {
        /// Patches that are no work any more.
        patches: usize,
    },
    /// The fill was asked to stop and finishes what is whole.
    Stopping,
}

/// What a fill did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Patches filled and committed.
    pub filled: usize,
    /// Patches the source has nothing for, committed as such.
    pub empty: usize,
    /// Patches that failed, with the reason; committed as failed.
    pub failed: Vec<Failure>,
    /// Patches that other fills settled meanwhile.
    pub elsewhere: usize,
    /// Patches not begun or given up because the fill was stopped.
    pub left: usize,
    /// Bytes received from the source.
    pub bytes_read: u64,
    /// Requests made to the source.
    pub requests: u64,
    /// Bytes of pixels stored.
    pub bytes_stored: u64,
    /// The versions committed, oldest first.
    pub versions: Vec<String>,
    /// How long it took.
    pub duration: Duration,
    /// Whether it was asked to stop.
    pub stopped: bool,
}

/// A patch that could not be filled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The patch.
    pub patch: Patch,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Whether every patch asked for is filled or known to be empty.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.left == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration.as_secs_f64();
        write!(f, "{} patches filled, {} empty", self.filled, self.empty)?;
        if !self.failed.is_empty() {
            write!(f, ", {} failed", self.failed.len())?;
        }
        if self.elsewhere > 0 {
            write!(f, ", {} done by other fills", self.elsewhere)?;
        }
        if self.left > 0 {
            write!(f, ", {} left for the next fill", self.left)?;
        }
        write!(
            f,
            "; {} read in {} requests, {} stored, {} commits, {seconds:.1} s",
            human::bytes(self.bytes_read),
            self.requests,
            human::bytes(self.bytes_stored),
            self.versions.len(),
        )
    }
}
