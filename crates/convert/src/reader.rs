//! The seam of readers: one kind of input each, to granules.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::granule::Granule;
use crate::options::{INPUT_FILENAME, Options};

/// What a reader is given.
#[derive(Debug, Clone)]
pub struct Input {
    /// The file or folder.
    pub path: PathBuf,
    /// Options of the input.
    pub input: Options,
    /// Options of the output.
    pub output: Options,
    /// Whether defects of the reference are reproduced that viewers may depend on.
    pub is_compat: bool,
}

/// How a reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Every granule was given.
    Done,
    /// There is nothing to convert, and why.
    Nothing(String),
}

/// Takes granules, one after the other.
pub type Sink<'a> = dyn FnMut(Granule) -> Result<()> + 'a;

/// Reads one kind of input.
pub trait Reader: fmt::Debug + Send + Sync {
    /// Its name, as `-t` gives it.
    fn name(&self) -> &'static str;

    /// What it reads, in one line.
    fn about(&self) -> &'static str;

    /// Reads an input and gives its granules to `sink` as they are made.
    ///
    /// # Errors
    /// Any of the crate; what was given to `sink` before is then not to be used.
    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading>;
}

impl Input {
    /// The name of the file without its last extension, or that of the folder.
    pub(crate) fn base_name(&self) -> String {
        base_name(&self.path)
    }

    /// The name of a granule: of its own, with `id_prefix` and `id_suffix` around it.
    pub(crate) fn id(&self, own: &str) -> String {
        let of_file = |text: &str, joint: fn(&str) -> String| {
            if text == INPUT_FILENAME { joint(&self.base_name()) } else { text.to_owned() }
        };
        let prefix = self.output.get("id_prefix").unwrap_or_default();
        let suffix = self.output.get("id_suffix").unwrap_or_default();
        let before =
            |name: &str| if name.ends_with('_') { name.to_owned() } else { format!("{name}_") };
        let after =
            |name: &str| if name.starts_with('_') { name.to_owned() } else { format!("_{name}") };
        format!("{}{own}{}", of_file(prefix, before), of_file(suffix, after))
    }
}

/// The name of a file without its last extension, or that of a folder.
pub(crate) fn base_name(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
