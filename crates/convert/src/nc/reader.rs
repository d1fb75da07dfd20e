//! Files that are read.

use std::path::{Path, PathBuf};

use netcdf::types::{FloatType, IntType, NcVariableType};
use netcdf::{Extent, Extents, NcTypeDescriptor};
use terracube_raster::quiet_hdf5;

use super::inflate::{self, Number};
use super::{NcVariable, value};
use crate::attribute::{Attribute, Attributes, NumberType};
use crate::error::{Error, Result};
use crate::pixels;

/// A netCDF file open for reading.
pub(crate) struct NcFile {
    file: netcdf::File,
    path: PathBuf,
}

impl NcFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // The library's word for a missing file is that it is no netCDF.
        if let Err(cause) = std::fs::File::open(path) {
            return Err(Error::read(path, "it", cause));
        }
        quiet_hdf5();
        let file = netcdf::open(path).map_err(|cause| Error::NotReadable {
            path: path.to_owned(),
            format: "netCDF",
            reason: cause.to_string(),
        })?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        for attribute in self.file.attributes() {
            if let Ok(found) = attribute.value() {
                attributes.set(attribute.name(), value::read(found));
            }
        }
        attributes
    }

    pub(crate) fn dimension(&self, name: &str) -> Option<usize> {
        self.file.dimension_len(name)
    }

    /// Names of all variables.
    fn names(&self) -> Vec<String> {
        self.file.variables().map(|variable| variable.name()).collect()
    }

    /// A variable of numbers; `None` when it is not there or holds something else.
    pub(crate) fn find(&self, name: &str) -> Option<NcVariable> {
        let variable = self.file.variable(name)?;
        let stored = number_type(&variable.vartype())?;
        let mut attributes = Attributes::default();
        for attribute in variable.attributes() {
            if let Ok(found) = attribute.value() {
                attributes.set(attribute.name(), value::read(found));
            }
        }
        let kind = unsigned(&variable, stored).unwrap_or(stored);
        if kind != stored {
            attributes.wrap(stored, kind);
        }
        let dims = variable.dimensions();
        Some(NcVariable {
            name: name.to_owned(),
            kind,
            stored,
            dims: dims.iter().map(netcdf::Dimension::name).collect(),
            shape: dims.iter().map(netcdf::Dimension::len).collect(),
            attributes,
        })
    }

    /// A variable of numbers that must be there.
    pub(crate) fn variable(&self, name: &str) -> Result<NcVariable> {
        self.find(name).ok_or_else(|| Error::NoVariable {
            path: self.path.clone(),
            name: name.to_owned(),
            known: self.names().join(", "),
        })
    }

    /// Stored values of a window, as doubles.
    pub(crate) fn raw_f64(&self, name: &str, start: &[usize], count: &[usize]) -> Result<Vec<f64>> {
        let mut values = self.numbers::<f64>(name, start, count)?;
        if let Some(turn) = self.turn(name) {
            values.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value += turn);
        }
        Ok(values)
    }

    /// Stored values of a window, as floats.
    pub(crate) fn raw_f32(&self, name: &str, start: &[usize], count: &[usize]) -> Result<Vec<f32>> {
        let mut values = self.numbers::<f32>(name, start, count)?;
        if let Some(turn) = self.turn(name) {
            values.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value += turn as f32);
        }
        Ok(values)
    }

    /// Stored values of a window, as bits.
    pub(crate) fn raw_u64(&self, name: &str, start: &[usize], count: &[usize]) -> Result<Vec<u64>> {
        let stored = self.file.variable(name).and_then(|found| number_type(&found.vartype()));
        let bits = stored.filter(|kind| kind.unsigned().is_some()).map(|kind| 8 * kind.bytes());
        let Some(bits) = bits else { return self.raw(name, start, count) };
        let mask = u64::MAX >> (64 - bits);
        let values = self.raw::<i64>(name, start, count)?;
        Ok(values.into_iter().map(|value| value as u64 & mask).collect())
    }

    /// What is added to a negative value of a variable that is unsigned by its attribute.
    fn turn(&self, name: &str) -> Option<f64> {
        let variable = self.file.variable(name)?;
        let stored = number_type(&variable.vartype())?;
        unsigned(&variable, stored).map(|_| stored.turn())
    }

    fn numbers<T: NcTypeDescriptor + Number>(
        &self,
        name: &str,
        start: &[usize],
        count: &[usize],
    ) -> Result<Vec<T>> {
        let inflated = self
            .find(name)
            .and_then(|variable| inflate::window(&self.path, &variable, start, count));
        inflated.map_or_else(|| self.raw(name, start, count), Ok)
    }

    fn raw<T: NcTypeDescriptor + Copy>(
        &self,
        name: &str,
        start: &[usize],
        count: &[usize],
    ) -> Result<Vec<T>> {
        let failed = |cause: netcdf::Error| {
            Error::read(&self.path, &format!("variable `{name}`"), cause.to_string())
        };
        let Some(variable) = self.file.variable(name) else {
            return Err(failed(netcdf::Error::NotFound(name.to_owned())));
        };
        // What was never written takes no room in the file, but would here.
        if pixels::counted(&self.path, &format!("variable `{name}`"), count)? == 0 {
            return Ok(Vec::new());
        }
        let extent = |(start, count): (&usize, &usize)| Extent::SliceCount {
            start: *start,
            count: *count,
            stride: 1,
        };
        let extents: Vec<Extent> = start.iter().zip(count).map(extent).collect();
        variable.get_values::<T, _>(Extents::from(extents)).map_err(failed)
    }
}

/// The type that `_Unsigned` (NUG, appendix "attribute conventions") makes of a signed one.
fn unsigned(variable: &netcdf::Variable<'_>, stored: NumberType) -> Option<NumberType> {
    let told = variable.attribute_value("_Unsigned")?.ok()?;
    let is_told =
        matches!(value::read(told), Attribute::Text(text) if text.eq_ignore_ascii_case("true"));
    if is_told { stored.unsigned() } else { None }
}

fn number_type(kind: &NcVariableType) -> Option<NumberType> {
    Some(match kind {
        NcVariableType::Int(kind) => match kind {
            IntType::U8 => NumberType::U8,
            IntType::I8 => NumberType::I8,
            IntType::U16 => NumberType::U16,
            IntType::I16 => NumberType::I16,
            IntType::U32 => NumberType::U32,
            IntType::I32 => NumberType::I32,
            IntType::U64 => NumberType::U64,
            IntType::I64 => NumberType::I64,
        },
        NcVariableType::Float(FloatType::F32) => NumberType::F32,
        NcVariableType::Float(FloatType::F64) => NumberType::F64,
        _ => return None,
    })
}
