//! HDF5's own messages, kept off the standard error.

use hdf5_metno_sys::h5::H5open;
use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};

/// Tells HDF5 to print nothing on this thread. It prints what it does not find, netCDF looks for
/// much that need not be there, and silences it only on the thread that is its first. What went
/// wrong still comes back as errors.
pub fn quiet_hdf5() {
    let _alone = hdf5_metno_sys::LOCK.lock();
    // SAFETY: the library is opened first, and its lock held; no callback is given, and 0 is
    // HDF5's default stack, that of this thread.
    #[expect(unsafe_code, reason = "the switch is in no safe interface")]
    unsafe {
        H5open();
        H5Eset_auto2(H5E_DEFAULT, None, std::ptr::null_mut());
    }
}
