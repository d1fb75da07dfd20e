//! A variable of a netCDF-4 file as HDF5 stores it: chunks as they are in the file.
//!
//! The library filters one chunk at a time, under one lock for all files. Here bytes pass through it
//! as they are, and are inflated and deflated elsewhere, on all cores.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use hdf5_metno_sys::h5::hsize_t;
use hdf5_metno_sys::h5d::{
    H5D_layout_t, H5Dclose, H5Dget_chunk_info_by_coord, H5Dget_create_plist, H5Dget_space,
    H5Dget_type, H5Dopen2, H5Dset_extent, H5Dwrite_chunk,
};
use hdf5_metno_sys::h5f::{H5F_ACC_RDONLY, H5F_ACC_RDWR, H5Fclose, H5Fget_create_plist, H5Fopen};
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5p::{
    H5P_DEFAULT, H5Pclose, H5Pget_chunk, H5Pget_filter2, H5Pget_layout, H5Pget_nfilters,
    H5Pget_userblock,
};
use hdf5_metno_sys::h5s::{H5Sclose, H5Sget_simple_extent_dims};
use hdf5_metno_sys::h5t::{H5T_order_t, H5Tclose, H5Tget_order, H5Tget_size};
use netcdf_sys::libnetcdf_lock;
use terracube_raster::quiet_hdf5;

/// Dimensions at most.
const RANK: usize = 32;

/// A data set, open.
pub(super) struct Stored {
    file: hid_t,
    set: hid_t,
    /// The same file, whose bytes are read without the library.
    plain: File,
}

/// How a data set lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) shape: Vec<usize>,
    pub(super) chunk: Vec<usize>,
    /// Numbers of filters, in the order of writing.
    pub(super) filters: Vec<i32>,
    /// Bytes of a value.
    pub(super) bytes: usize,
    pub(super) is_little_endian: bool,
}

#[expect(unsafe_code, reason = "there is no safe interface to chunks")]
impl Stored {
    /// A variable of the root group; `None` where HDF5 does not know it.
    pub(super) fn open(path: &Path, variable: &str, is_to_be_written: bool) -> Option<Self> {
        quiet_hdf5();
        let plain = File::open(path).ok()?;
        let file = CString::new(path.to_str()?).ok()?;
        // The name of one that is named like a dimension and no coordinate.
        let names = [variable.to_owned(), format!("_nc4_non_coord_{variable}")];
        let access = if is_to_be_written { H5F_ACC_RDWR } else { H5F_ACC_RDONLY };
        let _alone = libnetcdf_lock.lock();
        // SAFETY: texts end in NUL and outlive the calls, and the lock of the library is held.
        unsafe {
            let file = H5Fopen(file.as_ptr(), access, H5P_DEFAULT);
            if file < 0 {
                return None;
            }
            for name in names.into_iter().filter_map(|name| CString::new(name).ok()) {
                let set = H5Dopen2(file, name.as_ptr(), H5P_DEFAULT);
                if set >= 0 {
                    return Some(Self { file, set, plain });
                }
            }
            H5Fclose(file);
        }
        None
    }

    /// How it lies in the file; `None` where it has no chunks.
    pub(super) fn layout(&self) -> Option<Layout> {
        let _alone = libnetcdf_lock.lock();
        let mut shape = [0; RANK];
        let mut chunk = [0; RANK];
        // SAFETY: the data set is open, the arrays have room for every dimension, what is opened is
        // closed, and the lock of the library is held.
        unsafe {
            let space = H5Dget_space(self.set);
            let rank = H5Sget_simple_extent_dims(space, shape.as_mut_ptr(), std::ptr::null_mut());
            H5Sclose(space);
            let rank = usize::try_from(rank).ok()?;
            let kind = H5Dget_type(self.set);
            let bytes = H5Tget_size(kind);
            let is_little_endian = H5Tget_order(kind) == H5T_order_t::H5T_ORDER_LE || bytes == 1;
            H5Tclose(kind);
            let plan = H5Dget_create_plist(self.set);
            let is_chunked = H5Pget_layout(plan) == H5D_layout_t::H5D_CHUNKED;
            let of_chunk =
                if is_chunked { H5Pget_chunk(plan, RANK as i32, chunk.as_mut_ptr()) } else { -1 };
            let mut filters = Vec::new();
            for index in 0..u32::try_from(H5Pget_nfilters(plan)).unwrap_or(0) {
                let (mut flags, mut none) = (0, 0);
                filters.push(H5Pget_filter2(
                    plan,
                    index,
                    &mut flags,
                    &mut none,
                    std::ptr::null_mut(),
                    0,
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                ));
            }
            H5Pclose(plan);
            if usize::try_from(of_chunk).ok() != Some(rank) {
                return None;
            }
            let sizes = |of: &[hsize_t]| -> Option<Vec<usize>> {
                of[..rank].iter().map(|size| usize::try_from(*size).ok()).collect()
            };
            let (shape, chunk) = (sizes(&shape)?, sizes(&chunk)?);
            Some(Layout { shape, chunk, filters, bytes, is_little_endian })
        }
    }

    /// The bytes of the chunk that begins at an offset, all filters applied; `None` where it was
    /// not written, has been filtered in another way, or does not lie in the file.
    pub(super) fn chunk(&self, offset: &[usize]) -> Option<Vec<u8>> {
        let (address, size) = self.place(offset)?;
        // Not by `H5Dread_chunk`: that looks the chunk up again and writes as many bytes as what it
        // finds says, which in a hostile file are others than those there is room for.
        if address.checked_add(size)? > self.plain.metadata().ok()?.len() {
            return None;
        }
        let mut bytes = vec![0u8; usize::try_from(size).ok()?];
        let mut plain = &self.plain;
        plain.seek(SeekFrom::Start(address)).ok()?;
        plain.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Where in the file the chunk is that begins at an offset, and its bytes; `None` where it was
    /// not written or has been filtered in another way.
    fn place(&self, offset: &[usize]) -> Option<(u64, u64)> {
        let offset: Vec<hsize_t> = offset.iter().map(|at| *at as hsize_t).collect();
        let _alone = libnetcdf_lock.lock();
        let (mut skipped, mut address, mut size, mut user_block) = (0, 0, 0, 0);
        // SAFETY: file and data set are open, offsets have its rank, what is opened is closed, and
        // the lock of the library is held.
        let is_found = unsafe {
            let plan = H5Fget_create_plist(self.file);
            let is_told = H5Pget_userblock(plan, &mut user_block) >= 0;
            H5Pclose(plan);
            let at = offset.as_ptr();
            is_told
                && H5Dget_chunk_info_by_coord(self.set, at, &mut skipped, &mut address, &mut size)
                    >= 0
        };
        // Addresses count from behind the user's block.
        (is_found && user_block == 0 && skipped == 0 && size > 0).then_some((address, size))
    }

    /// Gives it a size, up to which it is then readable.
    pub(super) fn extend(&self, shape: &[usize]) -> Option<()> {
        let shape: Vec<hsize_t> = shape.iter().map(|size| *size as hsize_t).collect();
        let _alone = libnetcdf_lock.lock();
        // SAFETY: the data set is open, the sizes have its rank, and the lock of the library is held.
        let done = unsafe { H5Dset_extent(self.set, shape.as_ptr()) };
        (done >= 0).then_some(())
    }

    /// Stores a chunk, to which all filters have been applied.
    pub(super) fn put(&self, offset: &[usize], bytes: &[u8]) -> Option<()> {
        let offset: Vec<hsize_t> = offset.iter().map(|at| *at as hsize_t).collect();
        let _alone = libnetcdf_lock.lock();
        // SAFETY: the data set is open, offsets have its rank, the bytes outlive the call, and the
        // lock of the library is held.
        let done = unsafe {
            let (at, buffer) = (offset.as_ptr(), bytes.as_ptr().cast());
            H5Dwrite_chunk(self.set, H5P_DEFAULT, 0, at, bytes.len(), buffer)
        };
        (done >= 0).then_some(())
    }

    /// Closes it; `None` where something could not be written.
    pub(super) fn close(self) -> Option<()> {
        let closed = self.shut();
        std::mem::forget(self);
        closed
    }

    fn shut(&self) -> Option<()> {
        let _alone = libnetcdf_lock.lock();
        // SAFETY: both are open, this is the only place that closes them, and the lock of the
        // library is held.
        let done = unsafe { (H5Dclose(self.set), H5Fclose(self.file)) };
        (done.0 >= 0 && done.1 >= 0).then_some(())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        // What was read is read; a writer says `close`.
        let _ = self.shut();
    }
}

#[cfg(test)]
mod tests {
    use super::Stored;

    /// A hostile file: two records of one chunk, the one that is found by going through them with
    /// fewer bytes than the one that is found by a search.
    #[test]
    fn a_chunk_has_the_bytes_of_the_record_that_was_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nc");
        let mut file = netcdf::create(&path).unwrap();
        file.add_dimension("row", 3).unwrap();
        file.add_dimension("col", 65_536).unwrap();
        let mut variable = file.add_variable::<u8>("x", &["row", "col"]).unwrap();
        variable.set_chunking(&[1, 65_536]).unwrap();
        variable.set_compression(1, false).unwrap();
        let mut state = 1u32;
        let noise = |index: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if index / 65_536 == 0 { 0 } else { (state >> 24) as u8 }
        };
        let values: Vec<u8> = (0..3 * 65_536).map(noise).collect();
        variable.put_values(&values, ..).unwrap();
        file.close().unwrap();
        let sizes = |path| {
            let stored = Stored::open(path, "x", false).unwrap();
            [0, 1].map(|row| stored.place(&[row, 0]).unwrap().1)
        };
        let [small, large] = sizes(&path);
        assert!(small < 1000 && large > 60_000, "{small} {large}");
        // A key of the version 1 B-tree: bytes, filters skipped, then offsets in 8 bytes each.
        let mut bytes = std::fs::read(&path).unwrap();
        let key = [&(large as u32).to_le_bytes()[..], &[0; 4], &1u64.to_le_bytes()].concat();
        let at = bytes.windows(key.len()).position(|found| found == key).unwrap();
        bytes[at + 8] = 0;
        std::fs::write(&path, &bytes).unwrap();
        let stored = Stored::open(&path, "x", false).unwrap();
        let size = stored.place(&[0, 0]).unwrap().1;
        assert_eq!(stored.chunk(&[0, 0]).unwrap().len() as u64, size);
    }
}
