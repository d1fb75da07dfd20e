//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::{Error, Result};

/// Writes under a temporary name in the same folder, then renames.
pub(super) fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let failed = |source: std::io::Error| Error::Write {
        path: path.display().to_string(),
        source: Box::new(source),
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".terracube-").suffix(".part");
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(mode);
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    for part in parts {
        file.write_all(part).map_err(failed)?;
    }
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}
