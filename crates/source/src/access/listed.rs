//! One entry of a folder.

use serde::Serialize;

/// One entry of a folder, as its listing has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Listed {
    /// The name, without slashes.
    pub name: String,
    /// Where it is: a URL or path that can be listed or opened.
    pub href: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// The size in bytes; `None` where the listing does not tell all its digits.
    pub size: Option<u64>,
    /// When it was last changed, as the listing writes it.
    pub modified: Option<String>,
    /// The ETag, without quotes.
    pub etag: Option<String>,
}

impl Listed {
    pub(crate) fn folder(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { is_folder: true, ..Self::file(name, href) }
    }

    pub(crate) fn file(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            href: href.into(),
            is_folder: false,
            size: None,
            modified: None,
            etag: None,
        }
    }

    /// What tells this version of the file from another, where the listing says anything.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        match (&self.etag, &self.modified, self.size) {
            (Some(etag), ..) => Some(etag.clone()),
            (None, Some(modified), Some(size)) => Some(format!("{modified}, {size} bytes")),
            (None, Some(modified), None) => Some(modified.clone()),
            (None, None, size) => size.map(|size| format!("{size} bytes")),
        }
    }
}

/// Whether a listing may have this name: one level, and nowhere else.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}
