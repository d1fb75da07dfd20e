//! HDF5's own messages, kept off the standard error.

use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};

/// Tells HDF5 to print nothing on this thread: libnetcdf does so only on the first one it is used
/// on, and asks for many attributes that may be missing.
pub(super) fn quiet() {
    let _alone = netcdf_sys::libnetcdf_lock.lock();
    // SAFETY: the default stack of errors always exists, no callback is given, and the lock of the
    // library is held.
    #[expect(unsafe_code, reason = "the library has no other switch")]
    unsafe {
        H5Eset_auto2(H5E_DEFAULT, None, std::ptr::null_mut());
    }
}
