//! A dataset: what rules are asked about.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Extensions that are not part of an id.
const EXTENSIONS: [&str; 9] = ["nc", "nc4", "cdf", "h5", "hdf", "tif", "tiff", "SAFE", "SEN3"];

/// What is known of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Its id in a catalogue.
    pub id: String,
    /// Its file or folder, if it is there.
    pub path: Option<PathBuf>,
    /// As `Sentinel-3A`.
    pub platform: Option<String>,
    /// As `SL_2_WST___`.
    pub product: Option<String>,
}

impl Dataset {
    /// A dataset by its id alone.
    pub fn named(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// A file or folder; its id is its name without a known extension, if none is given.
    #[must_use]
    pub fn at(path: &Path, id: Option<&str>) -> Self {
        let path: PathBuf = path.components().collect();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let stem = match name.rsplit_once('.') {
            Some((stem, extension)) if EXTENSIONS.contains(&extension) => stem.to_owned(),
            _ => name,
        };
        let id = id.map_or(stem, str::to_owned);
        Self { id, path: Some(path), ..Self::default() }
    }

    /// Entries of the dataset, or of a folder in it, by name.
    ///
    /// # Errors
    /// [`Error::Read`] when there is no such folder.
    pub(crate) fn entries(&self, below: &str) -> Result<Vec<PathBuf>> {
        let folder = self.path.clone().unwrap_or_default().join(below);
        let failed = |cause| Error::read(&folder, "the inputs of a dataset", cause);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            found.push(entry.map_err(failed)?.path());
        }
        found.sort();
        Ok(found)
    }
}
