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
