//! What a copy does, and what it did.

use serde::Serialize;

use crate::{Key, Version};

/// What a copy just did. Keys are those below the prefix copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CopyEvent {
    /// A value was written and verified.
    Copied {
        /// Its key.
        key: Key,
        /// Its size.
        bytes: u64,
    },
    /// A value was there.
    Skipped {
        /// Its key.
        key: Key,
        /// Its size.
        bytes: u64,
    },
    /// A value could not be copied.
    Failed(CopyFailure),
    /// The target cannot hold such a key or value.
    LeftOut(CopyFailure),
    /// What was written is kept: on the branch of the copy, or where it belongs.
    Committed {
        /// The version made.
        version: Version,
        /// Values in it.
        keys: u64,
        /// Whether it is where it belongs.
        published: bool,
    },
    /// Others committed to the target meanwhile: what was copied is written again upon theirs.
    Replaying,
    /// Nothing more is begun; what is under way is finished.
    Stopping,
}

/// A key that was not copied, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyFailure {
    /// The key, below the prefix copied.
    pub key: Key,
    /// Why, in words.
    pub reason: String,
}

/// Keys and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// How many.
    pub keys: u64,
    /// The sum of their sizes.
    pub bytes: u64,
}

impl Tally {
    /// Counts one more key, with so many bytes.
    pub fn add(&mut self, bytes: u64) {
        self.keys += 1;
        self.bytes += bytes;
    }
}

/// What a copy did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct CopyReport {
    /// Values written and verified.
    pub copied: Tally,
    /// Values that were there.
    pub skipped: Tally,
    /// How many keys failed; the same copy again tries them.
    pub failures: u64,
    /// The first of them.
    pub failed: Vec<CopyFailure>,
    /// How many keys or values the target cannot hold.
    pub left_out_keys: u64,
    /// The first of them.
    pub left_out: Vec<CopyFailure>,
    /// Metadata documents that are held back because something below them is missing.
    pub held_back: Vec<Key>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
    /// The version with the copy, where the target has versions and the copy is whole.
    pub version: Option<Version>,
    /// The branch with what was copied so far, where the target has versions and it is not whole.
    pub branch: Option<String>,
}

impl CopyReport {
    /// Whether everything that the target can hold is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.failures == 0 && !self.stopped
    }
}
