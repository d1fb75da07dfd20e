//! The lock of the C libraries, and handles that are used and closed under it only.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// GDAL and the netCDF crate call the same C libraries (netCDF, HDF5), which are not safe for
/// threads, each with a lock of its own: with both, calls wait for this one.
static LOCK: Mutex<()> = Mutex::new(());

pub(super) fn c_libraries() -> MutexGuard<'static, ()> {
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something open in one of the libraries. Opening it is up to the caller, under the lock.
#[derive(Debug)]
pub(super) struct Handle<T>(Mutex<Option<T>>);

impl<T> Handle<T> {
    pub(super) fn new(open: T) -> Self {
        Self(Mutex::new(Some(open)))
    }

    /// Uses it under the lock; `None` never, as it is there until it is dropped.
    pub(super) fn with<R>(&self, using: impl FnOnce(&T) -> R) -> Option<R> {
        let _lock = c_libraries();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(using)
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let _lock = c_libraries();
        *self.0.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Open<'a>(&'a AtomicUsize);

    impl Drop for Open<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(usize::from(LOCK.try_lock().is_err()), Ordering::SeqCst);
        }
    }

    #[test]
    fn a_handle_is_used_and_closed_under_the_lock() {
        let closed = AtomicUsize::new(0);
        let handle = Handle::new(Open(&closed));
        assert_eq!(handle.with(|_| LOCK.try_lock().is_err()), Some(true));
        drop(handle);
        assert_eq!(closed.load(Ordering::SeqCst), 1);
    }
}
