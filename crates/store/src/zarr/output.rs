//! A buffer that several threads fill at the same time, each its own part.

use super::copy::{Placed, for_each_run};

/// A buffer that several threads fill at the same time, each its own part.
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Where `bytes` are; these are left alone until all threads are done.
    start: *mut u8,
}

#[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
// SAFETY: the pointer is that of a buffer owned by the same value, and what is written through
// shared references is disjoint by the contract of `fill`.
unsafe impl Send for Output {}
#[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
// SAFETY: as for `Send`.
unsafe impl Sync for Output {}

impl Output {
    /// So many bytes, all 0.
    pub(super) fn zeroed(size: usize) -> Self {
        let mut bytes = vec![0; size];
        in_large_pages(&mut bytes);
        let start = bytes.as_mut_ptr();
        Self { bytes, start }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Copies `extent` elements along each axis out of `from`, as `copy_window` does.
    ///
    /// # Safety
    /// No other thread may fill the same elements at the same time.
    #[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
    pub(super) unsafe fn fill(
        &self,
        from: &[u8],
        from_at: Placed<'_>,
        to_at: Placed<'_>,
        extent: &[u64],
        element_size: usize,
    ) {
        for_each_run(from_at, to_at, extent, element_size, |source, target, run| {
            let from = &from[source..source + run];
            assert!(target.checked_add(run).is_some_and(|end| end <= self.bytes.len()));
            // SAFETY: the target is within the buffer, and no one else writes there by contract;
            // `from` is another buffer, as no slice of this one is ever given out.
            unsafe {
                std::ptr::copy_nonoverlapping(from.as_ptr(), self.start.add(target), run);
            }
        });
    }
}

/// Smaller buffers gain nothing.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// Asks for large pages, as numpy does: of small ones, touching each for the first time takes as
/// long as filling it.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "half of the time of a large window goes into page faults")]
fn in_large_pages(bytes: &mut [u8]) {
    use rustix::mm::{Advice, madvise};
    let page = rustix::param::page_size();
    let start = bytes.as_mut_ptr();
    let skipped = start.align_offset(page);
    if bytes.len() < LARGE || skipped > bytes.len() {
        return;
    }
    let whole = (bytes.len() - skipped) / page * page;
    // SAFETY: these are whole pages of memory that is borrowed here for writing; the advice
    // changes how they are backed, not what is in them. A kernel without large pages refuses.
    let _ = unsafe { madvise(start.add(skipped).cast(), whole, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn in_large_pages(_: &mut [u8]) {}
