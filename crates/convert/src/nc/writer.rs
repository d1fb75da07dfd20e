//! Files that are written: netCDF-4, without groups.

use std::path::{Path, PathBuf};

use netcdf::NcTypeDescriptor;
use terracube_raster::quiet_hdf5;

use super::deflate::{LEVEL, Strips};
use super::{NewVariable, Values, value};
use crate::attribute::Attributes;
use crate::error::{Error, Result};

/// A netCDF-4 file being written.
pub(crate) struct NcWriter {
    file: netcdf::FileMut,
    path: PathBuf,
    /// Images that are stored when the library knows all variables.
    strips: Vec<Strips>,
}

impl NcWriter {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        quiet_hdf5();
        let file = netcdf::create_with(path, netcdf::Options::NETCDF4)
            .map_err(|cause| Error::write(path, cause))?;
        Ok(Self { file, path: path.to_owned(), strips: Vec::new() })
    }

    pub(crate) fn dimension(&mut self, name: &str, len: usize) -> Result<()> {
        self.file
            .add_dimension(name, len)
            .map(drop)
            .map_err(|cause| Error::write(&self.path, format!("dimension `{name}`: {cause}")))
    }

    pub(crate) fn unlimited(&mut self, name: &str) -> Result<()> {
        self.file
            .add_unlimited_dimension(name)
            .map(drop)
            .map_err(|cause| Error::write(&self.path, format!("dimension `{name}`: {cause}")))
    }

    pub(crate) fn attributes(&mut self, attributes: &Attributes) -> Result<()> {
        for (name, found) in attributes.iter() {
            self.file.add_attribute(name, value::written(found)).map_err(|cause| {
                Error::write(&self.path, format!("attribute `{name}`: {cause}"))
            })?;
        }
        Ok(())
    }

    /// Adds a variable with its values; `shape` is theirs, also along an unlimited dimension.
    pub(crate) fn variable(
        &mut self,
        new: &NewVariable<'_>,
        shape: &[usize],
        values: Values<'_>,
    ) -> Result<()> {
        let written = match values {
            Values::U8(values) => self.put(new, shape, values, |fill| fill as u8, u8::to_ne_bytes),
            Values::I32(values) => {
                self.put(new, shape, values, |fill| fill as i32, i32::to_ne_bytes)
            }
            Values::F32(values) => {
                self.put(new, shape, values, |fill| fill as f32, f32::to_ne_bytes)
            }
            Values::F64(values) => self.put(new, shape, values, |fill| fill, f64::to_ne_bytes),
            Values::Empty => self.put(new, shape, &[], |fill| fill as i32, i32::to_ne_bytes),
        };
        written
            .map_err(|cause| Error::write(&self.path, format!("variable `{}`: {cause}", new.name)))
    }

    pub(crate) fn close(self) -> Result<()> {
        let Self { file, path, strips } = self;
        if !strips.is_empty() {
            file.sync().map_err(|cause| Error::write(&path, cause))?;
        }
        for strips in strips {
            strips.store(&path).map_err(|reason| Error::write(&path, reason))?;
        }
        file.close().map_err(|cause| Error::write(&path, cause))
    }

    fn put<T: NcTypeDescriptor + Copy + Sync, const N: usize>(
        &mut self,
        new: &NewVariable<'_>,
        shape: &[usize],
        values: &[T],
        fill: impl Fn(f64) -> T,
        bytes: impl Fn(T) -> [u8; N] + Sync,
    ) -> Result<(), netcdf::Error> {
        let mut variable = self.file.add_variable::<T>(new.name, new.dims)?;
        if new.is_deflated {
            variable.set_compression(LEVEL, true)?;
        }
        let rows = match new.fill {
            Some(_) if new.is_deflated => Strips::rows(&self.path, shape, N),
            _ => None,
        };
        if let Some(rows) = rows {
            variable.set_chunking(&[1, rows, shape[2]])?;
        }
        if let Some(value) = new.fill {
            variable.set_fill_value(fill(value))?;
        }
        for (name, found) in new.attributes.iter() {
            variable.put_attribute(name, value::written(found))?;
        }
        if values.is_empty() {
            return Ok(());
        }
        if let (Some(rows), Some(value)) = (rows, new.fill) {
            let values = (values, fill(value));
            if let Some(strips) = Strips::of(new.name, shape, rows, values, bytes) {
                self.strips.push(strips);
                return Ok(());
            }
        }
        let start = vec![0; shape.len()];
        variable.put_values(values, (start.as_slice(), shape))
    }
}
