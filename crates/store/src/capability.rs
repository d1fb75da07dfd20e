//! What a store can do beyond reading, as data.

use serde::Serialize;

/// What a store can do. Reading (`get`) is always possible; everything else is declared here,
/// enforced by the store and tested both ways by the conformance suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Capability {
    /// `set` works.
    pub writes: bool,
    /// `delete` and `delete_dir` work.
    pub deletes: bool,
    /// `set_partial_values` works.
    pub partial_writes: bool,
    /// A value may have no bytes.
    pub empty_values: bool,
    /// `list`, `list_prefix` and `list_dir` work.
    pub listing: bool,
    /// `set_if_not_exists` is atomic against every other writer, in this process and others.
    pub atomic_create: bool,
    /// Writes become visible together, by a commit of a [`Session`](crate::Session).
    pub atomic_commit: bool,
    /// The repository takes one commit, and is read-only from then on.
    pub written_once: bool,
    /// The repository has [`versions`](crate::Repository::versions): branches, tags, expiry.
    pub versions: bool,
}

impl Capability {
    /// Reading only, with listing.
    #[must_use]
    pub const fn read_only() -> Self {
        Self {
            writes: false,
            deletes: false,
            partial_writes: false,
            empty_values: true,
            listing: true,
            atomic_create: false,
            atomic_commit: false,
            written_once: false,
            versions: false,
        }
    }

    /// Reading, writing, deleting, listing and atomic creation.
    #[must_use]
    pub const fn full() -> Self {
        Self {
            writes: true,
            deletes: true,
            partial_writes: false,
            empty_values: true,
            listing: true,
            atomic_create: true,
            atomic_commit: false,
            written_once: false,
            versions: false,
        }
    }
}
