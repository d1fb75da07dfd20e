//! A buffer that several threads fill at the same time, each its own part.

use std::any::Any;
use std::mem::ManuallyDrop;

use super::copy::{Placed, for_each_run};

/// A buffer that several threads fill at the same time, each its own part.
pub(super) struct Output {
    /// Whose the bytes are, out of a box; it is left alone until all threads are done.
    owner: *mut (dyn Any + Send + Sync),
    start: *mut u8,
    length: usize,
}

#[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
// SAFETY: the pointer is that of a buffer owned by the same value, and what is written through
// shared references is disjoint by the contract of `fill`.
unsafe impl Send for Output {}
#[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
// SAFETY: as for `Send`.
unsafe impl Sync for Output {}

impl Output {
    /// The bytes of somebody who hands them over meanwhile.
    #[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
    pub(super) fn of<B: AsMut<[u8]> + Send + Sync + 'static>(buffer: B) -> Self {
        // Boxed before the bytes are looked up, which may lie within it, and no box while they are
        // written past it.
        let owner = Box::into_raw(Box::new(buffer));
        // SAFETY: it was a box a moment ago, and nobody else knows it yet.
        let bytes = unsafe { (*owner).as_mut() };
        in_large_pages(bytes);
        let (start, length) = (bytes.as_mut_ptr(), bytes.len());
        Self { owner, start, length }
    }

    /// Gives the bytes back, to who handed over a `B`.
    #[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
    pub(super) fn into_owner<B: 'static>(self) -> Option<B> {
        let this = ManuallyDrop::new(self);
        // SAFETY: it came out of a box, and is put back once: this value is not dropped.
        let owner = unsafe { Box::from_raw(this.owner) };
        owner.downcast().ok().map(|owner| *owner)
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
            assert!(target.checked_add(run).is_some_and(|end| end <= self.length));
            // SAFETY: the target is within the buffer, and no one else writes there by contract;
            // `from` is another buffer, as no slice of this one is ever given out.
            unsafe {
                std::ptr::copy_nonoverlapping(from.as_ptr(), self.start.add(target), run);
            }
        });
    }
}

#[expect(unsafe_code, reason = "a lock around the copy keeps the second core waiting")]
impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: it came out of a box, and is put back once: `into_owner` does not drop.
        drop(unsafe { Box::from_raw(self.owner) });
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
