//! What the door is without the library: every file is refused.

use std::path::{Path, PathBuf};

use super::{NcVariable, NewVariable, Values};
use crate::attribute::Attributes;
use crate::error::{Error, Result};

/// Never open.
pub(crate) struct NcFile(PathBuf);

/// Never open.
pub(crate) struct NcWriter(PathBuf);

impl NcFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self(path.to_owned()).refused()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn attributes(&self) -> Attributes {
        Attributes::default()
    }

    pub(crate) fn dimension(&self, _: &str) -> Option<usize> {
        None
    }

    pub(crate) fn find(&self, _: &str) -> Option<NcVariable> {
        None
    }

    pub(crate) fn variable(&self, _: &str) -> Result<NcVariable> {
        self.refused()
    }

    pub(crate) fn raw_f64(&self, _: &str, _: &[usize], _: &[usize]) -> Result<Vec<f64>> {
        self.refused()
    }

    pub(crate) fn raw_f32(&self, _: &str, _: &[usize], _: &[usize]) -> Result<Vec<f32>> {
        self.refused()
    }

    pub(crate) fn raw_u64(&self, _: &str, _: &[usize], _: &[usize]) -> Result<Vec<u64>> {
        self.refused()
    }

    fn refused<T>(&self) -> Result<T> {
        Err(Error::WithoutNetcdf { path: self.0.clone() })
    }
}

impl NcWriter {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Self(path.to_owned()).refused()
    }

    pub(crate) fn dimension(&mut self, _: &str, _: usize) -> Result<()> {
        self.refused()
    }

    pub(crate) fn unlimited(&mut self, _: &str) -> Result<()> {
        self.refused()
    }

    pub(crate) fn attributes(&mut self, _: &Attributes) -> Result<()> {
        self.refused()
    }

    pub(crate) fn variable(
        &mut self,
        _: &NewVariable<'_>,
        _: &[usize],
        _: Values<'_>,
    ) -> Result<()> {
        self.refused()
    }

    pub(crate) fn close(self) -> Result<()> {
        self.refused()
    }

    fn refused<T>(&self) -> Result<T> {
        Err(Error::WithoutNetcdf { path: self.0.clone() })
    }
}
