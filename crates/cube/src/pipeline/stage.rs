//! The stages of a fill as `tracing` spans: what is worked on, and who waits for whom.

use tracing::{Span, info_span};

use crate::Patch;

/// The target of all spans of stages, by which layers find them.
const TARGET: &str = crate::STAGES;

/// Asking the source for granules.
pub(crate) fn search() -> Span {
    info_span!(target: TARGET, parent: None, "search")
}

/// A patch's whole way.
pub(super) fn patch(patch: Patch) -> Span {
    let Patch { time, row, col } = patch;
    info_span!(target: TARGET, parent: None, "patch", time, row, col)
}

/// Reading the headers of assets, and deciding what to read.
pub(super) fn headers(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "headers")
}

/// Waiting until the memory budget has room.
pub(super) fn waits_for_memory(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "wait for memory")
}

/// Waiting until all that a patch needs is there.
pub(super) fn download(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "download")
}

/// Reading from one asset what some neighbouring patches need.
pub(super) fn read(granule: &str, host: &str, bytes: u64) -> Span {
    info_span!(target: TARGET, parent: None, "read", granule, host, bytes)
}

/// Waiting for a core.
pub(super) fn waits_for_cpu(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "wait for a core")
}

/// Decoding, warping, mosaicking, encoding.
pub(super) fn render(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "render")
}

/// Waiting for the writer.
pub(super) fn waits_for_writer(patch: &Span) -> Span {
    info_span!(target: TARGET, parent: patch, "wait for the writer")
}

/// Writing chunks.
pub(super) fn write(patch: &Span, bytes: u64) -> Span {
    info_span!(target: TARGET, parent: patch, "write", bytes)
}

/// Marking patches in the ledger, and publishing.
pub(super) fn commit(patches: usize) -> Span {
    info_span!(target: TARGET, parent: None, "commit", patches)
}
